"""What the rest of toastnb does for forms: giving up at once, remarks that are heard, states that are told."""

from __future__ import annotations

import sys
import threading
import time
import warnings

import pytest

import toastnb as tn
from tests.support import eventually
from tests.transport.hostile import Hostile, answer, refusal, silence
from toastnb import rules, waiting
from toastnb.api import Api
from toastnb.audit.public_keys import taken_apart
from toastnb.audit.ssh_keys import judged
from toastnb.calls import Call
from toastnb.connection import give_up_when, giving_up_when, is_given_up, pause, reasons_to_give_up
from toastnb.forms.noting import code_of, request_of
from toastnb.outcomes import Bulk
from toastnb.progress import bar
from toastnb.remarks import heard, listener, remark
from toastnb.wire import Answer

QUICKLY = 8.0  # what it is held against takes 15 s or more


# --- giving up ----------


def test_a_pause_ends_with_its_reason_and_otherwise_takes_its_time() -> None:
    over = threading.Event()
    start = time.monotonic()  # before the timer starts: its 0.1 s may have begun when start() returns
    threading.Timer(0.1, over.set).start()
    with giving_up_when(over):
        assert not is_given_up()
        pause(60)
        assert is_given_up()
        pause(60)
    assert 0.1 <= time.monotonic() - start < QUICKLY
    start = time.monotonic()
    pause(0.05)
    assert time.monotonic() - start >= 0.05


def test_reasons_nest_and_are_this_threads_only() -> None:
    one, other = threading.Event(), threading.Event()
    with giving_up_when(one):
        with giving_up_when(other):
            assert reasons_to_give_up() == (one, other)
            one.set()
            assert is_given_up()
        assert reasons_to_give_up() == (one,)
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.append(reasons_to_give_up()))
        thread.start()
        thread.join()
        assert found == [()]
    assert reasons_to_give_up() == ()
    assert not is_given_up()


def test_a_read_that_is_repeated_is_not_repeated_for_nobody(hostile: Hostile) -> None:
    hostile.on("GET flavors", refusal(-6))
    over = threading.Event()
    leaving = threading.Thread(target=lambda: (eventually(lambda: hostile.calls("GET flavors")), over.set()))
    leaving.start()
    start = time.monotonic()
    with connected(hostile) as toast, giving_up_when(over), pytest.raises(tn.ToastError):
        toast.flavors()
    leaving.join()
    assert time.monotonic() - start < QUICKLY
    assert len(hostile.calls("GET flavors")) == 1


def test_an_exchange_ends_when_nobody_waits(hostile: Hostile) -> None:
    hostile.on("GET flavors", silence)
    over = threading.Event()
    threading.Timer(0.2, over.set).start()
    start = time.monotonic()
    with connected(hostile) as toast, giving_up_when(over), pytest.raises(tn.NetworkFailure, match="broken off"):
        toast.flavors()
    assert time.monotonic() - start < QUICKLY


def test_a_bulk_action_hands_its_reasons_on() -> None:
    over, seen = threading.Event(), []

    def send(_: str) -> None:
        seen.append(over in reasons_to_give_up())
        over.set()

    with giving_up_when(over):
        bulk = Bulk("stop", [str(number) for number in range(50)], send)
        bulk.run()
    assert all(seen)
    assert len(seen) <= 8
    assert [one.outcome for one in bulk.outcomes.values()].count("not_sent") >= 42
    assert not any(thread.name.startswith("toastnb-bulk") for thread in alive())


def alive() -> list[threading.Thread]:
    eventually(lambda: not any(thread.name.startswith("toastnb-bulk") for thread in threading.enumerate()))
    return threading.enumerate()


def test_waiting_ends_when_nobody_waits(slow_toast: tn.Toast) -> None:
    over = threading.Event()
    active = slow_toast.instances().query("status == 'ACTIVE'").instance_id.iloc[0]
    threading.Timer(0.3, over.set).start()
    start = time.monotonic()
    with giving_up_when(over), pytest.raises(tn.NetworkFailure, match="broken off") as caught:
        slow_toast.wait(active, "STOP", timeout=60)
    assert time.monotonic() - start < QUICKLY
    assert caught.value.may_have_happened
    give_up_when()


# --- remarks ----------


def test_a_remark_is_a_warning_where_nobody_listens() -> None:
    with pytest.warns(UserWarning, match="something") as caught:
        remark("something", stacklevel=1)
    assert caught[0].filename == __file__


