"""Which actions are offered for which states and how many instances, and what each can be given."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

import toastnb as tn
from tests.forms.support import action_form, labels, why_not
from tests.redaction.canary import connect
from tests.support import raw_call
from tests.transport.hostile import Hostile, nothing
from toastnb import rules
from toastnb.forms.acting import ActionForm
from toastnb.forms.verbs import ACTIONS, state_unfit
from toastnb.forms.verbs import why_not as reason
from toastnb.forms.words import label

# From the guide and the vendor's other guides, written down apart from the code.
NEEDS = {
    "start": {"STOP"},
    "stop": {"ACTIVE", "ERROR"},
    "reboot": {"ACTIVE", "STOP", "ERROR"},
    "resize": {"STOP"},
    "upload_image": {"STOP"},
    "attach_volume": {"ACTIVE", "STOP"},
    "detach_volume": {"ACTIVE", "STOP"},
    **dict.fromkeys(
        ("add_floating_ip", "remove_floating_ip", "add_security_group", "remove_security_group", "delete_instance"),
        set(rules.STATES) - {"DELETING"},
    ),
}
FOR_SEVERAL = {"start", "stop", "reboot", "resize", "add_security_group", "remove_security_group", "delete_instance"}


def say(key: str, **parts: object) -> str:
    return label(key, "en", **parts)


def vms(*states: str | None, flavor: str = "m2.c2m4") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "instance_id": [f"i-{number}" for number in range(len(states))],
            "status": pd.Series(states, dtype="str"),
            "flavor_name": pd.Series([flavor] * len(states), dtype="str"),
        }
    )


def test_every_write_on_instances_is_there() -> None:
    assert ACTIONS.keys() == NEEDS.keys()
    assert all(callable(getattr(tn.Toast, name)) for name in ACTIONS)


@pytest.mark.parametrize("status", rules.STATES)
@pytest.mark.parametrize("action", NEEDS)
def test_an_action_is_offered_in_its_states_and_in_no_other(action: str, status: str) -> None:
    said = reason(ACTIONS[action], vms(status), say)
    assert (said == "") is (status in NEEDS[action])
    if status not in NEEDS[action]:
        assert status in said or said == "it is being deleted"


@pytest.mark.parametrize(("status", "soft"), [("ACTIVE", ""), ("STOP", "needs ACTIVE, but it is STOP")])
def test_a_soft_reboot_needs_an_active_instance(status: str, soft: str) -> None:
    assert state_unfit("reboot SOFT", vms(status).status, say) == soft
    assert state_unfit("reboot", vms(status).status, say) == ""


@pytest.mark.parametrize("action", NEEDS)
def test_several_at_once_only_where_that_makes_sense(action: str) -> None:
    state = sorted(NEEDS[action] & {"ACTIVE", "STOP"})[0]
    assert reason(ACTIONS[action], vms(state), say) == ""
    assert reason(ACTIONS[action], vms(state, state), say) == (
        "" if action in FOR_SEVERAL else "one instance at a time"
    )
    assert reason(ACTIONS[action], vms(), say) == "choose instances first"


def test_one_that_does_not_fit_is_enough_and_is_counted() -> None:
    assert reason(ACTIONS["start"], vms("STOP", "ACTIVE", "STOP"), say) == "needs STOP, but 1 of 3 are not"
    assert reason(ACTIONS["delete_instance"], vms("STOP", "DELETING"), say) == "1 of 2 are being deleted"


def test_a_state_that_is_not_known_stands_in_nobodys_way() -> None:
    assert reason(ACTIONS["start"], vms("STOP", None), say) == ""


@pytest.mark.parametrize(("flavor", "said"), [("m2.c2m4", ""), ("u2.c2m4", "u2 instances keep their flavor")])
def test_u2_is_not_resized(flavor: str, said: str) -> None:
    assert reason(ACTIONS["resize"], vms("STOP", flavor=flavor), say) == said


# --- what an action can be given ----------


@pytest.fixture
def stopped(toast: tn.Toast) -> Iterator[ActionForm]:
    with action_form(toast, "STOP") as form:
        yield form


@pytest.fixture
def active(toast: tn.Toast) -> Iterator[ActionForm]:
    with action_form(toast) as form:
        yield form


def test_fields_appear_with_their_action(active: ActionForm) -> None:
    shown = {}
    for action in ("stop", "reboot", "add_floating_ip", "add_security_group", "attach_volume", "delete_instance"):
        shown[action] = [*active.set(action=action).values()][2:]
    assert shown == {
        "stop": [],
        "reboot": ["reboot_type"],
        "add_floating_ip": ["address", "ip_address"],
        "add_security_group": ["security_group"],
        "attach_volume": ["volume"],
        "delete_instance": [],
    }


def test_actions_that_do_not_fit_are_listed_with_the_reason(active: ActionForm, stopped: ActionForm) -> None:
    assert why_not(active, "action")["start"] == "needs STOP, but it is ACTIVE"
    assert why_not(active, "action")["stop"] == ""
    assert why_not(stopped, "action")["start"] == ""
    assert why_not(stopped, "action")["stop"] == "needs ACTIVE, ERROR, but it is STOP"
    active.set(action="start")
    assert active.problems() == {"action": "Start cannot be chosen: needs STOP, but it is ACTIVE"}


def test_without_instances_nothing_can_be_done(toast: tn.Toast) -> None:
    with ActionForm(toast) as form:
        assert form.problems().keys() == {"instances", "action"}
        assert set(why_not(form, "action").values()) == {"choose instances first"}


def test_resizing_offers_what_the_rules_allow(stopped: ActionForm) -> None:
    stopped.set(action="resize")
    reasons = why_not(stopped, "flavor")
    assert reasons["m1.c2m4"] == "disabled"
    assert {reasons[name] for name in reasons if name.startswith("u2")} == {"no instance can change to u2"}
    assert reasons[stopped.chosen.flavor_name.item()] == "it has this flavor already"
    assert reasons["r2.c8m64"] == ""
    assert "m2.c4m8 · 4 vCPU · 8 GB" in labels(stopped, "flavor")


def test_resizing_heeds_what_the_images_need(toast: tn.Toast) -> None:
    image = toast.images().set_index("name").image_id["Windows 2019 STD (KO)"]
    with ActionForm(toast) as form:
        fits = form.instances[form.instances.image_id == image]
        toast.stop(fits.query("status == 'ACTIVE'").instance_id)
        form.refresh()
        form.select(fits.instance_id.head(1)).set(action="resize")
        assert why_not(form, "flavor")["t2.c1m1"] == "too little RAM for Windows 2019 STD (KO)"
        assert why_not(form, "flavor")["m2.c8m16"] == ""


def test_resizing_several_notes_which_have_the_flavor_already(toast: tn.Toast) -> None:
    with ActionForm(toast) as form:
        fits = form.instances[~form.instances.flavor_name.str.startswith("u2")]
        toast.stop(fits.query("status == 'ACTIVE'").instance_id)
        form.refresh()
        two = fits.drop_duplicates("flavor_name").head(2)
        form.select(two).set(action="resize", flavor=two.flavor_name.iloc[0])
        assert form.fields["flavor"].note == "1 of 2 have it already, and will be refused"
        assert "flavor" not in form.problems()


def test_adding_a_floating_ip_offers_free_ones_and_the_instances_addresses(
    toast: tn.Toast, sandbox: tn.Sandbox
) -> None:
    free = [
        one["floatingIpAddress"]
        for one in raw_call(sandbox, "GET", "floating-ips")["floatingips"]
        if not one.get("fixedIpAddress")
    ]
    assert free
    with ActionForm(toast) as form:
        with_one = form.instances[form.instances.floating_ip.notna()].iloc[0]
        form.select(with_one.instance_id).set(action="add_floating_ip")
        assert [option.value for option in form.fields["address"].options] == free
        assert why_not(form, "ip_address")[with_one.ip_address] == f"has {with_one.floating_ip} already"
        without = form.instances.query("floating_ip.isna() and status == 'ACTIVE'").iloc[0]
        form.select(without.instance_id)
        assert form.values()["ip_address"] == without.ip_address
        form.select(with_one.instance_id).set(action="remove_floating_ip")
        assert why_not(form, "address") == {with_one.floating_ip: ""}
        form.select(without.instance_id)
        assert form.problems() == {"address": "has nothing that can be chosen"}


def test_security_groups_are_offered_by_what_the_instances_have(toast: tn.Toast) -> None:
    with ActionForm(toast) as form:
        form.select(form.instances).set(action="add_security_group")
        has = form.instances.security_groups.str.split(",").explode().value_counts()
        everywhere = {name for name, count in has.items() if count == len(form.instances)}
        assert {name for name, why in why_not(form, "security_group").items() if why} == everywhere
        some = next(name for name, count in has.items() if count < len(form.instances))
        form.set(security_group=some)
        assert form.fields["security_group"].note.startswith(f"{has[some]} of {len(form.instances)} have it already")
        form.set(action="remove_security_group")
        assert set(why_not(form, "security_group")) == set(has.index)
        form.set(security_group=some)
        lack = len(form.instances) - has[some]
        assert form.fields["security_group"].note.startswith(f"{lack} of {len(form.instances)} do not have it")


def test_a_groups_name_is_told_from_anothers(hostile: Hostile) -> None:
    """The column security_groups is joined by commas, and a group may have one in its name."""
    groups = {"one": ["web", "default"], "two": ["web,default"], "three": ["web-internal"]}
    vms = [
        {"id": id_, "name": id_, "status": "ACTIVE", "securityGroups": [{"name": name} for name in names]}
        for id_, names in groups.items()
    ]
    listed = [{"id": name, "name": name} for name in ("web", "default", "web,default", "web-internal")]
    hostile.on("*", nothing(instances=vms, securityGroups=listed))
    with connect(hostile.base_url) as toast, ActionForm(toast, lang="en") as form:
        form.select("two").set(action="remove_security_group")
        assert [option.value for option in form.fields["security_group"].options] == ["web,default"]
        form.set(action="add_security_group")
        assert why_not(form, "security_group") == {
            "web": "", "default": "", "web,default": "it is there already", "web-internal": ""
        }  # fmt: skip
        form.select(["one", "three"]).set(action="add_security_group", security_group="web")
        assert form.fields["security_group"].note.startswith("1 of 2 have it already")


def test_volumes_are_offered_that_are_available_in_the_zone(active: ActionForm, sandbox: tn.Sandbox) -> None:
    zone = active.chosen.zone.item()
    raw = [one for one in raw_call(sandbox, "GET", "volumes")["volumes"] if one["status"] == "available"]
    wanted = {one["name"]: "" if one["availabilityZone"] == zone else f"in {one['availabilityZone']}" for one in raw}
    assert {"", *wanted.values()} == set(wanted.values())
    assert len(set(wanted.values())) > 1
    assert why_not(active.set(action="attach_volume"), "volume") == wanted


def test_detaching_offers_what_is_attached(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    raw = raw_call(sandbox, "GET", "instances-detail")["instances"]
    one = next(i for i in raw if i["volumes"]["attachments"] and i["status"] in ("ACTIVE", "STOP"))
    with ActionForm(toast) as form:
        form.select(one["id"]).set(action="detach_volume")
        attached = one["volumes"]["attachments"]
        assert [option.value for option in form.fields["volume"].options] == [disk["id"] for disk in attached]
        assert labels(form, "volume") == [f"{disk['name']} · {disk['size']} GB" for disk in attached]


def test_rebooting_offers_what_the_state_allows(active: ActionForm, stopped: ActionForm) -> None:
    assert active.set(action="reboot").values()["reboot_type"] == "SOFT"
    assert why_not(active, "reboot_type") == {"SOFT": "", "HARD": ""}
    assert stopped.set(action="reboot").values()["reboot_type"] is None
    assert why_not(stopped, "reboot_type")["SOFT"] == "needs ACTIVE, but it is STOP"


def test_another_action_begins_afresh_without_a_word(active: ActionForm) -> None:
    active.set(action="add_floating_ip")
    active.set(address=active.fields["address"].options[0].value)
    active.set(action="remove_floating_ip")
    assert (active.fields["address"].value, active.fields["address"].note) == (None, "")


def test_a_gentle_reboot_never_becomes_a_hard_one_by_itself(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with action_form(toast, action="reboot") as form:
        assert form.values()["reboot_type"] == "SOFT"
        toast.stop(form.values()["instances"][0])
        form.refresh()
        assert form.values()["reboot_type"] is None
        assert form.fields["reboot_type"].note.startswith("SOFT: shut down first cannot be chosen any more")
        assert form.problems() == {"reboot_type": "is to be chosen"}
