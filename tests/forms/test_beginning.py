"""The first moments of a submit: whatever interrupts them, the form is usable afterwards, and nothing is sent twice."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import toastnb as tn
from tests.forms.support import action_form, create_form, ended, log
from toastnb.forms import form as form_module
from toastnb.forms import work as work_module
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.creating import CreateForm
from toastnb.forms.form import Form
from toastnb.forms.keys import KeypairForm
from toastnb.forms.work import Worker

ACTION = "POST instances/*/action"
_WATCHED = {str(Path(one.__file__)) for one in (form_module, work_module)}
_MOST = 300


def interrupted(what: Callable[[], object], moment: int) -> bool:
    """Do something, with a Ctrl-C at the n-th moment at which the forms' code could see one; tell whether it came.

    Python looks for signals where a function begins and where a call has ended.
    """
    seen = 0

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal seen
        if frame.f_code.co_filename in _WATCHED and event in {"call", "c_return"}:
            seen += 1
            if seen == moment:
                raise KeyboardInterrupt

    sys.setprofile(profile)
    try:
        what()
    except (KeyboardInterrupt, tn.ToastError):
        pass
    finally:
        sys.setprofile(None)
    return seen >= moment


@pytest.mark.parametrize("how", ["start", "submit"])
def test_a_ctrl_c_at_any_moment_leaves_a_usable_form(toast: tn.Toast, sandbox: tn.Sandbox, how: str) -> None:
    moments = 0
    with action_form(toast) as form:
        for moment in range(1, _MOST):
            sent = sandbox.calls[ACTION]
            form.refresh()
            form.set(action="reboot")
            assert form.problems() == {}
            if not interrupted(getattr(form, how), moment):
                break
            ended(form)
            assert sandbox.calls[ACTION] <= sent + 1, moment
            moments = moment
    assert 10 < moments < _MOST - 1


def test_a_thread_that_cannot_be_made_sends_nothing_and_frees_the_form(
    toast: tn.Toast, sandbox: tn.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with action_form(toast, action="stop") as form:
        monkeypatch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError, match="new thread"):
            form.start()
        monkeypatch.undo()
        assert not form.busy
        assert form.problems() == {}
        assert form.start()
        ended(form)
    assert sandbox.calls[ACTION] == 1


def test_a_thread_that_is_made_while_the_form_closes_ends(toast: tn.Toast, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = Worker.__init__

    def closing(worker: Worker, *arguments: Any) -> None:
        threading.Thread(target=form.close).start()
        begun(worker, *arguments)

    form = action_form(toast, action="stop")
    monkeypatch.setattr(Worker, "__init__", closing)
    form.start()
    ended(form)


def test_the_same_entry_once_more_is_no_change(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with create_form(toast, count=3) as form:
        form.submit()
        assert form.set(count=3, name="web").problems().keys() == {""}
        assert not form.start()
        assert form.set(confirm="3").problems().keys() == {""}
        assert form.set(name="web-x").problems() == {}
    assert sandbox.calls["POST instances"] == 1


def test_an_error_does_not_wait_for_the_lists(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    """The states are read before sending, so what slows the lists down comes with the answer to the action."""
    seconds = 20.0
    shown = threading.Event()
    with action_form(toast, action="stop") as form:

        def watch(one: Form) -> None:
            if one.rows and one.rows[0].state == "sent":  # just before it is
                sandbox.fault("GET *", "delay", seconds=seconds, times=None)
            if one.error is not None and not one.busy:
                shown.set()

        form.watch(watch)
        sandbox.fault(ACTION, "code", code=-6, message="Failed to query internal db")
        start = time.monotonic()
        form.start()
        assert shown.wait(seconds / 2)
        assert time.monotonic() - start < seconds / 2
        sandbox.clear_faults()


def test_a_defect_after_the_action_is_not_its_outcome(toast: tn.Toast, tmp_path: Path) -> None:
    """A watcher of another form that shares the lists fails: what was carried out has been carried out."""

    def broken(_: Any) -> None:
        raise KeyError("no such widget")

    catalogue = Catalogue(toast._api)
    create, keypairs = (kind(toast, catalogue=catalogue, lang="en") for kind in (CreateForm, KeypairForm))
    with create, keypairs:
        create.fields["keypair"].watch(broken)
        keypairs.set(action="create", name="made", path=tmp_path / "made.pem").submit()
        assert log(keypairs) == [["create_keypair", "made", "done"]]
        assert keypairs.error is None
        assert "no such widget" in str(create.error)
        assert not create.error.may_have_happened
