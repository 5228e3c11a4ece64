"""Keypairs: a private key goes into its file and nowhere else, a public key is read before it is sent."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

import toastnb as tn
from tests.forms.recording import Recorder
from tests.forms.support import ended, log, why_not
from toastnb.forms.keys import KeypairForm

MAKE = "POST keypairs"
KEYS = {
    "ssh-ed25519": (ed25519.Ed25519PrivateKey.generate(), 256),
    "ssh-rsa": (rsa.generate_private_key(65537, 2048), 2048),
    "ecdsa-sha2-nistp384": (ec.generate_private_key(ec.SECP384R1()), 384),
}
PRIVATE_KEYS = {
    "OpenSSH": KEYS["ssh-ed25519"][0].private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
    "PKCS8": KEYS["ssh-rsa"][0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    "PuTTY": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAAsecret\n",
    "with its public half": "ssh-ed25519 AAAA me\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n",
}


def line(kind: str = "ssh-ed25519") -> str:
    public = KEYS[kind][0].public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " someone@here"


@pytest.fixture
def form(toast: tn.Toast) -> Iterator[KeypairForm]:
    with KeypairForm(toast, lang="en") as form:
        yield form


# --- create ----------


@pytest.mark.parametrize("to", ["file", "folder"])
def test_a_private_key_goes_into_a_new_file_of_its_owner(form: KeypairForm, tmp_path: Path, to: str) -> None:
    place = tmp_path / "ops-2026.pem"
    form.set(action="create_keypair", name="ops-2026", path=place if to == "file" else tmp_path)
    assert form.problems() == {}
    assert form.fields["path"].note.startswith(f"The private key goes to {place}, readable by you only (0600)")
    made = form.submit()
    assert made.columns.tolist() == ["name", "fingerprint", "path"]
    assert made.path.item() == str(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    load = load_ssh_private_key if b"OPENSSH" in place.read_bytes() else load_pem_private_key
    public = load(place.read_bytes(), None).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    kept = form._toast.keypairs("ops-2026")
    assert kept.public_key.item().split()[:2] == public.split()[:2]
    assert log(form) == [["create_keypair", "ops-2026", "done"]]
    assert form.values()["name"] == ""
    assert "ops-2026" in why_not(form.set(action="delete_keypair"), "keypair")


def test_where_a_file_is_nothing_is_sent(form: KeypairForm, tmp_path: Path, sandbox: tn.Sandbox) -> None:
    (tmp_path / "ops.pem").write_text("mine")
    form.set(name="ops", path=tmp_path / "ops.pem")
    assert "exists already" in form.problems()["path"]
    form.set(path=tmp_path)
    assert form.problems() == {"": f"{tmp_path / 'ops.pem'} exists already and is not overwritten"}
    form.set(path=tmp_path / "missing" / "x.pem")
    assert form.problems().keys() == {"path"}
    form.set(path="")
    assert form.problems() == {"path": "is missing"}
    assert not form.start()
    assert sandbox.calls[MAKE] == 0
    assert (tmp_path / "ops.pem").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "is missing"),
        ("a/b", "cannot be the name of a file"),
        ("a\nb", "cannot be sent"),
        ("k" * 400, "too long for the name of a file"),
    ],
)
def test_a_name_that_is_none(form: KeypairForm, tmp_path: Path, name: str, problem: str) -> None:
    form.set(name=name, path=tmp_path)
    assert problem in form.problems()["name"]


def test_a_name_that_is_taken(form: KeypairForm, tmp_path: Path) -> None:
    form.set(name=form._toast.keypairs().name[0], path=tmp_path)
    assert form.problems() == {"name": "there is a keypair of that name already"}


def test_a_refusal_leaves_no_file_and_keeps_the_entries(form: KeypairForm, tmp_path: Path, sandbox: tn.Sandbox) -> None:
    sandbox.fault(MAKE, "code", code=13409, message="quota")
    form.set(name="ops", path=tmp_path / "ops.pem")
    entries = form.values()
    form.start()
    ended(form)
    assert isinstance(form.error, tn.Conflict)
    assert form.values() == entries
    assert not (tmp_path / "ops.pem").exists()


# --- upload ----------


@pytest.mark.parametrize("kind", KEYS)
def test_a_public_key_is_read_before_it_is_sent(form: KeypairForm, kind: str) -> None:
    form.set(action="import_keypair", name="mine", public_key=f"  {line(kind)}\n")
    digest = hashlib.sha256(base64.b64decode(line(kind).split()[1])).digest()
    fingerprint = base64.b64encode(digest).decode().rstrip("=")  # as ssh-keygen -l shows it
    assert form.fields["public_key"].note == f"{kind}, {KEYS[kind][1]} bits, SHA256:{fingerprint}"
    assert form.problems() == {}
    assert form.submit().name.tolist() == ["mine"]
    assert form._toast.keypairs("mine").public_key.item() == line(kind)
    assert (form.values()["public_key"], form.values()["name"]) == ("", "")


@pytest.mark.parametrize(
    "text", ["ssh-ed25519 AAAA", "ssh-rsa bm8ga2V5 me", "hello", "ssh-ed25519 !!!!", "ssh-ed25519"]
)
def test_what_is_no_public_key_is_not_sent(form: KeypairForm, text: str, sandbox: tn.Sandbox) -> None:
    form.set(action="import_keypair", name="mine", public_key=text)
    assert form.problems().keys() == {"public_key"}
    assert form.fields["public_key"].value == text
    assert not form.start()
    assert sandbox.calls[MAKE] == 0


@pytest.mark.parametrize("kind", PRIVATE_KEYS)
@pytest.mark.parametrize("way", ["text", "file"])
def test_a_private_key_by_mistake_is_not_kept(
    form: KeypairForm, kind: str, way: str, tmp_path: Path, sandbox: tn.Sandbox
) -> None:
    told: list[object] = []
    form.set(action="import_keypair", name="mine", public_key=line())
    form.fields["public_key"].watch(lambda field: told.append((field.value, field.problem())))
    if way == "text":
        form.set(public_key=PRIVATE_KEYS[kind])
    else:
        (tmp_path / "key").write_text(PRIVATE_KEYS[kind])
        form.set(file=tmp_path / "key")
    assert form.fields["public_key"].value == ""
    assert "that was a private key" in form.problems()["public_key"]
    assert ("", form.problems()["public_key"]) in told
    assert "PRIVATE" not in repr([vars(form), [vars(field) for field in form.fields.values()]])
    assert not form.start()
    assert sandbox.calls[MAKE] == 0
    form.set(public_key=line())
    assert form.problems() == {}


def test_a_private_key_is_refused_again_and_again(form: KeypairForm) -> None:
    form.set(action="import_keypair", name="mine")
    for _ in range(2):
        form.set(public_key=PRIVATE_KEYS["OpenSSH"])
        assert "private key" in form.fields["public_key"].problem()
    form.set(action="create_keypair").set(action="import_keypair")
    assert form.fields["public_key"].problem() == "is missing"


def test_a_file_shows_its_key_and_can_be_replaced(form: KeypairForm, tmp_path: Path) -> None:
    for kind in ("ssh-ed25519", "ssh-rsa"):
        (tmp_path / f"{kind}.pub").write_text(line(kind) + "\n")
    form.set(action="import_keypair", name="mine", file=tmp_path / "ssh-ed25519.pub")
    assert form.request()[0]["body"]["keypair"]["publicKey"] == line()
    form.set(file=tmp_path / "ssh-rsa.pub")
    assert form.request()[0]["body"]["keypair"]["publicKey"] == line("ssh-rsa")
    form.set(public_key=line())
    assert form.request()[0]["body"]["keypair"]["publicKey"] == line()
    form.set(file=tmp_path / "no-such.pub")
    assert form.problems().keys() == {"file"}


def test_a_file_that_is_too_large_or_no_text_is_a_problem(form: KeypairForm, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    form.set(action="import_keypair", name="mine", file=tmp_path / "large")
    assert form.problems() == {"public_key": "is too large for a public key"}
    form.set(file=tmp_path / "binary")
    assert form.problems().keys() == {"public_key"}
    if os.geteuid():
        (tmp_path / "large").chmod(0)
        assert "cannot be read" in form.set(file=tmp_path / "large").fields["file"].note


def test_without_cryptography_a_key_is_shown_by_kind_and_fingerprint() -> None:
    code = f"""
