"""The control plane: what `Sandbox` offers in Python, over HTTP, for programs in other processes.

Everything is below `/_sandbox`, apart from the API, and needs no token. Bad input is answered with HTTP 400 and
`{"error": why}`.

=======================  =============================================================================
call                     what it does
=======================  =============================================================================
POST /_sandbox/reset     back to the start state
GET /_sandbox/faults     the faults that wait
POST /_sandbox/faults    `{"match", "kind", "times", ...details}`: add one, see the module `faults`
DELETE /_sandbox/faults  drop all
GET /_sandbox/latency    `{"seconds"}`
POST /_sandbox/latency   `{"seconds"}`: what each call takes longer
GET /_sandbox/clock      `{"now"}`
POST /_sandbox/clock     `{"advance": seconds}`: move the clock on
POST /_sandbox/life      `{"days"}`: let days pass, see the module `life`; answers when they were over
GET /_sandbox/calls      how many calls of each kind have come in
GET /_sandbox/state      the account, as in a state file
=======================  =============================================================================
"""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio.to_thread
import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from toastnb.sandbox import snapshot
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.service import Service

_Answer = dict[str, Any] | list[Any]


class _Latency(Struct, forbid_unknown_fields=True):
    seconds: float


class _Advance(Struct, forbid_unknown_fields=True):
    advance: float


class _Life(Struct, forbid_unknown_fields=True):
    days: int


def _reset(service: Service, body: bytes) -> _Answer:
    service.reset()
    return {}


def _faults(service: Service, body: bytes) -> _Answer:
    with service.lock:
        return service.faults.waiting()


def _add_fault(service: Service, body: bytes) -> _Answer:
    sent = msgspec.json.decode(body, type=dict[str, Any])
    missing = {"match", "kind"} - sent.keys()
    if missing:
        raise ValueError(f"missing: {', '.join(sorted(missing))}")
    match, kind, times = sent.pop("match"), sent.pop("kind"), sent.pop("times", 1)
    with service.lock:
        service.faults.add(match, kind, times=times, details=sent)
        return service.faults.waiting()


def _clear_faults(service: Service, body: bytes) -> _Answer:
    with service.lock:
        service.faults.clear()
    return {}


def _latency(service: Service, body: bytes) -> _Answer:
    return {"seconds": service.latency}


def _set_latency(service: Service, body: bytes) -> _Answer:
    service.set_latency(msgspec.json.decode(body, type=_Latency).seconds)
    return {"seconds": service.latency}


def _clock(service: Service, body: bytes) -> _Answer:
    return {"now": stamp(service.clock.now())}


def _advance(service: Service, body: bytes) -> _Answer:
    return {"now": stamp(service.advance(msgspec.json.decode(body, type=_Advance).advance))}


def _live(service: Service, body: bytes) -> _Answer:
    return {"now": stamp(service.live(msgspec.json.decode(body, type=_Life).days))}


def _calls(service: Service, body: bytes) -> _Answer:
    return dict(service.counted())


_HANDLERS: dict[tuple[str, str], Callable[[Service, bytes], _Answer]] = {
    ("POST", "/reset"): _reset,
    ("GET", "/faults"): _faults,
    ("POST", "/faults"): _add_fault,
    ("DELETE", "/faults"): _clear_faults,
    ("GET", "/latency"): _latency,
    ("POST", "/latency"): _set_latency,
    ("GET", "/clock"): _clock,
    ("POST", "/clock"): _advance,
    ("POST", "/life"): _live,
    ("GET", "/calls"): _calls,
}


def routes(service: Service) -> list[Route]:
    """Make the routes of the control plane, below `/_sandbox`."""
    table = [
        Route(path, _endpoint(service, handler), methods=[method]) for (method, path), handler in _HANDLERS.items()
    ]
    return [*table, Route("/state", _state_endpoint(service), methods=["GET"])]


def _endpoint(
    service: Service, handler: Callable[[Service, bytes], _Answer]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return _json(handler(service, await request.body()))
        except (ValueError, msgspec.MsgspecError) as error:
            return _json({"error": str(error)}, status=400)

    return endpoint


def _state_endpoint(service: Service) -> Callable[[Request], Awaitable[Response]]:
    """Like the others, but encoded in a thread: it may be large."""

    async def endpoint(request: Request) -> Response:
        content = await anyio.to_thread.run_sync(snapshot.encode, service.state())
        return Response(content, media_type="application/json")

    return endpoint


def _json(answer: _Answer, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")
