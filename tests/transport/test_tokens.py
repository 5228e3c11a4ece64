"""The connection's token: when it is fetched, renewed and given up."""

from __future__ import annotations

import ast
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import toastnb as tn
from tests.support import eventually, raw_call
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


# --- a bulk, and many threads ----------

ACTION = "POST instances/*/action"


def at_once_and_over(toast: tn.Toast, parts: list[list[str]], reading: threading.Event) -> list[str]:
    """Stop several lists of instances, each from a thread of its own, while eight threads read; return the outcomes."""

    def read() -> None:
        while not reading.is_set():
            toast.flavors()

    with ThreadPoolExecutor(THREADS) as pool:
        readers = [pool.submit(read) for _ in range(THREADS // 2)]
        frames = list(pool.map(toast.stop, parts))
        reading.set()
        for reader in readers:
            reader.result()
    return [outcome for frame in frames for outcome in frame.outcome]


def test_an_expiry_in_the_middle_of_bulks_is_one_refresh_for_sixteen_threads() -> None:
    with tn.Sandbox(instances=400, instant=True) as sandbox, tn.connect(sandbox, timeout=60) as toast:
        active = toast.instances().query("status == 'ACTIVE'").instance_id.tolist()[:240]
        reading = threading.Event()

        def expire() -> None:
            eventually(lambda: sandbox.calls[ACTION] >= len(active) // 2)
            sandbox.advance(2 * AN_HOUR)

        with ThreadPoolExecutor(1) as aside:
            expiry = aside.submit(expire)
            outcomes = at_once_and_over(toast, [active[part::8] for part in range(8)], reading)
            expiry.result()
        calls = sandbox.calls
        assert outcomes == ["done"] * len(active)
        assert calls["POST tokens"] == 2
        assert len(active) <= calls[ACTION] <= len(active) + 64  # those that were on their way: 8 bulks of 8 threads
        stopped = {one["id"] for one in raw_call(sandbox, "GET", "instances")["instances"] if one["status"] == "STOP"}
        assert stopped.issuperset(active)


def test_a_service_that_refuses_every_token_gets_two_sign_ins_for_a_whole_bulk(
    toast: tn.Toast, sandbox: tn.Sandbox
) -> None:
    wanted = [f"i-{number}" for number in range(100)]
    sandbox.fault(ACTION, "code", code=-3, message="Permission denied", times=None)
    with ThreadPoolExecutor(2) as pool:  # eight threads each
        frames = list(pool.map(toast.stop, [wanted[:50], wanted[50:]]))
    assert [set(frame.outcome) for frame in frames] == [{"failed"}] * 2
    assert [set(frame.code) for frame in frames] == [{-3}] * 2
    assert sandbox.calls == {"POST tokens": 2, ACTION: 2 * len(wanted)}


def test_a_token_that_was_accepted_after_all_is_renewed_as_ever(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    sandbox.fault(ACTION, "code", code=-3, message="Permission denied", times=2)
    assert toast.stop(["i-1"]).code.tolist() == [-3]
    for renewals in (0, 1, 2):
        toast.flavors()
        assert sandbox.calls["POST tokens"] == 2 + renewals
        sandbox.advance(2 * AN_HOUR)


def test_a_token_that_was_refused_twice_is_renewed_some_seconds_later(
    toast: tn.Toast, sandbox: tn.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toastnb.tokens._REFUSED_AGAIN_SECONDS", 0.5)
    start = time.monotonic()
    sandbox.fault(ACTION, "code", code=-3, message="Permission denied", times=2)
    toast.stop(["i-1"])
    sandbox.advance(2 * AN_HOUR)  # now the second token is worth nothing
    while not is_allowed(toast):
        assert time.monotonic() < start + 10
    assert time.monotonic() >= start + 0.5
    assert sandbox.calls["POST tokens"] == 3


def is_allowed(toast: tn.Toast) -> bool:
    try:
        toast.flavors()
    except tn.PermissionDenied:
        return False
    return True


# --- a clock of one's own that is wrong ----------


@pytest.mark.parametrize("jump", [5 * AN_HOUR, -5 * AN_HOUR])
def test_the_clients_wall_clock_does_not_matter(monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    wrong, right = [0], time.time

    def wall_clock() -> float:
        wrong[0] += jump
        return right() + wrong[0]

    monkeypatch.setattr(time, "time", wall_clock)
    with tn.Sandbox(instances=1, token_lifetime=3) as sandbox, tn.connect(sandbox, timeout=20) as toast:
        start, reads, renewed_at = time.monotonic(), 0, 0.0
        while not renewed_at:
            toast.flavors()
            reads += 1
            renewed_at = time.monotonic() if sandbox.calls["POST tokens"] == 2 else 0.0
            assert time.monotonic() < start + 10
        assert 2 < renewed_at - start < 3.5  # by its life, and no sooner
        assert sandbox.calls["GET flavors"] == reads  # and it was never refused


@pytest.mark.parametrize("module", ["tokens", "connection", "waiting"])
def test_nothing_that_lasts_is_measured_on_the_wall_clock(module: str) -> None:
    text = (Path(tn.__file__).parent / f"{module}.py").read_text("utf-8")
    used = {
        f"{ast.unparse(node.value)}.{node.attr}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
    }
    assert "time.monotonic" in used
    assert not used & {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today"}


@pytest.mark.parametrize("bad", ["two\nlines", "한글", " blank before", "", "control \x7f"])
def test_a_token_that_no_header_can_have_is_a_bad_answer(hostile: Hostile, bad: str) -> None:
    hostile.on("POST tokens", token(bad))
    with tn.connect(appkey="the-appkey", username="me", password="secret", base_url=hostile.base_url) as toast:
        with pytest.raises(tn.BadAnswer, match=r"access\.token\.id cannot be sent in a header") as caught:
            toast.stop("5f0c2a1e-7a0b-4a57-9d0e-1c5b8c3d2e10")
        assert not caught.value.may_have_happened
    assert {request.call for request in hostile.received} == {"POST tokens"}
