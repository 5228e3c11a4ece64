"""One submit, as the entries stood when it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from toastnb.forms.noting import Request
from toastnb.forms.work import Progress


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Order:
    """One submit, as the entries stand at that moment: what is entered afterwards does not change it.

    Attributes
    ----------
    what : str
        The call of `Toast`, as "create_instance".
    on_what : str
        What it is for, in words.
    requests : callable
        Returns what will be sent.
    code : callable
        Returns the same as Python code.
    run : callable
        Does it, and follows it to its end.
    afterwards : callable
        Reads again what is another one then, also when it failed.
    used_up : tuple of str
        Fields whose entry makes no sense a second time: they are emptied when it was done.
    """

    what: str
    on_what: str
    requests: Callable[[], list[Request]]
    code: Callable[[], str]
    run: Callable[[Progress], pd.DataFrame]
    afterwards: Callable[[], object] = nothing
    used_up: tuple[str, ...] = ()
