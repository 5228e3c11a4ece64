"""Waiting for threads in a way that Ctrl-C ends."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

T = TypeVar("T")

WAKE_SECONDS = 1.0  # on some systems, and where an event loop was at work, an endless wait handles no signal


def ended(running: Collection[Future[T]]) -> set[Future[T]]:
    """Wait until one of some futures has ended, or more; return these."""
    while True:
        done = wait(running, WAKE_SECONDS, FIRST_COMPLETED).done
        if done:
            return done


def as_they_end(futures: Collection[Future[T]]) -> Iterator[Future[T]]:
    """Yield futures in the order in which they end."""
    running = set(futures)
    while running:
        done = ended(running)
        running -= done
        yield from done
