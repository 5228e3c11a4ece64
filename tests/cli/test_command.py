"""The `toastnb` command, run as a process of its own where that makes a difference."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import requests
from typer.testing import CliRunner

import toastnb as tn
from tests.cli.running import run_here
from toastnb.cli import app

COMMAND = [sys.executable, "-m", "toastnb.cli"]


def run(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120, **options)


@pytest.fixture
def saved(toast: tn.Toast, tmp_path: Path) -> str:
    return str(toast.inventory().save(tmp_path / "account.zip"))


def test_help_comes_without_the_heavy_imports() -> None:
    code = "import sys; from toastnb.cli import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "sandbox" in answer
    assert not {"pandas", "numpy", "pyarrow", "matplotlib", "requests"} & set(answer.split())


def test_the_sandbox_prints_what_it_accepts_and_stops_on_sigterm() -> None:
    arguments = ["sandbox", "--port", "0", "--instances", "3", "--json", "--appkey", "an-appkey"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        accepts = json.loads(process.stdout.readline())
        assert set(accepts) == {"base_url", "appkey", "username", "password", "port"}
        assert accepts["appkey"] == "an-appkey"
        with tn.connect(**{name: value for name, value in accepts.items() if name != "port"}) as toast:
            assert len(toast.instances()) == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_the_sandbox_process_never_loads_pandas() -> None:
    code = """
import json, sys, urllib.request
from toastnb import Sandbox
with Sandbox(instances=5) as sandbox:
    urllib.request.urlopen(sandbox.base_url.removesuffix("/compute") + "/_sandbox/clock").read()
print("pandas" in sys.modules)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.strip() == "False"


def test_a_taken_port_is_an_error_that_says_what_to_do(sandbox: tn.Sandbox) -> None:
    answer = run("sandbox", "--port", str(sandbox.port))
    assert answer.returncode == 2
    assert "port" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("kind", ["csv", "json", "table"])
def test_a_table_goes_to_the_terminal(saved: str, kind: str) -> None:
    answer = run_here("inventory", "--inventory", saved, "--table", "availability_zones", "--format", kind)
    assert answer.returncode == 0, answer.stderr
    assert "kr-pub-a" in answer.stdout


@pytest.mark.parametrize("kind", ["csv", "json", "table", "parquet", "xlsx"])
def test_a_table_goes_to_a_file(saved: str, kind: str, tmp_path: Path) -> None:
    out = tmp_path / f"flavors.{kind}"
    answer = run_here("inventory", "--inventory", saved, "-t", "flavors", "-f", kind, "-o", str(out))
    assert answer.returncode == 0, answer.stderr
    assert str(out) in answer.stderr
    readers = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet, "xlsx": pd.read_excel}
    if kind in readers:
        assert readers[kind](out)["name"].tolist() == tn.load_inventory(saved).flavors["name"].tolist()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inventory", "--table", "nope"], "there is no table 'nope'"),
        (["inventory", "--format", "parquet", "--profile", "sandbox"], "is not for a terminal"),
        (["inventory", "--inventory", "missing.zip"], "missing.zip cannot be read"),
        (["inventory", "--inventory", "x", "--profile", "y"], "both given"),
        (["report"], "no appkey, no username, no password found"),
        (["audit", "--fail-on", "hihg"], "hihg"),
        (["audit", "--inventory", "missing.zip"], "missing.zip cannot be read"),
        (["audit", "--check", "nope", "--profile", "sandbox"], "nope"),
        (["report", "--profile", "sandbox", "--limits", "none.csv"], "none.csv cannot be read"),
        (["whoami", "--profile", "prod"], "there is no profile 'prod'"),
    ],
)
def test_errors_are_one_message_and_exit_code_2(arguments: list[str], said: str) -> None:
    answer = run_here(*arguments)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_report_command_prints_totals_and_says_how_to_go_on(tmp_path: Path) -> None:
    answer = run("report", "--profile", "sandbox", "--out", str(tmp_path / "out"))
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    total = next(line.split() for line in lines if line.split()[:1] == ["Total"])
    assert total[1] == "250"
    assert [line for line in lines if line.startswith("Wrote")] == [
        f"Wrote {tmp_path}/out/capacity-report.html",
        f"Wrote {tmp_path}/out/capacity-report.xlsx",
    ]
    assert "toastnb login" in answer.stdout
    assert answer.stderr.splitlines()[-2:] == ["Writing the report ...", "Running the notebook ..."]


