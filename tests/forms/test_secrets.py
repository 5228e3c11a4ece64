"""Nothing that a form has, says or leaves behind shows a password, a token, the appkey or a private key."""

from __future__ import annotations

import gc
import json
import logging
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import toastnb as tn
from tests.forms.support import ended, followed
from tests.redaction.canary import (
    APPKEY,
    MARK,
    PASSWORD,
    PRIVATE_KEY,
    SIGN_IN_ECHO,
    TOKEN,
    connect,
    shown_by,
    shown_by_tools,
)
from tests.transport.hostile import Hostile, answer, http, nothing, refusal, token
from toastnb.forms.acting import ActionForm
from toastnb.forms.creating import CreateForm
from toastnb.forms.form import Form
from toastnb.forms.keys import KeypairForm
from toastnb.forms.signing_in import LoginForm
from toastnb.forms.words import of_error

ID = "5f0c2a1e-7a0b-4a57-9d0e-1c5b8c3d2e10"
VM = {
    "id": ID,
    "name": "web",
    "status": "ACTIVE",
    "availabilityZone": "a",
    "flavor": {"id": "f", "name": "m2", "cpu": 1, "ram": 1024},
    "volumes": {"root": {"size": 20}, "attachments": []},
    "securityGroups": [{"name": "default"}],
}
LISTS: dict[str, Any] = {
    "instances": [VM],
    "flavors": [{"id": "f", "name": "m2", "vcpus": 1, "ram": 4096}],
    "images": [{"id": "im", "name": "linux", "status": "active", "minDisk": 20, "properties": {"os_type": "linux"}}],
    "networks": [{"id": "n", "name": "net"}],
    "zones": [{"zoneName": "a", "zoneState": {"available": True}}],
    "keypairs": [{"name": "ops", "publicKey": "ssh-rsa AAAA", "fingerprint": "9a:61"}],
    "securityGroups": [{"id": "g", "name": "default"}],
}
KEYPAIR = {"name": "new", "publicKey": "ssh-rsa AAAA", "fingerprint": "9a:61", "privateKey": PRIVATE_KEY}
ECHO = f"{APPKEY} {PASSWORD} {TOKEN} {PRIVATE_KEY} http://x/appkeys/{APPKEY}/tokens?id={TOKEN}"


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with Hostile() as hostile:
        hostile.on("POST tokens", token(TOKEN))
        hostile.on("*", nothing(**LISTS))
        hostile.on("POST keypairs", answer(keypair=KEYPAIR))
        hostile.on("POST instances", answer(instance={"id": ID, "name": "web", "status": "BUILD"}))
        yield hostile


