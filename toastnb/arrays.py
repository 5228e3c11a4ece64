"""From lists of values to Arrow arrays to pandas, by the column dictionary.

Columns are collected a chunk at a time into Arrow arrays, so that a hundred thousand instances are never all Python
objects at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from toastnb.codec import Items
from toastnb.columns import TABLES, Kind
from toastnb.errors import BadAnswer

S = TypeVar("S")
Lists = dict[str, list[Any]]

# Large strings are what pandas keeps text in: with them nothing is copied on the way.
_ARROW = {
    Kind.TEXT: pa.large_string(),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.TIME: pa.large_string(),
}
_TEXT = pd.StringDtype(na_value=np.nan)
_PANDAS = {pa.large_string(): _TEXT, pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
_POOL = pa.system_memory_pool()  # Arrow's default pool keeps half as much again of what many small arrays need
_ROWS_AN_ARRAY = 5_000


def texts(**columns: Sequence[str | None]) -> pd.DataFrame:
    """Return a frame of text columns that is none of the dictionary's tables."""
    return pd.DataFrame({name: pd.Series(list(values), dtype=_TEXT) for name, values in columns.items()})


def empty(table: str) -> pd.DataFrame:
    """Return a table without rows."""
    return frame_of(table, {column.name: [] for column in TABLES[table]})


def stacked(name: str, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return frames one below the other, with their keys in a text column that comes first."""
    whole = pd.concat(list(frames.values()), ignore_index=True)
    rows = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames.values()])
    whole.insert(0, name, pd.Series(list(frames), dtype=_TEXT).take(rows).array)  # type: ignore[arg-type] # stubs
    return whole


def as_frame(columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> pd.DataFrame:
    """Return Arrow columns as a frame: missing stays missing in every dtype."""
    frame: pd.DataFrame = pa.table(dict(columns)).to_pandas(types_mapper=_PANDAS.get)
    return frame


def from_arrow(table: str, stored: pa.Table) -> pd.DataFrame:
    """Return a table as it was before it was stored; columns beyond the dictionary's stay.

    Raises
    ------
    ValueError
        When a column of the dictionary is not there, or not of its kind.
    """
    columns = dict(zip(stored.column_names, stored.columns, strict=True))
    for column in TABLES[table]:
        if column.name not in columns:
            raise ValueError(f"{table} has no column {column.name}")
        kind = pa.timestamp("us", "UTC") if column.kind is Kind.TIME else _ARROW[column.kind]
        columns[column.name] = columns[column.name].cast(kind)
    return as_frame(columns)


def frame_of(table: str, lists: Lists) -> pd.DataFrame:
    """Return one table, from a list a column."""
    return _to_pandas(table, {name: [array] for name, array in _arrays(table, lists).items()})


def frames_of(items: Items[S], tables: Mapping[str, Callable[[Sequence[S]], Lists]]) -> dict[str, pd.DataFrame]:
    """Build several tables of the same items in one pass over them."""
    arrays: dict[str, dict[str, list[pa.Array]]] = {}
    lists: dict[str, Lists] = {}
    for table in tables:
        arrays[table] = {column.name: [] for column in TABLES[table]}
        lists[table] = {column.name: [] for column in TABLES[table]}
    pending = 0
    for chunk in items.chunks():
        for table, lists_of in tables.items():
            for name, values in lists_of(chunk).items():
                lists[table][name] += values
        pending += len(chunk)
        if pending >= _ROWS_AN_ARRAY:
            _flush(lists, arrays)
            pending = 0
    _flush(lists, arrays)
    return {table: _to_pandas(table, arrays.pop(table)) for table in tables}


def _flush(lists: dict[str, Lists], arrays: dict[str, dict[str, list[pa.Array]]]) -> None:
    """Turn the lists that were collected into arrays, and empty them."""
    for table, columns in lists.items():
        for name, array in _arrays(table, columns).items():
            arrays[table][name].append(array)
            columns[name].clear()


def _arrays(table: str, lists: Lists) -> dict[str, pa.Array]:
    arrays = {}
    for column in TABLES[table]:
        try:
            arrays[column.name] = pa.array(lists[column.name], _ARROW[column.kind], memory_pool=_POOL)
        except OverflowError:  # a sum: the numbers in it were checked
            raise BadAnswer(f"{table}.{column.name} is beyond 64 bits", action="Adding up") from None
    return arrays


def _to_pandas(table: str, arrays: dict[str, list[pa.Array]]) -> pd.DataFrame:
    columns = {}
    for column in TABLES[table]:
        whole = pa.chunked_array(arrays.pop(column.name), _ARROW[column.kind])
        columns[column.name] = times_of(whole, f"{table}.{column.name}") if column.kind is Kind.TIME else whole
    return as_frame(columns)


def times_of(texts: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Read times that come with or without fraction and Z, in one column; they are UTC."""
    try:
        return pc.assume_timezone(pc.utf8_rtrim(texts, characters="Z").cast(pa.timestamp("us")), "UTC")
    except pa.ArrowInvalid:  # an offset, or more digits than microseconds have
        pass
    try:
        if not pc.all(pc.match_substring_regex(texts, r"^(\d{4}-|$)"), min_count=0).as_py():
            raise ValueError("pandas knows words too, such as now")
        times = pd.to_datetime(texts.to_pandas(), format="ISO8601", utc=True).dt.as_unit("us")
    except ValueError:
        problem = f"{name} has a value that is no ISO 8601 time"
    else:
        return pa.chunked_array([pa.array(times)])
    raise BadAnswer(problem, action="Reading times")
