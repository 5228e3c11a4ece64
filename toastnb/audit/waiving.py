"""Waivers: findings that somebody answers for, until a day."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from toastnb.audit.check import DID_NOT_RUN
from toastnb.audit.plan import known_check
from toastnb.audit.sources import read_toml
from toastnb.audit.texts import fits
from toastnb.errors import InvalidInput
from toastnb.files import read_text

Waivers = Sequence[Mapping[str, Any]] | pd.DataFrame | str | os.PathLike[str]
ANY_CHECK = "*"
_COLUMNS = ("check", "resource", "reason", "expires")
_HINT = f"A waiver has {', '.join(_COLUMNS)} (a day, as 2026-12-31)."
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Waiver:
    """Findings of a check (or `ANY_CHECK`) whose resource fits a pattern, why they may be, and through which day."""

    check: str
    resource: str
    reason: str
    expires: date

    def status(self, at: pd.Timestamp, findings: int | None) -> str:
        """Say what it did: used, unused or expired, or that its check did not run (no number of findings)."""
        if self.is_expired(at):
            return "expired"
        if findings is None:
            return DID_NOT_RUN
        return "used" if findings else "unused"

    def is_expired(self, at: pd.Timestamp) -> bool:
        """Tell whether its last day (UTC) is over."""
        return at.date() > self.expires


class _Texts:
    """A column of texts, of which each is looked at once however often it is there; a missing one is empty."""

    def __init__(self, column: pd.Series) -> None:
        self._codes, unique = pd.factorize(column.fillna(""))
        self._unique = pa.array(unique, pa.large_string())

    def fit(self, pattern: str) -> np.ndarray:
        """Tell which texts fit a pattern as in a shell (bool)."""
        return fits(self._unique, pattern)[self._codes]


def waive(findings: pd.DataFrame, waivers: Sequence[Waiver], at: pd.Timestamp) -> tuple[pd.DataFrame, list[int]]:
    """Return the findings with reason and expires where one is waived, and how many findings each waiver is for.

    Of several waivers for a finding, the first that has not expired counts.
    """
    resources, names = _Texts(findings["resource"]), _Texts(findings["name"])
    first = np.full(len(findings), -1)
    counts = []
    for number, waiver in enumerate(waivers):
        of_check = True if waiver.check == ANY_CHECK else findings["check"].eq(waiver.check).to_numpy(bool)
        matched = of_check & (resources.fit(waiver.resource) | names.fit(waiver.resource))
        counts.append(int(matched.sum()))
        if not waiver.is_expired(at):
            first[matched & (first < 0)] = number
    reasons = [waiver.reason for waiver in waivers]
    days = [waiver.expires.isoformat() for waiver in waivers]
    return findings.assign(reason=_taken(reasons, first), expires=_taken(days, first)), counts


def _taken(texts: list[str], numbers: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Return the texts of these numbers, missing for -1 (str)."""
    return pd.array(texts, dtype="str").take(numbers, allow_fill=True)


def read_waivers(given: Waivers | None) -> list[Waiver]:
    """Return waivers from dicts, a frame, or a file: CSV, or TOML with ``[[waiver]]`` tables.

    Raises
    ------
    InvalidInput
        When one is not whole or not right; its number or line is named.
    """
    return [] if given is None else [_waiver(where, fields) for where, fields in _records(given)]


def _records(given: Waivers) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    if isinstance(given, str | os.PathLike):
        yield from _of_file(given)
        return
    rows = given.to_dict("records") if isinstance(given, pd.DataFrame) else given
    if not isinstance(rows, Sequence):
        raise InvalidInput(f"waivers is {type(given).__name__}, but must be dicts, a frame, or a file", hint=_HINT)
    yield from _numbered(rows, "waivers: number {}")


def _of_file(path: str | os.PathLike[str]) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    name = os.fspath(path)
    if Path(path).suffix.lower() == ".csv":
        yield from _of_csv(read_text(path, "waivers"), name)
    elif Path(path).suffix.lower() == ".toml":
        content = read_toml(path, "waivers")
        rows = content.pop("waiver", [])
        if content or not isinstance(rows, list):
            wrong = next(iter(content), "waiver")
            raise InvalidInput(f"waivers: {name} has {wrong!r}, but may only have [[waiver]] tables", hint=_HINT)
        yield from _numbered(rows, f"waivers: number {{}} of {name}")
    else:
        raise InvalidInput(f"waivers: {name} is neither .toml nor .csv")


def _numbered(rows: Iterable[Any], where: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{where.format(number)} is {type(row).__name__}, but must be a table", hint=_HINT)
        yield where.format(number), row


def _of_csv(text: str, name: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True, skipinitialspace=True)
    problem = ""
    try:
        if sorted(reader.fieldnames or ()) != sorted(_COLUMNS):
            raise InvalidInput(f"waivers: {name} has the columns {', '.join(reader.fieldnames or ())}", hint=_HINT)
        for row in reader:
            yield f"waivers: line {reader.line_num} of {name}", row
    except csv.Error as error:
        problem = f"waivers: line {reader.reader.line_num} of {name} is not valid CSV ({error})"
    if problem:
        raise InvalidInput(problem)


def _waiver(where: str, fields: Mapping[Any, Any]) -> Waiver:
    unknown = [key for key in fields if key not in _COLUMNS]
    if unknown:
        what = "more values than columns" if unknown[0] is None else f"an unknown column {unknown[0]!r}"
        raise InvalidInput(f"{where} has {what}", hint=_HINT)
    check, resource, reason = (_text(where, name, fields.get(name)) for name in ("check", "resource", "reason"))
    if check != ANY_CHECK:
        known_check(check, where)
    return Waiver(check, resource, reason, _day(where, fields.get("expires")))


def _text(where: str, name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{where} has no {name}", hint=_HINT)
    if _SURROGATE.search(value):
        raise InvalidInput(f"{where} has half a character in {name}: a surrogate alone is no text")
    return value


def _day(where: str, value: object) -> date:
    if isinstance(value, pd.Timestamp) and value == value.normalize():  # a frame's days are times
        return value.date()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise InvalidInput(f"{where} has no day in expires, but {value!r}", hint=_HINT)