import sys
sys.modules["cryptography"] = sys.modules["cryptography.exceptions"] = None
from toastnb.forms.public_keys import PublicKeyText
from toastnb.forms.words import label
field = PublicKeyText("public_key", lambda key, **parts: label(key, "en", **parts))
field.set({line("ssh-rsa")!r})
assert field.problem() == "", field.problem()
assert field.described().startswith("ssh-rsa, SHA256:"), field.described()
field.set("ssh-rsa !!!!")
assert field.problem()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(tn.__file__).parents[1])


# --- delete ----------


def test_deleting_lists_who_uses_it_and_needs_its_name(form: KeypairForm, sandbox: tn.Sandbox) -> None:
    users = form._toast.instances_detail().groupby("keypair").name.agg(list)
    name = users.str.len().idxmax()
    form.set(action="delete_keypair", keypair=name)
    shown = ", ".join(users[name][:5])
    assert form.fields["keypair"].note.startswith(
        f"{len(users[name])} instances were made with it, and keep its public key: {shown}"
    )
    assert (form.confirmation, form.problems()) == (name, {"confirm": f"must be {name}"})
    assert not form.set(confirm="another").start()
    assert sandbox.calls["DELETE keypairs"] == 0
    form.set(confirm=name)
    assert form.submit().outcome.tolist() == ["done"]
    assert name not in form._toast.keypairs().name.tolist()
    assert name not in why_not(form, "keypair")
    assert (form.values()["keypair"], form.confirm.value) == (None, "")


