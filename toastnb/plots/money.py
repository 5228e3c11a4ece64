"""What could be had back, and what all of it costs."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from toastnb.plain import many
from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table, largest_first, without_total

_CLASSES = ["365 days or more", "90 to 365 days", "30 to 90 days", "under 30 days"]
_DAYS = [0, 30, 90, 365, float("inf")]
_BILLING = {
    "full": style.VERMILION,
    "reduced or full": style.ORANGE,
    "reduced": style.BLUE,
    words.NOT_KNOWN: style.GREY,
}


def reclaimable(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the disks that instances hold which do not run, by how long at least they have been so.

    Parameters
    ----------
    table : DataFrame
        As `capacity.reclaimable` answers.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar a class of time in GB, the longest first and what is not known last, stacked by how the vendor bills
        these instances; with their number, and that of those whose disks are not known.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> tn.plots.reclaimable(tn.capacity.reclaimable(toast.instances_detail())).get_xlabel()
    'Disks (GB)'
    """
    check_table(table, "capacity.reclaimable", ["instance_id", "disk_gb", "unchanged_days", "billing"])
    classes = pd.cut(table["unchanged_days"].astype(float), _DAYS, right=False, labels=_CLASSES[::-1])
    keys = [classes.astype("str").fillna(words.NOT_KNOWN), table["billing"].astype("str").fillna(words.NOT_KNOWN)]
    order = [name for name in [*_CLASSES, words.NOT_KNOWN] if (keys[0] == name).any()]
    by_class = table["disk_gb"].groupby(keys[0])
    parts = table["disk_gb"].groupby(keys).sum(min_count=1).unstack().reindex(index=order)
    sums, counts = by_class.sum(min_count=1).reindex(order), by_class.size().reindex(order)
    unknown = counts - by_class.count().reindex(order)
    with style.drawing(ax, len(order), legend="Billed") as ax:
        style.stacked(ax, parts, _BILLING)
        texts = [_held(*figures) for figures in zip(sums, counts, unknown, strict=True)]
        style.note(ax, range(len(order)), style.lengths(sums), texts)
        style.name_rows(ax, order)
        style.describe(ax, words.UNITS["disk_gb"], "Reclaimable disks by time unchanged")
    return ax


def _held(gigabytes: Any, instances: int, unknown: int) -> str:
    return f"{words.number(gigabytes, ' GB')} · {many(instances, 'instance')}{words.gaps(gigabytes, unknown)}"


def cost(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what each group costs a month, in the currency of the prices that were given.

    Parameters
    ----------
    table : DataFrame
        As `capacity.cost` answers; a Total row is left out.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar a group, the largest first: the least that it costs, and hatched up to the most, where it is not known
        since when instances are stopped. Instances of which a price or a figure is not known are counted at
        the bar. Past 30 groups the sum of
        the others is said below.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> vms = toast.instances_detail()
    >>> prices = tn.capacity.price_template(vms).assign(price=0.05)
    >>> tn.plots.cost(tn.capacity.cost(vms, prices)).get_xlabel()
    'Price units a month'
    """
    check_table(table, "capacity.cost", ["total_low", "total_high", "unpriced"], [])
    ordered = largest_first(without_total(table), "total_high")
    shown, others = ordered.iloc[:MOST_BARS], ordered.iloc[MOST_BARS:]
    least, most = shown["total_low"], shown["total_high"]
    parts = pd.DataFrame({"at least": least, "at most": most - least})
    with style.drawing(ax, len(shown)) as ax:
        style.stacked(ax, parts, {"at least": style.BLUE, "at most": style.ORANGE})
        texts = [_price(*figures) for figures in zip(least, most, shown["unpriced"], strict=True)]
        style.note(ax, range(len(shown)), style.lengths(most), texts)
        style.name_rows(ax, [words.name(key) for key in shown.index])
        rest = f"; {many(len(others), 'other')}: {_range(others)}" if len(others) else ""
        style.describe(ax, f"Price units a month{rest}", f"Cost by {words.by(table)}")
    return ax


def _range(table: pd.DataFrame) -> str:
    return _price(table["total_low"].sum(min_count=1), table["total_high"].sum(min_count=1), 0)


def _price(least: Any, most: Any, unpriced: Any) -> str:
    low, high = words.number(least), words.number(most)
    lacking = "" if pd.isna(unpriced) or unpriced == 0 else f", {words.number(unpriced)} not fully priced"
    return f"{low if low == high else f'{low} to {high}'}{lacking}"
