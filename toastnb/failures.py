"""What a failed exchange means: from exceptions of the HTTP libraries, and from answers, to the kinds in `errors`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from toastnb import codec, errors
from toastnb.calls import Call
from toastnb.connection import SILENCE_SECONDS, AnswerTooLarge, Deadline, Reply
from toastnb.wire import Answer, Header

A = TypeVar("A", bound=Answer)

_TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_BUSY = 429


def of_exchange(error: Exception, call: Call[Any], deadline: Deadline, base_url: str) -> errors.ToastError:
    """Translate what went wrong on the way; the new error refers to nothing of the old one."""
    if isinstance(error, errors.ToastError):
        return error
    host = urlsplit(base_url).netloc
    fate_open = call.is_write and deadline.sent
    if isinstance(error, AnswerTooLarge):
        return errors.BadAnswer(
            "the answer is larger than any inventory", action=call.action, may_have_happened=fate_open
        )
    if deadline.given_up.is_set():
        return errors.NetworkFailure("it was broken off", action=call.action, may_have_happened=fate_open)
    if deadline.is_over():
        said = f"{host} did not answer in full within {deadline.seconds:g} s"
        return errors.DeadlineExceeded(said, action=call.action, may_have_happened=fate_open)
    if deadline.sent and isinstance(error, _TIMEOUTS):
        said = f"{host} was silent for {SILENCE_SECONDS:g} s"
    elif deadline.sent:
        said = f"the connection to {host} broke ({_reason(error)})"
    else:
        said = f"no connection to {host} ({_reason(error)})"
    certificate = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))
    return errors.NetworkFailure(
        said,
        action=call.action,
        may_have_happened=fate_open,
        passing=not certificate and _is_of_network(error),
    )


def checked(reply: Reply, call: Call[A]) -> A:
    """Return the answer when its envelope says success; raise what fits otherwise."""
    if 300 <= reply.status < 400:
        raise _redirected(reply, call)
    try:
        answer = codec.decode(reply.body, call.answer, action=call.action, may_have_happened=call.is_write)
    except errors.BadAnswer:
        header = _envelope(reply, call)
        if header is None:
            raise _not_the_api(reply, call) from None
        if header.is_successful:
            raise
    else:
        if answer.header.is_successful:
            return answer
        header = answer.header
    raise _refusal(header, call)


def _envelope(reply: Reply, call: Call[Any]) -> Header | None:
    try:
        return codec.decode(reply.body, Answer, action=call.action).header
    except errors.BadAnswer:
        return None


def _refusal(header: Header, call: Call[Any]) -> errors.ToastError:
    code = header.result_code
    said = f"the service answered {code} ({header.result_message or 'without a message'})"
    kind = errors.kind_of(code, write=call.is_write, sign_in=call.is_sign_in)
    hint = "The service does not offer this call to this account." if code == errors.NOT_SUPPORTED else ""
    return kind(
        said,
        action=call.action,
        hint=hint,
        code=code,
        may_have_happened=call.is_write and errors.leaves_fate_open(code),
        passing=call.method == "GET" and errors.is_passing(code),
    )


def _redirected(reply: Reply, call: Call[Any]) -> errors.ToastError:
    try:
        target = urlsplit(reply.location).hostname or "another place on the same host"
    except ValueError:
        target = "no place at all"
    said = f"HTTP {reply.status} points to {target}; no redirect is followed, so that no credentials go elsewhere"
    return errors.BadAnswer(said, action=call.action, hint="Set base_url to the service itself.")


def _not_the_api(reply: Reply, call: Call[Any]) -> errors.ToastError:
    """Make the error for an answer without envelope, which comes from something in between."""
    content_type = reply.content_type.split(";")[0] or "no content type"
    said = f"HTTP {reply.status} with {content_type} ({len(reply.body)} bytes) instead of the API's JSON"
    busy, broken = reply.status == _BUSY, reply.status >= 500
    kind = errors.ServiceFailure if busy or broken else errors.BadAnswer
    fate_open = call.is_write and (broken or reply.status < 300)
    return kind(said, action=call.action, may_have_happened=fate_open, passing=busy or broken)


def _is_of_network(error: Exception) -> bool:
    return isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | OSError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that led to it; the HTTP libraries nest them in several ways."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        nested = [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        pending += [part for part in nested if isinstance(part, BaseException)]


def _reason(error: Exception) -> str:
    """Say in a few words why a connection failed, without the URL that the libraries' own messages have."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return "its name is not known"
        if isinstance(cause, urllib3.exceptions.IncompleteRead):
            return "the answer was cut short"
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror and isinstance(cause.errno, int):
            return cause.strerror.lower()
    return next((type(cause).__name__ for cause in reversed(causes)), type(error).__name__)
