"""Growth and time remaining: lines over days, with what is not known of them."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from toastnb.capacity.selection import TOTAL
from toastnb.errors import InvalidInput
from toastnb.plain import many
from toastnb.plots import style, words
from toastnb.plots.tables import check_table, of_resource

_LOOKS = (style.BLUE, style.VERMILION, style.GREEN, style.ORANGE, style.SKY)
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
_MOST_STEPS = 6
_HEIGHT = 9  # in bars
_TITLE_WIDTH = 68


def growth(table: pd.DataFrame, resource: str = "vcpus", ax: Axes | None = None) -> Axes:
    """Draw what was allocated day by day, the level behind it, and the steps that are no growth.

    Parameters
    ----------
    table : DataFrame
        As `capacity.growth_series` answers.
    resource : str
        instances, vcpus, ram_gb or disk_gb.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A dot a day with a snapshot, and a line a group: its level, without noise and weekly season. A triangle is a
        step, with its day and size in the legend. Past 5 groups, the largest are drawn and the others counted; so are
        steps past 6, and the groups of which `capacity.growth` tells nothing.

    Raises
    ------
    InvalidInput
        When the table is another one, or has no such resource.

    Examples
    --------
    >>> import numpy as np, pandas as pd, toastnb as tn
    >>> days = pd.date_range("2026-08-01", periods=60, tz="UTC")
    >>> vms = pd.Series(np.arange(60) // 2 + 100 + 40 * (days >= "2026-09-01"), dtype="Int64")
    >>> amounts = pd.DataFrame({"at": days, "project": "shop", "instances": vms, "vcpus": vms * 2})
    >>> amounts = amounts.assign(ram_gb=vms * 4.0, disk_gb=vms * 100, unknown=0)
    >>> ax = tn.plots.growth(tn.capacity.growth_series(amounts))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['shop', 'step on 2026-09-01: +80']
    """
    check_table(table, "capacity.growth_series", ["allocated", "level", "step"], ["resource", "day"])
    mine = of_resource(table, resource)
    groups = _groups(mine, mine["level"])
    steps = mine["step"].dropna()
    least = steps.abs().nlargest(_MOST_STEPS).min() if len(steps) else 0
    with style.drawing(ax, _HEIGHT, upright=True) as ax:
        for group, look, line in zip(groups, _LOOKS, _LINES, strict=False):
            rows = _of(mine, group)
            days = _days(rows)
            seen = rows["allocated"].astype("float64")
            ax.plot(days, seen, ".", color=look.colour, markersize=3, alpha=0.6)
            ax.plot(days, rows["level"].astype("float64"), linestyle=line, color=look.colour, label=_name(group))
            stepped = rows["step"].abs().ge(least).fillna(False).to_numpy(dtype=bool)
            for day, row in zip(days[stepped], rows[stepped].to_dict("records"), strict=True):
                label = f"step on {day:%Y-%m-%d}: {words.signed(round(row['step']))}"
                ax.plot(
                    [mdates.date2num(day)], [float(row["level"])], "^", color=look.colour, markersize=8, label=label
                )
        hidden = [f"{many(len(groups) - len(_LOOKS), 'other')} not drawn"] * (len(groups) > len(_LOOKS))
        hidden += [f"{many(len(steps) - _MOST_STEPS, 'smaller step')} not marked"] * (len(steps) > _MOST_STEPS)
        refused = int(table.attrs.get("refused", 0))
        hidden += [f"{many(refused, 'group')} too young or uneven"] * bool(refused)
        projects = list(mine.index.unique("project")) if "project" in mine.index.names else []
        whose = _name(projects[0]) if len(projects) == 1 else ""
        title = words.titled("Growth", whose, " to ".join(f"{day:%Y-%m-%d}" for day in _ends(_days(mine))))
        _describe(ax, resource, "; ".join([title, *hidden]), bool(groups))
    return ax


def forecast(
    table: pd.DataFrame, resource: str = "vcpus", group: tuple[str, str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw what is ahead of one limit: the median, the intervals of 80 and 95 %, and when it is reached.

    Parameters
    ----------
    table : DataFrame
        As `capacity.forecast_series` answers.
    resource : str
        instances, vcpus, ram_gb or disk_gb.
    group : tuple of str, optional
        Project and zone; they may be left out where there is one of each.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A dot a day with a snapshot; ahead the median, in the dark band 80 % and in the light one 95 % of what may
        come; the dashed line is the limit. Shaded from top to bottom are the days between which it is reached: from
        where the upper end of the 80 % meets the limit to where the lower end does, or to the horizon. The title has
        the dates, and the day of the last snapshot.

    Raises
    ------
    InvalidInput
        When the table is another one, has no such resource or group, or several and none is named.

    Examples
    --------
    >>> import numpy as np, pandas as pd, toastnb as tn
    >>> days = pd.date_range("2026-08-01", periods=60, tz="UTC")
    >>> vms = pd.Series(np.arange(60) // 2 + 100, dtype="Int64")
    >>> amounts = pd.DataFrame({"at": days, "project": "shop", "instances": vms, "vcpus": vms * 2})
    >>> amounts = amounts.assign(ram_gb=vms * 4.0, disk_gb=vms * 100, unknown=0)
    >>> ax = tn.plots.forecast(tn.capacity.forecast_series(amounts, {"vcpus": 300}))
    >>> ax.get_title(loc="left").splitlines()[0], ax.get_ylabel()
    ('Time remaining: shop · in all, as of 2026-09-29', 'vCPUs')
    """
    columns = ["allocated", "low_95", "low_80", "expected", "high_80", "high_95", "limit"]
    check_table(table, "capacity.forecast_series", columns, ["project", "zone", "resource", "day"])
    mine = of_resource(table, resource)
    chosen = _chosen(_groups(mine, mine["limit"]), group)
    with style.drawing(ax, _HEIGHT, upright=True) as ax:
        if chosen is None:
            _describe(ax, resource, "Time remaining", False)
        else:
            rows = _of(mine, chosen)
            as_of = f"as of {_days(rows[rows['allocated'].notna()])[-1]:%Y-%m-%d}"
            reached = _draw_ahead(ax, rows)
            _describe(ax, resource, words.titled("Time remaining", _name(chosen), as_of), True, reached)
    return ax


def _draw_ahead(ax: Axes, table: pd.DataFrame) -> str:
    """Draw the days of one group, and return when its limit is reached."""
    rows = table.set_axis(_days(table)).astype("float64")
    days, limit = rows.index, rows["limit"].iloc[0]
    blue = style.BLUE.colour
    ax.plot(days, rows["allocated"], ".", color=style.ink(), markersize=3, label="allocated")
    for share, alpha in ((95, 0.15), (80, 0.4)):
        ends = rows[f"low_{share}"], rows[f"high_{share}"]
        ax.fill_between(days, *ends, color=_mixed(ax, blue, alpha), linewidth=0, label=f"{share} %")
    ax.plot(days, rows["expected"], color=blue, label="median")
    ax.axhline(limit, color=style.ink(), linestyle="--", linewidth=1, label=f"limit: {words.number(limit)}")
    ax.update_datalim([(mdates.date2num(days[0]), limit)])
    return _shade(ax, rows, limit) if rows["allocated"].dropna().iloc[-1] < limit else "Reached: now"


def _shade(ax: Axes, rows: pd.DataFrame, limit: float) -> str:
    """Shade the days between which the limit is reached, and return which they are."""
    first = [rows.index[rows[name] >= limit] for name in ("high_80", "expected", "low_80")]
    dates = [f"{days[0]:%Y-%m-%d}" if len(days) else "" for days in first]
    if not dates[0]:
        return "Reached: not within the horizon"
    end = first[2][0] if dates[2] else rows.index[-1]
    shade = _mixed(ax, style.ORANGE.colour, 0.25)
    ax.axvspan(first[0][0], end, color=shade, linewidth=0, zorder=0, label="reached between")
    expected = f"expected {dates[1]}" if dates[1] else "perhaps"
    span = f"between {dates[0]} and {dates[2]}" if dates[2] else f"from {dates[0]} to beyond the horizon"
    return f"Reached: {expected}, {span}"


def _mixed(ax: Axes, colour: str, share: float) -> tuple[float, ...]:
    """Return a colour mixed with that of the page: what lies below a band does not change how it looks."""
    page = to_rgb(ax.get_facecolor())
    return tuple(share * own + (1 - share) * below for own, below in zip(to_rgb(colour), page, strict=True))


def _groups(table: pd.DataFrame, sizes: pd.Series) -> list[Any]:
    """Return the groups, the largest first."""
    levels = [level for level in table.index.names if level != "day"]
    return sizes.groupby(level=levels, dropna=False).max().sort_values(ascending=False, kind="stable").index.tolist()


def _chosen(groups: list[Any], group: tuple[str, str] | None) -> Any:
    there = ", ".join(map(str, groups[:10])) or "none"
    if group is not None and group not in groups:
        raise InvalidInput(f"group {group!r} is not in table", hint=f"There are: {there}.")
    if group is None and len(groups) > 1:
        raise InvalidInput(f"table has {len(groups)} groups", hint=f"Name one as group: {there}.")
    return group or (groups[0] if groups else None)


def _of(table: pd.DataFrame, group: Any) -> pd.DataFrame:
    levels = [str(level) for level in table.index.names if level != "day"]
    keep = pd.Series(True, index=range(len(table)))
    for level, part in zip(levels, group if isinstance(group, tuple) else (group,), strict=True):
        values = pd.Series(table.index.get_level_values(level))
        keep &= values.isna() if pd.isna(part) else values == part
    return table[keep.to_numpy()]


def _days(table: pd.DataFrame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(table.index.get_level_values("day")).tz_localize(None)


def _name(group: Any) -> str:
    """Return a group's name; where a project's is long, what it is split into is still to be read."""
    project, *parts = group if isinstance(group, tuple) else (group,)
    return words.name(project, "".join(f" · {words.name('in all' if part == TOTAL else part)}" for part in parts))


def _ends(days: pd.DatetimeIndex) -> list[pd.Timestamp]:
    return [days.min(), days.max()] if len(days) else []


def _describe(ax: Axes, resource: str, title: str, there: bool, below: str = "") -> None:
    if not there:
        style.say_empty(ax, "no snapshots")
    ax.set_ylabel(words.UNITS.get(resource, resource), parse_math=False)
    first, last = (mdates.num2date(day) for day in ax.dataLim.intervalx) if there else (None, None)
    ax.set_xlabel(f"Day (UTC), {first:%Y-%m-%d} to {last:%Y-%m-%d}" if first and last else "Day (UTC)")
    ax.set_title("\n".join(fill(line, _TITLE_WIDTH) for line in (title, below) if line), parse_math=False)
    ax.yaxis.set_major_formatter(style.thousands())
    if there:
        locator = mdates.AutoDateLocator(maxticks=8)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, show_offset=False))
