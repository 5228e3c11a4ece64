"""Times: the moment of an audit, and how long ago something was."""

from __future__ import annotations

import re
from datetime import datetime

import pandas as pd
import pyarrow as pa

from toastnb.audit.texts import amounts
from toastnb.errors import InvalidInput

HOUR, DAY = 3600.0, 86_400.0
YEAR = 365.25 * DAY
_DATED = re.compile(r"\d{4}-\d\d-\d\d")  # pandas knows words too, such as now


def moment(at: object, what: str = "at") -> pd.Timestamp:
    """Return a time in UTC; one without a zone is UTC.

    Raises
    ------
    InvalidInput
        When it is no time.
    """
    if isinstance(at, datetime) or (isinstance(at, str) and _DATED.match(at)):
        time = pd.to_datetime(at, errors="coerce", utc=True)
        if isinstance(time, pd.Timestamp):  # NaT is none
            return time.as_unit("us")
    raise InvalidInput(f"{what} is {at!r}, but must be a time", hint="As 2026-11-01T00:00:00Z, or a Timestamp.")


def seconds_since(times: pd.Series, at: pd.Timestamp) -> pd.Series:
    """Return how long ago times were, in seconds (float64, missing where the time is)."""
    passed: pd.Series = (at - times).dt.total_seconds()
    return passed


def ages(times: pd.Series, at: pd.Timestamp, unit: float = DAY) -> pd.Series:
    """Return how long ago times were in words, as "123 days" or "5 hours", rounded down and at least 0 (str)."""
    whole = (seconds_since(times, at).clip(lower=0) // unit).astype("Int64")
    return amounts(whole, "day" if unit == DAY else "hour")


def dates(times: pd.Series) -> pd.Series:
    """Return the dates of times, in UTC, as 2026-11-01 (str)."""
    texts: pd.Series = pa.array(times.dt.tz_convert("UTC")).cast(pa.date32()).cast(pa.string()).to_pandas()
    return texts.set_axis(times.index).astype("str")
