"""Carrying out one action on one or many things, and the account of how each went."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import pandas as pd

from toastnb.arrays import texts
from toastnb.calls import path_of
from toastnb.connection import give_up_when, is_given_up, reasons_to_give_up
from toastnb.errors import DeadlineExceeded, InvalidInput, ToastError
from toastnb.progress import bar
from toastnb.remarks import listen, listener
from toastnb.rules import check_text
from toastnb.threads import WAKE_SECONDS

T = TypeVar("T")

_AT_ONCE = 8
_LOOK_UP_SECONDS = 0.02
_KINDS = frozenset({"done", "failed", "unknown", "not_sent"})
_COLUMNS = frozenset({"instance_id", "action", "outcome", "code", "message"})
_HINT = (
    "Nothing was sent. Give its column of ids: df.instance_id. Of an outcome frame, give those that failed:"
    " df.query(\"outcome == 'failed'\").instance_id."
)

Ids = str | Sequence[str] | pd.Series | pd.Index | pd.DataFrame
"""One id; several, as a list, a Series or an index; or an outcome frame of the same action, to go on from there."""


@dataclass(frozen=True)
class Outcome:
    """How an action went for one thing: done, failed, unknown (may have been carried out) or not_sent."""

    outcome: str
    code: int | None = None
    message: str | None = None


DONE = Outcome("done")
ON_ITS_WAY = Outcome("unknown", message="on its way when it was stopped")
NOT_SENT = Outcome("not_sent", message="stopped before it was sent")


@dataclass(eq=False)
class Tally:
    """How an action goes for each of its things: right at any moment, also while threads carry it out.

    Attributes
    ----------
    action : str
        Its name.
    outcomes : dict of str to Outcome
        How it went for each so far.
    key : str
        What the things are called by.
    single : bool
        Whether it is for one thing, so that a failure raises.
    """

    action: str
    outcomes: dict[str, Outcome]
    key: str = "instance_id"
    single: bool = False
    _shown: tuple[dict[str, Outcome], pd.DataFrame] | None = None

    def left(self) -> list[str]:
        """Return what is not sent yet."""
        return [thing for thing, one in self.outcomes.items() if one.outcome == "not_sent"]

    def frame(self) -> pd.DataFrame:
        """Return the frame of the outcomes as they are now; the same object while nothing has changed."""
        now, shown = self.outcomes.copy(), self._shown
        if shown is None or shown[0] != now:
            self._shown = shown = (now, outcome_frame(self.action, now, key=self.key))
        return shown[1]

    def once(self, thing: str, send: Callable[[], T], done: Outcome = DONE) -> T:
        """Send it for one thing; a failure raises, and an interrupt leaves it unknown."""
        self.outcomes[thing] = ON_ITS_WAY
        try:
            answer = send()
        except ToastError as error:
            self.outcomes[thing] = of_error(error)
            raise
        self.outcomes[thing] = done
        return answer


def tally_of(action: str, ids: Ids | Tally) -> Tally:
    """Return what is to be done, read and checked once. Of an outcome frame it is the rows that are not sent."""
    if isinstance(ids, Tally):
        return ids
    outcomes = _resumed(action, ids) if isinstance(ids, pd.DataFrame) else dict.fromkeys(as_list(ids), NOT_SENT)
    return Tally(action, outcomes, single=isinstance(ids, str))


def _resumed(action: str, frame: pd.DataFrame) -> dict[str, Outcome]:
    """Return the outcomes that a frame of the same action shows; it may have been saved and loaded."""
    if not set(frame.columns) >= _COLUMNS or not frame.columns.is_unique:
        raise InvalidInput("a whole frame was given, and it is no outcome frame", hint=_HINT)
    others = {str(name) for name in frame["action"]} - {action}
    if others:
        raise InvalidInput(f"the frame is of the action {min(others)!r}, not {action!r}", hint=_HINT)
    strange = {str(kind) for kind in frame["outcome"]} - _KINDS
    if strange:
        raise InvalidInput(f"{min(strange)!r} in the column outcome is no outcome", hint=_HINT)
    columns = (frame["outcome"], map(_code, frame["code"]), map(_text, frame["message"]))
    return dict(zip(as_list(frame["instance_id"]), map(Outcome, *columns), strict=True))


def _code(value: Any) -> int | None:
    """Read a code, which a file may give back as text or with a fraction."""
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):  # missing
        return None


def _text(value: Any) -> str | None:
    return None if _is_missing(value) else str(value)


def as_list(ids: Ids) -> list[str]:
    """Return ids as a list, checked: a row of NA, a duplicate or a whole frame is a mistake, found before sending."""
    if isinstance(ids, pd.DataFrame):
        raise InvalidInput("a whole frame was given", hint=_HINT)
    if isinstance(ids, pd.Series) and "instance_id" in ids.index:
        raise InvalidInput("a row was given", hint="Nothing was sent. Give its id: row.instance_id.")
    if isinstance(ids, str):
        return [_checked(ids)]
    if not hasattr(ids, "__iter__") or isinstance(ids, bytes | dict):
        raise InvalidInput(f"ids are {type(ids).__name__}, but must be text, a list, a Series or an index of text")
    values: list[Any] = list(ids)
    missing = sum(1 for value in values if _is_missing(value))
    if missing:
        hint = "Nothing was sent. Leave them out, as with ids.dropna()."
        raise InvalidInput(f"{missing} of {len(values)} ids are missing (NA)", hint=hint)
    checked = [_checked(value) for value in values]
    twice = [value for value, times in Counter(checked).items() if times > 1]
    if twice:
        said = f"{len(twice)} of the ids are given more than once, the first is {twice[0]}"
        raise InvalidInput(said, hint="Nothing was sent. Give each id once.")
    return checked


def _checked(id_: Any) -> str:
    """Return an id that can be part of a path."""
    path_of(check_text(id_, "id"))
    return str(id_)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def outcome_frame(action: str, outcomes: dict[str, Outcome], *, key: str = "instance_id") -> pd.DataFrame:
    """Return the frame of outcomes: instance_id (or another key), action, outcome, code, message."""
    rows = list(outcomes.values())
    columns: dict[str, list[str | None]] = {
        key: list(outcomes),
        "action": [action] * len(rows),
        "outcome": [row.outcome for row in rows],
        "message": [row.message for row in rows],
    }
    frame = texts(**columns)
    frame.insert(3, "code", pd.Series([row.code for row in rows], dtype="Int64"))
    return frame


def of_error(error: ToastError) -> Outcome:
    """Return the outcome that an error stands for."""
    if error.may_have_happened:
        return Outcome("unknown", error.code, f"{error.said}. {error.fate}".rstrip())
    return Outcome("failed" if error.sent else "not_sent", error.code, error.said)


def of_wait(error: ToastError) -> Outcome:
    """Return the outcome of what was carried out, where waiting for its end ended so.

    It is never not_sent: what was not sent then is a look at it.
    """
    outcome = of_error(error)
    if outcome.outcome == "not_sent" or isinstance(error, DeadlineExceeded):
        return Outcome("unknown", error.code, error.said)
    return outcome


class Bulk:
    """One action for many ids, several at once, every id accounted for.

    Parameters
    ----------
    action : str
        Its name, for the progress bar.
    ids : iterable of str
        What it is to be sent for.
    send : callable
        Carries it out for one id.
    outcomes : dict of str to Outcome, optional
        Where it is put down how each went; a new one by default.
    """

    def __init__(
        self,
        action: str,
        ids: Iterable[str],
        send: Callable[[str], object],
        outcomes: dict[str, Outcome] | None = None,
    ) -> None:
        self._action = action
        self._send = send
        self._left = deque(ids)
        self._settled: SimpleQueue[bool] = SimpleQueue()  # True for an id, False for a thread that ends
        self._stopped = False
        self._given_up = threading.Event()
        self._defects: list[BaseException] = []
        self.outcomes = dict.fromkeys(self._left, NOT_SENT) if outcomes is None else outcomes

    def run(self) -> None:
        """Carry it out; a failure stops nothing.

        On Ctrl-C nothing more is sent, what is on its way is settled (a second Ctrl-C leaves it unknown), and the
        interrupt is raised again. Only the threads write outcomes, and no interrupt reaches those: so `outcomes` is
        right whenever it comes.
        """
        reasons, listening = (self._given_up, *reasons_to_give_up()), listener()
        threads = [
            threading.Thread(target=self._work, args=(reasons, listening), name=f"toastnb-bulk-{number}")
            for number in range(min(_AT_ONCE, len(self._left)))
        ]
        try:
            with bar(len(self._left), self._action, "instances") as progress:
                try:
                    for thread in threads:
                        thread.start()
                    self._follow(len(threads), progress)
                except BaseException:
                    self._stopped = True
                    self._settle()
                    raise
        finally:
            self._stopped = True
            self._given_up.set()
        for defect in self._defects:  # it must not pass for an outcome
            raise defect

    def _follow(self, running: int, progress: Any) -> None:
        """Wait until all threads have ended. The bar is moved here: its lock, left by an interrupt, would stop them."""
        while running:
            with suppress(Empty):
                if self._settled.get(timeout=WAKE_SECONDS):
                    progress.update()
                else:
                    running -= 1

    def _settle(self) -> None:
        """Wait until nothing is on its way. The outcomes say so at any moment, and threads being started may not."""
        while any(one is ON_ITS_WAY for one in self.outcomes.copy().values()):
            time.sleep(_LOOK_UP_SECONDS)

    def _work(self, reasons: tuple[threading.Event, ...], listening: list[str] | None) -> None:
        give_up_when(*reasons)
        listen(listening)
        try:
            for id_ in iter(self._next, None):
                try:
                    self.outcomes[id_] = self._sent(id_)
                except BaseException as defect:
                    self._defects.append(defect)
                    self.outcomes[id_] = Outcome("unknown", message=f"a defect of toastnb: {type(defect).__name__}")
                self._settled.put(True)
        finally:
            self._settled.put(False)

    def _next(self) -> str | None:
        """Take the next id, or none when nothing more is to be sent."""
        try:
            id_ = self._left.popleft()
        except IndexError:
            return None
        self.outcomes[id_] = ON_ITS_WAY  # before the look: who stops it looks for what is on its way after that
        if self._stopped or is_given_up():
            self.outcomes[id_] = NOT_SENT
            return None
        return id_

    def _sent(self, id_: str) -> Outcome:
        try:
            self._send(id_)
        except ToastError as error:
            return of_error(error)
        return DONE
