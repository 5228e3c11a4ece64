"""What a check is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

RAN, DID_NOT_RUN, OFF = "run", "not run", "off"
"""What became of a check: it did its work, could not, or was switched off."""

FROM_THE_RULES = inspect.Parameter.empty
"""Stands for a threshold without a default: the user's rules have to give it."""


class CannotRun(Exception):  # noqa: N818 - as the public errors
    """What a check raises when it has nothing to go by in an account, and why."""


@dataclass(frozen=True)
class Check:
    """A check: a function from an inventory to findings, and what all its findings have in common.

    Attributes
    ----------
    id : str
        As "stopped-long".
    title : str
        What it finds, in one line.
    severity, confidence, resource_type : str
        Of its findings, where the function does not say otherwise.
    find : callable
        Takes the inventory, `at` where it needs the time, `history` where one tells it more, and thresholds by name;
        their defaults are in its signature. A threshold without a default is a rule that the user has to give.
    needs : tuple of str
        The tables that it cannot do without.
    remedy : str
        What to do.
    deleting_too : bool
        Whether it looks at instances that are being deleted.
    """

    id: str
    title: str
    severity: str
    confidence: str
    resource_type: str
    find: Callable[..., pd.DataFrame]
    needs: tuple[str, ...]
    remedy: str
    deleting_too: bool = False

    @property
    def thresholds(self) -> dict[str, Any]:
        """The thresholds with their defaults; `FROM_THE_RULES` where the user has to give one."""
        parameters = inspect.signature(self.find).parameters.values()
        return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}

    @property
    def needs_time(self) -> bool:
        """Whether it asks how long ago something was."""
        return "at" in inspect.signature(self.find).parameters

    @property
    def takes_history(self) -> bool:
        """Whether a history tells it more."""
        return "history" in inspect.signature(self.find).parameters
