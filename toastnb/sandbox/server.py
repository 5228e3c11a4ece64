"""The sandbox: an account that is served over HTTP from a thread of this process."""

import os
import signal
import socket
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from types import FrameType, TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from toastnb.sandbox import control, fleet, from_inventory, snapshot
from toastnb.sandbox.background import BackgroundServer
from toastnb.sandbox.clock import parse_start
from toastnb.sandbox.gateway import Gateway
from toastnb.sandbox.models import State
from toastnb.sandbox.service import Service, Settings

_PREFIX = "/compute"
_WAKE_SECONDS = 1.0
_BACKLOG = 1024
_LONGEST_TOKEN_LIFETIME = 10 * 365 * 86_400


class _Rest(PathConvertor):
    """The rest of a path to its last character; Starlette's own ends at a line break."""

    regex = "(?s:.*)"


register_url_convertor("rest", _Rest())


class Sandbox:
    """A compute service of your own: it speaks the vendor's API on this machine, and needs no account.

    Parameters
    ----------
    instances
        How many instances it begins with.
    seed
        The same seed and start time give the same fleet.
    host, port
        Where it listens; port 0 is any free one.
    instant
        Whether every transition (BUILD to ACTIVE and so on) is over when the call answers. Otherwise each takes
        a few seconds.
    start
        What its clock shows first: an ISO 8601 text or an aware datetime; None is now, to the second.
    token_lifetime
        For how many seconds a token is valid.
    appkey, username, password
        What it accepts.
    state
        A file written by `save`: begin with that account, at that time.
    inventory
        A file written by `Inventory.save`: begin with that account. Reads that it lacks are answered with -7.

    Examples
    --------
    >>> with Sandbox(instances=3, start="2026-01-01T00:00:00Z") as sandbox:
    ...     sandbox
    <Sandbox at http://127.0.0.1:.../compute, 3 instances>
    """

    def __init__(
        self,
        *,
        instances: int = 250,
        seed: int = 7,
        host: str = "127.0.0.1",
        port: int = 0,
        instant: bool = False,
        start: str | datetime | None = None,
        token_lifetime: float = 3600.0,
        appkey: str = "sandbox-appkey",
        username: str = "demo@example.com",
        password: str = "sandbox-password",  # noqa: S107 - guards nothing
        state: str | os.PathLike[str] | None = None,
        inventory: str | os.PathLike[str] | None = None,
    ) -> None:
        if not 0 <= port <= 65_535:
            raise ValueError(f"port must be 0 to 65535, not {port}")
        if not 0 < token_lifetime <= _LONGEST_TOKEN_LIFETIME:
            raise ValueError(f"token_lifetime must be some seconds, at most ten years, not {token_lifetime}")
        first = _first_state(instances, seed, start, state, inventory)
        self.appkey, self.username, self.password = appkey, username, password
        self.host = host
        self._asked_port = port
        self._port: int | None = None
        self._service = Service(first, Settings(appkey, username, password, instant, token_lifetime, seed))
        self._stop: Callable[[], object] = lambda: None

    def __repr__(self) -> str:
        where = f"at {self.base_url}" if self._port else "not started"
        return f"<Sandbox {where}, {len(self._service.account.instances)} instances>"

    # Serving

    def start(self) -> Self:
        """Begin to serve, and return itself; a port that is taken is an OSError.

        Examples
        --------
        >>> sandbox = Sandbox(instances=1).start()
        >>> sandbox.stop()
        """
        if self._port is not None:
            raise RuntimeError("the sandbox is serving already")
        listener = _listen(self.host, self._asked_port)
        self._port = listener.getsockname()[1]
        background = BackgroundServer(_application(self._service), listener)
        # The server knows nothing of this object: when this object goes, so does the server.
        self._stop = weakref.finalize(self, background.stop)
        return self

    def stop(self) -> None:
        """Stop serving, whatever is under way. The account stays as it is; `start` serves it again.

        Examples
        --------
        >>> sandbox = Sandbox(instances=1).start()
        >>> sandbox.stop()
        >>> sandbox
        <Sandbox not started, 1 instances>
        """
        self._stop()
        self._port = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def serve_forever(self, ready: Callable[[], object] = lambda: None) -> None:
        """Serve until the process is told to end (SIGTERM, SIGINT), then stop. For the main thread.

        Parameters
        ----------
        ready : callable
            Called once it serves, and ends cleanly when it is told to.
        """
        ended = threading.Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            ended.set()

        before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if self._port is None:
                self.start()
            ready()
            while not ended.wait(_WAKE_SECONDS):  # some systems handle no signal during an endless wait
                pass
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def is_serving(self) -> bool:
        """Whether it serves now."""
        return self._port is not None

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._port is None:
            raise RuntimeError("the sandbox is not serving: call start(), or use it in a with statement")
        return self._port

    @property
    def base_url(self) -> str:
        """What a client needs to find it, without the appkey."""
        return f"http://{self.host}:{self.port}{_PREFIX}"

    # Control

    @property
    def latency(self) -> float:
        """What every call takes longer, in seconds.

        Examples
        --------
        >>> sandbox = Sandbox(instances=1)
        >>> sandbox.latency = 0.2
        """
        return self._service.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._service.set_latency(seconds)

    @property
    def calls(self) -> Counter[str]:
        """How many calls of each kind have come in, such as `{"POST instances": 1}`; refused ones count too.

        Examples
        --------
        >>> Sandbox(instances=1).calls["POST instances"]
        0
        """
        return self._service.counted()

    def advance(self, seconds: float) -> None:
        """Move the clock on; what becomes due by then is done.

        Parameters
        ----------
        seconds
            How far.

        Examples
        --------
        >>> Sandbox(instances=1).advance(3600)
        """
        self._service.advance(seconds)

    def live(self, days: int = 1) -> datetime:
        """Let days pass on its clock, each with what a day brings: instances come, go, change and are forgotten.

        Parameters
        ----------
        days
            How many, up to 3,650.

        Returns
        -------
        datetime
            When the last of them ended, in UTC.

        Examples
        --------
        >>> sandbox = Sandbox(instances=100, start="2026-01-01T00:00:00Z")
        >>> sandbox.live(days=60).isoformat()
        '2026-03-02T00:00:00+00:00'
        """
        return self._service.live(days)

    def fault(self, match: str, kind: str, *, times: int | None = 1, **details: Any) -> None:
        """Let something go wrong with the next calls of a kind.

        Parameters
        ----------
        match
            Which calls: "METHOD path" with wildcards, such as "POST instances/*/action", or "*".
        kind
            What happens: code, status, body, truncate, reset, delay, build-error.
        times
            To how many calls; None is until `clear_faults`.
        **details
            What the kind needs; the module `toastnb.sandbox.faults` has a table.

        Examples
        --------
        >>> sandbox = Sandbox(instances=1)
        >>> sandbox.fault("GET flavors", "code", code=-6, message="Failed to query internal db")
        """
        with self._service.lock:
            self._service.faults.add(match, kind, times=times, details=details)

    def clear_faults(self) -> None:
        """Let nothing more go wrong.

        Examples
        --------
        >>> sandbox = Sandbox(instances=1)
        >>> sandbox.fault("*", "delay", seconds=1, times=None)
        >>> sandbox.clear_faults()
        """
        with self._service.lock:
            self._service.faults.clear()

    def reset(self) -> None:
        """Go back to the start: account, clock, tokens, faults, latency and counters.

        Examples
        --------
        >>> sandbox = Sandbox(instances=1)
        >>> sandbox.advance(86400)
        >>> sandbox.reset()
        """
        self._service.reset()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the account to one JSON file that only its owner can read; without credentials or tokens.

        Parameters
        ----------
        path
            Where. A file that is there is replaced.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Sandbox(instances=3).save(Path(folder) / "state.json")
        ...     Sandbox(state=Path(folder) / "state.json")
        <Sandbox not started, 3 instances>
        """
        snapshot.save(self._service.state(), path)


def _first_state(
    instances: int,
    seed: int,
    start: str | datetime | None,
    state: str | os.PathLike[str] | None,
    inventory: str | os.PathLike[str] | None,
) -> State:
    if state is None:
        moment = parse_start(start)
        return fleet.seeded(instances, seed, moment) if inventory is None else from_inventory.load(inventory, moment)
    if inventory is not None or start is not None:
        raise ValueError("a saved state has its own account and time: leave out inventory and start")
    return snapshot.load(state)


def _listen(host: str, port: int) -> socket.socket:
    """Make a listening socket, or raise an OSError that says what to do."""
    try:
        return socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        hint = "choose another host or port; port=0 is any free one"
        raise OSError(error.errno, f"the sandbox cannot listen on {host}:{port} ({error.strerror}): {hint}") from None


def _application(service: Service) -> Starlette:
    application = Starlette(
        routes=[
            Mount("/_sandbox", routes=control.routes(service)),
            Route(_PREFIX + "/v1.0/appkeys/{appkey}/{path:rest}", Gateway(service)),
        ],
        exception_handlers={HTTPException: _html_error},
    )
    application.router.redirect_slashes = False
    return application


async def _html_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return HTMLResponse(f"<html><body><h1>{status}</h1></body></html>", status)
