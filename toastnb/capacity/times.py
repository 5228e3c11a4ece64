"""The moment that ages and bills are counted to: never the present, or a saved inventory would change its figures."""

from __future__ import annotations

from datetime import date, datetime, time

import pandas as pd

from toastnb.errors import InvalidInput

_SECONDS_A_DAY = 86_400
_A_DAY = pd.Timedelta(days=1)


def moment(value: object, what: str = "at") -> pd.Timestamp:
    """Return a time in UTC, in microseconds; one without a zone is UTC, and a date its first moment.

    Raises
    ------
    InvalidInput
        When it is no time; words as "now" are none.
    """
    try:
        given = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(given, date) and not isinstance(given, datetime):
            given = datetime.combine(given, time.min)
        if isinstance(given, datetime) and not pd.isna(given):
            stamp = pd.Timestamp(given).as_unit("us")
            return stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    except ValueError:
        pass
    raise InvalidInput(f"{what} is {value!r}, but must be a time", hint="As 2026-11-01T09:00:00Z, or a datetime.")


def last_moment(value: object, what: str = "until") -> pd.Timestamp:
    """Return the end of a span of time: of a date its last moment, else what `moment` returns.

    Raises
    ------
    InvalidInput
        When it is no time.
    """
    begin = moment(value, what)
    return begin + _A_DAY - pd.Timedelta(1, "us") if _is_date(value) else begin


def _is_date(value: object) -> bool:
    """Tell whether a time has no time of day."""
    if isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
        return True
    return not isinstance(value, datetime)


def in_days(spans: pd.Series) -> pd.Series:
    """Return how long ago something was (timedelta64) in days (Float64); what is yet to come, by some clock, is 0."""
    passed: pd.Series = spans.dt.total_seconds() / _SECONDS_A_DAY
    return passed.clip(lower=0).astype("Float64")
