"""Connections: one whose answer was not understood serves no other call, and a child has none of its parent's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import toastnb as tn
from tests.transport.conftest import Connect
from tests.transport.hostile import Hostile, Received, Step, answer, html, http, refusal, silence, token
from toastnb.api import Api

Fails = Callable[..., tn.ToastError]
ROOT = Path(__file__).parents[2]
STOP_A, STOP_B = "POST instances/a/action", "POST instances/b/action"
LATER = 0.2  # seconds


def interim(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nLink: </x>; rel=preload\r\n\r\n".encode()


def then_later(first: bytes | Step, late: Step) -> Step:
    """Send something, and an answer a little later."""

    def step(connection: socket.socket, request: Received) -> bool:
        if isinstance(first, bytes):
            connection.sendall(first)
        else:
            first(connection, request)
        request.over.wait(LATER)
        return late(connection, request)

    return step


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints", "199 Whatever"])
def test_what_comes_before_an_answer_is_none(hostile: Hostile, client: Api, fails: Fails, status: str) -> None:
    hostile.on(STOP_A, then_later(interim(status) * 3, answer()))
    hostile.on(STOP_B, refusal(10409))
    client.stop("a")
    fails(lambda: client.stop("b"), tn.Conflict)
    assert hostile.connections == 1


NOT_UNDERSTOOD: dict[str, Step] = {
    "empty": http(""),
    "204": http("", 204),
    "101": lambda connection, _: connection.sendall(interim("101 Switching Protocols")) is None,
    "303": http("", 303, Location="/elsewhere"),
    "304": http("", 304),
    "HTML": html(200),
    "404": html(404),
    "503": html(503),
    "no envelope": http("{}"),
}


@pytest.mark.parametrize("first", NOT_UNDERSTOOD)
def test_a_late_answer_is_given_to_no_other_call(hostile: Hostile, client: Api, fails: Fails, first: str) -> None:
    """Its connection serves nobody any more: whatever else comes over it belongs to no call."""
    hostile.on(STOP_A, then_later(NOT_UNDERSTOOD[first], answer()))
    hostile.on(STOP_B, refusal(10409))
    with pytest.raises((tn.BadAnswer, tn.ServiceFailure)):
        client.stop("a")
    fails(lambda: client.stop("b"), tn.Conflict)
    assert hostile.connections == 2


@pytest.mark.parametrize(
    "step", [answer(flavors=[]), refusal(11404), refusal(11400, status=400), answer(500, flavors=[])]
)
def test_a_connection_is_kept_after_any_answer_of_the_api(hostile: Hostile, client: Api, step: Step) -> None:
    hostile.on("GET flavors", step)
    for _ in range(3):
        with suppress(tn.NotFound, tn.InvalidInput):
            client.flavors()
    assert len(hostile.calls("GET flavors")) == 3
    assert hostile.connections == 1


def test_connections_that_are_not_kept_do_not_run_out(hostile: Hostile, connect: Connect, fails: Fails) -> None:
    client = connect(hostile.base_url)
    hostile.on("GET flavors", html(404))
    for _ in range(70):  # there are 64
        fails(client.flavors, tn.BadAnswer)
    hostile.on("GET flavors", answer(flavors=[]))
    before = hostile.connections
    client.flavors()
    client.flavors()
    assert hostile.connections == before + 1


# --- a process that forks ----------

FORKED = """
import os, sys, threading
import toastnb as tn
from toastnb import codec, redaction
toast = tn.connect(appkey="an-appkey", username="u", password="a-password", base_url=sys.argv[1], timeout=20)

def forked(work):
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(9)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""
OWN_CONNECTION = """
toast.flavors()
assert forked(toast.flavors) == 0
toast.flavors()
"""
OWN_LOCK = """
threading.Thread(target=toast.flavors, daemon=True).start()
sys.stdin.read(1)  # by now it is signing in
assert forked(toast.flavors) == 0
os._exit(0)
"""
LOCK_OF_A_THREAD = """
import signal
lock, held = {lock}, threading.Event()

def hold():
    with lock:
        held.set()
        threading.Event().wait(0.3)

threading.Thread(target=hold).start()
held.wait()

def locks():
    signal.alarm(10)
    with lock:
        pass

assert forked(locks) == 0
"""


def started(script: str, base_url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKED + script, base_url],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_child_has_a_connection_of_its_own(hostile: Hostile) -> None:
    hostile.on("GET flavors", answer(flavors=[]))
    with started(OWN_CONNECTION, hostile.base_url) as process:
        assert process.wait(60) == 0
    assert len(hostile.calls("GET flavors")) == 3
    assert hostile.connections == 2  # the parent's is still the parent's, and still good


def test_a_child_does_not_wait_for_a_sign_in_of_its_parent(hostile: Hostile) -> None:
    signing_in = threading.Event()

    def silent(connection: socket.socket, request: Received) -> bool:
        signing_in.set()
        return silence(connection, request)

    hostile.on("POST tokens", silent, token())
    hostile.on("GET flavors", answer(flavors=[]))
    with started(OWN_LOCK, hostile.base_url) as process:
        assert signing_in.wait(60)
        process.stdin.write(b"x")
        process.stdin.close()
        assert process.wait(60) == 0
    assert len(hostile.calls("POST tokens")) == 2


@pytest.mark.parametrize("lock", ["redaction._lock", "codec._one_at_a_time"])
def test_a_child_has_no_lock_that_nobody_gives_back(hostile: Hostile, lock: str) -> None:
    with started(LOCK_OF_A_THREAD.format(lock=lock), hostile.base_url) as process:
        assert process.wait(60) == 0
