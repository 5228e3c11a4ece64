"""What only history can know of instances: since when they are stopped, churn, age at deletion, changes of flavor.

It is told from what two snapshots differ in, a project at a time. What appears and vanishes between two snapshots is in
none, and cannot be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from toastnb.capacity.selection import positions
from toastnb.capacity.times import in_days, moment
from toastnb.errors import InvalidInput
from toastnb.rules import NOT_ALLOCATED

if TYPE_CHECKING:
    from toastnb.history.store import History

TIME, TEXT, WHOLE, NUMBER = "datetime64[us, UTC]", "str", "Int64", "Float64"
_STOPPED = "STOP"
_PERIODS = {"month": "M", "week": "W", "day": "D"}
_ID = "instance_id"

_STOPS = {"project": TEXT, _ID: TEXT, "name": TEXT, "stopped_after": TIME, "stopped_by": TIME}
_CHURN = {
    **{"project": TEXT, "period": TEXT},
    **dict.fromkeys(("snapshots", "before", "created", "deleted", "renewed", "after"), WHOLE),
    **dict.fromkeys(("created_vcpus", "deleted_vcpus", "unknown"), WHOLE),
}
_LIVES = {
    **dict.fromkeys(("project", _ID, "name", "flavor_name"), TEXT),
    **dict.fromkeys(("created_at", "last_seen", "gone_by"), TIME),
    **dict.fromkeys(("at_least_days", "at_most_days"), NUMBER),
}
_MOVES = {
    **dict.fromkeys(("project", "from_flavor", "to_flavor"), TEXT),
    **{"instances": WHOLE, "vcpus": WHOLE, "ram_gb": NUMBER, "unknown": WHOLE, "first": TIME, "last": TIME},
}


class _Seen(NamedTuple):
    """A project's snapshots in order (their times), and which instances each has: by instance and `number`."""

    at: pd.Series
    rows: pd.DataFrame


def stopped_since(history: History, at: str | datetime | None = None) -> pd.DataFrame:
    """Return since when instances are stopped, as far as snapshots tell: after one moment, and by another.

    A run in STOP is broken by any other state in a snapshot between, and by a boot (launched_at) since the
    snapshot before. One whose state is not known in a snapshot is as if that snapshot did not have it.

    Parameters
    ----------
    at : str or datetime, optional
        As of when: snapshots after it are left out.

    Returns
    -------
    DataFrame
        A row an instance that is in STOP in the newest snapshot of its project: project, instance_id, name (str),
        stopped_after (datetime64[us, UTC]: the snapshot before the run in which it was there, not stopped or
        booted later; missing where there is none), stopped_by (the first snapshot of the unbroken run in STOP).

    Raises
    ------
    InvalidInput
        When `at` is no time.

    Examples
    --------
    >>> import toastnb as tn
    >>> for day in ("2026-11-01", "2026-11-02"):
    ...     snapshot = tn.history.record(toast.inventory(), "history", at=day, project="shop")
    >>> tn.history.open_store("history").stopped_since().stopped_by.dt.day.unique().tolist()
    [1]
    """
    known = history if at is None else history.between("0001-01-01", moment(at))
    return _of_each(known, _stops, _STOPS)


def churn(history: History, by: str = "month") -> pd.DataFrame:
    """Return how many instances came and went, by the snapshots that first have them, or no longer.

    What comes and goes between two snapshots is in none, and cannot be seen. One that a snapshot lacks and the
    next one has again went and came.

    Parameters
    ----------
    by : str
        month, week (from Monday) or day, in UTC.

    Returns
    -------
    DataFrame
        A row a project and period with a snapshot: project, period (str: 2026-11, or the first day, as
        2026-11-02), snapshots, before, created, deleted, renewed (of the deleted: those whose name a created one
        has), after (Int64: instances but those in DELETING; before + created - deleted = after), created_vcpus,
        deleted_vcpus (Int64), unknown (Int64: created and deleted ones whose vCPUs are not known). The first
        snapshot is where it begins: nothing in it is created.

    Raises
    ------
    InvalidInput
        When `by` is none of these.

    Examples
    --------
    >>> import toastnb as tn
    >>> snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-01", project="shop")
    >>> job = toast.delete_instance(toast.instances().instance_id.head(2), wait=True)
    >>> snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-02", project="shop")
    >>> tn.history.open_store("history").churn()[["period", "created", "deleted", "after"]].values.tolist()
    [['2026-11', 0, 2, 248]]
    """
    if by not in _PERIODS:
        raise InvalidInput(f"by is {by!r}", hint=f"It may be {', '.join(_PERIODS)}.")
    return _of_each(history, lambda mine: _churn(mine, _PERIODS[by]), _CHURN)


