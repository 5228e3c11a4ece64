"""`toastnb diff`, of a store and of saved inventories: formats, exit codes, and what is said beside the changes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import toastnb as tn
from toastnb.cli import app

ROOT = Path(__file__).parents[2]

HOSTILE = "=<script>\x1b[31m"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff", *arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two saved inventories, and a store of a week between them."""
    folder = tmp_path_factory.mktemp("diff")
    with tn.Sandbox(instances=20, instant=True) as sandbox, tn.connect(sandbox) as toast:
        before = toast.inventory()
        toast.delete_instance(before.instances.instance_id[:1], wait=True)
        after = toast.inventory()
    vms = after.instances_detail.copy()
    vms.loc[vms.index[0], "name"] = HOSTILE
    after = tn.Inventory(after.tables | {"instances_detail": vms}, {}, after.fetched_at, after.source)
    for one, day, name in ((before, "2026-11-01", "a.zip"), (after, "2026-11-08", "b.zip")):
        one.save(folder / name)
        tn.history.record(one, folder / "store", at=day, project="shop")
    return folder


@pytest.mark.parametrize("since", [["--since", "7d"], ["--since", "1w"], ["--since", "2026-11-01"]])
def test_a_store_since_a_moment(folder: Path, since: list[str]) -> None:
    answer = run("--store", str(folder / "store"), *since, "--format", "csv", "--table", "instances_detail")
    assert answer.exit_code == 0, answer.stderr
    deleted, renamed = csv.DictReader(answer.stdout.splitlines())
    assert (deleted["change"], renamed["change"]) == ("deleted", "renamed")
    assert renamed["after"].startswith("'=<script>")
    assert "from 2026-11-01T00:00:00Z to 2026-11-08T00:00:00Z: 1 instance deleted; 1 instance renamed" in answer.stderr
    assert "Allocated: instances 20 to 19" in answer.stderr


def test_a_nightly_run_is_not_at_the_same_second_each_day(folder: Path, tmp_path: Path) -> None:
    account = tn.load_inventory(folder / "a.zip")
    taken = ["01T03:15:05", "02T03:15:02", "03T03:15:09", "04T03:15:04", "05T03:15:07", "05T12:00:00", "08T03:15:04"]
    for at in taken:
        tn.history.record(account, tmp_path, at=f"2026-11-{at}Z", project="shop")
    for since, begin in (("7d", "01T03:15:05"), ("4d", "04T03:15:04"), ("3d", "05T03:15:07"), ("1w", "01T03:15:05")):
        answer = run(str(tmp_path), "--since", since, "--format", "json")
        assert answer.exit_code == 0, answer.stderr
        assert f"Changed from 2026-11-{begin}Z to 2026-11-08T03:15:04Z" in answer.stderr
    answer = run(str(tmp_path), "--since", "2d", "--format", "json")  # no run that night
    assert "Changed from 2026-11-05T12:00:00Z" in answer.stderr


def test_a_day_as_the_end_is_the_whole_day(folder: Path, tmp_path: Path) -> None:
    account = tn.load_inventory(folder / "a.zip")
    for at in ("01T03:15:05", "07T03:15:03", "08T03:15:04", "09T03:15:02"):
        tn.history.record(account, tmp_path, at=f"2026-11-{at}Z", project="shop")
    for until, end in (("2026-11-08", "08T03:15:04"), ("2026-11-08T00:00", "07T03:15:03")):
        answer = run(str(tmp_path), "--since", "7d", "--until", until, "--format", "json")
        assert f"Changed from 2026-11-01T03:15:05Z to 2026-11-{end}Z" in answer.stderr


def in_utc(fetched_at: str) -> str:
    return f"{pd.Timestamp(fetched_at).tz_convert('UTC'):%Y-%m-%dT%H:%M:%SZ}"


