"""The sandbox's clock: it starts where it is told, ticks with real time, and can be moved on by hand.

Transitions and token lifetimes are measured on it alone. It never goes back, except by `reset`.
"""

import time
from datetime import UTC, datetime, timedelta

_LAST_YEAR = 9900  # what is to come must still be a time that can be written
_YEARS = range(2000, 9000)  # a fleet reaches some years back, and `advance` must have room


class Clock:
    """A clock that can be moved on.

    Parameters
    ----------
    start
        What it shows first; aware.

    Examples
    --------
    >>> clock = Clock(parse_start("2026-01-01T00:00:00Z"))
    >>> clock.advance(3600)
    >>> clock.now().hour
    1
    """

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.reset()

    def now(self) -> datetime:
        """Tell the time."""
        return self.start + self._advanced + timedelta(seconds=time.monotonic() - self._anchor)

    @property
    def set_to(self) -> datetime:
        """What it was set to, without what has ticked since: the same whenever the same was done."""
        return self.start + self._advanced

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.check(seconds)
        self._advanced += timedelta(seconds=seconds)

    def check(self, seconds: float) -> None:
        """Refuse what it cannot be moved on by."""
        if not seconds >= 0:
            raise ValueError(f"the clock only goes forward: cannot advance by {seconds}")
        try:
            too_far = (self.now() + timedelta(seconds=seconds)).year > _LAST_YEAR
        except OverflowError:
            too_far = True
        if too_far:
            raise ValueError(f"the clock ends in the year {_LAST_YEAR}: cannot advance by {seconds}")

    def reset(self) -> None:
        """Back to the start."""
        self._anchor = time.monotonic()
        self._advanced = timedelta()


def parse_start(start: str | datetime | None) -> datetime:
    """Read a start time: ISO 8601 text or an aware datetime, or now, to the second, if there is none.

    Examples
    --------
    >>> parse_start("2026-01-01T09:00:00+09:00").isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    if start is None:
        return datetime.now(UTC).replace(microsecond=0)
    if isinstance(start, str):
        try:
            moment = datetime.fromisoformat(start)
        except ValueError:
            raise ValueError(f"start is not an ISO 8601 time: {start!r}") from None
        start = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if start.tzinfo is None:
        raise ValueError("start has no time zone: use for example datetime(2026, 1, 1, tzinfo=UTC)")
    if start.year not in _YEARS:
        raise ValueError(f"start must lie in the years {_YEARS[0]} to {_YEARS[-1]}: {start.isoformat()}")
    return start.astimezone(UTC)


def stamp(moment: datetime) -> str:
    """Write a time as the guide's examples do: `2017-05-16T02:17:50.166563`, in UTC.

    Examples
    --------
    >>> stamp(parse_start("2017-05-16T02:17:50"))
    '2017-05-16T02:17:50.000000'
    """
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def stamp_to_second(moment: datetime) -> str:
    """Write a time as the guide's other example does, `2017-05-16T03:17:50Z`.

    Examples
    --------
    >>> stamp_to_second(parse_start("2017-05-16T03:17:50"))
    '2017-05-16T03:17:50Z'
    """
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
