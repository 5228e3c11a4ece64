"""`toastnb audit`, as a scheduled run uses it: formats, exit codes, and what is said beside the findings."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import toastnb as tn
from tests.cli.running import run_here


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_here("audit", *arguments)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    with tn.Sandbox(instances=40, instant=True) as sandbox, tn.connect(sandbox) as toast:
        return str(toast.inventory().save(tmp_path_factory.mktemp("saved") / "account.zip"))


@pytest.mark.parametrize(
    ("fail_on", "checks", "code"),
    [
        ("high", ["weak-ssh-key"], 1),
        ("medium", ["weak-ssh-key"], 1),
        ("high", ["keypair-unused"], 0),
        ("low", ["keypair-unused"], 1),
        ("never", ["weak-ssh-key"], 0),
        ("high", ["name-pattern"], 0),
        ("high,not-run", ["name-pattern"], 1),
    ],
)
def test_exit_codes(saved: str, fail_on: str, checks: list[str], code: int) -> None:
    chosen = [part for check in checks for part in ("--check", check)]
    answer = run("--inventory", saved, "--fail-on", fail_on, *chosen)
    assert answer.returncode == code, answer.stderr


def test_high_is_what_fails_by_default_and_the_terminal_shows_findings(saved: str) -> None:
    command = [sys.executable, "-m", "toastnb", "audit", "--inventory", saved]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 1
    findings = tn.audit.run(tn.load_inventory(saved))
    lines = answer.stdout.splitlines()
    assert lines[0].split() == ["severity", "check", "resource_type", "name", "evidence"]
    assert len(lines) == len(findings) + 1
    assert "Not run: name-pattern: no rule given" in answer.stderr


def test_json_csv_sarif_and_html(saved: str, tmp_path: Path) -> None:
    findings = tn.audit.run(tn.load_inventory(saved))
    whole = json.loads(run("--inventory", saved, "--format", "json").stdout)
    assert len(whole["findings"]) == len(findings)
    rows = list(csv.DictReader(run("--inventory", saved, "--format", "csv").stdout.splitlines()))
    assert [row["check"] for row in rows] == findings.check.tolist()
    sarif = json.loads(run("--inventory", saved, "--format", "sarif").stdout)
    assert sarif["version"] == "2.1.0"
    assert len(sarif["runs"][0]["results"]) == len(findings)
    out = tmp_path / "audit.html"
    answer = run("--inventory", saved, "--format", "html", "--out", str(out))
    assert answer.returncode == 1
    assert f"Wrote {len(findings):,} findings to {out}" in answer.stderr
    page = out.read_text("utf-8")
    assert "<title>Audit</title>" in page
    assert "What this API cannot tell" in page
    assert findings.name.dropna().iloc[0] in page


def test_waivers_and_rules_count_and_are_told(saved: str, tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.csv"
    waivers.write_text(
        "check,resource,reason,expires\nweak-ssh-key,*,going soon,2999-12-31\nweak-ssh-key,no-*,x,2020-01-01\n"
    )
    rules = tmp_path / "rules.toml"
    rules.write_text('[names]\npattern = "^nothing$"\n')
    answer = run("--inventory", saved, "--check", "weak-ssh-key", "--waivers", str(waivers))
    assert answer.returncode == 0
    assert "waived 1" in answer.stderr
    assert "Waiver expired: weak-ssh-key for no-* (until 2020-01-01)" in answer.stderr
    answer = run("--inventory", saved, "--check", "name-pattern", "--rules", str(rules), "--fail-on", "low")
    assert answer.returncode == 1
    assert len(answer.stdout.splitlines()) == 41


def test_hostile_names_are_text_everywhere(saved: str, tmp_path: Path) -> None:
    account = tn.load_inventory(saved)
    names = ["<script>alert(1)</script>", "=1+1", "a\x1b[31mb", "한글"]
    account.instances_detail.loc[: len(names) - 1, "name"] = names
    account.instances_detail.loc[: len(names) - 1, "status"] = "ERROR"
    hostile = str(account.save(tmp_path / "hostile.zip"))
    table, page, sheet = (run("--inventory", hostile, "--format", kind).stdout for kind in ("table", "html", "csv"))
    assert "\x1b" not in table
    assert "한글" in table
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "'=1+1" in [row["name"] for row in csv.DictReader(sheet.splitlines())]


@pytest.mark.parametrize("name", ["limits.csv", "prices.csv", "rules.toml", "waivers.toml"])
def test_a_template_with_its_examples_is_accepted(name: str, tmp_path: Path) -> None:
    text = run_here("template", name).stdout
    path = tmp_path / name
    path.write_text("\n".join(with_examples(text)))
    with tn.Sandbox(instances=40, instant=True) as sandbox, tn.connect(sandbox) as toast:
        account = toast.inventory()
    vms = account.instances_detail
    if name == "limits.csv":
        assert len(tn.capacity.headroom(vms, path)) == 6
    elif name == "prices.csv":
        assert tn.capacity.cost(vms, path).unpriced["Total"] == 40
    elif name == "rules.toml":
        status = tn.audit.summary(tn.audit.run(account, rules=path)).set_index("check").status
        assert status[status != "run"].to_dict() == {"keypair-unused": "off"}
    else:
        assert len(tn.audit.waivers(tn.audit.run(account, waivers=path))) == 1


def with_examples(text: str) -> list[str]:
    """Return a template's lines with the examples that are commented out taken in; prose stays a comment."""
    example = re.compile(r"# (\[|[a-z-]+,|\*,|[a-z]+ = )")
    return [line[2:] if example.match(line) and not line.endswith(".") else line for line in text.splitlines()]


def test_a_defect_is_exit_code_2_and_not_a_finding(saved: str) -> None:
    code = (
        "import toastnb.audit.runner as runner, sys\n"
        "def broken(*_): raise ZeroDivisionError('appkey=0123456789abcdef')\n"
        "runner.plan = broken\n"
        f"sys.argv = ['toastnb', 'audit', '--inventory', {saved!r}]\n"
        "from toastnb.cli import main; main()\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 2
    assert "this is a defect, please report it" in answer.stderr
    assert "ZeroDivisionError" in answer.stderr


def test_what_is_said_of_a_run_moves_no_cursor(saved: str, tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.csv"
    waivers.write_text("check,resource,reason,expires\nin-error,\x1b[2Jno-such-*,x,2999-01-01\n")
    answer = run("--inventory", saved, "--waivers", str(waivers))
    assert "Waiver unused" in answer.stderr
    assert "\x1b" not in answer.stderr
