"""Ctrl-C before every line that the main thread runs in a bulk, and a second one before every line after the first."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

import toastnb as tn
from tests.bulk.accounts import check
from tests.bulk.interrupting import Presser
from tests.support import eventually
from toastnb.config import Profile
from toastnb.redaction import Secret

IDS = [f"i-{number:02}" for number in range(20)]
MOST_LINES = 5000


class Service:
    """Notes what was begun and what was done for each id; each takes a moment."""

    def __init__(self, when: Callable[[str], object] = lambda _: None) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self._when = when

    def send(self, id_: str) -> None:
        self.begun.append(id_)
        self._when(id_)
        time.sleep(0.001)
        if id_.endswith("7"):
            raise tn.Conflict("not now", code=10409)
        self.done.append(id_)


@pytest.fixture(autouse=True)
def _python_s_own_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def toast() -> tn.Toast:
    nowhere = {"base_url": "http://127.0.0.1:9/compute", "username": "me@example.com"}
    return tn.Toast(Profile(name="", appkey=Secret("an-appkey"), password=Secret("a-password"), timeout=5, **nowhere))


def working() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("toastnb-bulk") and one.is_alive()]


def settled(toast: tn.Toast, service: Service) -> None:
    """Check what holds once an interrupted bulk is over: it ended, and its account is that of the service."""
    eventually(lambda: not working())
    begun = list(service.begun)
    assert len(begun) == len(set(begun))
    frame = toast.last_outcome
    assert frame is not None
    check(frame, IDS, service.done)
    assert set(frame.query("outcome != 'not_sent'").instance_id) == set(begun)


def test_an_interrupt_before_any_line_leaves_a_right_account_and_no_thread() -> None:
    """One interrupt: what was on its way is settled, so that nothing is unknown."""
    pressed = 0
    for line in itertools.count():
        service, account = Service(), toast()
        with account:
            account._keep("stop", {})
            with Presser(line).watching() as presser:
                try:
                    frame = account._act("stop", IDS, service.send)
                except KeyboardInterrupt:
                    frame = None
            if not presser.pressed:
                break
            pressed += 1
            assert frame is None
            if account.last_outcome.empty:  # it came before the ids were read
                assert service.begun == []
                continue
            at_once = account.last_outcome  # without waiting for anything
            assert "unknown" not in set(at_once.outcome), line
            settled(account, service)
            assert account.last_outcome is at_once
        assert line < MOST_LINES
    assert frame is not None
    settled(account, service)
    assert pressed > 50


def test_a_second_interrupt_before_any_line_leaves_a_right_account_and_no_thread() -> None:
    """The first comes while eight are on their way, the second before any line that runs after it."""
    for line in itertools.count():
        came = threading.Event()

        def first(number: int, frame: FrameType | None, came: threading.Event = came) -> None:
            came.set()
            signal.default_int_handler(number, frame)

        def press(id_: str, came: threading.Event = came) -> None:
            if id_ == IDS[8]:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            if id_ >= IDS[8]:
                came.wait(5)

        signal.signal(signal.SIGINT, first)
        service, account = Service(press), toast()
        with account:
            with Presser(line, came.is_set).watching() as presser, pytest.raises(KeyboardInterrupt):
                account._act("stop", IDS, service.send)
            at_once = account.last_outcome
            settled(account, service)
            assert not set(at_once.query("outcome == 'not_sent'").instance_id) & set(service.begun)
            assert set(at_once.query("outcome == 'done'").instance_id) <= set(service.done)
            assert len(service.begun) < len(IDS)
        if not presser.pressed:
            break
        assert line < MOST_LINES
    assert line > 15
