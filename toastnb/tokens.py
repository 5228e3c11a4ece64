"""The token of one connection: fetched on first need, shared by all threads, renewed shortly before it expires."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from toastnb.connection import Deadline
from toastnb.errors import BadAnswer, CredentialsError, DeadlineExceeded, ToastError
from toastnb.redaction import Secret, sealed
from toastnb.wire import Access

_MARGIN_SECONDS = 60.0
_MARGIN_SHARE = 0.1
_REFUSED_AGAIN_SECONDS = 10.0


@dataclass(frozen=True)
class _Held:
    token: Secret
    renew_at: float  # on the monotonic clock


class TokenKeeper:
    """Hands out the token.

    A sign-in that the service refused is not tried again on this connection: accounts get locked that way, and with
    many threads it would be tried as many times. Nor does a service that refuses every token get a sign-in for each
    call: a token that was fetched in the place of a refused one, and not accepted yet, stays for some seconds.

    Parameters
    ----------
    fetch : callable
        Calls the service for a new token (call 1 of the guide), within a deadline.
    """

    def __init__(self, fetch: Callable[[Deadline], Access]) -> None:
        self._fetch = fetch
        self._lock = threading.RLock()  # which tells whose it is: see `_locked`
        self._held: _Held | None = None
        self._doubted_at = -math.inf  # when a token was fetched in the place of a refused one; until it is accepted
        self._refusal: str | None = None

    def current(self, deadline: Deadline) -> Secret:
        """Return a token that is good for a while yet."""
        return self._locked(deadline, lambda: self._good(deadline))

    def _good(self, deadline: Deadline) -> Secret:
        if self._held is None or time.monotonic() >= self._held.renew_at:
            self._held = self._renewed(deadline)
        return self._held.token

    def after_refusal(self, refused: Secret, deadline: Deadline) -> Secret:
        """Return another token than the one that was refused; only the first thread to ask has it renewed.

        It is the same one if that was itself fetched because of a refusal, seconds ago, and never accepted.
        """
        return self._locked(deadline, lambda: self._other(refused, deadline))

    def _other(self, refused: Secret, deadline: Deadline) -> Secret:
        in_vain = time.monotonic() < self._doubted_at + _REFUSED_AGAIN_SECONDS
        if self._held is None or (self._held.token is refused and not in_vain):
            self._held = None
            self._held = self._renewed(deadline)
            self._doubted_at = time.monotonic()
        return self._held.token

    def accepted(self, token: Secret) -> None:
        """Note that the service took a token: should it be refused later on, another one may help."""
        held = self._held
        if held is not None and held.token is token:
            self._doubted_at = -math.inf

    def _locked(self, deadline: Deadline, work: Callable[[], Secret]) -> Secret:
        """Do something while no other thread does; what fails here fails before the call in question is sent.

        Ctrl-C may come right after the lock was taken, before anything is put down of that: so it is freed in any
        case, and a lock that is another thread's, or nobody's, refuses.
        """
        try:
            return work() if self._taken(deadline) else self._too_late(deadline)
        except ToastError as error:
            error.sent = False
            raise
        finally:
            try:  # noqa: SIM105 - Ctrl-C could come in a function that suppresses
                self._lock.release()
            except RuntimeError:
                pass

    def _taken(self, deadline: Deadline) -> bool:
        try:
            return self._lock.acquire(timeout=deadline.left())
        except TimeoutError:
            return False

    def _too_late(self, deadline: Deadline) -> NoReturn:
        raise DeadlineExceeded(f"there was no token within {deadline.seconds:g} s", action="Signing in")

    def _renewed(self, deadline: Deadline) -> _Held:
        if self._refusal:
            raise CredentialsError(
                f"the sign-in was refused before ({self._refusal}), and is not tried again on this connection",
                action="Signing in",
                hint="Correct the appkey, user name or API password, then connect again.",
            )
        asked_at = time.monotonic()
        try:
            token = self._fetch(deadline).token
        except CredentialsError as error:
            self._refusal = f"code {error.code}"
            raise
        if not sealed(lambda: _can_be_sent(token.id.reveal())):
            raise BadAnswer("the answer's field access.token.id cannot be sent in a header", action="Signing in")
        return _Held(token.id, _renewal(asked_at, token.issued_at, token.expires))


def _can_be_sent(token: str) -> bool:
    """Tell whether a token can be a header's value."""
    return token.isascii() and token.isprintable() and token == token.strip() != ""


def _renewal(asked_at: float, issued_at: str, expires: str) -> float:
    """Return when to renew. The life is measured on our own clock: the service's may be wrong by hours.

    A life that is not positive tells nothing; such a token is used until it is refused.
    """
    life = (_moment(expires, "expires") - _moment(issued_at, "issued_at")).total_seconds()
    if life <= 0:
        return float("inf")
    return asked_at + life - min(_MARGIN_SECONDS, life * _MARGIN_SHARE)


def _moment(text: str, name: str) -> datetime:
    """Read a time of the token call, which comes with or without fraction and Z and is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        problem = f"the answer's field access.token.{name} is no ISO 8601 time"
    else:
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise BadAnswer(problem, action="Signing in")
