"""From the amounts of snapshots to a value a day, and whether these are enough to tell growth by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from toastnb.capacity.distributed import is_distributed
from toastnb.capacity.selection import TOTAL, as_keys, require_columns
from toastnb.capacity.sums import totals
from toastnb.capacity.trend import Floats
from toastnb.errors import InvalidInput
from toastnb.plain import many
from toastnb.remarks import remark

GROWING = ["instances", "vcpus", "ram_gb", "disk_gb"]
LEAST_DAYS = 14
LEAST_SPAN = 21
_MOST_GAP = 1 / 3
_OLD = pd.Timedelta(days=2)
_TOGETHER = pd.Timedelta(minutes=1)
_NAMED = 5
_HINT = "Give tn.history.open_store(...), or what its amounts() answers."


class HasAmounts(Protocol):
    """What a History has that is needed here."""

    @property
    def engine(self) -> str:
        """Return what works on it, pandas or dask."""

    def snapshots(self) -> pd.DataFrame:
        """Return its snapshots."""

    def zones(self) -> list[str]:
        """Return the zones that its newest snapshots know."""

    def amounts(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return what each snapshot had allocated."""


History = HasAmounts | pd.DataFrame


@dataclass(frozen=True)
class Daily:
    """One resource of one group: a value a day, NaN where there was no snapshot; or why there are too few."""

    key: tuple[Any, ...]
    first: pd.Timestamp
    values: Floats
    unit: float
    unknown: int

    @property
    def known(self) -> int:
        """On how many days there is a value."""
        return int(np.isfinite(self.values).sum())

    @property
    def last(self) -> pd.Timestamp:
        """The last day."""
        return self.first + pd.Timedelta(days=len(self.values) - 1)

    @property
    def lacking(self) -> str:
        """Why growth cannot be told from it; empty when it can."""
        span = len(self.values)
        if self.known < LEAST_DAYS or span < LEAST_SPAN:
            return f"{_of(self.known, LEAST_DAYS)} with a snapshot, within {_of(span, LEAST_SPAN)}"
        ends = np.concatenate([[-1], np.flatnonzero(np.isfinite(self.values)), [span]])
        gap = int(np.diff(ends).max()) - 1
        if gap > span * _MOST_GAP:
            return f"{gap} of {span} days in one gap, without a snapshot or with a figure that is not known"
        return ""


def _of(count: int, needed: int) -> str:
    return many(count, "day") if count >= needed else f"{count} of the {needed} days needed"


