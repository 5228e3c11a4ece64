"""What remains below limits, and how many more instances that makes."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from toastnb.capacity.selection import TOTAL
from toastnb.plain import many
from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table, largest_first

_COLUMNS = ["limit", "allocated", "remaining", "allocated_share", "binding", "unknown"]


def headroom(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how much of each limit is allocated, or how many more of each flavor fit.

    Parameters
    ----------
    table : DataFrame
        As `capacity.headroom` answers, without or with flavors.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Without flavors, a bar a zone and resource in percent of its limit, the fullest first; right of the limit stands
        what remains, and how many instances lack the figure. The line is the limit, what is above it is hatched, and
        the resource that is nearest to its limit in its zone is marked "binds". With flavors, a bar a zone and flavor:
        how many more fit, and which resource ends first. Past 30 bars it is said what is left out.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> left = tn.capacity.headroom(toast.instances_detail(), {"vcpus": 1000, "ram_gb": 4096})
    >>> ax = tn.plots.headroom(left)
    >>> [text.get_text() for text in ax.texts]
    ['88.5 %, 115 left · binds', '55.2 %, 1,834 left']
    """
    if isinstance(table, pd.DataFrame) and "fits" in table.columns:
        return _fits(table, ax)
    check_table(table, "capacity.headroom", _COLUMNS, ["zone", "resource"])
    ordered = largest_first(table, "allocated_share")
    ordered = pd.concat([ordered[_is_nothing(ordered)], ordered[~_is_nothing(ordered)]])
    shown, others = ordered.iloc[:MOST_BARS], ordered.iloc[MOST_BARS:]
    shares = shown["allocated_share"].astype("Float64") * 100
    within = shares.clip(upper=100)
    with style.drawing(ax, len(shown)) as ax:
        rows = range(len(shown))
        if len(shown):
            style.bars(ax, rows, within, label="allocated")
            ax.axvline(100, color=style.ink(), linestyle="--", linewidth=1, label="limit")
        if (shares > 100).any():
            style.bars(ax, rows, shares - within, look=style.VERMILION, label="above the limit", left=within)
        ends = [max(share, 100.0) for share in style.lengths(shares)]  # the line runs through no text
        style.note(ax, rows, ends, [_state(row) for _, row in shown.iterrows()], gap=7)
        style.name_rows(
            ax, [words.name((_zone(zone), _resource(resource))) for zone, resource in shown.index], "no limits"
        )
        rest = f"; {many(len(others), 'other')} with less" if len(others) else ""
        style.describe(ax, f"Allocated share of the limit (%){rest}", "Headroom")
    return ax


def _is_nothing(table: pd.DataFrame) -> pd.Series:
    """Tell which limits are 0: they have no share, and are full."""
    return table["limit"].eq(0).fillna(False).astype(bool)


def _zone(zone: str) -> str:
    return "in all" if zone == TOTAL else zone


def _resource(resource: str) -> str:
    return words.UNITS.get(resource, resource)


def _state(row: pd.Series) -> str:
    share, left = row["allocated_share"], row["remaining"]
    if pd.isna(left):
        return words.NOT_KNOWN
    remains = f"{words.number(left)} left" if left >= 0 else f"{words.number(-left)} above"
    start = f"the limit is {words.number(row['limit'])}" if pd.isna(share) else words.number(share * 100, " %")
    binds = " · binds" if pd.notna(row["binding"]) and row["binding"] else ""
    return f"{start}, {remains}{words.gaps(left, row['unknown'])}{binds}"


def _fits(table: pd.DataFrame, ax: Axes | None) -> Axes:
    check_table(table, "capacity.headroom", ["fits", "binding"], ["zone", "flavor_name"])
    ordered = largest_first(table, "fits")
    shown, others = ordered.iloc[:MOST_BARS], ordered.iloc[MOST_BARS:]
    zones = table.index.unique("zone")
    where = f", {words.name(_zone(zones[0]))}" if len(zones) == 1 else ""
    keys = [flavor if where else (flavor, _zone(zone)) for zone, flavor in shown.index]
    with style.drawing(ax, len(shown)) as ax:
        texts = [_end(*pair) for pair in zip(shown["fits"], shown["binding"], strict=True)]
        style.bars(ax, range(len(shown)), shown["fits"], texts)
        style.name_rows(ax, [words.name(key) for key in keys], empty="no flavors")
        style.describe(ax, f"More instances that fit{_between(others['fits'])}", f"Headroom by flavor{where}")
    return ax


def _end(fits: Any, binding: Any) -> str:
    if pd.isna(fits) or pd.isna(binding):
        return words.number(fits)
    resource, _, scope = str(binding).partition(" ")
    return f"{words.number(fits)}, bound by {_resource(resource)}{f' {scope}' if scope else ''}"


def _between(others: pd.Series) -> str:
    """Return what is said of flavors that are not drawn; their numbers make no sum, for each takes all that is left."""
    if others.empty:
        return ""
    least, most = words.number(others.min()), words.number(others.max())
    return f"; {many(len(others), 'other')}: {least if least == most else f'{least} to {most}'}"
