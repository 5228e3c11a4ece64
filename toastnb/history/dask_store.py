"""A store that is open for reading past one machine: its tables are Dask frames, its sums are made by Dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pandas as pd
import pyarrow as pa

from toastnb.capacity.distributed import on_workers
from toastnb.capacity.times import moment
from toastnb.errors import NotFound
from toastnb.history import distributed
from toastnb.history.amounts import checked_keys, series_of, sums_of
from toastnb.history.moments import Moment
from toastnb.history.places import Place
from toastnb.history.reading import TOLD, columns_of
from toastnb.history.store import History

if TYPE_CHECKING:
    import dask.dataframe as dd

T = TypeVar("T")


class DaskHistory(History):
    """A `History` whose tables are Dask frames; what it counts is counted by Dask's scheduler.

    Made by ``open_store(store, engine="dask")``. What is small is the same as in `History`: snapshots, timeline.
    """

    engine = "dask"

    def table(self, name: str, columns: Sequence[str] | None = None) -> dd.DataFrame:
        """Return a table of all snapshots as a Dask frame; each partition is some snapshots.

        Parameters
        ----------
        name : str
            As in `History.table`.
        columns : list of str, optional
            As in `History.table`.

        Returns
        -------
        dask.dataframe.DataFrame
            snapshot_id, project, at, then the table's columns, with the dtypes of `History.table`; snapshot by snapshot
            as the store has them. Only what is used of it is read.

        Raises
        ------
        InvalidInput
            When there is no such table or column.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> rows = tn.history.open_store("history", engine="dask").table("instances_detail", ["vcpus"])
        >>> int(rows.vcpus.sum().compute())
        885
        """
        wanted = [*TOLD, *columns_of(name, columns)]
        return distributed.frame(self._place, name, self._as_stored(), wanted)

    def at(self, when: str | date, project: str = "") -> Moment:  # type: ignore[override]
        """Return all projects as they were last known at a moment.

        Parameters
        ----------
        when : str, datetime or date
            ISO 8601, UTC where it has no zone; a date is its first moment.
        project : str
            Only this one.

        Returns
        -------
        Moment
            Of the newest snapshot of each project at that moment or before it; a project that has none is not there.

        Raises
        ------
        NotFound
            When no project has one so early.

        Examples
        --------
        >>> import toastnb as tn
        >>> for name in ("dev", "shop"):
        ...     snapshot = tn.history.record(toast.inventory(), "history", at="2026-11-01", project=name)
        >>> then = tn.history.open_store("history", engine="dask").at("2026-11-07")
        >>> int(tn.capacity.totals(then.instances_detail).instances["Total"])
        500
        """
        until = moment(when, "when")
        mine = self.of(project) if project else self
        newest = mine._until(until).drop_duplicates("project", keep="last")
        return Moment(self._place, newest, until.isoformat())

    def newest(self, project: str = "") -> Moment:  # type: ignore[override]
        """Return all projects as they were last recorded, or one.

        Parameters
        ----------
        project : str
            Only this one.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> tn.history.open_store("history", engine="dask").newest().projects
        ['shop']
        """
        mine = self.of(project) if project else self
        if not len(mine):
            raise NotFound("the history is empty", hint="Record an inventory first: tn.history.record.")
        return mine.at(mine._chosen["at"].max())

    def amounts(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return the frame of `History.amounts`, with the sums made by Dask.

        Parameters
        ----------
        by : str or list of str, optional
            As in `History.amounts`.

        Examples
        --------
        >>> import toastnb as tn
        >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
        >>> tn.history.open_store("history", engine="dask").amounts().vcpus.tolist()
        [885]
        """
        keys = checked_keys(by)
        sums = partial(_sums, address=self._place.address, keys=keys)
        found = on_workers(sums, distributed.shares(self._as_stored()))
        return series_of(self._chosen, keys, [_aligned(one) for one in found])

    def of_each(self, work: Callable[[History], T]) -> Iterator[T]:
        """Yield what a function says of the history of each project, in pandas on some worker."""
        mine = [self.of(project)._chosen for project in self.projects]
        yield from on_workers(partial(_of_one, address=self._place.address, work=work), mine)

    def _as_stored(self) -> pd.DataFrame:
        """Return the snapshots in the order in which their rows lie in the files."""
        return self._chosen.sort_values(["part", "project", "at"])


def _sums(chosen: pd.DataFrame, address: str, keys: list[str]) -> pa.Table:
    return sums_of(Place(address), chosen, keys)


def _aligned(sums: pa.Table) -> pa.Table:
    """Return a table whose buffers begin where Arrow wants them: those that came by pickle begin anywhere."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, sums.schema) as stream:
        stream.write_table(sums)
    return pa.ipc.open_stream(sink.getvalue()).read_all()


def _of_one(chosen: pd.DataFrame, address: str, work: Callable[[History], T]) -> T:
    return work(History(Place(address), chosen))
