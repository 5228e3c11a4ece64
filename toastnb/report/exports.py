"""One table as a file, or as text for a terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from toastnb.errors import InvalidInput
from toastnb.files import SHARED, replace_file
from toastnb.report.shapes import flat
from toastnb.report.workbook import write_workbook

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FILE_FORMATS = ("csv", "json", "parquet", "xlsx")


def export(df: pd.DataFrame, path: str | os.PathLike[str], kind: str, name: str = "table") -> Path:
    """Write a frame as csv, json, parquet or xlsx; an existing file is replaced as a whole.

    In CSV, text that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@``, also in
    full width, a tab or the end of a line) gets an apostrophe in front.

    Examples
    --------
    >>> from toastnb.report.exports import export
    >>> export(toast.flavors(), "flavors.csv", "csv").name
    'flavors.csv'
    """
    if kind == "xlsx":
        return write_workbook(path, {name: df})
    df = flat(df)
    writers: dict[str, Callable[[BinaryIO], object]] = {
        "csv": lambda file: _guarded(df).to_csv(file, index=False),
        "json": lambda file: file.write(as_json(df).encode()),
        "parquet": lambda file: df.to_parquet(file, index=False, compression="zstd"),
    }
    if kind not in writers:
        raise InvalidInput(f"{kind!r} is no format", hint=f"Formats are {', '.join(FILE_FORMATS)}.")
    return replace_file(path, writers[kind], mode=SHARED)


def write_text(df: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a frame as text, as it would stand on a terminal."""
    return replace_file(path, lambda file: file.write(as_text(df).encode()), mode=SHARED)


def as_csv(df: pd.DataFrame) -> str:
    """Return a frame as CSV that no spreadsheet takes a formula from."""
    return _guarded(df).to_csv(index=False)


def as_json(df: pd.DataFrame) -> str:
    """Return a frame as a JSON list of objects, times in ISO 8601."""
    return df.to_json(orient="records", date_format="iso", force_ascii=False, indent=2) + "\n"


def as_text(df: pd.DataFrame) -> str:
    """Return a frame for a terminal: all rows, aligned also with Korean text, and without control characters."""
    with pd.option_context("display.unicode.east_asian_width", True):
        shown = df.copy()
        for name in shown.columns:
            if not pd.api.types.is_numeric_dtype(shown[name]) and not isinstance(shown[name].dtype, pd.DatetimeTZDtype):
                shown[name] = shown[name].astype("str").str.replace(_CONTROL, "\ufffd", regex=True)
        return shown.to_string(index=False, na_rep="-", formatters=_formatters(shown)) + "\n"


def _formatters(df: pd.DataFrame) -> dict[str, Callable[[object], str]]:
    numbers = [name for name in df.columns if pd.api.types.is_numeric_dtype(df[name])]
    flags = [name for name in numbers if pd.api.types.is_bool_dtype(df[name])]
    times = [name for name in df.columns if isinstance(df[name].dtype, pd.DatetimeTZDtype)]
    formatters: dict[str, Callable[[object], str]] = dict.fromkeys(numbers, _number)
    return (
        formatters
        | dict.fromkeys(flags, lambda value: "-" if value is pd.NA else str(value).lower())
        | dict.fromkeys(times, _time)
    )


def _number(value: object) -> str:
    if value is pd.NA:
        return "-"
    number = float(str(value))
    return f"{number:,.0f}" if number.is_integer() else f"{number:,.2f}"


def _time(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%SZ}" if isinstance(value, pd.Timestamp) else str(value)


def _guarded(df: pd.DataFrame) -> pd.DataFrame:
    guarded = df.copy()
    for name in df.columns:
        if isinstance(df[name].dtype, pd.StringDtype):
            risky = df[name].str.match(_FORMULA).fillna(False).astype(bool)
            guarded[name] = df[name].where(~risky, "'" + df[name])
    return guarded.rename(columns=lambda name: f"'{name}" if _FORMULA.match(str(name)) else name)
