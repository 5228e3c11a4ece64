"""Thresholds that users give: each is checked before anything runs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from toastnb.audit.metadata_secrets import is_secret_key
from toastnb.audit.openings import LAST_PORT
from toastnb.audit.placement import METADATA
from toastnb.capacity.applications import PREFIX
from toastnb.errors import InvalidInput


def checked(where: str, name: str, value: object) -> Any:
    """Return a threshold as a check takes it.

    Raises
    ------
    InvalidInput
        When it is of the wrong kind; where it stands, the threshold and its value are named.
    """
    said, kind = _KINDS[name]
    try:
        return kind(value)
    except (TypeError, ValueError, OverflowError, RecursionError, re.error):
        problem = f"{where} {name} is {value!r}, but must be {said}"
    raise InvalidInput(problem)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < math.inf:
        raise TypeError
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise TypeError
    return int(value)


def _ports(value: object) -> tuple[int, ...]:
    ports = tuple(_whole(port) for port in _items(value))
    if max(ports) > LAST_PORT:
        raise ValueError
    return ports


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in _items(value))


def _patterns(value: object) -> tuple[str, ...]:
    return tuple(_pattern(item) for item in _items(value))


def _pattern(value: object) -> str:
    return re.compile(_text(value)).pattern


def _key(value: object) -> str:
    text = _text(value)
    if text.startswith(METADATA):
        if text == METADATA or is_secret_key(text.removeprefix(METADATA)):
            raise ValueError
    elif text != PREFIX and re.compile(text).groups != 1:
        raise ValueError
    return text


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def _items(value: object) -> list[object] | tuple[object, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise TypeError
    return value


_NUMBER = ("a number, zero or more", _number)
_WHOLE = ("a whole number above 0", _whole)
_KINDS: dict[str, tuple[str, Callable[[object], Any]]] = {
    "days": _NUMBER,
    "hours": _NUMBER,
    "years": _NUMBER,
    "min_gb": _NUMBER,
    "min_days": _NUMBER,
    "instances": _WHOLE,
    "min_instances": _WHOLE,
    "rsa_bits": _WHOLE,
    "ports": (f"a list of ports from 1 to {LAST_PORT}", _ports),
    "patterns": ("a list of regular expressions", _patterns),
    "required": ("a list of metadata keys", _texts),
    "pattern": ("a regular expression", _pattern),
    "key": ('"prefix", "metadata.KEY" (of no secret), or a pattern with one group, as "^([a-z]+)-"', _key),
}
