"""Reading a store: which snapshots it has, and the rows of some of them."""

from __future__ import annotations

import functools
import json
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from toastnb.arrays import as_frame, from_arrow
from toastnb.capacity.selection import positions
from toastnb.columns import TABLES
from toastnb.errors import Conflict, InvalidInput, ToastError
from toastnb.extras import needs
from toastnb.history import layout
from toastnb.history.disputes import settled
from toastnb.history.places import AT_ONCE, Place
from toastnb.inventory import Inventory

with needs("history"):
    from fsspec.implementations.local import LocalFileSystem

T = TypeVar("T")
_TRIES = 20
_ONE_AHEAD = {"batch_readahead": 1, "fragment_readahead": 1}  # by default many groups of rows wait in memory
TOLD = ["snapshot_id", "project", "at"]
"""What is told of the snapshot that a row is of."""


def snapshots_of(place: Place, *, stacklevel: int) -> pd.DataFrame:
    """Return the table of snapshots, by time and project, each with the newest part that holds it.

    What is in dispute is told, `stacklevel` above. Columns snapshot_id, project, part, source, digest, absent, rows
    (str), at (datetime64[us, UTC]), version (Int64), mixed (bool).
    """
    return newest_parts(settled(place, entries_of(place), stacklevel=stacklevel + 1))


def newest_parts(entries: pd.DataFrame) -> pd.DataFrame:
    """Return a row a snapshot, by time and project: that of the newest part that holds it.

    Column mixed tells of parts that have snapshots too of which another part is the newest: two merged at once.
    """
    ordered = entries.sort_values("part")
    superseded = ordered.duplicated("snapshot_id", keep="last")
    newest = ordered[~superseded]
    newest = newest.assign(mixed=newest["part"].isin(ordered.loc[superseded, "part"]))
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
        found = ds.dataset(files, schema=schema, format=_format(place), filesystem=arrow_files(place))
        return found.to_table(columns=wanted.names, filter=keep, use_threads=False, **_ONE_AHEAD)

    return read_of(place, files, rows)


def read_of(place: Place, files: Sequence[str], work: Callable[[], T]) -> T:
    """Return what a function reads of files; where one is gone, the error says why."""
    try:
        return place.attempt("read", work)
    except ToastError as error:
        problem = error
    raise gone_of(place, files, f"Reading the history {place.name}") or problem


def gone_of(place: Place, files: Sequence[str], action: str) -> InvalidInput | None:
    """Return what is wrong when some of these files are not there any more."""
    names = [path[len(place.root) + 1 :] for path in files]
    there = {name for table in {name.partition("/")[0] for name in names} for name in place.names(table)}
    gone = [name for name in names if name not in there]
    if not gone:
        return None
    current = {layout.part_of(name) for name in place.names(layout.SNAPSHOTS)}
    if layout.part_of(gone[0]) in current:
        return InvalidInput(f"{gone[0]} is missing", action=action, hint="It is damaged.")
    said = "files that the history had when it was opened are gone"
    return InvalidInput(said, action=action, hint="They were merged or thinned out: open it again.")


def files_of(place: Place, table: str, chosen: pd.DataFrame) -> list[str]:
    """Return the paths of the parts that hold rows of the chosen snapshots; one without rows has no file."""
    held = chosen[layout.rows_in(chosen, table) > 0]
    months = held["at"].map(layout.month_of)
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
    for part, ids in chosen[chosen["mixed"]].groupby("part")["snapshot_id"]:
        conditions.append((pc.field("part") != part) | pc.field("snapshot_id").isin(pa.array(ids, pa.string())))
    return functools.reduce(operator.and_, conditions)


def _format(place: Place) -> ds.ParquetFileFormat:
    """Return how Arrow reads files: of this machine a group of rows at a time, for a whole file may be large.

    From object storage it reads what is near each other at once, for each request takes long.
    """
    is_local = isinstance(place.files, LocalFileSystem)
    return ds.ParquetFileFormat(default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=not is_local))


def arrow_files(place: Place) -> pa.fs.FileSystem:
    """Return the store's file system as Arrow reads from it."""
    is_local = isinstance(place.files, LocalFileSystem)
    return pa.fs.PyFileSystem(pa.fs.FSSpecHandler(place.files) if is_local else _Remote(place.files))


class _Remote(pa.fs.FSSpecHandler):  # type: ignore[misc] # pyarrow has no types
    """Opens files without reading ahead: Arrow asks for what it needs, in large pieces."""

    def open_input_file(self, path: str) -> pa.PythonFile:
        return pa.PythonFile(self.fs.open(path, mode="rb", cache_type="none"), mode="r")


def columns_of(table: str, columns: Sequence[str] | None = None) -> list[str]:
    """Return which columns of a table are asked for.

    Raises
    ------
    InvalidInput
        When there is no such table or column.
    """
    if not isinstance(table, str) or table not in TABLES:
        raise InvalidInput(f"there is no table {table!r}", hint=f"There are: {', '.join(TABLES)}.")
    known = [column.name for column in TABLES[table]]
    if isinstance(columns, str) or not isinstance(columns, Iterable | None):
        raise InvalidInput(f"columns is {columns!r}, but must be a list", hint="As ['vcpus', 'zone'].")
    columns = None if columns is None else list(columns)
    unknown = [column for column in columns or () if column not in known]
    if unknown:
        raise InvalidInput(f"{table} has no column {unknown[0]!r}", hint=f"There are: {', '.join(known)}.")
    return known if columns is None else columns


def frame_of(
    place: Place, table: str, chosen: pd.DataFrame, columns: Sequence[str], where: ds.Expression | None = None
) -> pd.DataFrame:
    """Return rows of the chosen snapshots: `TOLD`, then the columns that are asked for; by time and project."""
    rows = rows_of(place, table, chosen, [*TOLD, *columns], where)
    if where is None:
        check_whole(place, table, chosen, rows_a_snapshot(rows["snapshot_id"]))
    frame = as_frame_of(rows)
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
        check_whole(place, name, chosen, rows_a_snapshot(found["snapshot_id"]))
        numbers = positions(found["snapshot_id"].to_pandas(), chosen["snapshot_id"])
        for number in [number for number, one in enumerate(counts) if name in one]:
            tables[number][name] = frame[numbers == number].reset_index(drop=True) if len(entries) > 1 else frame
    found = []
    for mine, entry in zip(tables, entries, strict=True):
        inventory = Inventory(mine, json.loads(entry["absent"]), entry["at"].isoformat(), entry["source"])
        inventory._project = entry["project"]
        found.append(inventory)
    return found


def rows_a_snapshot(ids: pa.Array | pa.ChunkedArray) -> Counter[str]:
    """Return how many rows there are of each snapshot, of the id that each row has."""
    return Counter({one["values"]: one["counts"] for one in pc.value_counts(ids).to_pylist()})


def check_whole(place: Place, table: str, chosen: pd.DataFrame, found: Mapping[str, int]) -> None:
    """Check that as many rows were found of each of the chosen snapshots as it has.

    Raises
    ------
    InvalidInput
        When there are more or fewer.
    """
    for snapshot, expected in zip(chosen["snapshot_id"], layout.rows_in(chosen, table), strict=True):
        rows = found.get(snapshot, 0)
        if rows != expected:
            said = f"{table} of {snapshot} has {rows} rows in place of {expected}"
            raise InvalidInput(said, action=f"Reading the history {place.name}", hint="It is damaged.")


def _large(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.large_string()) if column.type == pa.string() else column