@pytest.fixture(autouse=True)
def _watched(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    assert MARK not in caplog.text
    assert MARK not in "".join(capfd.readouterr())


def creating(toast: tn.Toast, _: Path) -> Form:
    return CreateForm(toast).set(name="web", image="linux", flavor="m2", zone="a", root_gb=20)


def stopping(toast: tn.Toast, _: Path) -> Form:
    return ActionForm(toast).select(ID).set(action="stop")


def making_a_key(toast: tn.Toast, folder: Path) -> Form:
    return KeypairForm(toast).set(name="new", path=folder / "new.pem")


FORMS: dict[str, tuple[Callable[[tn.Toast, Path], Form], str]] = {
    "create": (creating, "POST instances"),
    "stop": (stopping, f"POST instances/{ID}/action"),
    "keypair": (making_a_key, "POST keypairs"),
}


def all_parts(thing: object) -> Iterator[object]:
    """Yield an object and all that it refers to, but for modules, types and threads."""
    pending, seen = [thing], set()
    while pending:
        one = pending.pop()
        if id(one) in seen or isinstance(one, type | type(json) | threading.Thread):
            continue
        seen.add(id(one))
        yield one
        if type(one).__module__.startswith("toastnb") or isinstance(one, dict | list | tuple):
            pending += [*vars(one).values()] if hasattr(one, "__dict__") else gc.get_referents(one)


def assert_nothing_shows(form: Form) -> None:
    for part in all_parts(form):
        assert MARK not in repr(part)
        if hasattr(part, "__dict__"):
            assert MARK not in repr(vars(part))
    for said in (form.log, form.result, form.values(), form.rows, form.problems(), form.title, form.button):
        assert MARK not in repr(said)
    assert MARK not in form.log.to_csv()
    if form.result is not None:
        assert MARK not in form.result.to_csv()
        assert MARK not in pickle.dumps(form.result).decode("latin-1")
    if form.error is not None:
        assert MARK not in shown_by(form.error) + shown_by_tools(form.error)
        assert MARK not in "".join(of_error(form.error, "en") + of_error(form.error, "ko"))
        assert MARK not in pickle.dumps(form.error).decode("latin-1")


def test_the_search_comes_upon_what_is_there(hostile: Hostile) -> None:
    with connect(hostile.base_url) as toast, CreateForm(toast) as form:
        kinds = {type(part).__name__ for part in all_parts(form)}
        assert {"Toast", "Profile", "Secret", "Catalogue", "Journal", "Text", "Option"} <= kinds
        form.fields["name"].set(MARK)
        with pytest.raises(AssertionError):
            assert_nothing_shows(form)


@pytest.mark.parametrize("which", FORMS)
def test_what_is_sent_shows_nothing(hostile: Hostile, tmp_path: Path, which: str) -> None:
    make, _ = FORMS[which]
    with connect(hostile.base_url) as toast, make(toast, tmp_path) as form:
        assert form.problems() == {}
        assert MARK not in repr(form.request()) + form.code()
        form.timeout = 1.0
        seen = followed(form, lambda: form.start() and ended(form))
        assert_nothing_shows(form)
        assert MARK not in repr(seen)
    assert_nothing_shows(form)
    if which == "keypair":
        assert (tmp_path / "new.pem").read_text() == PRIVATE_KEY
        assert list(form.result.columns) == ["name", "fingerprint", "path"]


@pytest.mark.parametrize("which", FORMS)
@pytest.mark.parametrize(
    "step",
    [refusal(10400, ECHO), refusal(-2, ECHO), http(ECHO, 502), http(f'{{"header": "{APPKEY}'), answer(keypair=ECHO)],
    ids=["refused", "failed", "gateway", "broken", "malformed"],
)
def test_what_fails_shows_nothing(hostile: Hostile, tmp_path: Path, which: str, step: Any) -> None:
    make, call = FORMS[which]
    hostile.on(call, step)
    with connect(hostile.base_url) as toast, make(toast, tmp_path) as form:
        form.timeout = 0.5
        form.start()
        ended(form)
        assert form.error is not None
        assert_nothing_shows(form)
        form.refresh()
        with pytest.raises(tn.ToastError) as caught:
            form.submit()
        assert MARK not in shown_by(caught.value)
        assert_nothing_shows(form)


def test_signing_in_shows_nothing(hostile: Hostile) -> None:
    hostile.on("GET tokens", token(TOKEN))
    with LoginForm() as form:
        form.set(base_url=hostile.base_url, username="me@example.com", store=True, profile="lab")
        form.give_secret("appkey", APPKEY)
        form.give_secret("password", PASSWORD)
        assert_nothing_shows(form)
        assert MARK not in repr(form.request()) + form.code()
        form.start()
        ended(form)
        assert form.error is None
        assert_nothing_shows(form)
        form.toast.close()


@pytest.mark.parametrize(
    "step", [refusal(-1, SIGN_IN_ECHO), http(SIGN_IN_ECHO, 403), http("{")], ids=["refused", "gateway", "broken"]
)
def test_a_refused_sign_in_shows_nothing(hostile: Hostile, step: Any) -> None:
    hostile.on("POST tokens", step)
    with LoginForm() as form:
        form.set(base_url=hostile.base_url, username="me@example.com")
        form.give_secret("appkey", APPKEY)
        form.give_secret("password", PASSWORD)
        form.start()
        ended(form)
        assert form.error is not None
        assert_nothing_shows(form)


def test_a_form_is_not_pickled(hostile: Hostile) -> None:
    with LoginForm() as form:
        form.give_secret("password", PASSWORD)
        with pytest.raises(TypeError):
            pickle.dumps(form)


def test_a_private_key_that_was_pasted_is_nowhere(hostile: Hostile) -> None:
    with connect(hostile.base_url) as toast, KeypairForm(toast) as form:
        form.set(action="import_keypair", name="mine", public_key=PRIVATE_KEY)
        assert form.problems().keys() == {"public_key"}
        assert_nothing_shows(form)
        with pytest.raises(tn.InvalidInput) as caught:
            form.submit()
        assert MARK not in str(caught.value)
