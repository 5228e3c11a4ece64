"""Answers that are cut at any byte, and answers that would fill the memory."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import toastnb as tn
from tests.faults import matrix
from tests.faults.faults import HEAD, answered, bomb, cut, flood, framed
from tests.faults.matrix import Bench, Site
from tests.faults.proxy import Plan, Proxy, Strike
from tests.transport.hostile import Hostile, http

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with matrix.bench() as bench:
        yield bench


@pytest.fixture(scope="module")
def one_site(bench: Bench) -> Iterator[Site]:
    with Site(bench) as site:
        yield site


@pytest.fixture
def site(one_site: Site) -> Site:
    one_site.rest()
    return one_site


def whole_answer(proxy: Proxy, ask: object, how: str) -> bytes:
    """Return the service's answer to a call, as it is sent when nothing is cut."""
    kept: list[bytes] = []

    def keep(wire: object) -> None:
        kept.append(framed(wire.answer, how))
        wire.client.sendall(kept[-1])

    proxy.plan(Plan(keep, "answer"))
    ask()
    return kept[-1]


def at(byte: int, how: str) -> Plan:
    return Plan(cut(how, lambda _: byte), "answer")


@pytest.mark.parametrize("how", ["length", "chunked", "close"])
def test_a_small_answer_cut_at_any_byte(site: Site, how: str) -> None:
    api = site.api
    id_ = api.instances()[0].id
    size = len(whole_answer(site.proxy, lambda: api.reboot(id_, "HARD"), how))
    body = len(b"\r\n0\r\n\r\n") if how == "chunked" else 0  # where all of the content has come, nothing is missing
    for byte in range(size - body):
        site.proxy.plan(at(byte, how))
        with pytest.raises((tn.NetworkFailure, tn.BadAnswer)) as caught:
            api.reboot(id_, "HARD")
        assert caught.value.may_have_happened, byte
        assert site.proxy.seen.forwarded == [f"POST instances/{id_}/action"]
        if how == "length" and byte > 0:
            assert "cut short" in str(caught.value), byte


@pytest.mark.parametrize("how", ["length", "chunked", "close"])
def test_a_read_whose_answer_is_cut_at_any_byte_is_read_again(site: Site, how: str) -> None:
    api = site.api
    zones = api.availability_zones()
    size = len(whole_answer(site.proxy, api.availability_zones, how))
    for byte in range(size - (len(b"\r\n0\r\n\r\n") if how == "chunked" else 0)):
        plan = at(byte, how)
        plan.times = 1
        site.proxy.plan(plan)
        assert api.availability_zones() == zones, byte
        assert len(site.proxy.seen.forwarded) == 2, byte


@pytest.mark.parametrize("how", ["length", "chunked", "close"])
def test_a_large_answer_cut_anywhere_is_never_taken_for_whole(site: Site, how: str) -> None:
    api = site.api
    size = len(whole_answer(site.proxy, lambda: list(api.instances_detail()), how))
    assert size > 20_000
    for byte in random.Random(5).sample(range(size - 8), 25):
        plan = at(byte, how)
        plan.times = 1
        site.proxy.plan(plan)
        assert len(list(api.instances_detail())) == 40, byte


# --- answers that would fill the memory ----------


@pytest.mark.parametrize(
    ("strike", "said"),
    [
        (answered(bomb()), "unpacks to more than 100 times its size"),
        (answered(HEAD + b"Content-Length: %d\r\n\r\n{" % (matrix.LARGEST + 1)), "larger than 4 MiB"),
        (flood(HEAD + b"\r\n", b" " * 2**16), "larger than 4 MiB"),
        (flood(HEAD, b"X: y\r\n" * 1000), "its head has too many lines"),
        (flood(HEAD + b"X: ", b"y" * 2**16), "a line of its head is too long"),
    ],
    ids=["bomb", "announced", "endless", "lines", "line"],
)
def test_what_is_too_much_is_named(site: Site, strike: Strike, said: str) -> None:
    site.proxy.plan(Plan(strike, "answer"))
    with pytest.raises(tn.BadAnswer, match=said):
        site.api.flavors()


def test_what_inventories_unpack_to_is_read(site: Site) -> None:
    """Forty times its size is what the most alike of inventories come to."""
    noise = random.Random(5).randbytes(2**15).hex().encode()
    text = b'{"header":{"isSuccessful":true,"resultCode":0},"zones":[],"x":"%s"%s}' % (noise, b" " * 45 * 2**15)
    packed = gzip.compress(text)
    assert len(text) > max(matrix.FREE, 35 * len(packed))
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    site.proxy.plan(Plan(answered(head + packed), "answer"))
    assert site.api.availability_zones() == []


BOMB = """
import resource, sys
import toastnb as tn
toast = tn.connect(appkey="an-appkey", username="u", password="a-password", base_url=sys.argv[1], timeout=60)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    toast.flavors()
except tn.BadAnswer as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_bomb_takes_little_memory() -> None:
    """Half a megabyte that unpacks to half a gigabyte, in a process of its own, with the limits that hold in life."""
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blanks = b" " * 2**24
    content = b"".join([packer.compress(blanks) for _ in range(32)] + [packer.flush()])
    with Hostile() as hostile:
        hostile.on("GET flavors", http(content, Content_Encoding="gzip"))
        done = subprocess.run(
            [sys.executable, "-c", BOMB, hostile.base_url],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * 1024 < 160 * 2**20, done.stdout
