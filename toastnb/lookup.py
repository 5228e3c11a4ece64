"""From the names that people use to the ids that the API takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Protocol, TypeVar

from toastnb.errors import NOT_SERVED, InvalidInput
from toastnb.rules import check_text

_SUGGESTED = 5
_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class Named(Protocol):
    """What has an id, and perhaps a name."""

    id: str
    name: str | None


N = TypeVar("N", bound=Named)


def find(value: str, what: str, listing: Callable[[], Sequence[N]]) -> tuple[str, N | None]:
    """Find a thing by id or unambiguous name.

    Parameters
    ----------
    value : str
        The id or name.
    what : str
        What it is, for errors.
    listing : callable
        Reads all things of this sort. Where the account is not served it, the value is taken as an id.

    Returns
    -------
    tuple of str and thing or None
        The id, and the thing if the listing has it.

    Raises
    ------
    InvalidInput
        When the name stands for several, or for none.
    """
    check_text(value, what)
    try:
        things = listing()
    except NOT_SERVED as error:
        if error.passing:
            raise
        return value, None
    for thing in things:
        if thing.id == value:
            return thing.id, thing
    named = [thing for thing in things if thing.name == value]
    if len(named) == 1:
        return named[0].id, named[0]
    if named:
        ids = ", ".join(thing.id for thing in named)
        raise InvalidInput(f"{len(named)} {what}s are named {value!r}", hint=f"Give the id of one: {ids}.")
    if _ID.fullmatch(value):  # a listing need not show all that exists
        return value, None
    raise InvalidInput(f"there is no {what} {value!r}", hint=_suggestion(value, [t.name for t in things if t.name]))


def _suggestion(value: str, names: list[str]) -> str:
    """Return what may have been meant: names that hold the value, then names like it, then any."""
    holding = [name for name in names if value.casefold() in name.casefold()]
    meant = holding or get_close_matches(value, names, n=_SUGGESTED) or sorted(names)
    more = f" and {len(meant) - _SUGGESTED} more" if len(meant) > _SUGGESTED else ""
    return f"There are: {', '.join(meant[:_SUGGESTED])}{more}." if meant else ""
