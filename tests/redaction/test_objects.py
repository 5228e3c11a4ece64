"""What objects show of themselves: repr, vars, pickle, copies and files."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.redaction.canary import APPKEY, MARK, PASSWORD, PRIVATE_KEY, TOKEN, WAYS, connect, shown_by
from tests.transport.hostile import Hostile, answer, nothing, token
from toastnb import wire
from toastnb.redaction import MASK, Secret, redact, sealed

LONG_TEXTS = """
import sys
from toastnb.redaction import Secret, redact
odd, mark = sys.argv[1:]
held = Secret(odd * 40 + mark)
for written in ("\\\\", '\\\\"', "&amp;", "%25", odd):
    said = written * (100_000 // len(written)) + "|" + mark
    assert redact(said) == said
"""
PUBLIC = {"name": "ops", "publicKey": "ssh-rsa AAAA", "fingerprint": "9a:61"}


@pytest.fixture
def toast(hostile: Hostile) -> Iterator[tn.Toast]:
    """Return a connection that has made a call."""
    hostile.on("POST keypairs", answer(keypair={**PUBLIC, "privateKey": PRIVATE_KEY}))
    hostile.on("*", nothing())
    hostile.on("GET tokens", token(TOKEN))
    with connect(hostile.base_url) as toast:
        toast.flavors()
        yield toast


def parts(thing: object, seen: set[int]) -> Iterator[object]:
    """Yield an object and all of toastnb's objects that it holds."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    yield thing
    held = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple)) else ()
    if type(thing).__module__.startswith(("toastnb", "requests.sessions")) and hasattr(thing, "__dict__"):
        held = vars(thing).values()
    for part in held:
        yield from parts(part, seen)


def test_no_part_of_a_connection_shows_a_secret(toast: tn.Toast) -> None:
    found = list(parts(toast, set()))
    assert {"Toast", "Api", "Transport", "Profile", "Secret", "TokenKeeper", "_Held"} <= {
        type(thing).__name__ for thing in found
    }
    for thing in found:
        assert MARK not in repr(thing) + str(thing)
        assert MARK not in repr(getattr(thing, "__dict__", ""))


def test_a_connection_is_not_pickled_and_neither_is_its_account(toast: tn.Toast) -> None:
    for thing in (toast, toast.account(), toast._api, toast._transport):
        with pytest.raises(TypeError) as caught:
            pickle.dumps(thing)
        assert MARK not in str(caught.value)


def test_an_account_shows_all_but_its_secrets(toast: tn.Toast, hostile: Hostile) -> None:
    account = toast.account()
    assert repr(account) == (
        f"Profile(name='', base_url='{hostile.base_url}', appkey=Secret(***), username='me@example.com',"
        " password=Secret(***), read_only=False, timeout=300.0)"
    )
    assert MARK not in repr(dataclasses.asdict(account)) + repr(vars(account))


def test_frames_and_inventories_are_pickled_and_show_no_secret(toast: tn.Toast) -> None:
    inventory = toast.inventory()
    for thing in (inventory, toast.flavors(), toast.token_info()):
        content = pickle.dumps(thing)
        assert MARK.encode() not in content
        assert repr(pickle.loads(content)) == repr(thing)
        assert MARK not in repr(thing) + thing._repr_html_() + repr(getattr(thing, "attrs", ""))


def test_a_saved_inventory_has_no_secret(toast: tn.Toast, tmp_path: Path) -> None:
    file = toast.inventory().save(tmp_path / "account.zip")
    assert MARK.encode() not in file.read_bytes()


def test_a_private_key_is_in_its_file_and_nowhere_else(toast: tn.Toast, tmp_path: Path) -> None:
    made = toast.create_keypair("ops", tmp_path / "ops.pem")
    file = Path(made.path.item())
    assert file.read_text() == PRIVATE_KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if MARK.encode() in path.read_bytes()] == [file]
    assert made.columns.tolist() == ["name", "fingerprint", "path"]
    assert MARK not in made.to_csv() + repr(made) + repr(toast.last_outcome)
    for thing in parts(toast, set()):
        assert MARK not in repr(thing) + repr(getattr(thing, "__dict__", ""))


# --- the Secret itself ----------


def test_a_secret_never_shows_itself() -> None:
    secret = Secret(PASSWORD)
    shown = f"{secret} {secret!s} {secret!r} {secret!a} %s %r {[secret]}" % (secret, secret)
    assert MARK not in shown
    assert shown.count(MASK) == 7
    assert MARK not in repr(dir(secret)) + repr(pd.Series([secret])) + repr(pd.DataFrame({"s": [secret]}))
    with pytest.raises(TypeError):
        vars(secret)
    with pytest.raises(AttributeError):
        secret.value = "other"


@pytest.mark.parametrize("spec", [">30", "s", "x"])
def test_a_secret_is_not_formatted(spec: str) -> None:
    with pytest.raises(TypeError) as caught:
        format(Secret(PASSWORD), spec)
    assert MARK not in str(caught.value)


@pytest.mark.parametrize(
    "write",
    [pickle.dumps, json.dumps, msgspec.json.encode, msgspec.msgpack.encode, copy._reconstruct, len, bytes, list],
)
def test_a_secret_is_not_written_by_accident(write: Any) -> None:
    with pytest.raises((TypeError, NotImplementedError)) as caught:
        write(Secret(PASSWORD))
    assert MARK not in str(caught.value)


