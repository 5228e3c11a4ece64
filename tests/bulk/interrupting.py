"""Pressing Ctrl-C at a moment that is chosen to the line."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import toastnb as tn

PACKAGE = Path(tn.__file__).parent
WATCHED = {
    str(PACKAGE / f"{name}.py") for name in ("outcomes", "acting", "connected", "lifecycle", "progress", "waiting")
}


class Presser:
    """Sends SIGINT to this process at the n-th line that the main thread runs in the modules concerned.

    Parameters
    ----------
    line : int
        Which; counted from the start, or from when `begin` holds.
    begin : callable
        Whether to count yet.
    """

    def __init__(self, line: int, begin: Callable[[], bool] = lambda: True) -> None:
        self.pressed = False
        self._left = line
        self._begin = begin

    @contextmanager
    def watching(self) -> Iterator[Presser]:
        """Press while something goes on in here."""
        before = sys.gettrace()
        sys.settrace(self._call)  # of this thread alone
        try:
            yield self
        finally:
            sys.settrace(before)

    def _call(self, frame: FrameType, event: str, _: Any) -> Any:
        return self._line if frame.f_code.co_filename in WATCHED else None

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line" and not self.pressed and self._begin():
            self._left -= 1
            if self._left < 0:
                self.pressed = True
                signal.raise_signal(signal.SIGINT)  # Python's own handler raises KeyboardInterrupt here
        return self._line
