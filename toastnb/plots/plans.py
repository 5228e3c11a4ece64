"""A plan: before and after."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table, largest_first, of_resource, without_total

_SERIES = {"before": style.GREY, "after": style.BLUE}


def compare(table: pd.DataFrame, resource: str = "vcpus", ax: Axes | None = None) -> Axes:
    """Draw one resource before and after a change, by group.

    Parameters
    ----------
    table : DataFrame
        As `capacity.compare` answers; the Total is left out.
    resource : str
        instances, vcpus, ram_gb, root_gb, attached_gb or disk_gb.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Two bars a group, the largest after the change first, with the difference and its sign. Past 30 bars the sum
        of the other groups' differences is said below.

    Raises
    ------
    InvalidInput
        When the table is another one, or has no such resource.

    Examples
    --------
    >>> import toastnb as tn
    >>> vms = toast.instances_detail()
    >>> table = tn.capacity.compare(vms, tn.capacity.what_if(vms, {"lose": "kr-pub-b"}))
    >>> tn.plots.compare(table, "ram_gb").get_xlabel()
    'RAM (GB)'
    """
    check_table(table, "capacity.compare", [*_SERIES, "difference", "difference_share"], ["resource"])
    ordered = largest_first(without_total(of_resource(table, resource)), "after")
    shown, others = ordered.iloc[: MOST_BARS // 2], ordered.iloc[MOST_BARS // 2 :]
    unit = words.UNITS.get(resource, resource)
    with style.drawing(ax, len(shown) * 1.5) as ax:
        for position, (column, look) in enumerate(_SERIES.items()):
            texts = [words.number(value) for value in shown[column]]
            if column == "after":
                texts = [f"{text}{_difference(row)}" for text, (_, row) in zip(texts, shown.iterrows(), strict=True)]
            style.bars_beside(ax, position, len(_SERIES), shown[column], texts, look=look, label=column)
        style.name_rows(ax, [words.name(key) for key in shown.index])
        rest = words.rest(others["difference"])
        style.describe(
            ax, f"{unit}{f'{rest} difference' if rest else ''}", f"{unit} before and after by {words.by(ordered)}"
        )
    return ax


def _difference(row: pd.Series) -> str:
    difference, share = row["difference"], row["difference_share"]
    if pd.isna(difference):
        return ""
    part = "" if pd.isna(share) else f", {words.signed(share * 100, ' %')}"
    return f" ({words.signed(difference)}{part})"
