"""Frames that are larger than one machine: Dask gives each partition to the functions of pandas, and adds up.

Nothing here computes a figure. Each analysis has one function that answers small sums of some rows, and one that brings
such sums together; of a pandas frame the first is called once, of a Dask frame once a partition, where the rows are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

import pandas as pd

from toastnb.capacity.selection import FAMILY

T = TypeVar("T")
_AT_ONCE = 32  # how many sums are brought together in one place
_SETTING = Lock()


@contextmanager
def text_as_it_is() -> Iterator[None]:
    """Let Dask frames that are made within keep the types that pandas has for text, not Dask's own."""
    from dask import config

    with _SETTING, config.set({"dataframe.convert-string": False}):  # of the process: threads take turns
        yield


def is_distributed(frame: object) -> bool:
    """Tell whether a frame is one of Dask; Dask is not imported for that."""
    dask = sys.modules.get("dask.dataframe")
    return dask is not None and isinstance(frame, dask.DataFrame)


def meta_of(frame: Any) -> pd.DataFrame:
    """Return a pandas frame as it is; of a Dask frame one without rows, by which its columns are checked."""
    meta: pd.DataFrame = frame._meta if is_distributed(frame) else frame
    return meta


def of_partitions(
    work: Callable[..., T], together: Callable[[Sequence[T]], T], *frames: Any, columns: Sequence[Sequence[str]] = ()
) -> T:
    """Return ``work(*frames)``; of Dask frames what `together` makes of the work on each of their partitions.

    Parameters
    ----------
    work : function
        What answers small sums of pandas frames, and raises where they are not right.
    together : function
        What brings several of its answers together, in their order.
    *frames : DataFrame
        All of pandas, or all of Dask, with rows that belong together in partitions of the same number.
    columns : list of list of str
        Which columns of each Dask frame are read, where it has them; all by default. ``family`` stands for the flavor.
    """
    if not any(is_distributed(frame) for frame in frames):
        return work(*frames)
    from dask import delayed

    work(*map(meta_of, frames))  # what is wrong is said before anything is read
    narrow = [_only(frame, names) for frame, names in zip(frames, columns, strict=True)] if columns else frames
    parts = [delayed(work)(*rows) for rows in zip(*(frame.to_delayed() for frame in narrow), strict=True)]
    while len(parts) > 1:
        some = [parts[start : start + _AT_ONCE] for start in range(0, len(parts), _AT_ONCE)]
        parts = [delayed(together)(several) for several in some]
    whole: T = parts[0].compute()
    return whole


def on_workers(work: Callable[[Any], T], items: Sequence[Any]) -> list[T]:
    """Return what a function answers of each item, in their order, by whatever scheduler Dask has."""
    import dask

    return list(dask.compute(*[dask.delayed(work)(item) for item in items]))


def of_each(history: object, work: Callable[[Any], T], items: Sequence[Any]) -> list[T]:
    """Return what a function answers of each item: on Dask's workers, where the history that they are of is Dask's."""
    if is_distributed(history) or getattr(history, "engine", "") == "dask":
        return on_workers(work, items)
    return [work(item) for item in items]


def each_partition(work: Callable[..., pd.DataFrame], frame: Any, *arguments: Any) -> Any:
    """Return ``work(frame, *arguments)``: a Dask frame of a Dask frame, for what works row by row."""
    if not is_distributed(frame):
        return work(frame, *arguments)
    return frame.map_partitions(work, *arguments, meta=work(frame._meta, *arguments))


def with_same_rows(key: str, *frames: tuple[Any, Sequence[str]]) -> list[Any]:
    """Return frames, each with the columns named, whose partitions of one number hold the same keys: Dask moves rows.

    Pandas frames stay as they are where all are; beside one of Dask they become one.
    """
    if not any(is_distributed(frame) for frame, _ in frames):
        return [frame for frame, _ in frames]
    import dask.dataframe as dd

    with text_as_it_is():
        all_dask = [
            (frame if is_distributed(frame) else dd.from_pandas(frame, npartitions=1, sort=False), names)
            for frame, names in frames
        ]
    narrow = [_only(frame, names) for frame, names in all_dask]
    number = max(frame.npartitions for frame in narrow)
    return [frame.shuffle(key, npartitions=number) for frame in narrow]


def added(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return sums by group (the index) added up, those of one group together; what is nowhere known stays missing."""
    whole = pd.concat(parts)
    keys = levels_of(whole.index)
    rows = whole.reset_index(drop=True)
    sums = rows.groupby([keys[number] for number in keys], dropna=False, observed=True).sum(min_count=1)
    return sums.set_axis(sums.index.set_names(whole.index.names))


def levels_of(index: pd.Index) -> pd.DataFrame:
    """Return the levels of an index in columns 0, 1, ..., so that no name gets in the way."""
    return pd.DataFrame({number: index.get_level_values(number) for number in range(index.nlevels)})


def _only(frame: Any, names: Sequence[str]) -> Any:
    wanted = {*names, "flavor_name"} if FAMILY in names else set(names)
    return frame[[name for name in frame.columns if name in wanted]]
