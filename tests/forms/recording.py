"""A recorder between a client and a sandbox: it passes everything on, and keeps what arrived."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

import toastnb as tn


@dataclass(frozen=True)
class Arrived:
    """A request as it arrived; its path is below the appkey."""

    method: str
    path: str
    body: bytes

    @property
    def request(self) -> dict[str, Any]:
        """Return it in the form of `Form.request`."""
        return {"method": self.method, "path": self.path, "body": json.loads(self.body) if self.body else None}


class Recorder:
    """A server of its own in front of a sandbox."""

    def __init__(self, sandbox: tn.Sandbox) -> None:
        self.arrived: list[Arrived] = []
        self._sandbox = sandbox
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def connect(self) -> tn.Toast:
        sandbox = self._sandbox
        return tn.connect(
            appkey=sandbox.appkey,
            username=sandbox.username,
            password=sandbox.password,
            base_url=f"http://127.0.0.1:{self._server.server_port}/compute",
            timeout=20,
        )

    @property
    def writes(self) -> list[Arrived]:
        """Return what may have changed something, in the order of arrival."""
        return [one for one in self.arrived if one.method != "GET" and one.path != "tokens"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                path = self.path.partition("/appkeys/")[2].partition("/")[2]
                recorder.arrived.append(Arrived(self.command, path, body))
                status, kind, answer = recorder._passed_on(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_DELETE = pass_on  # noqa: N815 - the library's names

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        return Handler

    def _passed_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        address = urlsplit(self._sandbox.base_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        try:
            connection.request(method, path, body or None, {**headers, "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()
