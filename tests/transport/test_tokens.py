"""The connection's token: when it is fetched, renewed and given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

import toastnb as tn
from tests.support import eventually
from tests.transport.conftest import Connect
from tests.transport.hostile import Hostile, answer, refusal, token
from toastnb.api import Api

Fails = Callable[..., tn.ToastError]
AN_HOUR = 3600
THREADS = 16


def at_once(work: Callable[[], object]) -> list[object]:
    """Do something in sixteen threads at once; return what came of each."""
    barrier, results = threading.Barrier(THREADS), []

    def one() -> None:
        barrier.wait()
        try:
            results.append(work())
        except tn.ToastError as error:
            results.append(error)

    threads = [threading.Thread(target=one) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(results) == THREADS
    return results


def test_connecting_sends_nothing(sandbox: tn.Sandbox) -> None:
    with tn.connect(sandbox):
        assert sandbox.calls == {}


def test_a_token_is_fetched_on_first_need_and_used_again(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    toast.flavors()
    toast.instances()
    toast.delete_keypair("legacy-2016")
    toast.token_info()
    assert sandbox.calls["POST tokens"] == 1


def test_threads_that_need_the_first_token_share_one(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    assert {len(frame) for frame in at_once(toast.flavors)} == {17}
    assert sandbox.calls == {"POST tokens": 1, "GET flavors": THREADS}


def test_a_token_is_renewed_before_it_expires() -> None:
    with tn.Sandbox(instances=1, token_lifetime=2) as sandbox, tn.connect(sandbox, timeout=20) as toast:
        reads = 0
        end = time.monotonic() + 10
        while sandbox.calls["POST tokens"] < 2:
            assert time.monotonic() < end
            toast.flavors()
            reads += 1
        assert sandbox.calls["GET flavors"] == reads  # a refusal would have made one more


def test_an_expired_token_is_renewed_once_for_all_threads(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    toast.flavors()
    sandbox.advance(2 * AN_HOUR)
    assert {len(frame) for frame in at_once(toast.flavors)} == {17}
    assert sandbox.calls["POST tokens"] == 2
    assert sandbox.calls["GET flavors"] <= 1 + 2 * THREADS


def test_a_service_that_refuses_every_token_gets_two_tries(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    for code in (-3, 11401):
        sandbox.reset()
        sandbox.fault("GET flavors", "code", code=code, message="Permission denied", times=None)
        with pytest.raises(tn.PermissionDenied) as caught:
            toast.flavors()
        assert caught.value.code == code
        assert sandbox.calls["GET flavors"] == 2
        assert sandbox.calls["POST tokens"] <= 2


@pytest.mark.parametrize("code", [10403, 401, -4])
def test_another_refusal_is_none_of_the_token(toast: tn.Toast, sandbox: tn.Sandbox, code: int) -> None:
    sandbox.fault("GET flavors", "code", code=code, message="no", times=None)
    with pytest.raises(tn.ToastError):
        toast.flavors()
    assert sandbox.calls == {"POST tokens": 1, "GET flavors": 1}


def wrongly(sandbox: tn.Sandbox) -> tn.Toast:
    account = {"appkey": sandbox.appkey, "username": sandbox.username, "password": "not-the-password"}
    return tn.connect(**account, base_url=sandbox.base_url)


def test_a_refused_sign_in_is_not_repeated_on_the_connection(sandbox: tn.Sandbox, fails: Fails) -> None:
    with wrongly(sandbox) as toast:
        first = fails(toast.flavors, tn.CredentialsError)
        assert (first.code, first.may_have_happened) == (-1, False)
        second = fails(lambda: toast.delete_instance("i-1"), tn.CredentialsError)
        assert "is not tried again on this connection" in str(second)
        fails(toast.token_info, tn.CredentialsError)
    assert sandbox.calls == {"POST tokens": 1}


def test_a_refused_sign_in_is_tried_once_for_all_threads(sandbox: tn.Sandbox) -> None:
    with wrongly(sandbox) as toast:
        assert {type(error) for error in at_once(toast.flavors)} == {tn.CredentialsError}
    assert sandbox.calls == {"POST tokens": 1}


def test_a_refused_sign_in_in_an_inventory_or_a_bulk_is_tried_once(sandbox: tn.Sandbox, fails: Fails) -> None:
    with wrongly(sandbox) as toast:
        fails(toast.inventory, tn.CredentialsError)
        outcomes = toast.stop([f"i-{number}" for number in range(20)])
    assert set(outcomes.outcome) == {"not_sent"}
    assert sandbox.calls == {"POST tokens": 1}


@pytest.mark.usefixtures("no_backoff")
def test_a_sign_in_that_failed_without_a_refusal_is_tried_again(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    sandbox.fault("POST tokens", "status", status=503, times=4)
    with pytest.raises(tn.ServiceFailure):
        toast.flavors()
    assert len(toast.flavors()) == 17
    assert sandbox.calls == {"POST tokens": 5, "GET flavors": 1}


@pytest.mark.parametrize("start", ["2001-12-31T23:59:59Z", "2099-01-01T00:00:00Z"])
def test_the_services_clock_does_not_matter(start: str) -> None:
    with tn.Sandbox(instances=1, start=start) as sandbox, tn.connect(sandbox, timeout=20) as toast:
        toast.flavors()
        toast.flavors()
        assert sandbox.calls == {"POST tokens": 1, "GET flavors": 2}


@pytest.mark.parametrize("expires", ["2017-05-16T02:17:50.166563", "2017-05-16T01:00:00Z", "1970-01-01T00:00:00"])
def test_a_life_that_is_none_is_not_taken_at_its_word(hostile: Hostile, client: Api, expires: str) -> None:
    hostile.on("POST tokens", token(expires=expires))
    hostile.on("GET flavors", answer(flavors=[]))
    client.flavors()
    client.flavors()
    assert len(hostile.calls("POST tokens")) == 1


@pytest.mark.parametrize("expires", ["", "tomorrow", "99999-01-01T00:00:00Z"])
def test_a_time_that_is_none_is_an_error_that_names_the_field(
    hostile: Hostile, client: Api, fails: Fails, expires: str
) -> None:
    hostile.on("POST tokens", token(expires=expires))
    assert "access.token.expires" in str(fails(client.flavors, tn.BadAnswer))
    assert hostile.calls("GET flavors") == []


@pytest.mark.parametrize(
    "expires",
    ["2017-05-16T03:17:50Z", "2017-05-16T03:17:50", "2017-05-16T12:17:50+09:00", "20170516T031750Z"],
)
def test_a_time_comes_in_several_shapes(hostile: Hostile, client: Api, expires: str) -> None:
    hostile.on("POST tokens", token(expires=expires))
    hostile.on("GET flavors", answer(flavors=[]))
    client.flavors()
    assert hostile.received[-1].headers["x-auth-token"] == "the-token"


def test_a_write_refused_for_its_token_is_sent_again_once(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    key = toast.keypairs().public_key[0]
    sandbox.advance(2 * AN_HOUR)
    toast.import_keypair("mine", key)
    assert sandbox.calls["POST keypairs"] == 2
    assert sandbox.calls["POST tokens"] == 2
    assert toast.keypairs().name.tolist().count("mine") == 1


def test_a_bulk_refused_for_its_token_takes_effect_once_each(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    active = toast.instances().query("status == 'ACTIVE'").instance_id[:20]
    sandbox.advance(2 * AN_HOUR)
    assert set(toast.stop(active).outcome) == {"done"}
    assert sandbox.calls["POST tokens"] == 2


def test_a_write_is_not_sent_a_third_time(hostile: Hostile, client: Api, fails: Fails) -> None:
    hostile.on("POST tokens", token("first"), token("second"), token("third"))
    hostile.on("DELETE instances", refusal(-3), refusal(10401), answer())
    assert not fails(lambda: client.delete_instance("i-1"), tn.PermissionDenied).may_have_happened
    sent = [request.headers["x-auth-token"] for request in hostile.calls("DELETE instances")]
    assert sent == ["first", "second"]


def test_a_write_whose_new_token_cannot_be_had_is_not_sent_again(hostile: Hostile, client: Api, fails: Fails) -> None:
    hostile.on("POST tokens", token("first"), refusal(-1))
    hostile.on("DELETE instances", refusal(-3), answer())
    error = fails(lambda: client.delete_instance("i-1"), tn.CredentialsError)
    assert not error.may_have_happened
    assert len(hostile.calls("DELETE instances")) == 1


def test_calls_on_a_closed_connection_are_refused(sandbox: tn.Sandbox, fails: Fails) -> None:
    toast = tn.connect(sandbox)
    toast.flavors()
    toast.close()
    toast.close()
    assert "closed" in str(fails(toast.flavors, tn.NetworkFailure))
    assert not fails(lambda: toast.stop("i-1"), tn.NetworkFailure).may_have_happened
    assert sandbox.calls == {"POST tokens": 1, "GET flavors": 1}


def test_a_sandbox_of_ones_own_ends_with_the_connection() -> None:
    before = threading.active_count()
    with tn.connect("sandbox") as toast:
        assert len(toast.instances()) == 250
    eventually(lambda: threading.active_count() == before)


def test_two_connections_have_a_token_each(hostile: Hostile, connect: Connect) -> None:
    hostile.on("POST tokens", token("first"), token("second"))
    hostile.on("GET flavors", answer(flavors=[]))
    connect(hostile.base_url).flavors()
    connect(hostile.base_url).flavors()
    sent = [request.headers["x-auth-token"] for request in hostile.calls("GET flavors")]
    assert sent == ["first", "second"]
