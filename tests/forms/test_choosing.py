"""Choosing instances: by search, filters, ids, names or a frame; any number of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.forms.support import action_form
from tests.support import NO_SUCH_ID
from toastnb.forms.acting import ActionForm
from toastnb.forms.choosing import Instances, described, matching, typed
from toastnb.forms.words import label

WORDS = st.text("aB1. -가", max_size=3)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | WORDS,
            "status": st.none() | st.sampled_from(["ACTIVE", "STOP"]),
            "zone": st.none() | st.sampled_from(["a", "b"]),
            "flavor_name": st.none() | st.sampled_from(["m2", "u2"]),
            "ip_address": st.none() | WORDS,
            "floating_ip": st.none() | WORDS,
        }
    ),
    max_size=8,
)


def frame_of(rows: list[dict[str, str | None]]) -> pd.DataFrame:
    columns = ["name", "status", "zone", "flavor_name", "ip_address", "floating_ip"]
    frame = pd.DataFrame(rows, columns=columns).astype("str")
    frame.insert(0, "instance_id", pd.Series([f"i-{number}" for number in range(len(rows))], dtype="str"))
    return frame


@given(ROWS, WORDS, WORDS, st.none() | st.sampled_from(["ACTIVE", ["ACTIVE", "STOP"]]), st.none() | st.just("a"))
def test_what_matches_is_what_a_loop_finds(rows, text, name, status, zone) -> None:
    def wanted(row: dict[str, str | None], id_: str) -> bool:
        searched = [id_, row["name"], row["ip_address"], row["floating_ip"]]
        stripped = text.strip().lower()
        return (
            (not stripped or any(stripped in value.lower() for value in searched if value is not None))
            and (not name or (row["name"] is not None and name.lower() in row["name"].lower()))
            and (status is None or row["status"] in ([status] if isinstance(status, str) else status))
            and (zone is None or row["zone"] == zone)
        )

    frame = frame_of(rows)
    found = matching(frame, text, name=name, status=status, zone=zone)
    assert found.instance_id.tolist() == [f"i-{n}" for n, row in enumerate(rows) if wanted(row, f"i-{n}")]


def test_what_is_searched_for_is_no_pattern() -> None:
    frame = frame_of([{"name": "a.b"}, {"name": "aXb"}])
    assert matching(frame, "a.b").name.tolist() == ["a.b"]


@pytest.mark.parametrize("count", [100_000])
def test_a_hundred_thousand_are_searched_and_chosen_without_a_loop_in_sight(count: int) -> None:
    numbers = pd.Series(np.arange(count)).astype("str")
    frame = pd.DataFrame({"instance_id": "i-" + numbers, "name": "web-" + numbers, "status": "ACTIVE"}).astype("str")
    field = Instances("instances")
    field.offer(frame)
    field.set(matching(frame, "web-9").instance_id)
    assert len(field.value) == 11_111
    assert field.problem() == ""
    assert len(field.chosen()) == 11_111


# --- in the form ----------


@pytest.fixture
def form(toast: tn.Toast) -> Iterator[ActionForm]:
    with ActionForm(toast) as form:
        yield form


def test_instances_are_chosen_by_id_name_list_series_or_frame(form: ActionForm) -> None:
    names = form.instances.name.value_counts()
    two = form.instances[form.instances.name.map(names) == 1].head(2)
    ids = tuple(two.instance_id)
    for given_ in (two, two.instance_id, list(ids), ids, two.instance_id.to_numpy(), pd.Index(ids)):
        assert form.select(given_).values()["instances"] == ids
        assert "instances" not in form.problems()
    assert form.select(two.name.iloc[1]).values()["instances"] == ids[1:]
    assert form.chosen.instance_id.tolist() == [ids[1]]


def test_what_is_not_there_is_a_problem_that_names_it(form: ActionForm) -> None:
    form.select([form.instances.instance_id.iloc[0], NO_SUCH_ID])
    assert form.problems()["instances"] == f"there is no {NO_SUCH_ID!r}"
    with pytest.raises(tn.InvalidInput, match="instance_id"):
        form.select(pd.DataFrame({"id": ["x"]}))


def test_a_name_that_two_have_is_a_problem() -> None:
    field = Instances("instances")
    field.offer(frame_of([{"name": "same"}, {"name": "same"}, {"name": "other"}]))
    field.set(["same", "other"])
    assert field.problem() == "'same' is the name of 2 of them: give the id of one"
    assert field.value == ("same", "i-2")


def test_a_frame_limits_the_choice_and_is_chosen_whole(toast: tn.Toast) -> None:
    some = toast.instances_detail().query("zone == 'kr-pub-b'")
    with ActionForm(toast, some[["instance_id"]]) as form:
        assert form.instances.instance_id.tolist() == some.instance_id.tolist()
        assert form.values()["instances"] == tuple(some.instance_id)
        assert form.instances is form.instances  # so that a view sees whether it changed
        before = form.instances
        form.refresh()
        assert form.instances is not before
    with pytest.raises(tn.InvalidInput, match="instance_id"):
        ActionForm(toast, toast.flavors())


def test_what_is_gone_since_the_frame_was_made_is_said(toast: tn.Toast) -> None:
    some = toast.instances_detail().head(3)
    toast.delete_instance(some.instance_id.iloc[0], wait=True)
    with ActionForm(toast, some) as form:
        assert len(form.instances) == 2
        assert some.instance_id.iloc[0] in form.problems()["instances"]


def test_reading_again_shows_new_states_and_lets_go_of_what_is_gone(toast: tn.Toast, form: ActionForm) -> None:
    kept, gone = form.search(status="ACTIVE").instance_id.head(2)
    name = form.instances.set_index("instance_id").name[gone]
    form.select([kept, gone]).set(action="stop")
    toast.stop(kept)
    toast.delete_instance(gone, wait=True)
    form.refresh()
    assert form.values()["instances"] == (kept,)
    assert form.fields["instances"].note == f"{name} cannot be chosen any more: it is gone"
    assert form.chosen.status.tolist() == ["STOP"]
    assert form.values()["action"] is None
    assert "Stop cannot be chosen any more" in form.fields["action"].note


def test_search_is_that_of_the_forms_instances(form: ActionForm) -> None:
    found = form.search("WEB", status=["ACTIVE", "STOP"], zone="kr-pub-a")
    vms = form.instances
    wanted = vms[vms.name.str.contains("web") & vms.status.isin(["ACTIVE", "STOP"]) & (vms.zone == "kr-pub-a")]
    assert found.instance_id.tolist() == wanted.instance_id.tolist()
    assert len(found) > 1
    assert set(form.search(flavor="m2.c2m4").flavor_name) == {"m2.c2m4"}


# --- what is typed to confirm ----------


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("web-01", "web-01"),
        ("배치-01", "배치-01"),
        ("a b", "a b"),
        ("a  b", "the-id"),
        (" web", "the-id"),
        ("web\u202e10", "the-id"),
        ("web\n", "the-id"),
        ("", "the-id"),
        ("x" * 64, "x" * 64),
        ("x" * 65, "the-id"),
        ("e\u0301", "the-id"),
    ],
)
def test_a_name_that_nobody_can_type_is_not_asked_for(name: str, wanted: str) -> None:
    assert typed(name, "the-id") == wanted


def test_deleting_needs_the_name_and_bulk_actions_the_count(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, count=1, action="stop") as form:
        assert (form.confirmation, form.problems()) == ("", {})
        form.set(action="delete_instance")
        assert form.confirmation == form.chosen.name.item()
        form.set(confirm="something else")
        assert form.problems() == {"confirm": f"must be {form.chosen.name.item()}"}
        with pytest.raises(tn.InvalidInput, match="confirm must be"):
            form.submit()
        form.set(confirm=f" {form.chosen.name.item()} ")
        assert form.problems() == {}
    for action in ("stop", "delete_instance"):
        with action_form(toast, count=3, action=action) as form:
            assert form.confirmation == "3"
            assert form.set(confirm="2").problems() == {"confirm": "must be 3"}
            assert form.set(confirm="3").problems() == {}
    assert sandbox.calls["DELETE instances"] == sandbox.calls["POST instances/*/action"] == 0


def test_a_few_words_say_which_instances_these_are() -> None:
    frame = frame_of([{"name": name} for name in ("a", "b", None, "d", "e")])
    english, korean = (partial(label, lang=lang) for lang in ("en", "ko"))
    assert described(frame.head(1), english) == "a (i-0)"
    assert described(frame.head(3), english) == "3 instances: a, b, i-2"
    assert described(frame, english) == "5 instances: a, b, i-2, and 2 more"
    assert described(frame, korean) == "인스턴스 5개: a, b, i-2, 외 2개"


def test_a_slip_of_the_pen_in_a_search_is_said(toast: tn.Toast) -> None:
    with ActionForm(toast) as form:
        for wrong in ({"status": "STOPPED"}, {"zone": "kr-pub"}, {"flavor": ["m2.c2m4", "m2"]}):
            with pytest.raises(tn.InvalidInput, match=r"no instance has the .* There are"):
                form.search(**wrong)
        with pytest.raises(tn.InvalidInput, match="text is int, but must be text"):
            form.search(5)
        assert form.search(status="MIGRATING").empty  # a state that nothing is in


def test_a_row_of_a_frame_is_an_instance_and_a_missing_id_is_a_mistake(toast: tn.Toast) -> None:
    vms = toast.instances_detail()
    with ActionForm(toast) as form:
        form.select(vms.iloc[3])
        assert form.values()["instances"] == (vms.instance_id[3],)
    with pytest.raises(tn.InvalidInput, match="1 of 3 ids are missing"):
        ActionForm(toast, vms.head(3).assign(instance_id=[*vms.instance_id.head(2), None]))
