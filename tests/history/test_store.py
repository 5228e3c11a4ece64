"""What is recorded comes back as it was, and what cannot be is refused before anything is written."""

from __future__ import annotations

import os
import resource
import signal
import stat
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import toastnb as tn
from tests.history.stores import account, assert_same, files_of, rows_by_toastnb
from toastnb.history.layout import SNAPSHOT_SCHEMA, generation, merged_part, schema_of

AT = "2025-03-01T09:00:00Z"


def listing(store: str) -> dict[str, object]:
    """Return every file of a store with what tells whether it was written again."""
    files, root = fsspec.core.url_to_fs(store)
    files.invalidate_cache()
    found = files.find(root, detail=True)
    return {name: (entry.get("mtime") or entry.get("LastModified"), entry.get("ino")) for name, entry in found.items()}


def test_an_account_comes_back_as_it_was(store: str, toast: tn.Toast) -> None:
    inventory = toast.inventory()
    snapshot = tn.history.record(inventory, store, project="shop")
    history = tn.history.open_store(store)
    back = history.newest()
    assert_same(back, inventory)
    assert (back.source, pd.Timestamp(back.fetched_at)) == (inventory.source, pd.Timestamp(inventory.fetched_at))
    [row] = history.snapshots().to_dict("records")
    assert (row["snapshot_id"], row["project"], row["instances"]) == (snapshot, "shop", 40)


def test_the_same_again_changes_nothing(store: str) -> None:
    snapshot = tn.history.record(account(), store, at=AT)
    before = listing(store)
    assert len(before) == 3
    assert tn.history.record(account(), store, at=AT) == snapshot
    assert listing(store) == before
    tn.history.compact(store)
    merged = listing(store)
    assert tn.history.record(account(), store, at=AT) == snapshot
    assert listing(store) == merged


def test_another_inventory_of_the_same_moment_is_a_conflict_and_changes_nothing(store: str) -> None:
    tn.history.record(account(3), store, at=AT, project="shop")
    before = listing(store)
    for other in (account(4), account(3, status="STOP")):
        with pytest.raises(tn.Conflict, match="has another inventory of shop at 2025-03-01 09:00:00"):
            tn.history.record(other, store, at=AT, project="shop")
    assert listing(store) == before
    tn.history.record(account(4), store, at=AT, project="dev")
    assert tn.history.open_store(store).projects == ["dev", "shop"]


def test_a_moment_is_the_same_in_every_zone_and_to_the_microsecond(store: str) -> None:
    first = tn.history.record(account(), store, at="2025-03-01T00:30:00.000001", project="shop")
    seoul = datetime(2025, 3, 1, 9, 30, 0, 1, timezone(timedelta(hours=9)))
    assert tn.history.record(account(), store, at=seoul, project="shop") == first
    second = tn.history.record(account(), store, at="2025-03-01T00:30:00.000002Z", project="shop")
    assert first < second
    assert len(tn.history.open_store(store)) == 2


def test_what_was_known_at_a_moment(store: str) -> None:
    future = datetime.now(UTC) + timedelta(days=400)
    for count, at in ((1, "2025-03-01"), (2, "2025-04-01"), (3, future)):
        tn.history.record(account(count), store, at=at, project="shop")
    tn.history.record(account(9), store, at="2025-04-01", project="dev")
    history = tn.history.open_store(store)
    shop = history.of("shop")
    assert [len(shop.at(when).instances_detail) for when in ("2025-03-01", "2025-03-31", "2025-04-01")] == [1, 1, 2]
    assert len(history.at("2030-01-01" if future.year < 2030 else "2999-01-01", "shop").instances_detail) == 3
    assert len(shop.newest().instances_detail) == 3
    assert history.between("2025-03-01", "2025-04-01").snapshots()["instances"].tolist() == [1, 9, 2]
    assert shop.timeline("id-1")["at"].tolist() == shop.snapshots()["at"].tolist()[1:]
    table = history.table("disks", ["size_gb"])
    assert table.columns.tolist() == ["snapshot_id", "project", "at", "size_gb"]
    assert table.groupby("snapshot_id").size().sum() == 2 * (1 + 2 + 3 + 9)
    with pytest.raises(tn.NotFound, match="no snapshot at 2025-02-28"):
        shop.at("2025-02-28")
    with pytest.raises(tn.InvalidInput, match="has 2 projects"):
        history.newest()
    with pytest.raises(tn.InvalidInput, match="no project 'shp'"):
        history.of("shp")
    with pytest.raises(tn.InvalidInput, match="before first"):
        history.between("2025-04-02", "2025-04-01")
    with pytest.raises(tn.InvalidInput, match="no table 'vms'"):
        history.table("vms")
    with pytest.raises(tn.InvalidInput, match="no column 'cpus'"):
        history.table("instances_detail", ["cpus"])
    with pytest.raises(tn.NotFound, match="no snapshot has an instance"):
        history.timeline("id-77")


