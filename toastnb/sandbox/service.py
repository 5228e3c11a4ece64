"""The service behind the sockets: one account with its clock, tokens, faults and counters.

A lock makes each call, and each touch from another thread, one indivisible step.
"""

import operator
import threading
from collections import Counter
from datetime import datetime

from msgspec import Struct

from toastnb.sandbox.account import Account
from toastnb.sandbox.clock import Clock
from toastnb.sandbox.faults import Faults
from toastnb.sandbox.life import DAY, live_a_day
from toastnb.sandbox.models import State
from toastnb.sandbox.tokens import Tokens

_MOST_DAYS = 3_650  # nobody else is answered meanwhile


class Settings(Struct, frozen=True):
    """How a service behaves; what a user gives to `Sandbox`."""

    appkey: str
    username: str
    password: str
    instant: bool
    token_lifetime: float
    seed: int


class Service:
    """One account being served.

    Parameters
    ----------
    start
        What the account holds at first.
    settings
        How it behaves.
    """

    def __init__(self, start: State, settings: Settings) -> None:
        self._start = start
        self.settings = settings
        self.lock = threading.RLock()
        self.clock = Clock(start.time)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Everything as at the start: account, clock, tokens, faults, latency, counters."""
        with self.lock:
            self.clock.reset()
            self.latency = 0.0
            self.faults.clear()
            self.calls.clear()
            self.account = Account(self._start, self.clock, instant=self.settings.instant, seed=self.settings.seed)
            self.tokens = Tokens(self.clock, self.settings.token_lifetime, self._start.user_id)

    def advance(self, seconds: float) -> datetime:
        """Move the clock on, and carry out what became due."""
        with self.lock:
            self.clock.advance(seconds)
            self.account.settle()
            return self.clock.now()

    def live(self, days: int) -> datetime:
        """Let days pass, each with what it brings; return when the last of them ended."""
        try:
            number = operator.index(days)
        except TypeError:
            number = -1
        if not 0 <= number <= _MOST_DAYS:
            raise ValueError(f"days must be a whole number of 0 to {_MOST_DAYS:,}, not {days!r}")
        with self.lock:
            self.clock.check(number * DAY)
            for _ in range(number):
                begin = self.clock.set_to
                self.advance(DAY)
                live_a_day(self.account, self.settings.seed, begin)
            return self.clock.set_to

    def set_latency(self, seconds: float) -> None:
        """Let every call take longer."""
        if not 0 <= seconds <= 86400:
            raise ValueError(f"latency must be 0 to 86400 seconds, not {seconds}")
        self.latency = float(seconds)

    def state(self) -> State:
        """Take the account as it is now."""
        with self.lock:
            self.account.settle()
            return self.account.state()

    def counted(self) -> Counter[str]:
        """How many calls of each kind have come in."""
        with self.lock:
            return self.calls.copy()
