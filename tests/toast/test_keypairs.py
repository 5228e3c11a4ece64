"""A private key goes to a new file of its owner and nowhere else; without such a file nothing is sent."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

import toastnb as tn
from tests.transport.hostile import Hostile, Step, answer, cut_short, html, refusal, reset

MAKE = "POST keypairs"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def public_half(private: bytes) -> str:
    load = load_ssh_private_key if b"OPENSSH" in private else load_pem_private_key
    public = load(private, None).public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_the_key_is_saved_whole_and_for_its_owner_only(toast: tn.Toast, tmp_path: Path) -> None:
    made = toast.create_keypair("ops-2026", tmp_path / "key.pem")
    assert made.columns.tolist() == ["name", "fingerprint", "path"]
    file = Path(made.path.item())
    assert (made.name.item(), file) == ("ops-2026", tmp_path / "key.pem")
    assert mode(file) == 0o600
    assert toast.last_outcome.values.tolist()[0][:3] == ["ops-2026", "create_keypair", "done"]
    assert toast.last_outcome.message.isna().all()
    kept = toast.keypairs("ops-2026")
    assert public_half(file.read_bytes()).split()[:2] == kept.public_key.item().split()[:2]
    assert made.fingerprint.item() == kept.fingerprint.item()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "key.pem"]


def test_a_folder_gets_a_file_named_after_the_key(toast: tn.Toast, tmp_path: Path) -> None:
    made = toast.create_keypair("ops 2026", tmp_path)
    assert Path(made.path.item()) == tmp_path / "ops 2026.pem"
    assert mode(tmp_path / "ops 2026.pem") == 0o600


def test_home_and_relative_places(toast: tn.Toast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Path(toast.create_keypair("one", "~/one.pem").path.item()) == tmp_path / "home" / "one.pem"
    assert Path(toast.create_keypair("two", "two.pem").path.item()) == tmp_path / "two.pem"


# --- nothing is sent without a place for the key ----------


def existing(folder: Path) -> Path:
    file = folder / "key.pem"
    file.write_text("precious")
    return file


def link_to_nothing(folder: Path) -> Path:
    (folder / "key.pem").symlink_to(folder / "target.pem")
    return folder / "key.pem"


def link_to_a_file(folder: Path) -> Path:
    (folder / "target.pem").write_text("precious")
    return link_to_nothing(folder)


def existing_in_a_folder(folder: Path) -> Path:
    (folder / "ops.pem").write_text("precious")
    return folder


def below_a_file(folder: Path) -> Path:
    return existing(folder) / "ops.pem"


PLACES: dict[str, Callable[[Path], Path | str]] = {
    "existing": existing,
    "existing in a folder": existing_in_a_folder,
    "link to nothing": link_to_nothing,
    "link to a file": link_to_a_file,
    "no such folder": lambda folder: folder / "nowhere" / "key.pem",
    "below a file": below_a_file,
    "a zero in the name": lambda folder: f"{folder}/a\x00b",
    "broken Unicode in the name": lambda folder: folder / "\udcff.pem",
    "half a character in the name": lambda folder: f"{folder}/\ud800.pem",
    "nobody's home": lambda folder: "~nobody-like-this/key.pem",
    "a name too long": lambda folder: folder / ("a" * 300),
    "a device": lambda folder: "/dev/null",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_will_not_do_is_refused_before_anything_is_sent(
    toast: tn.Toast, sandbox: tn.Sandbox, tmp_path: Path, place: str
) -> None:
    where = PLACES[place](tmp_path)
    before = {path: path.lstat().st_size for path in tmp_path.rglob("*")}
    with pytest.raises(tn.InvalidInput):
        toast.create_keypair("ops", where)
    assert sandbox.calls == {}
    assert {path: path.lstat().st_size for path in tmp_path.rglob("*")} == before


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 4 KiB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_found_before_anything_is_sent(toast: tn.Toast, sandbox: tn.Sandbox, tmp_path: Path) -> None:
    with pytest.raises(tn.InvalidInput, match="cannot be written"):
        toast.create_keypair("ops", tmp_path / "key.pem")
    assert sandbox.calls == {}
    assert not (tmp_path / "key.pem").exists()


@pytest.mark.parametrize("name", ["a/b", "..", "a\\b", "c:d", "a*", "nul\x00", "", "  ", None, 5])
def test_a_name_that_is_no_files_name_needs_a_whole_path(
    toast: tn.Toast, sandbox: tn.Sandbox, tmp_path: Path, name: str
) -> None:
    with pytest.raises(tn.InvalidInput):
        toast.create_keypair(name, tmp_path)
    assert sandbox.calls == {}
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_name_of_any_script_is_fine_with_a_whole_path(toast: tn.Toast, tmp_path: Path) -> None:
    toast.create_keypair("운영/키: 2026", tmp_path / "key.pem")
    assert "운영/키: 2026" in toast.keypairs().name.tolist()


# --- when it fails after that ----------


@pytest.fixture
def service() -> Iterator[Hostile]:
    with Hostile() as service:
        yield service


@pytest.fixture
def scripted(service: Hostile) -> Iterator[tn.Toast]:
    account = {"appkey": "an-appkey", "username": "me@example.com", "password": "a-password"}
    with tn.connect(**account, base_url=service.base_url, timeout=20) as toast:
        yield toast


FAILURES: dict[str, tuple[Step, type[tn.ToastError], bool]] = {
    "refused": (refusal(13409), tn.Conflict, False),
    "gateway": (html(502), tn.ServiceFailure, True),
    "reset": (reset, tn.NetworkFailure, True),
    "cut short": (cut_short(keypair={"name": "ops"}), tn.NetworkFailure, True),
    "no key in it": (answer(keypair={"name": "ops"}), tn.BadAnswer, True),
    "an empty key": (answer(keypair={"name": "ops", "privateKey": ""}), tn.BadAnswer, True),
    "a key that is a number": (answer(keypair={"name": "ops", "privateKey": 5}), tn.BadAnswer, True),
    "no keypair in it": (answer(), tn.BadAnswer, True),
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_failure_leaves_no_file_and_says_whether_the_keypair_may_exist(
    service: Hostile, scripted: tn.Toast, tmp_path: Path, how: str
) -> None:
    step, kind, fate_open = FAILURES[how]
    service.on(MAKE, step)
    with pytest.raises(kind) as caught:
        scripted.create_keypair("ops", tmp_path / "key.pem")
    assert caught.value.may_have_happened is fate_open
    assert not (tmp_path / "key.pem").exists()
    assert len(service.calls(MAKE)) == 1
    assert "key.pem" not in open_files()


def open_files() -> set[str]:
    """Return the names of all files that this process has open."""
    names = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            names.add(descriptor.readlink().name)
    return names


def test_a_key_that_cannot_be_written_after_all_is_lost_and_that_is_said(
    service: Hostile, scripted: tn.Toast, tmp_path: Path
) -> None:
    service.on(MAKE, answer(keypair={"name": "ops", "privateKey": "k" * 200_000}))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(tn.ServiceFailure, match="made, but its private key could not be written") as caught:
            scripted.create_keypair("ops", tmp_path / "key.pem")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "delete_keypair('ops')" in str(caught.value)
    assert "may have been" not in str(caught.value)  # it was
    assert caught.value.may_have_happened
    assert scripted.last_outcome.outcome.item() == "done"
    assert "its private key is lost" in scripted.last_outcome.message.item()
    assert "toast.delete_keypair('ops')" in scripted.last_outcome.message.item()
    assert not (tmp_path / "key.pem").exists()
    assert "key.pem" not in open_files()


# --- importing and deleting ----------


def test_a_public_key_is_taken_and_nothing_is_written(toast: tn.Toast, tmp_path: Path) -> None:
    key = toast.keypairs("ops-shared").public_key.item()
    made = toast.import_keypair("mine", f"{key}\n")
    assert made.columns.tolist() == ["name", "fingerprint", "public_key", "created_at"]
    assert made.public_key.item().split()[:2] == key.split()[:2]
    assert made.created_at.isna().item()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize("wrong", [PRIVATE, "", "key", "ssh-rsa", "ssh-rsa !!!", "a b\nc d", None, b"ssh-rsa AAAA"])
def test_what_is_no_public_key_is_not_sent(toast: tn.Toast, sandbox: tn.Sandbox, wrong: str) -> None:
    with pytest.raises(tn.InvalidInput) as caught:
        toast.import_keypair("mine", wrong)
    assert "b3BlbnNzaC1rZXk" not in str(caught.value)
    assert sandbox.calls == {}


def test_a_keypair_is_deleted_once(toast: tn.Toast) -> None:
    made = toast.delete_keypair("legacy-2016")
    assert made.columns.tolist() == ["name", "action", "outcome", "code", "message"]
    assert made[["name", "outcome"]].values.tolist() == [["legacy-2016", "done"]]
    with pytest.raises(tn.NotFound):
        toast.delete_keypair("legacy-2016")
