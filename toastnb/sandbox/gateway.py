"""The way in and out of the API: path, appkey, token, envelope, faults.

Every answer below the appkey is HTTP 200 with the vendor's header in it. What is open in the guide: the appkey
is looked at first, then the path, then the token, then the body; an unknown path or method is -7. Outside the
prefix a gateway would answer, so that is 404 with a page of HTML.

Long lists are sent in pieces, with a turn for the other calls after each; since records are immutable, such an
answer is still a picture of one moment.
"""

import asyncio
import inspect
import itertools
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from toastnb.sandbox.codes import Code, RefusedError
from toastnb.sandbox.faults import (
    BodyFault,
    BuildErrorFault,
    CodeFault,
    DelayFault,
    Fault,
    ResetFault,
    StatusFault,
    TruncateFault,
)
from toastnb.sandbox.routes import CALLS, Answer, Call
from toastnb.sandbox.service import Service
from toastnb.sandbox.sibling_routes import SIBLING_CALLS

TRANSPORT = "toastnb.sandbox.transport"
"""Where the server leaves the connection in the ASGI scope, so that a fault can break it."""

_CALLS = {**CALLS, **SIBLING_CALLS}
_WITHOUT_TOKEN = frozenset({"POST tokens", "GET tokens"})
_MEDIA_TYPE = "application/json;charset=UTF-8"
_PIECE = 400  # records: some 250 kB of instances-detail, well under a millisecond to encode
_PIECES_AT_ONCE = 8
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("toastnb.sandbox")
_log.addHandler(logging.NullHandler())


class Header(Struct, frozen=True, rename="camel"):
    """The envelope."""

    is_successful: bool = True
    result_code: int = 0
    result_message: str = "SUCCESS"


class Gateway:
    """The ASGI application below the appkey.

    Parameters
    ----------
    service
        What it leads to.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one call in and send its answer out, unless a fault has it otherwise."""
        request = Request(scope, receive)
        path: str = request.path_params["path"]
        body = await request.body()
        fault = self._arrive(request.method, path)
        await asyncio.sleep(self._service.latency)
        if isinstance(fault, DelayFault):
            await asyncio.sleep(fault.seconds)
        if fault == ResetFault(after=False):
            await _break_off(scope, receive)
            return
        response = _instead_of_answer(fault)
        if response is None:
            pieces = await self._answer(request, path, body, build_fails=isinstance(fault, BuildErrorFault))
            if fault == ResetFault(after=True):
                await _break_off(scope, receive)
                return
            if isinstance(fault, TruncateFault):
                await _send_truncated(send, b"".join(pieces), fault.size)
                return
            response = _respond(pieces)
        await response(scope, receive, send)

    def _arrive(self, method: str, path: str) -> Fault | None:
        """Count a call, and see what is to go wrong with it."""
        with self._service.lock:
            self._service.calls[_template(method, path)[0]] += 1
            return self._service.faults.take(f"{method} {path}")

    async def _answer(self, request: Request, path: str, body: bytes, *, build_fails: bool) -> Iterator[bytes]:
        """Carry a call out, and write down what became of it."""
        try:
            return _pieces(Header(), await self._carry_out(request, path, body, build_fails))
        except RefusedError as refusal:
            return _refusal(refusal.code, refusal.message)
        except Exception:
            _log.exception("the sandbox failed in %s %s", request.method, path)
            return _refusal(Code.UNKNOWN, "UNKNOWN EXCEPTION: a bug in the sandbox")

    async def _carry_out(self, request: Request, path: str, body: bytes, build_fails: bool) -> Answer:
        service = self._service
        name, path_id = _template(request.method, path)
        if request.path_params["appkey"] != service.settings.appkey:
            raise RefusedError(Code.PERMISSION_DENIED, "unknown appkey")
        handler = _CALLS.get(name)
        if handler is None or (request.method == "GET" and path in service.account.not_served):
            raise RefusedError(Code.NOT_SUPPORTED, name)
        with service.lock:
            if name not in _WITHOUT_TOKEN and not service.tokens.valid(request.headers.get("x-auth-token")):
                raise RefusedError(Code.PERMISSION_DENIED, "the token is missing, unknown or expired")
            service.account.settle()
            answer = handler(Call(service, path_id, request.query_params, body, build_fails))
        return await answer if inspect.isawaitable(answer) else answer


def _template(method: str, path: str) -> tuple[str, str]:
    """Tell the name of a call in the table, and the id in its path if there is one."""
    parts = path.split("/")
    if len(parts) == 3 and parts[0] == "instances":
        return f"{method} instances/*/{parts[2]}", parts[1]
    return f"{method} {path}", ""


def _refusal(code: int, message: str) -> Iterator[bytes]:
    return _pieces(Header(is_successful=False, result_code=code, result_message=message), {})


def _pieces(header: Header, answer: Answer) -> Iterator[bytes]:
    """Encode an answer; lists come in several pieces, so that no step takes long."""
    yield b'{"header":' + _encode(header)
    for name, value in answer.items():
        yield b',"%s":' % name.encode()
        if isinstance(value, (list, Iterator)):
            yield from _list_pieces(value)
        else:
            yield _encode(value)
    yield b"}"


def _list_pieces(records: Iterable[Any]) -> Iterator[bytes]:
    before, remaining = b"[", iter(records)
    while piece := list(itertools.islice(remaining, _PIECE)):
        yield before + _encode(piece)[1:-1]
        before = b","
    yield b"]" if before == b"," else b"[]"


def _respond(pieces: Iterator[bytes]) -> Response:
    """Send a short answer as one, a long one as it is written."""
    start = list(itertools.islice(pieces, _PIECES_AT_ONCE))
    following = next(pieces, None)
    if following is None:
        return Response(b"".join(start), media_type=_MEDIA_TYPE)
    start.append(following)
    return StreamingResponse(_in_turns(itertools.chain(start, pieces)), media_type=_MEDIA_TYPE)


async def _in_turns(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def _instead_of_answer(fault: Fault | None) -> Response | None:
    """Make what a fault sends without the service being asked."""
    if isinstance(fault, CodeFault):
        return _respond(_refusal(fault.code, fault.message))
    if isinstance(fault, StatusFault):
        given = {name.lower(): value for name, value in fault.headers.items()}
        return Response(fault.body, fault.status, {"content-type": "text/html", **given})
    if isinstance(fault, BodyFault):
        return Response(fault.body, headers={"content-type": fault.content_type})
    return None


async def _send_truncated(send: Send, body: bytes, size: int) -> None:
    """Send the start of an answer; the server closes the connection of an answer that does not end."""
    headers = [(b"content-type", _MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body[: min(size, len(body) - 1)], "more_body": True})


async def _break_off(scope: Scope, receive: Receive) -> None:
    """Close the connection, and wait until the server has noticed."""
    scope[TRANSPORT].abort()
    await receive()
