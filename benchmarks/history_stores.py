"""Made-up histories: a sandbox's fleet, day after day, of which few instances change; recorded, or written at once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import toastnb as tn
from toastnb.arrays import from_arrow
from toastnb.history import layout
from toastnb.history.compaction import ROWS_A_PART

INSTANCES = 1_000
DAYS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2026-01-01", periods=365)]
RENEWED, CHANGED = 4, 12  # a day, of 1,000
RECORDED_PROJECTS, RECORDED_DAYS = 3, DAYS[:31]
_TABLE = "instances_detail"
_PROJECTS_A_GROUP = layout.ROWS_A_GROUP // (31 * INSTANCES)


class Fleet:
    """A project's instances, which a month changes.

    Parameters
    ----------
    base : Table
        Instances to begin with; ids, names and addresses become the project's own.
    number : int
        Which project; the seed of what happens in it.
    """

    def __init__(self, base: pa.Table, number: int) -> None:
        self._rng = np.random.default_rng(number)
        self._number = number
        self.name = f"project-{number:04}"
        self.now = self._made(base, "2025-12-31")

    def month(self, days: list[str]) -> pa.Table:
        """Return the instances of each day, a day after the other, as they are stored without keys."""
        versions, slots = [self.now], np.arange(INSTANCES)
        there, of_days = INSTANCES, []
        for day in days:
            some = self._rng.choice(INSTANCES, RENEWED + CHANGED, replace=False)
            renewed = self._made(self.now.take(some[:RENEWED]), day)
            changed = self.now.take(some[RENEWED:])
            status = pa.array(self._rng.choice(["ACTIVE", "STOP"], CHANGED))
            changed = _with(_with(changed, "status", status), "updated_at", self._moments(day, CHANGED))
            versions += [renewed, changed]
            slots[some] = np.arange(there, there + RENEWED + CHANGED)
            there += RENEWED + CHANGED
            of_days.append(slots.copy())
        pool = pa.concat_tables(versions).combine_chunks()
        self.now = pool.take(slots)
        return pool.take(np.concatenate(of_days))

    def _made(self, rows: pa.Table, day: str) -> pa.Table:
        """Return rows as new instances of a day, with what no other instance has."""
        count, hexadecimal = len(rows), self._rng.bytes(16 * len(rows)).hex()
        ids = [hexadecimal[32 * one : 32 * one + 32] for one in range(count)]
        ids = [f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}" for one in ids]
        names = [f"{name}-{self._number}" for name in rows["name"].to_pylist()]
        addresses = [f"10.{self._number % 256}.{one >> 8}.{one & 255}" for one in self._rng.integers(0, 2**16, count)]
        for name, column in (("instance_id", ids), ("name", names), ("ip_address", addresses)):
            rows = _with(rows, name, pa.array(column))
        for name in ("created_at", "launched_at", "updated_at"):
            rows = _with(rows, name, self._moments(day, count))
        return rows

    def _moments(self, day: str, count: int) -> pa.Array:
        seconds = self._rng.integers(0, 86_400, count)
        return pa.array(pd.Timestamp(day, tz="UTC") + pd.to_timedelta(seconds, unit="s"))


def _with(rows: pa.Table, name: str, column: pa.Array) -> pa.Table:
    position = rows.schema.get_field_index(name)
    return rows.set_column(position, rows.schema.field(name), column.cast(rows.schema.field(name).type))


def _account() -> tn.Inventory:
    with tn.Sandbox(instances=INSTANCES, seed=7) as sandbox, tn.connect(sandbox) as toast:
        return toast.inventory()


def a_month_recorded(store: Path) -> list[float]:
    """Record a month of some projects, merge it, read snapshots.

    Returns the number of snapshots, the seconds, what it weighs (all tables; instances_detail), the same of merging,
    and the seconds of reading a snapshot.
    """
    account = _account()
    base = layout.stored_of(_TABLE, account.instances_detail)
    taken = 0.0
    for number in range(RECORDED_PROJECTS):
        fleet = Fleet(base, number)
        rows = fleet.month(RECORDED_DAYS)
        for turn, day in enumerate(RECORDED_DAYS):
            inventory = _of_day(account, from_arrow(_TABLE, rows.slice(turn * INSTANCES, INSTANCES)))
            start = time.perf_counter()
            tn.history.record(inventory, store, at=day, project=fleet.name)
            taken += time.perf_counter() - start
    recorded = _weights(store)
    start = time.perf_counter()
    tn.history.compact(store, grace=0)
    merging = time.perf_counter() - start
    history = tn.history.open_store(store)
    start = time.perf_counter()
    for day in RECORDED_DAYS[:10]:
        history.at(day, fleet.name)
    reading = (time.perf_counter() - start) / 10
    snapshots = RECORDED_PROJECTS * len(RECORDED_DAYS)
    return [snapshots, taken, *recorded, merging, *_weights(store), reading]


def _of_day(account: tn.Inventory, of_day: pd.DataFrame) -> tn.Inventory:
    """Return the account with other instances, of which each has what the one in its place had."""
    new = pd.Series(of_day["instance_id"].array, index=account.instances_detail["instance_id"])
    tables = {
        name: frame.assign(instance_id=frame["instance_id"].map(new)) if "instance_id" in frame else frame
        for name, frame in account.tables.items()
    }
    return tn.Inventory(tables | {_TABLE: of_day}, account.absent, account.fetched_at, account.source)


def _weights(store: Path) -> tuple[int, int]:
    """Return the bytes of all files, and of those of instances_detail."""
    files = {file: file.stat().st_size for file in store.rglob("*") if file.is_file()}
    return sum(files.values()), sum(size for file, size in files.items() if _TABLE in file.parts)


def written(store: Path, projects: int) -> int:
    """Write a year of instances_detail as it is when it is merged; return the number of rows.

    Beside it is a file ``one``, with the id of an instance of the second project.
    """
    base = layout.stored_of(_TABLE, _account().instances_detail)
    fleets = [Fleet(base, number) for number in range(projects)]
    a_part = max(1, ROWS_A_PART // (31 * INSTANCES))
    (store / "snapshots").mkdir(parents=True)
    (store / "one").write_text(fleets[1].now["instance_id"][500].as_py())
    for month, days in pd.Series(DAYS).groupby(pd.Series(DAYS).str[:7]):
        (store / f"{_TABLE}/month={month}").mkdir(parents=True)
        for first in range(0, projects, a_part):
            part = layout.merged_part(str(month), 1, f"{first:012x}")
            _write_part(store, str(month), part, fleets[first : first + a_part], list(days))
    return projects * len(DAYS) * INSTANCES


def _write_part(store: Path, month: str, part: str, fleets: list[Fleet], days: list[str]) -> None:
    at = [pd.Timestamp(day, tz="UTC").as_unit("us") for day in days]
    schema = layout.schema_of(_TABLE)
    entries = []
    with (
        (store / layout.file_of(_TABLE, month, part)).open("wb") as file,
        pq.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        for first in range(0, len(fleets), _PROJECTS_A_GROUP):
            some = []
            for fleet in fleets[first : first + _PROJECTS_A_GROUP]:
                keys = [_keys(fleet.name, moment, part) for moment in at]
                entries += keys
                some.append(_rows(fleet.month(days), keys, schema))
            writer.write_table(pa.concat_tables(some), row_group_size=layout.ROWS_A_GROUP)
    about = {"version": layout.VERSION, "source": "made up", "digest": "none", "absent": "{}"}
    rows = json.dumps({_TABLE: INSTANCES})
    table = pa.Table.from_pylist([key | about | {"rows": rows} for key in entries], schema=layout.SNAPSHOT_SCHEMA)
    with (store / layout.file_of(layout.SNAPSHOTS, month, part)).open("wb") as file:
        layout.write_parquet(table, file)


def _keys(project: str, at: pd.Timestamp, part: str) -> dict[str, Any]:
    return {"snapshot_id": layout.snapshot_id(project, at), "project": project, "at": at, "part": part}


def _rows(stored: pa.Table, keys: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    turns = np.repeat(np.arange(len(keys)), INSTANCES)
    columns = [pc.take(pa.array([key[name] for key in keys], schema.field(name).type), turns) for name in layout.KEYS]
    return pa.Table.from_arrays([*columns, *stored.columns], schema=schema)
