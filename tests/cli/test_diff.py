"""`toastnb diff`, of a store and of saved inventories: formats, exit codes, and what is said beside the changes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

import toastnb as tn

HOSTILE = "=<script>\x1b[31m"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toastnb", "diff", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


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
    assert answer.returncode == 0, answer.stderr
    deleted, renamed = csv.DictReader(answer.stdout.splitlines())
    assert (deleted["change"], renamed["change"]) == ("deleted", "renamed")
    assert renamed["after"].startswith("'=<script>")
    assert "from 2026-11-01T00:00:00+00:00 to 2026-11-08T00:00:00+00:00: 1 deleted, 1 renamed" in answer.stderr
    assert "Allocated: instances 20 to 19" in answer.stderr


def test_two_saved_inventories_in_every_format(folder: Path) -> None:
    saved = [str(folder / "a.zip"), str(folder / "b.zip")]
    changes = tn.history.diff(*(tn.load_inventory(path) for path in saved))
    expected = len(changes[changes["table"] != "instances"])
    table = run(*saved)
    assert table.stdout.splitlines()[0].split() == changes.columns.tolist()
    assert len(table.stdout.splitlines()) == expected + 1
    assert "\x1b" not in table.stdout
    assert len(json.loads(run(*saved, "--format", "json").stdout)) == expected
    page = folder / "changes.html"
    answer = run(*saved, "--format", "html", "--out", str(page))
    assert f"Wrote {expected:,} changes to {page}" in answer.stderr
    text = page.read_text("utf-8")
    assert "<title>Changes</title>" in text
    assert "<script>\x1b" not in text
    assert "=&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--store and --since are needed"),
        (["a.zip"], "diff takes two saved inventories, or --store and --since"),
        (["--store", "store", "--since", "8d"], "the history has no snapshot at 2026-10-31"),
        (["--store", "store", "--since", "soon"], "--since is 'soon'"),
        (["--store", "nowhere", "--since", "7d"], "there is no history in"),
        (["--store", "store", "--since", "7d", "--project", "dev"], "no project 'dev'"),
        (["--store", "store", "--since", "7d", "--table", "vms"], "there is no table 'vms'"),
    ],
)
def test_what_cannot_be_done_ends_with_2(folder: Path, arguments: list[str], said: str) -> None:
    placed = [str(folder / part) if part in ("a.zip", "store", "nowhere") else part for part in arguments]
    answer = run(*placed)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "defect" not in answer.stderr
