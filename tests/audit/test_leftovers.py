"""Flavors and images that are no longer offered, volumes and addresses that nobody has, applications in one zone."""

from __future__ import annotations

from typing import Any

import pytest

import toastnb as tn
from tests.audit.builders import account, ago, clean, evidence, find, resources, without

FLAVORS = [
    {"id": "on", "name": "m2.c1m2", "disabled": False},
    {"id": "off", "name": "m1.c1m2", "disabled": True},
    {"id": "unused", "name": "m1.c2m4", "disabled": True},
    {"id": "unknown", "name": "x1.c1m1"},
]


def of_flavor(number: int, flavor: str | None, **fields: Any) -> dict[str, Any]:
    return clean(number, flavor={"id": flavor, "name": f"name of {flavor}"}, **fields)


def test_disabled_and_vanished_flavors_in_use() -> None:
    vms = [of_flavor(1, "on"), of_flavor(2, "off"), of_flavor(3, "off"), of_flavor(4, "gone"), of_flavor(5, "unknown")]
    vms += [clean(6, flavor=None), of_flavor(7, "gone too", status="DELETING")]
    inventory = account(vms, flavors=FLAVORS)
    disabled = find(inventory, "flavor-disabled")
    assert disabled[["resource_type", "resource", "name", "evidence"]].values.tolist() == [
        ["flavor", "off", "name of off", "disabled; 2 instances have it"]
    ]
    gone = find(inventory, "flavor-gone")
    assert gone[["resource", "name", "confidence", "evidence"]].values.tolist() == [
        ["gone", "name of gone", "likely", "not listed any more; 1 instance has it"]
    ]


def test_vanished_and_inactive_images_in_use() -> None:
    images = [
        {"id": "fine", "name": "Debian 12", "status": "ACTIVE"},
        {"id": "off", "name": "CentOS 6.9", "status": "deactivated"},
        {"id": "unused", "name": "CentOS 5", "status": "deactivated"},
        {"id": "unknown", "name": "?"},
    ]
    used = ["fine", "off", "off", "gone", "unknown", None]
    inventory = account([clean(number, image=image) for number, image in enumerate(used)], images=images)
    assert evidence(inventory, "image-inactive") == {"off": "deactivated; 2 instances were made from it"}
    gone = find(inventory, "image-gone")
    assert gone[["resource", "confidence", "evidence"]].values.tolist() == [
        ["gone", "likely", "not listed; 1 instance was made from it"]
    ]
    assert gone.name.isna().all()


# --- volumes and floating IPs -------------------------------------------------------------------------------------


def volume(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"v-{number}",
        "name": f"data-{number}",
        "size": 100,
        "status": "available",
        "createdAt": ago(days=100),
        "attachments": [],
    } | fields


def test_volumes_that_are_attached_to_nothing_from_an_age_on() -> None:
    attached = [{"instanceId": "id-1", "attachmentId": "a", "device": "/dev/vdb"}]
    inventory = account(
        volumes=[
            volume(1, createdAt=ago(days=7)),
            volume(2, createdAt=ago(days=7, seconds=-1)),
            volume(3, attachments=attached, status="in-use"),
            volume(4, attachments=attached),
            without(volume(5, size=None), "createdAt", "status"),
            volume(6, status="error"),
            volume(7, createdAt=None),
        ]
    )
    found = find(inventory, "volume-unattached").set_index("resource")
    assert found.evidence.to_dict() == {
        "v-1": "100 GB, available, attached to nothing, created 2026-10-25",
        "v-5": "size not known, state not known, attached to nothing, age not known",
        "v-6": "100 GB, error, attached to nothing, created 2026-07-24",
        "v-7": "100 GB, available, attached to nothing, age not known",
    }
    confidence = {"v-1": "certain", "v-5": "possible", "v-6": "likely", "v-7": "possible"}
    assert found.confidence.to_dict() == confidence
    assert resources(inventory, "volume-unattached", min_days=0) == ["v-1", "v-2", "v-5", "v-6", "v-7"]
    assert resources(inventory, "volume-unattached", min_days=101) == ["v-5", "v-7"]


@pytest.mark.parametrize("status", ["in-use", "creating", "attaching", "detaching", "deleting"])
def test_a_volume_on_its_way_is_not_free(status: str) -> None:
    assert resources(account(volumes=[volume(1, status=status)]), "volume-unattached") == []


