"""Homes, folders for temporary files and languages as machines have them: what works all the same, and what is said."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import toastnb as tn
from tests.environment.support import command, commands, environment_of
from tests.history.stores import account
from toastnb import login
from toastnb.cli.history import _alone as alone
from toastnb.redaction import Secret
from toastnb.report import workbook

HOMES: dict[str, str | None] = {
    "missing": "/no/such/home",
    "not a folder": "/dev/null",
    "read-only": "/proc",  # where even root can make nothing
    "unset": None,
    "empty": "",
    "relative": "somewhere",
}
KINDS = ("table", "json")
ONE_AFTER_THE_OTHER = """
import sys
from toastnb.cli import main
for arguments in COMMANDS:
    sys.argv = ["toastnb", *arguments]
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
    print("END")
"""
NO_XDG = {"XDG_CONFIG_HOME": None, "XDG_DATA_HOME": None, "XDG_RUNTIME_DIR": None, "XDG_CACHE_HOME": None}


def homeless(account: tn.Sandbox | None, folder: Path, home: str | None) -> dict[str, str]:
    return environment_of(account, folder, HOME=home, **NO_XDG)


def test_the_environment_is_enough_without_a_home(sandbox: tn.Sandbox, tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in HOMES}
    for folder in folders.values():
        folder.mkdir()
    whoami = {name: (homeless(sandbox, folders[name], home), folders[name]) for name, home in HOMES.items()}
    for name, done in commands(["whoami"], whoami, tmp_path).items():
        assert (done.returncode, done.stderr) == (0, ""), name
        assert sandbox.base_url in done.stdout
        assert list(folders[name].iterdir()) == []


@pytest.mark.parametrize("home", ["missing", "not a folder", "read-only"])
def test_a_profile_that_can_be_stored_nowhere_is_not_stored_elsewhere(tmp_path: Path, home: str) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    where = HOMES[home] if home != "missing" else "/proc/no/such/home"
    done = command(["login", "--username", "me"], homeless(None, folder, where), folder, "an-appkey\na-password\n")
    assert done.returncode == 2
    assert "Storing a profile" in done.stderr
    assert "XDG_CONFIG_HOME" in done.stderr  # what to do
    assert "Traceback" not in done.stderr
    assert list(folder.rglob("*")) == []


def test_a_report_needs_no_home(toast: tn.Toast, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    saved = toast.inventory().save(tmp_path / "account.zip")
    done = command(["report", "--inventory", str(saved)], homeless(None, tmp_path, "/dev/null"), folder)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["capacity-report.html", "capacity-report.xlsx"]


def test_a_history_needs_no_home(toast: tn.Toast, tmp_path: Path) -> None:
    """Its locks are among the temporary files then, for this user alone."""
    saved = toast.inventory().save(tmp_path / "account.zip")
    homes = {name: HOMES[name] for name in ("not a folder", "read-only", "relative")} | {"missing": "/proc/no/such"}
    folders = {name: tmp_path / name for name in homes}
    for folder in folders.values():
        folder.mkdir()
        (folder / "tmp").mkdir()
    matplotlib = {"MPLCONFIGDIR": str(tmp_path)}  # `history` loads it, and it would speak of its own folder
    places = {
        name: (homeless(None, folders[name] / "tmp", home) | matplotlib, folders[name]) for name, home in homes.items()
    }
    for arguments, said in (
        (["snapshot", "--store", "store", "--inventory", str(saved), "--project", "shop"], "recorded "),
        (["compact", "store"], "1 of 1 snapshot kept"),
        (["history", "store"], "shop"),
    ):
        for name, done in commands(arguments, places, tmp_path).items():
            assert (done.returncode, done.stderr) == (0, ""), (name, done.stderr)
            assert said in done.stdout, name
    for name, folder in folders.items():
        assert {path.name for path in folder.iterdir()} == {"store", "tmp"}, name
        assert len(tn.history.open_store(folder / "store").sql("FROM instances_detail")) == 40
        for locks in (folder / "tmp").iterdir():
            assert stat.S_IMODE(locks.stat().st_mode) == 0o700
            assert all(path.suffix == ".lock" for path in locks.iterdir())


@pytest.mark.parametrize("made", ["open to all", "a link"])
def test_a_folder_for_locks_that_another_may_have_made_is_refused(tmp_path: Path, made: str) -> None:
    saved = account(3).save(tmp_path / "account.zip")
    temporary, other = tmp_path / "tmp", tmp_path / "other"
    for folder in (temporary, other):
        folder.mkdir()
    locks = temporary / f"toastnb-{os.getuid()}"
    if made == "a link":
        locks.symlink_to(other)
    else:
        locks.mkdir()
        locks.chmod(0o777)
    environment = homeless(None, temporary, "/dev/null")
    done = command(["snapshot", "--store", "store", "--inventory", str(saved)], environment, tmp_path)
    assert done.returncode == 2
    assert "Taking a lock: there is no folder for locks (it is not this user's alone)." in done.stderr
    assert "XDG_CACHE_HOME" in done.stderr
    assert not (tmp_path / "store").exists()
    assert list(other.iterdir()) == []


@pytest.mark.parametrize("temporary", ["/no/such/folder", "/proc", "/dev/null"])
def test_a_folder_for_temporary_files_that_is_not_there_is_no_obstacle(
    toast: tn.Toast, tmp_path: Path, temporary: str
) -> None:
    saved = toast.inventory().save(tmp_path / "account.zip")
    arguments = ["inventory", "--inventory", str(saved), "--out", "t.xlsx"]
    done = command(arguments, environment_of(None, tmp_path, TMPDIR=temporary), tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "t.xlsx").stat().st_size > 1000


def test_no_folder_for_temporary_files_at_all(toast: tn.Toast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose file systems are all read-only."""
    inventory = toast.inventory()
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/proc"])
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(tn.InvalidInput, match=r"no folder for temporary files .* Name one"):
        tn.report.write(inventory, tmp_path / "report")
    assert not (tmp_path / "report").exists()
    tn.history.record(inventory, tmp_path / "store")
    with pytest.raises(tn.InvalidInput, match=r"no folder for temporary files .* Name one .* TMPDIR"):
        tn.history.open_store(tmp_path / "store").sql("SELECT 1")
    with pytest.raises(tn.InvalidInput, match=r"no folder for temporary files .* Name one .* TMPDIR"):
        workbook.write_workbook(tmp_path / "t.xlsx", {"flavors": inventory.flavors})
    assert not (tmp_path / "t.xlsx").exists()


