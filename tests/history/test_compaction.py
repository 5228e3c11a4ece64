"""Merging and thinning: what is kept, what goes when, and nothing lost beside those who write and read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.history.stores import (
    ROOT,
    account,
    assert_clean,
    assert_same,
    counts,
    days,
    files_of,
    rows_by_duckdb,
    rows_by_toastnb,
)
from toastnb.history import compaction, layout
from toastnb.history.places import Place


def filled(store: str | Path, first: str = "2025-01-01", count: int = 40, project: str = "shop") -> None:
    for number, day in enumerate(days(first, count)):
        tn.history.record(account(1 + number % 3), store, at=day, project=project)


def kept(store: str | Path) -> list[str]:
    return [f"{at:%Y-%m-%d}" for at in tn.history.open_store(store).snapshots()["at"]]


def test_merging_makes_a_file_a_month_and_changes_no_answer(store: str) -> None:
    filled(store, count=12, first="2025-01-27")
    before = tn.history.open_store(store)
    table, amounts, one = before.table("instances_detail"), before.amounts(), before.at("2025-02-03")
    done = tn.history.compact(store)
    assert done.to_dict("index") == {
        "2025-01": {"snapshots_before": 5, "snapshots": 5, "files_before": 5, "files": 1},
        "2025-02": {"snapshots_before": 7, "snapshots": 7, "files_before": 7, "files": 1},
    }
    for history in (before, tn.history.open_store(store)):  # who had it open goes on reading
        pd.testing.assert_frame_equal(history.table("instances_detail"), table)
        pd.testing.assert_frame_equal(history.amounts(), amounts)
        assert_same(history.at("2025-02-03"), one)
    again = tn.history.compact(store)
    assert again["files_before"].tolist() == again["files"].tolist() == [1, 1]


def test_merging_what_is_merged_writes_nothing(tmp_path: Path) -> None:
    filled(tmp_path, count=5)
    tn.history.compact(tmp_path, grace=0)
    before = files_of(tmp_path)
    tn.history.compact(tmp_path, grace=0)
    assert files_of(tmp_path) == before


def test_what_was_merged_is_left_to_readers_for_the_time_of_grace(tmp_path: Path) -> None:
    filled(tmp_path, count=3)
    for path in tmp_path.rglob("*.parquet"):  # it was written long ago, and is given up only now
        os.utime(path, (0, 0))
    history = tn.history.open_store(tmp_path)
    tn.history.compact(tmp_path, keep={"monthly": None})
    assert len(history.table("instances_detail")) == 1 + 2 + 3
    assert len(tn.history.open_store(tmp_path).table("instances_detail")) == 3
    for path in tmp_path.glob("retired/*"):
        os.utime(path, (0, 0))
    tn.history.compact(tmp_path, keep={"monthly": None})
    assert_clean(tmp_path)
    with pytest.raises(tn.InvalidInput, match="history"):
        history.table("instances_detail")


def test_thinning_keeps_days_then_weeks_then_months(tmp_path: Path) -> None:
    filled(tmp_path, count=60)  # to 1 March, a Saturday
    tn.history.compact(tmp_path, keep={"all": 2, "weekly": 21, "monthly": None})
    weeks = ["2025-02-09", "2025-02-16", "2025-02-23"]  # Sundays of at most 21 days ago; 2 February is 27 days ago
    assert kept(tmp_path) == ["2025-01-31", *weeks, "2025-02-27", "2025-02-28", "2025-03-01"]


def test_an_age_at_the_limit_is_kept_and_one_beyond_goes(tmp_path: Path) -> None:
    for at in ("2025-01-31T23:59:59.999999", "2025-02-01", "2025-02-02", "2025-02-03"):
        tn.history.record(account(), tmp_path, at=at, project="shop")
    tn.history.compact(tmp_path, keep={"all": 2})
    assert kept(tmp_path) == ["2025-02-01", "2025-02-02", "2025-02-03"]


def test_each_project_keeps_its_newest_and_is_counted_from_it(store: str) -> None:
    filled(store, "2024-01-01", 3, "over")  # a project that ended long ago
    filled(store, "2025-01-30", 3, "shop")
    tn.history.compact(store, keep={"all": 0}, grace=0)
    history = tn.history.open_store(store)
    assert kept(store) == ["2024-01-03", "2025-02-01"]
    assert_same(history.newest("over"), account(3))


def test_a_snapshot_of_a_moment_to_come_makes_nothing_older(tmp_path: Path) -> None:
    now = pd.Timestamp.now("UTC")
    for age in (3, 1, -4000):
        tn.history.record(account(), tmp_path, at=(now - pd.Timedelta(days=age)).isoformat(), project="shop")
    tn.history.compact(tmp_path, keep={"all": 2})
    assert len(kept(tmp_path)) == 2


@given(
    hours=st.lists(st.integers(0, 24 * 200), min_size=1, max_size=40, unique=True),
    keep=st.dictionaries(st.sampled_from(["all", "daily", "weekly", "monthly"]), st.none() | st.integers(0, 200)),
)
def test_what_is_kept_is_as_plain_arithmetic_has_it(hours: list[int], keep: dict[str, int | None]) -> None:
    moments = [pd.Timestamp("2024-03-01", tz="UTC") + pd.Timedelta(hours=hour) for hour in sorted(hours)]
    known = pd.DataFrame({"project": "shop", "at": moments})
    limits = {kind: float("inf") if limit is None else float(limit) for kind, limit in keep.items()}
    found = compaction._is_kept(known, limits, pd.Timestamp.now("UTC"))
    names = {
        "all": lambda at: at,
        "daily": lambda at: at.date(),
        "weekly": lambda at: at.isocalendar()[:2],
        "monthly": lambda at: (at.year, at.month),
    }
    expected = {moments[-1]}
    for kind, limit in limits.items():
        last = {names[kind](at): at for at in moments}
        expected |= {at for at in last.values() if (moments[-1] - at).total_seconds() <= limit * 86_400}
    assert set(known["at"][found]) == expected


@pytest.mark.parametrize(
    "keep",
    [{}, {"yearly": 1}, {"all": -1}, {"all": True}, {"all": 1.5}, {"all": "7"}, {"all": 10**400}, [("all", "x")]],
)
def test_a_keep_that_is_none_is_refused_before_anything_is_changed(tmp_path: Path, keep: dict[str, int]) -> None:
    filled(tmp_path, count=2)
    before = files_of(tmp_path)
    with pytest.raises(tn.InvalidInput, match="keep"):
        tn.history.compact(tmp_path, keep=keep, grace=0)
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("grace", ["x", -5, None, True, float("nan")])
def test_a_grace_that_is_none_is_refused_before_anything_is_changed(tmp_path: Path, grace: float) -> None:
    filled(tmp_path, count=2)
    before = files_of(tmp_path)
    with pytest.raises(tn.InvalidInput, match=r"grace is .*number of seconds"):
        tn.history.compact(tmp_path, grace=grace)
    assert files_of(tmp_path) == before


def test_who_had_it_open_is_told_when_its_files_are_gone(store: str) -> None:
    filled(store, count=3)
    history = tn.history.open_store(store)
    tn.history.compact(store, grace=0)
    for work in (
        lambda: history.table("instances_detail"),
        lambda: history.timeline("id-0"),
        lambda: history.at("2025-01-02"),
        history.amounts,
        history.churn,
        lambda: history.sql("SELECT count(*) FROM instances_detail"),
    ):
        with pytest.raises(tn.InvalidInput, match=r"are gone.* open it again") as caught:
            work()
        assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_file_that_the_store_still_refers_to_is_damage(tmp_path: Path) -> None:
    filled(tmp_path, count=1)
    [path] = tmp_path.glob("instances_detail/*/*")
    path.unlink()
    history = tn.history.open_store(tmp_path)
    for work in (history.amounts, lambda: history.sql("SELECT count(*) FROM instances_detail")):
        with pytest.raises(tn.InvalidInput, match=r"is missing\. It is damaged"):
            work()


def test_a_month_of_which_nothing_is_kept(store: str) -> None:
    filled(store, "2025-01-01", 2)
    filled(store, "2025-03-01", 1)
    done = tn.history.compact(store, keep={"all": 7}, grace=0)
    assert done.loc["2025-01"].tolist() == [2, 0, 2, 0]
    assert kept(store) == ["2025-03-01"]


def test_months_of_many_rows_become_several_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "ROWS_A_PART", 20)
    monkeypatch.setattr(layout, "ROWS_A_GROUP", 4)
    filled(tmp_path, count=30)
    before = tn.history.open_store(tmp_path).table("disks")
    found = rows_by_duckdb(tmp_path)
    done = tn.history.compact(tmp_path, grace=0)
    assert 2 < done["files"].iloc[0] < 10
    pd.testing.assert_frame_equal(tn.history.open_store(tmp_path).table("disks"), before)
    assert rows_by_duckdb(tmp_path) == found
    before_files = files_of(tmp_path)
    tn.history.compact(tmp_path, grace=0)
    assert files_of(tmp_path) == before_files


def test_a_store_whose_snapshots_are_not_seen_is_never_swept(tmp_path: Path) -> None:
    filled(tmp_path, count=2)
    (tmp_path / "snapshots").rename(tmp_path / "aside")
    before = files_of(tmp_path)
    with pytest.raises(tn.NotFound, match="there is no history"):
        tn.history.compact(tmp_path, grace=0)
    (tmp_path / "snapshots").write_text("not a folder")
    with pytest.raises(tn.InvalidInput, match="cannot be listed"):
        tn.history.compact(tmp_path, grace=0)
    (tmp_path / "snapshots").unlink()
    assert files_of(tmp_path) == before


RECORDER = """
import sys, toastnb as tn
from tests.history.stores import account
store, project, first, count = sys.argv[1:5]
for number in range(int(count)):
    tn.history.record(account(1 + number % 4), store, at=f"2025-01-{number + int(first):02}", project=project)
