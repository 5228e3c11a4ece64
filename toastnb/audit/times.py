"""Times: how long ago something was."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from toastnb.audit.texts import amounts

HOUR, DAY = 3600.0, 86_400.0
YEAR = 365.25 * DAY


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
