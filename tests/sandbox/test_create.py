"""Creating instances: every rule, both sides of every limit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.support import UNKNOWN, Client

WINDOWS: dict[str, Any] = {"image": "Windows 2022 STD (KO)", "volume": {"size": 50}, "name": "win-01"}


def resolve(client: Client, changes: dict[str, Any]) -> dict[str, Any]:
    """Names of images, flavors and networks to the ids that are sent."""
    found = dict(changes)
    if "image" in found:
        found["image"] = client.image(found["image"])["id"]
    if "flavor" in found:
        found["flavor"] = client.flavor(found["flavor"])
    if "network" in found:
        found["networks"] = [{"id": client.network(found.pop("network"))}]
    return found


def test_what_is_created_is_what_was_asked_for(instant: Client) -> None:
    answer = instant.ok("POST", "instances", instant.new_instance(securityGroups=[{"name": "web"}, {"name": "db"}]))
    made = answer["instance"]
    assert made == {"id": made["id"], "name": "test-01", "status": "ACTIVE"}
    detail = instant.detail(made["id"])
    assert detail["flavor"] == {"id": instant.flavor("m2.c2m4"), "name": "m2.c2m4", "cpu": 2, "ram": 4096}
    assert detail["volumes"] == {"root": {"size": 20}, "attachments": []}
    assert detail["securityGroups"] == [{"name": "web"}, {"name": "db"}]
    assert detail["keyName"] == "ops-shared"
    assert detail["metadata"]["os_type"] == "linux"
    (address,) = detail["addresses"]
    assert address["ipAddress"] == "192.168.0.4"
    assert address["macAddress"] == "fa:16:c0:a8:00:04"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a"},
        {"name": "A-z.9" * 4},
        {"count": 1},
        {"count": 10},
        {"count": None},
        {"volume": {"size": 1000}},
        {"flavor": "t2.c1m1", "volume": {"size": 100}},
        {"flavor": "u2.c1m1", "volume": None},
        {"flavor": "u2.c1m1", "volume": {"size": None}},
        {"image": "golden-web-2024", "volume": {"size": 40}},
        {"image": "배치 서버 기준 이미지", "volume": {"size": 30}},
        {"availabilityZone": "kr-pub-b"},
        WINDOWS,
        {**WINDOWS, "name": "w" * 12},
        {**WINDOWS, "flavor": "m2.c1m2"},
    ],
)
def test_what_the_rules_allow(instant: Client, changes: dict[str, Any]) -> None:
    instant.create(**resolve(instant, changes))


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        *[
            (-4, {key: None}, key)
            for key in ("name", "image", "flavor", "networks", "availabilityZone", "keyName", "securityGroups")
        ],
        (-4, {"name": ""}, "name"),
        (-4, {"name": "a" * 21}, "instance.name"),
        (-4, {"name": "under_score"}, "instance.name"),
        (-4, {"name": "한글"}, "instance.name"),
        (-4, {"name": "new\nline"}, "instance.name"),
        (-4, {"name": "line\n"}, "instance.name"),
        (-4, {**WINDOWS, "name": "w" * 13}, "Windows allows 12"),
        (-4, {"count": 0}, "count"),
        (-4, {"count": 11}, "count"),
        (-4, {"count": "2"}, "count"),
        (-4, {"count": 1.5}, "count"),
        (-4, {"networks": []}, "networks"),
        (-4, {"networks": [{}]}, "networks"),
        (-4, {"networks": {"id": "x"}}, "networks"),
        (-4, {"securityGroups": []}, "securityGroups"),
        (-4, {"securityGroups": [{"name": "web"}, {"name": "web"}]}, "twice"),
        (24404, {"securityGroups": [{"name": "nobody"}]}, "nobody"),
        (-4, {"volume": None}, "volume.size is required"),
        (-4, {"volume": {}}, "volume.size is required"),
        (-4, {"volume": {"size": "20"}}, "size"),
        (-4, {"volume": {"size": 10}}, "20 to 1000"),
        (-4, {"volume": {"size": 25}}, "steps of 10"),
        (-4, {"volume": {"size": 1010}}, "20 to 1000"),
        (-4, {"flavor": "t2.c1m1", "volume": {"size": 110}}, "20 to 100 "),
        (-4, {"image": "golden-web-2024", "volume": {"size": 30}}, "40 to 1000"),
        (-4, {"flavor": "u2.c1m1", "volume": {"size": 20}}, "left out"),
        (-4, {"flavor": "u2.c1m1", "volume": None, "image": "배치 서버 기준 이미지"}, "minDisk"),
        (-4, {"flavor": "t2.c1m1", "image": "golden-web-2024", "volume": {"size": 40}}, "2048"),
        (-4, {**WINDOWS, "flavor": "t2.c1m1"}, "RAM"),
        (-4, {**WINDOWS, "volume": {"size": 40}}, "50 to 1000"),
        (-4, {**WINDOWS, "flavor": "u2.c4m8", "volume": None}, "Windows"),
        (11404, {"flavor": None} | {"flavor": "?"}, "flavor"),
        (11409, {"flavor": "m1.c2m4"}, "disabled"),
        (12404, {"availabilityZone": "kr-pub-x"}, "kr-pub-x"),
        (12409, {"availabilityZone": "kr-pub-c"}, "unavailable"),
        (13404, {"keyName": "nobody"}, "nobody"),
        (30404, {"image": "?"}, "image"),
        (30409, {"image": "CentOS 6.9"}, "deactivated"),
        (20004, {"networks": [{"id": UNKNOWN}]}, "does not exist"),
        (20004, {"network": "Public Network"}, "external"),
        (20001, {"network": "lab-net", "count": 4}, "free addresses"),
    ],
)
def test_what_the_rules_refuse(instant: Client, code: int, changes: dict[str, Any], field: str) -> None:
    unknown = {key: UNKNOWN for key in ("flavor", "image") if changes.get(key) == "?"}
    sent = resolve(instant, {key: value for key, value in changes.items() if value not in ("?", None)})
    sent.update(unknown, **{key: None for key, value in changes.items() if value is None})
    before = instant.ok("GET", "instances")["instances"]
    assert field in instant.refused(code, "POST", "instances", instant.new_instance(**sent))
    assert instant.ok("GET", "instances")["instances"] == before


def test_several_at_once_are_numbered_and_the_first_is_answered(instant: Client) -> None:
    before = len(instant.details())
    made = instant.ok("POST", "instances", instant.new_instance(name="n" * 20, count=3))["instance"]
    new = instant.details()[before:]
    assert [i["name"] for i in new] == ["n" * 20 + f"-{number}" for number in (1, 2, 3)]
    assert made["id"] == new[0]["id"]
    assert len({i["addresses"][0]["ipAddress"] for i in new}) == 3


def test_a_network_gives_out_all_its_addresses_and_takes_them_back(instant: Client) -> None:
    lab = [{"id": instant.network("lab-net")}]
    instant.create(networks=lab, count=2)
    instant.refused(20001, "POST", "instances", instant.new_instance(networks=lab, count=2))
    last = instant.create(networks=lab)
    instant.refused(20001, "POST", "instances", instant.new_instance(networks=lab))
    freed = instant.detail(last)["addresses"]
    instant.ok("DELETE", "instances", id=last)
    assert instant.detail(instant.create(networks=lab))["addresses"] == freed


def test_an_instance_can_be_in_several_networks(instant: Client) -> None:
    networks = [{"id": instant.network(name)} for name in ("prod-net", "data-net")]
    addresses = instant.detail(instant.create(networks=networks))["addresses"]
    assert [address["ipAddress"].split(".")[0] for address in addresses] == ["10", "10"]
    assert len({address["macAddress"] for address in addresses}) == 2


def test_the_root_disk_of_a_fixed_size_comes_from_the_flavor(instant: Client) -> None:
    identifier = instant.create(flavor=instant.flavor("u2.c4m8"), volume=None)
    assert instant.detail(identifier)["volumes"]["root"] == {"size": 100}
