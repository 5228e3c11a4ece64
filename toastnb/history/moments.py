"""All projects of a history at one moment, past one machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from toastnb.columns import TABLES
from toastnb.errors import InvalidInput
from toastnb.history import layout
from toastnb.history.places import Place
from toastnb.history.reading import inventories_of
from toastnb.inventory import PROJECT, AbsentTable, Inventory
from toastnb.plain import many

T = TypeVar("T")
_PROJECTS_A_TASK = 16


class Moment:
    """The tables of all projects as they were last known at a moment: Dask frames, an attribute each.

    Each has project first, then its columns. Made by `DaskHistory.at`; nothing is read before Dask computes.

    Parameters
    ----------
    place : Place
        Where the store is.
    chosen : DataFrame
        Its table of snapshots: the row of each project.
    fetched_at : str
        The moment, ISO 8601 in UTC.
    """

    def __init__(self, place: Place, chosen: pd.DataFrame, fetched_at: str) -> None:
        self._place = place
        self._chosen = chosen.sort_values("project", ignore_index=True)
        self.fetched_at = fetched_at
        there = {name for text in chosen["rows"] for name in layout.counted(text)}
        self._names = [name for name in TABLES if name in there]
        told = [json.loads(text) for text in self._chosen["absent"]]
        self.absent = {name: str(why) for one in told for name, why in one.items() if name not in there}

    def __repr__(self) -> str:
        return (
            f"<Moment {self.fetched_at} of {self._place.name}: {many(len(self.projects), 'project')}, in Dask frames>"
        )

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_names", ()):
            return self._frame(name)
        why = self.__dict__.get("absent", {}).get(name)
        if why is not None:
            raise AbsentTable(f"no project has {name}: {why}")
        raise AttributeError(f"Moment has no attribute {name!r}")

    @property
    def projects(self) -> list[str]:
        """The names of the projects, sorted."""
        return self._chosen["project"].tolist()

    @property
    def tables(self) -> dict[str, Any]:
        """The tables that any project has, by name. A project that lacks one has no rows in it."""
        return {name: self._frame(name) for name in self._names}

    def _frame(self, name: str) -> Any:
        from toastnb.history.distributed import frame

        return frame(self._place, name, self._chosen, [PROJECT, *(column.name for column in TABLES[name])])


def of_each_pair(a: Moment, b: Moment, work: Callable[[Inventory, Inventory], T]) -> dict[str, T]:
    """Return what a function says of the two inventories of each project that both have.

    Dask gives some projects to a worker, which reads their snapshots: no rows travel.

    Raises
    ------
    InvalidInput
        When one is no Moment.
    """
    for side in (a, b):
        if not isinstance(side, Moment):
            hint = 'Give two of open_store(store, engine="dask").at(when), or two inventories.'
            raise InvalidInput(f"a Moment stands beside {type(side).__name__}", hint=hint)
    from toastnb.capacity.distributed import on_workers
    from toastnb.history.distributed import batches

    olds, news = (
        one._chosen[one._chosen["project"].isin(other.projects)].reset_index(drop=True)
        for one, other in ((a, b), (b, a))
    )
    shares = [(old, news.loc[old.index]) for old in batches(olds, "instances_detail", "project", _PROJECTS_A_TASK)]
    pair = partial(_pair, places=(a._place.address, b._place.address), work=work)
    found = on_workers(pair, shares if len(olds) else [])
    return dict(zip(olds["project"], (one for several in found for one in several), strict=True))


def _pair(
    share: tuple[pd.DataFrame, pd.DataFrame], places: tuple[str, str], work: Callable[[Inventory, Inventory], T]
) -> list[T]:
    olds, news = (inventories_of(Place(address), chosen) for address, chosen in zip(places, share, strict=True))
    return [work(old, new) for old, new in zip(olds, news, strict=True)]
