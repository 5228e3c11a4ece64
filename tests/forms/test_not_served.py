"""A listing that the account is not served is no obstacle: what it would offer is entered as a text."""

from __future__ import annotations

import pytest

import toastnb as tn
from tests.forms.recording import Recorder
from tests.forms.support import ENTRIES
from toastnb.fields import Choice, Several, Text
from toastnb.forms.acting import ActionForm
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.creating import CreateForm
from toastnb.forms.keys import KeypairForm

LISTED = {
    "image": "images",
    "flavor": "flavors",
    "network": "networks",
    "zone": "availability-zones",
    "keypair": "keypairs",
    "security_groups": "security-groups",
}


def refuse(sandbox: tn.Sandbox, *listings: str) -> None:
    for listing in listings:
        sandbox.fault(f"GET {listing}", "code", code=-7, message="Not supported", times=None)


@pytest.mark.parametrize("field", LISTED)
def test_one_listing_that_is_not_served_is_a_text_with_a_note(toast: tn.Toast, sandbox: tn.Sandbox, field: str) -> None:
    refuse(sandbox, LISTED[field])
    with CreateForm(toast) as form:
        kinds = {name: type(one) for name, one in form.fields.items() if name in LISTED}
        assert kinds.pop(field) is Text
        assert set(kinds.values()) == {Choice, Several} - ({Several} if field == "security_groups" else set())
        assert "-7 (Not supported)" in form.fields[field].note
        form.set(**{field: "anything"})
        assert "-7 (Not supported)" in form.fields[field].note
        assert field not in form.problems()
        assert form.set(**{field: " "}).problems()[field]


def test_nothing_but_texts_is_enough_to_create(sandbox: tn.Sandbox) -> None:
    with Recorder(sandbox) as recorder, recorder.connect() as toast:
        ids = {
            "image": toast.images().set_index("name").image_id["Debian 12"],
            "flavor": toast.flavors().set_index("name").flavor_id["m2.c2m4"],
            "network": toast.networks().set_index("name").network_id["Default Network"],
            "keypair": toast.keypairs().name[0],
        }
        refuse(sandbox, *LISTED.values())
        with CreateForm(toast) as form:
            form.set(**{**ENTRIES, **ids, "security_groups": "default, web"})
            assert form.problems() == {}
            assert form.preview() is None
            request, code = form.request(), form.code()
            assert request[0]["body"]["instance"]["securityGroups"] == [{"name": "default"}, {"name": "web"}]
            assert request[0]["body"]["instance"]["image"] == ids["image"]
            assert form.submit().status.tolist() == ["ACTIVE"]
            assert [one.request for one in recorder.writes] == request
            exec(code, {"toast": toast})
            assert recorder.writes[1].body == recorder.writes[0].body
            form.set(root_gb=None)  # it may be a flavor with a disk of its own
            assert form.problems() == {}
            assert "volume" not in form.request()[0]["body"]["instance"]


def test_actions_go_by_text_as_well(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    refuse(sandbox, "flavors", "floating-ips", "security-groups", "volumes", "images")
    with ActionForm(toast) as form:
        for name in ("flavor", "address", "security_group", "volume"):
            assert type(form.fields[name]) is Text
        one = form.search(status="ACTIVE").instance_id.iloc[0]
        form.select(one).set(action="add_security_group", security_group="db")
        assert "names are sent as they are" in form.fields["security_group"].note
        assert form.submit().outcome.tolist() == ["done"]
        stopped = form.search(status="STOP")
        stopped = stopped[~stopped.flavor_name.str.startswith("u2")].instance_id.iloc[0]
        form.select(stopped).set(action="upload_image", image_name="golden")
        assert form.submit().name.tolist() == ["golden"]


def test_keypairs_without_their_listing(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    name = toast.keypairs().name[0]
    refuse(sandbox, "keypairs")
    with KeypairForm(toast) as form:
        form.set(action="delete_keypair", keypair=name, confirm=name)
        assert form.problems() == {}
        assert form.submit().outcome.tolist() == ["done"]


@pytest.mark.parametrize("form", [CreateForm, ActionForm, KeypairForm])
def test_a_service_that_is_not_there_is_an_error(sandbox: tn.Sandbox, form: type) -> None:
    with tn.connect(sandbox) as toast:
        sandbox.fault("*", "reset", times=None)
        with pytest.raises(tn.NetworkFailure):
            form(toast)
    sandbox.clear_faults()


def test_instances_have_to_be_served_to_act_on_them(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    refuse(sandbox, "instances-detail")
    with pytest.raises(tn.ServiceFailure, match="-7"):
        ActionForm(toast)
    with CreateForm(toast) as form:
        form.set(flavor="m2.c2m4", zone="kr-pub-a")
        with pytest.raises(tn.ServiceFailure):
            form.preview()


# --- the catalogue ----------


def test_listings_are_read_once_and_side_by_side(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    catalogue = Catalogue(toast._api)
    catalogue.read("flavors", "images")
    catalogue.read("flavors", "images", "networks")
    assert len(catalogue.listing("flavors")) == len(toast.flavors())
    assert sandbox.calls["GET flavors"] == 2
    assert sandbox.calls["GET networks"] == 1


def test_a_listing_that_fails_later_stays_as_it_was(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    told: list[str] = []
    catalogue = Catalogue(toast._api)
    before = catalogue.listing("flavors")
    catalogue.watch(lambda: told.append("again"))
    refuse(sandbox, "flavors")
    with pytest.raises(tn.ServiceFailure):
        catalogue.read_again("flavors", "images")
    assert catalogue.listing("flavors") is before
    assert told == []
    sandbox.clear_faults()
    unwatch = catalogue.watch(lambda: told.append("twice"))
    catalogue.read_again("flavors")
    unwatch()
    catalogue.read_again("flavors")
    assert told == ["again", "twice", "again"]


def test_a_listing_that_is_absent_says_why_and_may_come_back(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    refuse(sandbox, "images")
    catalogue = Catalogue(toast._api)
    assert catalogue.listing("images") is None
    assert "-7" in catalogue.why_absent("images")
    with pytest.raises(tn.NotFound):
        catalogue.images()
    catalogue.read_again("images")
    sandbox.clear_faults()
    catalogue.read_again("images")
    assert catalogue.why_absent("images") == ""
    assert len(catalogue.images()) > 10
