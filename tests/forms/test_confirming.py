"""What was typed to confirm counts for what it was typed for, and for nothing else."""

from __future__ import annotations

import pytest

import toastnb as tn
from tests.forms.support import ENTRIES, action_form
from toastnb.forms.keys import KeypairForm


def test_another_choice_or_action_needs_its_own_confirmation(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, count=3, action="stop", confirm="3") as form:
        others = form.search(status="ACTIVE").instance_id.iloc[20:23]
        assert form.problems() == {}
        form.select(others)
        assert form.problems() == {"confirm": "must be 3"}
        form.set(confirm="3")
        form.set(action="delete_instance")
        assert form.confirm.value == ""
        with pytest.raises(tn.InvalidInput, match="must be 3"):
            form.submit()
        assert form.set(confirm="3").problems() == {}
    assert sandbox.calls["DELETE instances"] == 0


def test_what_an_action_is_given_is_confirmed_too(toast: tn.Toast) -> None:
    with action_form(toast, "STOP", 2, action="resize", flavor="r2.c4m16", confirm="2") as form:
        assert form.problems() == {}
        form.set(flavor="r2.c8m64")
        assert form.problems() == {"confirm": "must be 2"}


def test_a_list_that_is_read_again_leaves_a_confirmation_as_it_is(toast: tn.Toast) -> None:
    with action_form(toast, count=2, action="stop", confirm="2") as form:
        form.refresh()
        assert form.problems() == {}


def test_one_of_two_with_the_same_name_is_confirmed_by_its_id(toast: tn.Toast) -> None:
    alike = {name: value for name, value in ENTRIES.items() if name != "name"}
    keypair = toast.keypairs().name.iloc[0]
    for _ in range(2):
        toast.create_instance(name="twin", keypair=keypair, **alike)
    with action_form(toast) as form:
        one, other = form.search(name="twin").instance_id
        form.select(one).set(action="delete_instance", confirm="twin")
        assert form.problems() == {"confirm": f"must be {one}"}
        form.set(confirm=one)
        form.select(other)
        assert form.problems() == {"confirm": f"must be {other}"}


def test_another_keypair_needs_its_own_confirmation(toast: tn.Toast) -> None:
    first, second = toast.keypairs().name.iloc[:2]
    with KeypairForm(toast, lang="en") as form:
        form.set(action="delete_keypair", keypair=first, confirm=first)
        assert form.problems() == {}
        form.set(keypair=second)
        assert form.confirm.value == ""
