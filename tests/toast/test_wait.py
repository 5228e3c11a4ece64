"""Waiting ends when the target is reached, as soon as it cannot be reached any more, and by its deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

import toastnb as tn
from tests.support import NO_SUCH_ID, eventually
from tests.toast.test_lookup import create
from tests.transport.hostile import Hostile, Step, answer

LOOK = "GET instances-detail"


@pytest.fixture
def later(slow_sandbox: tn.Sandbox) -> Iterator[Callable[..., None]]:
    """Do something when there have been so many more looks at instances; move the clock on by default."""
    threads = []

    def doing(looks: int = 2, what: Callable[[], object] = lambda: slow_sandbox.advance(60)) -> None:
        until = slow_sandbox.calls[LOOK] + looks

        def work() -> None:
            eventually(lambda: slow_sandbox.calls[LOOK] >= until)
            what()

        threads.append(threading.Thread(target=work))
        threads[-1].start()

    yield doing
    for thread in threads:
        thread.join()


def ids(toast: tn.Toast, status: str = "ACTIVE") -> list[str]:
    return toast.instances().query("status == @status").instance_id.tolist()


def broken(toast: tn.Toast, sandbox: tn.Sandbox) -> str:
    """Return an instance in ERROR."""
    one = building(toast, sandbox)
    sandbox.advance(60)
    assert toast.instances(one).status.item() == "ERROR"
    return one


def building(toast: tn.Toast, sandbox: tn.Sandbox) -> str:
    """Return an instance in BUILD that will end in ERROR."""
    sandbox.fault("POST instances", "build-error")
    return create(toast).instance_id.item()


# --- wait ----------


def test_a_target_that_is_reached_already_ends_at_once(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    active = ids(slow_toast)[:3]
    frame = slow_toast.wait(active, "ACTIVE")
    assert frame[["action", "outcome"]].values.tolist() == [["wait", "done"]] * 3
    assert slow_toast.wait(active[0], "ACTIVE").outcome.item() == "done"
    assert slow_sandbox.calls[LOOK] == 4


@pytest.mark.parametrize("several", [False, True])
def test_a_target_that_is_reached_later(
    slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None], several: bool
) -> None:
    wanted = ids(slow_toast)[:7] if several else ids(slow_toast)[0]
    slow_toast.stop(wanted)
    later(2)
    assert set(slow_toast.wait(wanted, "STOP", timeout=10).outcome) == {"done"}


def test_a_new_instance_is_waited_for(
    slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None]
) -> None:
    made = create(slow_toast)
    assert made.status.item() == "BUILD"
    later()
    assert slow_toast.wait(made.instance_id, "ACTIVE", timeout=10).outcome.item() == "done"


def test_falling_into_error_ends_it(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None]) -> None:
    one = building(slow_toast, slow_sandbox)
    later()
    start = time.monotonic()
    with pytest.raises(tn.ServiceFailure, match="the instance is in ERROR"):
        slow_toast.wait(one, "ACTIVE", timeout=60)
    assert time.monotonic() - start < 10


def test_error_at_the_start_does_not_end_it(
    slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None]
) -> None:
    one = broken(slow_toast, slow_sandbox)
    later(2, lambda: slow_toast.stop(one))
    later(4)
    assert slow_toast.wait(one, "STOP", timeout=20).outcome.item() == "done"


def test_error_may_be_the_target(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None]) -> None:
    one = building(slow_toast, slow_sandbox)
    later()
    assert slow_toast.wait(one, "ERROR", timeout=10).outcome.item() == "done"


def test_gone_is_a_target(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None]) -> None:
    doomed = ids(slow_toast)[:2]
    slow_toast.delete_instance(doomed)
    later(4)
    assert set(slow_toast.wait(doomed, "GONE", timeout=10).outcome) == {"done"}
    assert slow_toast.wait(NO_SUCH_ID, "GONE").outcome.item() == "done"


def test_being_deleted_ends_a_wait_for_anything_else(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    one = ids(slow_toast, "STOP")[0]
    slow_toast.delete_instance(one)
    with pytest.raises(tn.Conflict, match="is being deleted"):
        slow_toast.wait(one, "ACTIVE", timeout=60)
    assert slow_toast.wait(one, "DELETING", timeout=60).outcome.item() == "done"


def test_vanishing_ends_a_wait_for_anything_else(
    slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None]
) -> None:
    one = ids(slow_toast, "STOP")[0]

    def delete() -> None:
        slow_toast.delete_instance(one)
        slow_sandbox.advance(60)

    later(2, delete)
    with pytest.raises((tn.NotFound, tn.Conflict)):
        slow_toast.wait(one, "ACTIVE", timeout=60)


def test_what_does_not_exist_ends_it(slow_toast: tn.Toast) -> None:
    with pytest.raises(tn.NotFound, match="does not exist"):
        slow_toast.wait(NO_SUCH_ID, "ACTIVE", timeout=60)


def test_the_deadline_ends_it(slow_toast: tn.Toast) -> None:
    one = ids(slow_toast)[0]
    start = time.monotonic()
    with pytest.raises(tn.DeadlineExceeded, match=r"after 0\.3 s the instance is ACTIVE") as caught:
        slow_toast.wait(one, "STOP", timeout=0.3)
    assert 0.3 <= time.monotonic() - start < 10
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("count", [3, 8])
def test_with_several_each_ends_in_its_own_way(
    slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None], count: int
) -> None:
    failing, active = building(slow_toast, slow_sandbox), ids(slow_toast)[: count - 2]
    stopped = ids(slow_toast, "STOP")[0]
    wanted = [failing, *active, stopped, NO_SUCH_ID]
    later(6 if count == 3 else 2)
    frame = slow_toast.wait(wanted, "ACTIVE", timeout=0.8)
    assert frame.instance_id.tolist() == wanted
    outcomes = frame.set_index("instance_id").outcome
    assert outcomes[failing] == "failed"
    assert set(outcomes[active]) == {"done"}
    assert outcomes[stopped] == "unknown"
    assert outcomes[NO_SUCH_ID] == "failed"


def test_many_are_looked_at_with_one_call(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    slow_toast.wait(ids(slow_toast), "ACTIVE")
    assert slow_sandbox.calls[LOOK] == 1


@pytest.mark.parametrize("status", ["active", "DELETED", "", "RUNNING", None])
def test_a_state_that_is_none_is_refused(toast: tn.Toast, sandbox: tn.Sandbox, status: str) -> None:
    with pytest.raises(tn.InvalidInput, match="is no state"):
        toast.wait(NO_SUCH_ID, status)
    assert sandbox.calls == {}


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_wait_without_time_is_refused(toast: tn.Toast, sandbox: tn.Sandbox, timeout: float) -> None:
    with pytest.raises(tn.InvalidInput, match="timeout"):
        toast.wait(NO_SUCH_ID, "ACTIVE", timeout=timeout)
    assert sandbox.calls == {}


def test_an_action_that_waits_without_time_is_not_sent(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    active = ids(toast)[0]
    with pytest.raises(tn.InvalidInput, match="timeout"):
        toast.stop(active, wait=True, timeout=0)
    assert sandbox.calls["POST instances/*/action"] == 0


# --- actions that wait ----------


ACTIONS: dict[str, tuple[str, Callable[[tn.Toast, list[str]], object], str]] = {
    "start": ("STOP", lambda toast, wanted: toast.start(wanted, wait=True, timeout=20), "ACTIVE"),
    "stop": ("ACTIVE", lambda toast, wanted: toast.stop(wanted, wait=True, timeout=20), "STOP"),
    "reboot": ("ACTIVE", lambda toast, wanted: toast.reboot(wanted, wait=True, timeout=20), "ACTIVE"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_waits_until_it_is_over(
    slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None], action: str
) -> None:
    status, act, target = ACTIONS[action]
    wanted = ids(slow_toast, status)[:1]
    later(3)
    frame = act(slow_toast, wanted)
    assert frame[["action", "outcome"]].values.tolist() == [[action, "done"]]
    assert slow_toast.instances(wanted[0]).status.item() == target
    assert frame.equals(slow_toast.last_outcome)


def test_resize_and_delete_wait_too(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, later: Callable[..., None]) -> None:
    query = "status == 'STOP' and not flavor_name.str.startswith('u2')"
    one = slow_toast.instances_detail().query(query).instance_id.iloc[0]
    later(3)
    slow_toast.resize(one, "x1.c16m128", wait=True, timeout=20)
    after = slow_toast.instances_detail(one)
    assert (after.flavor_name.item(), after.status.item()) == ("x1.c16m128", "STOP")
    later(3)
    assert slow_toast.delete_instance(one, wait=True, timeout=20).outcome.item() == "done"
    assert one not in slow_toast.instances().instance_id.tolist()


def test_an_action_that_is_refused_is_not_waited_for(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    active, stopped = ids(slow_toast)[0], ids(slow_toast, "STOP")[0]
    with pytest.raises(tn.Conflict):
        slow_toast.start(active, wait=True, timeout=60)
    frame = slow_toast.start([active, NO_SUCH_ID], wait=True, timeout=60)
    assert frame.outcome.tolist() == ["failed", "failed"]
    assert slow_toast.stop([stopped], wait=True, timeout=60).outcome.tolist() == ["failed"]


def test_an_action_whose_wait_is_too_short_is_unknown_for_many_and_raises_for_one(
    slow_toast: tn.Toast, slow_sandbox: tn.Sandbox
) -> None:
    one, *many = ids(slow_toast)[:3]
    frame = slow_toast.stop(many, wait=True, timeout=0.3)
    assert frame.outcome.tolist() == ["unknown", "unknown"]
    assert "after 0.3 s the instance is POWERING_OFF" in frame.message[0]
    with pytest.raises(tn.DeadlineExceeded):
        slow_toast.stop(one, wait=True, timeout=0.3)


# --- a service that takes its time to begin ----------


def looks(*seen: tuple[str, str]) -> list[Step]:
    """Return answers to looks at one instance: its state, and when it last booted."""
    return [answer(instances=[{"id": "i-1", "status": status, "launchedAt": boot}]) for status, boot in seen]


@pytest.fixture
def lagging() -> Iterator[tuple[Hostile, tn.Toast]]:
    account = {"appkey": "an-appkey", "username": "me@example.com", "password": "a-password"}
    with Hostile() as service, tn.connect(**account, base_url=service.base_url, timeout=20) as toast:
        yield service, toast


OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def test_a_reboot_does_not_end_before_it_has_begun(lagging: tuple[Hostile, tn.Toast]) -> None:
    service, toast = lagging
    seen = [("ACTIVE", OLD), ("ACTIVE", OLD), ("ACTIVE", OLD), ("REBOOTING", OLD), ("ACTIVE", NEW)]
    service.on(LOOK, *looks(*seen))
    assert toast.reboot("i-1", wait=True, timeout=20).outcome.item() == "done"
    assert len(service.calls(LOOK)) == 5


def test_a_reboot_that_was_too_quick_to_be_seen_has_ended(lagging: tuple[Hostile, tn.Toast]) -> None:
    service, toast = lagging
    service.on(LOOK, *looks(("ACTIVE", OLD), ("ACTIVE", OLD), ("ACTIVE", NEW)))
    assert toast.reboot("i-1", wait=True, timeout=20).outcome.item() == "done"
    assert len(service.calls(LOOK)) == 3


def test_a_reboot_that_leaves_no_boot_time_has_ended_all_the_same(lagging: tuple[Hostile, tn.Toast]) -> None:
    service, toast = lagging
    service.on(LOOK, *looks(("ACTIVE", OLD), ("REBOOTING", OLD), ("ACTIVE", OLD)))
    assert toast.reboot("i-1", wait=True, timeout=3).outcome.item() == "done"
    assert len(service.calls(LOOK)) == 3


def test_an_error_from_before_the_action_does_not_end_it(lagging: tuple[Hostile, tn.Toast]) -> None:
    service, toast = lagging
    service.on(LOOK, *looks(("ERROR", OLD), ("ERROR", OLD), ("POWERING_OFF", OLD), ("STOP", OLD)))
    assert toast.stop("i-1", wait=True, timeout=20).outcome.item() == "done"


def test_an_error_that_comes_back_after_the_action_ends_it(lagging: tuple[Hostile, tn.Toast]) -> None:
    service, toast = lagging
    service.on(LOOK, *looks(("ERROR", OLD), ("POWERING_OFF", OLD), ("ERROR", OLD)))
    with pytest.raises(tn.ServiceFailure, match="the instance is in ERROR"):
        toast.stop("i-1", wait=True, timeout=20)
