"""What a form has under way: how far each thing has come, and the thread that does it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from toastnb.connection import giving_up_when

THREAD = "toastnb-form"
SENT = "sent"
_LONGEST_JOIN = 15.0  # a connection that is being opened ends by itself, a little later
_TELL_SECONDS = 0.2


@dataclass(frozen=True)
class Row:
    """How far one thing has come.

    Attributes
    ----------
    key : str
        What it is, as an instance's id.
    name : str
        What people call it.
    state : str
        "" (not sent yet), "sent", a state of the service, "GONE", or an outcome (done, failed, unknown, not_sent).
    seconds : float
        How long after it was sent it was seen so.
    done : bool
        Whether it has come to its end, good or bad.
    """

    key: str
    name: str
    state: str = ""
    seconds: float = 0.0
    done: bool = False


class Progress:
    """How far all that one submit follows has come.

    Parameters
    ----------
    tell : callable
        Called after changes: at once for what is seen, now and then while many are being sent.

    Attributes
    ----------
    over : Event
        Set when nobody waits for the rest any more.
    result : DataFrame or None
        What is known so far, should the rest fail or be interrupted.
    is_new : bool
        Whether nobody has begun to carry it out.
    """

    def __init__(self, tell: Callable[[], object]) -> None:
        self.over = threading.Event()
        self.result: pd.DataFrame | None = None
        self.is_new = True
        self._tell = tell
        self._told = 0.0
        self._lock = threading.Lock()
        self._rows: dict[str, Row] = {}
        self._since: dict[str, float] = {}
        self._thread: dict[str, int] = {}

    def is_mine(self) -> bool:
        """Take it on; True in the thread that asks first: the one that carries it out, or gives it up before that."""
        this = threading.get_ident()
        return self._thread.setdefault("first", this) == this

    @property
    def rows(self) -> tuple[Row, ...]:
        """A row a thing, in the order of `expect`."""
        with self._lock:
            return tuple(self._rows.values())

    def expect(self, names: Mapping[str, str]) -> None:
        """Follow these things (key: name), none of them sent yet."""
        with self._lock:
            self._rows = {key: Row(key, name) for key, name in names.items()}
            self._since = {}
        self._tell()

    def sent(self, key: str) -> None:
        """Put down that one was sent."""
        self._put({key: SENT}, done=False)
        if time.monotonic() - self._told > _TELL_SECONDS:
            self._told = time.monotonic()
            self._tell()

    def seen(self, states: Mapping[str, str | None], ended: Collection[str] = ()) -> None:
        """Put down in which states things were seen, and which have come to an end; what is unknown stays."""
        known = {key: state for key, state in states.items() if state}
        self._put({key: state for key, state in known.items() if key not in ended}, done=False)
        self._put({key: state for key, state in known.items() if key in ended}, done=True)
        self._tell()

    def end(self, state: str) -> None:
        """Put down that nothing is followed any more; what has not come to an end by itself ends so."""
        self._put({row.key: state for row in self.rows if not row.done}, done=True)

    def _put(self, states: Mapping[str, str], *, done: bool) -> None:
        now = time.monotonic()
        with self._lock:
            for key, state in states.items():
                row = self._rows.get(key)
                if row is not None and not row.done:
                    seconds = round(now - self._since.setdefault(key, now), 1)
                    self._rows[key] = replace(row, state=state, seconds=seconds, done=done)


class Worker:
    """A thread of its own for one submit.

    Parameters
    ----------
    work : callable
        What it does. It answers for its own errors.
    over : Event
        When it is set, all exchanges and pauses of the thread end.
    """

    def __init__(self, work: Callable[[], object], over: threading.Event) -> None:
        self._work = work
        self._over = over
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._over.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(_LONGEST_JOIN)

    def _run(self) -> None:
        with giving_up_when(self._over):
            self._work()
