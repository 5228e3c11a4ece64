"""What every analysis starts with: is it the right frame, and which instances count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from toastnb.errors import InvalidInput
from toastnb.rules import NOT_ALLOCATED, RUNNING, STATES

Status = str | Sequence[str]
MISSING = "(missing)"


def require_columns(df: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Check that a frame has the columns that an analysis needs.

    Raises
    ------
    InvalidInput
        Naming the columns that are not there.
    """
    if not isinstance(df, pd.DataFrame):
        raise InvalidInput(f"{what} is {type(df).__name__}, but must be a DataFrame")
    lacking = [column for column in columns if column not in df.columns]
    if lacking:
        raise InvalidInput(
            f"{what} lacks the columns {', '.join(lacking)}",
            hint=f"It has {', '.join(map(str, df.columns))}; metadata comes with inventory.with_metadata(key).",
        )


def with_status(df: pd.DataFrame, status: Status) -> pd.DataFrame:
    """Return the instances that count: "allocated", "running", one state, or a list of states.

    An instance whose state is not known is allocated, as far as anybody knows, but not running.
    """
    if isinstance(status, str) and status == "allocated":
        return df[~df["status"].isin(NOT_ALLOCATED)]
    states = RUNNING if isinstance(status, str) and status == "running" else _states(status)
    return df[df["status"].isin(states)]


def _states(status: Status) -> frozenset[str]:
    states = frozenset({status} if isinstance(status, str) else status)
    unknown = sorted(states - set(STATES))
    if not states:
        raise InvalidInput("status is empty", hint='Give "allocated", "running", or states.')
    if unknown:
        raise InvalidInput(
            f"status {', '.join(map(repr, unknown))} is not known",
            hint=f'Give "allocated", "running", or states: {", ".join(STATES)}.',
        )
    return states


def as_keys(by: str | Sequence[str]) -> list[str]:
    """Return the columns to group by as a list."""
    keys = [by] if isinstance(by, str) else list(by or ())
    if not keys:
        raise InvalidInput("by is empty", hint="Name a column to group by, as zone.")
    if len(set(keys)) < len(keys):
        raise InvalidInput(f"by names a column twice: {', '.join(keys)}")
    return keys
