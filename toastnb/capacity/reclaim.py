"""What instances hold that nobody runs, for how long, and how the vendor bills them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from toastnb.capacity.distributed import is_distributed, meta_of, of_partitions
from toastnb.capacity.selection import Status, require_columns, with_status
from toastnb.capacity.times import in_days, moment
from toastnb.errors import InvalidInput
from toastnb.inventory import PROJECT

# The vendor's rule: a stopped instance is billed in part for its first days, and in full after them.
REDUCED_DAYS = 90
REDUCED_RATE = 0.1
REDUCED, OPEN, FULL = "reduced", "reduced or full", "full"
TIMES = ["launched_at", "created_at", "updated_at"]
FROM_HISTORY, FROM_TIMES = "history", "updated_at, launched_at"

_FIGURES = ["vcpus", "ram_mb", "root_gb", "attached_gb", "disk_gb"]
_COLUMNS = ["instance_id", "name", "status", "zone", "flavor_name", *_FIGURES]
_STOPPED = "STOP"
_TIMES_HINT = "Read the frame with toastnb, or make the column with pd.to_datetime(..., utc=True)."


class StopHistory(Protocol):
    """What knows since when instances are stopped, as `history.History` does."""

    def stopped_since(self, at: str | datetime | None = None) -> pd.DataFrame:
        """Return a row an instance in STOP as of then: project, instance_id, stopped_after, stopped_by."""


def reclaimable(
    df: pd.DataFrame,
    at: str | datetime | None = None,
    status: Status = ("STOP", "ERROR"),
    history: StopHistory | None = None,
) -> pd.DataFrame:
    """List what instances in STOP or ERROR have allocated, how long they have been so, and how they are billed.

    The service does not tell since when an instance is stopped, only two times that bound it. Nothing has changed
    since `updated_at`, so it has been in its state at least since then. It was booted at `launched_at` (made at
    `created_at`, where it never booted), so it has been in its state at most since then. A stopped instance is billed
    at 10 % for its first 90 stopped days and in full after them, any other in full. GPU instances are billed in full
    at once, but the service does not tell which they are.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers. Of a Dask frame the rows that are listed are brought here, no others; it
        does not say when it was fetched.
    at : str or datetime, optional
        The moment to count from, ISO 8601, UTC where it has no zone; by default when `df` was fetched.
    status : str or list of str
        The states to list, as in `totals`.
    history : History, optional
        As `history.open_store` answers: its snapshots bound the stopped time too, and the closest bounds count. Of
        several projects it is that of the column project of `df`. Without that column ids should be of one project
        each, which those of sandboxes are not: give ``history.of(project)`` then.

    Returns
    -------
    DataFrame
        A row an instance, the longest first: project where `df` has it, instance_id, name, status, zone, flavor_name
        (str), vcpus (Int64), ram_gb (Float64), root_gb, attached_gb, disk_gb (Int64), unchanged_days (Float64: at
        least so long), at_most_days (Float64), billing (str: "reduced", "full", or "reduced or full" where the bounds
        leave it open), full_by (datetime64[us, UTC]: when a stopped instance is billed in full at the latest), unknown
        (Int64: 1 where one of the amounts is missing). With a history also evidence (str: "history" where a bound is
        from it, else "updated_at, launched_at").

    Raises
    ------
    InvalidInput
        When `df` lacks a column, `status` is not known, or no moment is given and `df` has none.

    Examples
    --------
    >>> import toastnb as tn
    >>> stopped = tn.capacity.reclaimable(toast.instances_detail(), at="2026-11-01")
    >>> stopped.groupby("status").disk_gb.sum().to_dict()
    {'ERROR': 320, 'STOP': 3320}
    """
    require_columns(meta_of(df), [*_COLUMNS, *TIMES], "df")
    when = moment_of(df, at)
    if is_distributed(df) and history is not None:
        history = _Known(history.stopped_since(when))  # asked once, not by each partition
    work = partial(_listed, when=when, status=status, history=history)
    table = of_partitions(work, _stacked, df, columns=[[*_COLUMNS, *TIMES, PROJECT]])
    table.attrs = dict(getattr(df, "attrs", {}))
    return table


class _Known(NamedTuple):
    """What a history said."""

    stops: pd.DataFrame

    def stopped_since(self, at: str | datetime | None = None) -> pd.DataFrame:
        """Return it again."""
        return self.stops


def _listed(df: pd.DataFrame, when: pd.Timestamp, status: Status, history: StopHistory | None) -> pd.DataFrame:
    counted = with_status(df[[*_COLUMNS, *TIMES, *of_project(df)]], status)
    since = stop_times(counted, when, history)
    days = days_of(since, when)
    table = counted[[*of_project(df), *_COLUMNS]].astype(dict.fromkeys(_FIGURES, "Int64"))
    lacks_one = table[_FIGURES].isna().any(axis=1)
    table = table.assign(ram_mb=table["ram_mb"].astype("Float64") / 1024).rename(columns={"ram_mb": "ram_gb"})
    full, reduced = billed_in_full(counted, days)
    table = table.assign(unchanged_days=days["unchanged_days"], at_most_days=days["at_most_days"])
    table["billing"] = pd.Series(np.select([full, reduced], [FULL, REDUCED], OPEN), index=table.index, dtype="str")
    full_by = since["stopped_by"] + pd.Timedelta(days=REDUCED_DAYS)
    table["full_by"] = full_by.where(counted["status"].isin([_STOPPED]))
    table["unknown"] = lacks_one.astype("Int64")
    if history is not None:
        table["evidence"] = since["evidence"]
    return _in_order(table)


def _stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return _in_order(pd.concat(parts))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("unchanged_days", ascending=False, na_position="last", kind="stable", ignore_index=True)


def moment_of(df: pd.DataFrame, at: str | datetime | None) -> pd.Timestamp:
    """Return the moment to count to, in UTC: the one that is given, or when the frame was fetched.

    Raises
    ------
    InvalidInput
        When there is none, or it is no time.
    """
    value = getattr(df, "attrs", {}).get("fetched_at") if at is None else at
    if value is None:
        raise InvalidInput("at is missing: df does not say when it was fetched", hint='Give at="2026-11-01T09:00:00Z".')
    return moment(value)


def stop_times(df: pd.DataFrame, at: pd.Timestamp, history: StopHistory | None = None) -> pd.DataFrame:
    """Return between which moments instances came to their states: stopped_after, stopped_by, and evidence (str).

    A history bounds those in STOP. What it says holds unless the instance booted since; `updated_at` does not where
    the history has seen it running later.
    """
    for name in TIMES:
        if not isinstance(df[name].dtype, pd.DatetimeTZDtype):
            raise InvalidInput(f"{name} is {df[name].dtype}, but must be times with a zone", hint=_TIMES_HINT)
    after, by = df["launched_at"].fillna(df["created_at"]), df["updated_at"]
    table = pd.DataFrame({"stopped_after": after, "stopped_by": by, "evidence": FROM_TIMES}, index=df.index)
    if history is None:
        return table.astype({"evidence": "str"})
    require_columns(df, ["instance_id"], "df")
    seen_after, seen_by = _seen(df, history.stopped_since(at))
    seen_by = seen_by.mask(df["launched_at"] > seen_by)
    by = by.mask(by < seen_after)
    later = (seen_after > after) | (seen_after.notna() & after.isna())
    earlier = (seen_by < by) | (seen_by.notna() & by.isna())
    table["stopped_after"], table["stopped_by"] = after.mask(later, seen_after), by.mask(earlier, seen_by)
    table["evidence"] = table["evidence"].mask(later | earlier, FROM_HISTORY)
    return table.astype({"evidence": "str"})


def _seen(df: pd.DataFrame, stops: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return between which moments a history has seen instances stop, missing for those that are not in STOP."""
    ids = df["instance_id"].astype("str").where(df["status"].isin([_STOPPED]))
    keys = [*of_project(df), "instance_id"] if PROJECT in stops else ["instance_id"]
    groups = stops.groupby(keys)  # an id that several projects have: what holds in each of them
    known = groups.agg({"stopped_after": "min", "stopped_by": "max"})
    known["stopped_after"] = known["stopped_after"].where(groups["stopped_after"].count() == groups.size())
    found = df[keys].assign(instance_id=ids).merge(known, how="left", on=keys).set_axis(df.index)
    return found["stopped_after"], found["stopped_by"]


def of_project(df: pd.DataFrame) -> list[str]:
    """Return the column that tells of which project a row is, where there is one."""
    return [PROJECT] if PROJECT in df else []


def days_of(since: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return how long instances have been in their states: unchanged_days at least, at_most_days at most (Float64).

    A time after `at`, by a clock that is ahead, counts as 0 days.
    """
    bounds = {"unchanged_days": since["stopped_by"], "at_most_days": since["stopped_after"]}
    return pd.DataFrame({name: in_days(at - times) for name, times in bounds.items()}, index=since.index)


def billed_in_full(df: pd.DataFrame, days: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return which instances are billed in full, and which certainly are not (bool), by the bounds of `days_of`.

    The rule is for stopped instances; all others are billed in full. One whose state is not known may be stopped.
    """
    stopped = df["status"].isin([_STOPPED])
    full = ~(stopped | df["status"].isna()) | _is(days["unchanged_days"].ge(REDUCED_DAYS))
    return full, stopped & ~full & _is(days["at_most_days"].lt(REDUCED_DAYS))


def _is(condition: pd.Series) -> pd.Series:
    """Return a condition without the missing: what is not known does not hold."""
    return condition.fillna(False).astype("bool")
