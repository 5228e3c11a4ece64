"""A process that is killed at any of its changes: each snapshot is whole or not there, and the rest goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import toastnb as tn
from tests.history.dying import KEEP, LATE, SLOW, compact, record
from tests.history.stores import ROOT, Counts, account, assert_clean, counts, rows_by_duckdb, rows_by_toastnb

MONTHS = ("2025-01", "2025-02")
SCHEMES = ["", SLOW]
AGAIN = {"": 4, SLOW: 12}  # of so many stores that dead processes left, one is worked on again


def left_by_the_dead(what: str, folder: Path, scheme: str = "") -> list[Path]:
    """Return the stores that processes left which died one change later each; the last one did not die."""
    command = [sys.executable, "-m", "tests.history.dying", what, str(folder), *filter(None, [scheme])]
    subprocess.run(command, check=True, timeout=300, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    return sorted(path for path in folder.iterdir() if path.name.isdecimal())


def filled(store: Path) -> Counts:
    """Make a store of two projects and months: one month as recorded, one merged and added to."""
    expected = {}
    for month in MONTHS:
        for day, project in ((1, "shop"), (2, "shop"), (2, "dev")):
            one = account(day + len(project))
            expected[tn.history.record(one, store, at=f"{month}-{day:02}", project=project)] = counts(one)
        if month == MONTHS[0]:
            tn.history.compact(store)
    one = account(7)
    expected[tn.history.record(one, store, at=f"{MONTHS[0]}-03", project="shop")] = counts(one)
    return expected


def found_in(store: Path) -> Counts:
    """Return the snapshots that are there, which toastnb and a plain reader must agree on."""
    found = rows_by_duckdb(store)
    assert rows_by_toastnb(store) == found
    return found


@pytest.mark.parametrize(("scheme", "is_new"), [("", True), ("", False), (SLOW, True), (SLOW, False)])
def test_a_recorder_that_is_killed(tmp_path: Path, scheme: str, is_new: bool) -> None:
    before = {} if is_new else filled(tmp_path / "store")
    stores = left_by_the_dead("record", tmp_path, scheme)
    assert len(stores) > 8
    seen = []
    for number, store in enumerate(stores, 1):
        found = found_in(store)
        [late] = found.keys() - before.keys() or [None]
        assert {name: found[name] for name in before} == before
        assert late is None or found[late] == counts(account(5))
        seen.append(late)
        if number % AGAIN[scheme] and number < len(stores):
            continue
        record(f"{scheme}{store}")
        again = found_in(store)
        assert len(again) == len(before) + 1
        assert again[max(again)] == counts(account(5))
        tn.history.compact(store, grace=0)
        assert found_in(store) == again
        assert_clean(store)
    assert seen[0] is None
    assert seen[-1] is not None
    assert seen == sorted(seen, key=bool)  # once it is there it stays


def test_another_inventory_after_a_recorder_that_was_killed_takes_nothing_of_it(tmp_path: Path) -> None:
    for store in left_by_the_dead("record", tmp_path):
        other = account(2, volumes=None)
        if not found_in(store):
            tn.history.record(other, store, at=LATE, project="shop")
            assert list(found_in(store).values()) == [counts(other)]


@pytest.fixture(scope="module", params=SCHEMES)
def merged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Counts, list[Path], int]:
    folder = tmp_path_factory.mktemp("merged")
    expected = filled(folder / "store")
    return expected, left_by_the_dead("compact", folder, request.param), AGAIN[request.param]


def test_a_compactor_that_is_killed(merged: tuple[Counts, list[Path], int]) -> None:
    expected, stores, every = merged
    to_keep = {name: rows for name, rows in expected.items() if name in found_in(stores[-1])}
    assert len(expected) == 7
    assert len(to_keep) == 4  # the last of each month and project
    assert len(stores) > 20
    for number, store in enumerate(stores, 1):
        found = found_in(store)
        assert to_keep.items() <= found.items() <= expected.items()
        if number % every and number < len(stores):
            continue
        compact(store)
        assert found_in(store) == to_keep
        assert_clean(store)
        assert len(list(store.glob("snapshots/*"))) == len(MONTHS)


def test_what_is_kept_is_what_was_asked_for(merged: tuple[Counts, list[Path], int]) -> None:
    _, stores, _ = merged
    kept = tn.history.open_store(stores[-1]).snapshots()
    assert KEEP == {"all": 0, "monthly": None}
    assert [f"{at:%m-%d} {project}" for at, project in zip(kept["at"], kept["project"], strict=True)] == [
        "01-02 dev", "01-03 shop", "02-02 dev", "02-02 shop",
    ]  # fmt: skip


BETWEEN_THE_LOOKS = """
import os, signal, subprocess, sys
from tests.history.dying import LATE, WRITES
from tests.history.stores import account
import toastnb as tn

store, first, second = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
state = {"at": "the first look"}

def hook(event, arguments):
    of_store = bool(arguments) and str(arguments[0]).startswith(store)
    if state["at"] == "the first look" and of_store and event in ("os.mkdir", "open"):
        if event == "os.mkdir" or arguments[2] & WRITES:
            state["at"] = "writing"
            if not os.fork():
                state["at"] = "in the other one"
                sys.stdout.write(tn.history.record(account(first), store, at=LATE, project="shop"))
                sys.stdout.flush()
                os._exit(0)
            os.wait()
    elif state["at"] == "writing" and of_store and event == "os.rename" and "/snapshots/" in str(arguments[1]):
        state["at"] = "the second look"
    elif state["at"] == "the second look" and of_store and event in ("os.scandir", "os.listdir"):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
tn.history.record(account(second), store, at=LATE, project="shop")
"""


@pytest.mark.parametrize(("first", "second"), [(3, 5), (5, 3)])
def test_one_that_is_killed_between_its_looks_takes_nothing_of_one_that_was_told_recorded(
    tmp_path: Path, first: int, second: int
) -> None:
    store = tmp_path / "store"
    tn.history.record(account(1), store, at="2025-05-02", project="dev")
    command = [sys.executable, "-c", BETWEEN_THE_LOOKS, str(store), str(first), str(second)]
    done = subprocess.run(
        command, timeout=120, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    told = done.stdout
    said = r"has 2 inventories of shop at 2025-05-01 00:00:00\+00:00, .* counts, snapshots/0.* Remove what is wrong: sn"
    for _ in range(2):
        with pytest.warns(UserWarning, match=said):
            history = tn.history.open_store(store)
        assert history.snapshots()[["snapshot_id", "instances"]].values.tolist()[0] == [told, first]
        assert counts(history.at(LATE, "shop")) == counts(account(first))
        with pytest.warns(UserWarning, match=said):
            months = tn.history.compact(store, keep={"all": 0}, grace=0)
        assert months.loc["2025-05"].tolist() == [1, 1, 1, 1]
    for count in (first, second):
        with pytest.raises(tn.Conflict, match="another inventory of shop"):
            tn.history.record(account(count), store, at=LATE, project="shop")
    shown = set(history._chosen["part"])
    [other] = [path for path in store.glob("snapshots/*") if path.stem not in shown]
    other.unlink()
    tn.history.compact(store, grace=0)
    assert counts(tn.history.open_store(store).at(LATE, "shop")) == counts(account(first))
    assert_clean(store)