def test_a_remark_is_heard_once_and_by_this_thread_only() -> None:
    lines: list[str] = []
    with heard(lines):
        remark("something", stacklevel=1)
        remark("something", stacklevel=1)
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.append(listener()))
        thread.start()
        thread.join()
    assert lines == ["something"]
    assert found == [None]
    assert listener() is None


def test_no_bar_is_shown_to_one_who_listens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with heard([]), bar(3, "Working", "things") as progress:
        progress.update()
    assert capsys.readouterr().err == ""
    with bar(3, "Working", "things") as progress:
        progress.update()
    assert "Working" in capsys.readouterr().err


def test_broken_text_is_remarked_on(hostile: Hostile) -> None:
    hostile.on("GET keypairs", answer_with_broken_text())
    lines: list[str] = []
    with connected(hostile) as toast:
        with heard(lines), warnings.catch_warnings():
            warnings.simplefilter("error")
            toast.keypairs()
        assert "not valid Unicode" in lines[0]
        with pytest.warns(UserWarning, match="not valid Unicode"):
            toast.keypairs()


def answer_with_broken_text() -> object:
    return answer(keypairs=[{"name": "\ud800", "publicKey": "x", "fingerprint": "y"}])


# --- waiting ----------


def test_states_are_told_as_they_are_seen(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    one, other = slow_toast.instances().query("status == 'ACTIVE'").instance_id.iloc[:2]
    before = waiting.look(slow_toast._api, [one, other])
    slow_toast.stop([one, other])
    told: list[tuple[dict[str, str | None], set[str]]] = []

    def hear(states: object, ended: object) -> None:
        told.append((dict(states), set(ended)))
        slow_sandbox.advance(60)

    waiting.watch(slow_toast._api, [one, other], "STOP", 20, before, hear)
    assert told[0] == ({one: "POWERING_OFF", other: "POWERING_OFF"}, set())
    assert told[-1] == ({one: "STOP", other: "STOP"}, {one, other})


def test_what_is_gone_is_told_so(toast: tn.Toast) -> None:
    one = toast.instances().instance_id.iloc[0]
    toast.delete_instance(one, wait=True)
    told: list[object] = []
    waiting.watch(toast._api, [one], waiting.GONE, 5, {}, lambda states, ended: told.append((dict(states), set(ended))))
    assert told == [({one: "GONE"}, {one})]


# --- small things ----------


def test_a_calls_target_has_its_query_in_it() -> None:
    call = Call("GET", "instances", Answer, "Reading", {"id": "a/b c", "other": None})
    assert call.target() == "instances?id=a%2Fb%20c"
    assert Call("GET", "instances", Answer, "Reading").target() == "instances"


def test_a_request_is_noted_and_not_sent() -> None:
    assert request_of(lambda api: api.resize("i 1", "f")) == {
        "method": "POST",
        "path": "instances/i%201/action",
        "body": {"action": "resize", "parameters": {"flavor": "f"}},
    }
    assert request_of(lambda api: Api.delete_instance(api, "i&1")) == {
        "method": "DELETE",
        "path": "instances?id=i%261",
        "body": None,
    }


def test_long_code_is_a_line_an_argument() -> None:
    code = code_of("stop", ["i-1", "i-2"] * 20, wait=True)
    assert code.splitlines()[0] == "toast.stop("
    assert eval(code, {"toast": type("Echo", (), {"stop": staticmethod(lambda *a, **n: (a, n))})}) == (
        (["i-1", "i-2"] * 20,),
        {"wait": True},
    )


@pytest.mark.parametrize(("os_type", "longest"), [("linux", 20), ("Windows", 12), (None, 20), ("bsd", 20)])
def test_the_longest_name(os_type: str | None, longest: int) -> None:
    assert rules.longest_name(os_type) == longest
    rules.check_instance_name("x" * longest, os_type)
    with pytest.raises(tn.InvalidInput):
        rules.check_instance_name("x" * (longest + 1), os_type)


def test_a_key_of_a_kind_that_is_not_read_is_judged_by_its_frame() -> None:
    kind = b"ssh-dss"
    import base64

    blob = base64.b64encode(len(kind).to_bytes(4, "big") + kind + b"rest").decode()
    assert judged(taken_apart("old", f"ssh-dss {blob}"))[1:] == (True, None)
    assert judged(taken_apart("odd", f"ssh-rsa {blob}"))[1:] == (False, None)


def connected(hostile: Hostile) -> tn.Toast:
    return tn.connect(
        appkey="k" * 9, username="me@example.com", password="p" * 9, base_url=hostile.base_url, timeout=20
    )
