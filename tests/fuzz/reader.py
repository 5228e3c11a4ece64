"""An independent reading of an answer: what each described field is, what is at fault, and what may be refused.

It knows the description and Python's `json`, and nothing of the client. A number stays the text that it is until it is
compared, so that no float comes between.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.openapi import description
from tests.openapi.needs import UNREAD, needed

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r"-?(0|[1-9][0-9]*)")
_LONE = re.compile("[\ud800-\udfff]")
_FLAGS = {"true": True, "false": False}


class Number(str):
    """A number as it stands in the JSON."""

    __slots__ = ()


@dataclass
class Reading:
    """What an answer says.

    `faults` are the fields that are not of their type, for which there must be an error; `doubts` those for which there
    may be one, with what they must be otherwise.
    """

    value: Any = None
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    mended: bool = False
    times: list[str] = field(default_factory=list)


def read(body: bytes, schema: str) -> Reading:
    """Read a body; a ValueError or RecursionError says that it is no JSON, or too deep for this reader."""
    reading = Reading()

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({_mended(key) for key, _ in given}) < len(given):
            reading.doubts += ["[...]", *(key for key, _ in given)]  # one that counts for nothing may be at fault
        return {_mended(key): value for key, value in given}

    text = body.decode("utf-8", errors="replace")
    document = json.loads(
        text, strict=False, object_pairs_hook=pairs, parse_int=Number, parse_float=Number, parse_constant=_no_constant
    )
    reading.value = _value(reading, description.named(schema), document, schema)
    return reading


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _mended(text: str) -> str:
    return _LONE.sub("\ufffd", text)


def _value(reading: Reading, schema: Any, value: Any, path: str) -> Any:
    schema = description.resolved(schema)
    kinds = schema["type"]
    kind = kinds if isinstance(kinds, str) else next(one for one in kinds if one != "null")
    if kind == "object" and isinstance(value, dict):
        return _object(reading, schema, value, path)
    if kind == "array" and isinstance(value, list):
        return [_value(reading, schema["items"], item, f"{path}[]") for item in value]
    if kind == "string" and isinstance(value, str) and not isinstance(value, Number):
        reading.mended |= "\ufffd" in _mended(value)
        if "pattern" in schema:
            reading.times.append(value)
        return _mended(value)
    if kind == "integer":
        return _integer(reading, value, path)
    if kind == "boolean":
        return _flag(reading, value, path)
    reading.faults.append(path)
    return None


def _object(reading: Reading, schema: Any, value: dict[str, Any], path: str) -> dict[str, Any]:
    if "properties" not in schema:
        inner = schema["additionalProperties"]
        reading.mended |= any("\ufffd" in key for key in value)
        return {
            key: None if part is None else _value(reading, inner, part, f"{path}[...]") for key, part in value.items()
        }
    found = {}
    for name, inner in schema["properties"].items():
        here, part = f"{path}.{name}", value.get(name)
        if here in UNREAD:
            continue
        if part is not None:
            found[name] = _value(reading, inner, part, here)
        elif needed(here):
            reading.faults.append(here)
    return found


def _integer(reading: Reading, value: Any, path: str) -> int | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        exact = _exact(value)
        if exact is not None and -(2**63) <= exact < 2**63:
            if not _PLAIN.fullmatch(value):
                reading.doubts.append(path)
            return exact
    reading.faults.append(path)
    return None


def _exact(text: str) -> int | None:
    """Return the whole number that a text is, if it is one of no more than 64 bits."""
    if _PLAIN.fullmatch(text):
        return int(text) if len(text) < 30 else None
    if not re.search("[1-9]", re.split("[eE]", text)[0]):
        return 0
    try:
        number = Decimal(text)
        return int(number) if number.adjusted() < 30 and number == number.to_integral_value() else None
    except InvalidOperation:
        return None


def _flag(reading: Reading, value: Any, path: str) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not isinstance(value, Number) and value.lower() in _FLAGS:
            return _FLAGS[value.lower()]
        if _NUMBER.fullmatch(value) and _exact(value) in (0, 1):
            if value not in ("0", "1"):
                reading.doubts.append(path)
            return bool(_exact(value))
    reading.faults.append(path)
    return None
