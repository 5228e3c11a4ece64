"""Which table a plot is given, and which of its rows it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from toastnb.capacity.selection import TOTAL
from toastnb.errors import InvalidInput
from toastnb.plots.words import name

MOST_BARS = 30


def check_table(table: pd.DataFrame, meant: str, columns: Iterable[str], levels: Sequence[str] | None = None) -> None:
    """Check that a plot is given the table that it draws.

    Parameters
    ----------
    table : DataFrame
        What was given.
    meant : str
        The function that makes the right one, as "capacity.cost".
    columns : iterable of str
        What it must have.
    levels : sequence of str, optional
        The levels that its index must have, among others; none when its rows have no names.

    Raises
    ------
    InvalidInput
        Saying what is missing, and which function makes the table that is meant.
    """
    hint = f"Give what tn.{meant} answers."
    if not isinstance(table, pd.DataFrame):
        raise InvalidInput(f"table is {type(table).__name__}, but must be a DataFrame", hint=hint)
    lacking = [column for column in columns if column not in table.columns]
    if lacking:
        raise InvalidInput(f"table lacks the columns {', '.join(lacking)}", hint=hint)
    if levels is None:
        return
    if None in table.index.names:
        raise InvalidInput("table has no groups", hint=hint)
    without = [level for level in levels if level not in table.index.names]
    if without:
        raise InvalidInput(f"table lacks the index levels {', '.join(without)}", hint=hint)


def of_resource(table: pd.DataFrame, resource: str) -> pd.DataFrame:
    """Return the rows of one resource, without its level.

    Raises
    ------
    InvalidInput
        When the table has no such rows.
    """
    there = table.index.get_level_values("resource")
    if len(table) and resource not in there:
        raise InvalidInput(f"resource {resource!r} is not in table", hint=f"It has {', '.join(there.unique())}.")
    return table[there == resource].droplevel("resource")


def without_total(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without its last row, where that is the total."""
    return table.iloc[:-1] if len(table) and name(table.index[-1]) == TOTAL else table


def largest_first(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a table by one figure, what is not known last; ties stay in their order."""
    return table.sort_values(column, ascending=False, na_position="last", kind="stable")
