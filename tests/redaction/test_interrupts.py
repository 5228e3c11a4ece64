"""Ctrl-C in the middle of a call: the interrupt arrives, and its frames show no secret."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import toastnb as tn
from tests.redaction.canary import MARK, PRIVATE_KEY, connect, shown_by, shown_by_tools
from tests.redaction.public_calls import CALLS
from tests.support import eventually
from tests.transport.hostile import SUCCESS, Hostile, Received, Step, silence


def interrupting(after: bytes = b"") -> Step:
    """Send something, interrupt the main thread, which waits for the rest, and never go on."""

    def step(connection: socket.socket, request: Received) -> bool:
        connection.sendall(after)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return silence(connection, request)

    return step


def interrupted(call: Callable[[], object]) -> KeyboardInterrupt:
    with pytest.raises(KeyboardInterrupt) as caught:
        call()
    return caught.value


HALF_A_KEY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n"
    + json.dumps({"header": SUCCESS, "keypair": {"name": "ops", "privateKey": PRIVATE_KEY}}).encode()
)


@pytest.mark.parametrize("call", ["flavors", "instances_detail", "token_info", "stop", "create_keypair"])
@pytest.mark.parametrize("where", ["POST tokens", "*"])
@pytest.mark.parametrize("after", [b"", HALF_A_KEY], ids=["no answer", "half an answer"])
def test_an_interrupt_in_a_call_shows_no_secret(
    hostile: Hostile, tmp_path: Path, call: str, where: str, after: bytes
) -> None:
    hostile.on(where, interrupting(after))
    with connect(hostile.base_url) as toast:
        error = interrupted(lambda: CALLS[call](toast, tmp_path))
        assert MARK not in shown_by(error)
        if call in {"flavors", "create_keypair"}:
            assert MARK not in shown_by_tools(error)
        sent = [request for request in hostile.received if request.call != "POST tokens"]
        assert len(sent) == (0 if where == "POST tokens" else 1)
    assert not list(tmp_path.glob("*.pem"))


@pytest.mark.parametrize("call", ["GET flavors", "GET volumes"])
def test_an_interrupt_in_an_inventory_shows_no_secret(hostile: Hostile, call: str) -> None:
    hostile.on("*", silence)
    hostile.on(call, interrupting())
    with connect(hostile.base_url) as toast:
        error = interrupted(toast.inventory)
        assert MARK not in shown_by(error)


@pytest.mark.usefixtures("no_backoff")
def test_an_interrupt_in_a_wait_for_another_threads_sign_in_shows_no_secret(hostile: Hostile) -> None:
    hostile.on("POST tokens", silence)
    with connect(hostile.base_url, timeout=5) as toast:

        def wait_for_a_token() -> None:
            with suppress(tn.ToastError):
                toast.flavors()

        first = threading.Thread(target=wait_for_a_token)
        first.start()
        eventually(lambda: hostile.received)
        timer = threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
        timer.start()
        error = interrupted(toast.instances)
        assert MARK not in shown_by(error)
        timer.join()
        hostile.end()
        first.join(10)
        assert not first.is_alive()
