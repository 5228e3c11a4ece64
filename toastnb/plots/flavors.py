"""Flavors in use, by vCPU and by count."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table, largest_first, without_total

_SERIES = {"vcpus": ("vCPUs", style.BLUE), "instances": ("Instances", style.ORANGE)}
_ENDED = ("disabled", "gone")


def flavor_mix(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each flavor's share of the vCPUs beside its share of the instances.

    Parameters
    ----------
    table : DataFrame
        As `capacity.flavor_mix` answers; the Total row is left out.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Two bars a flavor (family, type) in percent, most vCPUs first, with the figures themselves. Flavors that
        cannot be had any more are marked "(disabled)" or "(gone)". Past 30 bars the share of the others is said below.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> mix = tn.capacity.flavor_mix(toast.instances_detail(), toast.flavors())
    >>> tn.plots.flavor_mix(mix).get_xlabel()
    'Share of all (%)'
    """
    check_table(table, "capacity.flavor_mix", ["vcpus", "vcpus_share", "instances", "instances_share"], [])
    ordered = largest_first(without_total(table), "vcpus")
    shown, others = ordered.iloc[: MOST_BARS // 2], ordered.iloc[MOST_BARS // 2 :]
    with style.drawing(ax, len(shown) * 1.5) as ax:
        for position, (column, (label, look)) in enumerate(_SERIES.items()):
            shares = shown[f"{column}_share"].astype("Float64") * 100
            texts = [_figure(*pair) for pair in zip(shares, shown[column], strict=True)]
            style.bars_beside(ax, position, len(_SERIES), shares, texts, look=look, label=label)
        style.name_rows(ax, _names(shown))
        rest = words.rest(others["vcpus_share"].astype("Float64") * 100)
        style.describe(ax, f"Share of all (%){f'{rest} % of vCPUs' if rest else ''}", f"Mix by {words.by(table)}")
    return ax


def _figure(share: Any, amount: Any) -> str:
    return words.number(amount) if pd.isna(share) else f"{words.number(share, ' %')} · {words.number(amount)}"


def _names(table: pd.DataFrame) -> list[str]:
    offers = table["offer"] if "offer" in table else pd.Series("", index=table.index)
    return [words.name(key, f" ({offer})" if offer in _ENDED else "") for key, offer in offers.items()]
