"""Reading a store: which snapshots it has, and the rows of some of them."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from toastnb.arrays import as_frame, from_arrow
from toastnb.capacity.selection import positions
from toastnb.columns import TABLES
from toastnb.errors import Conflict, InvalidInput
from toastnb.history import layout
from toastnb.history.places import AT_ONCE, Place
from toastnb.inventory import Inventory

_TRIES = 20
TOLD = ["snapshot_id", "project", "at"]
"""What is told of the snapshot that a row is of."""


def snapshots_of(place: Place) -> pd.DataFrame:
    """Return the table of snapshots, by time and project, each with the newest part that holds it.

    Columns snapshot_id, project, part, source, digest, absent, rows (str), at (datetime64[us, UTC]), version (Int64).
    """
    return newest_parts(entries_of(place))


def newest_parts(entries: pd.DataFrame) -> pd.DataFrame:
    """Return a row a snapshot, by time and project: that of the newest part that holds it."""
    newest = entries.sort_values("part").drop_duplicates("snapshot_id", keep="last")
    return newest.sort_values(["at", "project"], ignore_index=True)


def entries_of(place: Place, wanted: Callable[[str], bool] = lambda part: True) -> pd.DataFrame:
    """Return the rows of the table of snapshots that are in wanted parts, the superseded ones too.

    Parts may be merged meanwhile: what was listed is gone then when it is read, or what took its place was not listed
    yet. So it is listed again afterwards, and read again where that was so.
    """

    def listed() -> list[str]:
        return [name for name in place.names(layout.SNAPSHOTS) if wanted(layout.part_of(name))]

    names = listed()
    for _ in range(_TRIES):
        with ThreadPoolExecutor(AT_ONCE) as pool:  # a file a snapshot, until they are merged: storage may be far away
            tables = list(pool.map(lambda name: _entries(place, name), names))
        before, names = set(names), listed()
        was_merged = any(layout.generation(layout.part_of(name)) for name in set(names) - before)
        if before <= set(names) and not was_merged:
            whole = pa.concat_tables([layout.SNAPSHOT_SCHEMA.empty_table(), *filter(None, tables)])
            frame: pd.DataFrame = whole.to_pandas().astype({"version": "Int64", "at": "datetime64[us, UTC]"})
            return frame
    raise Conflict("its parts are merged all the time", action=f"Reading the history {place.name}", hint="Try later.")


def _entries(place: Place, name: str) -> pa.Table | None:
    """Return what a part has in the table of snapshots; None where it is gone."""
    content = place.read(name)
    if content is None:
        return None
    hint = "Restore it from a backup, or take it out of the store."
    try:
        table = pq.read_table(BytesIO(content), use_threads=False)
        version = pc.max(table["version"]).as_py()
        if version in range(1, layout.VERSION + 1):
            entries = table.select(layout.SNAPSHOT_SCHEMA.names).cast(layout.SNAPSHOT_SCHEMA)
            if pc.all(pc.equal(entries["part"], layout.part_of(name))).as_py():
                return entries
            problem = f"{name} has another part's name"
        else:
            problem, hint = f"{name} is of version {version}, not {layout.VERSION}", "Install the newest toastnb."
    except (pa.ArrowException, KeyError, ValueError, TypeError, OSError) as error:
        problem = f"{name} is damaged, or no file of toastnb ({type(error).__name__})"
    raise InvalidInput(problem, action=f"Reading the history {place.name}", hint=hint)


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
    keep = within(chosen)
    if where is not None:
        keep &= where

    def rows() -> pa.Table:
        found = ds.dataset(files, schema=schema, format="parquet", filesystem=arrow_files(place))
        return found.to_table(columns=wanted.names, filter=keep, use_threads=False)

    return place.attempt("read", rows)


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


def columns_of(table: str, columns: Sequence[str] | None = None) -> list[str]:
    """Return which columns of a table are asked for.

    Raises
    ------
    InvalidInput
        When there is no such table or column.
    """
    known = [column.name for column in TABLES.get(table, ())]
    if not known:
        raise InvalidInput(f"there is no table {table!r}", hint=f"There are: {', '.join(TABLES)}.")
    unknown = [column for column in columns or () if column not in known]
    if unknown:
        raise InvalidInput(f"{table} has no column {unknown[0]!r}", hint=f"There are: {', '.join(known)}.")
    return known if columns is None else list(columns)


def frame_of(
    place: Place, table: str, chosen: pd.DataFrame, columns: Sequence[str], where: ds.Expression | None = None
) -> pd.DataFrame:
    """Return rows of the chosen snapshots: `TOLD`, then the columns that are asked for; by time and project."""
    wanted = [*TOLD, *columns]
    frame = as_frame_of(rows_of(place, table, chosen, wanted, where))
    return frame.sort_values(["at", "project"], kind="stable", ignore_index=True)


def as_frame_of(rows: pa.Table) -> pd.DataFrame:
    """Return rows of the store as a frame, in the dtypes of the dictionary."""
    return as_frame({name: _large(column) for name, column in zip(rows.column_names, rows.columns, strict=True)})


def inventories_of(place: Place, chosen: pd.DataFrame) -> list[Inventory]:
    """Return the chosen snapshots as they were recorded, each table read once for all of them.

    Raises
    ------
    InvalidInput
        When one is not whole.
    """
    entries = chosen.to_dict("records")
    counts = [layout.counted(entry["rows"]) for entry in entries]
    tables: list[dict[str, pd.DataFrame]] = [{} for _ in entries]
    for name in {name for one in counts for name in one}:
        found = rows_of(place, name, chosen)
        frame = from_arrow(name, found.drop_columns(layout.KEYS))
        numbers = positions(found["snapshot_id"].to_pandas(), chosen["snapshot_id"])
        for number in [number for number, one in enumerate(counts) if name in one]:
            mine = frame[numbers == number].reset_index(drop=True) if len(entries) > 1 else frame
            check_whole(place, name, chosen.iloc[[number]], len(mine))
            tables[number][name] = mine
    return [
        Inventory(mine, json.loads(entry["absent"]), entry["at"].isoformat(), entry["source"])
        for mine, entry in zip(tables, entries, strict=True)
    ]


def check_whole(place: Place, table: str, chosen: pd.DataFrame, rows: int) -> None:
    """Check that as many rows were found as snapshots have.

    Raises
    ------
    InvalidInput
        When there are more or fewer.
    """
    expected = sum(layout.counted(text).get(table, 0) for text in chosen["rows"])
    if rows != expected:
        which = chosen["snapshot_id"].iloc[0] if len(chosen) == 1 else f"{len(chosen)} snapshots"
        said = f"{table} of {which} has {rows} rows in place of {expected}"
        raise InvalidInput(said, action=f"Reading the history {place.name}", hint="It is damaged.")


def _large(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.large_string()) if column.type == pa.string() else column