@pytest.mark.parametrize("project", ["a/b", "../../up", "한글 🐄", "x'y\"z", "*?[a]", "%2F", "a" * 5000, ".", "=1+1"])
def test_a_project_may_have_any_name(tmp_path: Path, project: str) -> None:
    tn.history.record(account(1), tmp_path / "store", at=AT, project="other")
    tn.history.record(account(2), tmp_path / "store", at=AT, project=project)
    history = tn.history.open_store(tmp_path / "store")
    assert history.projects == sorted(["other", project])
    assert len(history.at(AT, project).instances_detail) == 2
    assert {path.name for path in tmp_path.iterdir()} <= {"store", "home"}


@pytest.mark.parametrize("project", [" ", "a\nb", "\ud800", 7])
def test_what_is_no_name_is_refused(tmp_path: Path, project: str) -> None:
    with pytest.raises(tn.InvalidInput, match="project"):
        tn.history.record(account(), tmp_path / "store", at=AT, project=project)
    assert not (tmp_path / "store").exists()


def test_tables_without_rows_absent_tables_and_nothing_at_all(store: str) -> None:
    tn.history.record(account(0), store, at=AT, project="empty")
    bare = tn.Inventory({"instances_detail": account(0).instances_detail}, {"images": "no"}, AT)
    tn.history.record(bare, store, project="nothing")
    history = tn.history.open_store(store)
    assert_same(history.newest("empty"), account(0))
    assert list(history.newest("nothing").tables) == ["instances_detail"]
    assert history.newest("nothing").absent == {"images": "no"}
    assert history.table("instances_detail").empty
    assert history.table("images").dtypes["size_bytes"] == "Int64"
    assert history.snapshots()["instances"].tolist() == [0, 0]
    tn.history.compact(store)
    assert_same(tn.history.open_store(store).newest("empty"), account(0))


def test_columns_beyond_the_dictionary_are_left_out(tmp_path: Path) -> None:
    plain = account()
    wide = tn.Inventory(plain.tables, plain.absent, plain.fetched_at, plain.source)
    wide.instances_detail = plain.instances_detail.assign(**{"metadata.team": "a", "part": "b"})
    tn.history.record(wide, tmp_path / "store")
    assert_same(tn.history.open_store(tmp_path / "store").newest(), plain)


