"""Creating instances: what is offered, what follows from what, what is sent and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd
import pytest

import toastnb as tn
from tests.forms.recording import Recorder
from tests.forms.support import create_form, ended, followed, labels, log, time_passing, why_not
from tests.support import raw_call
from toastnb.forms.creating import CreateForm

SEND = "POST instances"


@pytest.fixture
def form(toast: tn.Toast) -> Iterator[CreateForm]:
    with create_form(toast) as form:
        yield form


@pytest.fixture
def slow(slow_toast: tn.Toast) -> Iterator[CreateForm]:
    with create_form(slow_toast) as form:
        yield form


# --- what is offered ----------


def test_a_new_form_asks_for_what_is_required_and_fills_in_what_is_usual(toast: tn.Toast) -> None:
    with CreateForm(toast) as form:
        assert list(form.fields) == [
            *("name", "image", "flavor", "network", "zone", "keypair", "security_groups", "count", "root_gb")
        ]
        assert form.problems().keys() == {"name", "image", "flavor", "network", "zone", "keypair"}
        assert form.values()["count"] == 1
        assert form.values()["security_groups"] == ("default",)
        assert form.values()["root_gb"] == 20


def test_choices_are_labelled_as_people_think_of_them(form: CreateForm) -> None:
    assert {"m2.c4m8 · 4 vCPU · 8 GB", "u2.c1m2 · 1 vCPU · 2 GB · 40 GB disk"} <= set(labels(form, "flavor"))
    assert {"Debian 12 · from 20 GB", "Windows 2019 STD (KO) · from 50 GB"} <= set(labels(form, "image"))
    assert labels(form, "zone") == ["kr-pub-a", "kr-pub-b", "kr-pub-c"]


def test_labels_are_in_korean_too(toast: tn.Toast) -> None:
    with CreateForm(toast, lang="ko") as form:
        assert "m2.c4m8 · vCPU 4개 · 8 GB" in labels(form, "flavor")
        assert form.problems()["name"] == "값이 없습니다"
        assert form.title == "인스턴스 만들기"


def test_what_cannot_be_had_is_listed_with_the_reason(form: CreateForm) -> None:
    assert why_not(form, "flavor")["m1.c2m4"] == "disabled"
    assert why_not(form, "zone") == {"kr-pub-a": "", "kr-pub-b": "", "kr-pub-c": "not available"}
    assert why_not(form, "image")["CentOS 6.9"] == "it is deactivated"
    assert why_not(form, "network")["Public Network"] == "external: not for instances"
    assert why_not(form, "network")["Default Network"] == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("flavor", "m1.c2m4"), ("zone", "kr-pub-c"), ("image", "CentOS 6.9"), ("network", "Public Network")],
)
def test_what_cannot_be_had_cannot_be_sent(form: CreateForm, sandbox: tn.Sandbox, field: str, value: str) -> None:
    form.set(**{field: value})
    assert form.problems().keys() == {field}
    with pytest.raises(tn.InvalidInput, match="cannot be chosen"):
        form.submit()
    assert not form.start()
    assert sandbox.calls[SEND] == 0


@pytest.mark.parametrize(
    ("image", "flavor", "reason"),
    [
        ("Debian 12", "t2.c1m1", ""),
        ("golden-web-2024", "t2.c1m1", "too little RAM for golden-web-2024"),
        ("golden-web-2024", "m2.c1m2", ""),
        ("golden-web-2024", "u2.c1m2", ""),
        ("배치 서버 기준 이미지", "u2.c1m1", "its disk is too small for 배치 서버 기준 이미지"),
        ("Windows 2019 STD (KO)", "t2.c1m1", "too little RAM for Windows 2019 STD (KO)"),
        ("Windows 2019 STD (KO)", "m2.c1m2", ""),
        ("Windows 2019 STD (KO)", "u2.c4m8", "Windows does not run on a fixed disk"),
    ],
)
def test_flavors_are_offered_as_they_fit_the_image(form: CreateForm, image: str, flavor: str, reason: str) -> None:
    form.set(image=image)
    assert why_not(form, "flavor")[flavor] == reason


# --- what follows from what ----------


def test_a_fixed_disk_hides_the_size_and_is_noted(form: CreateForm) -> None:
    form.set(flavor="u2.c1m2")
    assert not form.fields["root_gb"].visible
    assert "root_gb" not in form.values()
    assert form.fields["flavor"].note == "Comes with a root disk of 40 GB, in place of the 50 GB that were entered"
    assert "volume" not in form.request()[0]["body"]["instance"]
    form.set(flavor="m2.c2m4")
    assert form.fields["root_gb"].visible
    assert form.fields["flavor"].note == ""
    assert form.request()[0]["body"]["instance"]["volume"] == {"size": 50}


@pytest.mark.parametrize(
    ("image", "flavor", "bounds"),
    [
        ("Debian 12", "m2.c2m4", (20, 1000, 10)),
        ("Debian 12", "t2.c1m1", (20, 100, 10)),
        ("golden-web-2024", "m2.c2m4", (40, 1000, 10)),  # its minDisk is 35
        ("Windows 2019 STD (KO)", "m2.c2m4", (50, 1000, 10)),
    ],
)
def test_the_size_begins_at_the_images_and_ends_at_the_flavors(
    form: CreateForm, image: str, flavor: str, bounds: tuple[int, int, int]
) -> None:
    form.set(image=image, flavor=flavor)
    assert form.fields["root_gb"].bounds == bounds


def test_a_size_that_the_image_does_not_allow_moves_and_an_untouched_one_follows(toast: tn.Toast) -> None:
    with CreateForm(toast) as form:
        sizes = []
        for image in ("Windows 2019 STD (KO)", "Debian 12", "golden-web-2024"):
            sizes.append(form.set(image=image).values()["root_gb"])
        assert sizes == [50, 20, 40]
        form.set(root_gb=30)
        assert form.fields["root_gb"].problem() == "is 30, but must be from 40 to 1000 in steps of 10"
        form.set(image="Windows 2019 STD (KO)")
        assert (form.values()["root_gb"], form.fields["root_gb"].note) == (50, "30 is not possible any more")


@pytest.mark.parametrize(("length", "linux", "windows"), [(12, True, True), (13, True, False), (21, False, False)])
def test_the_names_limit_follows_the_system(form: CreateForm, length: int, linux: bool, windows: bool) -> None:
    form.set(name="x" * length)
    assert ("name" not in form.problems()) is linux
    assert form.fields["name"].longest == 20
    form.set(image="Windows 2019 STD (KO)", root_gb=50)
    assert ("name" not in form.problems()) is windows
    assert form.fields["name"].longest == 12


def test_an_image_takes_away_a_flavor_that_it_does_not_fit_and_says_so(form: CreateForm) -> None:
    form.set(flavor="u2.c4m8")
    form.set(image="Windows 2019 STD (KO)")
    assert form.values()["flavor"] is None
    assert "Windows does not run on a fixed disk" in form.fields["flavor"].note


def test_the_order_of_the_arguments_does_not_matter(toast: tn.Toast) -> None:
    with create_form(toast) as one, create_form(toast) as other:
        one.set(image="golden-web-2024", flavor="m2.c1m2", root_gb=40)
        other.set(root_gb=40, flavor="m2.c1m2", image="golden-web-2024")
        assert one.request() == other.request()


def test_several_are_told_the_names_to_come(form: CreateForm) -> None:
    assert form.fields["count"].note == ""
    form.set(count=3)
    assert form.fields["count"].note == "They will be named web-1, web-2, web-3"
    assert form.button == "Create 3 instances"
    form.set(name="x" * 19, count=2)
    assert "not documented" in form.fields["count"].note
    form.set(count=11)
    assert form.problems() == {"count": "is 11, but must be from 1 to 10"}
    assert form.fields["count"].note == ""


def test_a_field_that_there_is_not_is_an_error(form: CreateForm) -> None:
    with pytest.raises(tn.InvalidInput, match=r"no field 'flavour'.*flavor"):
        form.set(flavour="m2.c2m4")


# --- before it is sent ----------


def test_the_preview_is_what_the_zone_gets(form: CreateForm, sandbox: tn.Sandbox) -> None:
    raw = raw_call(sandbox, "GET", "instances-detail")["instances"]
    there = [one for one in raw if one["availabilityZone"] == "kr-pub-b" and one["status"] != "DELETING"]
    before = {
        "instances": len(there),
        "vcpus": sum(one["flavor"]["cpu"] for one in there),
        "ram_gb": sum(one["flavor"]["ram"] for one in there) / 1024,
        "disk_gb": sum(
            one["volumes"]["root"]["size"] + sum(disk["size"] for disk in one["volumes"]["attachments"])
            for one in there
        ),
    }
    adds = {"instances": 3, "vcpus": 12, "ram_gb": 24, "disk_gb": 180}
    table = form.set(zone="kr-pub-b", flavor="m2.c4m8", count=3, root_gb=60).preview()
    assert table.before.to_dict() == before
    assert table.difference.to_dict() == adds
    assert table.after.to_dict() == {name: before[name] + adds[name] for name in before}
    assert table.unknown.tolist() == [0, 0, 0, 0]


def test_the_preview_counts_a_disk_that_comes_with_the_flavor(form: CreateForm) -> None:
    assert form.set(flavor="u2.c1m2", count=2).preview().difference["disk_gb"] == 80


def test_there_is_no_preview_of_what_is_not_known_yet(form: CreateForm) -> None:
    assert form.set(zone=None).preview() is None
    assert form.set(zone="kr-pub-a", root_gb=55).preview() is None
    assert form.set(root_gb=50, flavor=None).preview() is None
    assert form.set(flavor="m2.c2m4", name="").preview() is not None


def test_nothing_is_read_again_while_it_is_filled_in(form: CreateForm, sandbox: tn.Sandbox) -> None:
    form.preview()
    before = sandbox.calls
    form.set(image="golden-web-2024", flavor="m2.c8m16", count=2)
    form.problems(), form.preview(), form.request(), form.code()
    assert sandbox.calls == before


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"count": 3, "zone": "kr-pub-b"},
        {"flavor": "u2.c2m4"},
        {"image": "Windows 2022 STD (KO)", "name": "win-1"},
        {"image": "배치 서버 기준 이미지", "security_groups": ["web", "default"]},
    ],
)
def test_the_request_is_what_arrives_and_the_code_sends_the_same(sandbox: tn.Sandbox, entries: dict) -> None:
    with Recorder(sandbox) as recorder, recorder.connect() as toast:
        with create_form(toast, **entries) as form:
            request, code = form.request(), form.code()
            form.submit()
        assert [one.request for one in recorder.writes] == request
        [arrived] = recorder.writes
        exec(code, {"toast": toast})
        assert recorder.writes[1].body == arrived.body
        assert json.loads(arrived.body) == request[0]["body"]


def test_the_code_leaves_out_what_need_not_be_said(form: CreateForm) -> None:
    code = form.set(flavor="u2.c1m2").code()
    assert "'u2.c1m2'" in code
    assert "'Debian 12'" in code
    assert "root_gb" not in code
    assert "count" not in code


# --- sending ----------


def test_one_that_is_made_is_followed_until_it_is_active(slow: CreateForm, slow_sandbox: tn.Sandbox) -> None:
    with time_passing(slow_sandbox):
        seen = followed(slow, slow.submit)
    assert [states["web"] for states in seen if states] == ["", "sent", "BUILD", "ACTIVE"]
    assert slow.result[["name", "status", "outcome"]].values.tolist() == [["web", "ACTIVE", "done"]]
    assert raw_status(slow_sandbox, slow.result) == ["ACTIVE"]
    [row] = slow.rows
    assert (row.key, row.state, row.done) == ("web", "ACTIVE", True)
    assert log(slow) == [["create_instance", "web", "done"]]


def test_several_are_followed_each(slow: CreateForm, slow_sandbox: tn.Sandbox) -> None:
    slow.set(count=3)
    with time_passing(slow_sandbox):
        assert slow.start()
        ended(slow)
    assert slow.error is None
    assert slow.result.name.tolist() == ["web-1", "web-2", "web-3"]
    assert raw_status(slow_sandbox, slow.result) == ["ACTIVE"] * 3
    assert slow.result.instance_id.is_unique
    assert [(row.name, row.state, row.done) for row in slow.rows] == [(f"web-{n}", "ACTIVE", True) for n in (1, 2, 3)]
    assert slow_sandbox.calls[SEND] == 1


def test_one_that_falls_into_error_is_an_error_and_still_a_result(slow: CreateForm, slow_sandbox: tn.Sandbox) -> None:
    slow_sandbox.fault(SEND, "build-error")
    with time_passing(slow_sandbox):
        slow.start()
        ended(slow)
    assert isinstance(slow.error, tn.ServiceFailure)
    assert slow.result[["status", "outcome"]].values.tolist() == [["ERROR", "failed"]]
    assert [(row.state, row.done) for row in slow.rows] == [("ERROR", True)]
    assert log(slow) == [["create_instance", "web", "failed"]]


def test_several_of_which_some_fail_are_rows(slow: CreateForm, slow_sandbox: tn.Sandbox) -> None:
    slow_sandbox.fault(SEND, "build-error")
    with time_passing(slow_sandbox):
        frame = slow.set(count=2).submit()
    assert frame.outcome.tolist() == ["failed", "failed"]
    assert frame.message.str.contains("ERROR").all()


def test_a_refusal_keeps_the_entries_and_can_be_sent_again(form: CreateForm, sandbox: tn.Sandbox) -> None:
    entries = form.values()
    sandbox.fault(SEND, "code", code=20001, message="No available IP")
    with pytest.raises(tn.Conflict, match="No available IP") as caught:
        form.submit()
    assert form.error is caught.value
    assert form.values() == entries
    assert form.result is None
    assert [(row.state, row.done) for row in form.rows] == [("failed", True)]
    assert form.problems() == {}
    assert form.submit().status.tolist() == ["ACTIVE"]
    assert form.error is None
    assert [outcome for *_, outcome in log(form)] == ["failed", "done"]
    assert "20001" in form.log.message[0]


def test_a_fate_that_is_open_is_not_sent_again_by_another_click(form: CreateForm, sandbox: tn.Sandbox) -> None:
    sandbox.fault(SEND, "reset")
    with pytest.raises(tn.NetworkFailure):
        form.submit()
    assert log(form) == [["create_instance", "web", "unknown"]]
    assert form.problems().keys() == {""}
    assert not form.start()
    assert sandbox.calls[SEND] == 1
    form.refresh()
    assert form.problems() == {}


def test_the_deadline_ends_it_as_unknown(slow: CreateForm) -> None:
    slow.timeout = 0.3
    with pytest.raises(tn.DeadlineExceeded):
        slow.submit()
    assert slow.result[["status", "outcome"]].values.tolist() == [["BUILD", "unknown"]]
    assert log(slow) == [["create_instance", "web", "unknown"]]


def test_without_the_listing_that_tells_several_apart_nothing_is_sent(form: CreateForm, sandbox: tn.Sandbox) -> None:
    sandbox.fault("GET instances", "code", code=-7, message="Not supported", times=None)
    with pytest.raises(tn.ServiceFailure):
        form.set(count=2).submit()
    assert sandbox.calls[SEND] == 0


def test_what_is_new_appears_in_other_forms_of_the_catalogue(toast: tn.Toast) -> None:
    from toastnb.forms.acting import ActionForm
    from toastnb.forms.catalogue import Catalogue

    catalogue = Catalogue(toast._api)
    with create_form(toast) as ready, ActionForm(toast, catalogue=catalogue) as actions:
        with CreateForm(toast, catalogue=catalogue).set(**ready.values()) as form:
            made = form.submit()
        assert made.instance_id.item() in actions.instances.instance_id.tolist()


def raw_status(sandbox: tn.Sandbox, made: pd.DataFrame) -> list[str]:
    raw = raw_call(sandbox, "GET", "instances")["instances"]
    status = {one["id"]: one["status"] for one in raw}
    return [status[id_] for id_ in made.instance_id]


def test_a_name_that_is_there_already_is_noted(form: CreateForm) -> None:
    form._catalogue.read("instances")
    there = form._catalogue.known("instances")["instances_detail"].name[0]
    form.set(name=there)
    assert form.fields["name"].note == f"There is an instance of this name already: {there}"
    assert form.problems() == {}
    form.set(name="another")
    assert form.fields["name"].note == ""
