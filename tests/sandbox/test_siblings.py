"""Images, networks, security groups, floating IPs and volumes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.support import UNKNOWN, Client

# Images


def pages(client: Client, **params: Any) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    while page := client.ok("GET", "images", **params)["images"]:
        found.append(page)
        params["marker"] = page[-1]["id"]
    return found


def test_images_come_in_pages_after_the_marker(instant: Client) -> None:
    everything = instant.ok("GET", "images", limit=1000)["images"]
    assert len(everything) > 25
    by_default = pages(instant)
    assert len(by_default[0]) == 25
    assert [image for page in by_default for image in page] == everything
    assert [image for page in pages(instant, limit=7) for image in page] == everything
    assert [len(page) for page in pages(instant, limit=1)] == [1] * len(everything)


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "1.5", "", "²", "9" * 5000])
def test_a_page_holds_1_to_1000(instant: Client, limit: str) -> None:
    instant.refused(-4, "GET", "images", limit=limit)


def test_an_unknown_marker(instant: Client) -> None:
    instant.refused(30404, "GET", "images", marker=UNKNOWN)


def test_an_image_is_uploaded_from_a_stopped_instance(timed: Client) -> None:
    identifier = timed.create_in("STOP", volume={"size": 40})
    made = timed.act(identifier, "uploadImage", name="내 이미지")["createdImage"]
    assert made["name"] == "내 이미지"
    seen = []
    for _ in range(30):
        seen.append(timed.image("내 이미지")["status"])
        timed.sandbox.advance(0.5)
    assert list(dict.fromkeys(seen)) == ["queued", "saving", "active"]
    image = timed.ok("GET", "images", limit=1000)["images"][-1]
    assert image["id"] == made["id"]
    assert (image["minDisk"], image["isPublic"], image["protected"]) == (40, False, False)
    assert image["properties"]["os_type"] == "linux"
    assert timed.status(identifier) == "STOP"


@pytest.mark.parametrize("status", ["ACTIVE", "ERROR"])
def test_an_image_needs_a_stopped_instance(timed: Client, status: str) -> None:
    timed.act_refused(10409, timed.create_in(status), "uploadImage", name="x")


def test_an_uploaded_image_can_be_used_when_it_is_active(timed: Client) -> None:
    made = timed.act(timed.create_in("STOP"), "uploadImage", name="mine")["createdImage"]["id"]
    timed.refused(30409, "POST", "instances", timed.new_instance(image=made))
    timed.sandbox.advance(60)
    timed.create(image=made)


def test_only_own_images_are_deleted_in_whatever_state(timed: Client) -> None:
    assert "public" in timed.refused(30403, "DELETE", "images", id=timed.image("Debian 12")["id"])
    timed.refused(30404, "DELETE", "images", id=UNKNOWN)
    timed.refused(-4, "DELETE", "images")
    queued = timed.act(timed.create_in("STOP"), "uploadImage", name="mine")["createdImage"]["id"]
    timed.ok("DELETE", "images", id=queued)
    timed.ok("DELETE", "images", id=timed.image("golden-web-2024")["id"])
    timed.sandbox.advance(60)
    assert not [i for i in timed.ok("GET", "images", limit=1000)["images"] if i["name"] in ("mine", "golden-web-2024")]


def test_an_instance_outlives_its_image(timed: Client) -> None:
    made = timed.act(timed.create_in("STOP"), "uploadImage", name="mine")["createdImage"]["id"]
    timed.sandbox.advance(60)
    identifier = timed.create_in("STOP", image=made)
    timed.ok("DELETE", "images", id=made)
    timed.act(identifier, "resize", flavor=timed.flavor("m2.c4m8"))
    timed.sandbox.advance(60)
    timed.act(identifier, "uploadImage", name="from an orphan")


# Networks, subnets, security groups


@pytest.mark.parametrize(
    ("path", "name", "code"),
    [
        ("networks", "networks", 20404),
        ("security-groups", "securityGroups", 24404),
        ("floating-ips", "floatingips", 22404),
        ("volumes", "volumes", 40404),
    ],
)
def test_lists_show_all_or_the_one_asked_for(instant: Client, path: str, name: str, code: int) -> None:
    everything = instant.ok("GET", path)[name]
    for item in everything[:3]:
        assert instant.ok("GET", path, id=item["id"])[name] == [item]
    instant.refused(code, "GET", path, id=UNKNOWN)


def test_networks_and_subnets_name_each_other(instant: Client) -> None:
    networks = {network["id"]: network for network in instant.ok("GET", "networks")["networks"]}
    subnets = instant.ok("GET", "subnets")["subnets"]
    assert {s["id"] for s in subnets} == {s for network in networks.values() for s in network["subnets"]}
    assert all(s["id"] in networks[s["networkId"]]["subnets"] for s in subnets)
    assert [network["name"] for network in networks.values() if network["router:external"]] == ["Public Network"]


def test_rules_of_security_groups_may_leave_things_open(instant: Client) -> None:
    groups = {group["name"]: group for group in instant.ok("GET", "security-groups")["securityGroups"]}
    rule = groups["ssh-anywhere"]["securityGroupRules"][1]
    assert (rule["direction"], rule["portRangeMin"], rule["remoteIpPrefix"]) == ("ingress", 22, "0.0.0.0/0")
    everything = groups["default"]["securityGroupRules"][0]
    assert (everything["protocol"], everything["portRangeMin"], everything["remoteGroupId"]) == (None, None, None)


# Floating IPs


def test_floating_ips_are_taken_and_given_back(instant: Client) -> None:
    (pool,) = instant.ok("GET", "floating-ip-pools")["pools"]
    before = instant.ok("GET", "floating-ips")["floatingips"]
    made = instant.ok("POST", "floating-ips", {"pool": {"id": pool["id"]}})["floatingip"]
    assert made["floatingIpAddress"] not in {f["floatingIpAddress"] for f in before}
    assert (made["status"], made["pool"], made["fixedIpAddress"]) == ("DOWN", pool, None)
    instant.ok("DELETE", "floating-ips", id=made["id"])
    assert instant.ok("GET", "floating-ips")["floatingips"] == before


def test_a_floating_ip_in_use_is_not_given_back(instant: Client) -> None:
    identifier, free = instant.create(), instant.free_floating_ip()
    private = instant.detail(identifier)["addresses"][0]["ipAddress"]
    instant.act(identifier, "addFloatingIp", address=free["floatingIpAddress"], ipAddress=private)
    instant.refused(22409, "DELETE", "floating-ips", id=free["id"])
    instant.refused(22404, "DELETE", "floating-ips", id=UNKNOWN)
    instant.refused(22404, "POST", "floating-ips", {"pool": {"id": UNKNOWN}})
    instant.refused(-4, "POST", "floating-ips", {"pool": {}})


# Volumes

VOLUME = {"name": "new", "size": 10, "availabilityZone": "kr-pub-b"}


def test_a_volume_is_made_and_deleted(instant: Client) -> None:
    made = instant.ok("POST", "volumes", {"volume": {**VOLUME, "description": "설명", "metadata": {"a": "b"}}})[
        "volume"
    ]
    assert instant.volume(made["id"]) == made
    assert {key: made[key] for key in ("status", "volumeType", "attachments", "metadata")} == {
        "status": "available",
        "volumeType": "General HDD",
        "attachments": [],
        "metadata": {"a": "b"},
    }
    instant.ok("DELETE", "volumes", id=made["id"])
    instant.refused(40404, "DELETE", "volumes", id=made["id"])


@pytest.mark.parametrize("change", [{"size": 1000}, {"volumeType": "General SSD"}, {"volumeType": None}])
def test_volumes_that_can_be_made(instant: Client, change: dict[str, Any]) -> None:
    instant.ok("POST", "volumes", {"volume": {**VOLUME, **change}})


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (-4, {"name": ""}),
        (-4, {"name": None}),
        (-4, {"size": 0}),
        (-4, {"size": 15}),
        (-4, {"size": 1010}),
        (-4, {"size": "10"}),
        (-4, {"availabilityZone": None}),
        (-4, {"volumeType": "Tape"}),
        (-4, {"metadata": {"a": 1}}),
        (12404, {"availabilityZone": "kr-pub-x"}),
        (12409, {"availabilityZone": "kr-pub-c"}),
    ],
)
def test_volumes_that_cannot_be_made(instant: Client, code: int, change: dict[str, Any]) -> None:
    instant.refused(code, "POST", "volumes", {"volume": {**VOLUME, **change}})


def test_an_attached_volume_is_not_deleted(instant: Client) -> None:
    identifier, volume = instant.create(), instant.free_volume()
    instant.attach(identifier, volume)
    assert "in-use" in instant.refused(40409, "DELETE", "volumes", id=volume)