def test_a_table_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for change, said in (
        (lambda df: df.drop(columns="zone"), "instances_detail has no column zone"),
        (lambda df: df.assign(vcpus="two"), "instances_detail.vcpus is not Int64"),
        (lambda df: df.assign(name=7), "instances_detail.name is not str"),
    ):
        inventory = account()
        inventory.instances_detail = change(inventory.instances_detail)
        with pytest.raises(tn.InvalidInput, match=said):
            tn.history.record(inventory, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_an_inventory_without_instances_and_a_moment_before_all_are_refused(tmp_path: Path) -> None:
    for inventory, at, said in (
        (tn.Inventory({}, {"images": "no"}, AT), AT, "the inventory has no instances_detail"),
        (account(), "0001-01-01", "at is 0001-01-01 .*before 1970"),
        (account(), "1969-12-31T23:59:59Z", "before 1970"),
    ):
        with pytest.raises(tn.InvalidInput, match=said):
            tn.history.record(inventory, tmp_path / "store", at=at)
    assert not (tmp_path / "store").exists()
    tn.history.record(account(), tmp_path / "store", at="1970-01-01")
    assert_same(tn.history.open_store(tmp_path / "store").at("1970-01-01"), account())


def test_a_history_of_nowhere(store: str) -> None:
    with pytest.raises(tn.NotFound, match="there is no history in"):
        tn.history.open_store(store)
    with pytest.raises(tn.NotFound, match="there is no history in"):
        tn.history.compact(store)


def test_files_and_folders_are_the_owners_alone_from_the_start(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        tn.history.record(account(), tmp_path / "deep" / "store", at=AT)
        tn.history.compact(tmp_path / "deep" / "store", grace=0)
    finally:
        os.umask(before)
    paths = list((tmp_path / "deep").rglob("*"))
    assert len(paths) > 6
    for path in (tmp_path / "deep", *paths):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


SNAPSHOT = dict.fromkeys(("snapshot_id", "project", "digest"), "x") | {
    "at": datetime(2025, 1, 1, tzinfo=UTC), "source": "", "absent": "{}", "rows": "{}", "version": 1,
}  # fmt: skip
PART = "000000-20250101T000000.000000Z-abc-def"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (f"{PART}.parquet", b"", "is damaged, or no file of toastnb"),
        (f"{PART}.parquet", b"PAR1 and then something else", "is damaged, or no file of toastnb"),
        (f"{PART}.parquet", pa.table({"a": [1]}), "is damaged, or no file of toastnb"),
        (f"{PART}.parquet", SNAPSHOT | {"part": PART, "version": 2}, "is of version 2, not 1. Install the newest"),
        (f"{PART}.parquet", SNAPSHOT | {"part": PART, "version": 0}, "is of version 0"),
        (f"{PART}.parquet", SNAPSHOT | {"part": "another"}, "has another part's name"),
        ("notes.parquet", pa.table({"a": [1]}), "notes.parquet is damaged, or no file of toastnb"),
    ],
)
def test_a_foreign_or_damaged_file_among_the_snapshots_is_named(
    tmp_path: Path, name: str, content: object, said: str
) -> None:
    store = tmp_path / "store"
    tn.history.record(account(), store, at=AT)
    if isinstance(content, dict):
        content = pa.Table.from_pylist([content], SNAPSHOT_SCHEMA)
    if isinstance(content, bytes):
        (store / "snapshots" / name).write_bytes(content)
    else:
        pq.write_table(content, store / "snapshots" / name)
    before = files_of(store)
    for work in (tn.history.open_store, lambda store: tn.history.compact(store, grace=0)):
        with pytest.raises(tn.InvalidInput, match=said):
            work(store)
    assert files_of(store) == before


@pytest.mark.parametrize("harm", ["gone", "cut", "a row less"])
def test_damaged_rows_are_told_and_never_merged(tmp_path: Path, harm: str) -> None:
    store = tmp_path / "store"
    for day in ("2025-03-01", "2025-03-02"):
        tn.history.record(account(), store, at=day, project="shop")
    path = sorted(store.glob("instances_detail/*/*.parquet"))[0]
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-50])
    else:
        pq.write_table(pq.read_table(path, schema=schema_of("instances_detail"))[1:], path)
    history = tn.history.open_store(store)
    with pytest.raises(tn.InvalidInput, match="history"):
        history.at("2025-03-01")
    for work in (lambda: history.table("instances_detail"), history.amounts, history.churn, history.stopped_since):
        with pytest.raises(tn.InvalidInput, match="history"):
            work()
    assert_same(history.at("2025-03-02"), account())
    entries = {name: content for name, content in files_of(store).items() if name.startswith("snapshots")}
    with pytest.raises(tn.InvalidInput, match="history"):
        tn.history.compact(store, grace=0)
    assert {name: content for name, content in files_of(store).items() if name.startswith("snapshots")} == entries


