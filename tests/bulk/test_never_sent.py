"""What certainly never left this machine is not_sent, and what may have arrived is not: going on sends each once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import toastnb as tn
from tests.transport.hostile import APPKEY, Hostile, Received, Step, answer, html, http, nothing, refusal, reset, token

IDS = [f"i-{number:03}" for number in range(60)]
STOPS = {f"POST instances/{id_}/action" for id_ in IDS}


def connect(hostile: Hostile, timeout: float = 20) -> tn.Toast:
    return tn.connect(appkey=APPKEY, username="u", password="a-password", base_url=hostile.base_url, timeout=timeout)


def arrived(*services: Hostile) -> Counter[str]:
    """Return how often each stop arrived."""
    return Counter(request.call for service in services for request in service.received if request.call in STOPS)


def after(calls: int, what: Callable[[], object]) -> Step:
    """Answer all, and do something as so many have come."""
    came, lock = Counter[str](), threading.Lock()

    def step(connection: Any, request: Received) -> bool:
        with lock:
            came["stop"] += 1
            its_turn = came["stop"] == calls
        if its_turn:
            what()
        return answer()(connection, request)

    return step


def test_a_service_that_goes_away_in_the_middle_is_gone_on_with_where_it_was(hostile: Hostile) -> None:
    with Hostile() as first, connect(first) as toast:
        first.on("*", after(20, lambda: threading.Thread(target=first.end).start()))
        frame = toast.stop(IDS)
        assert set(frame.outcome) <= {"done", "unknown", "not_sent"}
        assert set(frame.query("outcome != 'not_sent'").instance_id) >= {call.split("/")[1] for call in arrived(first)}
        never = frame.query("outcome == 'not_sent'")
        assert len(never) > 20
        assert never.message.str.contains("no connection to 127.0.0.1").any()
    hostile.on("*", answer())
    with connect(hostile) as toast:
        again = toast.stop(frame)
    assert arrived(hostile) == {f"POST instances/{id_}/action": 1 for id_ in never.instance_id}
    assert max(arrived(first, hostile).values()) == 1
    assert set(again.outcome) <= {"done", "unknown"}


SIGN_INS: dict[str, Step] = {
    "not there": html(503),
    "broken off": reset,
    "refused": refusal(-4, "locked"),
    "no API": html(200),
    "a redirect": html(302, Location="https://elsewhere.example/"),
    "a time that is none": token(expires="soon"),
}


@pytest.mark.parametrize("sign_in", SIGN_INS)
def test_without_a_sign_in_nothing_was_sent(hostile: Hostile, sign_in: str) -> None:
    hostile.on("POST tokens", SIGN_INS[sign_in])
    with connect(hostile, timeout=0.6) as toast:
        assert set(toast.stop(IDS[:10]).outcome) == {"not_sent"}
        with pytest.raises(tn.ToastError) as caught:
            toast.stop(IDS[0])
        assert not caught.value.sent
        assert not caught.value.may_have_happened
        assert toast.last_outcome.outcome.tolist() == ["not_sent"]
    assert arrived(hostile) == {}


def test_a_connection_that_is_closed_in_the_middle_is_gone_on_with_where_it_was(hostile: Hostile) -> None:
    with connect(hostile) as toast:
        hostile.on("*", after(10, toast.close))
        frame = toast.stop(IDS)
    sent = arrived(hostile)
    assert set(frame.outcome) == {"done", "not_sent"}
    assert {f"POST instances/{id_}/action" for id_ in frame.query("outcome == 'done'").instance_id} == set(sent)
    hostile.on("*", answer())
    with connect(hostile) as toast:
        assert set(toast.stop(frame).outcome) == {"done"}
    assert arrived(hostile) == dict.fromkeys(STOPS, 1)


def test_what_was_sent_and_refused_is_not_sent_again_whatever_its_new_token_comes_to(hostile: Hostile) -> None:
    """A token was refused, and with it the stop; no new one is to be had."""
    for later in SIGN_INS.values():
        hostile.on("POST tokens", token(), later)
        hostile.on("*", refusal(-3, "token"))
        with connect(hostile, timeout=0.6) as toast:
            assert toast.stop(IDS[:1]).outcome.tolist() == ["failed"]
        hostile.on("POST tokens", token(), later)
        with connect(hostile, timeout=0.6) as toast:
            with pytest.raises(tn.ToastError) as caught:
                toast.stop(IDS[0])
            assert caught.value.sent
            assert toast.last_outcome.outcome.tolist() == ["failed"]
    assert arrived(hostile) == {f"POST instances/{IDS[0]}/action": 2 * len(SIGN_INS)}


@pytest.mark.parametrize("step", [reset, html(503), html(504), answer(header={"isSuccessful": "?"})])
def test_what_may_have_arrived_is_never_not_sent(hostile: Hostile, step: Step) -> None:
    hostile.on("*", step)
    with connect(hostile, timeout=5) as toast:
        assert set(toast.stop(IDS[:10]).outcome) == {"unknown"}
        with pytest.raises(tn.ToastError) as caught:
            toast.stop(IDS[0])
        assert caught.value.sent
        sent = arrived(hostile)
        toast.stop(toast.last_outcome)
        assert arrived(hostile) == sent


@pytest.mark.parametrize("wrong", ["..", "."])
def test_what_is_no_id_is_refused_before_anything_is_sent(hostile: Hostile, wrong: str) -> None:
    with connect(hostile) as toast:
        for ids in (wrong, ["i-1", wrong]):
            with pytest.raises(tn.InvalidInput, match="is no id"):
                toast.stop(ids)
        with pytest.raises(tn.InvalidInput, match="is no id"):
            toast.attach_volume(wrong, "v-1")  # which finds it as it makes the path
        assert toast.last_outcome.outcome.tolist() == ["not_sent"]
    assert hostile.calls("POST instances/i-1/action") == []


LISTED = {"id": "i-000", "name": "n", "status": "ACTIVE"}


def test_what_was_done_stays_so_where_the_wait_for_it_cannot_sign_in(hostile: Hostile) -> None:
    """Nothing of the wait was sent; the stop was."""
    stopped = threading.Event()

    def stop(connection: Any, request: Received) -> bool:
        stopped.set()
        return answer()(connection, request)

    def look(connection: Any, request: Received) -> bool:
        step = refusal(-3, "token") if stopped.is_set() else nothing(instances=[LISTED])
        return step(connection, request)

    hostile.on("POST tokens", token(), refusal(-4, "locked"))
    hostile.on("GET instances-detail", look)
    hostile.on("POST instances/i-000/action", stop)
    with connect(hostile, timeout=5) as toast:
        frame = toast.stop(["i-000"], wait=True, timeout=10)
        assert frame.outcome.tolist() == ["unknown"]
        assert toast.stop(frame).outcome.tolist() == ["unknown"]
    assert arrived(hostile) == {"POST instances/i-000/action": 1}


def test_a_keypair_that_was_never_asked_for_is_not_sent(hostile: Hostile, tmp_path: Path) -> None:
    hostile.on("POST tokens", html(503))
    with connect(hostile, timeout=0.6) as toast, pytest.raises(tn.ToastError):
        toast.create_keypair("ops", tmp_path)
    assert toast.last_outcome.outcome.tolist() == ["not_sent"]
    assert list(tmp_path.glob("*.pem")) == []


@pytest.mark.filterwarnings("error")
def test_a_remark_about_an_answer_is_no_defect(hostile: Hostile, caplog: pytest.LogCaptureFixture) -> None:
    """A lone surrogate in what the service says of a stop, where warnings are errors."""
    words = '{"header": {"isSuccessful": true, "resultCode": 0, "resultMessage": "\\ud800"}}'
    hostile.on("*", http(words))
    with connect(hostile) as toast:
        assert toast.stop(IDS[:2]).outcome.tolist() == ["done", "done"]
        assert toast.stop(IDS[2]).outcome.tolist() == ["done"]
    assert "not valid Unicode" in caplog.text


def test_the_answer_of_an_action_is_the_users_own(hostile: Hostile) -> None:
    with connect(hostile) as toast:
        for frame in (toast.stop(IDS[:2]), toast.add_security_group(IDS[:2], "web")):
            frame["outcome"] = "not_sent"
            frame.loc[0, "instance_id"] = "another"
            assert toast.last_outcome.outcome.tolist() == ["done", "done"]
            assert toast.last_outcome.instance_id.tolist() == IDS[:2]
