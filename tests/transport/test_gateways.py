"""Answers of something in between: a proxy, a gateway, a wrong URL. Reads recover; a write is sent exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

import toastnb as tn
from tests.transport.hostile import Hostile, Step, answer, cut_short, hang_up, html, http, refusal, reset, token
from toastnb.api import Api

Fails = Callable[..., tn.ToastError]
FLAVORS = answer(flavors=[{"id": "f-1"}])
PASSING: dict[str, Step] = {
    "502": html(502),
    "503": html(503, Retry_After="0"),
    "504": html(504),
    "500": html(500),
    "429": html(429, Retry_After="86400"),
    "reset": reset,
    "closed without an answer": hang_up,
    "cut short": cut_short(flavors=[{"id": "f-1"}]),
}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.usefixtures("no_backoff")
def test_a_read_recovers_when_the_fault_passes(hostile: Hostile, client: Api, fault: str) -> None:
    hostile.on("GET flavors", PASSING[fault], PASSING[fault], FLAVORS)
    assert [flavor.id for flavor in client.flavors()] == ["f-1"]
    assert len(hostile.calls("GET flavors")) == 3


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.usefixtures("no_backoff")
def test_a_read_is_not_tried_for_ever(hostile: Hostile, client: Api, fails: Fails, fault: str) -> None:
    hostile.on("GET flavors", PASSING[fault])
    kind = tn.ServiceFailure if fault.isdigit() else tn.NetworkFailure
    error = fails(client.flavors, kind)
    assert not error.may_have_happened
    assert len(hostile.calls("GET flavors")) == 4


def test_repetitions_wait_longer_and_longer(hostile: Hostile, client: Api) -> None:
    hostile.on("GET flavors", html(503), html(503), html(503), FLAVORS)
    start = time.monotonic()
    client.flavors()
    assert 0.2 + 0.4 + 0.8 <= time.monotonic() - start < 10


@pytest.mark.usefixtures("no_backoff")
def test_connections_that_break_at_once_are_made_again_for_a_read(hostile: Hostile, client: Api) -> None:
    hostile.on("GET flavors", FLAVORS)
    hostile.reset_connections(2)
    assert client.flavors()
    assert hostile.connections == 3


WRITES: dict[str, Callable[[Api], object]] = {
    "POST instances/i-1/action": lambda api: api.stop("i-1"),
    "DELETE instances": lambda api: api.delete_instance("i-1"),
    "POST keypairs": lambda api: api.create_keypair("ops"),
}
# what is answered to a write -> the kind of error, and whether the write may have happened
FATES: dict[str, tuple[Step, type[tn.ToastError], bool]] = {
    "200": (html(200), tn.BadAnswer, True),
    "400": (html(400), tn.BadAnswer, False),
    "403": (html(403), tn.BadAnswer, False),
    "404": (html(404), tn.BadAnswer, False),
    "429": (html(429), tn.ServiceFailure, False),
    "500": (html(500), tn.ServiceFailure, True),
    "502": (html(502), tn.ServiceFailure, True),
    "503": (html(503, Retry_After="0"), tn.ServiceFailure, True),
    "504": (html(504), tn.ServiceFailure, True),
    "reset": (reset, tn.NetworkFailure, True),
    "closed": (hang_up, tn.NetworkFailure, True),
    "cut short": (cut_short(), tn.NetworkFailure, True),
    "no JSON": (http("hello"), tn.BadAnswer, True),
    "nothing": (http(""), tn.BadAnswer, True),
    "no envelope": (http("{}"), tn.BadAnswer, True),
}


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("write", WRITES)
def test_a_write_is_sent_once_and_says_whether_it_may_have_happened(
    hostile: Hostile, client: Api, fails: Fails, write: str, fate: str
) -> None:
    step, kind, fate_open = FATES[fate]
    hostile.on(write, step, answer(keypair={"name": "ops"}))
    error = fails(lambda: WRITES[write](client), kind)
    assert error.may_have_happened is fate_open
    assert ("It may have been carried out all the same" in str(error)) is fate_open
    assert len(hostile.calls(write)) == 1


@pytest.mark.parametrize("part", [{}, {"keypair": None}, {"keypair": {"name": 5}}], ids=str)
def test_a_write_that_succeeded_with_an_unreadable_answer_may_have_happened(
    hostile: Hostile, client: Api, fails: Fails, part: dict[str, object]
) -> None:
    hostile.on("POST keypairs", answer(**part))
    error = fails(lambda: client.create_keypair("ops"), tn.BadAnswer)
    assert error.may_have_happened
    assert "It may have been carried out all the same" in str(error)
    assert "keypair" in str(error)
    assert len(hostile.calls("POST keypairs")) == 1


def test_a_write_on_a_kept_connection_that_is_closed_meanwhile_is_sent_once(
    hostile: Hostile, client: Api, fails: Fails
) -> None:
    hostile.on("GET flavors", FLAVORS)
    client.flavors()
    hostile.on("DELETE instances", hang_up)
    error = fails(lambda: client.delete_instance("i-1"), tn.NetworkFailure)
    assert error.may_have_happened
    assert hostile.connections == 1  # it went over the kept connection, and over no other
    assert len(hostile.calls("DELETE instances")) == 1


def test_html_in_the_place_of_an_answer_says_what_came(hostile: Hostile, client: Api, fails: Fails) -> None:
    hostile.on("GET flavors", html(200))
    message = str(fails(client.flavors, tn.BadAnswer))
    assert message.startswith("Reading flavors: HTTP 200 with text/html (")
    assert "base_url" in message
    hostile.on("GET flavors", html(404))
    assert "HTTP 404 with text/html" in str(fails(client.flavors, tn.BadAnswer))
    assert len(hostile.calls("GET flavors")) == 2


@pytest.mark.parametrize("status", [200, 400, 404, 500, 503])
def test_the_envelope_decides_and_not_the_status(hostile: Hostile, client: Api, fails: Fails, status: int) -> None:
    hostile.on("GET flavors", refusal(11404, status=status))
    assert fails(client.flavors, tn.NotFound).code == 11404
    hostile.on("GET flavors", answer(status, flavors=[{"id": "f-1"}]))
    assert client.flavors()[0].id == "f-1"


def test_a_refusal_needs_no_parts_of_the_answer(hostile: Hostile, client: Api, fails: Fails) -> None:
    hostile.on("POST keypairs", refusal(13409, "exists"))
    error = fails(lambda: client.create_keypair("ops"), tn.Conflict)
    assert (error.code, error.may_have_happened) == (13409, False)


@pytest.mark.usefixtures("no_backoff")
def test_the_sign_in_is_repeated_when_a_gateway_fails_but_not_when_it_is_refused(
    hostile: Hostile, client: Api, fails: Fails
) -> None:
    hostile.on("POST tokens", html(502), html(503), refusal(-1))
    fails(client.flavors, tn.CredentialsError)
    assert len(hostile.calls("POST tokens")) == 3
    assert hostile.calls("GET flavors") == []


@pytest.mark.parametrize("code", [-2, -6, -7, 20503, 50500, 10429, 20408])
def test_a_service_that_fails_at_sign_in_has_not_refused_it(
    hostile: Hostile, client: Api, fails: Fails, code: int
) -> None:
    hostile.on("POST tokens", refusal(code), token())
    error = fails(lambda: client.stop("i-1"), tn.ServiceFailure)
    assert (error.code, error.may_have_happened) == (code, False)
    assert "password" not in str(error)
    client.stop("i-1")
    assert [request.call for request in hostile.received[:2]] == ["POST tokens"] * 2


@pytest.mark.parametrize("code", [-1, -3, -4, -5, -8, 50400, 50401, 50403, 50404, 401, 7])
def test_any_other_code_refuses_a_sign_in_and_ends_it(hostile: Hostile, client: Api, fails: Fails, code: int) -> None:
    hostile.on("POST tokens", refusal(code))
    assert fails(client.flavors, tn.CredentialsError).code == code
    fails(client.flavors, tn.CredentialsError)
    assert len(hostile.received) == 1


@pytest.mark.parametrize("code", [10409, -2, -3, 99999])
def test_success_with_the_code_of_a_failure_is_neither(hostile: Hostile, client: Api, fails: Fails, code: int) -> None:
    hostile.on("*", answer(header={"isSuccessful": True, "resultCode": code, "resultMessage": "well"}, flavors=[]))
    error = fails(lambda: client.stop("i-1"), tn.BadAnswer)
    assert error.may_have_happened
    assert f"it succeeded, and that it failed with {code} (well)" in str(error)
    assert not fails(client.flavors, tn.BadAnswer).may_have_happened
    assert len(hostile.received) == 3


@pytest.mark.parametrize("code", [0, 1, 200])
def test_success_with_another_code_is_success(hostile: Hostile, client: Api, code: int) -> None:
    hostile.on("*", answer(header={"isSuccessful": True, "resultCode": code, "resultMessage": "well"}, flavors=[]))
    assert client.flavors() == []
