"""What was submitted with a form, and what became of it: a row a submit, without secrets."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from toastnb.arrays import texts
from toastnb.errors import ToastError
from toastnb.forms.options import Say
from toastnb.outcomes import of_error

_SHOWN = 3


@dataclass
class Line:
    """One submit; times are UTC."""

    when: datetime
    what: str
    on_what: str
    outcome: str = "running"
    message: str | None = None


class Journal:
    """All submits of one form.

    Parameters
    ----------
    say : callable
        Gives the words of a key in the form's language.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._lines: list[Line] = []
        self._lock = threading.Lock()

    def begin(self, what: str, on_what: str) -> Line:
        """Put down that something begins."""
        line = Line(datetime.now(UTC), what, on_what)
        with self._lock:
            self._lines.append(line)
        return line

    def end(self, line: Line, result: pd.DataFrame | None, error: ToastError | None, remarks: Sequence[str]) -> str:
        """Put down how it ended, and return that: done, failed, unknown, not_sent, or partly."""
        line.outcome = _outcome(result, error)
        said = [str(error)] if error is not None else self._messages(result)
        line.message = " ".join([*said, *remarks]) or None
        return line.outcome

    def add(self, remark: str) -> None:
        """Put a remark down at the end of the latest line."""
        with self._lock:
            line = self._lines[-1]
            line.message = f"{line.message} {remark}" if line.message else remark

    def _messages(self, result: pd.DataFrame | None) -> list[str]:
        """Return what was said of each thing that was not done, and of which."""
        if result is None or "message" not in result:
            return []
        told = result[result["message"].notna()]
        said = list(told["message"].unique())
        lines = []
        for text in said[:_SHOWN]:
            of_these = told[told["message"] == text]
            names = list(of_these["name"].fillna("?")) if "name" in of_these and len(result) > 1 else []
            more = [self._say("more", count=len(names) - _SHOWN)] if len(names) > _SHOWN else []
            lines.append(f"{', '.join([*names[:_SHOWN], *more])}: {text.rstrip('.')}.".removeprefix(": "))
        return [*lines, *([self._say("more", count=len(said) - _SHOWN)] if len(said) > _SHOWN else [])]

    def frame(self) -> pd.DataFrame:
        """Return a row a submit: when (datetime64[us, UTC]), what, on_what, outcome, message (str)."""
        with self._lock:
            lines = list(self._lines)
        frame = texts(
            what=[line.what for line in lines],
            on_what=[line.on_what for line in lines],
            outcome=[line.outcome for line in lines],
            message=[line.message for line in lines],
        )
        frame.insert(0, "when", pd.Series([line.when for line in lines], dtype="datetime64[us, UTC]"))
        return frame


def _outcome(result: pd.DataFrame | None, error: ToastError | None) -> str:
    if result is not None and "outcome" in result and len(result):
        outcomes = result["outcome"].unique().tolist()
        return str(outcomes[0]) if len(outcomes) == 1 else "partly"
    return "done" if error is None else of_error(error).outcome
