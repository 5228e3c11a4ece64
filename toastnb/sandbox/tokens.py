"""Tokens: issued for a while, several valid at a time, known by their id alone.

What is open in the guide: an expired token is refused with -3, and asked for by id it does not exist (50404).
"""

import uuid
from datetime import datetime, timedelta

from msgspec import Struct

from toastnb.sandbox.clock import Clock, stamp, stamp_to_second
from toastnb.sandbox.codes import Code, RefusedError
from toastnb.sandbox.models import Named


class Token(Struct, frozen=True):
    """A token as the API shows it."""

    expires: str
    id: str
    issued_at: str


class User(Struct, frozen=True):
    """Whom a token was issued to."""

    id: str
    roles: tuple[Named, ...]


class Access(Struct, frozen=True):
    """What the token calls answer."""

    token: Token
    user: User


class Tokens:
    """All tokens that were issued and have not expired.

    Parameters
    ----------
    clock
        What lifetimes are measured on.
    lifetime
        For how many seconds a token is valid.
    user_id
        Whom they are issued to.
    """

    def __init__(self, clock: Clock, lifetime: float, user_id: str) -> None:
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime)
        self._user = User(user_id, (Named("ADMIN"),))
        self._issued: dict[str, tuple[datetime, Token]] = {}

    def issue(self) -> Access:
        """Issue one, and forget those that have expired."""
        now = self._clock.now()
        self._issued = {key: entry for key, entry in self._issued.items() if entry[0] > now}
        expires = now + self._lifetime
        token = Token(stamp_to_second(expires), str(uuid.uuid4()), stamp(now))
        self._issued[token.id] = (expires, token)
        return Access(token, self._user)

    def find(self, token_id: str) -> Access:
        """Find the token of that id."""
        if not self.valid(token_id):
            raise RefusedError(Code.NO_TOKEN, "no such token, or it has expired")
        return Access(self._issued[token_id][1], self._user)

    def valid(self, token_id: str | None) -> bool:
        """Whether a token was issued and has not expired."""
        entry = self._issued.get(token_id or "")
        return entry is not None and self._clock.now() < entry[0]
