"""The search finds what it looks for: without this, the other tests here would prove nothing."""

from __future__ import annotations

import logging
import os
from urllib.parse import quote

import pytest
import requests

import toastnb as tn
from tests.redaction.canary import APPKEY, MARK, PASSWORD, PRIVATE_KEY, TOKEN, connect, shown_by, shown_by_tools
from tests.transport.hostile import Hostile, nothing


def leak_in_a_variable() -> None:
    held = [PASSWORD]
    raise ValueError(len(held))


def leak_in_the_cause() -> None:
    try:
        leak_in_a_variable()
    except ValueError as error:
        raise RuntimeError("something else") from error


def leak_in_the_context() -> None:
    try:
        leak_in_a_variable()
    except ValueError:
        raise RuntimeError("something else") from None


def leak_in_the_arguments() -> None:
    raise ValueError(TOKEN)


def leak_in_an_attribute() -> None:
    error = ValueError()
    error.request = {"url": quote(APPKEY)}
    raise error


LEAKS = [
    leak_in_a_variable,
    leak_in_the_cause,
    leak_in_the_context,
    leak_in_the_arguments,
    leak_in_an_attribute,
]


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_secret_is_found(leak: object) -> None:
    with pytest.raises((ValueError, RuntimeError)) as caught:
        leak()
    assert MARK in shown_by(caught.value)


@pytest.mark.parametrize("leak", [leak_in_a_variable, leak_in_the_cause])
def test_a_planted_secret_is_found_by_the_tools(leak: object) -> None:
    with pytest.raises((ValueError, RuntimeError)) as caught:
        leak()
    assert MARK in shown_by_tools(caught.value)


def test_requests_by_itself_shows_the_url(logged: list[str]) -> None:
    with Hostile() as gone:
        base_url = gone.base_url
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(f"{base_url}/v1.0/appkeys/{quote(APPKEY, safe='')}/flavors", timeout=5)
    assert MARK in shown_by(caught.value)
    logged.clear()


@pytest.mark.parametrize("secret", [APPKEY, PASSWORD, TOKEN, PRIVATE_KEY], ids=["a", "p", "t", "k"])
def test_each_secret_has_the_mark_however_it_is_written(secret: str) -> None:
    for form in (secret, quote(secret), repr(secret), secret.encode().decode("latin-1")):
        assert MARK in form


def test_a_planted_log_record_is_found(logged: list[str]) -> None:
    logging.getLogger("somebody.else").debug("here is %s", PASSWORD)
    assert MARK in "".join(logged)
    logged.clear()


def test_what_the_http_library_logs_is_seen(hostile: Hostile, logged: list[str]) -> None:
    hostile.on("GET flavors", nothing())
    with connect(hostile.base_url) as toast:
        toast.flavors()
    assert "GET /compute/v1.0/appkeys/***/flavors" in "".join(logged)


@pytest.mark.parametrize("stream", [1, 2], ids=["stdout", "stderr"])
def test_what_is_printed_is_seen(capfd: pytest.CaptureFixture[str], stream: int) -> None:
    os.write(stream, PASSWORD.encode())
    assert MARK in "".join(capfd.readouterr())


def test_the_frames_above_the_sealed_ones_are_there(sandbox: tn.Sandbox) -> None:
    sandbox.fault("GET flavors", "code", code=-4)
    with tn.connect(sandbox) as toast, pytest.raises(tn.InvalidInput) as caught:
        toast.flavors()
    assert "in flavors" in shown_by(caught.value)
