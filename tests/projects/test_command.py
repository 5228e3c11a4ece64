"""`--profile a,b` of the command: tables, audits and reports of several projects."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import toastnb as tn
from tests.projects.conftest import Profiles, keys_of
from toastnb import config
from toastnb.cli import app
from toastnb.cli.history import _alone

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toastnb", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture
def _configured(shop: tn.Sandbox, lab: tn.Sandbox, profiles: Profiles) -> None:
    profiles(shop=keys_of(shop), 개발=keys_of(lab), lacks={"password": None})


@pytest.mark.usefixtures("_configured")
def test_a_table_of_several() -> None:
    answer = run("inventory", "--profile", "shop, 개발", "--table", "instances", "--format", "csv")
    assert answer.returncode == 0, answer.stderr
    rows = list(csv.DictReader(answer.stdout.splitlines()))
    assert [row["project"] for row in rows] == ["shop"] * 40 + ["개발"] * 23


@pytest.mark.usefixtures("_configured")
def test_one_that_fails_is_told_and_the_others_are_written() -> None:
    answer = run("inventory", "--profile", "lacks,shop", "--table", "instances", "--format", "csv")
    assert answer.returncode == 2
    assert len(answer.stdout.splitlines()) == 41
    assert "Without inventory of lacks: Connecting: no password found" in answer.stderr
    assert "UserWarning" not in answer.stderr


@pytest.mark.usefixtures("_configured")
def test_a_table_that_one_lacks_is_told_and_is_a_failure_only_where_it_is_asked_for(lab: tn.Sandbox) -> None:
    lab.fault("GET volumes", "code", code=-7, message="Not supported", times=None)
    try:
        others = run("inventory", "--profile", "shop,개발", "--table", "instances")
        itself = run("inventory", "--profile", "shop,개발", "--table", "volumes")
    finally:
        lab.clear_faults()
    assert (others.returncode, itself.returncode) == (0, 2)
    assert "Without volumes of 개발: " in others.stderr
    assert "shop" in itself.stdout


@pytest.mark.usefixtures("_configured")
def test_an_audit_of_several() -> None:
    answer = run("audit", "--profile", "shop,개발", "--check", "weak-ssh-key", "--check", "name-pattern", "-f", "json")
    assert answer.returncode == 1, answer.stderr
    assert {one["project"] for one in json.loads(answer.stdout)["findings"]} == {"shop", "개발"}
    assert "Not run: name-pattern: no rule given (in 2 projects)" in answer.stderr
    answer = run("audit", "--profile", "shop,lacks", "--check", "weak-ssh-key", "--fail-on", "never")
    assert answer.returncode == 2
    assert answer.stdout.split()[0] == "project"
    assert "Without inventory of lacks" in answer.stderr


@pytest.mark.usefixtures("_configured")
def test_mistakes(tmp_path: Path) -> None:
    assert "there is no profile nope" in run("inventory", "--profile", "shop,nope").stderr
    assert "is given twice" in run("audit", "--profile", "shop,shop").stderr
    both = run("audit", "--profile", "shop,개발", "--inventory", str(tmp_path / "a.zip"))
    assert both.returncode == 2
    assert "--profile and --inventory are both given" in both.stderr


@pytest.mark.usefixtures("_configured")
def test_a_report_a_project(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "shop").write_text("no folder")
    answer = run("report", "--profile", "shop,개발,lacks", "--out", str(tmp_path / "build"))
    assert answer.returncode == 2, answer.stderr
    assert "Without the report of shop: " in answer.stderr
    assert {path.relative_to(tmp_path / "build").as_posix() for path in (tmp_path / "build").rglob("*.*")} == {
        "개발/capacity-report.html",
        "개발/capacity-report.xlsx",
    }
    assert "Allocated by project and zone" in answer.stdout


def snapshot(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["snapshot", *arguments])


def lines_of(said: str) -> list[str]:
    """Return what each line of a log says, without its time."""
    found = [re.fullmatch(r"\S+Z toastnb snapshot: (.*) \(\d+\.\d s\)", line) for line in said.splitlines()]
    assert all(found), said
    return sorted(line[1] for line in found if line)


@pytest.mark.usefixtures("_configured")
def test_snapshots_of_several_are_a_line_each_and_one_that_fails_is_2(tmp_path: Path) -> None:
    store = tmp_path / "store"
    answer = snapshot("--profile", "shop, 개발", "--store", str(store))
    assert (answer.exit_code, answer.stderr) == (0, "")
    kept = tn.history.open_store(store).snapshots().set_index("project")
    assert kept["instances"].to_dict() == {"shop": 40, "개발": 23}
    said = [f"recorded {kept.snapshot_id[name]} of {name}: {kept.instances[name]} instances" for name in kept.index]
    assert lines_of(answer.stdout) == sorted(said)
    answer = snapshot("--profile", "lacks,shop", "--store", str(store))
    assert answer.exit_code == 2
    assert lines_of(answer.stderr)[0].startswith("failed for lacks: Connecting: no password found")
    assert lines_of(answer.stdout)[0].endswith("of shop: 40 instances")


@pytest.mark.usefixtures("_configured")
def test_a_snapshot_that_runs_holds_up_that_project_alone(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    with _alone(store, "snapshot\nshop") as is_alone:
        assert is_alone
        answer = snapshot("--profile", "shop,개발", "--store", store)
        failing = snapshot("--profile", "shop,lacks", "--store", store)
    assert (answer.exit_code, failing.exit_code) == (3, 2)
    assert lines_of(answer.stderr) == [
        "a run of the same store and project is not over yet; this one did nothing for shop"
    ]
    assert len(lines_of(failing.stderr)) == 2
    assert tn.history.open_store(store).projects == ["개발"]


@pytest.mark.usefixtures("_configured")
def test_snapshots_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for profiles, more, said in (
        (
            "nope,neither",
            [],
            ["failed for neither: Connecting: there is no", "failed for nope: Connecting: there is no"],
        ),
        ("shop,shop", [], ["failed: --profile shop,shop: shop is given twice"]),
        ("shop,", [], ["failed: --profile shop,: a name is missing"]),
        ("shop,개발", ["--project", "a"], ["failed: --project is for one account"]),
        ("shop,개발", ["--inventory", "a.zip"], ["failed: --inventory is for one account"]),
        ("shop,개발", ["--store", str(tmp_path / "file" / "x")], ["failed for shop: ", "failed for 개발: "]),
    ):
        answer = snapshot("--store", str(tmp_path / "store"), "--profile", profiles, *more)
        assert (answer.exit_code, answer.stdout) == (2, "")
        lines = lines_of(answer.stderr)
        assert len(lines) == len(said)
        assert all(line.startswith(start) for line, start in zip(lines, said, strict=True)), lines


@pytest.mark.usefixtures("_configured")
def test_a_profile_that_is_not_there_takes_no_others_snapshot(tmp_path: Path) -> None:
    answer = snapshot("--profile", "shop,nope,개발", "--store", str(tmp_path / "store"))
    assert answer.exit_code == 2
    [line] = lines_of(answer.stderr)
    assert line.startswith("failed for nope: Connecting: there is no profile nope (known: ")
    assert "toastnb login --profile nope" in line
    assert tn.history.open_store(tmp_path / "store").projects == ["shop", "개발"]


@pytest.mark.usefixtures("_configured")
def test_an_audit_of_several_with_a_history(tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert snapshot("--profile", "shop,개발", "--store", str(store)).exit_code == 0
    answer = run("audit", "--profile", "shop,개발", "--history", str(store), "--fail-on", "never")
    assert answer.returncode == 0, answer.stderr
    assert "Without history" not in answer.stderr
    only = tmp_path / "only"
    assert snapshot("--profile", "shop", "--store", str(only)).exit_code == 0
    answer = run("audit", "--profile", "shop,개발", "--history", str(only), "--fail-on", "never")
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr.count("Without history of 개발: the history has no project of that name.") == 1
    answer = run("audit", "--profile", "shop,개발", "--history", str(only), "--project", "shop")
    assert answer.returncode == 2
    assert "--project is for one account" in answer.stderr


@pytest.mark.usefixtures("_configured")
def test_a_snapshot_of_the_default_profile_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config.config_path()
    path.write_text('default = "shop"\n' + path.read_text("utf-8"), "utf-8")
    store = str(tmp_path / "store")
    assert snapshot("--store", store).exit_code == 0
    assert snapshot("--store", store, "--profile", "shop").exit_code == 0
    monkeypatch.setenv("TOASTNB_PROFILE", "개발")
    assert snapshot("--store", store).exit_code == 0
    assert tn.history.open_store(store).projects == ["shop", "개발"]
    with _alone(store, "snapshot\n개발"):
        assert snapshot("--store", store).exit_code == 3


@pytest.mark.usefixtures("_configured")
def test_several_are_not_one_connection() -> None:
    for given in ("shop,개발", ["shop", "개발"]):
        with pytest.raises(tn.ToastError, match=r"tn\.connect_many\(\["):
            tn.connect(given)  # type: ignore[arg-type]
    assert "--profile prod,dev of toastnb inventory" in run("whoami", "--profile", "shop,개발").stderr
