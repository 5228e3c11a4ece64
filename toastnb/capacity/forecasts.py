"""When what is allocated reaches limits: never a date without a range."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from toastnb.capacity.daily import GROWING, Daily, History, amounts_of, check_enough, daily
from toastnb.capacity.distributed import is_distributed, of_each
from toastnb.capacity.growth import as_it_stands, fit_of, joined, labelled
from toastnb.capacity.limits import Limits, as_limits, by_project
from toastnb.capacity.selection import TOTAL, own_names
from toastnb.capacity.together import with_own_names, with_total
from toastnb.capacity.trend import Floats, quantiles
from toastnb.errors import InvalidInput

NOW, WITHIN, PERHAPS, NOT_WITHIN = "now", "within the horizon", "perhaps within the horizon", "not within the horizon"
_SHARES = {"low_95": 0.025, "low_80": 0.1, "expected": 0.5, "high_80": 0.9, "high_95": 0.975}
_MOST_DAYS = 1825
_LEVELS = ["project", "zone", "resource"]
_DATES = ["earliest", "expected", "latest"]
_ENDS = {"at_horizon": "expected", "at_horizon_low": "low_80", "at_horizon_high": "high_80"}
_KINDS = {
    **dict.fromkeys(["limit", "allocated"], "Float64"),
    **dict.fromkeys(_DATES, "datetime64[us, UTC]"),
    "full": "str",
    "binding": "boolean",
    **dict.fromkeys(_ENDS, "Float64"),
    "steps": "Int64",
    "stepped": "Float64",
    "last": "datetime64[us, UTC]",
    "unknown": "Int64",
    "refused": "str",
}
_SERIES_KINDS = dict.fromkeys(["allocated", *_SHARES, "limit"], "Float64")
_NAMED = 20


def forecast(history: History, limits: Limits, horizon: int = 180, total: bool = False) -> pd.DataFrame:
    """Tell when what is allocated reaches its limits, as a range of dates, and which resource is first.

    Parameters
    ----------
    history : History or DataFrame
        As `tn.history.open_store` answers, or as its `amounts`; limits by zone need ``amounts(by="zone")``. What is
        ahead is counted from the newest snapshot of each project. Where that is more than two days old, it is
        remarked of a History; of a frame, column last tells.
    limits : mapping, DataFrame or path-like
        As for `headroom`: of instances, vcpus, ram_gb and disk_gb, by zone or in all. A frame or CSV may have a column
        project, so that each has its own (``*``: all together); without it each is held against the same.
    horizon : int
        How many days to look ahead, 1 to 1825.
    total : bool
        Whether the limits are those of all projects together, whose sum is the project ``Total``. Where they have a
        column project, those of ``*`` are, in any case.

    Returns
    -------
    DataFrame
        Indexed by project, zone (``Total``: in all) and resource; a zone in which a project never had an instance has
        no row. Columns: limit, allocated (Float64: on the newest day), earliest, expected, latest (datetime64[us, UTC]:
        the first day on which the upper end of the interval of 80 %, the median, the lower end reaches the limit; NaT
        where that is not within the horizon), full (str: "now", "within the horizon", "perhaps within the horizon" when
        only the upper end gets there, "not within the horizon"), binding (boolean: the resource of its project and
        zone that is first), at_horizon, at_horizon_low, at_horizon_high (Float64: the median and the interval of 80 %
        on the last day), steps, stepped (Int64, Float64: how many steps were left out of the growth, and their sum, as
        in `growth`), last (datetime64[us, UTC]: the newest day), unknown (Int64: the most instances of any day that
        lack a figure), refused (str: why there is no forecast). What is full now is told of a young project too,
        without what is ahead.

    Raises
    ------
    InvalidInput
        When there are too few or too uneven snapshots of all and none is full now, a limit cannot be forecast or is of
        an unknown zone or project, or the horizon is none.

    Examples
    --------
    >>> import numpy as np, pandas as pd, toastnb as tn
    >>> days = pd.date_range("2026-08-01", periods=60, tz="UTC")
    >>> vms = pd.Series(np.arange(60) // 2 + 100, dtype="Int64")
    >>> amounts = pd.DataFrame({"at": days, "project": "shop", "instances": vms, "vcpus": vms * 2})
    >>> amounts = amounts.assign(ram_gb=vms * 4.0, disk_gb=vms * 100, unknown=0)
    >>> row = tn.capacity.forecast(amounts, {"vcpus": 300}).loc[("shop", "Total", "vcpus")]
    >>> row.full, row.expected.strftime("%Y-%m"), bool(row.earliest < row.expected < row.latest)
    ('within the horizon', '2026-11', True)
    """
    known = _known(history, limits, horizon, total)
    rows = [_row(one) for one in known]
    index = pd.MultiIndex.from_tuples([one.series.key for one in known], names=_LEVELS)
    table = pd.DataFrame(rows, columns=list(_KINDS), index=index).astype(_KINDS)
    table["binding"] = are_first(table)
    return as_it_stands(table)


class _Known(NamedTuple):
    """A series, its limit, what is ahead of it (a row a share, a column a day) and its steps; neither when refused."""

    series: Daily
    limit: float
    ahead: Floats | None = None
    steps: Floats | None = None

    @property
    def is_now(self) -> bool:
        """Whether the limit is reached: that needs no forecast."""
        return bool(self.series.values[-1] >= self.limit)


def _known(history: History, limits: Limits, horizon: int, total: bool) -> list[_Known]:
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or not 1 <= horizon <= _MOST_DAYS:
        raise InvalidInput(f"horizon is {horizon!r}, but must be a number of days from 1 to {_MOST_DAYS}")
    has_zones = not isinstance(history, pd.DataFrame) or "zone" in history.columns
    amounts, _ = amounts_of(history, "zone" if has_zones else None)
    if has_zones:
        amounts = amounts.assign(zone=own_names(amounts["zone"].rename("zone")))
    projects = sorted(own_names(amounts["project"]).unique())
    limit = _bounds(limits, projects, _zones(history, amounts) if has_zones else None, total)
    amounts = with_total(amounts) if TOTAL in limit.index.get_level_values("project") else with_own_names(amounts)
    parts = [amounts.assign(zone=TOTAL), *([amounts] if has_zones else [])]
    found = [one for part in parts for one in daily(part, ["project", "zone"]) if one.key in limit.index]
    if len(amounts) and not found:
        raise InvalidInput("limits are of zones or projects that never had an instance", hint="Give others.")
    order = {key: place for place, key in enumerate(limit.index)}
    known = [_Known(one, float(limit[one.key])) for one in sorted(found, key=lambda one: order[one.key])]
    if not any(one.is_now for one in known):
        check_enough(found)
    return of_each(history, partial(_told, horizon=int(horizon)), known)


def _zones(history: History, amounts: pd.DataFrame) -> list[str]:
    """Return the zones that there are: those of instances, and those that a store knows of though they are empty."""
    empty = [] if isinstance(history, pd.DataFrame) or is_distributed(history) else history.zones()
    return sorted({*amounts["zone"].dropna(), *own_names(pd.Series(empty, name="zone", dtype="str"))})


def _bounds(limits: Limits, projects: list[str], zones: list[str] | None, total: bool) -> pd.Series:
    """Return limits by project, zone and resource; zones are None where the history is not by zone."""
    own = f"Zones of the history are {', '.join(zones or ()) or 'none'}."
    hint = 'By zone it takes amounts(by="zone").' if zones is None else own
    parts = by_project(limits)
    if parts is None:
        same = as_limits(limits, zones or (), hint)
        tables = {TOTAL: same} if total else dict.fromkeys(projects, same)
    else:
        tables = {
            name: as_limits(parts[name], zones or (), hint) for name in sorted(parts, key=lambda n: (n == TOTAL, n))
        }
        unknown = [name for name in tables if name not in {TOTAL, *projects}]
        if unknown:
            more = f"Projects of the history are {', '.join(projects[:_NAMED]) or 'none'}."
            raise InvalidInput(f"limits has a project that is not known: {unknown[0]}", hint=more)
        if total and TOTAL not in tables:
            raise InvalidInput("limits has none of all projects together", hint="Give rows of project *.")
    strange = [str(name) for table in tables.values() for name in table.columns if name not in GROWING]
    if strange:
        raise InvalidInput(
            f"limits has {strange[0]}, which cannot be forecast", hint=f"Histories tell {', '.join(GROWING)}."
        )
    limit: pd.Series = pd.concat(tables).stack().dropna().rename_axis(_LEVELS)  # type: ignore[assignment] # stubs
    return limit


def _told(known: _Known, horizon: int) -> _Known:
    """Return what is known with what is ahead."""
    if known.series.lacking:
        return known
    fit = fit_of(known.series, horizon)
    ahead = np.maximum(quantiles(fit.weights, fit.means, fit.errors, fit.freedom, [*_SHARES.values()]), 0)
    return known._replace(ahead=ahead, steps=fit.sizes)


def _row(known: _Known) -> Mapping[str, Any]:
    series = known.series
    row = {
        "limit": known.limit,
        "allocated": series.values[-1],
        "last": series.last,
        "unknown": series.unknown,
    }
    if known.is_now:
        row |= dict.fromkeys(_DATES, series.last) | {"full": NOW}
    if known.ahead is None or known.steps is None:
        return row if known.is_now else row | {"refused": series.lacking}
    ahead = dict(zip(_SHARES, known.ahead, strict=True))
    row |= {name: ahead[share][-1] for name, share in _ENDS.items()}
    row |= {"steps": len(known.steps), "stepped": known.steps.sum()}
    if known.is_now:
        return row
    dates = [_first(series, ahead[share], known.limit) for share in ("high_80", "expected", "low_80")]
    row |= dict(zip(_DATES, dates, strict=True))
    word = NOT_WITHIN if pd.isna(dates[0]) else PERHAPS if pd.isna(dates[1]) else WITHIN
    return row | {"full": word}


def _first(series: Daily, ahead: Floats, limit: float) -> Any:
    there = np.flatnonzero(ahead >= limit)
    return series.last + pd.Timedelta(days=int(there[0]) + 1) if len(there) else None


def are_first(table: pd.DataFrame) -> pd.Series:
    """Tell which resource of each project and zone is full first: by the median, or where no median is, perhaps."""
    groups = [name for name in table.index.names if name != "resource"]
    dates = table["expected"].fillna(table["earliest"] + pd.Timedelta(days=_MOST_DAYS))
    first = dates.groupby(level=groups).transform("min")
    return ((dates == first) & dates.notna()).astype("boolean")


def forecast_series(history: History, limits: Limits, horizon: int = 180, total: bool = False) -> pd.DataFrame:
    """Return the days behind `forecast`: those that were, and those ahead with their intervals.

    Parameters
    ----------
    history : History or DataFrame
        As for `forecast`.
    limits : mapping, DataFrame or path-like
        As for `forecast`.
    horizon : int
        As for `forecast`.
    total : bool
        As for `forecast`.

    Returns
    -------
    DataFrame
        Indexed by project, zone, resource and day (datetime64[us, UTC]), all Float64: allocated (missing on days
        without a snapshot and on those ahead), low_95, low_80, expected, high_80, high_95 (on those ahead: the ends of
        the intervals of 95 and 80 % and the median), limit. Groups without anything ahead in `forecast` have no rows.

    Raises
    ------
    InvalidInput
        As `forecast`.

    Examples
    --------
    >>> import numpy as np, pandas as pd, toastnb as tn
    >>> days = pd.date_range("2026-08-01", periods=60, tz="UTC")
    >>> vms = pd.Series(np.arange(60) // 2 + 100, dtype="Int64")
    >>> amounts = pd.DataFrame({"at": days, "project": "shop", "instances": vms, "vcpus": vms * 2})
    >>> amounts = amounts.assign(ram_gb=vms * 4.0, disk_gb=vms * 100, unknown=0)
    >>> series = tn.capacity.forecast_series(amounts, {"vcpus": 300}, horizon=90)
    >>> len(series), int(series.expected.notna().sum())
    (150, 90)
    """
    tables = []
    for series, limit, ahead, _ in _known(history, limits, horizon, total):
        if ahead is not None:
            before = pd.DataFrame({"allocated": series.values})
            after = pd.DataFrame(dict(zip(_SHARES, ahead, strict=True)))
            table = pd.concat([before, after], ignore_index=True).assign(limit=limit)
            tables.append(labelled(table, series.key, series.first))
    return joined(tables, [*_LEVELS, "day"]).reindex(columns=[*_SERIES_KINDS]).astype(_SERIES_KINDS)
