"""A store that is open for reading: what it knew at each moment, and how that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, Self, TypeVar, overload

import pandas as pd
import pyarrow.compute as pc

from toastnb.capacity.times import last_moment, moment
from toastnb.errors import InvalidInput, NotFound
from toastnb.history import layout, lives, sql
from toastnb.history.amounts import amounts_of, checked_keys
from toastnb.history.places import Place, Store, address_of
from toastnb.history.reading import columns_of, frame_of, inventories_of, rows_of, snapshots_of
from toastnb.inventory import Inventory
from toastnb.plain import many

if TYPE_CHECKING:
    from toastnb.history.dask_store import DaskHistory

T = TypeVar("T")
_PUBLIC = ["snapshot_id", "project", "at", "source", "instances"]


class History:
    """The snapshots that a store had when it was opened, or some of them.

    Made by `open_store`; it reads what it is asked for, and nothing before.

    Parameters
    ----------
    place : Place
        Where the store is.
    chosen : DataFrame
        Its table of snapshots, or some rows of it.
    """

    engine = "pandas"

    def __init__(self, place: Place, chosen: pd.DataFrame) -> None:
        self._place = place
        self._chosen = chosen

    def __repr__(self) -> str:
        count = len(self._chosen)
        if not count:
            return f"<History {self._place.name}: empty>"
        span = f"{self._chosen['at'].min():%Y-%m-%d %H:%M} to {self._chosen['at'].max():%Y-%m-%d %H:%M}"
        kept = f"{many(count, 'snapshot')} of {many(len(self.projects), 'project')}"
        return f"<History {self._place.name}: {kept}, {span} UTC>"

    def __len__(self) -> int:
        return len(self._chosen)

    @property
    def projects(self) -> list[str]:
        """The names of the projects, sorted."""
        return sorted(self._chosen["project"].unique())

    def snapshots(self) -> pd.DataFrame:
        """Return the snapshots, by time and project.

        Returns
        -------
        DataFrame
            A row a snapshot: snapshot_id, project (str), at (datetime64[us, UTC]), source (str), instances (Int64).

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> tn.history.open_store("history").snapshots().columns.tolist()
        ['snapshot_id', 'project', 'at', 'source', 'instances']
        """
        instances = layout.rows_in(self._chosen, "instances_detail").astype("Int64")
        return self._chosen.assign(instances=instances)[_PUBLIC].reset_index(drop=True)

    def of(self, *projects: str) -> Self:
        """Return the history of some projects.

        Parameters
        ----------
        *projects : str
            Their names, as `projects` has them.

        Raises
        ------
        InvalidInput
            When the store has no such project.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> tn.history.open_store("history").of("shop").projects
        ['shop']
        """
        for project in projects:
            if not isinstance(project, str):
                said = f"a project is {type(project).__name__}, but must be a name"
                raise InvalidInput(said, hint="Give them one by one, as history.of('shop', 'dev').")
        unknown = sorted(set(projects) - set(self.projects))
        if unknown:
            there = ", ".join(self.projects[:20]) or "none"
            raise InvalidInput(f"the history has no project {unknown[0]!r}", hint=f"There are: {there}.")
        return type(self)(self._place, self._chosen[self._chosen["project"].isin(projects)])

    def between(self, first: str | date, last: str | date) -> Self:
        """Return the history from one moment to another, both included.

        Parameters
        ----------
        first, last : str, datetime or date
            ISO 8601, UTC where they have no zone; dates are whole days.

        Raises
        ------
        InvalidInput
            When one is no time, or the last is before the first.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> len(tn.history.open_store("history").between("2020-01-01", "2020-12-31"))
        0
        """
        begin, end = moment(first, "first"), last_moment(last, "last")
        if end < begin:
            raise InvalidInput(f"last is {end}, before first, {begin}", hint="Give the earlier moment first.")
        at = self._chosen["at"]
        return type(self)(self._place, self._chosen[(at >= begin) & (at <= end)])

    def at(self, when: str | date, project: str = "") -> Inventory:
        """Return a project as it was last known at a moment.

        Parameters
        ----------
        when : str, datetime or date
            ISO 8601, UTC where it has no zone; a date is its first moment.
        project : str
            Which; it may be left out where the history has one only.

        Returns
        -------
        Inventory
            Of the newest snapshot at that moment or before it.

        Raises
        ------
        NotFound
            When there is none so early.
        InvalidInput
            When the history has several projects and none is named.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-01", project="shop")
        >>> len(tn.history.open_store("history").at("2026-11-07").instances_detail)
        250
        """
        earlier = self._one_project(project)._until(moment(when, "when"))
        return inventories_of(self._place, earlier.iloc[[-1]])[0]

    def newest(self, project: str = "") -> Inventory:
        """Return a project as it was last recorded.

        Parameters
        ----------
        project : str
            Which; it may be left out where the history has one only.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> tn.history.open_store("history").newest().source
        'sandbox at 127.0.0.1:...'
        """
        mine = self._one_project(project)
        if not len(mine):
            raise NotFound("the history is empty", hint="Record an inventory first: tn.history.record.")
        return inventories_of(self._place, mine._chosen.iloc[[-1]])[0]

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table of all snapshots, one below the other.

        Parameters
        ----------
        name : str
            A table of the column dictionary, as "instances_detail".
        columns : list of str, optional
            Which of its columns to read; all by default.

        Returns
        -------
        DataFrame
            snapshot_id, project (str), at (datetime64[us, UTC]), then the table's columns; by time and project.

        Raises
        ------
        InvalidInput
            When there is no such table or column.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> tn.history.open_store("history").table("instances_detail", ["vcpus"]).columns.tolist()
        ['snapshot_id', 'project', 'at', 'vcpus']
        """
        return frame_of(self._place, name, self._chosen, columns_of(name, columns))

    def timeline(self, instance_id: str) -> pd.DataFrame:
        """Return all that is known of one instance, snapshot by snapshot.

        Parameters
        ----------
        instance_id : str
            Its id.

        Returns
        -------
        DataFrame
            As `table` of "instances_detail"; a row each snapshot that has it, by time.

        Raises
        ------
        NotFound
            When no snapshot has it.
        InvalidInput
            When it is not one id.

        Examples
        --------
        >>> import toastnb as tn
        >>> inventory = toast.inventory()
        >>> snapshot = tn.history.record(inventory, "history", project="shop")
        >>> one = inventory.instances_detail.query("status == 'ACTIVE'").instance_id.iloc[0]
        >>> tn.history.open_store("history").timeline(one).status.tolist()
        ['ACTIVE']
        """
        if not isinstance(instance_id, str):
            said = f"instance_id is {type(instance_id).__name__}, but must be one id"
            raise InvalidInput(said, hint="Ask for one instance at a time; table('instances_detail') has them all.")
        where = pc.field("instance_id") == instance_id
        there = rows_of(self._place, "instances_detail", self._chosen, ["snapshot_id"], where)["snapshot_id"]
        mine = self._chosen[self._chosen["snapshot_id"].isin(there.to_pylist())]  # whose rows alone are read whole
        rows = frame_of(self._place, "instances_detail", mine, columns_of("instances_detail"), where)
        if rows.empty:
            raise NotFound(f"no snapshot has an instance {instance_id}", hint="Look for its id in table('instances').")
        return rows

    def amounts(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return what each snapshot had allocated, as `capacity.totals` counts it.

        It is summed file by file: the instances of all snapshots are never in memory together.

        Parameters
        ----------
        by : str or list of str, optional
            Columns of instances_detail to group by, and ``"family"``.

        Returns
        -------
        DataFrame
            A row a snapshot, or a snapshot and group that has instances in it, by time and project: at
            (datetime64[us, UTC]), project (str), the columns of `by`, instances, vcpus (Int64), ram_gb (Float64),
            disk_gb (Int64), unknown (Int64: instances that lack a figure). A snapshot without instances is one row
            of zeros, its groups are missing.

        Raises
        ------
        InvalidInput
            When `by` names no such column.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> tn.history.open_store("history").amounts(by="zone")[["zone", "instances", "vcpus"]].values.tolist()
        [['kr-pub-a', 179, 660], ['kr-pub-b', 71, 225]]
        """
        return amounts_of(self._place, self._chosen, checked_keys(by))

    def zones(self) -> list[str]:
        """Return the zones that the newest snapshot of any project knows, in use or not, sorted.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> tn.history.open_store("history").zones()
        ['kr-pub-a', 'kr-pub-b', 'kr-pub-c']
        """
        newest = self._chosen.drop_duplicates("project", keep="last")
        return sorted(set(frame_of(self._place, "availability_zones", newest, ["zone"])["zone"].dropna()))

    stopped_since, churn = lives.stopped_since, lives.churn
    lifetimes, flavor_migrations = lives.lifetimes, lives.flavor_migrations
    sql = sql.sql

    def of_each(self, work: Callable[[History], T]) -> Iterator[T]:
        """Yield what a function says of the history of each project, one at a time."""
        for project in self.projects:
            yield work(self.of(project))

    def _until(self, when: pd.Timestamp) -> pd.DataFrame:
        """Return the snapshots at a moment or before it, of which there must be one."""
        earlier = self._chosen[self._chosen["at"] <= when]
        if earlier.empty:
            first = f"The first is of {self._chosen['at'].min()}." if len(self) else "It is empty."
            raise NotFound(f"the history has no snapshot at {when} or before", hint=first)
        return earlier

    def _one_project(self, project: str) -> Self:
        if project:
            return self.of(project)
        if len(self.projects) > 1:
            there = ", ".join(self.projects[:20])
            raise InvalidInput(f"the history has {len(self.projects)} projects", hint=f"Name one of: {there}.")
        return self


@overload
def open_store(store: Store, *, engine: Literal["pandas"] = "pandas") -> History: ...


@overload
def open_store(store: Store, *, engine: Literal["dask"]) -> DaskHistory: ...


def open_store(store: Store, *, engine: str = "pandas") -> History:
    """Open a store for reading.

    Parameters
    ----------
    store : str or path-like
        The folder or URL that `record` was given.
    engine : str
        "pandas", or "dask": its tables are Dask frames then, and it is worked on wherever Dask's scheduler is (see
        `DaskHistory`). Workers have to reach the store, and need toastnb too.

    Returns
    -------
    History
        The snapshots that are there now; those recorded later need it opened again.

    Raises
    ------
    NotFound
        When there is no store, or nothing was recorded yet.
    InvalidInput
        When it is damaged, or of a newer version, or the engine is none of these.
    MissingExtra
        When Dask is asked for and not installed.

    Examples
    --------
    >>> import toastnb as tn
    >>> snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-01", project="shop")
    >>> tn.history.open_store("history")
    <History history: 1 snapshot of 1 project, 2026-11-01 00:00 to 2026-11-01 00:00 UTC>
    """
    store = address_of(store)
    if engine not in ("pandas", "dask"):
        raise InvalidInput(f"engine is {engine!r}, but must be pandas or dask")
    kind = History
    if engine == "dask":
        from toastnb.history.dask_store import DaskHistory  # Dask is imported where it is asked for

        kind = DaskHistory
    place = Place(store)
    chosen = snapshots_of(place, stacklevel=2)
    if chosen.empty:
        raise NotFound(
            f"there is no history in {place.name}", hint="Record one there: tn.history.record, or toastnb snapshot."
        )
    return kind(place, chosen)
