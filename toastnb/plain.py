"""Texts from elsewhere where they are read: nothing in them moves the cursor, turns the writing or hides."""

from __future__ import annotations

import json
import re

MARK = "\ufffd"
"""What stands for a character that is not shown."""

# Control characters; marks that turn the direction of writing; what has no width; halves of surrogate pairs.
_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    r"\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
)
UNSEEN = re.compile(f"[{_UNSEEN}]")
"""All of them, but for tabs and the ends of lines."""
UNSEEN_OR_BREAK = re.compile(rf"[{_UNSEEN}\t\n]")
"""All of them."""


def seen(text: str) -> str:
    r"""Return a text for a terminal or a log; its lines and tabs stay.

    Examples
    --------
    >>> from toastnb.plain import line, seen
    >>> ascii(seen("a\x1b[2J\nb")), ascii(line("a\nb"))
    ("'a\\ufffd[2J\\nb'", "'a\\ufffdb'")
    """
    return UNSEEN.sub(MARK, text)


def line(text: str) -> str:
    """Return a text that stays on its line."""
    return UNSEEN_OR_BREAK.sub(MARK, text)


def many(count: int, thing: str) -> str:
    """Return how many there are of something whose plural ends in s: "1 project", "2,000 projects"."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def in_json(written: str) -> str:
    """Return JSON that means the same, and in which what cannot be seen is escaped."""
    return UNSEEN.sub(lambda char: json.dumps(char[0])[1:-1], written)


def cut(text: str, most: int) -> str:
    """Return a text of so many characters at most; that something is left out shows."""
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