def amounts_of(history: History, by: str | Sequence[str] | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the amounts of a history, and the columns that they are to be grouped by, the project first.

    Raises
    ------
    InvalidInput
        When it is neither a History nor such a frame, lacks a column, or has several projects under one name.
    """
    keys = [] if by is None else as_keys(by)
    is_given = isinstance(history, pd.DataFrame)
    if is_distributed(history):
        history = totals(history, by=["at", "project", *keys], total=False).reset_index()  # type: ignore[arg-type]
    elif not isinstance(history, pd.DataFrame):
        if not hasattr(history, "amounts"):
            raise InvalidInput(f"history is {type(history).__name__}, but must be a History", hint=_HINT)
        _remark_if_old(history.snapshots())
        history = history.amounts(by=keys)
    require_columns(history, ["at", "project", *keys, *GROWING, "unknown"], "history")
    if not isinstance(history["at"].dtype, pd.DatetimeTZDtype):
        raise InvalidInput(f"history has at of {history['at'].dtype}, but it must be times in UTC", hint=_HINT)
    if is_given:
        _check_projects(history)
    return history, ["project", *keys]


def _remark_if_old(snapshots: pd.DataFrame) -> None:
    """Tell of projects of which nothing is known of late: what is ahead of them is counted from then."""
    newest, now = snapshots.groupby("project")["at"].max(), pd.Timestamp.now("UTC")
    old = newest[newest < now - _OLD]
    told = [f"{project} {many((now - at).days, 'day')} ({at:%Y-%m-%d})" for project, at in old.head(_NAMED).items()]
    more = f" and of {many(len(old) - _NAMED, 'other')}" if len(old) > _NAMED else ""
    if told:
        said = f"The newest snapshot is old: that of {', of '.join(told)}{more}"
        remark(f"{said}. All is told as of that day, and days ahead of it may be past", stacklevel=5)


def _check_projects(amounts: pd.DataFrame) -> None:
    """Refuse snapshots of one project that are seconds apart day after day: of these only the last would count."""
    moments = amounts[["project", "at"]].drop_duplicates().sort_values(["project", "at"])
    is_close = moments.groupby("project")["at"].diff() < _TOGETHER
    days = is_close.groupby([moments["project"], moments["at"].dt.floor("D")]).any()
    found = days.groupby(level="project").agg(["mean", "size"])
    wrong = found.index[(found["mean"] > 0.5) & (found["size"] >= LEAST_DAYS)]
    if len(wrong):
        said = f"history has snapshots of project {wrong[0]} that are seconds apart on most days, as if of several"
        raise InvalidInput(said, hint="Leave each project its name; total=True tells of all of them together.")


def daily(amounts: pd.DataFrame, keys: list[str]) -> list[Daily]:
    """Return a series each group and resource: the last snapshot of each day in UTC; all projects together come last.

    A group begins with the first snapshot that has it. In those after that have none of it, it is 0.
    """
    projects = sorted(amounts.groupby("project"), key=lambda one: (one[0] == TOTAL, one[0]))
    return [series for _, mine in projects for series in _of_project(mine, keys)]


def check_enough(found: Sequence[Daily]) -> None:
    """Check that growth can be told of any series.

    Raises
    ------
    InvalidInput
        When none is long and even enough.
    """
    if not all(series.lacking for series in found):
        return
    best = max(found, key=lambda series: series.known, default=None)
    there = best.lacking if best else "no snapshot"
    needed = f"at least {LEAST_DAYS} days with a snapshot within {LEAST_SPAN} days or more"
    hint = f"Needed are {needed}, and no gap longer than a third of the time. Record a snapshot every day."
    raise InvalidInput(f"the history is too short or too uneven to tell growth: {there}", hint=hint)


def _of_project(amounts: pd.DataFrame, keys: list[str]) -> Iterator[Daily]:
    figures = [*GROWING, "unknown"]
    sums = amounts.groupby(["at", *keys], dropna=False, sort=True)[figures].sum(min_count=1).reset_index()
    sums["day"] = sums["at"].dt.floor("D")
    newest = sums.groupby("day")["at"].transform("max")
    days = sums[sums["at"] == newest]
    seen = pd.DatetimeIndex(days["day"].unique())
    groups = days[~_is_nothing(days, keys)].groupby(keys, dropna=False, sort=True)
    for key, rows in groups:
        by_day = rows.set_index("day")[figures].astype("Float64")
        since = seen[seen >= by_day.index.min()]
        counted = by_day.reindex(since)
        counted.loc[~since.isin(by_day.index)] = 0.0
        every = pd.date_range(since.min(), seen.max(), freq="D")
        instances = counted["instances"].iloc[-1]
        for resource in GROWING:
            values = counted[resource].reindex(every).to_numpy(dtype="float64", na_value=np.nan)
            unit = counted[resource].iloc[-1] / instances if instances else 1.0
            yield Daily(
                (*key, resource),
                every[0],
                values,
                1.0 if pd.isna(unit) else max(1.0, float(unit)),
                int(counted["unknown"].max()),
            )


def _is_nothing(sums: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Tell which rows are those of a snapshot without instances: a day of every group, and no group of its own."""
    parts = keys[1:]
    return sums["instances"].eq(0) & sums[parts].isna().all(axis=1) if parts else pd.Series(False, index=sums.index)
