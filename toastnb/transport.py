"""From a call to its answer: URL prefix, token, envelope, retries and deadline.

The envelope decides success, not the HTTP status. Reads are repeated with backoff and jitter while the failure may
pass; a write is sent once, and once more only when the service refused its token, for then it did nothing. The token
call is not repeated once the service has answered.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import tenacity

from toastnb import codec, errors, failures
from toastnb.calls import Call, path_of, sign_in
from toastnb.config import Profile
from toastnb.connection import Deadline, exchange, is_given_up, open_session, pause
from toastnb.redaction import Secret, redact_http_logs, sealed
from toastnb.tokens import TokenKeeper
from toastnb.wire import Access, Answer

A = TypeVar("A", bound=Answer)
T = TypeVar("T")

_CONNECTIONS = 64
_ATTEMPTS = 4
BACKOFF = tenacity.wait_exponential(multiplier=0.2, max=2.0) + tenacity.wait_random(0, 0.3)

_transports: weakref.WeakSet[Transport] = weakref.WeakSet()


class Transport:
    """Carries calls to one account.

    Parameters
    ----------
    profile : Profile
        Where the service is, and who signs in.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._closed = threading.Event()
        self.begin()
        _transports.add(self)
        redact_http_logs()

    def begin(self) -> None:
        """Have new connections and no token."""
        self._session = open_session(self._profile.base_url, _CONNECTIONS)
        self._tokens = TokenKeeper(self._fetch_token)

    def close(self) -> None:
        """Close the connections; calls after this are refused."""
        self._closed.set()
        self._session.close()

    def token(self, refused: Secret | None = None) -> Secret:
        """Return the token in use, fetched if need be; or another one than that which was refused."""
        deadline = Deadline(self._profile.timeout)
        if refused is not None:
            return _repeated(lambda: self._tokens.after_refusal(refused, deadline), deadline)
        return _repeated(lambda: self._tokens.current(deadline), deadline)

    def call(self, call: Call[A]) -> A:
        """Carry out a call.

        Raises
        ------
        ToastError
            Of the kind that fits; see `errors`.
        """
        if self._closed.is_set():
            raise errors.NetworkFailure(
                "the connection is closed", action=call.action, hint="Connect again.", sent=False
            )
        deadline = Deadline(self._profile.timeout)
        if not call.is_write:
            return _repeated(lambda: self._authorised(call, deadline), deadline)
        if self._profile.read_only:
            raise errors.ReadOnly("this connection only reads, nothing was sent", action=call.action, sent=False)
        _repeated(lambda: self._tokens.current(deadline), deadline)
        return self._authorised(call, deadline)

    def _fetch_token(self, deadline: Deadline) -> Access:
        return self._sent(sign_in(self._profile.username, self._profile.password), None, deadline).access

    def _authorised(self, call: Call[A], deadline: Deadline) -> A:
        """Send a call with the token; after a refusal once more with a new one."""
        if deadline.is_over():
            said = f"there was no answer within {deadline.seconds:g} s"
            raise errors.DeadlineExceeded(said, action=call.action, sent=False)
        if not call.needs_token:
            return self._sent(call, None, deadline)
        token = self._tokens.current(deadline)
        try:
            return self._accepted(call, token, deadline)
        except errors.PermissionDenied as error:
            if error.code is None or not errors.is_token_refusal(error.code):
                raise
        try:
            return self._accepted(call, self._tokens.after_refusal(token, deadline), deadline)
        except errors.ToastError as error:
            error.sent = True  # once, and its token was refused
            raise

    def _accepted(self, call: Call[A], token: Secret, deadline: Deadline) -> A:
        """Send a call with a token, and note that it was accepted."""
        answer = self._sent(call, token, deadline)
        self._tokens.accepted(token)
        return answer

    def _sent(self, call: Call[A], token: Secret | None, deadline: Deadline) -> A:
        """Send a call once and read its answer."""
        return sealed(lambda: self._exchanged(call, token, deadline))

    def _exchanged(self, call: Call[A], token: Secret | None, deadline: Deadline) -> A:
        """Do what `_sent` is for; URL, headers and bodies hold secrets, so it only runs sealed."""
        deadline.sent = False
        try:
            headers = {"Accept": "application/json"}
            if token is not None:
                headers["X-Auth-Token"] = token.reveal()
            if call.body is not None:
                headers["Content-Type"] = "application/json;charset=UTF-8"
            body = None if call.body is None else codec.encode(call.body)
            url = self._url(call)
            reply = exchange(self._session, call.method, url, headers, body, deadline, listing=call.is_listing)
        except Exception as error:
            raise failures.of_exchange(error, call, deadline, self._profile.base_url) from None
        with closing(reply):
            return failures.checked(reply, call)

    def _url(self, call: Call[Any]) -> str:
        appkey = path_of(self._profile.appkey.reveal())
        return f"{self._profile.base_url}/v1.0/appkeys/{appkey}/{call.target()}"


def _repeated(work: Callable[[], T], deadline: Deadline) -> T:
    """Run what changes nothing, again while it fails in a way that may pass."""
    retries = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_pass),
        stop=tenacity.stop_after_attempt(_ATTEMPTS) | tenacity.stop_after_delay(deadline.seconds),
        wait=BACKOFF,
        sleep=pause,
        reraise=True,
    )
    for attempt in retries:
        with attempt:
            return work()
    raise AssertionError("the last attempt returns or raises")


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, errors.ToastError) and error.passing and not is_given_up()


def _begin_in_child() -> None:
    """Part with the connections of the parent: two processes that read from one socket get each other's answers."""
    for transport in list(_transports):
        transport.begin()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_in_child)
