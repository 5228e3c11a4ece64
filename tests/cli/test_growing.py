"""`toastnb growth`, `toastnb forecast` and `toastnb report --history`."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import toastnb as tn
from tests.report import lived
from toastnb.cli import app

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store of two projects, one of them too young, limits, and today's account."""
    folder = tmp_path_factory.mktemp("growing")
    account = lived.account()
    lived.record(account, folder / "store", days=25)
    lived.record(account, folder / "store", days=2, project="young")
    lived.record(account, folder / "short", days=2)
    account.save(folder / "account.zip")
    (folder / "limits.csv").write_text("zone,vcpus,disk_gb\nkr-pub-b,70,\n*,260,9000\n")
    (folder / "high.csv").write_text("vcpus\n9000\n")
    return folder


def test_growth_is_a_row_a_project_and_resource(folder: Path) -> None:
    answer = run("growth", folder / "store")
    assert answer.exit_code == 0
    heads, *rows = (line.split() for line in answer.stdout.splitlines())
    assert heads[:5] == ["project", "resource", "allocated", "a_month_low", "a_month"]
    assert [row[:2] for row in rows] == [
        [project, resource] for project in ("shop", "young") for resource in ("instances", "vcpus", "ram_gb", "disk_gb")
    ]
    assert "<NA>" not in answer.stdout
    assert answer.stderr.count("Not told of young: 2 of the 14 days needed with a snapshot") == 1
    assert len(run("growth", folder / "store", "--project", "shop").stdout.splitlines()) == 5


def test_growth_by_a_column_in_every_format(folder: Path) -> None:
    table = tn.capacity.growth(tn.history.open_store(folder / "store").of("shop"), by="zone").reset_index()
    asked = ["growth", folder / "store", "--project", "shop", "--by", "zone"]
    for kind, read in (("csv", csv.DictReader), ("json", lambda lines: json.loads("\n".join(lines)))):
        rows = list(read(run(*asked, "--format", kind).stdout.splitlines()))
        assert [row["zone"] for row in rows] == table["zone"].tolist()
        assert [float(row["a_month"]) for row in rows] == pytest.approx(table["a_month"].tolist())
    for ending, open_file in (("parquet", pd.read_parquet), ("xlsx", pd.read_excel), ("csv", pd.read_csv)):
        answer = run(*asked, "--out", folder / f"growth.{ending}")
        assert f"Wrote {len(table)} rows of growth to" in answer.stderr
        assert open_file(folder / f"growth.{ending}")["a_month"].tolist() == pytest.approx(table["a_month"].tolist())


def test_a_forecast_has_days_and_the_resource_that_is_first(folder: Path) -> None:
    answer = run("forecast", folder / "store", "--limits", folder / "limits.csv", "--horizon", 400, "--project", "shop")
    assert answer.exit_code == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0].split()[:5] == ["project", "zone", "resource", "limit", "allocated"]
    assert [line.split()[1:3] for line in lines[1:]] == [
        ["kr-pub-b", "vcpus"],
        ["Total", "vcpus"],
        ["Total", "disk_gb"],
    ]
    assert "00:00" not in answer.stdout
    assert lines[0].split()[-3:] == ["steps", "stepped", "last"]
    table = tn.capacity.forecast(tn.history.open_store(folder / "store").of("shop"), folder / "limits.csv", 400)
    for date in table["expected"].dropna():
        assert f"{date:%Y-%m-%d}" in answer.stdout
    again = run(
        "forecast", folder / "store", "--limits", folder / "limits.csv", "--project", "shop", "--format", "json"
    )
    assert [row["limit"] for row in json.loads(again.stdout)] == [70, 260, 9000]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["growth", "nowhere"], "there is no history in"),
        (["growth", "short"], "the history is too short or too uneven to tell growth: 2 of the 14 days"),
        (["growth", "store", "--by", "colour"], "colour"),
        (["growth", "store", "--project", "dev"], "no project 'dev'"),
        (["growth", "store", "--format", "xlsx"], "xlsx is not for a terminal"),
        (["forecast", "short", "--limits", "high.csv"], "too short or too uneven"),
        (["forecast", "store", "--limits", "nowhere"], "nowhere"),
        (["report", "--history", "nowhere", "--inventory", "account.zip"], "there is no history in"),
        (["report", "--history", "store", "--inventory", "account.zip"], "the history has 2 projects"),
        (["report", "--history", "store", "--profile", "sandbox"], "no project 'sandbox'"),
        (["report", "--history", "store", "--profile", "a,b"], "there is no profile a"),
        (["audit", "--project", "shop", "--inventory", "account.zip"], "--project is for --history"),
        (["report", "--project", "shop", "--history", "store", "--profile", "a,b"], "--project is for one account"),
    ],
)
def test_what_cannot_be_done_is_an_error_of_ours(folder: Path, arguments: list[str], said: str) -> None:
    placed = [str(folder / part) if (folder / part).exists() or part == "nowhere" else part for part in arguments]
    answer = run(*placed, *(["--out", folder / "out"] if arguments[0] == "report" else []))
    assert isinstance(answer.exception, tn.ToastError)
    assert said in str(answer.exception)
    assert answer.output == ""
    assert not (folder / "out").exists()


