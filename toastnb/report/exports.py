"""One table as a file, or as text for a terminal."""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from toastnb.errors import InvalidInput
from toastnb.files import SHARED, replace_file
from toastnb.plain import cut, in_json, line, seen
from toastnb.report.shapes import flat
from toastnb.report.workbook import write_workbook

# Where a spreadsheet may begin a cell, whatever it takes for a separator, and what would make that cell a formula.
_SPACES = "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # themselves: Arrow's engine knows no \u
_SIGN = rf"[\s\x0b\x1c-\x1f\x85{_SPACES}']*[=+\-@＝＋－＠]"
_FORMULA = rf"\A'*[\t\r\n]|\A{_SIGN}|[;\t\r\n]{_SIGN}"  # for Arrow's engine, which cannot look ahead
_BEFORE_FORMULA = re.compile(rf"\A(?='*[\t\r\n]|{_SIGN})|(?<=[;\t\r\n])(?={_SIGN})")
_LONGEST_CELL = 1000
FILE_FORMATS = ("csv", "json", "parquet", "xlsx")


def export(df: pd.DataFrame, path: str | os.PathLike[str], kind: str, name: str = "table") -> Path:
    """Write a frame as csv, json, parquet or xlsx; an existing file is replaced as a whole.

    In CSV, text that a spreadsheet would take for a formula gets an apostrophe in front: where it begins with ``=``,
    ``+``, ``-``, ``@``, also in full width and after blanks or apostrophes, with a tab or the end of a line; and where
    one of these signs follows a semicolon, a tab or the end of a line, for some spreadsheets begin a cell there.

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
        "csv": lambda file: _write_csv(df, file),
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
    """Return a frame as CSV for a terminal or a pipe: no spreadsheet takes a formula from it, no terminal obeys it."""
    return seen(_guarded(df).to_csv(index=False, lineterminator="\n").replace("\r\n", "\n"))


def as_json(df: pd.DataFrame) -> str:
    """Return a frame as a JSON list of objects, times in ISO 8601; what cannot be seen is escaped."""
    return in_json(df.to_json(orient="records", date_format="iso", force_ascii=False, indent=2)) + "\n"


def as_text(df: pd.DataFrame) -> str:
    """Return a frame for a terminal: all rows, aligned also with Korean text, without control characters.

    Texts of more than 1,000 characters are cut, which shows. Figures have two decimals below 100, and none from 100 on.
    """
    with pd.option_context("display.unicode.east_asian_width", True):
        shown = df.rename(columns=lambda name: _on_a_line(str(name)))
        for name in shown.columns:
            if not pd.api.types.is_numeric_dtype(shown[name]) and not isinstance(shown[name].dtype, pd.DatetimeTZDtype):
                shown[name] = shown[name].astype("str").map(_on_a_line, na_action="ignore")
        for name, write in (formatters := _formatters(shown)).items():
            if shown[name].isna().any():  # pandas gives nullable columns that lack a value to no formatter
                shown[name] = shown[name].astype(object).map(write)
                formatters[name] = str
        return shown.to_string(index=False, na_rep="-", formatters=formatters) + "\n"


def _on_a_line(text: str) -> str:
    return cut(unicodedata.normalize("NFC", line(text)), _LONGEST_CELL)  # composed, so that its width can be counted


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
    if pd.isna(value):  # type: ignore[call-overload] # any scalar
        return "-"
    number = float(str(value))
    return f"{number:,.0f}" if number.is_integer() or abs(number) >= 100 else f"{number:,.2f}"


def _time(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%SZ}" if isinstance(value, pd.Timestamp) else "-"


def _write_csv(df: pd.DataFrame, file: BinaryIO) -> None:
    """Write CSV; a carriage return alone ends a row for most readers, but pandas does not quote it for that."""
    guarded = _guarded(df)
    texts = [guarded[name] for name in guarded.columns if isinstance(guarded[name].dtype, pd.StringDtype)]
    texts.append(pd.Series(guarded.columns, dtype="str"))
    broken = any(column.str.contains("\r", regex=False).any() for column in texts)
    guarded.to_csv(file, index=False, quoting=csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL)


def _guarded(df: pd.DataFrame) -> pd.DataFrame:
    guarded = df.copy()
    for name in df.columns:
        if isinstance(df[name].dtype, pd.StringDtype):
            risky = df[name].str.contains(_FORMULA).fillna(False).astype(bool)
            guarded.loc[risky, name] = df.loc[risky, name].map(_without_formula)
    return guarded.rename(columns=lambda name: _without_formula(str(name)))


def _without_formula(text: str) -> str:
    return _BEFORE_FORMULA.sub("'", text)
