"""`toastnb snapshot`, `history` and `compact`, as cron runs them: one line, an exit code, one run at a time."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import toastnb as tn
from tests.cli.running import run_here

ROOT = Path(__file__).parents[2]
SECRETS = ("an-appkey-0123", "a-password-4567")


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command; in a process of its own where its environment is another."""
    if not environment:
        return run_here(*arguments)
    command = [sys.executable, "-m", "toastnb", *map(str, arguments)]
    env = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)


def one_line(said: str) -> str:
    """Return the line that a run wrote: the time, the command, what came of it, and how long it took."""
    found = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ toastnb (?:snapshot|compact): (.*) \(\d+\.\d s\)\n", said)
    assert found, said
    return found[1]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with tn.Sandbox(instances=40, instant=True) as sandbox, tn.connect(sandbox) as toast:
        return toast.inventory().save(tmp_path_factory.mktemp("saved") / "account.zip")


@pytest.fixture
def service() -> dict[str, str]:
    """Return the environment of an account: appkey and password are known."""
    with tn.Sandbox(instances=7, instant=True, appkey=SECRETS[0], password=SECRETS[1]) as sandbox:
        yield {
            "TOASTNB_BASE_URL": sandbox.base_url,
            "TOASTNB_APPKEY": sandbox.appkey,
            "TOASTNB_USERNAME": sandbox.username,
            "TOASTNB_PASSWORD": sandbox.password,
        }


def test_a_snapshot_of_an_account_is_one_line_and_holds_no_secret(tmp_path: Path, service: dict[str, str]) -> None:
    answer = run("snapshot", "--store", tmp_path / "store", "--project", "shop", **service)
    assert (answer.returncode, answer.stderr) == (0, "")
    [row] = tn.history.open_store(tmp_path / "store").snapshots().to_dict("records")
    assert one_line(answer.stdout) == f"recorded {row['snapshot_id']} of shop: 7 instances"
    assert row["instances"] == 7
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in SECRETS:
        assert secret not in answer.stdout
        assert secret.encode() not in written


def test_an_account_of_the_environment_is_not_kept_under_the_name_of_another_profile(
    tmp_path: Path, service: dict[str, str]
) -> None:
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('default = "prod"\n[profiles.prod]\nappkey = "another-appkey"\n')
    file.chmod(0o600)
    answer = run("snapshot", "--store", tmp_path / "store", **service)
    assert answer.returncode == 0, answer.stdout
    [project] = tn.history.open_store(tmp_path / "store").projects
    assert project.startswith(f"{service['TOASTNB_USERNAME']} at ")


def test_a_failure_is_one_line_code_2_and_holds_no_secret(tmp_path: Path, service: dict[str, str]) -> None:
    wrong = service | {"TOASTNB_PASSWORD": "wrong-8888"}
    file = tmp_path / "file"
    file.write_text("in the way")
    failed = [
        run("snapshot", "--store", tmp_path / "store", **wrong),
        run("snapshot", "--store", tmp_path / "store"),  # nothing is configured
        run("snapshot", "--store", file / "store", **service),
        run("snapshot", "--store", "s3://id:geheim@bucket", **service),
        run("compact", tmp_path / "nothing"),
        run("compact", tmp_path / "nothing", "--keep", "al=7"),
    ]
    for answer in failed:
        assert (answer.returncode, answer.stdout) == (2, "")
        assert one_line(answer.stderr).startswith("failed: ")
        assert not any(secret in answer.stderr for secret in (*SECRETS, "wrong-8888", "geheim"))


def test_a_saved_inventory_twice_is_the_same_snapshot_and_is_listed(tmp_path: Path, saved: Path) -> None:
    first, second = (run("snapshot", "--inventory", saved, "--store", tmp_path / "store") for _ in range(2))
    assert one_line(first.stdout) == one_line(second.stdout)
    assert re.fullmatch(r"recorded \S+ of sandbox at 127\.0\.0\.1:\d+: 40 instances", one_line(first.stdout))
    run("snapshot", "--inventory", saved, "--store", tmp_path / "store", "--project", "dev")
    lines = run("history", tmp_path / "store").stdout.splitlines()
    assert lines[0].split() == ["at", "project", "instances", "snapshot_id"]
    assert len(lines) == 3
    assert len(run("history", tmp_path / "store", "--project", "dev").stdout.splitlines()) == 2
    assert run("history", tmp_path / "other").returncode == 2
    assert run("snapshot", "--inventory", saved, "--profile", "dev", "--store", tmp_path).returncode == 2


def test_compact_thins_as_told_in_one_line(tmp_path: Path, saved: Path) -> None:
    for day in ("2025-01-01", "2025-01-02", "2025-01-31"):
        tn.history.record(tn.load_inventory(saved), tmp_path / "store", at=day, project="shop")
    answer = run("compact", tmp_path / "store", "--keep", "all=1, monthly=forever")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert one_line(answer.stdout) == "1 of 3 snapshots kept, 1 file in place of 3"
    again = run("compact", tmp_path / "store")
    assert one_line(again.stdout) == "1 of 1 snapshot kept, 1 file in place of 1"


@pytest.mark.parametrize("keep", ["all", "all=x", "all=-1", "all=1,all=2", "yearly=1", "=1"])
def test_a_keep_that_is_none_is_told(tmp_path: Path, saved: Path, keep: str) -> None:
    tn.history.record(tn.load_inventory(saved), tmp_path / "store")
    answer = run("compact", tmp_path / "store", "--keep", keep)
    assert answer.returncode == 2
    assert "keep" in one_line(answer.stderr)


HOLDER = """
import sys
from toastnb.cli.history import _alone
with _alone(sys.argv[1], "snapshot\\nshop") as is_alone:
    print(is_alone, flush=True)
    sys.stdin.read()
"""


def test_a_run_of_the_same_store_and_project_that_is_not_over_is_code_3(tmp_path: Path, saved: Path) -> None:
    store = tmp_path / "store"
    command = [sys.executable, "-c", HOLDER, str(store)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        same = ["snapshot", "--inventory", saved, "--project", "shop", "--store"]
        for name in (store, f"{store}/", f"file://{store}", tmp_path / "." / "store"):
            answer = run(*same, name)
            assert (answer.returncode, answer.stdout) == (3, "")
            assert one_line(answer.stderr).startswith("a run of the same store and project is not over yet")
        assert not store.exists()
        assert run("snapshot", "--inventory", saved, "--project", "dev", "--store", store).returncode == 0
        holder.kill()  # it lets go of the lock however it ends
    assert run(*same, store).returncode == 0


def test_the_locks_are_the_users_own(tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert run("snapshot", "--inventory", saved, "--store", tmp_path / "store").returncode == 0
    assert stat.S_IMODE((cache / "toastnb" / "locks").stat().st_mode) == 0o700
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "home", "store"]
    cache.joinpath("toastnb", "locks").rename(tmp_path / "aside")
    (cache / "toastnb" / "locks").write_text("in the way")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    answer = run("snapshot", "--inventory", saved, "--store", tmp_path / "store", TMPDIR=str(temporary))
    assert answer.returncode == 0, answer.stderr
    [locks] = temporary.iterdir()
    assert (locks.name, stat.S_IMODE(locks.stat().st_mode)) == (f"toastnb-{os.getuid()}", 0o700)
    locks.rename(tmp_path / "elsewhere")
    locks.write_text("in the way")
    answer = run("snapshot", "--inventory", saved, "--store", tmp_path / "store", TMPDIR=str(temporary))
    assert answer.returncode == 2
    assert "there is no folder for locks (File exists). Name a folder" in one_line(answer.stderr)