def test_a_refusal_ends_with_2_and_one_message(folder: Path) -> None:
    command = [sys.executable, "-m", "toastnb", "growth", str(folder / "short")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert re.fullmatch(r"toastnb: the history is too short .* Record a snapshot every day\.\n", answer.stderr)


def test_the_report_of_many_projects_uses_the_history_of_each(tmp_path: Path) -> None:
    with tn.Sandbox(instances=5, instant=True) as sandbox, tn.connect(sandbox) as toast:
        tn.history.record(toast.inventory(), tmp_path / "store", at="2026-01-01", project="shop")
        config = tmp_path / "config" / "toastnb" / "config.toml"
        config.parent.mkdir(parents=True)
        keys = "\n".join(f'{key} = "{getattr(sandbox, key)}"' for key in KEYS)
        config.write_text("".join(f"[profiles.{name}]\n{keys}\n" for name in ("shop", "lab")))
        config.chmod(0o600)
        limits = tmp_path / "limits.csv"
        limits.write_text("project,zone,vcpus\nshop,*,7700\nlab,*,8800\nother,*,9900\n")
        command = [sys.executable, "-m", "toastnb", "report", "--profile", "shop,lab", "--out", str(tmp_path / "out")]
        command += ["--limits", str(limits)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path / "config")}
        done = subprocess.run(
            [*command, "--history", str(tmp_path / "store")],
            capture_output=True, text=True, timeout=200, check=False, env=environment,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Without history of lab: the history has no project of that name." in done.stderr
    pages = {name: (tmp_path / "out" / name / "capacity-report.html").read_text("utf-8") for name in ("shop", "lab")}
    assert ["Since last time" in pages[name] for name in ("shop", "lab")] == [True, False]
    assert [re.findall("of ([789]+00|[789],[789]00) vCPUs are", pages[name]) for name in pages] == [
        ["7,700"],
        ["8,800"],
    ]
    assert [f"<title>{name} · " in pages[name] for name in ("shop", "lab")] == [True, True]


KEYS = ("appkey", "username", "password", "base_url")


@pytest.mark.parametrize("command", ["growth", "forecast", "inventory", "audit"])
def test_an_ending_that_is_no_format_is_refused_before_the_work(folder: Path, tmp_path: Path, command: str) -> None:
    given = {
        "growth": [folder / "nowhere"],
        "forecast": [folder / "nowhere", "--limits", folder / "limits.csv"],
    }.get(command, ["--inventory", folder / "nowhere.zip"])
    answer = run(command, *given, "--out", tmp_path / "f.pdf")
    assert isinstance(answer.exception, tn.InvalidInput)
    assert "f.pdf does not say in which format. Endings are ." in str(answer.exception)
    assert not (tmp_path / "f.pdf").exists()


def test_an_ending_stands_for_the_format_unless_that_is_named(folder: Path, tmp_path: Path) -> None:
    saved = ["--inventory", folder / "account.zip"]
    for name, more, starts in (
        ("a.txt", [], "flavor_id"),
        ("a", [], "flavor_id"),
        ("a.csv", [], "flavor_id,"),
        ("a.pdf", ["--format", "json"], "["),
    ):
        answer = run("inventory", *saved, "--table", "flavors", "--out", tmp_path / name, *more)
        assert answer.exit_code == 0, answer.exception
        assert (tmp_path / name).read_text().lstrip().startswith(starts)
    assert run("audit", *saved, "--fail-on", "never", "--out", tmp_path / "a.sarif").exit_code == 0
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"


def test_all_projects_together_and_limits_of_each(folder: Path, tmp_path: Path) -> None:
    answer = run("growth", folder / "store", "--total")
    assert "Total" in [line.split()[0] for line in answer.stdout.splitlines()]
    limits = tmp_path / "limits.csv"
    limits.write_text("project,zone,vcpus\nshop,*,260\nyoung,*,900\n*,*,500\n")
    told = run("forecast", folder / "store", "--limits", limits)
    assert [line.split()[0] for line in told.stdout.splitlines()[1:]] == ["shop", "young", "Total"]
    alone = run("forecast", folder / "store", "--limits", limits, "--project", "shop")
    assert [line.split()[:4] for line in alone.stdout.splitlines()[1:]] == [["shop", "Total", "vcpus", "260"]]
    together = run("forecast", folder / "store", "--limits", folder / "limits.csv", "--total", "--format", "json")
    assert {row["project"] for row in json.loads(together.stdout)} == {"Total"}
    limits.write_text("project,zone,vcpus\ndev,*,260\n")
    none = run("forecast", folder / "store", "--limits", limits, "--project", "shop")
    assert "has no limits of shop" in str(none.exception)
    assert "project that is not known: dev" in str(run("forecast", folder / "store", "--limits", limits).exception)


def test_an_old_snapshot_and_dates_that_are_past_are_told(folder: Path, tmp_path: Path) -> None:
    now = tn.load_inventory(folder / "account.zip")
    was = tn.Inventory(now.tables, {}, "2025-03-01T03:00:00+00:00", now.source)
    lived.record(was, tmp_path / "store", days=30)
    limits = tmp_path / "limits.csv"
    limits.write_text("vcpus\n260\n")
    answer = run("forecast", tmp_path / "store", "--limits", limits)
    assert re.search(r"Note: The newest snapshot is old: that of shop \d+ days \(2025-02-28\)\.", answer.stderr)
    assert re.search(r"[123] dates? (is|are) before today, 20\d\d-\d\d-\d\d: what was ahead", answer.stderr)
    assert "The newest snapshot is old" in run("growth", tmp_path / "store").stderr
    lived.record(tn.Inventory(now.tables, {}, pd.Timestamp.now("UTC").isoformat(), ""), tmp_path / "new", days=25)
    fresh = run("forecast", tmp_path / "new", "--limits", limits)
    assert fresh.exit_code == 0
    assert fresh.stderr == ""
