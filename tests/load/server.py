"""A sandbox in a process of its own, and one connection to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]


class Server:
    """`toastnb sandbox --instant`, from `with` on."""

    def __init__(self, instances: int = 150) -> None:
        command = [sys.executable, "-m", "toastnb.cli", "sandbox", "--instant", "--json", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--instances", str(instances)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        self.accepts: Json = json.loads(self.process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def memory_mb(self) -> float:
        """Return what the process holds in RAM."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024

    def end(self, seconds: float = 10.0) -> tuple[int, str]:
        """Ask it to end, and return its exit code and what it said on stderr."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=seconds)
        return self.process.returncode, said


class Line:
    """One connection, kept open, over which calls go one after the other."""

    def __init__(self, server: Server) -> None:
        where = urlsplit(server.accepts["base_url"])
        self._accepts = server.accepts
        self._prefix = f"{where.path}/v1.0/appkeys/{server.accepts['appkey']}/"
        self._http = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        self._headers = {"Content-Type": "application/json;charset=UTF-8"}
        self.sent = 0

    def sign_in(self) -> None:
        auth = {name: self._accepts[name] for name in ("username", "password")}
        answer = self.call("POST", "tokens", {"auth": auth})
        self._headers["X-Auth-Token"] = answer["access"]["token"]["id"]

    def call(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """Return the answer in its envelope; what is not HTTP 200 with JSON is a `ValueError`."""
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return self._answer(method, f"{self._prefix}{path}{'?' * bool(asked)}{asked}", body)

    def control(self, path: str) -> Json:
        """Ask the control plane."""
        return self._answer("GET", f"/_sandbox/{path}", None)

    def listing(self, path: str) -> list[Json]:
        answer = self.call("GET", path)
        return next(value for name, value in answer.items() if name != "header")

    def close(self) -> None:
        self._http.close()

    def _answer(self, method: str, target: str, body: Json | None) -> Json:
        self._http.request(method, target, None if body is None else json.dumps(body), self._headers)
        self.sent += target.startswith(self._prefix)
        response = self._http.getresponse()
        content = response.read()
        if response.status != 200:
            raise ValueError(f"HTTP {response.status} to {method} {target.removeprefix(self._prefix)}")
        answer: Json = json.loads(content)
        return answer
