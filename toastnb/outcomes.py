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
from toastnb.connection import give_up_when
from toastnb.errors import CredentialsError, InvalidInput, ToastError
from toastnb.progress import bar
from toastnb.rules import check_text

_AT_ONCE = 8
Ids = str | Sequence[str] | pd.Series | pd.Index


@dataclass(frozen=True)
class Outcome:
    """How an action went for one thing: done, failed, unknown (may have been carried out) or not_sent."""

    outcome: str
    code: int | None = None
    message: str | None = None


_NOT_SENT = Outcome("not_sent", message="stopped before it was sent")


def as_list(ids: Ids) -> list[str]:
    """Return ids as a list, checked: a row of NA, a duplicate or a whole frame is a mistake, found before sending."""
    if isinstance(ids, pd.DataFrame):
        raise InvalidInput("a whole frame was given", hint="Give its column of ids: df.instance_id.")
    if isinstance(ids, str):
        return [check_text(ids, "id")]
    if not hasattr(ids, "__iter__") or isinstance(ids, bytes | dict):
        raise InvalidInput(f"ids are {type(ids).__name__}, but must be text, a list, a Series or an index of text")
    values: list[Any] = list(ids)
    missing = sum(1 for value in values if value is None or value is pd.NA or value != value)
    if missing:
        raise InvalidInput(f"{missing} of {len(values)} ids are missing (NA)", hint="Drop them: ids.dropna().")
    checked = [check_text(value, "id") for value in values]
    twice = [value for value, times in Counter(checked).items() if times > 1]
    if twice:
        raise InvalidInput(f"{len(twice)} ids are given twice, the first is {twice[0]}", hint="Use ids.unique().")
    return checked


def outcome_frame(action: str, outcomes: dict[str, Outcome]) -> pd.DataFrame:
    """Return the frame of outcomes: instance_id, action, outcome, code, message."""
    rows = list(outcomes.values())
    frame = texts(
        instance_id=list(outcomes),
        action=[action] * len(rows),
        outcome=[row.outcome for row in rows],
        message=[row.message for row in rows],
    )
    frame.insert(3, "code", pd.Series([row.code for row in rows], dtype="Int64"))
    return frame


def of_error(error: ToastError) -> Outcome:
    """Return the outcome that an error stands for."""
    if isinstance(error, CredentialsError):
        return Outcome("not_sent", error.code, str(error))
    return Outcome("unknown" if error.may_have_happened else "failed", error.code, str(error))


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
        pool = ThreadPoolExecutor(_AT_ONCE, "toastnb-bulk", initializer=give_up_when, initargs=(self._given_up,))
        try:
            with bar(len(self.outcomes), self._action, "instances") as progress:
                pending = {pool.submit(self._one, id_) for id_ in self.outcomes}
                for future in pending:
                    future.add_done_callback(lambda _: progress.update())
                self._settle(pending)
        finally:
            self._stopped.set()
            self._given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _settle(self, pending: set[Future[None]]) -> None:
        try:
            wait(pending)
        except KeyboardInterrupt:
            self._stopped.set()
            wait(pending)
            raise

    def _one(self, id_: str) -> None:
        if self._stopped.is_set():
            return
        self.outcomes[id_] = Outcome("unknown", message="on its way when it was stopped")
        try:
            self._send(id_)
        except ToastError as error:
            self.outcomes[id_] = of_error(error)
        else:
            self.outcomes[id_] = Outcome("done")
