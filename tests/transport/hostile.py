"""A service that misbehaves to order: scripted answers over real sockets, and a record of all that arrived.

A script is a list of steps for one kind of call; each call takes the next step, and the last step stays. A step gets
the open socket and the request, writes what it likes, and answers whether the connection goes on.
"""

from __future__ import annotations

import gzip
import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

APPKEY = "the-appkey"
SUCCESS = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}


@dataclass
class Received:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    over: threading.Event = field(repr=False)

    @property
    def call(self) -> str:
        """Return "METHOD path", the path without what stands before and in the appkey, and without the query."""
        path = self.target.partition("?")[0]
        return f"{self.method} {path.partition('/appkeys/')[2].partition('/')[2]}"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Step = Callable[[socket.socket, Received], bool]


# --- steps ----------


def sent(content: bytes, *, then: str = "close") -> Step:
    """Send bytes, and then "close", "reset" or "keep" the connection."""

    def step(connection: socket.socket, _: Received) -> bool:
        connection.sendall(content)
        if then == "reset":
            _reset(connection)
        return then == "keep"

    return step


def http(body: bytes | str, status: int = 200, content_type: str = "application/json", **headers: str) -> Step:
    """Answer in full, and keep the connection."""
    return sent(http_bytes(body, status, content_type, **headers), then="keep")


def http_bytes(body: bytes | str, status: int = 200, content_type: str = "application/json", **headers: str) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": content_type, "Content-Length": str(len(content))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


def answer(status: int = 200, header: dict[str, Any] | None = None, **parts: Any) -> Step:
    """Answer in the API's envelope."""
    return http(enveloped(header, **parts), status)


def enveloped(header: dict[str, Any] | None = None, **parts: Any) -> str:
    return json.dumps({"header": header or SUCCESS, **parts})


def nothing(**parts: Any) -> Step:
    """Answer any listing of the guide and its siblings, with nothing but what is given."""
    lists = ["zones", "instances", "flavors", "keypairs", "images", "networks", "subnets"]
    empty: dict[str, Any] = {name: [] for name in [*lists, "securityGroups", "floatingips", "volumes"]}
    return answer(**{**empty, **parts})


def refusal(code: int, message: str = "no", status: int = 200) -> Step:
    """Refuse in the API's envelope."""
    return answer(status, {"isSuccessful": False, "resultCode": code, "resultMessage": message})


def token(token_id: str = "the-token", expires: str = "2017-05-16T03:17:50Z", **headers: str) -> Step:
    """Answer a sign-in."""
    issued_at = "2017-05-16T02:17:50.166563"
    access = {
        "token": {"id": token_id, "issued_at": issued_at, "expires": expires},
        "user": {"id": "u-1", "roles": [{"name": "ADMIN"}]},
    }
    return http(enveloped(access=access), **headers)


def html(status: int, **headers: str) -> Step:
    """Answer as a gateway does."""
    page = f"<html><body><h1>{status} from a gateway</h1></body></html>"
    return http(page, status, "text/html; charset=utf-8", **headers)


def zipped(**parts: Any) -> Step:
    content = gzip.compress(json.dumps({"header": SUCCESS, **parts}).encode())
    return http(content, Content_Encoding="gzip")


def cut_short(**parts: Any) -> Step:
    """Announce a whole answer, and send half of it."""
    whole = http_bytes(json.dumps({"header": SUCCESS, **parts}))
    return sent(whole[:-10])


def reset(connection: socket.socket, _: Received) -> bool:
    """Break the connection off without an answer."""
    _reset(connection)
    return False


def hang_up(_: socket.socket, __: Received) -> bool:
    """Close the connection without an answer."""
    return False


def silence(_: socket.socket, request: Received) -> bool:
    """Never answer."""
    request.over.wait()
    return False


def dripping(head: bytes, drop: bytes, pause: float = 0.05) -> Step:
    """Send something at once, and then a bit at a time for ever."""

    def step(connection: socket.socket, request: Received) -> bool:
        connection.sendall(head)
        while not request.over.wait(pause):
            connection.sendall(drop)
        return False

    return step


def tunnel(connection: socket.socket, request: Received, far_away: float = 0.0) -> bool:
    """Answer CONNECT as a proxy does, whatever name was asked for: the port is one of this machine."""
    with socket.create_connection(("127.0.0.1", int(request.target.rpartition(":")[2]))) as far:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        request.over.wait(far_away)
        while not request.over.is_set():
            ready, _, _ = select.select([connection, far], [], [], 0.05)
            for end, other in ((connection, far), (far, connection)):
                if end in ready:
                    content = end.recv(2**16)
                    if not content:
                        return False
                    other.sendall(content)
    return False


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# --- the server ----------


class Hostile:
    """The service. A sign-in is answered properly unless the script says otherwise.

    Parameters
    ----------
    tls : ssl.SSLContext, optional
        To serve over TLS.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._tls = tls
        self._scripts: dict[str, list[Step]] = {"POST tokens": [token()]}
        self._drop_next = 0
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def base_url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/compute"

    def on(self, call: str, *steps: Step) -> None:
        """Script what happens to a kind of call, "*" being all that have no script of their own."""
        self._scripts[call] = list(steps)

    def reset_connections(self, times: int) -> None:
        """Break the next connections off as soon as they are made."""
        self._drop_next = times

    def calls(self, call: str) -> list[Received]:
        """Return what arrived of one kind."""
        return [request for request in self.received if request.call == call]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def end(self) -> None:
        """Break off whatever is under way, and serve no more."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._drop_next:
                self._drop_next -= 1
                _reset(connection)
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls:
                connection.settimeout(5)
                connection = self._tls.wrap_socket(connection, server_side=True)
                connection.settimeout(None)
            self._open.add(connection)
            stream = connection.makefile("rb")
            with stream:
                while (
                    not self._over.is_set()
                    and (request := self._read(stream))
                    and self._step(request)(connection, request)
                ):
                    pass
        self._open.discard(connection)
        connection.close()

    def _read(self, stream: Any) -> Received | None:
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        headers = {}
        while field_line := stream.readline().decode("latin-1").strip():
            name, _, value = field_line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
        request = Received(line[0], line[1], headers, body, self._over)
        self.received.append(request)
        return request

    def _step(self, request: Received) -> Step:
        script = self._scripts.get(request.call) or self._scripts.get("*") or [answer()]
        return script.pop(0) if len(script) > 1 else script[0]
