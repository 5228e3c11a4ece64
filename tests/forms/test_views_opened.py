"""What is opened once more takes the place of what was there, and nothing of that is left: no widget, thread, comm."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import toastnb as tn
from tests.forms.views_support import nothing_left, said
from tests.support import eventually
from toastnb.forms.views import console as module
from toastnb.forms.views import opened

MANY = 25


class Shell(InteractiveShell):
    """A shell that runs a cell, as a kernel tells of it."""

    running: dict[str, Any] = {}  # noqa: RUF012 - as the kernel has it

    def get_parent(self) -> dict[str, Any]:
        return self.running


@pytest.fixture
def run_cell(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Begin to run a cell: with an id as JupyterLab gives it, or known by its code only, as in Voila."""
    shell, runs = Shell(), iter(range(1000))
    monkeypatch.setattr(opened, "get_ipython", lambda: shell)

    def run(code: str = "", cell: str | None = None, kind: str = "execute_request") -> None:
        header = {"msg_id": str(next(runs)), "msg_type": kind}
        shell.running = {"header": header, "metadata": {"cellId": cell} if cell else {}, "content": {"code": code}}

    yield run
    Shell.clear_instance()


def test_many_consoles_leave_nothing(toast: tn.Toast) -> None:
    with nothing_left():
        for _ in range(MANY):
            console = tn.forms.console(toast, "en")
        console.close()
    assert opened._open == []


def test_a_console_that_cannot_be_made_leaves_nothing_and_lets_the_former_be(
    sandbox: tn.Sandbox, toast: tn.Toast, no_backoff: None, capfd: pytest.CaptureFixture[str]
) -> None:
    former = tn.forms.console(toast, "en")
    sandbox.fault("GET instances-detail", "code", code=-6, message="the database is gone", times=None)
    with nothing_left():
        for _ in range(3):
            with pytest.raises(tn.ServiceFailure):
                tn.forms.console(toast, "en")
        gc.collect()
    sandbox.clear_faults()
    assert capfd.readouterr().err == ""
    assert "closed" not in former.create.form.problems().get("", "")
    former.close()


def test_a_console_with_a_defect_is_closed(toast: tn.Toast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(module, "KeypairView", broken)
    with nothing_left():
        with pytest.raises(RuntimeError, match="a defect"):
            tn.forms.console(toast, "en")
        gc.collect()


@pytest.mark.parametrize("show", [tn.forms.console, tn.forms.actions])
def test_what_is_no_connection_is_named(show: Any) -> None:
    with nothing_left(), pytest.raises(tn.InvalidInput, match="toast is str, but must be a connection"):
        show("sandbox")


def test_a_closed_console_is_not_kept(toast: tn.Toast) -> None:
    console = tn.forms.console(toast, "en")
    kept = weakref.ref(console), weakref.ref(console.create.form._catalogue)
    console.close()
    del console
    gc.collect()
    assert [one() for one in kept] == [None, None]


def test_a_cell_that_is_run_again_closes_what_it_made(toast: tn.Toast, run_cell: Any) -> None:
    with nothing_left():
        for make in (lambda: tn.forms.actions(toast), tn.forms.login):
            views = []
            for _ in range(3):
                run_cell("the_same()", "cell-1")
                views.append(make())
            assert [view._is_closed for view in views] == [True, True, False]
            run_cell("the_same()", "cell-2")
            other = make()
            assert not views[-1]._is_closed
            other.close()
            views[-1].close()


def test_one_run_of_a_cell_may_make_several(toast: tn.Toast, run_cell: Any) -> None:
    run_cell("both", "cell-1")
    views = [tn.forms.actions(toast), tn.forms.actions(toast)]
    assert [view._is_closed for view in views] == [False, False]
    run_cell("both", "cell-1")
    last = tn.forms.actions(toast)
    assert [view._is_closed for view in views] == [True, True]
    last.close()


def test_cells_without_an_id_are_known_by_their_code(toast: tn.Toast, run_cell: Any) -> None:
    views = []
    for code in ("a", "b", "a"):
        run_cell(code)
        views.append(tn.forms.actions(toast))
    assert [view._is_closed for view in views] == [True, False, False]
    for view in views:
        view.close()


def test_where_no_cell_runs_one_of_a_kind_is_open(toast: tn.Toast, run_cell: Any) -> None:
    views = []
    for _ in range(2):
        run_cell(kind="comm_msg")
        views.append(tn.forms.actions(toast))
    assert [view._is_closed for view in views] == [True, False]
    views[-1].close()


def test_there_is_one_console_whichever_cell_made_it(toast: tn.Toast, run_cell: Any) -> None:
    run_cell("console", "cell-1")
    former = tn.forms.console(toast)
    run_cell("console", "cell-2")
    console = tn.forms.console(toast)
    assert former._is_closed
    console.close()


def test_a_new_console_says_what_the_former_followed_and_goes_on_with_its_log(slow_toast: tn.Toast) -> None:
    former = tn.forms.console(slow_toast, "en")
    form = former.actions.form
    name = form.search(status="ACTIVE").name.iloc[0]
    form.set(instances=name, action="stop")
    former.actions.button.click()
    eventually(lambda: form.rows and form.rows[0].state == "POWERING_OFF")
    console = tn.forms.console(slow_toast, "en")
    for view in (console.create, console.actions, console.keypairs):
        assert f"The form before this one followed: {name}." in said(view.notice)
    assert console.log.what.tolist() == ["stop"]
    assert console.log.outcome.tolist() == ["unknown"]
    assert "Stop" in said(console._logged)
    later = tn.forms.console(slow_toast, "en")
    assert said(later.actions.notice) == ""
    assert len(later.log) == 1
    later.close()


def test_a_console_of_another_account_begins_with_an_empty_log(toast: tn.Toast) -> None:
    former = tn.forms.console(toast, "en")
    form = former.actions.form
    form.set(instances=form.search(status="ACTIVE").name.iloc[0], action="stop").submit()
    with tn.Sandbox(instances=5, instant=True) as other, tn.connect(other) as elsewhere:
        console = tn.forms.console(elsewhere, "en")
        assert len(former.log) == 1
        assert console.log.empty
        console.close()
