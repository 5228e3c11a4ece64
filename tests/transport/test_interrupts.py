"""Ctrl-C in a long pull ends it at once: nothing goes on in the background, and the connection is still good."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

import toastnb as tn
from tests.support import eventually
from tests.transport.hostile import APPKEY, Hostile, html, silence


def pulling() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("toastnb-pull")]


@pytest.fixture(params=[True, False], ids=["alone", "after an event loop"])
def waits_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say whether a signal ends a wait for a lock; after an event loop it does not."""
    signal.siginterrupt(signal.SIGINT, request.param)
    yield
    signal.siginterrupt(signal.SIGINT, True)


@pytest.mark.usefixtures("waits_end")
def test_an_interrupted_inventory_leaves_no_thread_behind(hostile: Hostile) -> None:
    hostile.on("*", silence)

    def interrupt() -> None:
        eventually(lambda: len(hostile.received) > 5)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # as Ctrl-C does: it wakes what waits

    interrupter = threading.Thread(target=interrupt)
    start = time.monotonic()
    with tn.connect(appkey=APPKEY, username="u", password="a-password", base_url=hostile.base_url) as toast:
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            toast.inventory()
        interrupter.join()
        eventually(lambda: not pulling())
    assert time.monotonic() - start < 30  # the timeout of a call is 300


def test_a_failed_inventory_does_not_wait_for_the_calls_that_hang(hostile: Hostile) -> None:
    hostile.on("*", silence)
    hostile.on("GET flavors", html(404))
    with (
        tn.connect(appkey=APPKEY, username="u", password="a-password", base_url=hostile.base_url) as toast,
        pytest.raises(tn.BadAnswer),
    ):
        toast.inventory()
    eventually(lambda: not pulling())