def lifetimes(history: History) -> pd.DataFrame:
    """Return how old instances were when they were deleted: at least and at most.

    Returns
    -------
    DataFrame
        A row an instance that the newest snapshot of its project lacks, or has in DELETING: project, instance_id,
        name, flavor_name (str), created_at, last_seen (the last snapshot that has it), gone_by (the next one; both
        datetime64[us, UTC]), at_least_days, at_most_days (Float64: from created_at; where that is not known from
        the first snapshot that has it, and at most from the one before; missing where there is none).

    Examples
    --------
    >>> import toastnb as tn
    >>> snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-02", project="shop")
    >>> job = toast.delete_instance(toast.instances().instance_id.head(2), wait=True)
    >>> snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-03", project="shop")
    >>> lives = tn.history.open_store("history").lifetimes()
    >>> (lives.at_most_days - lives.at_least_days).tolist()
    [1.0, 1.0]
    """
    return _of_each(history, _lifetimes, _LIVES)


def flavor_migrations(history: History) -> pd.DataFrame:
    """Return from which flavor to which instances went, from one snapshot to the next.

    Returns
    -------
    DataFrame
        A row a project and pair of flavors: project, from_flavor, to_flavor (str), instances (Int64; one that goes
        there twice is two), vcpus (Int64), ram_gb (Float64: what they have more than before, MB/1024), unknown
        (Int64: those that lack one of these figures), first, last (datetime64[us, UTC]: of the snapshots that
        first have the new flavor).

    Examples
    --------
    >>> import toastnb as tn
    >>> snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-01", project="shop")
    >>> len(tn.history.open_store("history").flavor_migrations())
    0
    """
    return _of_each(history, _migrations, _MOVES)


