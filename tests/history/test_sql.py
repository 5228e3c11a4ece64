"""Questions in SQL: the same figures as pandas, of the chosen snapshots only, within a limit of memory."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import toastnb as tn
from tests.capacity.builders import instance
from tests.history.stores import ROOT, account, days, of_instances
from toastnb.columns import TABLES
from toastnb.history import layout

ROWS = 1_000_000
SMALL = 1 / 16  # GB: the rows of `large` are several times that
ZONES = "SELECT project, zone, count(*) AS instances, sum(vcpus) AS vcpus FROM instances_detail GROUP BY ALL"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of two projects and two months, merged in part, with files that do not count any more."""
    store = tmp_path_factory.mktemp("small") / "store"
    for number, day in enumerate(days("2025-01-29", 6)):
        for project in ("shop", "dev"):
            instances = [instance(one, zone=f"zone-{one % 2}") for one in range(number + (project == "dev"))]
            tn.history.record(of_instances(instances), store, at=day, project=project)
        if number == 3:
            tn.history.compact(store)
    return store


@pytest.fixture
def history(store: Path, tmp_path: Path) -> tn.history.History:
    """Return the history of a copy of it."""
    return tn.history.open_store(shutil.copytree(store, tmp_path / "store"))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tn.history.History:
    """Return a history of one snapshot with many rows, none like another."""
    store = tmp_path_factory.mktemp("large") / "store"
    at = pd.Timestamp("2025-01-01", tz="UTC").as_unit("us")
    snapshot = layout.snapshot_id("shop", at)
    keys = {"snapshot_id": snapshot, "project": "shop", "at": at, "part": layout.first_part(snapshot, "d" * 64)}
    numbers = np.random.default_rng(7).permutation(ROWS)
    stored = layout.schema_of("instances_detail").remove(0).remove(0).remove(0).remove(0)
    columns = {name: pa.nulls(ROWS, stored.field(name).type) for name in stored.names}
    columns["vcpus"] = pa.array(numbers)
    columns["instance_id"] = pc.binary_join_element_wise(columns["vcpus"].cast(pa.string()), "-" * 40, "")
    rows = layout.with_keys("instances_detail", pa.table(columns), keys)
    counted = json.dumps({"instances_detail": ROWS})
    entry = keys | {"version": 1, "source": "", "digest": "d", "absent": "{}", "rows": counted}
    entries = pa.Table.from_pylist([entry], layout.SNAPSHOT_SCHEMA)
    for table, content in (("instances_detail", rows), ("snapshots", entries)):
        path = store / layout.file_of(table, "2025-01", keys["part"])
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            layout.write_parquet(content, file)
    return tn.history.open_store(store)


def without(path: Path, columns: list[str]) -> None:
    """Leave a file as one has it that knew fewer columns."""
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(columns), path)


@pytest.mark.parametrize("older", [["2025-01"], ["2025-02"], ["2025-01", "2025-02"]])
def test_a_column_that_older_files_lack_is_missing_there(store: Path, tmp_path: Path, older: list[str]) -> None:
    folder = shutil.copytree(store, tmp_path / "store")
    for month in older:
        for path in (folder / "instances_detail" / f"month={month}").iterdir():
            without(path, ["keypair", "vcpus"])
    history = tn.history.open_store(folder)
    query = (
        'SELECT "at", count(*) AS n, count(keypair) AS keypairs, sum(vcpus) AS vcpus FROM instances_detail GROUP BY ALL'
    )
    rows = history.table("instances_detail").groupby("at")
    expected = rows.size().to_frame("n").join(rows.keypair.count().rename("keypairs")).join(rows.vcpus.sum(min_count=1))
    found = history.sql(f"{query} ORDER BY ALL").set_index("at")
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    described = history.sql("DESCRIBE instances_detail").set_index("column_name")["column_type"]
    assert described["vcpus"] == "BIGINT"
    assert described.index.tolist() == [name for name in layout.schema_of("instances_detail").names if name != "part"]