def test_a_store_as_the_argument_and_projects_that_are_compared(folder: Path, tmp_path: Path) -> None:
    named = run(str(folder / "store"), "--since", "7d", "--format", "csv")
    assert named.exit_code == 0, named.stderr
    assert named.stdout == run("--store", str(folder / "store"), "--since", "7d", "--format", "csv").stdout
    same = run(str(folder / "store"), "--since", "1d")
    assert "Both moments have the same snapshot" not in same.stderr
    none = run(str(folder / "store"), "--since", "2026-11-08")
    assert "Both moments have the same snapshot, of 2026-11-08T00:00:00Z" in none.stderr
    assert none.stdout.endswith(": nothing.\n")
    other = tn.load_inventory(folder / "b.zip")
    vms = other.instances_detail.assign(instance_id="other-" + other.instances_detail["instance_id"])
    tn.Inventory(other.tables | {"instances_detail": vms}, {}, other.fetched_at, "dev at b").save(tmp_path / "c.zip")
    two = run(str(folder / "b.zip"), str(tmp_path / "c.zip"))
    assert "Note: two projects are compared: sandbox, then dev. Take both of one." in two.stderr
    assert "UserWarning" not in two.stderr


@pytest.fixture(scope="module")
def several(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of projects that have the same ids: two to compare, a new one, and one that ended."""
    store = tmp_path_factory.mktemp("several") / "store"
    before, after = (tn.load_inventory(folder / name) for name in ("a.zip", "b.zip"))
    taken = {"lab": ("01T03:15", "08T03:16"), "shop": ("01T03:20", "08T03:15"), "old": ("01T03:15",), "new": ("07",)}
    for project, times in taken.items():
        for one, at in zip((before, after if project == "shop" else before), times, strict=False):
            tn.history.record(one, store, at=f"2026-11-{at}", project=project)
    return store


@pytest.mark.parametrize("since", ["7d", "2026-11-02"])
def test_a_store_of_several_projects_is_compared_project_by_project(several: Path, since: str) -> None:
    answer = run(str(several), "--since", since)
    assert answer.exit_code == 0, answer.stderr
    head, columns, *rows = answer.stdout.splitlines()
    assert head.split(" to ")[1].startswith(
        "2026-11-08T03:16:00Z: shop (1 instance deleted; 1 instance renamed); 11 rows of what came or went"
    )
    assert columns.split()[:3] == ["project", "table", "key"]
    assert len(rows) == 2
    assert all(row.split()[0] == "shop" for row in rows)
    assert "Allocated: instances 40 to 39" in answer.stderr
    assert "Not compared: flavors, availability_zones, " in answer.stderr
    assert " of new: new: its first snapshot is of 2026-11-07T00:00:00Z" in answer.stderr
    assert " of old: gone, or not recorded: its newest snapshot is of 2026-11-01T03:15:00Z" in answer.stderr
    assert "of lab" not in answer.stderr


def test_several_projects_in_the_other_formats_and_one_of_them(several: Path, tmp_path: Path) -> None:
    whole = list(csv.DictReader(run(str(several), "--since", "7d", "-f", "csv").stdout.splitlines()))
    alone = list(
        csv.DictReader(run(str(several), "--since", "7d", "-f", "csv", "--project", "shop").stdout.splitlines())
    )
    assert [{"project": "shop"} | row for row in alone] == whole
    assert len(whole) == 13
    page = tmp_path / "changes.html"
    answer = run(str(several), "--since", "7d", "--out", str(page))
    assert "to 2026-11-08T03:16:00Z: shop (1 instance deleted" in answer.stderr
    text = page.read_text("utf-8")
    assert "shop (1 instance deleted; 1 instance renamed)" in text
    assert "not recorded" in text


def test_several_projects_of_which_none_has_two(several: Path) -> None:
    answer = run(str(several), "--since", "2026-11-08T03:16")
    assert "no project has a snapshot at 2026-11-08T03:16:00Z or before and another one since" in str(answer.exception)


def test_two_saved_inventories_in_every_format(folder: Path) -> None:
    saved = [str(folder / "a.zip"), str(folder / "b.zip")]
    before, after = (tn.load_inventory(path) for path in saved)
    changes = tn.history.diff(before, after)
    expected = changes[changes["table"] != "instances"]
    gone = before.instances_detail.iloc[0]
    along = expected["key"].str.contains(gone["instance_id"]) & (expected["table"] != "instances_detail")
    assert along.sum() > 3
    table = run(*saved)
    first, heads, *rows = table.stdout.splitlines()
    assert first == (
        f"Changed from {in_utc(before.fetched_at)} to {in_utc(after.fetched_at)}:"
        " 1 instance deleted; 1 instance renamed;"
        f" {along.sum()} rows of what came or went with its instance left out (--all)."
    )
    assert heads.split() == changes.columns.tolist()
    assert len(rows) == (~along).sum()
    [deleted] = [row for row in rows if row.split()[0] == "instances_detail" and " deleted " in row]
    vcpus, ram = gone["vcpus"], f"{gone['ram_mb'] / 1024:g}"
    assert f"{gone['flavor_name']}, {vcpus} vCPU{'s' * int(vcpus != 1)}, {ram} GB, {gone['zone']}" in deleted
    assert "\x1b" not in table.stdout
    assert "Changed" not in table.stderr
    whole = run(*saved, "--all")
    disks = (expected[along]["table"] == "disks").sum()
    assert f" {disks} disk" in whole.stdout.splitlines()[0]
    assert whole.stdout.splitlines()[0].endswith(" deleted; 1 instance renamed.")
    assert len(whole.stdout.splitlines()) == len(expected) + 2
    one = run(*saved, "--table", "disks")
    assert len(one.stdout.splitlines()) == (expected["table"] == "disks").sum() + 2
    assert [[*row.values()] for row in json.loads(run(*saved, "--format", "json").stdout)] == [
        [None if pd.isna(value) else value for value in row] for row in expected.to_numpy().tolist()
    ]
    page = folder / "changes.html"
    answer = run(*saved, "--out", str(page))
    assert f"Wrote {(~along).sum():,} changes to {page}" in answer.stderr
    text = page.read_text("utf-8")
    assert "<title>Changes</title>" in text
    assert "1 instance deleted; 1 instance renamed" in text
    assert ">resized</t" in text
    assert "<script>\x1b" not in text
    assert "=&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "a store and --since are needed"),
        (["a.zip"], "diff takes two saved inventories, or a store and --since"),
        (["store"], "or: toastnb diff STORE --since 7d."),
        (["a.zip", "a.zip", "--since", "7d"], "diff takes two saved inventories, or a store and --since"),
        (
            ["a.zip", "a.zip", "--out", "x.pdf"],
            "--out x.pdf does not say in which format. Endings are .csv, .json, .html",
        ),
        (
            ["store", "--since", "2026-11-08", "--until", "2026-11-01"],
            "--since is 2026-11-08 00:00:00+00:00, after --until",
        ),
        (
            ["store", "--since", "2026-11-09"],
            "--since is 2026-11-09 00:00:00+00:00, after the newest snapshot, 2026-11-08",
        ),
        (["store", "--since", "1y"], "Give 12h, 7d or 2w (hours, days, weeks before --until)"),
        (["store", "--since", "7days"], "Give 12h, 7d or 2w (hours, days, weeks before --until)"),
        (["--store", "store", "--since", "8d"], "the history has no snapshot at 2026-10-31"),
        (["--store", "store", "--since", "soon"], "--since is 'soon'"),
        (["--store", "nowhere", "--since", "7d"], "there is no history in"),
        (["--store", "store", "--since", "7d", "--project", "dev"], "no project 'dev'"),
        (["--store", "store", "--since", "7d", "--table", "vms"], "there is no table 'vms'"),
    ],
)
def test_what_cannot_be_done_is_told(folder: Path, arguments: list[str], said: str) -> None:
    placed = [str(folder / part) if part in ("a.zip", "store", "nowhere") else part for part in arguments]
    answer = run(*placed)
    assert isinstance(answer.exception, tn.ToastError)
    assert said in str(answer.exception)


def test_a_refusal_is_one_message_and_2() -> None:
    command = [sys.executable, "-m", "toastnb", "diff", "nowhere", "--since", "7d"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("toastnb: there is no history in nowhere. Record one there: ")
    assert "toastnb snapshot" in answer.stderr
