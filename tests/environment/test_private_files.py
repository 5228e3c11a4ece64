"""Files that others must not read are never readable by others, not for a moment, and no link leads a key astray."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import toastnb as tn
from tests.environment.support import environment_of, program
from tests.transport.hostile import Hostile, Received, refusal
from toastnb.files import replace_file
from toastnb.login import store
from toastnb.redaction import Secret

# What is made below a folder, and its modes as it goes away or when all is over, with a umask that allows everything.
WATCHED = """
import json, os, stat, sys
from pathlib import Path
here, modes, changed = os.getcwd(), {}, []
def note(path):
    path = os.path.abspath(os.fspath(path))
    if path.startswith(here) and os.path.lexists(path):
        modes[os.path.relpath(path, here)] = oct(stat.S_IMODE(os.lstat(path).st_mode))
def hook(event, arguments):
    if event == "os.chmod":
        changed.append(str(arguments[0]))
    elif event in ("os.rename", "os.remove", "os.rmdir"):
        note(arguments[0])
os.umask(0)
import toastnb as tn
from toastnb.login import store
from toastnb.redaction import Secret
import toastnb.report.workbook, pandas
sys.addaudithook(hook)
exec(sys.argv[1] if len(sys.argv) > 1 else CODE)
for path in Path(here).rglob("*"):
    note(path)
print(json.dumps({"modes": modes, "changed": changed}))
"""
STORE = 'store("lab", appkey=Secret("an-appkey"), username="me@example.com", password=Secret("a-password"))'
MAKES: dict[str, tuple[str, set[str]]] = {
    "private key": ('tn.connect().create_keypair("ops", "ops.pem")', {"ops.pem"}),
    "private key in a folder": ('tn.connect().create_keypair("ops", ".")', {"ops.pem"}),
    "profile": (STORE, {"config", "config/deep", "config/deep/toastnb", "config/deep/toastnb/config.toml"}),
    "profile, again": (f"{STORE}; {STORE}", {"config/deep/toastnb", "config/deep/toastnb/config.toml"}),
    "inventory": ('tn.connect().inventory().save("account.zip")', {"account.zip"}),
    "sandbox's state": ('tn.Sandbox(instances=2).save("state.json")', {"state.json"}),
}


@pytest.mark.parametrize("what", MAKES)
def test_it_is_private_from_the_moment_it_exists(sandbox: tn.Sandbox, tmp_path: Path, what: str) -> None:
    code, made = MAKES[what]
    folder = tmp_path / "here"
    folder.mkdir()
    environment = environment_of(
        sandbox, folder, XDG_CONFIG_HOME=str(folder / "config" / "deep"), MPLCONFIGDIR=str(tmp_path)
    )
    answer = json.loads(program(WATCHED.replace("CODE", repr(code)), environment, folder))
    assert made <= answer["modes"].keys()
    for path, mode in answer["modes"].items():
        is_folder = (folder / path).is_dir()
        assert mode == ("0o700" if is_folder else "0o600"), path
    assert answer["changed"] == []
    assert {path for path in answer["modes"] if (folder / path).exists()} >= made


def test_a_workbooks_rows_are_private_on_their_way(tmp_path: Path, toast: tn.Toast) -> None:
    """The library that writes workbooks keeps rows in files: they are in a folder that only the owner can enter."""
    folder = tmp_path / "here"
    folder.mkdir()
    saved = toast.inventory().save(tmp_path / "account.zip")
    code = (
        f'toastnb.report.workbook.write_workbook("{tmp_path}/t.xlsx", '
        f'{{"t": tn.load_inventory("{saved}").instances_detail}})'
    )
    answer = json.loads(
        program(WATCHED.replace("CODE", repr(code)), environment_of(None, folder, TMPDIR=str(folder)), folder)
    )
    tops = {path.partition("/")[0] for path in answer["modes"] if "/" in path}
    assert [answer["modes"][path] for path in tops] == ["0o700"]
    assert len(answer["modes"]) > 5
    assert list(folder.iterdir()) == []


# --- links ----------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Return a file that must not be touched."""
    file = tmp_path / "elsewhere"
    file.write_text("precious")
    yield file
    assert file.read_text() == "precious"


