"""Secrets, and how they are kept out of everything that a person or a file may see.

Three things work together:

`Secret` wraps a password, token, appkey or private key from the moment it arrives until the line that puts it on
the wire or into a key file. It prints as ``***``, has no ``vars()``, and refuses to be pickled.

`redact` takes every secret that is alive out of a text, with whatever looks like one. Every `ToastError` message and
every log record of the HTTP libraries passes through it.

`sealed` runs the few functions that must hold a secret in plain text (a URL has the appkey in it, the body of the
token call the password). What they raise is raised anew, with no frame of theirs in its traceback, so a debugger or a
traceback printer that shows local variables has nothing to show.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import weakref
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import NoReturn, TypeVar

from toastnb.spellings import longest_plain, pattern_of

MASK = "***"
_SHORTEST = 4  # a shorter text is no secret that a service accepts, and stands in every other word

_T = TypeVar("_T")
_lock = threading.RLock()  # a handler of a signal may come to it while its own thread has it
_alive: weakref.WeakSet[Secret] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):  # no child begins with a lock that is held by a thread of its parent alone
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)

_LOOKS_SECRET = (
    (re.compile(r"(appkeys(?:/|%2F))[^/?#\s'\"]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(tokens\?id=)[^&\s'\"]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(X-Auth-Token['\"]?\s*[:=,]\s*b?['\"]?)[^\s'\",}]+", re.IGNORECASE), rf"\1{MASK}"),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        MASK,
    ),
)


class Secret:
    """A text that never shows itself; `reveal` is the only way to it.

    Parameters
    ----------
    value : str
        The secret text.

    Examples
    --------
    >>> from toastnb.redaction import Secret
    >>> key = Secret("an-appkey")
    >>> print(key, f"{key}", [key])
    *** *** [Secret(***)]
    >>> len(key.reveal())
    9
    """

    __slots__ = ("__weakref__", "_is_empty", "_reveal", "_taken_out")

    def __init__(self, value: str) -> None:
        # Closures rather than attributes: nothing that walks over attributes comes upon the text.
        self._reveal: Callable[[], str] = lambda: value
        self._taken_out: Callable[[str, str], str] = _taker(value)
        self._is_empty = not value
        with _lock:
            _alive.add(self)

    def reveal(self) -> str:
        """Return the text. Only call it where the text leaves the process."""
        return self._reveal()

    def __bool__(self) -> bool:
        return not self._is_empty  # without the text in a variable

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: connect again where it is needed")


def as_secret(value: str | Secret | None) -> Secret | None:
    """Wrap a plain text; what is wrapped already, or absent, stays as it is."""
    return Secret(value) if isinstance(value, str) else value


def redact(text: str) -> str:
    """Take every living secret, and whatever looks like one, out of a text.

    Parameters
    ----------
    text : str
        Any text that somebody may see.

    Returns
    -------
    str
        The text with ``***`` in place of secrets.

    Examples
    --------
    >>> from toastnb.redaction import redact
    >>> redact("GET /compute/v1.0/appkeys/0123456789abcdef/flavors")
    'GET /compute/v1.0/appkeys/***/flavors'
    """
    return sealed(lambda: _redacted(text))


def _redacted(text: str) -> str:
    """Do what `redact` is for; every secret is in the variables here, so it only runs sealed."""
    if not text:
        return text
    with _lock:
        secrets = list(_alive)
    lowered = text.lower()
    for secret in sorted(secrets, key=lambda secret: -len(secret.reveal())):  # one may be a part of another
        text = secret._taken_out(text, lowered)
    for pattern, replacement in _LOOKS_SECRET:
        text = pattern.sub(replacement, text)
    return text


def _taker(value: str) -> Callable[[str, str], str]:
    """Return what takes a secret out of a text, which it is given in lower case too.

    With many connections there are many secrets, and hardly ever is one in a text: so each is looked for by its
    longest plain part first.
    """
    if len(value) < _SHORTEST:
        return lambda text, lowered: text
    plain, pattern = longest_plain(value), cache(lambda: pattern_of(value))
    return lambda text, lowered: pattern().sub(MASK, text) if plain in lowered else text


class Redacted(Exception):  # noqa: N818 - what its words are
    """The root of errors whose words have passed through `redact`."""


def sealed(work: Callable[[], _T]) -> _T:
    """Run a function whose frames hold secrets, so that what it raises shows none of them.

    The error is raised anew from here: without traceback, cause and context of where it came from. Of one that is
    neither ours nor the system's only the kind and the place are told: what it says may be a secret, as the text that
    could not be encoded.

    Parameters
    ----------
    work : callable
        Called without arguments. It turns the errors that it expects into a `ToastError`, or an `OSError`.

    Returns
    -------
    object
        What `work` returns.
    """
    told: BaseException | None = None
    kind: type[BaseException] = KeyboardInterrupt
    place: TracebackType | None = None
    reason: tuple[object, ...] = ()
    # Nothing is called while an error is handled: Ctrl-C would come there with that error, and its frames, as context.
    try:
        return work()
    except KeyboardInterrupt:
        pass
    except Redacted as error:
        told = error
    except OSError as error:
        kind, reason = OSError, (error.errno, error.strerror)
    except Exception as error:
        kind, place = error.__class__, error.__traceback__
    except BaseException as error:
        told = error
    if told is not None:
        told.__traceback__ = told.__cause__ = told.__context__ = None
        raise told
    raise kind(*reason) if place is None else RuntimeError(f"{kind.__name__} {_of(place)}")


def _of(place: TracebackType) -> str:
    """Return where an error was raised, for who looks for the defect."""
    while place.tb_next is not None:
        place = place.tb_next
    return f"in {Path(place.tb_frame.f_code.co_filename).name}, line {place.tb_lineno}"


class _RedactingFilter(logging.Filter):
    """Rewrites a log record in which a secret stands."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


_FILTER = _RedactingFilter()


def redact_http_logs() -> None:
    """Make the HTTP libraries' loggers leave secrets out: at DEBUG they write every URL."""
    for name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
        logging.getLogger(f"urllib3.{name}").addFilter(_FILTER)