"""
COMPACTOR = """
import sys, toastnb as tn
for number in range(5):
    try:
        tn.history.compact(sys.argv[1])
    except tn.NotFound:
        pass
"""


def together(*programs: tuple[str, ...]) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    commands = [[sys.executable, "-c", *program] for program in programs]
    running = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for command in commands]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said


def test_what_is_recorded_again_while_its_leftovers_are_swept_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, count=1)
    killed = tn.history.record(account(5), tmp_path, at="2025-02-01", project="shop")
    for entry in tmp_path.glob(f"snapshots/*{killed}*"):
        entry.unlink()
    for path in tmp_path.rglob(f"*{killed}*"):
        os.utime(path, (0, 0))
    again = iter([lambda: tn.history.record(account(5), tmp_path, at="2025-02-01", project="shop")])
    age = Place.age

    def aged(place: Place, name: str, now: datetime) -> float:
        found = age(place, name, now)
        if killed in name:
            next(again, lambda: "")()
        return found

    monkeypatch.setattr(Place, "age", aged)
    tn.history.compact(tmp_path, grace=3600)
    assert counts(tn.history.open_store(tmp_path).newest()) == counts(account(5))


def test_recorders_and_compactors_at_once_lose_nothing_and_double_nothing(store: str) -> None:
    count = 4 if "://" in store else 12
    together(
        (RECORDER, store, "shop", "1", str(count)),
        (RECORDER, store, "shop", "1", str(count)),  # the same snapshots as the first
        (RECORDER, store, "dev", "7", str(count)),
        (COMPACTOR, store),
        (COMPACTOR, store),
    )
    expected = [counts(account(1 + number % 4)) for number in range(count)]
    history = tn.history.open_store(store)
    snapshots = history.snapshots()
    found = rows_by_toastnb(store)
    for project in ("shop", "dev"):
        ids = snapshots.loc[snapshots["project"] == project, "snapshot_id"]
        assert [found[snapshot] for snapshot in ids] == expected
    if "://" not in store:
        assert rows_by_duckdb(Path(store)) == found
    tn.history.compact(store, grace=0)
    assert rows_by_toastnb(store) == found
    if "://" not in store:
        assert rows_by_duckdb(Path(store)) == found
        assert_clean(Path(store))


@pytest.fixture
def merged_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a store that two merged at once; one missed the last snapshot, and its part counts for the rest."""
    one, other = tmp_path / "one", tmp_path / "other"
    filled(one, count=2)
    shutil.copytree(one, other)
    tn.history.record(account(3), other, at="2025-01-03", project="shop")
    for store, name in ((one, "ffffff"), (other, "aaaaaa")):
        monkeypatch.setattr(compaction.secrets, "token_hex", lambda _, name=name: name)
        tn.history.compact(store)
    shutil.copytree(other, one, dirs_exist_ok=True)
    return one