LINKS = ["link", "link to nothing", "hard link"]


def link(path: Path, to: Path, how: str) -> None:
    if how == "hard link":
        path.hardlink_to(to)
    else:
        path.symlink_to(to if how == "link" else to.with_name("nothing"))


@pytest.mark.parametrize("how", LINKS)
def test_a_key_is_not_written_through_a_link(
    toast: tn.Toast, sandbox: tn.Sandbox, tmp_path: Path, elsewhere: Path, how: str
) -> None:
    link(tmp_path / "ops.pem", elsewhere, how)
    with pytest.raises(tn.InvalidInput, match="exists already and is not overwritten"):
        toast.create_keypair("ops", tmp_path / "ops.pem")
    assert sandbox.calls == {}
    assert not (tmp_path / "nothing").exists()


def test_what_another_program_puts_in_a_keys_place_meanwhile_stays(hostile: Hostile, tmp_path: Path) -> None:
    """The key's file is moved away while the service is asked, and another one takes its name; then it refuses."""
    place = tmp_path / "ops.pem"

    def step(connection: socket.socket, request: Received) -> bool:
        place.rename(tmp_path / "moved.pem")
        place.write_text("precious")
        return refusal(-4)(connection, request)

    hostile.on("POST keypairs", step)
    account = {"appkey": "an-appkey", "username": "u", "password": "a-password", "base_url": hostile.base_url}
    with tn.connect(**account) as toast, pytest.raises(tn.InvalidInput):
        toast.create_keypair("ops", place)
    assert place.read_text() == "precious"


@pytest.mark.parametrize("how", LINKS)
@pytest.mark.parametrize("what", ["config file", "inventory"])
def test_what_is_replaced_takes_the_place_of_a_link(
    toast: tn.Toast, tmp_path: Path, elsewhere: Path, how: str, what: str
) -> None:
    if what == "inventory":
        file = tmp_path / "account.zip"
        link(file, elsewhere, how)
        toast.inventory().save(file)
    else:
        file = Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb" / "config.toml"
        file.parent.mkdir(parents=True)
        elsewhere.write_text("")
        link(file, elsewhere, how)
        store("lab", appkey=Secret("an-appkey"), username="u", password=Secret("a-password"))
        assert elsewhere.read_text() == ""
        elsewhere.write_text("precious")
        assert "a-password" in file.read_text()
    assert not file.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not (tmp_path / "nothing").exists()


def test_a_folder_that_is_a_link_is_its_owners_arrangement(toast: tn.Toast, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "short").symlink_to(tmp_path / "keys")
    made = toast.create_keypair("ops", tmp_path / "short" / "ops.pem")
    assert stat.S_IMODE((tmp_path / "keys" / "ops.pem").stat().st_mode) == 0o600
    assert Path(made.path.item()).read_text() == (tmp_path / "keys" / "ops.pem").read_text()


def test_the_file_beside_is_not_opened_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever guesses the name of the file beside, and puts a link there, makes the writing fail, not go astray."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    (tmp_path / ".t.guessed.part").symlink_to(tmp_path / "nothing")
    with pytest.raises(tn.InvalidInput, match="cannot be written"):
        replace_file(tmp_path / "t", lambda file: file.write(b"x"))
    assert not (tmp_path / "nothing").exists()
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("name", ["pipe", "/dev/null", "/dev/stdout", "link to a pipe"])
def test_no_file_takes_the_place_of_a_device_or_pipe(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link to a pipe").symlink_to("pipe")
    place = tmp_path / name  # of an absolute name that is what it names
    before = os.lstat(place)
    with pytest.raises(tn.InvalidInput, match="is a device or pipe, and no file"):
        replace_file(place, lambda file: file.write(b"content"))
    assert os.path.samestat(os.lstat(place), before)
    assert {path.name for path in tmp_path.iterdir()} - {"home"} == {"pipe", "link to a pipe"}
