"""From a call to its answer: URL prefix, token, envelope, retries and deadline.

The envelope decides success, not the HTTP status. Reads are repeated with backoff and jitter while the failure may
pass; a write is sent once, and once more only when the service refused its token, for then it did nothing. The token
call is not repeated once the service has answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
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


class Transport:
    """Carries calls to one account.

    Parameters
    ----------
    profile : Profile
        Where the service is, and who signs in.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._session = open_session(profile.base_url, _CONNECTIONS)
        self._tokens = TokenKeeper(self._fetch_token)
        self._closed = threading.Event()
        redact_http_logs()

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
            raise errors.NetworkFailure("the connection is closed", action=call.action, hint="Connect again.")
        deadline = Deadline(self._profile.timeout)
        if not call.is_write:
            return _repeated(lambda: self._authorised(call, deadline), deadline)
        if self._profile.read_only:
            raise errors.ReadOnly("this connection only reads, nothing was sent", action=call.action)
        _repeated(lambda: self._tokens.current(deadline), deadline)
        return self._authorised(call, deadline)

    def _fetch_token(self, deadline: Deadline) -> Access:
        return self._sent(sign_in(self._profile.username, self._profile.password), None, deadline).access

    def _authorised(self, call: Call[A], deadline: Deadline) -> A:
        """Send a call with the token; after a refusal once more with a new one."""
        if deadline.is_over():
            raise errors.DeadlineExceeded(f"there was no answer within {deadline.seconds:g} s", action=call.action)
        if not call.needs_token:
            return self._sent(call, None, deadline)
        token = self._tokens.current(deadline)
        try:
            return self._accepted(call, token, deadline)
        except errors.PermissionDenied as error:
            if error.code is None or not errors.is_token_refusal(error.code):
                raise
        return self._accepted(call, self._tokens.after_refusal(token, deadline), deadline)

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
            reply = exchange(self._session, call.method, self._url(call), headers, body, deadline)
        except Exception as error:
            raise failures.of_exchange(error, call, deadline, self._profile.base_url) from None
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
