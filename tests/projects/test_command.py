"""`--profile a,b` of the command: tables, audits and reports of several projects."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import toastnb as tn
from tests.projects.conftest import Profiles, keys_of

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
    answer = run("report", "--profile", "개발,lacks", "--out", str(tmp_path / "build"))
    assert answer.returncode == 2, answer.stderr
    assert {path.relative_to(tmp_path / "build").as_posix() for path in (tmp_path / "build").rglob("*.*")} == {
        "개발/capacity-report.html",
        "개발/capacity-report.xlsx",
    }
    assert "Allocated by project and zone" in answer.stdout