def test_floating_ips_that_lead_to_nothing() -> None:
    vm = clean(1, addresses=[{"ipAddress": "10.0.0.1", "floatingIpAddress": "198.18.0.4"}])
    given = [
        {"id": "f-1", "floatingIpAddress": "198.18.0.1", "status": "DOWN", "fixedIpAddress": None},
        {"id": "f-2", "floatingIpAddress": "198.18.0.2", "status": "ACTIVE", "fixedIpAddress": "10.0.0.9"},
        {"id": "f-3", "floatingIpAddress": "198.18.0.3", "status": "ACTIVE"},
        {"id": "f-4", "floatingIpAddress": "198.18.0.4", "status": "DOWN"},
        {"id": "f-5", "floatingIpAddress": "198.18.0.5"},
        {"id": "f-6", "floatingIpAddress": None, "status": "ERROR"},
        {"id": "f-7", "floatingIpAddress": "198.18.0.7", "status": "DOWN", "fixedIpAddress": "10.0.0.8"},
    ]
    found = find(account([vm], floating_ips=given), "floating-ip-unattached").set_index("resource")
    assert found.evidence.to_dict() == {
        "f-1": "leads to no instance, DOWN",
        "f-5": "leads to no instance, state not known",
        "f-6": "leads to no instance, ERROR",
    }
    assert found.confidence.to_dict() == {"f-1": "certain", "f-5": "likely", "f-6": "certain"}
    assert found.name.dropna().to_dict() == {"f-1": "198.18.0.1", "f-5": "198.18.0.5"}


# --- applications -------------------------------------------------------------------------------------------------


def placed(*places: tuple[str | None, str | None], **fields: Any) -> tn.Inventory:
    """Return an account of instances by name and zone."""
    return account(
        [clean(number, name=name, availabilityZone=zone, **fields) for number, (name, zone) in enumerate(places)]
    )


def test_an_application_of_two_in_one_zone_of_several() -> None:
    inventory = placed(
        *[("web-1", "a"), ("web-2", "b"), ("db-1", "a"), ("db-2", "a"), ("lone-1", "b"), (None, "a"), (None, "a")]
    )
    assert evidence(inventory, "single-zone-application") == {"db": "2 instances run in a alone"}
    assert resources(inventory, "single-zone-application", min_instances=1) == ["db", "lone"]
    assert resources(inventory, "single-zone-application", min_instances=3) == []


def test_an_account_in_one_zone_has_no_other_to_go_to() -> None:
    assert resources(placed(("db-1", "a"), ("db-2", "a")), "single-zone-application") == []


def test_stopped_instances_do_not_make_an_application_but_their_zones_are_there() -> None:
    vms = [
        clean(1, name="db-1", availabilityZone="a"),
        clean(2, name="db-2", availabilityZone="a"),
        clean(3, name="db-3", availabilityZone="b", status="STOP"),
    ]
    assert resources(account(vms), "single-zone-application") == ["db"]
    assert resources(account(vms[:2]), "single-zone-application") == []


def test_an_instance_in_a_zone_not_known_may_be_elsewhere() -> None:
    found = find(placed(("db-1", "a"), ("db-2", None), ("web-1", "b")), "single-zone-application")
    assert found[["resource", "confidence", "evidence"]].values.tolist() == [
        ["db", "possible", "2 instances run in a or in a zone not known (1)"]
    ]


def test_applications_by_metadata_and_by_pattern() -> None:
    vms = [
        clean(1, name="x1", availabilityZone="a", metadata={"service": "pay"}),
        clean(2, name="x2", availabilityZone="a", metadata={"service": "pay"}),
        clean(3, name="y1", availabilityZone="b"),
        clean(4, name="y2", availabilityZone="b"),
    ]
    inventory = account(vms)
    by_metadata = find(inventory, "single-zone-application", key="metadata.service")
    assert by_metadata[["resource_type", "resource", "name"]].values.tolist() == [["application", "pay", "pay"]]
    assert resources(inventory, "single-zone-application", key=r"^([xy])") == ["x", "y"]


def test_without_an_instance_that_has_the_metadata_it_does_not_run_and_the_others_do() -> None:
    inventory = account([clean(1, status="ERROR"), clean(2, status="DELETING", metadata={"service": "pay"})])
    findings = tn.audit.run(inventory, rules={"application": {"key": "metadata.service"}})
    table = tn.audit.summary(findings).set_index("check")
    assert table.loc["single-zone-application", ["status", "why"]].tolist() == [
        *("not run", "no instance has metadata with the key 'service'")
    ]
    assert table.findings.isna()["single-zone-application"]
    assert table.findings["in-error"] == 1
    empty = find(account(), "single-zone-application", key="metadata.service")
    assert tn.audit.summary(empty).status.tolist() == ["run"]


def test_without_metadata_applications_by_metadata_are_not_looked_for() -> None:
    inventory = account([clean(1)], absent={"metadata": "not served"})
    by_metadata = find(inventory, "single-zone-application", key="metadata.service")
    assert tn.audit.summary(by_metadata).why.tolist() == ["the inventory has no metadata: not served"]
    assert tn.audit.summary(find(inventory, "single-zone-application")).status.tolist() == ["run"]
