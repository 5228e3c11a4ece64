"""Tables that users write: limits and prices, as a frame or a CSV. Nothing in them is guessed."""

from __future__ import annotations

import csv
import os

import numpy as np
import pandas as pd

from toastnb.errors import InvalidInput
from toastnb.files import read_text

_HINT = "The first line names the columns, as in the template; lines that begin with # are comments."


def read_table(given: pd.DataFrame | str | os.PathLike[str], what: str) -> pd.DataFrame:
    """Return a frame with the named levels of its index as columns, or what a CSV holds, all of it as text.

    Raises
    ------
    InvalidInput
        When it is neither, the file cannot be read, a row has more or fewer cells than there are columns, or a column
        comes twice.
    """
    if isinstance(given, pd.DataFrame):
        table = given if None in given.index.names else given.reset_index()
    elif isinstance(given, str | os.PathLike):
        table = _of_csv(given, what)
    else:
        raise InvalidInput(f"{what} is {type(given).__name__}, but must be a frame or the path of a CSV")
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise InvalidInput(f"{what} has the column {twice} twice", hint=_HINT)
    return table


def _of_csv(path: str | os.PathLike[str], what: str) -> pd.DataFrame:
    lines = [line for line in read_text(path, what).splitlines() if not line.lstrip().startswith("#")]
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, skipinitialspace=True, strict=True)]
    except csv.Error as error:
        raise InvalidInput(f"{what}: {os.fspath(path)} is no CSV ({error})", hint=_HINT) from None
    head, *cells = [row for row in rows if any(row)] or [[]]
    for number, row in enumerate(cells, start=1):
        if len(row) != len(head):
            said = f"{what}: row {number} of {os.fspath(path)} has {len(row)} cells, but there are {len(head)} columns"
            raise InvalidInput(said, hint=_HINT)
    return pd.DataFrame(cells, columns=head, dtype="str")


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
