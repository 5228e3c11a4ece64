"""No redirect is followed, whatever it is and wherever it points: credentials stay with the host that was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import toastnb as tn
from tests.transport.hostile import APPKEY, Hostile, answer, html
from toastnb.api import Api

Fails = Callable[..., tn.ToastError]


@pytest.fixture
def elsewhere() -> Iterator[Hostile]:
    with Hostile() as elsewhere:
        elsewhere.on("*", answer(flavors=[]))
        yield elsewhere


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", ["GET flavors", "DELETE instances", "POST tokens"])
def test_nothing_arrives_at_another_host(
    hostile: Hostile, elsewhere: Hostile, client: Api, fails: Fails, status: int, call: str
) -> None:
    hostile.on(call, html(status, Location=f"{elsewhere.base_url}/v1.0/appkeys/{APPKEY}/flavors"))
    do = (lambda: client.delete_instance("i-1")) if call.startswith("DELETE") else client.flavors
    error = fails(do, tn.BadAnswer)
    assert f"HTTP {status} points to 127.0.0.1" in str(error)
    assert APPKEY not in str(error)
    assert error.may_have_happened is (call.startswith("DELETE") and status in {300, 302, 303})
    assert elsewhere.connections == 0
    assert len(hostile.calls(call)) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/compute/v1.0/other", "//", "", "?id=1", "http://[", "\t", "ftp://x"])
def test_nothing_more_arrives_at_the_same_host(
    hostile: Hostile, client: Api, fails: Fails, status: int, location: str
) -> None:
    hostile.on("GET flavors", html(status, Location=location))
    fails(client.flavors, tn.BadAnswer)
    assert [request.call for request in hostile.received] == ["POST tokens", "GET flavors"]


def test_a_redirect_whose_body_looks_like_success_is_none(hostile: Hostile, client: Api, fails: Fails) -> None:
    hostile.on("GET flavors", answer(302, flavors=[]))
    fails(client.flavors, tn.BadAnswer)


@pytest.mark.parametrize("status", [302, 303, 304])
def test_what_a_service_sends_after_it_carried_a_write_out_leaves_its_fate_open(
    hostile: Hostile, client: Api, fails: Fails, status: int
) -> None:
    """A 303 says where to look at what came of a POST, and many services send a 302 in its place."""
    hostile.on("POST instances/i-1/action", html(status, Location="/elsewhere"))
    error = fails(lambda: client.stop("i-1"), tn.BadAnswer)
    assert error.may_have_happened
    assert "check with toast.instances_detail('i-1')" in str(error)
    assert len(hostile.calls("POST instances/i-1/action")) == 1


def test_a_refresh_header_is_not_followed(hostile: Hostile, elsewhere: Hostile, client: Api, fails: Fails) -> None:
    hostile.on("GET flavors", html(200, Refresh=f"0; url={elsewhere.base_url}"))
    fails(client.flavors, tn.BadAnswer)
    assert elsewhere.connections == 0
