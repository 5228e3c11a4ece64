"""One click, one request, whatever fingers and threads do; and the account of it in log, result and error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import toastnb as tn
from tests.forms.support import action_form, create_form, ended, form_threads, log
from tests.support import eventually
from toastnb.forms.form import Form
from toastnb.forms.guard import Guard

ACTION, CREATE = "POST instances/*/action", "POST instances"
CLICKS = 50


def click_all_at_once(form: Form) -> list[bool]:
    """Click with fifty threads, and return what each click said."""
    barrier, said = threading.Barrier(CLICKS), []

    def click() -> None:
        barrier.wait()
        said.append(form.start())

    threads = [threading.Thread(target=click) for _ in range(CLICKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended(form)
    return said


FORMS: dict[str, tuple[Callable[[tn.Toast], Form], str]] = {
    "create": (create_form, CREATE),
    "stop": (lambda toast: action_form(toast, action="stop"), ACTION),
    "delete": (lambda toast: deleting(toast), "DELETE instances"),
}


def deleting(toast: tn.Toast) -> Form:
    form = action_form(toast, action="delete_instance")
    return form.set(confirm=form.confirmation)


@pytest.mark.parametrize("which", FORMS)
def test_fifty_clicks_at_once_send_one_request(toast: tn.Toast, sandbox: tn.Sandbox, which: str) -> None:
    make, call = FORMS[which]
    with make(toast) as form:
        assert sorted(click_all_at_once(form)) == [False] * (CLICKS - 1) + [True]
        assert sandbox.calls[call] == 1
        assert [outcome for *_, outcome in log(form)] == ["done"]


@pytest.mark.parametrize("which", FORMS)
def test_fifty_clicks_of_which_the_first_fails_send_one_request(
    toast: tn.Toast, sandbox: tn.Sandbox, which: str
) -> None:
    make, call = FORMS[which]
    sandbox.fault(call, "code", code=10409, message="not now")
    with make(toast) as form:
        assert sum(click_all_at_once(form)) == 1
        assert sandbox.calls[call] == 1
        assert isinstance(form.error, tn.Conflict)


def test_a_second_click_does_nothing_while_it_runs(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    with create_form(slow_toast) as form:
        assert form.start()
        assert form.busy
        assert not form.start()
        with pytest.raises(tn.InvalidInput, match="something is under way"):
            form.submit()
        eventually(lambda: form.rows[0].state == "BUILD")
        form.set(name="another")  # entries can be changed meanwhile, but nothing is sent
        assert not form.start()
        assert slow_sandbox.calls[CREATE] == 1
        slow_sandbox.advance(60)
        ended(form)
        assert form.result.name.tolist() == ["web"]
        assert form.problems() == {}


def test_what_was_sent_is_not_sent_again_until_something_changes(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with create_form(toast) as form:
        form.submit()
        assert form.problems().keys() == {""}
        assert not form.start()
        with pytest.raises(tn.InvalidInput, match="was sent"):
            form.submit()
        form.fields["name"].set("web-2")  # as a view does it
        assert form.problems() == {}
        form.submit()
        form.refresh()
        form.submit()
    assert sandbox.calls[CREATE] == 3


def test_a_confirmation_is_used_up(toast: tn.Toast) -> None:
    with action_form(toast, count=2, action="stop", confirm="2") as form:
        form.submit()
        assert form.confirm.value == ""
        assert form.set(action="start").problems() == {"confirm": "must be 2"}


def test_the_entries_at_the_click_are_sent_and_not_those_afterwards(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    sandbox.fault(CREATE, "delay", seconds=0.3)
    with create_form(toast) as form:
        form.start()
        form.set(name="other", count=5)
        ended(form)
        assert form.result.name.tolist() == ["web"]
        assert form.values()["name"] == "other"


def test_a_failed_click_can_be_followed_by_another_a_little_later() -> None:
    guard = Guard()
    guard.begin(7)
    assert not guard.end("failed")
    assert guard.is_double_click(7)
    assert not guard.is_double_click(8)  # something was changed
    assert not guard.was_sent(7)
    eventually(lambda: not guard.is_double_click(7))


@pytest.mark.parametrize(
    ("outcome", "again"), [("done", False), ("unknown", False), ("partly", False), ("failed", True)]
)
def test_what_may_have_been_carried_out_counts_as_sent(outcome: str, again: bool) -> None:
    guard = Guard()
    guard.begin(1)
    guard.end(outcome)
    assert guard.was_sent(1) is not again


# --- those who watch ----------


def test_those_who_watch_hear_of_beginning_and_end(toast: tn.Toast) -> None:
    heard: list[tuple[bool, bool, int]] = []
    with create_form(toast) as form:
        form.watch(lambda one: heard.append((one.busy, one.result is not None, len(one.log))))
        form.start()
        ended(form)
    assert heard[0] == (True, False, 0)
    assert heard[-1] == (False, True, 1)


def test_one_who_fails_while_watching_stops_nothing_and_is_an_error(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    calls: list[str] = []

    def broken(_: Form) -> None:
        calls.append("called")
        raise KeyError("no such widget")

    with create_form(toast) as form:
        form.watch(broken)
        form.start()
        ended(form)
        assert form.result.outcome.tolist() == ["done"]
        assert "no such widget" in str(form.error)
        assert log(form)[0][2] == "done"
    assert calls == ["called"]
    assert sandbox.calls[CREATE] == 1


def test_a_field_that_is_watched_by_something_broken_is_an_error_and_no_dead_thread(
    toast: tn.Toast, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Any) -> None:
        raise KeyError("no such widget")

    with action_form(toast, action="stop") as form:
        form.fields["action"].watch(broken)
        form.start()
        ended(form)
        assert "no such widget" in str(form.error)
        assert not form.error.may_have_happened
        assert log(form)[0][2] == "done"
        assert not form.busy
    assert "".join(capfd.readouterr()) == ""


# --- threads and streams ----------


def test_a_thread_prints_and_warns_nothing_and_is_gone(
    toast: tn.Toast, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with action_form(toast, count=9, action="stop", confirm="9") as form:
        form.start()
        assert len(form_threads()) <= 1
        ended(form)
        assert form.error is None
        form.refresh()
        form.select(form.values()["instances"]).set(action="start", confirm="9")
        form.submit()
    assert "".join(capfd.readouterr()) == ""


def test_what_toast_would_warn_of_is_in_the_log(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    """Two forms make instances of the same names at once: neither guesses which are its own."""
    with create_form(toast, count=2) as form:
        sandbox.fault(CREATE, "delay", seconds=0.3)
        form.start()
        eventually(lambda: sandbox.calls[CREATE] == 1)
        with create_form(toast, count=2) as other:
            other.submit()
        ended(form)
        assert form.result.outcome.tolist() == ["done", "unknown"]
        assert form.result.instance_id.isna().tolist() == [False, True]
        assert log(form)[0][2] == "partly"
        assert "does not tell them apart" in form.log.message[0]


def test_each_submit_is_a_line_of_the_log(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, count=1, action="stop") as form:
        assert form.log.empty
        [id_], name = form.values()["instances"], form.chosen.name.item()
        sandbox.fault(ACTION, "code", code=-6, message="Failed to query internal db")
        with pytest.raises(tn.ServiceFailure):
            form.submit()
        form.refresh()
        form.submit()
        assert log(form) == [["stop", f"{name} ({id_})", "unknown"], ["stop", f"{name} ({id_})", "done"]]
        assert form.log.when.is_monotonic_increasing
        assert "-6" in form.log.message[0]
