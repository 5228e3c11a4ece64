"""Small helpers of several tests."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import toastnb as tn

NO_SUCH_ID = "00000000-0000-4000-8000-000000000000"

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something holds; fail when it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def raw_call(sandbox: tn.Sandbox, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Make one call of the API without toastnb's client: sign in, send, and return the JSON as it is."""
    token = _send(sandbox, "POST", "tokens", sign_in_body(sandbox))["access"]["token"]["id"]
    return _send(sandbox, method, path, body, token)


def sign_in_body(sandbox: tn.Sandbox) -> dict[str, Any]:
    return {"auth": {"username": sandbox.username, "password": sandbox.password}}


def _send(sandbox: tn.Sandbox, method: str, path: str, body: Any, token: str = "") -> dict[str, Any]:
    url = f"{sandbox.base_url}/v1.0/appkeys/{sandbox.appkey}/{path}"
    headers = {"X-Auth-Token": token, "Content-Type": "application/json;charset=UTF-8"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
    return answer