def test_the_report_pulls_the_account_once(sandbox: tn.Sandbox, tmp_path: Path) -> None:
    answer = run("report", "--out", str(tmp_path), env=os.environ | environment(sandbox))
    assert answer.returncode == 0, answer.stderr
    reads = {call: times for call, times in sandbox.calls.items() if "images" not in call}
    assert set(reads.values()) == {1}, reads


def environment(sandbox: tn.Sandbox) -> dict[str, str]:
    return {
        "TOASTNB_APPKEY": sandbox.appkey,
        "TOASTNB_USERNAME": sandbox.username,
        "TOASTNB_PASSWORD": sandbox.password,
        "TOASTNB_BASE_URL": sandbox.base_url,
    }


def login(sandbox: tn.Sandbox, name: str) -> str:
    arguments = ["login", "--profile", name, "--username", sandbox.username, "--base-url", sandbox.base_url]
    answer = CliRunner().invoke(app, arguments, input=f"{sandbox.appkey}\n{sandbox.password}\n")
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_login_stores_a_profile_that_whoami_uses(sandbox: tn.Sandbox) -> None:
    said = login(sandbox, "here")
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb" / "config.toml"
    assert str(path) in said
    assert "no keyring" in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    answer = run("whoami", "--profile", "here")
    assert answer.returncode == 0, answer.stderr
    for shown in (sandbox.username, sandbox.base_url, "roles", "token expires", "here"):
        assert shown in answer.stdout
    for secret in (sandbox.appkey, sandbox.password):
        assert secret not in said + answer.stdout + answer.stderr


def test_login_keeps_other_profiles_and_comments(sandbox: tn.Sandbox) -> None:
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('# mine\n[profiles.prod]\nappkey = "k"  # note\nusername = "u"\n')
    login(sandbox, "here")
    login(sandbox, "there")
    text = path.read_text()
    assert "# mine" in text
    assert "# note" in text
    assert tn.connect("there").account().name == "there"
    assert tn.connect("here").account().base_url == sandbox.base_url


def test_logging_in_again_keeps_what_is_not_given(sandbox: tn.Sandbox) -> None:
    login(sandbox, "here")
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb" / "config.toml"
    path.write_text(path.read_text() + "read_only = true\n")
    answer = CliRunner().invoke(app, ["login", "--profile", "here", "--username", "u"], input="k-new\np-new\n")
    assert answer.exit_code == 0, answer.output
    account = tn.connect("here").account()
    assert (account.username, account.base_url, account.read_only) == ("u", sandbox.base_url, True)


def test_a_files_ending_chooses_its_format(saved: str, tmp_path: Path) -> None:
    answer = run_here("inventory", "--inventory", saved, "-t", "flavors", "-o", str(tmp_path / "flavors.xlsx"))
    assert answer.returncode == 0, answer.stderr
    assert len(pd.read_excel(tmp_path / "flavors.xlsx")) == len(tn.load_inventory(saved).flavors)


def test_the_module_is_the_command() -> None:
    answer = subprocess.run([sys.executable, "-m", "toastnb", "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == tn.__version__


def test_login_refuses_what_would_send_credentials_in_the_clear() -> None:
    arguments = ["login", "--username", "u", "--base-url", "http://example.com/compute"]
    answer = CliRunner().invoke(app, arguments, input="an-appkey\na-password\n")
    assert isinstance(answer.exception, tn.InvalidInput)
    assert "must be https" in str(answer.exception)
    assert not (Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb").exists()


def test_notebooks_are_copied(tmp_path: Path) -> None:
    answer = run_here("notebooks", str(tmp_path / "mine"))
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "mine" / "01-inventory.ipynb").exists()


def test_a_wrong_password_is_a_message(sandbox: tn.Sandbox) -> None:
    answer = run("whoami", env=os.environ | environment(sandbox) | {"TOASTNB_PASSWORD": "not-this-one"})
    assert answer.returncode == 2
    assert "API password" in answer.stderr
    assert "not-this-one" not in answer.stdout + answer.stderr


def test_a_running_sandbox_can_be_read_with_any_client(sandbox: tn.Sandbox) -> None:
    answer = requests.get(f"{sandbox.base_url}/v1.0/appkeys/{sandbox.appkey}/instances", timeout=10).json()
    assert answer["header"]["resultCode"] == -3
