"""Reading a store: which snapshots it has, and the rows of some of them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from toastnb.errors import InvalidInput
from toastnb.history import layout
from toastnb.history.places import Place

_AT_ONCE = 16


def snapshots_of(place: Place, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the table of snapshots, by time and project, each with the newest part that holds it.

    Columns snapshot_id, project, part, source, digest, absent, rows (str), at (datetime64[us, UTC]), version (Int64).
    """
    listed = place.names(layout.SNAPSHOTS) if names is None else names
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # a file a snapshot, until they are merged: object storage is far away
        tables = list(pool.map(lambda name: _entries(place, name), listed))
    whole = pa.concat_tables([layout.SNAPSHOT_SCHEMA.empty_table(), *tables])
    frame: pd.DataFrame = whole.to_pandas().astype({"version": "Int64", "at": "datetime64[us, UTC]"})
    frame = frame.sort_values("part").drop_duplicates("snapshot_id", keep="last")
    return frame.sort_values(["at", "project"], ignore_index=True)


def _entries(place: Place, name: str) -> pa.Table:
    try:
        table = pq.read_table(BytesIO(place.read(name)), use_threads=False)
        version = pc.max(table["version"]).as_py() or 0
        if version <= layout.VERSION:
            return table.select(layout.SNAPSHOT_SCHEMA.names).cast(layout.SNAPSHOT_SCHEMA)
        problem = f"its version is {version}, and this toastnb knows {layout.VERSION}"
    except (pa.ArrowException, KeyError, ValueError) as error:
        problem = f"{name} is damaged ({type(error).__name__})"
    raise InvalidInput(
        problem, action=f"Reading the history {place.name}", hint="Install the newest toastnb, or restore it."
    )


def rows_of(
    place: Place,
    table: str,
    chosen: pd.DataFrame,
    columns: Sequence[str] | None = None,
    where: ds.Expression | None = None,
) -> pa.Table:
    """Return a table's rows of the chosen snapshots, in their order in the store; the filter reaches the files.

    Only the parts that hold one of them are opened, and in these only the groups of rows that may have one.
    """
    schema = layout.schema_of(table)
    wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    files = files_of(place, table, chosen)
    if not files:
        return wanted.empty_table()
    found = ds.dataset(files, schema=schema, format="parquet", filesystem=arrow_files(place))
    keep = within(chosen)
    if where is not None:
        keep &= where
    return found.to_table(columns=wanted.names, filter=keep, use_threads=False)


def files_of(place: Place, table: str, chosen: pd.DataFrame) -> list[str]:
    """Return the paths of the parts that hold rows of the chosen snapshots; one without rows has no file."""
    rows = chosen["rows"].map(lambda text: layout.counted(text).get(table, 0))
    held = chosen[rows > 0]
    months = held["at"].dt.strftime("%Y-%m")
    return [
        place.path(layout.file_of(table, month, part))
        for month, part in dict.fromkeys(zip(months, held["part"], strict=True))
    ]


def within(chosen: pd.DataFrame) -> ds.Expression:
    """Return the condition that a row belongs to one of the chosen snapshots, as groups of rows can be told by it."""
    span = (pc.field("at") >= pa.scalar(chosen["at"].min())) & (pc.field("at") <= pa.scalar(chosen["at"].max()))
    conditions = [span]
    for name in ("project", "part", "snapshot_id"):
        conditions.append(pc.field(name).isin(pa.array(chosen[name].unique(), pa.string())))
    return functools.reduce(operator.and_, conditions)


def arrow_files(place: Place) -> pa.fs.FileSystem:
    """Return the store's file system as Arrow reads from it."""
    return pa.fs.PyFileSystem(pa.fs.FSSpecHandler(place.files))
