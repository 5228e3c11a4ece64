"""Acting on instances: what is sent is what was shown, and it is followed to its end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import toastnb as tn
from tests.forms.recording import Recorder
from tests.forms.support import action_form, ended, followed, log, time_passing
from tests.support import NO_SUCH_ID, eventually, raw_call
from toastnb.forms.acting import ActionForm

ACTION = "POST instances/*/action"


@pytest.fixture
def recorder(sandbox: tn.Sandbox) -> Iterator[Recorder]:
    with Recorder(sandbox) as recorder:
        yield recorder


def first(field: str) -> Callable[[ActionForm], dict[str, Any]]:
    """Choose the first option of a field that can be chosen."""

    def choose(form: ActionForm) -> dict[str, Any]:
        return {field: next(option.value for option in form.fields[field].options if not option.why_not)}

    return choose


def nothing(_: ActionForm) -> dict[str, Any]:
    return {}


def with_address(form: ActionForm) -> dict[str, Any]:
    return first("address")(form) | first("ip_address")(form)


# action, which instances (by a query), how many, what else is chosen
CASES = [
    ("start", "status == 'STOP'", 1, nothing),
    ("start", "status == 'STOP'", 2, nothing),
    ("stop", "status == 'ACTIVE'", 1, nothing),
    ("stop", "status == 'ACTIVE'", 9, nothing),
    ("reboot", "status == 'ACTIVE'", 1, nothing),
    ("reboot", "status == 'STOP'", 2, first("reboot_type")),
    ("resize", "status == 'STOP' and not flavor_name.str.startswith('u2')", 1, first("flavor")),
    ("upload_image", "status == 'STOP'", 1, lambda _: {"image_name": "golden 2026"}),
    ("add_floating_ip", "floating_ip.isna() and status == 'ACTIVE'", 1, with_address),
    ("remove_floating_ip", "floating_ip.notna()", 1, first("address")),
    ("add_security_group", "status == 'ACTIVE'", 1, first("security_group")),
    ("add_security_group", "security_groups.str.startswith('default')", 3, lambda _: {"security_group": "db"}),
    ("remove_security_group", "security_groups.str.contains('default')", 2, lambda _: {"security_group": "default"}),
    ("attach_volume", "status == 'ACTIVE'", 1, first("volume")),
    ("detach_volume", "attached_count > 0 and status == 'ACTIVE'", 1, first("volume")),
    ("delete_instance", "status == 'ACTIVE'", 1, nothing),
    ("delete_instance", "status == 'STOP'", 2, nothing),
]


@pytest.mark.parametrize(("action", "query", "count", "choose"), CASES, ids=lambda value: str(value)[:20])
def test_the_request_is_what_arrives_and_the_code_sends_the_same(
    sandbox: tn.Sandbox, recorder: Recorder, action: str, query: str, count: int, choose: Any
) -> None:
    with recorder.connect() as toast, ActionForm(toast, lang="en") as form:
        form.select(form.instances.query(query).instance_id.head(count)).set(action=action)
        form.set(**choose(form))
        form.set(confirm=form.confirmation)
        assert form.problems() == {}
        request, code, chosen = form.request(), form.code(), form.values()["instances"]
        assert len(request) == count
        form.submit()
        assert sorted_requests(recorder) == sorted(request, key=str)
        assert form.error is None
        assert [(row.key, row.done) for row in form.rows] == [(id_, True) for id_ in chosen]
        assert log(form)[0][0] == action
        assert log(form)[0][2] == "done"
        sandbox.reset()
        toast.token_info()  # the token is another one now
        recorder.arrived.clear()
        exec(code, {"toast": toast})
        assert sorted_requests(recorder) == sorted(request, key=str)


def sorted_requests(recorder: Recorder) -> list[dict[str, Any]]:
    return sorted((one.request for one in recorder.writes), key=str)


# --- to the end ----------


@pytest.mark.parametrize(
    ("action", "status", "states"),
    [
        ("stop", "ACTIVE", ["POWERING_OFF", "STOP"]),
        ("start", "STOP", ["POWERING_ON", "ACTIVE"]),
        ("reboot", "ACTIVE", ["REBOOTING", "ACTIVE"]),
        ("delete_instance", "STOP", ["DELETING", "GONE"]),
    ],
)
def test_states_are_followed_to_the_end(
    slow_toast: tn.Toast, slow_sandbox: tn.Sandbox, action: str, status: str, states: list[str]
) -> None:
    with action_form(slow_toast, status, action=action) as form, time_passing(slow_sandbox):
        name = form.chosen.name.item()
        form.set(confirm=form.confirmation)
        seen = [each[name] for each in followed(form, form.submit) if each]
        assert seen == ["", "sent", *states]
        [row] = form.rows
        assert (row.name, row.state, row.done) == (name, states[-1], True)


def test_resizing_ends_stopped_with_the_other_flavor(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    with action_form(slow_toast, "STOP", action="resize", flavor="r2.c8m64") as form, time_passing(slow_sandbox):
        assert form.problems() == {}
        frame = form.submit()
        assert frame.outcome.tolist() == ["done"]
        assert slow_toast.instances_detail(frame.instance_id.item()).flavor_name.item() == "r2.c8m64"
        assert form.chosen.flavor_name.item() == "r2.c8m64"


def test_several_end_each_in_its_own_time_and_way(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    slow_sandbox.fault(ACTION, "code", code=10409, message="not now")
    with action_form(slow_toast, count=7, action="stop", confirm="7") as form, time_passing(slow_sandbox):
        frame = form.submit()
        assert sorted(frame.outcome) == ["done"] * 6 + ["failed"]
        states = {row.key: (row.state, row.done) for row in form.rows}
        assert states == {
            id_: ("STOP" if outcome == "done" else "failed", True)
            for id_, outcome in zip(frame.instance_id, frame.outcome, strict=True)
        }
        assert form.error is None
        assert log(form) == [["stop", log(form)[0][1], "partly"]]
        assert "not now" in form.log.message[0]
        assert form.confirm.value == ""


def test_an_image_is_followed_until_it_is_active(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    over = threading.Event()

    def pass_time() -> None:
        while not over.wait(0.02):
            slow_sandbox.advance(2)

    clock = threading.Thread(target=pass_time)
    clock.start()
    try:
        with action_form(slow_toast, "STOP", action="upload_image", image_name="golden") as form:
            seen = [next(iter(each.values())) for each in followed(form, form.submit) if each]
            made = form.result
    finally:
        over.set()
        clock.join()
    assert seen[:2] == ["", "sent"]
    assert seen[-1] == "active"
    assert made.name.item() == "golden"
    assert slow_toast.images().set_index("image_id").status[made.image_id.item()] == "active"


def test_afterwards_the_form_shows_what_is_there_now(toast: tn.Toast) -> None:
    with action_form(toast, action="stop") as form:
        [id_] = form.values()["instances"]
        form.submit()
        assert form.chosen.status.tolist() == ["STOP"]
        assert form.values() == {"instances": (id_,), "action": None}
        assert form.fields["action"].note == ""
        form.set(action="delete_instance", confirm=form.confirmation or form.chosen.name.item())
        form.submit()
        assert form.values()["instances"] == ()
        assert id_ not in form.instances.instance_id.tolist()


def test_volumes_and_floating_ips_are_offered_anew_afterwards(toast: tn.Toast) -> None:
    with action_form(toast, action="attach_volume") as form:
        volume = first("volume")(form)["volume"]
        made = form.set(volume=volume).submit()
        assert made.volume_id.item() == volume
        assert volume not in [option.value for option in form.set(action="attach_volume").fields["volume"].options]
        assert volume in [option.value for option in form.set(action="detach_volume").fields["volume"].options]


# --- what goes wrong ----------


def test_a_state_that_changed_meanwhile_is_seen_before_anything_is_sent(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, count=2, action="stop", confirm="2") as form:
        one, other = form.chosen.instance_id
        toast.stop(one)
        toast.delete_instance(other, wait=True)
        names = form.chosen.name.tolist()
        sent = sandbox.calls[ACTION]
        with pytest.raises(tn.Conflict) as caught:
            form.submit()
        assert caught.value.said == f"{names[0]} is STOP by now; {names[1]} does not exist any more"
        assert "Nothing was sent" in caught.value.hint
        assert sandbox.calls[ACTION] == sent
        assert form.chosen.status.tolist() == ["STOP"]  # it was read again
        assert log(form)[0][2] == "not_sent"


def test_the_service_has_the_last_word(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, action="stop") as form:
        entries = form.values()
        sandbox.fault(ACTION, "code", code=10409, message="instance is locked")
        with pytest.raises(tn.Conflict, match="instance is locked") as caught:
            form.submit()
        assert form.error is caught.value
        assert form.values() == entries
        assert form.result.outcome.tolist() == ["failed"]
        assert form.result.code.tolist() == [10409]
        assert form.result.name.tolist() == form.chosen.name.tolist()
        assert [(row.state, row.done) for row in form.rows] == [("failed", True)]
        assert form.problems() == {}
        assert form.submit().outcome.tolist() == ["done"]


def test_a_delete_that_fails_keeps_what_was_typed(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, action="delete_instance") as form:
        form.set(confirm=form.confirmation)
        sandbox.fault("DELETE instances", "code", code=-7, message="Not supported")
        with pytest.raises(tn.ServiceFailure):
            form.submit()
        assert form.confirm.value == form.confirmation


def test_listings_that_cannot_be_read_afterwards_do_not_undo_it(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, action="add_security_group") as form:
        form.set(**first("security_group")(form))
        looks = sandbox.calls["GET instances-detail"]
        done = threading.Event()

        def break_listing() -> None:
            eventually(lambda: sandbox.calls[ACTION] or done.is_set())
            sandbox.fault("GET instances-detail", "code", code=-7, message="Not supported", times=None)

        watcher = threading.Thread(target=break_listing)
        sandbox.fault(ACTION, "delay", seconds=0.5)
        watcher.start()
        frame = form.submit()
        done.set()
        watcher.join()
        assert frame.outcome.tolist() == ["done"]
        assert form.error is None
        assert "could not be read again" in form.log.message[0]
        assert sandbox.calls["GET instances-detail"] > looks + 1


def test_an_interrupt_leaves_the_account_of_what_was_sent(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    sandbox.fault(ACTION, "delay", seconds=0.3, times=None)
    with action_form(toast, count=20, action="stop", confirm="20") as form:

        def press() -> None:
            eventually(lambda: sandbox.calls[ACTION] >= 8)  # as many as are on their way at once
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        thread = threading.Thread(target=press)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            form.submit()
        thread.join()
        assert not form.busy
        assert set(form.result.outcome) == {"done", "not_sent"}
        assert (form.result.outcome == "done").sum() == sandbox.calls[ACTION] < 20
        assert log(form)[0][2] == "partly"
        assert "interrupted" in form.log.message[0]
        assert all(row.done for row in form.rows)


def test_an_instance_that_never_was_there_is_a_problem(toast: tn.Toast) -> None:
    with ActionForm(toast) as form:
        form.select(NO_SUCH_ID).set(action="stop")
        assert "instances" in form.problems()
        with pytest.raises(tn.InvalidInput):
            form.request()


def test_read_only_shows_all_and_sends_nothing(sandbox: tn.Sandbox) -> None:
    with tn.connect(sandbox, read_only=True) as toast, action_form(toast, action="stop") as form:
        assert form.read_only
        assert form.problems() == {"": "This connection only reads: nothing can be sent"}
        assert form.request()[0]["body"] == {"action": "stop"}
        assert not form.start()
        with pytest.raises(tn.ReadOnly):
            form.submit()
        assert not form.busy
    assert sandbox.calls[ACTION] == 0


def test_the_button_says_what_it_does(toast: tn.Toast) -> None:
    with action_form(toast, action="stop") as form:
        assert form.button == f"Stop {form.chosen.name.item()}"
    with action_form(toast, count=3, action="delete_instance") as form:
        assert form.button == "Delete: 3 instances"
    with ActionForm(toast, lang="ko") as form:
        assert form.button == "보내기"


def test_the_accounts_own_last_outcome_stays(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    mine = toast.start(toast.instances().query("status == 'STOP'").instance_id[:1])
    with action_form(toast, action="stop") as form:
        sandbox.fault(ACTION, "code", code=10409, message="not now")
        with pytest.raises(tn.Conflict):
            form.submit()
        assert form.result.action.tolist() == ["stop"]
    assert toast.last_outcome.equals(mine)


def test_the_raw_service_agrees(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, count=4, action="stop", confirm="4") as form:
        ids = form.values()["instances"]
        form.submit()
    raw = {one["id"]: one["status"] for one in raw_call(sandbox, "GET", "instances")["instances"]}
    assert {raw[id_] for id_ in ids} == {"STOP"}


def test_it_works_in_a_thread_as_well(toast: tn.Toast) -> None:
    with action_form(toast, count=3, action="stop", confirm="3") as form:
        assert form.start()
        ended(form)
        assert form.result.columns.tolist() == ["instance_id", "name", "action", "outcome", "code", "message"]
        assert form.result.outcome.tolist() == ["done"] * 3
        assert form.result.name.tolist() == [row.name for row in form.rows]
        assert form.error is None