@contextmanager
def watched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, tuple[int, int]]]:
    """Let temporary files be in a folder; of each in it tell the mode and the most bytes that were seen in it."""
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    seen: dict[str, tuple[int, int]] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            for path in folder.iterdir():
                try:
                    size = sum(file.stat().st_size for file in path.iterdir())
                    mode = stat.S_IMODE(path.stat().st_mode)
                except FileNotFoundError:
                    continue
                seen[path.name] = (mode, max(size, seen.get(path.name, (0, 0))[1]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def by_zone(frame: pd.DataFrame) -> pd.DataFrame:
    groups = frame.groupby(["project", "zone"])
    table = pd.DataFrame({"instances": groups.size().astype("Int64"), "vcpus": groups["vcpus"].sum()})
    return table.reset_index()


def test_it_has_the_figures_of_pandas(history: tn.history.History) -> None:
    expected = by_zone(history.table("instances_detail"))
    assert expected.instances.sum() == sum(range(6)) + sum(range(1, 7))
    pd.testing.assert_frame_equal(history.sql(f"{ZONES} ORDER BY project, zone"), expected)


def test_merging_changes_no_figure(history: tn.history.History) -> None:
    before = history.sql(f"{ZONES} ORDER BY project, zone")
    store = history._place.root
    files = len(list(Path(store).glob("instances_detail/*/*")))
    tn.history.compact(store)
    assert len(list(Path(store).glob("instances_detail/*/*"))) > files  # what was merged is there beside it
    pd.testing.assert_frame_equal(tn.history.open_store(store).sql(f"{ZONES} ORDER BY project, zone"), before)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_there_as_it_is_read_otherwise(history: tn.history.History, table: str) -> None:
    found = history.sql(f"SELECT * FROM {table}")
    expected = history.table(table)
    keys = list(expected.columns)
    pd.testing.assert_frame_equal(
        found.sort_values(keys, ignore_index=True), expected.sort_values(keys, ignore_index=True)
    )


def test_the_snapshots_are_a_table(history: tn.history.History) -> None:
    found = history.sql('SELECT * FROM snapshots ORDER BY "at", project')
    pd.testing.assert_frame_equal(found, history.snapshots())


def test_only_chosen_snapshots_are_there_and_only_their_files_are_opened(history: tn.history.History) -> None:
    chosen = history.of("shop").between("2025-01-30", "2025-02-02")
    [merged] = {part for part in history._chosen.part if layout.generation(part) and "-2025-01-" in part}
    held = set(chosen._chosen.part)
    assert merged in held
    assert set(history._chosen[history._chosen.part == merged].project) == {"shop", "dev"}
    for file in Path(history._place.root).glob("*/month=*/*"):
        if file.stem not in held:
            file.write_bytes(b"damaged")
    found = chosen.sql('SELECT project, "at", count(*) AS instances FROM instances_detail GROUP BY ALL ORDER BY "at"')
    assert found.project.unique().tolist() == ["shop"]
    assert found.instances.tolist() == [1, 2, 3, 4]
    assert chosen.sql("SELECT count(*) AS n FROM snapshots").n.item() == 4


def test_a_snapshot_counts_in_its_newest_part_only(history: tn.history.History) -> None:
    """Two merged parts may hold one snapshot each that is another's newest, and both hold a third."""
    place = history._place
    month = "2025-02"
    [old] = {part for part in history._chosen.part if layout.generation(part) and f"-{month}-" in part}
    newer = layout.merged_part(month, 2, "f" * 12)
    moved = history._chosen[(history._chosen.part == old) & (history._chosen.project == "shop")]
    rows = history.of("shop").between("2025-02-01", "2025-02-01").table("instances_detail")
    stored = layout.stored_of("instances_detail", rows)
    keys = dict(moved.iloc[0][["snapshot_id", "project", "at"]]) | {"part": newer}
    for table, content in (
        ("instances_detail", layout.with_keys("instances_detail", stored, keys)),
        ("snapshots", pa.Table.from_pandas(moved.assign(part=newer), layout.SNAPSHOT_SCHEMA, preserve_index=False)),
    ):
        with Path(place.path(layout.file_of(table, month, newer))).open("wb") as file:
            layout.write_parquet(content, file)
    again = tn.history.open_store(place.root)
    assert {old, newer} <= set(again._chosen.part)
    pd.testing.assert_frame_equal(again.sql(f"{ZONES} ORDER BY 1, 2"), history.sql(f"{ZONES} ORDER BY 1, 2"))


def test_a_question_larger_than_the_limit_goes_to_disk_and_is_right(
    large: tn.history.History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = """SELECT count(*) AS n, sum(place * vcpus) AS products FROM
        (SELECT vcpus, row_number() OVER (ORDER BY vcpus, instance_id) - 1 AS place FROM instances_detail)"""
    with watched(tmp_path / "temporary", monkeypatch) as seen:
        answer = large.sql(query, memory_gb=SMALL)
    assert answer.values.tolist() == [[ROWS, (ROWS - 1) * ROWS * (2 * ROWS - 1) // 6]]
    [(mode, size)] = seen.values()
    assert mode == 0o700
    assert size > 2**20
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_memory_of_the_process_stays_near_the_limit(large: tn.history.History) -> None:
    asked = """
import resource, sys
import toastnb as tn
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
history = tn.history.open_store(sys.argv[1])
history.sql("SELECT count(*) FROM instances_detail WHERE vcpus = 1")
before = peak()
query = "SELECT max(n) AS n FROM (SELECT instance_id, count(*) AS n FROM instances_detail GROUP BY instance_id)"
assert history.sql(query, memory_gb=float(sys.argv[2])).n.item() == 1
print(peak() - before)
"""
    command = [sys.executable, "-c", asked, large._place.root, str(SMALL)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert float(done.stdout) < 1.5 * SMALL * 1024  # without a limit it is twice the limit


@pytest.mark.parametrize(
    ("query", "said", "hint"),
    [
        ("SELECT list(instance_id) AS ids FROM instances_detail", "the query needs more than memory_gb", "Raise"),
        ("SELECT * FROM instances_detail", "the answer is larger than memory_gb", "Add up or LIMIT"),
        ("SELECT CASE WHEN vcpus = 7 THEN error('late') END AS a FROM instances_detail", "late", ""),
    ],
)
def test_what_cannot_be_answered_leaves_nothing(
    large: tn.history.History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, said: str, hint: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(tn.InvalidInput, match=f"Asking a history in SQL: {said}.*{hint}") as caught:
        large.sql(query, memory_gb=SMALL)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "SET " not in str(caught.value)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM nothing", "Table with name nothing does not exist! There are: snapshots, flavors, .*disks"),
        ("SELECT id FROM disks", 'Referenced column "id" not found .*"size_gb"'),
        ("SELECT max(at) FROM disks", 'syntax error at or near .*quoted, as "at"'),
        ("SELECT 1 AS a, 2 AS a", "two columns have the name a"),
        ("SELECT 'x'::INTEGER", "Could not convert string 'x' to INT32"),
        ("SELECT 1; SELECT 2", "not one SELECT"),
        ("", "not one SELECT"),
        ("DROP VIEW disks", "not one SELECT"),
        ("SET memory_limit = '100GB'", "not one SELECT"),
        ("COPY (SELECT 1) TO 'disks.csv'", "not one SELECT"),
        ("ATTACH 'other.db'", "not one SELECT"),
        ("INSTALL httpfs", "not one SELECT"),
        ("SELECT * FROM history", "Table with name history does not exist"),
        ("SELECT * FROM read_text('/etc/hostname')", "Cannot access file .*tables of the history, and nothing else"),
        ("SELECT * FROM glob('*')", "Cannot access file"),
        ("SELECT * FROM 's3://bucket/other.parquet'", "Cannot access file|file system operations are disabled|httpfs"),
        ("SELECT * FROM 'https://127.0.0.1:9/other.parquet'", "Cannot access|file system operations|httpfs"),
    ],
)
def test_it_says_what_is_wrong(history: tn.history.History, query: str, said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=said) as caught:
        history.sql(query)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "\n" not in str(caught.value)


def test_another_file_of_the_store_is_not_opened(history: tn.history.History) -> None:
    mine = history.of("shop")
    others = set(history._chosen.part) - set(mine._chosen.part)
    file = next(path for path in Path(history._place.root).glob("disks/*/*") if path.stem in others)
    with pytest.raises(tn.InvalidInput, match="Cannot access file"):
        mine.sql(f"SELECT * FROM '{file}'")


@pytest.mark.parametrize("memory_gb", [0, -1, 0.01, float("nan"), float("inf"), "1", None, True])
def test_the_limit_is_a_number_of_gb(history: tn.history.History, memory_gb: float) -> None:
    with pytest.raises(tn.InvalidInput, match=r"memory_gb is .*at least 0\.0625"):
        history.sql("SELECT 1", memory_gb=memory_gb)


def test_a_query_is_a_text(history: tn.history.History) -> None:
    with pytest.raises(tn.InvalidInput, match="query is a list"):
        history.sql(["SELECT 1"])  # type: ignore[arg-type]


def test_an_answer_has_the_dtypes_of_all_frames(history: tn.history.History) -> None:
    found = history.sql(
        """SELECT 'a' AS text, 'a'::ENUM('a') AS kind, NULL AS nothing, 1 AS small, 1::HUGEINT AS large, 1.5 AS exact,
        2::FLOAT AS real, NULL::DOUBLE AS missing, true AS flag, DATE '2025-01-31' AS day,
        TIMESTAMP '2025-01-31 12:00' AS local, TIMESTAMPTZ '2025-01-31 12:00:00+09' AS zoned, 10::HUGEINT ** 2 AS power,
        170141183460469231731687303715884105727 AS largest, [1, 2] AS list,
        18446744073709551615::UBIGINT AS unsigned, [1, 2]::VARCHAR AS written"""
    )
    assert [str(dtype) for dtype in found.dtypes] == [
        *["str", "str", "Int64" if found.nothing.dtype == "Int64" else "str", "Int64", "Int64", "Float64"],
        *["Float64", "Float64", "boolean", *["datetime64[us, UTC]"] * 3, "Float64", "Float64", "object"],
        *["Float64", "str"],
    ]
    row = found.iloc[0]
    assert [row.day.isoformat(), row.zoned.isoformat()] == ["2025-01-31T00:00:00+00:00", "2025-01-31T03:00:00+00:00"]
    assert (row.unsigned, row.written) == (2.0**64, "[1, 2]")
    assert pd.isna(row.missing)
    assert pd.isna(row.nothing)


def test_a_time_beyond_what_a_frame_holds_is_refused(history: tn.history.History) -> None:
    with pytest.raises(tn.InvalidInput, match="Asking a history in SQL"):
        history.sql("SELECT DATE 'infinity' AS never")


def test_it_finds_no_rows_and_the_columns_all_the_same(history: tn.history.History) -> None:
    none = history.between("2020-01-01", "2020-01-02")
    found = none.sql("SELECT * FROM instances_detail")
    assert len(found) == 0
    pd.testing.assert_series_equal(found.dtypes, history.table("instances_detail").dtypes)


def test_files_that_were_merged_since(history: tn.history.History) -> None:
    tn.history.compact(history._place.root, grace=0)
    with pytest.raises(tn.InvalidInput, match=r"are gone.* open it again"):
        history.sql("SELECT count(*) FROM disks")
    assert tn.history.open_store(history._place.root).sql("SELECT count(*) AS n FROM instances_detail").n.item() == 36


def test_ctrl_c_ends_a_query_that_would_run_for_minutes(history: tn.history.History) -> None:
    main = threading.main_thread().ident
    assert main is not None
    before = set(threading.enumerate())
    timer = threading.Timer(0.5, signal.pthread_kill, (main, signal.SIGINT))
    began = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        history.sql("SELECT sum(hash(a.range)) FROM range(10000000000) a")
    assert time.monotonic() - began < 5
    timer.join()
    assert set(threading.enumerate()) <= before
    assert history.sql("SELECT count(*) AS n FROM snapshots").n.item() == 12


def test_a_folder_whose_name_is_a_pattern(tmp_path: Path) -> None:
    store = tmp_path / "shop [1]*?'\""
    tn.history.record(account(4), store, at="2025-01-01", project="shop")
    tn.history.record(account(5), tmp_path / "shop 1", at="2025-01-01", project="shop")
    assert tn.history.open_store(store).sql("SELECT count(*) AS n FROM instances_detail").n.item() == 4


def test_object_storage(object_storage: str) -> None:
    for number, day in enumerate(days("2025-01-30", 4)):
        tn.history.record(account(number + 1), object_storage, at=day, project="shop")
        if number == 2:
            tn.history.compact(object_storage)
    history = tn.history.open_store(object_storage)
    query = (
        'SELECT "at", sum(vcpus) AS vcpus, max(instance_id) AS last FROM instances_detail GROUP BY ALL ORDER BY "at"'
    )
    expected = history.table("instances_detail").groupby("at", as_index=False)
    pd.testing.assert_frame_equal(history.sql(query), expected.agg(vcpus=("vcpus", "sum"), last=("instance_id", "max")))
    tn.history.compact(object_storage, grace=0)
    with pytest.raises(tn.InvalidInput, match=r"are gone.* open it again"):
        history.sql(query)
    with pytest.raises(tn.InvalidInput, match="Cannot access"):
        history.sql(f"SELECT * FROM '{object_storage}/snapshots/*.parquet'")


def test_the_tables_can_be_listed_and_described(history: tn.history.History) -> None:
    assert history.sql("SHOW TABLES")["name"].tolist() == sorted([*TABLES, "snapshots"])
    listed = history.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
    assert set(listed["table_name"]) == {*TABLES, "snapshots"}
    described = history.sql("describe disks")
    assert described["column_name"].tolist() == history.table("disks").columns.tolist()


@pytest.mark.parametrize("where", ['status = "STOP"', 'i."STOP" = 1', '"STOP"'])
def test_text_in_double_quotes_is_told(history: tn.history.History, where: str) -> None:
    with pytest.raises(tn.InvalidInput, match=r"Double quotes are for names; text stands in single ones: 'STOP'\."):
        history.sql(f"SELECT 1 FROM instances i WHERE {where}")
    with pytest.raises(tn.InvalidInput, match=r'"stat"') as told:
        history.sql("SELECT stat FROM instances")
    assert "quotes" not in str(told.value)
