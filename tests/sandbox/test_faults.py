"""Things that go wrong on request."""

from __future__ import annotations

import http.client
import time
from typing import Any

import pytest
import requests

from tests.sandbox.support import UNKNOWN, Client
from toastnb.sandbox.faults import Faults


def test_a_code_is_answered_in_the_envelope_without_carrying_out(instant: Client) -> None:
    before = instant.details()
    instant.sandbox.fault("POST instances", "code", code=-6, message="Failed to query internal db")
    assert instant.refused(-6, "POST", "instances", instant.new_instance()) == "Failed to query internal db"
    assert instant.details() == before
    instant.create()


def test_a_fault_comes_before_the_token_is_looked_at(instant: Client) -> None:
    instant.sandbox.fault("*", "code", code=-3, message="Permission denied")
    instant.session.headers["X-Auth-Token"] = UNKNOWN
    assert instant.refused(-3, "GET", "flavors") == "Permission denied"


def test_a_status_is_answered_as_by_a_gateway(instant: Client) -> None:
    instant.sandbox.fault("GET flavors", "status", status=502, body="<h1>Bad Gateway</h1>")
    answer = instant.send("GET", "flavors")
    assert (answer.status_code, answer.text) == (502, "<h1>Bad Gateway</h1>")
    assert answer.headers["content-type"] == "text/html"


def test_a_redirect(instant: Client) -> None:
    headers = {"Location": "http://elsewhere.example/", "Content-Type": "text/plain"}
    instant.sandbox.fault("GET flavors", "status", status=302, headers=headers)
    answer = instant.send("GET", "flavors", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "http://elsewhere.example/")
    assert answer.headers["content-type"] == "text/plain"


@pytest.mark.parametrize("body", ["<html>로그인</html>", b"\xff\xfe\x00", b""])
def test_any_body_instead_of_the_answer(instant: Client, body: str | bytes) -> None:
    instant.sandbox.fault("GET flavors", "body", body=body, content_type="text/html;charset=UTF-8")
    answer = instant.send("GET", "flavors")
    assert answer.status_code == 200
    assert answer.content == (body.encode() if isinstance(body, str) else body)
    assert answer.headers["content-type"] == "text/html;charset=UTF-8"


@pytest.mark.parametrize("size", [0, 20, 10**9])
def test_a_truncated_answer_was_carried_out(instant: Client, size: int) -> None:
    before = len(instant.details())
    body = instant.new_instance()
    instant.sandbox.fault("POST instances", "truncate", size=size)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        instant.send("POST", "instances", body)
    assert len(instant.details()) == before + 1


def test_a_truncated_answer_begins_like_the_real_one(instant: Client) -> None:
    whole = instant.send("GET", "flavors").content
    instant.sandbox.fault("GET flavors", "truncate", size=30)
    connection = http.client.HTTPConnection("127.0.0.1", instant.sandbox.port, timeout=20)
    token = str(instant.session.headers["X-Auth-Token"])
    path = instant.url("flavors").split(str(instant.sandbox.port))[1]
    connection.request("GET", path, headers={"X-Auth-Token": token})
    answer = connection.getresponse()
    assert answer.headers["content-length"] == str(len(whole))
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert caught.value.partial == whole[:30]
    connection.close()


@pytest.mark.parametrize("after", [False, True])
def test_a_reset_before_or_after_carrying_out(instant: Client, after: bool) -> None:
    before = len(instant.details())
    body = instant.new_instance()
    instant.sandbox.fault("POST instances", "reset", after=after)
    with pytest.raises(requests.ConnectionError):
        instant.send("POST", "instances", body)
    assert len(instant.details()) == before + after
    assert instant.sandbox.calls["POST instances"] == 1


def test_a_delay_holds_up_one_call_and_no_other(instant: Client) -> None:
    instant.sandbox.fault("GET flavors", "delay", seconds=0.2)
    began = time.monotonic()
    instant.ok("GET", "flavors")
    assert time.monotonic() - began >= 0.2
    instant.sandbox.fault("GET flavors", "delay", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        instant.session.get(instant.url("flavors"), timeout=0.2)
    instant.ok("GET", "flavors")


def test_faults_are_used_up(instant: Client) -> None:
    instant.sandbox.fault("GET flavors", "code", code=-6, times=2)
    for _ in range(2):
        instant.refused(-6, "GET", "flavors")
    instant.ok("GET", "flavors")


def test_a_fault_without_end_ends_when_cleared(instant: Client) -> None:
    instant.sandbox.fault("*", "code", code=-6, times=None)
    for _ in range(5):
        instant.refused(-6, "GET", "flavors")
    instant.sandbox.clear_faults()
    instant.ok("GET", "flavors")


def test_the_first_that_matches_is_used(instant: Client) -> None:
    instant.sandbox.fault("GET flavors", "code", code=-5)
    instant.sandbox.fault("GET *", "code", code=-6)
    assert instant.refused(-5, "GET", "flavors")
    assert instant.refused(-6, "GET", "flavors")
    instant.ok("GET", "flavors")


@pytest.mark.parametrize(
    ("match", "hit", "missed"),
    [
        ("GET instances", "GET instances", "GET instances-detail"),
        ("POST instances/*/action", "POST instances/abc/action", "POST instances/abc/attachments"),
        ("* keypairs", "DELETE keypairs", "DELETE images"),
        ("*", "GET anything", ""),
    ],
)
def test_what_matches(match: str, hit: str, missed: str) -> None:
    faults = Faults()
    faults.add(match, "code", details={})
    if missed:
        assert faults.take(missed) is None
    assert faults.take(hit) is not None
    assert faults.take(hit) is None


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("nonsense", {}),
        ("code", {"code": "x"}),
        ("code", {"status": 500}),
        ("status", {"status": 99}),
        ("status", {"headers": {"Retry-After": 5}}),
        ("truncate", {"size": -1}),
        ("reset", {"after": "yes"}),
        ("delay", {"seconds": -1}),
        ("delay", {"times": 0}),
        ("delay", {"times": "many"}),
        ("build-error", {"code": 1}),
    ],
)
def test_a_fault_that_makes_no_sense(instant: Client, kind: str, details: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="fault"):
        instant.sandbox.fault("*", kind, **details)
    instant.ok("GET", "flavors")
