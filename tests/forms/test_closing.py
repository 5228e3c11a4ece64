"""Following ends at the end, in ERROR, at the deadline, and at once when the form is closed."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pandas as pd
import pytest

import toastnb as tn
from tests.forms.support import action_form, create_form, form_threads, log
from tests.forms.views_support import nothing_left
from tests.support import eventually
from tests.transport.hostile import Hostile, nothing, silence
from toastnb.arrays import texts
from toastnb.connection import giving_up_when
from toastnb.forms.acting import ActionForm
from toastnb.forms.following import until_active, until_status
from toastnb.forms.form import Form
from toastnb.forms.work import Progress

QUICKLY = 8.0  # what it is held against takes 15 s or more
ID = "5f0c2a1e-7a0b-4a57-9d0e-1c5b8c3d2e10"


def closed_within(form: object, seconds: float = QUICKLY) -> None:
    start = time.monotonic()
    form.close()
    assert time.monotonic() - start < seconds
    assert form_threads() == []


def test_closing_ends_what_is_followed_at_once(slow_toast: tn.Toast) -> None:
    form = create_form(slow_toast)
    form.start()
    eventually(lambda: form.rows[0].state == "BUILD")
    closed_within(form)
    assert not form.busy
    assert form.result.outcome.tolist() == ["unknown"]
    assert log(form) == [["create_instance", "web", "unknown"]]
    assert "broken off" in form.log.message[0]
    assert all(row.done for row in form.rows)


def test_closing_ends_a_pause_between_two_looks(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    form = action_form(slow_toast, action="stop")
    form.start()
    looks = slow_sandbox.calls["GET instances-detail"]
    eventually(lambda: slow_sandbox.calls["GET instances-detail"] > looks + 4)  # pauses are long by now
    closed_within(form, 1.0)


def test_closing_ends_an_exchange_that_is_silent(hostile: Hostile) -> None:
    vm = {"id": ID, "name": "web", "status": "ACTIVE", "flavor": {"id": "f", "name": "m2", "cpu": 1, "ram": 1024}}
    hostile.on("*", nothing(instances=[vm]))
    hostile.on(f"POST instances/{ID}/action", silence)
    with connected(hostile) as toast:
        form = ActionForm(toast).select(ID).set(action="stop")
        form.start()
        eventually(lambda: hostile.calls(f"POST instances/{ID}/action"))
        closed_within(form)
        assert log(form)[0][2] == "unknown"


def test_closing_ends_a_bulk_action_and_accounts_for_each(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    sandbox.fault("POST instances/*/action", "delay", seconds=3, times=None)
    form = action_form(toast, count=25, action="stop", confirm="25")
    form.start()
    eventually(lambda: sandbox.calls["POST instances/*/action"] >= 8)
    closed_within(form)
    assert set(form.result.outcome) == {"unknown", "not_sent"}
    assert (form.result.outcome == "not_sent").sum() >= 25 - 16
    sandbox.clear_faults()


def test_a_closed_form_sends_nothing_and_tells_nobody(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    heard: list[object] = []
    form = create_form(toast)
    form.watch(heard.append)
    form.close()
    form.close()
    form.set(name="other")
    assert heard == []
    assert form.problems() == {"": "The form is closed"}
    assert not form.start()
    with pytest.raises(tn.InvalidInput, match="closed"):
        form.submit()
    assert sandbox.calls["POST instances"] == 0


def test_closing_from_a_watcher_does_not_wait_for_itself(slow_toast: tn.Toast) -> None:
    form = create_form(slow_toast)
    form.watch(lambda one: one.close() if one.rows and one.rows[0].state == "BUILD" else None)
    form.start()
    eventually(lambda: not form.busy)
    eventually(lambda: not form_threads())


def test_closing_ends_a_submit_of_another_thread(slow_toast: tn.Toast) -> None:
    form = create_form(slow_toast)

    def close_it() -> None:
        eventually(lambda: form.rows and form.rows[0].state == "BUILD")
        form.close()

    closer = threading.Thread(target=close_it)
    closer.start()
    with pytest.raises(tn.NetworkFailure, match="broken off"):
        form.submit()
    closer.join()
    slow_toast.flavors()  # this thread's exchanges go on


def test_nothing_of_a_form_is_left_behind(toast: tn.Toast) -> None:
    with nothing_left():
        kept = weakref.ref(_sent_and_closed(toast))
        gc.collect()
        assert kept() is None


def _sent_and_closed(toast: tn.Toast) -> Form:
    with create_form(toast) as form:
        form.start()
        eventually(lambda: not form.busy)
    return form


# --- following ----------


def connected(hostile: Hostile) -> tn.Toast:
    return tn.connect(appkey="k" * 9, username="me@example.com", password="p" * 9, base_url=hostile.base_url)


def test_new_instances_that_cannot_be_told_apart_are_unknown(slow_toast: tn.Toast) -> None:
    active = slow_toast.instances().query("status == 'ACTIVE'").instance_id.iloc[0]
    made = texts(instance_id=[active, None], name=["web-1", "web-2"], status=["BUILD", None])
    progress = Progress(lambda: None)
    progress.expect({"web-1": "web-1", "web-2": "web-2"})
    frame, failures = until_active(slow_toast._api, made, ["web-1", "web-2"], progress, 5)
    assert failures == []
    assert frame.outcome.tolist() == ["done", "unknown"]
    assert frame.status.tolist()[0] == "ACTIVE"
    assert pd.isna(frame.status[1])
    assert [(row.state, row.done) for row in progress.rows] == [("ACTIVE", True), ("unknown", True)]


def follow(statuses: list[str | tn.ToastError | None], timeout: float = 20.0) -> list[str]:
    """Follow something that has these statuses one after another, and return what was seen."""
    seen: list[str] = []
    progress = Progress(lambda: seen.append(progress.rows[0].state))
    progress.expect({"it": "it"})

    def look() -> str | None:
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        if isinstance(status, tn.ToastError):
            raise status
        return status

    until_status(look, "active", {"killed"}, what="Making", key="it", progress=progress, timeout=timeout)
    return seen


def test_a_status_is_followed_until_it_is_there() -> None:
    passing = tn.NetworkFailure("it broke", passing=True)
    assert follow(["queued", None, passing, "saving", "active"]) == ["", *["queued"] * 3, "saving", "active"]


def test_a_status_that_is_not_left_any_more_ends_it() -> None:
    with pytest.raises(tn.ServiceFailure, match="Making: its status is killed"):
        follow(["saving", "killed"])


def test_the_deadline_leaves_open_what_becomes_of_it() -> None:
    with pytest.raises(tn.DeadlineExceeded, match="it is saving") as caught:
        follow(["saving"], timeout=0.05)
    assert caught.value.may_have_happened


def test_an_error_that_does_not_pass_ends_it_and_leaves_it_open() -> None:
    with pytest.raises(tn.PermissionDenied) as caught:
        follow(["saving", tn.PermissionDenied("no")])
    assert caught.value.may_have_happened


def test_nobody_waiting_ends_it() -> None:
    over = threading.Event()
    over.set()
    with giving_up_when(over), pytest.raises(tn.NetworkFailure, match="broken off"):
        follow(["saving"])


# --- progress ----------


def test_rows_keep_their_order_and_their_end() -> None:
    progress = Progress(lambda: None)
    progress.expect({"b": "web-b", "a": "web-a"})
    progress.sent("a")
    progress.seen({"a": "BUILD", "b": None, "other": "ACTIVE"})
    progress.seen({"a": "ACTIVE"}, {"a"})
    progress.seen({"a": "STOP"})
    assert [(row.key, row.name, row.state, row.done) for row in progress.rows] == [
        ("b", "web-b", "", False),
        ("a", "web-a", "ACTIVE", True),
    ]
    progress.end("failed")
    assert [row.state for row in progress.rows] == ["failed", "ACTIVE"]
    assert all(row.done and row.seconds >= 0 for row in progress.rows)


def test_sending_many_tells_now_and_then_only() -> None:
    told: list[int] = []
    progress = Progress(lambda: told.append(1))
    progress.expect({str(number): "" for number in range(5000)})
    for number in range(5000):
        progress.sent(str(number))
    assert len(told) < 100
