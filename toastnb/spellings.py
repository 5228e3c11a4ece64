"""How libraries and services write a text: as it is, in a URL, in JSON, in HTML, in a repr, in one inside the other."""

from __future__ import annotations

import re
from html.entities import codepoint2name
from itertools import groupby

_CONTROLS = {"\t": "t", "\n": "n", "\r": "r", "\b": "b", "\f": "f"}
_READ_WRONGLY = 1  # how often UTF-8 may have been taken for Latin-1, as it is in a header
# What the ways to write a character begin and end with is itself written in these ways.
_PERCENT = "%(?:25)*"
_AND = rf"(?:&(?:amp;)*|{_PERCENT}26(?:amp{_PERCENT}3B)*)"
_NUMBER, _END = f"(?:#|{_PERCENT}23)", f"(?:;|{_PERCENT}3B)"
_AT_THE_START_OF_A_RUN = r"(?<!\\)(?<!%5C)"  # of backslashes: from each of its places, all of it would be read again
_BACKSLASH = rf"(?:\\|{_PERCENT}5C|{_AND}{_NUMBER}(?:0*92|x0*5C){_END})"


def pattern_of(text: str) -> re.Pattern[str]:
    """Return a pattern that finds a text however it is written, in any case: "%2f" is "%2F".

    Each character may be written in a way of its own, for services quote what libraries have quoted before.
    """
    parts = []
    after_backslash = False
    for char, run in groupby(text):
        count = len(list(run))
        if char == "\\":
            parts.append(f"{_BACKSLASH}{{{count},}}+")  # each quoting makes a run of them longer
        else:
            parts.append(_char(char, after_backslash) + _char(char) * (count - 1))
        after_backslash = char == "\\"
    return re.compile("".join([_AT_THE_START_OF_A_RUN, *parts]), re.IGNORECASE)


def longest_plain(text: str) -> str:
    """Return the longest part of a text that nobody writes otherwise, in lower case: ASCII letters and digits."""
    return max(re.findall("[a-z0-9]+", text.lower()), key=len, default="")


def _char(char: str, after_backslash: bool = False, read_wrongly: int = _READ_WRONGLY) -> str:
    """Return a pattern of the ways to write a character that is no backslash.

    Backslashes before it are taken whole (possessively), and only once: a pattern that could share them out in several
    ways would try them all.
    """
    if char.isascii() and char.isalnum():
        return char
    any_number, some = ("", "") if after_backslash else (f"{_BACKSLASH}*+", f"{_BACKSLASH}++")
    utf8 = char.encode("utf-8", "surrogatepass")
    ways = [
        any_number + _one_of(re.escape(char), *_in_url(char, utf8), _in_html(char)),
        some + _one_of(*_in_json(char), *_in_repr(char, utf8)),
    ]
    if read_wrongly and not char.isascii():
        latin = utf8.decode("latin-1")
        ways.append("".join(_char(one, after_backslash, read_wrongly - 1) for one in latin))
    return _one_of(*ways)


def _one_of(*ways: str) -> str:
    return f"(?:{'|'.join(dict.fromkeys(ways))})"


def _in_url(char: str, utf8: bytes) -> list[str]:
    quoted = "".join(f"{_PERCENT}{byte:02X}" for byte in utf8)
    return [quoted, r"\+", f"{_PERCENT}2B"] if char == " " else [quoted]


def _in_html(char: str) -> str:
    code = ord(char)
    names = [codepoint2name[code]] if code in codepoint2name else []
    return _AND + _one_of(*names, f"{_NUMBER}(?:0*{code}|x0*{code:X})") + _END


def _in_json(char: str) -> list[str]:
    units = char.encode("utf-16-be", "surrogatepass")
    codes = [f"u{units[start : start + 2].hex()}" for start in range(0, len(units), 2)]
    return [f"{_BACKSLASH}++".join(codes), *([_CONTROLS[char]] if char in _CONTROLS else [])]


def _in_repr(char: str, utf8: bytes) -> list[str]:
    """Return how Python's repr has a character, and that of its bytes."""
    code = ord(char)
    own = [f"x{code:02x}"] if code < 0x100 else [f"U{code:08x}"] if code > 0xFFFF else []
    return [*own, f"{_BACKSLASH}++".join(f"x{byte:02x}" for byte in utf8)]
