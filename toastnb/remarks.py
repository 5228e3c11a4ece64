"""Remarks to the user: a warning, or, where a form listens, a line of its log.

What a thread writes appears under another cell of a notebook, or nowhere.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from toastnb.plain import cut, seen
from toastnb.redaction import redact

_LONGEST = 2000
_thread = threading.local()  # .listener: where the remarks of this thread go


def remark(text: str, *, stacklevel: int) -> None:
    """Warn, or tell who listens in this thread; `stacklevel` is that of `warnings.warn` where this is called.

    It raises nothing, even where warnings are errors (``python -W error``): it may be about what a write has done,
    which would be lost with that. It is logged then.
    """
    told = cut(seen(redact(text)), _LONGEST)  # there may be names in it
    listening = listener()
    if listening is None:
        try:
            warnings.warn(told, stacklevel=stacklevel + 1)
        except Warning:
            logging.getLogger("toastnb").warning("%s", told)
    elif told not in listening:
        listening.append(told)


def listener() -> list[str] | None:
    """Return the list in which this thread's remarks are collected, or None where they are warnings."""
    listening: list[str] | None = getattr(_thread, "listener", None)
    return listening


def listen(listening: list[str] | None) -> None:
    """Collect this thread's remarks from now on. For the threads of a pool, as they start."""
    _thread.listener = listening


@contextmanager
def heard(listening: list[str]) -> Iterator[None]:
    """Collect this thread's remarks in a list; no progress bar is shown meanwhile."""
    before = listener()
    listen(listening)
    try:
        yield
    finally:
        listen(before)
