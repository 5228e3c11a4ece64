"""When what is allocated reaches limits: never a date without a range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from toastnb.capacity.daily import GROWING, Daily, History, amounts_of, check_enough, daily
from toastnb.capacity.growth import fit_of, joined, labelled
from toastnb.capacity.limits import Limits, as_limits
from toastnb.capacity.selection import TOTAL, own_names
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


def forecast(history: History, limits: Limits, horizon: int = 180) -> pd.DataFrame:
    """Tell when what is allocated reaches its limits, as a range of dates, and which resource is first.

    Parameters
    ----------
    history : History or DataFrame
        As `tn.history.open_store` answers, or as its `amounts`; limits by zone need ``amounts(by="zone")``. Each
        project is held against the same limits.
    limits : mapping, DataFrame or path-like
        As for `headroom`: of instances, vcpus, ram_gb and disk_gb, by zone or in all.
    horizon : int
        How many days to look ahead, 1 to 1825.

    Returns
    -------
    DataFrame
        Indexed by project, zone (``Total``: in all) and resource: limit, allocated (Float64: on the newest day),
        earliest, expected, latest (datetime64[us, UTC]: the first day on which the upper end of the interval of 80 %,
        the median, the lower end reaches the limit; NaT where that is not within the horizon), full (str: "now",
        "within the horizon", "perhaps within the horizon" when only the upper end gets there, "not within the
        horizon"), binding (boolean: the resource of its project and zone that is first), at_horizon, at_horizon_low,
        at_horizon_high (Float64: the median and the interval of 80 % on the last day), steps, stepped (Int64, Float64:
        how many steps were left out of the growth, and their sum, as in `growth`), last (datetime64[us, UTC]: the
        newest day), unknown (Int64: the most instances of any day that lack a figure), refused (str: why there is no
        forecast).

    Raises
    ------
    InvalidInput
        When there are too few or too uneven snapshots, a limit cannot be forecast, or the horizon is none.

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
    known = _known(history, limits, horizon)
    rows = [_row(one) for one in known]
    index = pd.MultiIndex.from_tuples([one.series.key for one in known], names=_LEVELS)
    table = pd.DataFrame(rows, columns=list(_KINDS), index=index).astype(_KINDS)
    table["binding"] = _binds(table)
    return table


class _Known(NamedTuple):
    """A series, its limit, what is ahead of it (a row a share, a column a day) and its steps; neither when refused."""

    series: Daily
    limit: float
    ahead: Floats | None = None
    steps: Floats | None = None


def _known(history: History, limits: Limits, horizon: int) -> list[_Known]:
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or not 1 <= horizon <= _MOST_DAYS:
        raise InvalidInput(f"horizon is {horizon!r}, but must be a number of days from 1 to {_MOST_DAYS}")
    has_zones = not isinstance(history, pd.DataFrame) or "zone" in history.columns
    amounts, _ = amounts_of(history, "zone" if has_zones else None)
    zones = own_names(amounts["zone"].rename("zone")) if has_zones else pd.Series(dtype="str")
    there = sorted(zones.dropna().unique())
    own = f"Zones of the history are {', '.join(there) or 'none'}."
    bounds = as_limits(limits, there, own if has_zones else 'By zone it takes amounts(by="zone").')
    strange = [str(name) for name in bounds.columns if name not in GROWING]
    if strange:
        hint = f"Histories tell {', '.join(GROWING)}."
        raise InvalidInput(f"limits has {strange[0]}, which cannot be forecast", hint=hint)
    parts = [amounts.assign(zone=TOTAL)] if TOTAL in bounds.index else []
    if has_zones and any(zone != TOTAL for zone in bounds.index):
        parts.append(amounts.assign(zone=zones))
    limit = bounds.stack().dropna()
    found = [one for part in parts for one in daily(part, ["project", "zone"]) if one.key[1:] in limit.index]
    check_enough(found)
    order = {key: place for place, key in enumerate(limit.index)}
    found.sort(key=lambda one: (one.key[0], order[one.key[1:]]))
    return [_told(one, float(limit[one.key[1:]]), int(horizon)) for one in found]


def _told(series: Daily, limit: float, horizon: int) -> _Known:
    if series.lacking:
        return _Known(series, limit)
    fit = fit_of(series, horizon)
    ahead = np.maximum(quantiles(fit.weights, fit.means, fit.errors, fit.freedom, [*_SHARES.values()]), 0)
    return _Known(series, limit, ahead, fit.sizes)


def _row(known: _Known) -> Mapping[str, Any]:
    series = known.series
    row = {
        "limit": known.limit,
        "allocated": series.values[-1],
        "last": series.last,
        "unknown": series.unknown,
    }
    if known.ahead is None or known.steps is None:
        return row | {"refused": series.lacking}
    ahead = dict(zip(_SHARES, known.ahead, strict=True))
    row |= {name: ahead[share][-1] for name, share in _ENDS.items()}
    row |= {"steps": len(known.steps), "stepped": known.steps.sum()}
    if series.values[-1] >= known.limit:
        return row | dict.fromkeys(_DATES, series.last) | {"full": NOW}
    dates = [_first(series, ahead[share], known.limit) for share in ("high_80", "expected", "low_80")]
    row |= dict(zip(_DATES, dates, strict=True))
    word = NOT_WITHIN if pd.isna(dates[0]) else PERHAPS if pd.isna(dates[1]) else WITHIN
    return row | {"full": word}


def _first(series: Daily, ahead: Floats, limit: float) -> Any:
    there = np.flatnonzero(ahead >= limit)
    return series.last + pd.Timedelta(days=int(there[0]) + 1) if len(there) else None


def _binds(table: pd.DataFrame) -> pd.Series:
    """Tell which resource of each project and zone is full first: by the median, or where no median is, perhaps."""
    groups = ["project", "zone"]
    dates = table["expected"].fillna(table["earliest"] + pd.Timedelta(days=_MOST_DAYS))
    first = dates.groupby(level=groups).transform("min")
    return ((dates == first) & dates.notna()).astype("boolean")


def forecast_series(history: History, limits: Limits, horizon: int = 180) -> pd.DataFrame:
    """Return the days behind `forecast`: those that were, and those ahead with their intervals.

    Parameters
    ----------
    history : History or DataFrame
        As for `forecast`.
    limits : mapping, DataFrame or path-like
        As for `forecast`.
    horizon : int
        As for `forecast`.

    Returns
    -------
    DataFrame
        Indexed by project, zone, resource and day (datetime64[us, UTC]), all Float64: allocated (missing on days
        without a snapshot and on those ahead), low_95, low_80, expected, high_80, high_95 (on those ahead: the ends of
        the intervals of 95 and 80 % and the median), limit. Groups that `forecast` refuses have no rows.

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
    for series, limit, ahead, _ in _known(history, limits, horizon):
        if ahead is not None:
            before = pd.DataFrame({"allocated": series.values})
            after = pd.DataFrame(dict(zip(_SHARES, ahead, strict=True)))
            table = pd.concat([before, after], ignore_index=True).assign(limit=limit)
            tables.append(labelled(table, series.key, series.first))
    return joined(tables, [*_LEVELS, "day"])[[*_SERIES_KINDS]].astype(_SERIES_KINDS)
