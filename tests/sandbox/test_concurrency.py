"""Many at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.support import Client, serving, signed_in


def at_once(calls: list[Callable[[], int]]) -> Counter[int]:
    """The result codes of calls that start together."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], int]) -> int:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return Counter(pool.map(run, calls))


def code_of(client: Client, method: str, path: str, body: object) -> Callable[[], int]:
    def call() -> int:
        headers = dict(client.session.headers)
        with signed_in(client.sandbox) as own:
            own.session.headers.update(headers)
            return int(own.call(method, path, body)["header"]["resultCode"])

    return call


def test_one_of_competing_attaches_wins(instant: Client) -> None:
    volume = instant.free_volume()
    instances = [instant.create() for _ in range(8)]
    body = {"attachment": {"volumeId": volume}}
    codes = at_once([code_of(instant, "POST", f"instances/{i}/attachments", body) for i in instances])
    assert codes == {0: 1, 40409: 7}
    assert len(instant.volume(volume)["attachments"]) == 1


def test_one_of_competing_keypairs_wins(instant: Client) -> None:
    codes = at_once([code_of(instant, "POST", "keypairs", {"keypair": {"name": "one"}})] * 4)
    assert codes == {0: 1, 13409: 3}


def test_one_of_competing_stops_wins(timed: Client) -> None:
    identifier = timed.create_in("ACTIVE")
    codes = at_once([code_of(timed, "POST", f"instances/{identifier}/action", {"action": "stop"})] * 8)
    assert codes == {0: 1, 10409: 7}
    assert timed.sandbox.calls["POST instances/*/action"] == 8


def test_addresses_are_given_out_once(instant: Client) -> None:
    body = instant.new_instance(networks=[{"id": instant.network("lab-net")}])
    assert at_once([code_of(instant, "POST", "instances", body)] * 8) == {0: 3, 20001: 5}


@pytest.fixture(scope="module")
def large() -> Iterator[Client]:
    with serving(instances=40_000, instant=True) as client:
        yield client


def test_a_small_call_beside_a_large_one_answers_soon(large: Client) -> None:
    answer = large.session.get(large.url("instances-detail"), stream=True, timeout=30)
    with signed_in(large.sandbox) as other:
        began = time.monotonic()
        identifier = other.create()
        assert other.status(identifier) == "ACTIVE"
        assert time.monotonic() - began < 5
    assert len(answer.json()["instances"]) == 40_000


def test_a_long_answer_is_a_picture_of_one_moment(large: Client) -> None:
    instances = large.ok("GET", "instances")["instances"]
    first, last = instances[0], instances[-1]
    answer = large.session.get(large.url("instances-detail"), stream=True, timeout=30)
    with signed_in(large.sandbox) as other:
        for instance in (first, last):
            other.ok("DELETE", "instances", id=instance["id"])
        assert len(other.details()) == len(instances) - 2
    shown = answer.json()["instances"]
    assert [instance["id"] for instance in shown] == [instance["id"] for instance in instances]


def test_the_clock_can_be_moved_while_calls_come_in(timed: Client) -> None:
    ended = threading.Event()

    def move() -> None:
        while not ended.wait(0.001):
            timed.sandbox.advance(0.01)
            _ = timed.sandbox.calls, repr(timed.sandbox)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        for _ in range(30):
            timed.sign_in()
            timed.create()
    finally:
        ended.set()
        mover.join()
