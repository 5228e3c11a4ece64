"""Serves one account's answers ready-made from a process of its own, so that only the reading side is measured.

Run as ``python -m benchmarks.server N``: it fetches each answer once from a sandbox of N instances, prints its port,
and serves until its standard input closes.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import requests

from toastnb import Sandbox

_READS = (
    "availability-zones",
    "flavors",
    "instances-detail",
    "keypairs",
    "images",
    "networks",
    "subnets",
    "security-groups",
    "floating-ips",
    "volumes",
)


def answers(instances: int) -> dict[str, bytes]:
    """Return the body of every read, and of the token call, by the last part of its path."""
    with Sandbox(instances=instances, token_lifetime=10**6) as sandbox:
        base = f"{sandbox.base_url}/v1.0/appkeys/{sandbox.appkey}"
        credentials = {"auth": {"username": sandbox.username, "password": sandbox.password}}
        signed_in = requests.post(f"{base}/tokens", json=credentials, timeout=60)
        headers = {"X-Auth-Token": signed_in.json()["access"]["token"]["id"]}
        bodies = {"tokens": signed_in.content}
        for read in _READS:
            bodies[read] = requests.get(f"{base}/{read}", headers=headers, timeout=600).content
    return bodies


def serve(bodies: dict[str, bytes]) -> None:
    """Serve until standard input closes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = bodies[urlsplit(self.path).path.rpartition("/")[2]]
            self.send_response(200)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, len(bodies["instances-detail"]), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve(answers(int(sys.argv[1])))
