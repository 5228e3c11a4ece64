"""Totals as bars."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from toastnb.capacity.selection import require_columns
from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table, without_total


def totals(table: pd.DataFrame, column: str = "vcpus", ax: Axes | None = None) -> Axes:
    """Draw one figure of `capacity.totals` as bars, the largest first.

    Parameters
    ----------
    table : DataFrame
        As `capacity.totals` answers; a Total row is left out.
    column : str
        The figure: instances, vcpus, ram_gb, root_gb, attached_gb or disk_gb.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        With the unit on its axis and the value at each bar. Groups of which nothing is known are named without a
        bar; past 30 groups the sum of the others is said below.

    Raises
    ------
    InvalidInput
        When the table lacks the column.

    Examples
    --------
    >>> import toastnb as tn
    >>> table = tn.capacity.totals(toast.instances_detail(), by="zone")
    >>> tn.plots.totals(table, "ram_gb").get_xlabel()
    'RAM (GB)'
    """
    require_columns(table, [column], "table")
    check_table(table, "capacity.totals", [], [])
    values = without_total(table)[column].astype("Float64").sort_values(ascending=False, na_position="last")
    shown, others = values.iloc[:MOST_BARS], values.iloc[MOST_BARS:]
    unit = words.UNITS.get(column, column)
    with style.drawing(ax, len(shown)) as ax:
        style.bars(ax, range(len(shown)), shown, [words.number(value) for value in shown])
        style.name_rows(ax, [words.name(key) for key in shown.index])
        style.describe(ax, f"{unit}{words.rest(others)}", f"{unit} by {words.by(table)}")
    return ax