@pytest.mark.parametrize(
    "speaks",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict", "PYTHONUTF8": "0"},
    ],
    ids=["C", "POSIX", "latin-1"],
)
def test_korean_on_a_terminal_without_it_is_escaped(toast: tn.Toast, tmp_path: Path, speaks: dict[str, str]) -> None:
    saved = toast.inventory().save(tmp_path / "account.zip")
    names = tn.load_inventory(saved).security_groups.description
    korean = next(text for text in names.dropna() if not text.isascii())
    kinds = {kind: ["inventory", "--inventory", str(saved), "-t", "security_groups", "-f", kind] for kind in KINDS}
    code = ONE_AFTER_THE_OTHER.replace(
        "COMMANDS", repr([more for kind, given in kinds.items() for more in (given, [*given, "--out", kind])])
    )
    environment = environment_of(None, tmp_path, **speaks)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=120, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("Wrote ") for line in done.stderr.splitlines())
    printed = done.stdout.split("END\n")
    for number, kind in enumerate(KINDS):
        assert printed[2 * number].count(korean.encode("ascii", "backslashreplace").decode()) == 1
        assert korean in (tmp_path / kind).read_text("utf-8")


def test_korean_in_what_is_said_and_in_names_of_files(tmp_path: Path) -> None:
    environment = environment_of(None, tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    done = command(["whoami", "--profile", "운영"], environment, tmp_path)
    assert done.returncode == 2
    assert "there is no profile" in done.stderr
    assert "Traceback" not in done.stderr


def test_nobodys_home_is_no_place_for_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number that no list of users knows; "~" is then no folder of ours."""

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.chdir(tmp_path)
    with tn.connect(appkey="an-appkey", username="me", password="a-password") as toast:
        assert toast.account().username == "me"
    with pytest.raises(tn.InvalidInput, match="Set HOME or XDG_CONFIG_HOME"):
        login.store("lab", appkey=Secret("an-appkey"), username="u", password=Secret("a-password"))
    strange = tmp_path / "~" / ".config" / "toastnb" / "config.toml"
    assert not strange.exists()
    strange.parent.mkdir(parents=True)
    strange.write_text('default = "lab"\n[profiles.lab]\nappkey = "x"\nusername = "u"\npassword = "p"\n')
    with pytest.raises(tn.CredentialsError):
        tn.connect()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with alone(str(tmp_path / "store"), "snapshot") as is_alone:
        assert is_alone
    [lock] = (tmp_path / f"toastnb-{os.getuid()}").iterdir()
    assert lock.suffix == ".lock"
