"""One click, one request: what was sent already is not sent again, however often somebody clicks."""

from __future__ import annotations

import time

_DOUBLE_CLICK_SECONDS = 0.5
_REFUSED = frozenset({"failed", "not_sent"})


class Guard:
    """Remembers with which entries something was sent; entries are known by how often they were changed."""

    def __init__(self) -> None:
        self._sent: int | None = None
        self._failed: tuple[int, float] | None = None

    def begin(self, entries: int) -> None:
        """Put down that these entries are being sent."""
        self._sent, self._failed = entries, None

    def end(self, outcome: str) -> bool:
        """Put down what became of it, and return whether it was carried out or may have been.

        What failed can be sent again, and what may have been carried out cannot, until an entry changes.
        """
        if outcome not in _REFUSED:
            return True
        if self._sent is not None:
            self._failed, self._sent = (self._sent, time.monotonic()), None
        return False

    def was_sent(self, entries: int) -> bool:
        """Tell whether these very entries were sent."""
        return self._sent == entries

    def is_double_click(self, entries: int) -> bool:
        """Tell whether this is the second click of a double one, the first of which has failed already."""
        if self._failed is None or self._failed[0] != entries:
            return False
        return time.monotonic() - self._failed[1] < _DOUBLE_CLICK_SECONDS