def test_what_two_merged_at_once_is_read_once(merged_twice: Path) -> None:
    history = tn.history.open_store(merged_twice)
    assert history._chosen["part"].str[-6:].tolist() == ["ffffff", "ffffff", "aaaaaa"]
    assert history.snapshots()["instances"].tolist() == [1, 2, 3]
    assert history.table("instances_detail").groupby("at").size().tolist() == [1, 2, 3]
    assert history.amounts()["instances"].tolist() == [1, 2, 3]
    seen = history.table("instances_detail").groupby("instance_id").size()
    assert {one: len(history.timeline(one)) for one in seen.index} == seen.to_dict()
    spread = tn.history.open_store(merged_twice, engine="dask")
    assert spread.table("instances_detail").compute().groupby("at").size().tolist() == [1, 2, 3]
    assert spread.amounts()["instances"].tolist() == [1, 2, 3]


def test_what_two_merged_at_once_is_merged_once_more(merged_twice: Path) -> None:
    tn.history.compact(merged_twice, grace=0)
    history = tn.history.open_store(merged_twice)
    assert history._chosen["part"].nunique() == 1
    assert history.table("instances_detail").groupby("at").size().tolist() == [1, 2, 3]
    assert_clean(merged_twice)


def test_two_that_record_different_things_of_one_moment_leave_one_or_none(tmp_path: Path) -> None:
    code = """
import sys, toastnb as tn
from tests.history.stores import account
mine = account(int(sys.argv[2]))
tn.history.record(mine, sys.argv[1] + "-own-" + sys.argv[2], at="2025-01-01", project="shop")  # all is imported
print("ready", flush=True)
for number in range(10):
    sys.stdin.readline()
    try:
        tn.history.record(mine, sys.argv[1], at=f"2025-01-{number + 1:02}", project="shop")
        print(number, flush=True)
    except tn.Conflict:
        print("-", flush=True)
"""
    tn.history.record(account(1), tmp_path / "store", at="2024-12-31", project="shop")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "store"), str(count)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for count in (2, 3)
    ]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 2
    recorded: list[list[str]] = [[], []]
    for _ in range(10):  # both at once, each time
        for process in running:
            process.stdin.write("\n")
            process.stdin.flush()
        for process, done in zip(running, recorded, strict=True):
            done += [line for line in [process.stdout.readline().strip()] if line != "-"]
    for process in running:
        process.communicate(timeout=300)
    assert [process.returncode for process in running] == [0, 0]
    told = {int(day): count for count, done in zip((2, 3), recorded, strict=True) for day in done}
    assert len(told) == len(recorded[0]) + len(recorded[1])  # never both
    history = tn.history.open_store(tmp_path / "store")
    assert history.snapshots()["instances"].tolist() == [1, *(told[day] for day in sorted(told))]


@pytest.mark.parametrize("keep", ["all=35", 35, ["all"]])
def test_a_keep_that_is_no_mapping_is_told(keep: object, tmp_path: Path) -> None:
    with pytest.raises(tn.InvalidInput, match=r'keep is .*Give a mapping, as \{"all": 35, '):
        tn.history.compact(tmp_path / "store", keep=keep)  # type: ignore[arg-type]
