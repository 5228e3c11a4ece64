"""What is open: a view that a cell makes closes the one that the same cell made before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from IPython import get_ipython


class View(Protocol):
    """What can be closed, and tells what it follows."""

    @property
    def followed(self) -> list[str]:
        """The names of what is under way."""

    def take_over(self, former: Sequence[View], followed: Sequence[str]) -> None:
        """Come in the place of others, which are closed now and were following these."""

    def close(self) -> None:
        """Stop what is under way, and go off the page."""


V = TypeVar("V", bound=View)


@dataclass(frozen=True)
class Origin:
    """Where a view was made: in which cell, and in which of its runs; None where that cannot be told."""

    cell: str | None
    run: str | None


_open: list[tuple[str, Origin, View]] = []
_opening = threading.RLock()


def in_place(kind: str, make: Callable[[], V], *, one: bool = False) -> V:
    """Make a view, and close those of its kind in whose place it comes; an error in making it leaves all as it is.

    Parameters
    ----------
    kind : str
        Of views.
    make : callable
        Makes it.
    one : bool
        Whether only one of the kind is open at a time, wherever it was made.
    """
    origin = origin_now()
    with _opening:
        former = [view for other, where, view in _open if other == kind and (one or _gives_way(where, origin))]
        view = make()
        _open.append((kind, origin, view))
        followed = [name for one_before in former for name in one_before.followed]
        for one_before in former:
            one_before.close()
        view.take_over(former, followed)
    return view


def closed(view: View) -> None:
    """Let go of a view that is closed."""
    with _opening:
        _open[:] = [entry for entry in _open if entry[2] is not view]


def origin_now() -> Origin:
    """Return what runs at present; a cell is known by its id, else by what it says."""
    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    run = parent.get("header", {}).get("msg_id")
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return Origin(None, run)
    return Origin(parent.get("metadata", {}).get("cellId") or parent["content"]["code"], run)


def _gives_way(former: Origin, new: Origin) -> bool:
    """Tell whether a view gives way: it is of the same cell, or of none, and not of the same run."""
    return former.cell == new.cell and (former.run is None or former.run != new.run)
