"""Secrets that are easy to find, and the search for them in everything that an error or object can show.

Each secret has `MARK` in it, in the middle of characters that URLs, JSON and reprs write differently: however a text
writes the secret, it has the mark.
"""

from __future__ import annotations

import html
import io
import json
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import msgspec
from IPython.core.ultratb import VerboseTB
from rich.console import Console
from rich.traceback import Traceback

import toastnb as tn

MARK = "c4n4ry"
APPKEY = f"appkey {MARK}/é+%&="
PASSWORD = f"pass\"word'{MARK}\\ 한글"
TOKEN = f"token-{MARK}-Zz"
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\nMIIEvQ{MARK}\n-----END PRIVATE KEY-----\n"


WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "URL": quote,
    "form": quote_plus,
    "URL, whole": lambda text: quote(text, safe=""),
    "URL in lower case": lambda text: quote(text, safe="").lower(),
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "upper case": lambda text: text.lower().upper(),
    "header": lambda text: text.encode().decode("latin-1"),
    "repr": lambda text: repr(text)[1:-1],
    "ascii": lambda text: ascii(text)[1:-1],
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON of the client": lambda text: msgspec.json.encode(text).decode()[1:-1],
    "JSON of PHP": lambda text: json.dumps(text).replace("/", "\\/")[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON in a repr": lambda text: repr(json.dumps(text))[2:-2],
    "HTML": html.escape,
    "HTML of other libraries": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "JSON in HTML": lambda text: html.escape(json.dumps(text)[1:-1]),
}


def written(*secrets: str) -> str:
    """Return secrets in all the ways in which libraries and services write them."""
    return " ".join(way(secret) for secret in secrets for way in WAYS.values())


# What a service knows, and may repeat, before and after the sign-in. A private key is known by how it looks.
SIGN_IN_ECHO = written(APPKEY, PASSWORD) + PRIVATE_KEY
ECHO = written(TOKEN) + SIGN_IN_ECHO


def connect(base_url: str, **more: object) -> tn.Toast:
    """Connect with secrets that this function's caller has in no variable."""
    return tn.connect(appkey=APPKEY, username="me@example.com", password=PASSWORD, base_url=base_url, **more)


def shown_by(error: BaseException) -> str:
    """Return all that an error shows: itself and whatever led to it, with every frame's variables."""
    parts = []
    for one in _with_all_that_led_to(error):
        parts += [str(one), repr(one), repr(one.args), repr(vars(one)), repr(getattr(one, "__notes__", ""))]
        parts += traceback.TracebackException.from_exception(one, capture_locals=True).format()
    return "\n".join(parts)


def shown_by_tools(error: BaseException) -> str:
    """Return what rich and IPython print of an error, with the variables of every frame."""
    paper = io.StringIO()
    picture = Traceback.from_exception(
        type(error),
        error,
        error.__traceback__,
        show_locals=True,
        locals_max_length=None,
        locals_max_string=None,
        locals_hide_dunder=False,
        max_frames=0,
    )
    Console(file=paper, width=1000).print(picture)
    verbose = VerboseTB(theme_name="nocolor", include_vars=True).text(type(error), error, error.__traceback__)
    return paper.getvalue() + verbose


def _with_all_that_led_to(error: BaseException) -> Iterator[BaseException]:
    pending, seen = [error], set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        led = [one.__cause__, one.__context__, *one.args, *vars(one).values(), *getattr(one, "exceptions", ())]
        pending += [part for part in led if isinstance(part, BaseException)]
