"""How a store is laid out: plain Parquet, a folder a table, a folder a month in it, a file a part.

::

    STORE/
      snapshots/<part>.parquet                              one row a snapshot: written last
      <table>/month=2026-11/<part>.parquet                  its rows, each with the snapshot it belongs to
      retired/<part>                                        empty: since when a part is not in snapshots any more

A part holds whole snapshots of one month, in each table under the same name. What `record` writes is a part of one
snapshot; `compact` merges many into one of a later generation, and a snapshot is then found in the part whose name
sorts last. Rows count when the newest part of their snapshot, by the table ``snapshots``, is the one that they are in:
until that table has them they are not there, and while parts are merged nothing is there twice. A part's name is never
used for other content: one of a recording that was ended is taken up again by the same inventory only.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from toastnb.columns import TABLES, Kind
from toastnb.errors import InvalidInput

VERSION = 1
SNAPSHOTS = "snapshots"
RETIRED = "retired"
KEYS = ["snapshot_id", "project", "at", "part"]
ROWS_A_GROUP = 128 * 1024
_GENERATION = "{:06d}"  # as text it sorts like the number

_ARROW = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.TIME: pa.timestamp("us", "UTC"),
}
_KEY_FIELDS = [
    pa.field("snapshot_id", pa.string(), nullable=False),
    pa.field("project", pa.string(), nullable=False),
    pa.field("at", pa.timestamp("us", "UTC"), nullable=False),
    pa.field("part", pa.string(), nullable=False),
]
SNAPSHOT_SCHEMA = pa.schema(
    [
        *_KEY_FIELDS,
        pa.field("version", pa.int32(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("digest", pa.string(), nullable=False),
        pa.field("absent", pa.string(), nullable=False),  # JSON: why each table that is absent is
        pa.field("rows", pa.string(), nullable=False),  # JSON: how many rows each table has
    ]
)


def schema_of(table: str) -> pa.Schema:
    """Return the Parquet schema of a table: the keys of a snapshot, then the columns of the dictionary."""
    return pa.schema([*_KEY_FIELDS, *(pa.field(column.name, _ARROW[column.kind]) for column in TABLES[table])])


def snapshot_id(project: str, at: pd.Timestamp) -> str:
    """Return the id of a project's snapshot: it sorts by time, and is the same whenever it is recorded."""
    return f"{at:%Y%m%dT%H%M%S.%f}Z-{hashlib.sha256(project.encode()).hexdigest()[:12]}"


def first_part(snapshot: str, digest: str) -> str:
    """Return the name of the part that one snapshot is recorded in."""
    return f"{_GENERATION.format(0)}-{snapshot}-{digest[:12]}"


def merged_part(month: str, generation: int, unique: str) -> str:
    """Return the name of a part into which snapshots of a month are merged."""
    return f"{_GENERATION.format(generation)}-{month}-{unique}"


def may_hold(part: str, snapshot: str, month: str) -> bool:
    """Tell by its name whether a part may hold a snapshot."""
    return part.partition("-")[2].startswith(f"{month}-" if generation(part) else f"{snapshot}-")


def generation(part: str) -> int:
    """Return how often the snapshots of a part were merged."""
    head, _, _ = part.partition("-")
    if not (head.isdecimal() and len(head) == len(_GENERATION.format(0))):
        raise InvalidInput(f"{part} is no part of a history", hint="The store holds a file that toastnb did not write.")
    return int(head)


def month_of(at: pd.Timestamp) -> str:
    """Return the month that a moment is in, as the folders are named."""
    return f"{at:%Y-%m}"


def part_of(name: str) -> str:
    """Return the name of the part that a file is of."""
    return name.rpartition("/")[2].removesuffix(".parquet")


def file_of(table: str, month: str, part: str) -> str:
    """Return the path of a part within the store."""
    return f"{SNAPSHOTS}/{part}.parquet" if table == SNAPSHOTS else f"{table}/month={month}/{part}.parquet"


def stored_of(table: str, frame: pd.DataFrame) -> pa.Table:
    """Return a table as it is stored, without the keys; columns beyond the dictionary are left out.

    Raises
    ------
    InvalidInput
        When a column of the dictionary is not there, or not of its kind.
    """
    columns = {}
    for column in TABLES[table]:
        if column.name not in frame:
            raise InvalidInput(f"{table} has no column {column.name}", hint="Record what Toast.inventory answers.")
        try:
            columns[column.name] = pa.Array.from_pandas(frame[column.name], type=_ARROW[column.kind])
            continue
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            pass
        raise InvalidInput(f"{table}.{column.name} is not {column.kind}", hint="Record what Toast.inventory answers.")
    return pa.table(columns)


def with_keys(table: str, stored: pa.Table, keys: dict[str, Any]) -> pa.Table:
    """Return the rows of a snapshot with the keys that each of them has."""
    schema = schema_of(table)
    columns = [pa.repeat(pa.scalar(value, schema.field(name).type), len(stored)) for name, value in keys.items()]
    return pa.Table.from_arrays([*columns, *stored.columns], schema=schema)


def counted(text: str) -> dict[str, int]:
    """Return how many rows each table of a snapshot has, as the table of snapshots tells."""
    rows: dict[str, int] = json.loads(text)
    return rows


def rows_in(chosen: pd.DataFrame, table: str) -> pd.Series:
    """Return how many rows of a table each of some snapshots has (int64)."""
    return pd.Series([counted(text).get(table, 0) for text in chosen["rows"]], chosen.index, "int64")


def digest_of(tables: dict[str, pa.Table], absent: dict[str, str]) -> str:
    """Return what tells one inventory from another, however it is stored."""
    digest = hashlib.sha256(json.dumps(absent, sort_keys=True).encode())
    quoted = csv.WriteOptions(quoting_style="all_valid")  # so that what is missing is not what is empty
    for name, stored in tables.items():
        digest.update(f"{name} {len(stored)}\n".encode())
        written = pa.BufferOutputStream()
        csv.write_csv(stored, written, quoted)
        digest.update(written.getvalue())
    return digest.hexdigest()


def write_parquet(table: pa.Table, file: BinaryIO) -> None:
    """Write one file of the store."""
    pq.write_table(table, file, compression="zstd", row_group_size=ROWS_A_GROUP, write_statistics=True)
