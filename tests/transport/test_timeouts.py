"""Every exchange ends by its timeout, however the service spends the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

import toastnb as tn
from tests.transport.conftest import Connect
from tests.transport.hostile import Hostile, Step, answer, dripping, html, silence
from toastnb.api import Api

Fails = Callable[..., tn.ToastError]
TIMEOUT = 0.25
SOON = 5.0  # a client without a limit of its own ends after 15 s
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW: dict[str, Step] = {
    "silence": silence,
    "silence after the status": dripping(HEAD, b"", 60),
    "drips its status line": dripping(b"H", b"T"),
    "drips headers": dripping(HEAD, b"X: y\r\n"),
    "drips one header": dripping(HEAD + b"X: ", b"y"),
    "drips its body": dripping(HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "drips chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "drips a body without end": dripping(HEAD + b"\r\n", b" "),
    "promises to go on": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.001),
    "gives hints": dripping(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100, 0.001),
}


@pytest.fixture(autouse=True)
def _an_end(hostile: Hostile) -> Iterator[None]:
    """A client that would wait for ever is told otherwise, so that the test fails."""
    timer = threading.Timer(15, hostile.end)
    timer.start()
    yield
    timer.cancel()
    timer.join()


@pytest.fixture
def hurried(hostile: Hostile, connect: Connect) -> Api:
    return connect(hostile.base_url, timeout=TIMEOUT)


@pytest.mark.parametrize(
    ("call", "how"),
    [
        *(("GET flavors", how) for how in SLOW),
        *(("DELETE instances", how) for how in SLOW),
        ("POST tokens", "silence"),
        ("POST tokens", "drips its body"),
    ],
)
def test_a_slow_answer_ends_by_the_timeout(hostile: Hostile, hurried: Api, fails: Fails, call: str, how: str) -> None:
    hostile.on(call, SLOW[how])
    write = call == "DELETE instances"
    start = time.monotonic()
    error = fails((lambda: hurried.delete_instance("i-1")) if write else hurried.flavors, tn.DeadlineExceeded)
    assert time.monotonic() - start < TIMEOUT + SOON
    assert isinstance(error, TimeoutError)
    assert error.may_have_happened is write
    assert "did not answer in full within 0.25 s" in str(error)
    assert len(hostile.calls(call)) == 1


def test_the_timeout_spans_all_attempts_of_a_read(hostile: Hostile, hurried: Api) -> None:
    hostile.on("GET flavors", html(503), html(503), silence)
    start = time.monotonic()
    with pytest.raises((tn.DeadlineExceeded, tn.ServiceFailure)):
        hurried.flavors()
    assert time.monotonic() - start < TIMEOUT + 1


def test_the_timeout_spans_a_new_sign_in(hostile: Hostile, hurried: Api, fails: Fails) -> None:
    refused = answer(header={"isSuccessful": False, "resultCode": -3, "resultMessage": "expired"})
    hostile.on("GET flavors", answer(flavors=[]), refused)
    hurried.flavors()
    hostile.on("POST tokens", silence)
    start = time.monotonic()
    fails(hurried.flavors, tn.DeadlineExceeded)
    assert time.monotonic() - start < TIMEOUT + SOON


def test_threads_that_wait_for_another_threads_sign_in_end_too(hostile: Hostile, hurried: Api) -> None:
    hostile.on("POST tokens", silence)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            hurried.flavors()
        except tn.ToastError as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert time.monotonic() - start < 2 * TIMEOUT + SOON
    assert [type(error) for error in errors] == [tn.DeadlineExceeded] * 8


def test_a_timed_out_connection_is_not_used_again(hostile: Hostile, hurried: Api, fails: Fails) -> None:
    late = answer(flavors=[{"id": "late"}])

    def too_late(connection: object, request: object) -> bool:
        request.over.wait(TIMEOUT * 1.5)
        return late(connection, request)

    hostile.on("GET flavors", too_late, answer(flavors=[{"id": "fresh"}]))
    fails(hurried.flavors, tn.DeadlineExceeded)
    assert [flavor.id for flavor in hurried.flavors()] == ["fresh"]


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 86_401])
def test_a_timeout_that_is_none_is_refused(hostile: Hostile, timeout: float) -> None:
    with pytest.raises(tn.InvalidInput, match="timeout"):
        tn.connect(
            appkey="an-appkey",
            username="u",
            password="a-password",
            base_url=hostile.base_url,
            timeout=timeout,
        )
