"""An ASGI application served from a thread, on a socket that is listening already.

Of uvicorn this uses the HTTP protocol only: its `Server` installs signal handlers, writes to loggers, and ends
with a grace period, none of which an embedded server may do. Here the end is abrupt and so bounded in time.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from toastnb.sandbox.gateway import TRANSPORT

# Longer than a notebook is left alone: a connection that closes just as a call is sent looks like a lost write.
_KEEP_ALIVE_SECONDS = 24 * 3600
_STOP_SECONDS = 5.0
_CLOSING_TURNS = 10  # a connection that is just being accepted needs some to appear, an aborted one to go

# Registered nowhere, so that no configuration of the user's sees or changes it.
_SILENT = logging.Logger("toastnb.sandbox.http", level=logging.CRITICAL + 1)


class _Protocol(H11Protocol):
    """uvicorn's protocol, silent, with its connection in the scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # asyncio does this by itself only for sockets that were made with the protocol number of TCP.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.logger = _SILENT
        self.access_log = False
        application = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await application(scope, receive, send)

        self.app = with_transport
        super().connection_made(transport)


class BackgroundServer:
    """A thread that serves.

    Parameters
    ----------
    app
        What to serve.
    listener
        Where; the server closes it.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        ready: Future[Callable[[], object]] = Future()
        self._thread = threading.Thread(target=_run, args=(app, listener, ready), name="toastnb-sandbox", daemon=True)
        self._thread.start()
        self._request_stop = ready.result()

    def stop(self) -> None:
        """Stop serving, whatever is under way, and wait until that is done."""
        with suppress(RuntimeError):  # the loop is closed: stopped already
            self._request_stop()
        if self._thread is not threading.current_thread():
            self._thread.join(_STOP_SECONDS)


def _run(app: ASGIApp, listener: socket.socket, ready: "Future[Callable[[], object]]") -> None:
    asyncio.run(_serve(app, listener, ready))


async def _serve(app: ASGIApp, listener: socket.socket, ready: "Future[Callable[[], object]]") -> None:
    loop, stopping, connections = asyncio.get_running_loop(), asyncio.Event(), ServerState()
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )
    config.load()
    server = await loop.create_server(lambda: _Protocol(config, connections, {}), sock=listener)
    ready.set_result(lambda: loop.call_soon_threadsafe(stopping.set))
    await stopping.wait()
    await _abort_all(connections)
    server.close()  # not before: a connection that is half accepted would be lost, and never closed
    await _abort_all(connections)
    # asyncio.run cancels the calls that are under way, and waits for them.


async def _abort_all(connections: ServerState) -> None:
    for _ in range(_CLOSING_TURNS):
        for connection in list(connections.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
