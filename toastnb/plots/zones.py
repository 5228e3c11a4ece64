"""Zones: their balance, what their loss means, and what lives in one of them only."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from toastnb.capacity.selection import MISSING
from toastnb.plain import many
from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table, largest_first, of_resource

_SHARES = {
    "vcpus_share": ("vCPUs", style.BLUE),
    "ram_share": ("RAM", style.ORANGE),
    "disk_share": ("Disks", style.GREY),
}
_MARKS: dict[str, tuple[str, dict[str, Any]]] = {
    "provision": ("even share to provide", {"marker": "D", "markerfacecolor": "white", "markersize": 6}),
    "limit": ("limit for all that is allocated", {"marker": "|", "markersize": 14, "markeredgewidth": 3}),
}


def zone_balance(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each zone's share of vCPUs, RAM and disks beside an even spread.

    Parameters
    ----------
    table : DataFrame
        As `capacity.zone_balance` answers, also by application.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Three bars a zone in percent; the dashed line is an even share. Past 30 bars it is said how many zones are
        left out.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> ax = tn.plots.zone_balance(tn.capacity.zone_balance(toast.instances_detail()))
    >>> ax.get_xlabel()
    'Share of what is allocated (%)'
    """
    check_table(table, "capacity.zone_balance", [*_SHARES], ["zone"])
    ordered = largest_first(table, "vcpus_share")
    shown, others = ordered.iloc[: MOST_BARS // 3], ordered.iloc[MOST_BARS // 3 :]
    zones = table.index.unique("zone").drop(MISSING, errors="ignore").size
    with style.drawing(ax, len(shown) * 2.2) as ax:
        for position, (column, (label, look)) in enumerate(_SHARES.items()):
            shares = shown[column].astype("Float64") * 100
            texts = [words.number(share, " %") for share in shares]
            style.bars_beside(ax, position, len(_SHARES), shares, texts, look=look, label=label)
        if zones > 1:
            even = 100 / zones
            ax.axvline(even, color=style.ink(), linestyle="--", linewidth=1, zorder=0, label=f"even ({even:.0f} %)")
        style.name_rows(ax, [words.name(key) for key in shown.index])
        rest = f"; {len(others):,} others in the table" if len(others) else ""
        style.describe(ax, f"Share of what is allocated (%){rest}", "Balance of zones")
    return ax


def zone_failure(table: pd.DataFrame, resource: str = "vcpus", ax: Axes | None = None) -> Axes:
    """Draw what each surviving zone has and must absorb when one zone is lost.

    Parameters
    ----------
    table : DataFrame
        As `capacity.zone_failure` answers.
    resource : str
        instances, vcpus, ram_gb or disk_gb.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A group a lost zone, the one with the largest load first, with the load and how many instances it leaves out
        because they are not known in full; in it a bar a survivor: what it has, and hatched what it must absorb, with
        the growth in percent. A diamond is the survivor's even part of what has to be provided to bear the loss of
        any one zone; a thick stroke is its limit, where one is known. "Short" is by how much what is allocated there,
        also what does not run, and what it must absorb are above the limit.

    Raises
    ------
    InvalidInput
        When the table is another one, or has no such resource.

    Examples
    --------
    >>> import toastnb as tn
    >>> tn.plots.zone_failure(tn.capacity.zone_failure(toast.instances_detail())).get_xlabel()
    'vCPUs'
    """
    columns = ["before", "absorbs", "after", "growth_share", "provision", "limit", "shortfall", "unknown"]
    check_table(table, "capacity.zone_failure", columns, ["lost", "survivor", "resource"])
    ordered = _by_load(of_resource(table, resource))
    losses = ordered["lost"].unique()
    most = max(MOST_BARS // max(len(losses), 1), 1)
    shown = ordered[ordered["lost"].isin(losses[:most])]
    noun = words.NOUNS.get(resource, resource)
    with style.drawing(ax, len(shown)) as ax:
        _draw_loads(ax, shown[~shown["whole"]])
        heads = shown[shown["whole"]]
        for head in heads.index[1:]:
            ax.axhline(head - 0.5, color=style.GREY.colour, linewidth=0.5)
        style.note(ax, heads.index, [0] * len(heads), [_loss(head, noun) for _, head in heads.iterrows()])
        style.name_rows(ax, [_row_name(row) for _, row in shown.iterrows()])
        rest = f"; {len(losses) - most:,} more losses in the table" if len(losses) > most else ""
        style.describe(ax, f"{words.UNITS.get(resource, resource)}{rest}", "When a zone is lost")
    return ax


def _by_load(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as they lie: of each loss all survivors together (`whole`), then each; the largest first."""
    frame = table.reset_index()
    frame["whole"] = ~frame.duplicated("lost", keep="last")
    frame["load"] = frame.groupby("lost")["absorbs"].transform("last")
    order = ["load", "lost", "whole", "after"]
    return frame.sort_values(order, ascending=[False, True, False, False], na_position="last", ignore_index=True)


def _draw_loads(ax: Axes, survivors: pd.DataFrame) -> None:
    rows, today = survivors.index.tolist(), survivors["before"]
    if not rows:
        return
    style.bars(ax, rows, today, label="has today")
    style.bars(ax, rows, survivors["absorbs"].where(today.notna()), look=style.ORANGE, label="must absorb", left=today)
    for column, (label, marker) in _MARKS.items():
        known = survivors[column].dropna()
        if len(known):
            ax.plot(known.astype(float), known.index, linestyle="", color=style.ink(), label=label, **marker)
    ends = pd.DataFrame({column: style.lengths(survivors[column]) for column in ("after", *_MARKS)}).max(axis=1)
    style.note(ax, rows, ends, [_growth(survivor) for _, survivor in survivors.iterrows()], gap=9)


def _growth(survivor: pd.Series) -> str:
    growth = survivor["growth_share"]
    share = "" if pd.isna(growth) else f" ({words.signed(growth * 100, ' %')})"
    return f"{words.number(survivor['after'])}{share}{_short(survivor)}"


def _loss(head: pd.Series, noun: str) -> str:
    load = head["load"]
    return f"to absorb: {words.number(load, f' {noun}')}{words.gaps(load, head['unknown'])}{_short(head)}"


def _short(row: pd.Series) -> str:
    """Say what is lacking below the limit."""
    lacking = row["shortfall"]
    return "" if pd.isna(lacking) or lacking <= 0 else f"; {words.number(lacking)} short"


def _row_name(row: pd.Series) -> str:
    return words.name(row["lost"], " lost:") if row["whole"] else words.name(row["survivor"])


def single_zone(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the vCPUs of the applications that live in one zone only.

    Parameters
    ----------
    table : DataFrame
        As `capacity.single_zone` answers.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar an application, the largest first, with its zone in the name; past 30 the sum of the others is said
        below.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> ax = tn.plots.single_zone(tn.capacity.single_zone(toast.instances_detail(), app="prefix"))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['batch (kr-pub-a)', 'erp (kr-pub-a)', 'bastion (kr-pub-a)']
    """
    check_table(table, "capacity.single_zone", ["zone", "vcpus", "instances"], ["app"])
    ordered = largest_first(table, "vcpus")
    shown, others = ordered.iloc[:MOST_BARS], ordered.iloc[MOST_BARS:]
    with style.drawing(ax, len(shown)) as ax:
        texts = [
            f"{words.number(vcpus)} · {many(instances, 'instance')}"
            for vcpus, instances in zip(shown["vcpus"], shown["instances"], strict=True)
        ]
        style.bars(ax, range(len(shown)), shown["vcpus"], texts)
        names = [words.name(app, f" ({words.name(zone)})") for app, zone in shown["zone"].items()]
        style.name_rows(ax, names, empty="no application lives in one zone only")
        style.describe(ax, f"vCPUs{words.rest(others['vcpus'])}", "Applications in one zone only")
    return ax
