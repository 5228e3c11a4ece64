"""Small inventories, stores of them, and what a plain reader finds in one."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pandas as pd

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables

ROOT = Path(__file__).parents[2]
Counts = dict[str, dict[str, int]]  # of each snapshot, how many rows each table has


def account(count: int = 3, **fields: object) -> tn.Inventory:
    """Return an inventory of some instances, with tables that have rows, have none, and are absent."""
    return of_instances([instance(number, **fields) for number in range(count)])


def of_instances(instances: list[Raw], absent: str = "not served") -> tn.Inventory:
    return tn.Inventory(tables(instances), {"images": absent}, "2025-03-01T09:00:00Z", "shop at host")


def rows_by_duckdb(store: Path) -> Counts:
    """Return what a plain reader finds that joins the table of snapshots; it knows nothing of toastnb."""
    found: Counts = {}
    if not list(store.glob("snapshots/*.parquet")):
        return found
    with duckdb.connect() as sql:
        newest = f"SELECT snapshot_id, max(part) AS part FROM '{store}/snapshots/*.parquet' GROUP BY snapshot_id"
        for (snapshot,) in sql.execute(f"SELECT snapshot_id FROM ({newest})").fetchall():
            found[snapshot] = {}
        for folder in sorted(
            path for path in store.iterdir() if path.is_dir() and list(path.glob("month=*/*.parquet"))
        ):
            query = (
                f"SELECT snapshot_id, count(*) FROM '{folder}/*/*.parquet' JOIN ({newest}) USING (snapshot_id, part)"
                " GROUP BY snapshot_id"
            )
            for snapshot, count in sql.execute(query).fetchall():
                found[snapshot][folder.name] = count
    return found


def rows_by_toastnb(store: Path | str) -> Counts:
    """Return what tn.history finds, every snapshot read whole."""
    try:
        history = tn.history.open_store(store)
    except tn.NotFound:
        return {}
    found = {}
    for snapshot, project, at in history.snapshots()[["snapshot_id", "project", "at"]].itertuples(index=False):
        found[snapshot] = counts(history.at(at, project))
    return found


def counts(inventory: tn.Inventory) -> dict[str, int]:
    return {name: len(frame) for name, frame in inventory.tables.items() if len(frame)}


def files_of(store: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file of a folder, with its time and content."""
    paths = (path for path in store.rglob("*") if path.is_file())
    return {str(path.relative_to(store)): (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


def assert_clean(store: Path) -> None:
    """Check that each file belongs to a part in the table of snapshots, or is that."""
    parts = {path.stem for path in store.glob("snapshots/*")}
    others = [path for path in store.rglob("*") if path.is_file() and path.stem not in parts]
    assert others == []


def assert_same(one: tn.Inventory, other: tn.Inventory) -> None:
    assert list(one.tables) == list(other.tables)
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(frame, other.tables[name])
    assert one.absent == other.absent


def days(first: str, count: int) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in itertools.islice(pd.date_range(first, periods=count), count)]
