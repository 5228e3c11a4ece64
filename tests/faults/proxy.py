"""A proxy between the client and the sandbox that lets one fault strike, over real sockets.

Requests and answers pass byte for byte; what reached the service is counted. A fault strikes at one of four points:
before a request is read, instead of handing it on, or in place of its answer. Names are looked up by `names` below, so
that a name can be unknown, or lead to a port where nobody is.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass
class Wire:
    """What a fault gets hold of: the client's socket, the request as far as it was read, the service's answer."""

    client: socket.socket
    over: threading.Event
    request: bytes = b""
    answer: bytes = b""

    def reset(self) -> None:
        """Break the connection off."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()

    def reset_unread(self) -> None:
        """Break the connection off when something has arrived, without reading it."""
        select.select([self.client], [], [], 5)
        self.reset()

    def drip(self, head: bytes, drop: bytes, pause: float = 0.02) -> None:
        """Send something at once, and then a bit at a time for ever."""
        self.client.sendall(head)
        while not self.over.wait(pause):
            self.client.sendall(drop)


Strike = Callable[[Wire], object]
"""Does what the fault does; the connection is closed after it."""


@dataclass
class Plan:
    """What is to go wrong: with which calls, at which point, and how often.

    Attributes
    ----------
    strike : callable
        What happens.
    where : str
        "certificate" (the one that is shown), "handshake" (before it), "accept" (before a request is read), "first
        line" (after some of it), "request" (read, not handed on) or "answer" (handed on and answered).
    times : int or None
        How often; None is always.
    spared : str
        The call that it is not for; empty for none.
    certificate : ssl.SSLContext, optional
        What is shown instead of the right one.
    """

    strike: Strike
    where: str
    times: int | None = None
    spared: str = "POST tokens"
    certificate: ssl.SSLContext | None = None
    struck: int = 0

    def takes(self, where: str, call: str = "") -> bool:
        """Tell whether it strikes now, and count it."""
        if (
            where != self.where
            or (call and call == self.spared)
            or (self.times is not None and self.struck >= self.times)
        ):
            return False
        self.struck += 1
        return True


@dataclass
class Seen:
    """What the proxy saw."""

    connections: int = 0
    forwarded: list[str] = field(default_factory=list)


class Proxy:
    """The proxy. It starts when it is made, and ends with `end`.

    Parameters
    ----------
    service : int
        The sandbox's port.
    tls : ssl.SSLContext, optional
        To serve over TLS.
    """

    def __init__(self, service: int, tls: ssl.SSLContext | None = None) -> None:
        self.seen = Seen()
        self.total: list[str] = []
        self._service = service
        self._tls = tls
        self._plan: Plan | None = None
        self._over = threading.Event()  # of the plan: ends what drips and what is silent
        self._ended = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def plan(self, plan: Plan | None) -> None:
        """Let a fault strike from now on, on connections that are made from now on, and forget what was seen."""
        over, self._over = self._over, threading.Event()
        self._plan = plan
        over.set()
        with self._lock:
            for client in self._open:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            self._open.clear()
        self.seen = Seen()

    def end(self) -> None:
        """Break off whatever is under way, and serve no more."""
        self._ended = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.plan(None)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.seen.connections += 1
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._carry, args=(client, self._plan, self._over, self.seen), daemon=True)
            self._threads.append(thread)
            with self._lock:
                self._open.add(client)
            thread.start()

    def _carry(self, client: socket.socket, plan: Plan | None, over: threading.Event, seen: Seen) -> None:
        """Serve one connection."""
        raw = client
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._service)) as service:
            service.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            service.settimeout(60)
            if plan and (plan.takes("accept") or plan.takes("handshake")):
                plan.strike(Wire(client, over))
            else:
                if self._tls:
                    wrong = plan.certificate if plan and plan.takes("certificate") else None
                    client = (wrong or self._tls).wrap_socket(client, server_side=True)
                    with self._lock:
                        self._open.add(client)  # in place of the raw one, which it has taken over
                self._serve(client, service, plan, over, seen)
        with self._lock:
            self._open -= {raw, client}
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        client.close()

    def _serve(
        self, client: socket.socket, service: socket.socket, plan: Plan | None, over: threading.Event, seen: Seen
    ) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if plan and plan.where == "first line" and plan.takes("first line"):
            plan.strike(Wire(client, over, client.recv(20)))
            return
        while request := read_message(client):
            call = call_of(request)
            wire = Wire(client, over, request)
            if plan and plan.takes("request", call):
                plan.strike(wire)
                return
            seen.forwarded.append(call)
            self.total.append(call)
            service.sendall(request)
            wire.answer = read_message(service)
            if plan and plan.takes("answer", call):
                plan.strike(wire)
                return
            client.sendall(wire.answer)


def read_message(source: socket.socket) -> bytes:
    """Read a request or an answer, whole, as it is; nothing at the end of the connection."""
    content = bytearray()
    while b"\r\n\r\n" not in content:
        if not (more := source.recv(2**16)):
            return b""
        content += more
    head, _, body = content.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"),
        0,
    )
    while len(body) < length:
        if not (more := source.recv(2**16)):
            return b""
        body += more
    return bytes(head + b"\r\n\r\n" + body)


def call_of(request: bytes) -> str:
    """Return "METHOD path", the path without what stands before and in the appkey, and without the query."""
    method, target, _ = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    return f"{method} {target.partition('?')[0].partition('/appkeys/')[2].partition('/')[2]}"


# --- names ----------


class Names:
    """A name server of our own: every name under ".test" leads to this machine, or where it is told to.

    `routes` has for a host what is done when it is looked up; it returns the address and port to connect to.
    """

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[int], list[tuple[str, int]]]] = {}
        self._look_up = socket.getaddrinfo

    def look_up(self, host: Any, port: Any, *more: Any, **options: Any) -> Any:
        """Stand in for socket.getaddrinfo."""
        route = self.routes.get(host)
        if route is not None:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in route(port)]
        if isinstance(host, str) and host.endswith(".test"):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return self._look_up(host, port, *more, **options)


@contextmanager
def own_names() -> Iterator[Names]:
    """Have names looked up by our own server."""
    names = Names()
    socket.getaddrinfo, before = names.look_up, socket.getaddrinfo
    try:
        yield names
    finally:
        socket.getaddrinfo = before