def test_copies_of_a_secret_are_the_secret() -> None:
    secret = Secret(PASSWORD)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"s": [secret]})["s"][0] is secret


def test_bodies_with_secrets_show_none() -> None:
    request = wire.TokenRequest(auth=wire.Credentials(username="me", password=Secret(PASSWORD)))
    access = wire.Access(token=wire.Token(id=Secret(TOKEN), expires="e", issued_at="i"))
    keypair = wire.CreatedKeypair(name="ops", private_key=Secret(PRIVATE_KEY))
    for body in (request, access, keypair):
        assert MARK not in repr(body) + repr(msgspec.structs.asdict(body))


# --- redact ----------


@pytest.mark.parametrize("secret", [APPKEY, PASSWORD, TOKEN, PRIVATE_KEY], ids=["a", "p", "t", "k"])
def test_a_living_secret_is_taken_out_of_a_text(secret: str) -> None:
    held = Secret(secret)
    for form in (secret, json.dumps(secret), repr(secret), f"before{secret}after{secret}"):
        assert MARK not in redact(form)
        assert MASK in redact(form)
    assert held


@pytest.mark.parametrize("secret", [APPKEY, PASSWORD, TOKEN, f'😀<&"{MARK}\\\\\t'], ids=["a", "p", "t", "odd"])
@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_taken_out_however_it_is_written(secret: str, way: str) -> None:
    held = Secret(secret)
    assert redact(f"<{WAYS[way](secret)}>") == "<***>"
    assert held


@given(
    before=st.text(max_size=8),
    after=st.text(max_size=8),
    ways=st.tuples(
        st.sampled_from(sorted(WAYS.keys() - {"upper case"})),  # which makes other letters of some
        st.sampled_from(sorted(WAYS.keys() - {"upper case", "header"})),
    ),
)
def test_any_secret_is_taken_out_however_it_is_written_twice_over(
    before: str, after: str, ways: tuple[str, str]
) -> None:
    held = Secret(f"{before}{MARK}{after}")
    form = held.reveal()
    try:
        for way in ways:
            form = WAYS[way](form)
    except UnicodeEncodeError:  # half a surrogate pair, which cannot be written so
        return
    assert MARK not in redact(f"<{form}>").lower()


def test_what_is_no_secret_stays() -> None:
    held = Secret(f"a\\{MARK} b")
    said = f"a/{MARK}+b, {MARK}, a b, \\\\"
    assert redact(said) == said
    assert held


@pytest.mark.parametrize("odd", ["\\", '\\"', "&", "%", "+ "])
def test_no_text_of_a_service_makes_redaction_slow(odd: str) -> None:
    done = subprocess.run([sys.executable, "-c", LONG_TEXTS, odd, MARK], timeout=60)  # it would not end
    assert done.returncode == 0


def test_a_secret_within_another_is_taken_out_too() -> None:
    long, short = Secret(f"{MARK}-and-more"), Secret(MARK)
    assert MARK not in redact(f"{MARK}-and-more {MARK} x{MARK}x")
    assert "and-more" not in redact(f"{MARK}-and-more")
    assert long
    assert short


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET /compute/v1.0/appkeys/abc/flavors", "GET /compute/v1.0/appkeys/***/flavors"),
        ("https://h/v1.0/APPKEYS/a%20b/tokens?id=xyz", "https://h/v1.0/APPKEYS/***/tokens?id=***"),
        ("url=https%3A%2F%2Fh%2Fappkeys%2Fabc", "url=https%3A%2F%2Fh%2Fappkeys%2F***"),
        ("{'X-Auth-Token': 'abc', 'Accept': 'x'}", "{'X-Auth-Token': '***', 'Accept': 'x'}"),
        ("x-auth-token: abc\r\nAccept: x", "x-auth-token: ***\r\nAccept: x"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a *** b"),
        ("a -----BEGIN OPENSSH PRIVATE KEY-----\nMII", "a ***"),
        ("nothing secret: appkeys are secrets", "nothing secret: appkeys are secrets"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_redaction_and_threads_that_make_secrets_do_not_meet() -> None:
    stop = threading.Event()

    def make() -> None:
        while not stop.is_set():
            Secret("short-lived-secret")

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(300):
            assert redact("text") == "text"
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_an_error_takes_secrets_out_of_all_that_it_is_given() -> None:
    secret = Secret(APPKEY)
    error = tn.NotFound(f"said {APPKEY}", action=f"doing {APPKEY}", hint=f"try {APPKEY}", code=5)
    assert MARK not in repr(error) + str(error) + repr(vars(error)) + repr(error.args)
    assert str(error) == "doing ***: said ***. try ***"
    assert secret
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code) == (str(error), 5)


# --- sealed ----------


def test_an_error_that_nobody_expected_tells_its_kind_and_its_place_and_nothing_else() -> None:
    held = Secret(f"{PASSWORD}\udcff")

    def work() -> None:
        held.reveal().encode()

    with pytest.raises(RuntimeError, match=r"^UnicodeEncodeError in test_objects.py, line \d+$") as caught:
        sealed(work)
    assert MARK not in shown_by(caught.value)


def test_an_error_of_the_system_keeps_its_kind_and_loses_what_else_it_has() -> None:
    def work() -> None:
        raise FileNotFoundError(2, "No such file", f"/{PASSWORD}")

    with pytest.raises(FileNotFoundError, match="No such file") as caught:
        sealed(work)
    assert MARK not in shown_by(caught.value)
