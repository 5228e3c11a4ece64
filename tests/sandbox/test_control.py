"""The control plane: over HTTP and in Python, the same."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import pytest
import requests

from tests.sandbox.support import Client
from toastnb.sandbox import Sandbox


def control(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    url = client.sandbox.base_url.removesuffix("/compute") + "/_sandbox/" + path
    answer = requests.request(method, url, json=body, timeout=20)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    return answer.json()


def test_reset_goes_back_to_the_start(timed: Client) -> None:
    start = timed.details()
    timed.create()
    timed.sandbox.advance(500)
    timed.sandbox.latency = 0.01
    timed.sandbox.fault("*", "delay", times=None, seconds=0)
    control(timed, "POST", "reset")
    assert timed.sandbox.latency == 0
    assert timed.sandbox.calls == Counter()
    assert control(timed, "GET", "faults") == []
    assert control(timed, "GET", "clock")["now"].startswith("2026-01-01T00:00:0")
    timed.refused(-3, "GET", "flavors")
    timed.sign_in()
    assert timed.details() == start


def test_reset_forgets_what_was_to_come(timed: Client) -> None:
    start = timed.details()
    timed.create()
    timed.sandbox.reset()
    timed.sign_in()
    timed.sandbox.advance(60)
    assert timed.details() == start


def test_faults_over_http(instant: Client) -> None:
    listed = control(instant, "POST", "faults", {"match": "GET flavors", "kind": "code", "code": -6, "message": "x"})
    assert listed == [{"match": "GET flavors", "kind": "code", "times": 1}]
    body = {"match": "GET images", "kind": "body", "body": "한글", "content_type": "text/plain", "times": None}
    assert len(control(instant, "POST", "faults", body)) == 2
    instant.refused(-6, "GET", "flavors")
    assert instant.send("GET", "images").content == "한글".encode()
    assert control(instant, "GET", "faults") == [{"match": "GET images", "kind": "body", "times": None}]
    control(instant, "DELETE", "faults")
    instant.ok("GET", "images")


def test_the_clock_over_http(timed: Client) -> None:
    identifier = timed.create()
    assert control(timed, "POST", "clock", {"advance": 86400})["now"].startswith("2026-01-02T00:00:0")
    timed.sign_in()
    assert timed.status(identifier) == "ACTIVE"
    assert control(timed, "GET", "clock")["now"].startswith("2026-01-02T00:00:0")


def test_the_clock_ticks(timed: Client) -> None:
    before = control(timed, "GET", "clock")["now"]
    assert control(timed, "GET", "clock")["now"] > before


def test_latency_holds_up_each_call_but_not_the_others(instant: Client) -> None:
    assert control(instant, "POST", "latency", {"seconds": 0.5}) == {"seconds": 0.5}
    assert control(instant, "GET", "latency") == {"seconds": 0.5}
    assert instant.sandbox.latency == 0.5
    headers = dict(instant.session.headers)
    url = instant.url("flavors")
    threads = [threading.Thread(target=requests.get, args=(url,), kwargs={"headers": headers}) for _ in range(10)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.5 <= time.monotonic() - began < 10 * 0.5 * 0.9


def test_calls_are_counted_refused_ones_too(instant: Client) -> None:
    identifier = instant.create()
    instant.act(identifier, "stop")
    instant.act_refused(10409, identifier, "stop")
    instant.refused(-7, "GET", "nothing")
    calls = instant.sandbox.calls
    assert (calls["POST instances"], calls["POST instances/*/action"], calls["GET nothing"]) == (1, 2, 1)
    assert control(instant, "GET", "calls") == calls
    calls["POST instances"] = 99
    assert instant.sandbox.calls["POST instances"] == 1


def test_the_state_over_http_is_a_state_file(timed: Client, tmp_path: Any) -> None:
    timed.create()
    file = tmp_path / "state.json"
    url = timed.sandbox.base_url.removesuffix("/compute") + "/_sandbox/state"
    file.write_bytes(requests.get(url, timeout=20).content)
    assert len(timed.details()) == 31
    assert "31 instances" in repr(Sandbox(state=file))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {}),
        ("faults", []),
        ("faults", {"match": "*"}),
        ("faults", {"match": "*", "kind": "nonsense"}),
        ("faults", {"match": 5, "kind": "code"}),
        ("faults", {"match": "*", "kind": 5}),
        ("faults", {"match": "*", "kind": "code", "times": 0}),
        ("faults", {"match": "*", "kind": "code", "surprise": 0}),
        ("latency", {}),
        ("latency", {"seconds": -1}),
        ("latency", {"seconds": "1"}),
        ("latency", {"seconds": 1e9}),
        ("clock", {}),
        ("clock", {"advance": -1}),
        ("clock", {"advance": 1e300}),
        ("clock", {"advance": None}),
        ("clock", "x"),
    ],
)
def test_bad_input_is_explained(instant: Client, path: str, body: Any) -> None:
    assert control(instant, "POST", path, body, status=400)["error"]
    instant.ok("GET", "flavors")


def test_what_is_not_json_is_bad_input(instant: Client) -> None:
    url = instant.sandbox.base_url.removesuffix("/compute") + "/_sandbox/clock"
    for data in (b"", b"{", b"\xff"):
        assert requests.post(url, data=data, timeout=20).status_code == 400


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12, 250e9])
def test_the_clock_only_goes_forward(instant: Client, seconds: float) -> None:
    with pytest.raises(ValueError, match="clock"):
        instant.sandbox.advance(seconds)


@pytest.mark.parametrize("seconds", [-1, float("nan"), 1e9])
def test_a_latency_that_makes_no_sense(instant: Client, seconds: float) -> None:
    with pytest.raises(ValueError, match="latency"):
        instant.sandbox.latency = seconds
