"""Whatever goes wrong with whichever call, no secret shows: not in the error, its chain, its frames, or the logs."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import toastnb as tn
from tests.redaction.canary import (
    APPKEY,
    ECHO,
    MARK,
    PASSWORD,
    PRIVATE_KEY,
    SIGN_IN_ECHO,
    TOKEN,
    connect,
    shown_by,
    shown_by_tools,
)
from tests.redaction.public_calls import CALLS, WRITES
from tests.transport.hostile import (
    SUCCESS,
    Hostile,
    Received,
    Step,
    answer,
    cut_short,
    dripping,
    hang_up,
    html,
    http,
    refusal,
    reset,
    sent,
    silence,
    token,
)

PARTS = [
    "access",
    "zones",
    "instances",
    "instance",
    "attachment",
    "createdImage",
    "flavors",
    "keypairs",
    "keypair",
    "images",
    "networks",
    "subnets",
    "securityGroups",
    "floatingips",
    "volumes",
]
FAULTS_OF_PARTS = {"text for a part", "text in a list", "text for a field", "keypair without a name"}
READ_ONLY_THE_HEADER = set(WRITES) - {
    "attach_volume",
    "upload_image",
    "create_instance",
    "create_instance, several",
    "create_keypair",
    "import_keypair",
}
KEYPAIR = {"name": 5, "privateKey": PRIVATE_KEY}


def with_parts(value: Any, **more: Any) -> Step:
    return answer(**{**dict.fromkeys(PARTS, value), **more})


def sent_back(connection: socket.socket, request: Received) -> bool:
    """Refuse a request in the words that it came with."""
    head = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
    said = f"{request.method} {request.target}\n{head}\n{request.body.decode()}"
    return refusal(-4, said)(connection, request)


def faults(echo: str) -> dict[str, Step]:
    """Return what can go wrong with a service that repeats the secrets that it knows wherever it can."""
    return {
        "refused in its own words": refusal(-4, echo),
        "token refused": refusal(-3, echo),
        "failed in its own words": refusal(-2, echo),
        "page": http(echo, 200, "text/html"),
        "page 404": http(echo, 404, "text/html"),
        "page 503": http(echo, 503, "text/html"),
        "content type": http("", 404, f"text/{quote(APPKEY, safe='')}{quote(PASSWORD, safe='')}"),
        "no JSON": http(echo),
        "cut short": cut_short(text=echo),
        "cut JSON": http(json.dumps({"header": SUCCESS, "text": echo})[:-5]),
        "redirect": html(302, Location=f"https://elsewhere/appkeys/{quote(APPKEY)}?{quote(PASSWORD)}"),
        "text for a number": answer(header={"isSuccessful": True, "resultCode": echo}),
        "text for a part": with_parts(echo),
        "text in a list": with_parts([echo]),
        "text for a field": with_parts([{"id": {echo: echo}, "zoneName": 5}], keypair=KEYPAIR, access=None),
        "keypair without a name": with_parts({"id": 5}, keypair={"privateKey": PRIVATE_KEY}),
        "reset": reset,
        "hang up": hang_up,
        "no HTTP": sent(echo.encode()),
        "the request, sent back": sent_back,
    }


FAULTS, SIGN_IN_FAULTS = faults(ECHO), faults(SIGN_IN_ECHO)


def failure(call: str, toast: tn.Toast, folder: Path) -> tn.ToastError | None:
    """Call something and return its error; some calls read so little of an answer that they do not fail."""
    try:
        CALLS[call](toast, folder)
    except tn.ToastError as error:
        return error
    return None


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_call_shows_no_secret(hostile: Hostile, tmp_path: Path, fault: str, call: str) -> None:
    hostile.on("*", FAULTS[fault])
    with connect(hostile.base_url) as toast:
        error = failure(call, toast, tmp_path)
        assert error is not None or (call in READ_ONLY_THE_HEADER and fault in FAULTS_OF_PARTS)
        assert error is None or MARK not in shown_by(error)
        assert MARK not in repr(toast.last_outcome)
        assert not list(tmp_path.glob("*.pem"))


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("call", ["flavors", "stop", "create_keypair", "inventory", "token_info"])
@pytest.mark.parametrize("fault", SIGN_IN_FAULTS)
def test_a_fault_of_the_sign_in_shows_no_secret(hostile: Hostile, tmp_path: Path, fault: str, call: str) -> None:
    hostile.on("POST tokens", SIGN_IN_FAULTS[fault])
    with connect(hostile.base_url) as toast:
        with pytest.raises(tn.ToastError) as caught:
            CALLS[call](toast, tmp_path)
        assert MARK not in shown_by(caught.value)


@pytest.mark.parametrize(
    "step",
    [silence, dripping(b"HTTP/1.1 200 OK\r\n\r\n", TOKEN.encode())],
    ids=["silence", "drip"],
)
@pytest.mark.parametrize("call", ["POST tokens", "GET flavors"])
def test_a_timeout_shows_no_secret(hostile: Hostile, step: Step, call: str) -> None:
    hostile.on(call, step)
    with connect(hostile.base_url, timeout=0.3) as toast:
        with pytest.raises(tn.DeadlineExceeded) as caught:
            toast.flavors()
        assert MARK not in shown_by(caught.value)
        assert MARK not in shown_by_tools(caught.value)


@pytest.mark.usefixtures("no_backoff")
def test_an_account_that_is_not_there_shows_no_secret(tmp_path: Path) -> None:
    with Hostile() as gone:
        base_url = gone.base_url
    for where in (base_url, base_url.replace("http:", "https:")):
        with connect(where) as toast:
            for call in ("flavors", "stop", "create_keypair", "inventory"):
                with pytest.raises(tn.NetworkFailure) as caught:
                    CALLS[call](toast, tmp_path)
                assert MARK not in shown_by(caught.value)


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("call", ["flavors", "create_keypair", "stop"])
@pytest.mark.parametrize("fault", ["refused in its own words", "reset", "cut short", "page 503"])
def test_tools_that_print_variables_show_no_secret(hostile: Hostile, tmp_path: Path, fault: str, call: str) -> None:
    hostile.on("*", FAULTS[fault])
    with connect(hostile.base_url) as toast:
        with pytest.raises(tn.ToastError) as caught:
            CALLS[call](toast, tmp_path)
        assert MARK not in shown_by_tools(caught.value)


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bulk_shows_no_secret(hostile: Hostile, fault: str) -> None:
    hostile.on("*", FAULTS[fault])
    with connect(hostile.base_url) as toast:
        outcomes = toast.stop(["a", "b"])
        assert (set(outcomes.outcome) == {"done"}) is (fault in FAULTS_OF_PARTS)
        assert MARK not in outcomes.to_csv() + outcomes.to_html() + repr(toast.last_outcome)


BAD_TOKENS: dict[str, Step] = {
    "expires": token(TOKEN, expires="tomorrow"),
    "line break": token(f"{TOKEN}\r\nX-Injected: yes"),
    "not latin": token(f"한글 {TOKEN}"),
}


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("bad", BAD_TOKENS)
def test_a_token_that_cannot_be_used_shows_no_secret(hostile: Hostile, bad: str) -> None:
    hostile.on("POST tokens", BAD_TOKENS[bad])
    with connect(hostile.base_url) as toast:
        with pytest.raises(tn.ToastError) as caught:
            toast.flavors()
        assert MARK not in shown_by(caught.value)
        with pytest.raises(tn.ToastError) as caught:
            toast.stop("i-1")
        assert MARK not in shown_by(caught.value)
    assert not [request for request in hostile.received if request.call != "POST tokens"]
