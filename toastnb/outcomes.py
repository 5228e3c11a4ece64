"""Carrying out one action on one or many things, and the account of how each went."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toastnb.arrays import texts
from toastnb.connection import give_up_when, is_given_up, reasons_to_give_up
from toastnb.errors import CredentialsError, DeadlineExceeded, InvalidInput, ToastError
from toastnb.progress import bar
from toastnb.remarks import listen, listener
from toastnb.rules import check_text

_AT_ONCE = 8
Ids = str | Sequence[str] | pd.Series | pd.Index


@dataclass(frozen=True)
class Outcome:
    """How an action went for one thing: done, failed, unknown (may have been carried out) or not_sent."""

    outcome: str
    code: int | None = None
    message: str | None = None


ON_ITS_WAY = Outcome("unknown", message="on its way when it was stopped")
_NOT_SENT = Outcome("not_sent", message="stopped before it was sent")


def as_list(ids: Ids) -> list[str]:
    """Return ids as a list, checked: a row of NA, a duplicate or a whole frame is a mistake, found before sending."""
    if isinstance(ids, pd.DataFrame):
        raise InvalidInput("a whole frame was given", hint="Nothing was sent. Give its column of ids: df.instance_id.")
    if isinstance(ids, pd.Series) and "instance_id" in ids.index:
        raise InvalidInput("a row was given", hint="Nothing was sent. Give its id: row.instance_id.")
    if isinstance(ids, str):
        return [check_text(ids, "id")]
    if not hasattr(ids, "__iter__") or isinstance(ids, bytes | dict):
        raise InvalidInput(f"ids are {type(ids).__name__}, but must be text, a list, a Series or an index of text")
    values: list[Any] = list(ids)
    missing = sum(1 for value in values if _is_missing(value))
    if missing:
        hint = "Nothing was sent. Leave them out, as with ids.dropna()."
        raise InvalidInput(f"{missing} of {len(values)} ids are missing (NA)", hint=hint)
    checked = [check_text(value, "id") for value in values]
    twice = [value for value, times in Counter(checked).items() if times > 1]
    if twice:
        said = f"{len(twice)} of the ids are given more than once, the first is {twice[0]}"
        raise InvalidInput(said, hint="Nothing was sent. Give each id once.")
    return checked


def checked(ids: Ids) -> str | list[str]:
    """Return ids, read and checked once: one id stays a text, so that its failure raises; several are a list."""
    listed = as_list(ids)
    return ids if isinstance(ids, str) else listed


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
    if isinstance(error, CredentialsError):
        return Outcome("not_sent", error.code, error.said)
    if error.may_have_happened:
        return Outcome("unknown", error.code, f"{error.said}; it may have been carried out all the same")
    return Outcome("failed", error.code, error.said)


def of_wait(error: ToastError) -> Outcome:
    """Return the outcome of what was carried out, where waiting for its end ended so."""
    return Outcome("unknown", message=error.said) if isinstance(error, DeadlineExceeded) else of_error(error)


class Bulk:
    """One action for many ids, several at once, every id accounted for.

    Parameters
    ----------
    action : str
        Its name, for the frame and the progress bar.
    ids : list of str
        What it is for.
    send : callable
        Carries it out for one id.
    """

    def __init__(self, action: str, ids: list[str], send: Callable[[str], object]) -> None:
        self._action = action
        self._send = send
        self._stopped = threading.Event()
        self._given_up = threading.Event()
        self.outcomes = dict.fromkeys(ids, _NOT_SENT)

    def run(self) -> None:
        """Carry it out; a failure stops nothing.

        On Ctrl-C nothing more is sent, what is on its way is settled (a second Ctrl-C leaves it unknown), and the
        interrupt is raised again; `outcomes` is right then too.
        """
        reasons, listening = (self._given_up, *reasons_to_give_up()), listener()

        def begin() -> None:
            give_up_when(*reasons)
            listen(listening)

        pool = ThreadPoolExecutor(_AT_ONCE, "toastnb-bulk", initializer=begin)
        pending: set[Future[None]] = set()
        try:
            with bar(len(self.outcomes), self._action, "instances") as progress:
                try:
                    for id_ in self.outcomes:
                        future = pool.submit(self._one, id_)
                        future.add_done_callback(lambda _: progress.update())
                        pending.add(future)
                    wait(pending)
                except KeyboardInterrupt:
                    self._stopped.set()
                    wait(pending)
                    raise
        finally:
            self._stopped.set()
            self._given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
        for future in pending:
            future.result()  # what is no ToastError is a defect, and must not pass for an outcome

    def _one(self, id_: str) -> None:
        if self._stopped.is_set() or is_given_up():
            return
        self.outcomes[id_] = ON_ITS_WAY
        try:
            self._send(id_)
        except ToastError as error:
            self.outcomes[id_] = of_error(error)
        else:
            self.outcomes[id_] = Outcome("done")
