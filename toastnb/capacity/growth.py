"""How fast what is allocated grows, with the steps that are no growth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from toastnb.capacity.daily import Daily, History, amounts_of, check_enough, daily
from toastnb.capacity.distributed import of_each
from toastnb.capacity.steps import may_have_season, shaped
from toastnb.capacity.together import with_total
from toastnb.capacity.trend import Fit, fitted, quantiles, surprise

MONTH = 30
INNER = (0.1, 0.9)
_KINDS = {
    "days": "Int64",
    "gaps": "Int64",
    "last": "datetime64[us, UTC]",
    **dict.fromkeys(["allocated", "level", "a_day", "a_day_low", "a_day_high"], "Float64"),
    **dict.fromkeys(["a_month", "a_month_low", "a_month_high", "weekly"], "Float64"),
    "steps": "Int64",
    "stepped": "Float64",
    "last_step_on": "datetime64[us, UTC]",
    "last_step": "Float64",
    "unknown": "Int64",
    "refused": "str",
}
_SERIES_KINDS = {"allocated": "Float64", "level": "Float64", "step": "Float64"}


def growth(history: History, by: str | Sequence[str] | None = None, total: bool = False) -> pd.DataFrame:
    """Tell how fast what is allocated grows, apart from steps such as a migration.

    Parameters
    ----------
    history : History or DataFrame
        As `tn.history.open_store` answers, or as its `amounts`; or a Dask frame, as ``table("instances_detail")`` of a
        history with ``engine="dask"``, where a snapshot without instances is not seen. Of a History it is remarked
        where the newest snapshot of a project is more than two days old; of a frame, column last tells.
    by : str or list of str, optional
        Columns to group by besides the project, as zone.
    total : bool
        Whether to tell of all projects together too, as the project ``Total``: the sum of their last snapshots of
        each day on which all that have begun have one. One that has had none for more than 7 days is not in it.

    Returns
    -------
    DataFrame
        Indexed by project, `by` and resource (instances, vcpus, ram_gb, disk_gb): days (Int64: with a snapshot), gaps
        (Int64: days without one), last (datetime64[us, UTC]: the newest day), allocated (on it), level (the same
        without noise and weekly season), a_day, a_day_low, a_day_high, a_month, a_month_low, a_month_high (growth a
        day and in 30 days, and the ends of its interval of 80 %), weekly (Float64: from the lowest to the highest day
        of the week; 0 where that may be chance, missing with less than three weeks of daily snapshots), steps (Int64:
        how many), stepped (Float64: their sum, which is not in the growth), last_step_on (datetime64[us, UTC]: the
        first day after it), last_step (Float64), unknown (Int64: the most instances of any day that lack a figure),
        refused (str: why nothing is told of this group).

    Raises
    ------
    InvalidInput
        When there are too few or too uneven snapshots in all groups, or `history` lacks a column.

    Examples
    --------
    >>> import numpy as np, pandas as pd, toastnb as tn
    >>> days = pd.date_range("2026-08-01", periods=60, tz="UTC")
    >>> vms = pd.Series(np.arange(60) // 2 + 100 + 40 * (days >= "2026-09-01"), dtype="Int64")
    >>> amounts = pd.DataFrame({"at": days, "project": "shop", "instances": vms, "vcpus": vms * 2})
    >>> amounts = amounts.assign(ram_gb=vms * 4.0, disk_gb=vms * 100, unknown=0)
    >>> row = tn.capacity.growth(amounts).loc["shop", "instances"]
    >>> round(row.a_month), row.last_step_on.date().isoformat(), round(row.last_step)
    (15, '2026-09-01', 40)
    """
    found, keys = _found(history, by, total)
    rows = of_each(history, _row, found)
    table = pd.DataFrame([row for _, row in rows], columns=list(_KINDS))
    table.index = pd.MultiIndex.from_tuples([key for key, _ in rows], names=[*keys, "resource"])
    return as_it_stands(table.astype(_KINDS))


def _found(history: History, by: str | Sequence[str] | None, total: bool) -> tuple[list[Daily], list[str]]:
    """Return the series of a history, of which one at least is enough, and their keys."""
    amounts, keys = amounts_of(history, by)
    found = daily(with_total(amounts) if total else amounts, keys)
    check_enough(found)
    return found, keys


def _row(series: Daily) -> tuple[tuple[Any, ...], dict[str, Any]]:
    row = {
        "days": series.known,
        "gaps": len(series.values) - series.known,
        "last": series.last,
        "allocated": series.values[-1],
        "unknown": series.unknown,
    }
    if series.lacking:
        return series.key, row | {"refused": series.lacking}
    fit = fit_of(series)
    means, errors = fit.growth
    ends = quantiles(fit.weights, means[:, None], errors[:, None], fit.freedom, [INNER[0], 0.5, INNER[1]])[:, 0]
    for name, value in zip(("low", "", "high"), ends, strict=True):
        label = f"_{name}" if name else ""
        row |= {f"a_day{label}": value, f"a_month{label}": value * MONTH}
    row["level"] = fit.level
    row["weekly"] = np.ptp(fit.season) if may_have_season(series.values) else np.nan
    row |= {"steps": len(fit.sizes), "stepped": fit.sizes.sum()}
    if len(fit.sizes):
        row |= {"last_step_on": _day(series, fit.model.steps[-1]), "last_step": fit.sizes[-1]}
    return series.key, row


def fit_of(series: Daily, horizon: int = 1) -> Fit:
    """Return the fit of a series that is long and even enough."""
    return fitted(shaped(series.values, series.first.weekday(), series.unit), horizon)


def _day(series: Daily, number: int) -> pd.Timestamp:
    return series.first + pd.Timedelta(days=number)


def growth_series(history: History, by: str | Sequence[str] | None = None, total: bool = False) -> pd.DataFrame:
    """Return the days that `growth` works on, with the level that it sees and the steps that it found.

    Parameters
    ----------
    history : History or DataFrame
        As for `growth`.
    by : str or list of str, optional
        As for `growth`.
    total : bool
        As for `growth`.

    Returns
    -------
    DataFrame
        Indexed by project, `by`, resource and day (datetime64[us, UTC]): allocated (missing on a day without a
        snapshot), level (without noise and weekly season), step (Float64: by how much the level stepped on this day;
        missing where it did not). Groups that `growth` refuses have no rows; ``attrs["refused"]`` counts them.

    Raises
    ------
    InvalidInput
        As `growth`.

    Examples
    --------
    >>> import numpy as np, pandas as pd, toastnb as tn
    >>> days = pd.date_range("2026-08-01", periods=60, tz="UTC")
    >>> vms = pd.Series(np.arange(60) // 2 + 100 + 40 * (days >= "2026-09-01"), dtype="Int64")
    >>> amounts = pd.DataFrame({"at": days, "project": "shop", "instances": vms, "vcpus": vms * 2})
    >>> amounts = amounts.assign(ram_gb=vms * 4.0, disk_gb=vms * 100, unknown=0)
    >>> series = tn.capacity.growth_series(amounts).loc["shop"].xs("vcpus")
    >>> series.step.dropna().round().to_dict()
    {Timestamp('2026-09-01 00:00:00+0000', tz='UTC'): 80.0}
    """
    found, keys = _found(history, by, total)
    tables = of_each(history, _series, [series for series in found if not series.lacking])
    table = joined(tables, [*keys, "resource", "day"]).reindex(columns=[*_SERIES_KINDS]).astype(_SERIES_KINDS)
    table.attrs["refused"] = len({series.key[:-1] for series in found if series.lacking})
    return table


def _series(series: Daily) -> pd.DataFrame:
    fit = fit_of(series)
    level, _ = surprise(fit.model)
    step = np.full(len(level), np.nan)
    step[list(fit.model.steps)] = fit.sizes
    table = pd.DataFrame({"allocated": series.values, "level": level, "step": step})
    return labelled(table, series.key, series.first)


def labelled(table: pd.DataFrame, key: tuple[Any, ...], first: pd.Timestamp) -> pd.DataFrame:
    """Return days from a first one on, labelled with their group."""
    days = pd.date_range(first, periods=len(table), freq="D", unit="us")
    levels = [pd.Index([part] * len(table)) for part in key]
    return table.set_axis(pd.MultiIndex.from_arrays([*levels, days]))


def joined(tables: list[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    """Return labelled days of several groups, one below the other."""
    nothing = pd.DataFrame(index=pd.MultiIndex.from_arrays([[]] * len(names)))
    return as_it_stands((pd.concat(tables) if tables else nothing).rename_axis(names))


def as_it_stands(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose order is that of its index too, or pandas warns of a slow look-up at ``loc[project, ...]``.

    Days are in the order of time in any case.
    """
    index = table.index
    parts = [pd.factorize(index.get_level_values(n), sort=name == "day") for n, name in enumerate(index.names)]
    codes, levels = [part[0] for part in parts], [part[1] for part in parts]
    return table.set_axis(pd.MultiIndex(levels=levels, codes=codes, names=index.names))  # type: ignore[arg-type] # stubs