def test_rows_of_another_snapshot_do_not_make_up_for_those_that_are_gone(tmp_path: Path) -> None:
    for day in ("2025-03-01", "2025-03-02"):
        tn.history.record(account(), tmp_path, at=day, project="shop")
    tn.history.compact(tmp_path, grace=0)
    [path] = tmp_path.glob("instances_detail/*/*.parquet")
    rows = pq.read_table(path, schema=schema_of("instances_detail"))
    pq.write_table(pa.concat_tables([rows[1:], rows[-1:]]), path)
    history = tn.history.open_store(tmp_path)
    for work in (lambda: history.table("instances_detail", ["name"]), lambda: history.amounts("zone")):
        with pytest.raises(tn.InvalidInput, match="has 2 rows in place of 3"):
            work()


@pytest.mark.parametrize("columns", ["vcpus", 5, [["vcpus"]]])
def test_columns_are_a_list_of_names(tmp_path: Path, columns: object) -> None:
    tn.history.record(account(), tmp_path, at=AT)
    with pytest.raises(tn.InvalidInput, match=r"columns is .*As \['vcpus', 'zone'\]|has no column"):
        tn.history.open_store(tmp_path).table("instances_detail", columns)  # type: ignore[arg-type]


def test_what_is_asked_for_wrongly_is_named(tmp_path: Path) -> None:
    tn.history.record(account(), tmp_path, at=AT, project="shop")
    history = tn.history.open_store(tmp_path)
    with pytest.raises(tn.InvalidInput, match=r"a project is list.*of\('shop', 'dev'\)"):
        history.of(["shop"])  # type: ignore[arg-type]
    with pytest.raises(tn.InvalidInput, match=r"there is no table \['disks'\]"):
        history.table(["disks"])  # type: ignore[arg-type]
    for by in (5, [["zone"]]):
        with pytest.raises(tn.InvalidInput, match="by is"):
            history.amounts(by=by)  # type: ignore[arg-type]
    for tables in (5, [["disks"]]):
        with pytest.raises(tn.InvalidInput, match="table"):
            tn.history.diff(account(), account(), tables=tables)  # type: ignore[arg-type]


def test_other_files_beside_it_are_no_obstacle(tmp_path: Path) -> None:
    store = tmp_path / "store"
    tn.history.record(account(), store, at=AT)
    (store / "README.txt").write_text("ours")
    (store / "snapshots" / ".DS_Store").write_bytes(b"\0")
    (store / "instances_detail" / "notes.csv").write_text("a")
    tn.history.compact(store, grace=0)
    assert len(rows_by_toastnb(store)) == 1
    assert (store / "README.txt").exists()
    assert (store / "instances_detail" / "notes.csv").exists()


@pytest.mark.parametrize(
    "url",
    [
        "s3://an-id:Xk7-geheim@bucket/prefix",
        "s3://an-id:Xk7/geheim/x@bucket/prefix",
        "s3://Xk7-geheim@bucket",
        "https://host/store?sig=Xk7-geheim",
        "simplecache::s3://an-id:Xk7-geheim@bucket",
        "sftp://user:Xk7-geheim@host/store",
    ],
)
def test_keys_in_a_url_are_refused_and_not_shown(url: str) -> None:
    for work in (tn.history.open_store, tn.history.compact, lambda url: tn.history.record(account(), url)):
        with pytest.raises(tn.InvalidInput, match="store is a URL with a user, a key or a query in it") as caught:
            work(url)
        assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3:/an-id:Xk7-geheim@bucket/x", "S3:/bucket", "s3:bucket", "sftp:/host", "file:/x"])
