"""The store is plain Parquet: DuckDB, Polars and Dask find what toastnb finds, and a question reads only its share."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from fsspec.implementations.local import LocalFileOpener, LocalFileSystem

import toastnb as tn
from tests.capacity.builders import instance
from tests.history.stores import days, of_instances
from toastnb.history import layout

PROJECTS, DAYS, INSTANCES, GROUP = 40, 60, 20, 1000
FOOTER = 64 * 1024  # Arrow reads as much from the end, whatever the footer's size
NEWEST = "SELECT snapshot_id, max(part) AS part FROM '{store}/snapshots/*.parquet' GROUP BY snapshot_id"
Sums = dict[str, tuple[int, int, int]]  # of each snapshot: instances, vCPUs, disk GB


def by_duckdb(store: Path) -> Sums:
    sql = (
        "SELECT snapshot_id, count(*), sum(vcpus)::BIGINT, sum(disk_gb)::BIGINT"
        f" FROM '{store}/instances_detail/*/*.parquet'"
        f" JOIN ({NEWEST.format(store=store)}) USING (snapshot_id, part) GROUP BY snapshot_id"
    )
    with duckdb.connect() as connection:
        return {snapshot: (count, cpus, disk) for snapshot, count, cpus, disk in connection.execute(sql).fetchall()}


def by_polars(store: Path) -> Sums:
    newest = pl.scan_parquet(f"{store}/snapshots/*.parquet").group_by("snapshot_id").agg(pl.col("part").max())
    rows = pl.scan_parquet(f"{store}/instances_detail/*/*.parquet").join(newest, on=["snapshot_id", "part"])
    sums = rows.group_by("snapshot_id").agg(pl.len().cast(pl.Int64), pl.col("vcpus").sum(), pl.col("disk_gb").sum())
    return {snapshot: (count, cpus, disk) for snapshot, count, cpus, disk in sums.collect().iter_rows()}


def by_dask(store: Path) -> Sums:
    newest = dd.read_parquet(f"{store}/snapshots/*.parquet").groupby("snapshot_id")["part"].max().reset_index()
    rows = dd.read_parquet(f"{store}/instances_detail/*/*.parquet").merge(newest, on=["snapshot_id", "part"])
    sums = rows.groupby("snapshot_id").agg({"instance_id": "count", "vcpus": "sum", "disk_gb": "sum"})
    done = sums.compute(scheduler="synchronous")
    return {snapshot: (int(row.iloc[0]), int(row.iloc[1]), int(row.iloc[2])) for snapshot, row in done.iterrows()}


def by_toastnb(store: Path) -> Sums:
    history = tn.history.open_store(store)
    rows = history.table("instances_detail", ["vcpus", "disk_gb"]).groupby("snapshot_id")[["vcpus", "disk_gb"]]
    sums = rows.sum().assign(count=rows.size())
    return {
        str(snapshot): (int(row["count"]), int(row["vcpus"]), int(row["disk_gb"])) for snapshot, row in sums.iterrows()
    }


@pytest.fixture
def store(tmp_path: Path) -> tuple[Path, Sums]:
    """Return a store of two projects and two months, and what is in it by plain arithmetic."""
    expected = {}
    for number, day in enumerate(days("2025-01-29", 6)):
        for project in ("shop", "dev"):
            raw = [
                instance(one, flavor={"id": "f", "name": "m2.c2m4", "cpu": one + 1, "ram": 1}) for one in range(number)
            ]
            snapshot = tn.history.record(of_instances(raw), tmp_path / "store", at=day, project=project)
            expected[snapshot] = (number, sum(range(1, number + 1)), 150 * number)
    return tmp_path / "store", {name: sums for name, sums in expected.items() if sums[0]}


@pytest.mark.parametrize("read", [by_duckdb, by_polars, by_dask, by_toastnb])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_every_reader_has_the_same_sums_before_and_after_merging(
    store: tuple[Path, Sums], read: Callable[[Path], Sums], times: int
) -> None:
    path, expected = store
    for number in range(times):  # what was merged is there still, beside what it was merged from
        tn.history.compact(path)
        again = tn.history.record(of_instances([instance(1)]), path, at=f"2025-02-{20 + number}", project="shop")
        expected = expected | {again: (1, 2, 150)}
    assert read(path) == expected


class Counting(LocalFileSystem):
    """Files of this machine, and how much of them is read."""

    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.read: dict[str, list[int]] = {}  # of each file, the bytes of each read

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, **options: Any) -> LocalFileOpener:
        noted = self.read.setdefault(path, [])

        class Opened(LocalFileOpener):
            def read(self, *arguments: int) -> bytes:
                content: bytes = self.f.read(*arguments)
                noted.append(len(content))
                return content

        return Opened(path, mode, fs=self, **options)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store as it is recorded, of a table only: what `record` would make of it in some minutes."""
    store = tmp_path_factory.mktemp("large") / "store"
    detail = of_instances([instance(number) for number in range(INSTANCES)]).instances_detail
    stored = layout.stored_of("instances_detail", detail)
    (store / "snapshots").mkdir(parents=True)
    for day in days("2025-01-01", DAYS):
        at = pd.Timestamp(day, tz="UTC").as_unit("us")
        (store / f"instances_detail/month={layout.month_of(at)}").mkdir(parents=True, exist_ok=True)
        for project in (f"project-{number:02}" for number in range(PROJECTS)):
            snapshot = layout.snapshot_id(project, at)
            part = layout.first_part(snapshot, "d" * 64)
            keys = {"snapshot_id": snapshot, "project": project, "at": at, "part": part}
            ids = pa.array([secrets.token_hex(64) for _ in range(INSTANCES)])  # nothing that compresses to nothing
            rows = layout.with_keys("instances_detail", stored.set_column(0, "instance_id", ids), keys)
            with (store / layout.file_of("instances_detail", layout.month_of(at), part)).open("wb") as file:
                layout.write_parquet(rows, file)
            counted = f'{{"instances_detail": {INSTANCES}}}'
            entry = keys | {"version": 1, "source": "", "digest": "d", "absent": "{}", "rows": counted}
            with (store / layout.file_of("snapshots", "", part)).open("wb") as file:
                layout.write_parquet(pa.Table.from_pylist([entry], layout.SNAPSHOT_SCHEMA), file)
    return store


def test_a_day_of_a_project_reads_its_share_and_no_more(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured() -> tuple[int, int]:
        """Return how many bytes are read for one day of one project, all in one file, and how many there are."""
        history = tn.history.open_store(large)
        assert len(history) == PROJECTS * DAYS
        files = Counting()
        history._place._opened = lambda: files
        day = history.of("project-33").between("2025-02-03", "2025-02-03")
        assert len(day.table("instances_detail")) == INSTANCES
        [reads] = files.read.values()
        return sum(reads), sum(file.stat().st_size for file in large.glob("instances_detail/*/*"))

    read, there = measured()
    assert 0 < read < 3 * there / (PROJECTS * DAYS)  # the footer comes twice
    monkeypatch.setattr(layout, "ROWS_A_GROUP", GROUP)  # a store of millions has as many groups of 128 Ki rows
    tn.history.compact(large, grace=0)
    read, there = measured()
    group = there * GROUP / (PROJECTS * DAYS * INSTANCES)
    assert 0 < read < 3 * group + 2 * FOOTER < 0.15 * there
