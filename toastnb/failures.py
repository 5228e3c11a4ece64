"""What a failed exchange means: from exceptions of the HTTP libraries, and from answers, to the kinds in `errors`."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from toastnb import codec, errors
from toastnb.calls import Call
from toastnb.connection import SILENCE_SECONDS, Deadline, Reply
from toastnb.unpacking import AnswerTooLarge, BadPacking
from toastnb.wire import Answer, Header

A = TypeVar("A", bound=Answer)

_TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_BAD_PROXIES = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidProxyURL,
    urllib3.exceptions.ProxySchemeUnknown,
)
_BUSY, _TIMED_OUT = 429, 408
_NOT_HERE = frozenset({301, 307, 308})  # send it elsewhere; after a 303, and a 302 that stands for it, only look there


def of_exchange(error: Exception, call: Call[Any], deadline: Deadline, base_url: str) -> errors.ToastError:
    """Translate what went wrong on the way; the new error refers to nothing of the old one."""
    if isinstance(error, errors.ToastError):
        return error
    host = urlsplit(base_url).netloc
    not_the_api = _not_http(error)
    kind: type[errors.ToastError] = errors.NetworkFailure
    passing, hint = False, ""
    if isinstance(error, AnswerTooLarge):
        kind, said = errors.BadAnswer, str(error)
    elif deadline.given_up.is_set():
        said, hint = "it was broken off", "It was closed or interrupted on this side."
    elif deadline.is_over():
        kind, said = errors.DeadlineExceeded, f"{host} did not answer in full within {deadline.seconds:g} s"
    elif not_the_api:
        kind, said, passing = errors.BadAnswer, f"what {host} answered is no HTTP: {not_the_api}", True
    else:
        said = _broken(error, host, sent=deadline.sent)
        certificate = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))
        passing = not certificate and _is_of_network(error)
    fate_open = call.is_write and deadline.sent
    return kind(
        said,
        action=call.action,
        hint=hint,
        may_have_happened=fate_open,
        sent=deadline.sent,
        check=call.check,
        passing=passing,
    )


def _broken(error: Exception, host: str, *, sent: bool) -> str:
    if not sent:
        return f"no connection to {host} ({_reason(error)})"
    if isinstance(error, _TIMEOUTS):
        return f"{host} was silent for {SILENCE_SECONDS:g} s"
    return f"the connection to {host} broke ({_reason(error)})"


def checked(reply: Reply, call: Call[A]) -> A:
    """Return the answer when its envelope says success; raise what fits otherwise."""
    if 300 <= reply.status < 400:
        raise _redirected(reply, call)
    try:
        answer = codec.decode(
            reply.body, call.answer, action=call.action, may_have_happened=call.is_write, check=call.check
        )
    except errors.BadAnswer:
        header = _envelope(reply, call)
        if header is None:
            raise _not_the_api(reply, call) from None
        reply.keep()
        if header.is_successful:
            raise
    else:
        reply.keep()
        header = answer.header
        if header.is_successful and errors.contradicts_success(header.result_code):
            raise _contradiction(header, call)
        if header.is_successful:
            return answer
    raise _refusal(header, call)


def _envelope(reply: Reply, call: Call[Any]) -> Header | None:
    try:
        return codec.decode(reply.body, Answer, action=call.action).header
    except errors.BadAnswer:
        return None


def _contradiction(header: Header, call: Call[Any]) -> errors.BadAnswer:
    code, message = header.result_code, header.result_message or "without a message"
    said = f"the answer says that it succeeded, and that it failed with {code} ({message})"
    return errors.BadAnswer(said, action=call.action, code=code, may_have_happened=call.is_write, check=call.check)


def _refusal(header: Header, call: Call[Any]) -> errors.ToastError:
    code = header.result_code
    said = f"the service answered {code} ({header.result_message or 'without a message'})"
    kind = errors.kind_of(code, write=call.is_write, sign_in=call.is_sign_in)
    hint = "The service does not offer this call to this account." if code == errors.NOT_SUPPORTED else ""
    if kind is errors.InvalidInput:
        hint = "Its words tell which value it does not take, or which quota is reached."
    return kind(
        said,
        action=call.action,
        hint=hint,
        code=code,
        may_have_happened=call.is_write and errors.leaves_fate_open(code),
        check=call.check,
        passing=call.method == "GET" and errors.is_passing(code),
    )


def _redirected(reply: Reply, call: Call[Any]) -> errors.ToastError:
    try:
        target = urlsplit(reply.location).hostname or "another place on the same host"
    except ValueError:
        target = "no place at all"
    said = f"HTTP {reply.status} points to {target}; no redirect is followed, so that no credentials go elsewhere"
    return errors.BadAnswer(
        said,
        action=call.action,
        hint="Set base_url to the service itself.",
        may_have_happened=call.is_write and reply.status not in _NOT_HERE,
        check=call.check,
    )


def _not_the_api(reply: Reply, call: Call[Any]) -> errors.ToastError:
    """Make the error for an answer without envelope, which comes from something in between."""
    content_type = reply.content_type.split(";")[0] or "no content type"
    said = f"HTTP {reply.status} with {content_type} ({len(reply.body)} bytes) instead of the API's JSON"
    late, broken = reply.status == _TIMED_OUT, reply.status >= 500
    busy = reply.status == _BUSY
    cut_short = reply.hung_up and reply.status < 300
    kind = errors.ServiceFailure if busy or late or broken else errors.BadAnswer
    return kind(
        said,
        action=call.action,
        may_have_happened=call.is_write and (late or broken or reply.status < 300),
        check=call.check,
        passing=busy or late or broken or cut_short,
    )


def _not_http(error: Exception) -> str | None:
    """Say what about an answer is not HTTP, if that is what the error is for; None for all others."""
    for cause in _causes(error):
        if isinstance(cause, BadPacking):
            return str(cause)
        if isinstance(cause, http.client.RemoteDisconnected | http.client.IncompleteRead):
            return None
        if isinstance(cause, http.client.LineTooLong):
            return "a line of its head is too long"
        if isinstance(cause, http.client.BadStatusLine | http.client.UnknownProtocol):
            return "it has no status line"
        if type(cause) is http.client.HTTPException:
            return "its head has too many lines"
        if isinstance(cause, urllib3.exceptions.InvalidHeader):
            return "its length is not clear"
    return None


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
        if isinstance(cause, http.client.IncompleteRead):
            return "the answer was cut short"
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror and isinstance(cause.errno, int):
            return cause.strerror.lower()
        if isinstance(cause, OSError) and "certificate" in str(cause):  # requests, of a variable that names no file
            return "the CA certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names cannot be read"
        if isinstance(cause, _BAD_PROXIES):
            return "the proxy that the environment names cannot be used"
    return next((type(cause).__name__ for cause in reversed(causes)), type(error).__name__)