def test_a_url_that_lost_a_slash_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """As of pathlib.Path("s3://bucket")."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tn.InvalidInput, match="begins like a URL, but not with two slashes") as caught:
        tn.history.record(account(), url)
    assert "geheim" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_folder_may_have_a_colon_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("./s3:x", "a:b", "c:/x", "2025:x"):
        tn.history.record(account(), name)
        assert len(tn.history.open_store(name)) == 1


@pytest.mark.parametrize("store", ["", " ", None, 7, b"x"])
def test_what_is_no_store_is_refused(store: str) -> None:
    with pytest.raises(tn.InvalidInput, match="store is no folder and no URL"):
        tn.history.open_store(store)


@pytest.mark.parametrize("scheme", ["file://", "local://"])
def test_a_folder_as_a_url_is_the_folder(tmp_path: Path, scheme: str) -> None:
    tn.history.record(account(), f"{scheme}{tmp_path}/store", at=AT)
    assert tn.history.record(account(), tmp_path / "store", at=AT)
    assert len(tn.history.open_store(tmp_path / "store")) == 1
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700


def test_a_scheme_that_nobody_knows() -> None:
    with pytest.raises(tn.InvalidInput, match="nosuch"):
        tn.history.open_store("nosuch://bucket")


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(tn.InvalidInput, match="cannot be"):
        tn.history.record(account(), file / "store")
    with pytest.raises(tn.InvalidInput, match="cannot be"):
        tn.history.record(account(), file)


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = tmp_path / "store"
    tn.history.record(account(), store, at="2025-03-01", project="shop")
    before = rows_by_toastnb(store)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, limits[1]))
    try:
        with pytest.raises(tn.InvalidInput, match="File too large"):
            tn.history.record(account(), store, at="2025-03-02", project="shop")
        with pytest.raises(tn.InvalidInput, match="File too large"):
            tn.history.compact(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert rows_by_toastnb(store) == before
    assert not list(store.rglob("*.part"))


def test_rows_are_on_disk_before_their_entry_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut a name may be lost whose folder was not synced, and a later one be there."""
    unsynced: set[Path] = set()
    plain_sync, plain_rename, plain_mkdir = os.fsync, os.replace, os.mkdir
    entries = []

    def sync(descriptor: int) -> None:
        plain_sync(descriptor)
        unsynced.discard(Path(f"/proc/self/fd/{descriptor}").readlink())

    def rename(source: Path, target: Path) -> None:
        if Path(target).parent.name == "snapshots":
            entries.append(unsynced.copy())
        plain_rename(source, target)
        unsynced.add(Path(target).parent)

    def mkdir(path: Path, mode: int = 0o777) -> None:
        plain_mkdir(path, mode)
        unsynced.add(Path(path).parent)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", rename)
    monkeypatch.setattr(os, "mkdir", mkdir)
    tn.history.record(account(), tmp_path / "store", at=AT)
    assert entries == [set()]
    assert unsynced == set()


def test_generations_sort_as_text() -> None:
    parts = [merged_part("2025-01", number, "ff") for number in (1, 9, 10, 9999, 10000, 99999)]
    assert parts == sorted(parts)
    assert [generation(part) for part in parts] == [1, 9, 10, 9999, 10000, 99999]


def test_a_date_is_its_first_moment_and_as_an_end_its_last(tmp_path: Path) -> None:
    store = tmp_path / "store"
    tn.history.record(account(1), store, at=date(2025, 3, 1), project="shop")
    tn.history.record(account(2), store, at="2025-03-02T00:00:01", project="shop")
    history = tn.history.open_store(store)
    assert len(history.at(date(2025, 3, 2)).instances_detail) == 1
    for first, last in ((date(2025, 3, 1), date(2025, 3, 2)), ("2025-03-01", "2025-03-02"), ("2025-03-01", "20250302")):
        assert len(history.between(first, last)) == 2
    for last in ("2025-03-02T00:00", "2025-03-02T00:00:00Z", datetime(2025, 3, 2), pd.Timestamp("2025-03-02")):
        assert len(history.between("2025-03-01", last)) == 1
    assert repr(history.between("2025-03-01", "2025-03-01")).startswith(f"<History {store}: 1 snapshot of 1 project, ")
    assert f"{store}: 2 snapshots of 1 project, " in repr(history)


@pytest.mark.parametrize("given", [account(1).instances_detail, None, tn.Sandbox(instances=1)])
def test_only_an_inventory_is_recorded(given: object, tmp_path: Path) -> None:
    with pytest.raises(tn.InvalidInput, match=r"must be an Inventory. Give what toast\.inventory\(\)"):
        tn.history.record(given, tmp_path / "store")  # type: ignore[arg-type]
    assert not (tmp_path / "store").exists()


def test_a_timeline_is_of_one_instance(tmp_path: Path) -> None:
    tn.history.record(account(1), tmp_path / "store")
    with pytest.raises(tn.InvalidInput, match="instance_id is list, but must be one id"):
        tn.history.open_store(tmp_path / "store").timeline(["id-0"])  # type: ignore[arg-type]
