"""What changed over time: from one level to another, and what came and went."""

from __future__ import annotations

import math
from typing import Any

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.axes import Axes

from toastnb.errors import InvalidInput
from toastnb.plain import many
from toastnb.plots import style, words
from toastnb.plots.tables import check_table

_STEPS = ["before", "created", "deleted", "resized", "disks", "other", "after"]
_LEVELS = ["before", "after"]
_MOST_ROWS, _MOST_COLUMNS = 12, 92  # a year of months, a quarter of days
_COLUMN_BARS = 8  # as high as so many lying bars
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
        A bar a step, each from where the one above it ends, with its figure and sign; steps of zero are left out, and
        where nothing changed it says so. Steps that would be slivers beside the levels are drawn larger: then the axis
        begins above zero, which its name says and strokes through the levels show. Instances that lack one of the
        figures are counted at the bars of the levels; a step of which nothing is known has no bar.

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
    known = rows[resource].astype("Float64")
    steps = known[known.index.isin(_LEVELS) | known.ne(0).fillna(True)]
    is_level = steps.index.isin(_LEVELS)
    ends = steps.where(~is_level).fillna(0).cumsum() + (steps.fillna(0)["before"] if len(steps) else 0)
    starts = (ends - steps.fillna(0)).where(~is_level, 0)
    ends = ends.where(~is_level, steps.fillna(0))
    kinds = {
        "allocated": (is_level, style.BLUE),
        "more": (~is_level & (ends > starts).to_numpy(bool), style.GREEN),
        "less": (~is_level & (ends < starts).to_numpy(bool), style.VERMILION),
    }
    least, most = (pd.concat([starts, ends], axis=1).agg(end, axis=1) for end in ("min", "max"))
    begin = _begin(pd.concat([ends, starts[~is_level]]))
    unit, texts = words.UNITS[resource], _texts(steps, rows["unknown"])
    with style.drawing(ax, len(steps), start=begin) as ax:
        if len(steps) == len(_LEVELS) and steps["before"] == steps["after"]:
            style.say_empty(ax, f"nothing changed, {texts[0]} before and after")
        else:
            for label, (mask, look) in kinds.items():
                if mask.any():
                    lengths = (ends - starts).abs().where(mask)
                    style.bars(ax, range(len(steps)), lengths, look=look, label=label, left=least)
            style.note(ax, range(len(steps)), style.lengths(most), texts)
            style.name_rows(ax, [*steps.index])
            if begin:
                style.tear(ax, [row for row, level in enumerate(is_level) if level])
        zoomed = f"; the axis begins at {words.number(begin)}" if begin else ""
        style.describe(ax, f"{unit}{zoomed}", words.titled(f"{unit} before and after", name, _between(table)))
    return ax


def _begin(ends: pd.Series) -> float:
    """Return where the axis begins: above zero where the steps would be less than a third of it."""
    low, high = (float(end) for end in (ends.min(), ends.max())) if len(ends) else (0.0, 0.0)
    span = high - low
    if not 0 < span < high / 3:
        return 0.0
    step = 10.0 ** math.floor(math.log10(span))
    return max(math.floor((low - span / 2) / step) * step, 0.0)


def _texts(steps: pd.Series, unknown: pd.Series) -> list[str]:
    """Return what is written at the bars: levels with how many instances lack a figure, steps with their sign."""
    return [
        _level(value, int(unknown[step])) if step in _LEVELS else words.signed(value) for step, value in steps.items()
    ]


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
        Two bars a period, the first period above, with their figures; past 12 periods columns over time, what was
        created upwards and what was deleted downwards, paler in the first and the last period. These two are marked,
        for the history begins and ends in them: they may lack what came before and after. Past 92 periods the last
        ones are drawn, and the earlier ones counted.

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
    ('Instances', ['2026-11, history begins and ends'])
    """
    check_table(table, "history.open_store(...).churn", ["project", "period", *_CAME_AND_WENT])
    periods = table.groupby("period")[list(_CAME_AND_WENT)].sum()
    shown, earlier = periods.iloc[-_MOST_COLUMNS:], max(len(periods) - _MOST_COLUMNS, 0)
    marks = pd.Series("", index=shown.index)
    marks.iloc[-1:] = "history ends"
    if not earlier:
        marks.iloc[:1] = "history begins and ends" if len(shown) == 1 else "history begins"
    projects = table["project"].nunique()
    of = many(projects, "project") if projects > 1 else "".join(map(words.name, table["project"].unique()))
    span = " to ".join(words.name(period) for period in shown.index[[0, -1]].unique()) if len(shown) else ""
    title = words.titled("Instances created and deleted", of, span)
    rest = f"; {many(earlier, 'earlier period')} not drawn" if earlier else ""
    return _columns(shown, marks, title, rest, ax) if len(shown) > _MOST_ROWS else _rows(shown, marks, title, ax)


def _rows(periods: pd.DataFrame, marks: pd.Series, title: str, ax: Axes | None) -> Axes:
    """Draw two lying bars a period."""
    with style.drawing(ax, 2 * len(periods)) as ax:
        for position, (name, look) in enumerate(_CAME_AND_WENT.items()):
            figures = [words.number(value) for value in periods[name]]
            style.bars_beside(ax, position, 2, periods[name], figures, look=look, label=name)
        names = [words.name(period, f", {mark}" if mark else "") for period, mark in marks.items()]
        style.name_rows(ax, names, "no snapshots")
        style.describe(ax, words.UNITS["instances"], title)
    return ax


def _columns(periods: pd.DataFrame, marks: pd.Series, title: str, rest: str, ax: Axes | None) -> Axes:
    """Draw a column a period: what was created above zero, what was deleted below."""
    days = pd.DatetimeIndex(pd.to_datetime(periods.index))
    width = 0.8 * (days.diff().min() / pd.Timedelta(days=1))
    came, went = (periods[name].astype("float64") for name in _CAME_AND_WENT)
    below, is_end = -1.05 * went.max(), marks.ne("").to_numpy()
    with style.drawing(ax, _COLUMN_BARS, upright=True, start=below) as ax:
        for heights, (name, look) in zip((came, -went), _CAME_AND_WENT.items(), strict=True):
            ax.bar(days[~is_end], heights[~is_end], width, color=look.colour, label=name)
            ax.bar(days[is_end], heights[is_end], width, color=look.colour, alpha=0.45)
        ax.axhline(0, color=style.ink(), linewidth=0.8)
        style.describe(ax, f"UTC; pale where the history begins or ends{rest}", title)
        ax.xaxis.set_major_locator(locator := mdates.AutoDateLocator(maxticks=8))
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, show_offset=False))
        ax.set_ylabel(words.UNITS["instances"])
        ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.10g}")
    return ax