def test_one_that_nobody_uses_is_said_to_be_unused(form: KeypairForm) -> None:
    form._toast.import_keypair("unused", line())
    form.refresh()
    form.set(action="delete_keypair", keypair="unused")
    assert form.fields["keypair"].note == "No instance of this project was made with it"


def test_another_action_begins_afresh(form: KeypairForm, tmp_path: Path) -> None:
    form.set(name="x", path=tmp_path)
    form.set(action="import_keypair")
    assert form.values() == {"action": "import_keypair", "name": "", "file": "", "public_key": ""}
    form.set(action="delete_keypair")
    assert form.values() == {"action": "delete_keypair", "keypair": None}
    assert form.confirmation == ""


# --- what is sent ----------


@pytest.mark.parametrize("action", ["create_keypair", "import_keypair", "delete_keypair"])
def test_the_request_is_what_arrives_and_the_code_sends_the_same(
    sandbox: tn.Sandbox, tmp_path: Path, action: str
) -> None:
    with Recorder(sandbox) as recorder, recorder.connect() as toast, KeypairForm(toast) as form:
        entries = {
            "create_keypair": {"name": "한글 key", "path": tmp_path / "a.pem"},
            "import_keypair": {"name": "mine", "public_key": line()},
            "delete_keypair": {"keypair": toast.keypairs().name[0]},
        }[action]
        form.set(action=action, **entries)
        form.set(confirm=form.confirmation)
        request, code = form.request(), form.code()
        form.submit()
        assert [one.request for one in recorder.writes] == request
        recorder.arrived.clear()
        sandbox.reset()
        toast.token_info()
        (tmp_path / "a.pem").unlink(missing_ok=True)
        exec(code, {"toast": toast})
        assert [one.request for one in recorder.writes] == request


def test_read_only_sends_nothing(sandbox: tn.Sandbox, tmp_path: Path) -> None:
    with tn.connect(sandbox, read_only=True) as toast, KeypairForm(toast) as form:
        form.set(name="ops", path=tmp_path)
        assert form.problems().keys() == {""}
        with pytest.raises(tn.ReadOnly):
            form.submit()
    assert sandbox.calls[MAKE] == 0


def test_what_was_entered_last_is_the_public_key(form: KeypairForm, tmp_path: Path) -> None:
    file = tmp_path / "a.pub"
    file.write_text(f"{line()} in the file\n")
    form.set(action="upload", name="both", file="/no/such.pub")
    assert form.problems().keys() == {"file", "public_key"}
    form.set(public_key=line())
    form.set(file=file)
    assert form.values()["public_key"].strip() == f"{line()} in the file"
    form.set(public_key=f"{line()} pasted")
    assert (form.values()["file"], form.problems()) == ("", {})


@pytest.mark.parametrize(("called", "value"), [("create", "create_keypair"), ("upload", "import_keypair")])
def test_actions_go_by_short_names_in_every_language(toast: tn.Toast, called: str, value: str) -> None:
    for lang in ("en", "ko"):
        with KeypairForm(toast, lang=lang) as form:
            assert form.set(action=called).values()["action"] == value
