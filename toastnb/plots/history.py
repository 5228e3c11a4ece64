"""What changed over time: from one level to another, and what came and went."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from toastnb.errors import InvalidInput
from toastnb.plain import many
from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table

_STEPS = ["before", "created", "deleted", "resized", "disks", "other", "after"]
_LEVELS = ["before", "after"]
_CAME_AND_WENT = {"created": style.BLUE, "deleted": style.VERMILION}


def waterfall(table: pd.DataFrame, resource: str = "vcpus", group: Any = None, ax: Axes | None = None) -> Axes:
    """Draw how what is allocated came from one level to another.

    Parameters
    ----------
    table : DataFrame
        As `history.waterfall` answers.
    resource : str
        The figure: instances, vcpus, ram_gb, root_gb, attached_gb or disk_gb.
    group : str or tuple of str, optional
        The group to draw, where the table has several.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar a step, each from where the one above it ends, with its figure and sign. Instances that lack one
        of the figures are counted at the bars of the levels; a step of which nothing is known has no bar.

    Raises
    ------
    InvalidInput
        When the table is another one, has no such resource or group, or several and none is named.

    Examples
    --------
    >>> import toastnb as tn
    >>> inventory = toast.inventory()
    >>> tn.plots.waterfall(tn.history.waterfall(inventory, inventory), "ram_gb").get_xlabel()
    'RAM (GB)'
    """
    check_table(table, "history.waterfall", ["instances", "unknown"], ["step"])
    if resource not in words.UNITS or resource not in table:
        there = [name for name in words.UNITS if name in table]
        raise InvalidInput(f"resource {resource!r} is not in table", hint=f"It has {', '.join(there)}.")
    rows, name = _of_group(table, group)
    steps, unknown = rows[resource].astype("Float64"), rows["unknown"]
    is_level = steps.index.isin(_LEVELS)
    ends = steps.where(~is_level).fillna(0).cumsum() + (steps.fillna(0)["before"] if len(steps) else 0)
    starts = (ends - steps.fillna(0)).where(~is_level, 0)
    ends = ends.where(~is_level, steps.fillna(0))
    kinds = {
        "allocated": (is_level, style.BLUE),
        "more": (~is_level & (ends > starts).to_numpy(bool), style.GREEN),
        "less": (~is_level & (ends < starts).to_numpy(bool), style.VERMILION),
    }
    least = pd.concat([starts, ends], axis=1).min(axis=1)
    with style.drawing(ax, len(steps)) as ax:
        for label, (mask, look) in kinds.items():
            if mask.any():
                style.bars(ax, range(len(steps)), (ends - starts).abs().where(mask), look=look, label=label, left=least)
        texts = [
            _level(value, int(lacking)) if level else words.signed(value)
            for value, lacking, level in zip(steps, unknown, is_level, strict=True)
        ]
        style.note(ax, range(len(steps)), style.lengths(pd.concat([starts, ends], axis=1).max(axis=1)), texts)
        style.name_rows(ax, [*steps.index])
        style.describe(ax, words.UNITS[resource], words.titled("What changed", name, _between(table)))
    return ax


def _between(table: pd.DataFrame) -> str:
    """Return the days of the two levels, with the time where they are of one day; nothing where that is not known."""
    moments = [
        pd.to_datetime(str(table.attrs[end]), utc=True) for end in ("since", "fetched_at") if table.attrs.get(end)
    ]
    if len(moments) < 2:
        return ""
    form = "%Y-%m-%d %H:%M" if moments[0].date() == moments[1].date() else "%Y-%m-%d"
    return " to ".join(f"{moment:{form}}" for moment in moments)


def _level(value: Any, lacking: int) -> str:
    gaps = f" ({lacking:,} not fully known)" if lacking and pd.notna(value) else ""
    return words.number(value) + gaps


def _of_group(table: pd.DataFrame, group: Any) -> tuple[pd.DataFrame, str]:
    """Return the steps of one group, and its name; none where a table has no groups."""
    if table.index.nlevels == 1:
        if group is not None:
            raise InvalidInput(f"group {group!r} is not in table, which has none")
        return table, ""
    groups = table.reset_index("step").index.unique()
    if group is None and len(groups) > 1:
        some = ", ".join(words.name(key) for key in groups[:20])
        raise InvalidInput(f"table has {len(groups)} groups", hint=f"Name one with group: {some}.")
    if group is not None and group not in groups:
        raise InvalidInput(f"group {group!r} is not in table", hint="Name it as the table's index has it.")
    if not len(groups):
        return table.droplevel([level for level in table.index.names if level != "step"]), ""
    chosen = groups[0] if group is None else group
    return table[table.reset_index("step").index == chosen].set_axis(_STEPS), words.name(chosen)


def churn(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many instances came and went in each period, of all projects in the table.

    Parameters
    ----------
    table : DataFrame
        As `History.churn` answers, or some rows of it.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Two bars a period, the first period above, with their figures. Past 30 periods the last ones are drawn, and the
        earlier ones counted.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-01", project="shop")
    >>> ax = tn.plots.churn(tn.history.open_store("history").churn())
    >>> ax.get_xlabel(), [text.get_text() for text in ax.get_yticklabels()]
    ('Instances', ['2026-11'])
    """
    check_table(table, "history.open_store(...).churn", ["project", "period", *_CAME_AND_WENT])
    periods = table.groupby("period")[list(_CAME_AND_WENT)].sum()
    shown, earlier = periods.iloc[-MOST_BARS:], len(periods) - MOST_BARS
    projects = table["project"].nunique()
    with style.drawing(ax, 2 * len(shown)) as ax:
        for position, (name, look) in enumerate(_CAME_AND_WENT.items()):
            figures = [words.number(value) for value in shown[name]]
            style.bars_beside(ax, position, 2, shown[name], figures, look=look, label=name)
        style.name_rows(ax, [words.name(period) for period in shown.index], "no snapshots")
        rest = f"; {many(earlier, 'earlier period')} not drawn" if earlier > 0 else ""
        of = many(projects, "project") if projects > 1 else "".join(map(words.name, table["project"].unique()))
        span = " to ".join(words.name(period) for period in shown.index[[0, -1]].unique()) if len(shown) else ""
        style.describe(ax, f"{words.UNITS['instances']}{rest}", words.titled("Instances created and deleted", of, span))
    return ax