def _of_each(history: History, one: Callable[[History], pd.DataFrame], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return a table of all projects, of which one at a time is in memory."""
    parts = [pd.DataFrame(columns=list(dtypes)).astype(dtypes)]
    for project, found in zip(history.projects, history.of_each(one), strict=True):
        table = found.assign(project=project)
        parts.append(table[list(dtypes)].astype(dtypes))
    return pd.concat(parts, ignore_index=True)


def _seen(mine: History, columns: list[str]) -> _Seen:
    """Return what is known of a project's allocated instances; those without an id cannot be found again."""
    snapshots = mine.snapshots()
    rows = mine.table("instances_detail", [_ID, "status", *columns])
    rows["number"] = positions(rows["snapshot_id"], snapshots["snapshot_id"])
    rows = rows[rows[_ID].notna() & ~rows["status"].isin(NOT_ALLOCATED)]
    rows = rows.drop(columns=["snapshot_id", "project"]).drop_duplicates([_ID, "number"])
    return _Seen(snapshots["at"], rows.sort_values([_ID, "number"], ignore_index=True))


def _stops(mine: History) -> pd.DataFrame:
    seen = _seen(mine, ["name", "launched_at"])
    rows = seen.rows[seen.rows["status"].notna()]  # one whose state is not known tells nothing
    now = rows[(rows["number"] == len(seen.at) - 1) & (rows["status"] == _STOPPED)]
    rows = rows[rows[_ID].isin(now[_ID])]
    before = rows.groupby(_ID)[["status", "at", "launched_at"]].shift()
    booted = rows["launched_at"] > before["launched_at"].fillna(before["at"])
    runs = rows.assign(stopped_by=rows["at"], stopped_after=before["at"])
    last = runs[before["status"].ne(_STOPPED) | booted].drop_duplicates(_ID, keep="last")
    return last.drop(columns="name").merge(now[[_ID, "name"]], on=_ID)


def _churn(mine: History, period: str) -> pd.DataFrame:
    seen = _seen(mine, ["name", "vcpus"])
    spans = seen.at.dt.tz_localize(None).dt.to_period(period)
    labels = spans.dt.start_time.dt.strftime("%Y-%m" if period == "M" else "%Y-%m-%d")
    numbers = seen.rows["number"].groupby(seen.rows[_ID])
    comes = seen.rows["number"].gt(0) & numbers.shift().ne(seen.rows["number"] - 1)
    goes = seen.rows["number"].lt(len(seen.at) - 1) & numbers.shift(-1).ne(seen.rows["number"] + 1)
    created, deleted = seen.rows[comes], seen.rows[goes].assign(number=lambda rows: rows["number"] + 1)
    population = seen.rows["number"].value_counts().reindex(range(len(seen.at)), fill_value=0)
    table = pd.DataFrame({"snapshots": labels.groupby(labels).size()}).rename_axis("period")
    last = labels.drop_duplicates(keep="last").index
    table["after"] = population[last].to_numpy()
    table["before"] = population[[0, *last[:-1]]].to_numpy()
    for name, events in (("created", created), ("deleted", deleted)):
        events = events.assign(period=labels[events["number"]].to_numpy())
        groups = events.groupby("period")
        table[name] = groups.size().reindex(table.index, fill_value=0)
        table[f"{name}_vcpus"] = groups["vcpus"].sum(min_count=1).reindex(table.index, fill_value=0)
        table[f"{name}_unknown"] = (groups.size() - groups["vcpus"].count()).reindex(table.index, fill_value=0)
    table["unknown"] = table["created_unknown"] + table["deleted_unknown"]
    table["renewed"] = _renewed(created, deleted, labels).reindex(table.index, fill_value=0)
    return table.reset_index()


def _renewed(created: pd.DataFrame, deleted: pd.DataFrame, labels: pd.Series) -> pd.Series:
    """Return how many of the deleted have a name that a created one of the same period has."""
    came, went = (
        pd.DataFrame({"period": labels[rows["number"]].to_numpy(), "name": rows["name"]}).dropna()
        for rows in (created, deleted)
    )
    return went.merge(came.drop_duplicates()).groupby("period").size()


def _lifetimes(mine: History) -> pd.DataFrame:
    seen = _seen(mine, ["name", "flavor_name", "created_at"])
    first = seen.rows.drop_duplicates(_ID).set_index(_ID)["number"]
    last = seen.rows.drop_duplicates(_ID, keep="last")
    gone = last[last["number"] < len(seen.at) - 1]
    came = first.loc[gone[_ID]]
    gone = gone.assign(last_seen=gone["at"], gone_by=seen.at.loc[gone["number"] + 1].set_axis(gone.index))
    earliest, latest = (times.loc[came].set_axis(gone.index) for times in (seen.at.shift(), seen.at))
    gone["at_least_days"] = in_days(gone["last_seen"] - gone["created_at"].fillna(latest))
    gone["at_most_days"] = in_days(gone["gone_by"] - gone["created_at"].fillna(earliest))
    return gone


def _migrations(mine: History) -> pd.DataFrame:
    rows = _seen(mine, ["flavor_name", "vcpus", "ram_mb"]).rows
    rows = rows[rows["flavor_name"].notna()]
    before = rows.groupby(_ID)[["flavor_name", "vcpus", "ram_mb"]].shift()
    moved = before["flavor_name"].notna() & before["flavor_name"].ne(rows["flavor_name"])
    moves = pd.DataFrame(
        {
            "from_flavor": before["flavor_name"],
            "to_flavor": rows["flavor_name"],
            "vcpus": rows["vcpus"] - before["vcpus"],
            "ram_gb": (rows["ram_mb"] - before["ram_mb"]) / 1024,
            "at": rows["at"],
        }
    )[moved]
    moves["unknown"] = moves[["vcpus", "ram_gb"]].isna().any(axis=1).astype("Int64")
    groups = moves.groupby(["from_flavor", "to_flavor"])
    table = groups[["vcpus", "ram_gb"]].sum(min_count=1)
    table = table.assign(instances=groups.size(), unknown=groups["unknown"].sum())
    return table.assign(first=groups["at"].min(), last=groups["at"].max()).reset_index()
