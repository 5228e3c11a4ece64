"""Stores on object storage, and many projects, when the wire fails: a clear error, in time, nothing half there."""

from __future__ import annotations

import http.client
import os
import socket
import struct
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import fsspec
import pytest
import s3fs
import tenacity

import toastnb as tn
from tests.history.conftest import _object_storage, object_storage  # noqa: F401 - fixtures
from tests.history.stores import account, counts, rows_by_toastnb
from toastnb import transport

HURRY = 0.5  # seconds without an answer
FAULTS = ("500", "reset", "hang")


class Between(ThreadingHTTPServer):
    """Hands requests on to object storage, but for those that a fault strikes: writes from a number on, or all."""

    daemon_threads = True

    def __init__(self, storage: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.storage = urlsplit(storage).netloc
        self.fault, self.first, self.writes, self.struck = "", 0, 0, 0
        self.over = Event()

    def strikes(self, method: str) -> bool:
        self.writes += method == "PUT"
        struck = bool(self.fault) and (not self.first or (method == "PUT" and self.writes >= self.first))
        self.struck += struck
        return struck


class _Handler(BaseHTTPRequestHandler):
    server: Between
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.strikes(self.command):
            self._fail()
            return
        onward = http.client.HTTPConnection(self.server.storage, timeout=20)
        onward.request(self.command, self.path, body, dict(self.headers))
        answer = onward.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content)
        onward.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815

    def _fail(self) -> None:
        self.close_connection = True
        if self.server.fault == "500":
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.server.fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.server.over.wait(30)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def between(object_storage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:  # noqa: F811
    kinds = fsspec.get_filesystem_class("s3")
    kinds.clear_instance_cache()
    with Between(os.environ["AWS_ENDPOINT_URL"]) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
        monkeypatch.setattr(s3fs.S3FileSystem, "read_timeout", HURRY)
        yield server
        server.over.set()
        server.shutdown()
    kinds.clear_instance_cache()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_fails_is_an_error_of_ours_in_time(between: Between, object_storage: str, fault: str) -> None:  # noqa: F811
    between.fault = fault
    works = (tn.history.open_store, tn.history.compact, lambda store: tn.history.record(account(), store))
    for work in works:
        between.struck = 0
        start = time.monotonic()
        with pytest.raises(tn.ServiceFailure, match=r"Using the history s3://.*: it cannot be listed: ") as caught:
            work(object_storage)
        assert time.monotonic() - start < 10
        assert 1 <= between.struck <= 4  # what botocore repeats is not repeated once more
        assert "a-secret-access-key" not in str(caught.value)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("first", [1, 3])
def test_a_snapshot_whose_writing_fails_is_not_there(
    between: Between,
    object_storage: str,  # noqa: F811
    fault: str,
    first: int,
) -> None:
    tn.history.record(account(2), object_storage, at="2025-04-01", project="shop")
    before = rows_by_toastnb(object_storage)
    between.fault, between.first, between.writes = fault, first, 0
    with pytest.raises(tn.ServiceFailure, match="it cannot be written"):
        tn.history.record(account(5), object_storage, at="2025-05-01", project="shop")
    assert between.struck
    between.fault = ""
    assert rows_by_toastnb(object_storage) == before
    tn.history.record(account(5), object_storage, at="2025-05-01", project="shop")
    after = rows_by_toastnb(object_storage)
    assert after == before | {max(after): counts(account(5))}


READS = [
    *("availability_zones", "flavors", "floating_ips", "images", "instances", "instances_detail", "keypairs"),
    *("networks", "security_groups", "subnets", "volumes"),
]


@pytest.fixture(scope="module")
def good() -> Iterator[tn.Sandbox]:
    with tn.Sandbox(instances=3, instant=True) as sandbox:
        yield sandbox


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[tn.Sandbox]:
    monkeypatch.setattr(transport, "BACKOFF", tenacity.wait_none())
    with tn.Sandbox(instances=3, instant=True) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("kind", "details", "reads", "error"),
    [
        ("reset", {}, READS, "NetworkFailure"),
        ("status", {"status": 500}, READS[:2], "ServiceFailure"),
        ("delay", {"seconds": 3}, READS[:2], "DeadlineExceeded"),
    ],
)
def test_a_project_that_fails_is_a_row_in_time_and_the_others_are_read(
    good: tn.Sandbox, bad: tn.Sandbox, kind: str, details: dict[str, Any], reads: list[str], error: str
) -> None:
    bad.fault("GET *", kind, times=None, **details)
    with tn.connect_many({"good": good, "bad": bad}, timeout=1.5) as projects:
        for name in reads:
            start = time.monotonic()
            with pytest.warns(UserWarning, match="bad"):
                table = getattr(projects, name)()
            assert time.monotonic() - start < 10
            assert table["project"].unique().tolist() == ["good"]
            [failure] = projects.failures.to_dict("records")
            assert (failure["project"], failure["call"], failure["kind"]) == ("bad", name, error)
