"""What each snapshot had allocated: the series that growth and forecasts work on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from toastnb.capacity.selection import FAMILY
from toastnb.capacity.sums import SOURCES
from toastnb.columns import TABLES
from toastnb.errors import InvalidInput
from toastnb.history import layout
from toastnb.history.places import Place
from toastnb.history.reading import (
    arrow_files,
    as_frame_of,
    check_whole,
    files_of,
    read_of,
    rows_a_snapshot,
    within,
)
from toastnb.rules import NOT_ALLOCATED

_TABLE = "instances_detail"
_STORED = ["vcpus", "ram_mb", "disk_gb"]
_SUMMED = [*_STORED, "instances", "unknown"]
_AMOUNTS = ["instances", "vcpus", "ram_gb", "disk_gb", "unknown"]
_FILES_AT_ONCE = 200  # before they are merged, a snapshot is a file of its own
_ROWS_AT_ONCE = layout.ROWS_A_GROUP
_ALLOCATED = pc.field("status").is_null() | ~pc.field("status").isin(list(NOT_ALLOCATED))


def checked_keys(by: str | Sequence[str] | None) -> list[str]:
    """Return the columns to group by.

    Raises
    ------
    InvalidInput
        When one is no column of instances_detail, nor ``family``.
    """
    if not isinstance(by, str | Iterable | None):
        raise InvalidInput(f"by is {by!r}, but must be a column or a list of them", hint='As "zone".')
    keys = [by] if isinstance(by, str) else list(by or ())
    known = [FAMILY, *(column.name for column in TABLES[_TABLE])]
    wrong = [key for key in keys if key not in known]
    if wrong:
        raise InvalidInput(f"by is {wrong[0]!r}", hint=f"It may be of: {', '.join(known)}.")
    taken = [key for key in keys if key in _AMOUNTS or keys.count(key) > 1]
    if taken:
        raise InvalidInput(f"by has {taken[0]!r}, which is a figure or there twice", hint="Group by zone, for example.")
    return keys


def amounts_of(place: Place, chosen: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return what was allocated in each of the chosen snapshots, by groups.

    The files are read some at a time, and of these some rows: what is in memory are sums.
    """
    return series_of(chosen, keys, [sums_of(place, some, keys) for some in _some(chosen)])


def sums_of(place: Place, chosen: pd.DataFrame, keys: list[str]) -> pa.Table:
    """Return sums of the chosen snapshots, by groups.

    Raises
    ------
    InvalidInput
        When rows of one are missing.
    """
    files, found, sums = files_of(place, _TABLE, chosen), Counter[str](), []

    def read() -> None:
        for rows in _rows(place, files, chosen, keys):
            found.update(rows_a_snapshot(rows.column("snapshot_id")))
            sums.append(_sums(rows.filter(_ALLOCATED), keys))

    if files:
        read_of(place, files, read)
    check_whole(place, _TABLE, chosen, found)
    return _added(sums, keys)


def series_of(chosen: pd.DataFrame, keys: list[str], sums: Sequence[pa.Table]) -> pd.DataFrame:
    """Return the table of `amounts_of` from the sums of some snapshots and those of others."""
    added = _added(sums, keys)
    summed = as_frame_of(added)
    when = chosen[["snapshot_id", "at", "project"]].astype({"snapshot_id": summed["snapshot_id"].dtype})
    table = when.merge(summed, on="snapshot_id", how="left")
    nothing = table["instances"].isna()  # a snapshot without instances is one of nothing, and one of no group
    table.loc[nothing, _SUMMED] = 0
    table["ram_gb"] = table.pop("ram_mb").astype("Float64") / 1024
    table = table.sort_values(["at", "project", *keys], kind="stable", ignore_index=True)
    return table[["at", "project", *keys, *_AMOUNTS]]


def _added(sums: Sequence[pa.Table], keys: list[str]) -> pa.Table:
    return _by_group(pa.concat_tables([_empty(keys), *sums]), keys)


def _by_group(rows: pa.Table, keys: list[str]) -> pa.Table:
    groups = rows.group_by(["snapshot_id", *keys], use_threads=False)
    added = groups.aggregate([(name, "sum") for name in _SUMMED])
    named = added.rename_columns([name.removesuffix("_sum") for name in added.column_names])
    return named.select(["snapshot_id", *keys, *_SUMMED])


def _some(chosen: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Split snapshots by the files that they are in."""
    numbers = pd.factorize(chosen["part"])[0] // _FILES_AT_ONCE
    for _, some in chosen.groupby(numbers):
        yield some


def _rows(place: Place, files: list[str], chosen: pd.DataFrame, keys: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the instances of the chosen snapshots, some rows at a time, and only the columns that are needed."""
    schema = layout.schema_of(_TABLE)
    stored = ["flavor_name" if key == FAMILY else key for key in keys]
    found = ds.dataset(files, schema=schema, format="parquet", filesystem=arrow_files(place))
    yield from found.to_batches(
        columns=list(dict.fromkeys(["snapshot_id", "status", *SOURCES, *stored])),
        filter=within(chosen),
        batch_size=_ROWS_AT_ONCE,
        batch_readahead=1,
        fragment_readahead=1,
        use_threads=False,
    )


def _sums(rows: pa.RecordBatch, keys: list[str]) -> pa.Table:
    columns = {name: rows.column(name) for name in ["snapshot_id", *_STORED]}
    for key in keys:
        columns[key] = _family(rows.column("flavor_name")) if key == FAMILY else rows.column(key)
    lacking = pa.array([False] * len(rows), pa.bool_())
    for name in SOURCES:
        lacking = pc.or_(lacking, pc.is_null(rows.column(name)))
    columns["unknown"] = lacking.cast(pa.int64())
    columns["instances"] = pa.array([1] * len(rows), pa.int64())
    return _by_group(pa.table(columns), keys).cast(_empty(keys).schema)


def _empty(keys: list[str]) -> pa.Table:
    schema = layout.schema_of(_TABLE)
    fields = [pa.field("snapshot_id", pa.string())]
    fields += [pa.field(key, pa.string() if key == FAMILY else schema.field(key).type) for key in keys]
    fields += [pa.field(name, pa.int64()) for name in _SUMMED]
    return pa.schema(fields).empty_table()


def _family(flavor_names: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(flavor_names, r"\..*", "")
