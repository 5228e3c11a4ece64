"""Fields that several threads change at once, on the page and below: nothing is lost, and nothing is made up."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import toastnb as tn
from tests.forms.support import create_form, form_threads
from tests.support import eventually
from toastnb.fields import Choice, Option, Text
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.views.concrete import ActionView
from toastnb.forms.views.fields import TextView, view_of
from toastnb.forms.views.form import FormView
from toastnb.forms.views.words import Say

SAY = Say("en")
LONGEST = 30.0
A_TURN = 0.001  # in which another thread surely gets a lock, for locks are not fair


@pytest.fixture
def _often() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*works: Callable[[], object]) -> None:
    """Do things in threads of their own, and raise what one of them raised; a deadlock is an error."""
    barrier, raised = threading.Barrier(len(works)), []

    def begin(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=begin, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    assert not any(thread.is_alive() for thread in threads)
    if raised:
        raise raised[0]


class Slow(TextView):
    """A view during whose showing another thread shows something else."""

    meanwhile: Callable[[], object] | None = None

    def _put(self) -> None:
        value, self.meanwhile, other = self.field.value, None, self.meanwhile
        if other is not None:
            thread = threading.Thread(target=other)
            thread.start()
            thread.join(0.3)  # under the lock it can only end afterwards
        self.control.value = value


def test_what_a_thread_shows_is_not_taken_for_something_that_was_entered() -> None:
    field = Text("name")
    view = Slow(field, SAY)
    view.meanwhile = lambda: setattr(field, "note", "from another thread")
    field.set("web")
    assert (field.value, field.entered, view.asked) == ("web", 1, False)
    eventually(lambda: field.note == "from another thread")
    assert (field.value, view.control.value) == ("web", "web")


def test_what_comes_from_the_page_while_a_thread_shows_the_field_is_not_undone() -> None:
    field = Text("name")
    view = Slow(field, SAY)
    view.meanwhile = lambda: view.control.set_state({"value": "db"})  # as it comes from the page
    field.set("web")
    eventually(lambda: (field.value, view.control.value) == ("db", "db"))


@pytest.mark.usefixtures("_often")
def test_what_is_entered_stays_while_another_thread_offers_something_else() -> None:
    for _ in range(150):
        field = Choice("zone", [Option(one, one) for one in "abcdef"])
        field.set("a")
        view = view_of(field, SAY)

        def offer(field: Choice = field) -> None:
            for number in range(3):
                with field.lock:
                    field.options = [Option(one, one, f"no{number}" if one == "c" else "") for one in "fedcba"]

        at_once(lambda field=field: field.set("d"), offer)
        assert field.value == "d"
        assert view.control.offered[view.control.index - 1].value == "d"
        view.close()


@pytest.mark.usefixtures("_often")
def test_an_action_that_is_chosen_stays_while_lists_are_read_again(toast: tn.Toast) -> None:
    view = tn.forms.actions(toast, lang="en")
    form, tables = view.form, view.form._catalogue._known["instances"]
    vms = tables["instances_detail"]
    ids = vms[(vms.status == "ACTIVE") & ~vms.flavor_name.str.startswith("u2")].instance_id.tolist()
    form.select(ids[0])

    def states(status: str) -> dict[str, Any]:
        other = vms.copy()
        other.loc[other.instance_id.isin([ids[0], ids[5]]), "status"] = status
        return {**tables, "instances_detail": other}

    variants, over = [states("ACTIVE"), states("STOP")], threading.Event()

    def read_again() -> None:
        while not over.wait(A_TURN):
            for number in range(10):
                form._catalogue._known["instances"] = variants[number % 2]
                form._catalogue._watchers.tell()

    turned: list[object] = []

    def choose() -> None:
        with ExitStack() as end:
            end.callback(over.set)
            for number in range(15):
                wanted = ("delete_instance", "add_security_group")[number % 2]  # fit both states
                form.set(action=wanted)
                if form.fields["action"].value != wanted:
                    turned.append((wanted, form.fields["action"].value))

    at_once(read_again, choose)
    assert turned == []
    control = view.views["action"].control
    assert control.offered[control.index - 1].value == form.fields["action"].value
    view.close()


@pytest.mark.usefixtures("_often")
def test_text_that_comes_from_the_page_is_not_undone(toast: tn.Toast) -> None:
    view = FormView(create_form(toast, name=""))
    control, over = view.views["name"].control, threading.Event()

    def read_again() -> None:
        while not over.wait(A_TURN):
            for _ in range(10):
                view.form._catalogue._watchers.tell()

    def type_() -> None:
        with ExitStack() as end:
            end.callback(over.set)
            for length in range(1, 20):
                control.set_state({"value": "a" * length})
                assert view.form.fields["name"].value == "a" * length

    at_once(read_again, type_)
    assert (control.value, view.form.fields["name"].value) == ("a" * 19, "a" * 19)
    view.close()


def test_three_forms_on_one_catalogue_do_not_wait_for_each_other(toast: tn.Toast) -> None:
    console = tn.forms.console(toast, "en")
    catalogue: Catalogue = console.create.form._catalogue

    def enter(view: FormView, name: str) -> Callable[[], object]:
        control = view.views[name].control
        return lambda: [control.set_state({"value": f"web-{number}"}) for number in range(15)]

    at_once(
        lambda: [catalogue.read_again("keypairs") for _ in range(5)],
        lambda: [console.actions.form.refresh() for _ in range(3)],
        enter(console.create, "name"),
        enter(console.keypairs, "name"),
        lambda: [console.actions.views["instances"].search.set_state({"value": "w" * n}) for n in range(5)],
    )
    assert console.create.form.fields["name"].value == console.keypairs.form.fields["name"].value == "web-14"
    console.close()


def test_a_form_is_closed_while_it_is_shown_and_sends(slow_toast: tn.Toast) -> None:
    view: ActionView = tn.forms.actions(slow_toast, lang="en")
    form = view.form
    form.select(form.search(status="ACTIVE").instance_id.head(1)).set(action="stop")
    view.button.click()
    eventually(lambda: form.rows and form.rows[0].state == "POWERING_OFF")
    at_once(view.close, lambda: [form.fields["image_name"].set(str(number)) for number in range(30)])
    assert form_threads() == []
