"""Tables that users write: limits and prices, as a frame or a CSV."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from toastnb.errors import InvalidInput


def read_table(given: pd.DataFrame | str | os.PathLike[str], what: str) -> pd.DataFrame:
    """Return a frame as it is, or what a CSV holds, all of it as text; lines that begin with # are comments.

    Raises
    ------
    InvalidInput
        When it is neither, or the file cannot be read.
    """
    if isinstance(given, pd.DataFrame):
        return given
    if not isinstance(given, str | os.PathLike):
        raise InvalidInput(f"{what} is {type(given).__name__}, but must be a frame or the path of a CSV")
    if "://" in str(given):  # pandas would fetch it
        raise InvalidInput(f"{what} is an address, but must be the path of a CSV", hint="Fetch the file first.")
    try:
        return pd.read_csv(given, dtype="str", encoding="utf-8-sig", comment="#", skipinitialspace=True)
    except OSError as error:
        problem = f"{what}: {os.fspath(given)} cannot be read ({error.strerror})"
    except ValueError as error:  # parsers, encodings
        problem = f"{what}: {os.fspath(given)} is no CSV ({error})"
    raise InvalidInput(problem, hint="The first line names the columns, as in the template.")


def numbers(column: pd.Series, what: str, name: str) -> pd.Series:
    """Return a column of numbers that are zero or more (Float64); an empty cell is missing.

    Raises
    ------
    InvalidInput
        Naming the first value that is no such number, and its row.
    """
    text = column.astype("str").str.strip()
    empty = column.isna() | (text == "")
    values = pd.to_numeric(text.where(~empty), errors="coerce").astype("Float64")
    wrong = ~empty & ~(values.ge(0) & values.lt(np.inf)).fillna(False).astype(bool)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InvalidInput(
            f"{what} has {name} {text.iloc[row]!r} in row {row + 1}, but it must be a number, zero or more",
            hint="Write 1000 or 0.5, without units or commas; leave it empty where it is not known.",
        )
    return values
