"""What the client sends for each call of the guide: method, path, query, headers and body, to the letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.transport.hostile import APPKEY, Hostile, nothing
from toastnb import wire
from toastnb.api import Api
from toastnb.config import Profile
from toastnb.redaction import Secret
from toastnb.transport import Transport

KEYPAIR = {"name": "ops", "publicKey": "ssh-rsa AAAA", "fingerprint": "9a:61"}
NEW = wire.NewInstance(
    name="web-01",
    image="image-id",
    flavor="flavor-id",
    networks=[wire.NetworkId(id="network-id")],
    availability_zone="kr-pub-a",
    key_name="ops",
    security_groups=[wire.SecurityGroupRef(name="default"), wire.SecurityGroupRef(name="web")],
)
SENT = {
    "name": "web-01",
    "image": "image-id",
    "flavor": "flavor-id",
    "networks": [{"id": "network-id"}],
    "availabilityZone": "kr-pub-a",
    "keyName": "ops",
    "securityGroups": [{"name": "default"}, {"name": "web"}],
}


def several(**changes: Any) -> wire.NewInstance:
    values = {field: getattr(NEW, field) for field in NEW.__struct_fields__}
    return wire.NewInstance(**{**values, **changes})


# What is called -> what has to arrive: the request line below the appkey, and the body.
Sent = tuple[Callable[[Api], object], str, Any]
CALLS: dict[str, Sent] = {
    "1": (
        lambda api: api.create_token("you@example.com", Secret("p")),
        "POST tokens",
        {"auth": {"username": "you@example.com", "password": "p"}},
    ),
    "2": (lambda api: api.token(Secret("a-token")), "GET tokens?id=a-token", None),
    "2, own": (lambda api: api.token(), "GET tokens?id=the-token", None),
    "3": (Api.availability_zones, "GET availability-zones", None),
    "4": (Api.instances, "GET instances", None),
    "4, one": (lambda api: api.instances("i-1"), "GET instances?id=i-1", None),
    "5": (Api.instances_detail, "GET instances-detail", None),
    "5, one": (lambda api: api.instances_detail("i-1"), "GET instances-detail?id=i-1", None),
    "6": (lambda api: api.create_instance(NEW), "POST instances", {"instance": SENT}),
    "6, several": (
        lambda api: api.create_instance(several(count=3, volume=wire.RootSize(size=50))),
        "POST instances",
        {"instance": {**SENT, "count": 3, "volume": {"size": 50}}},
    ),
    "7": (lambda api: api.delete_instance("i-1"), "DELETE instances?id=i-1", None),
    "8": (
        lambda api: api.attach_volume("i-1", "v-1"),
        "POST instances/i-1/attachments",
        {"attachment": {"volumeId": "v-1"}},
    ),
    "9": (lambda api: api.detach_volume("i-1", "v-1"), "DELETE instances/i-1/attachments?volumeId=v-1", None),
    "10": (lambda api: api.start("i-1"), "POST instances/i-1/action", {"action": "start"}),
    "11": (lambda api: api.stop("i-1"), "POST instances/i-1/action", {"action": "stop"}),
    "12": (
        lambda api: api.reboot("i-1", "HARD"),
        "POST instances/i-1/action",
        {"action": "reboot", "parameters": {"type": "HARD"}},
    ),
    "13": (
        lambda api: api.resize("i-1", "f-1"),
        "POST instances/i-1/action",
        {"action": "resize", "parameters": {"flavor": "f-1"}},
    ),
    "14": (
        lambda api: api.upload_image("i-1", "golden"),
        "POST instances/i-1/action",
        {"action": "uploadImage", "parameters": {"name": "golden"}},
    ),
    "15": (
        lambda api: api.add_floating_ip("i-1", "133.186.132.7", "10.0.0.4"),
        "POST instances/i-1/action",
        {"action": "addFloatingIp", "parameters": {"address": "133.186.132.7", "ipAddress": "10.0.0.4"}},
    ),
    "16": (
        lambda api: api.remove_floating_ip("i-1", "133.186.132.7"),
        "POST instances/i-1/action",
        {"action": "removeFloatingIp", "parameters": {"address": "133.186.132.7"}},
    ),
    "17": (
        lambda api: api.add_security_group("i-1", "web"),
        "POST instances/i-1/action",
        {"action": "addSecurityGroup", "parameters": {"name": "web"}},
    ),
    "18": (
        lambda api: api.remove_security_group("i-1", "web"),
        "POST instances/i-1/action",
        {"action": "removeSecurityGroup", "parameters": {"name": "web"}},
    ),
    "19": (Api.flavors, "GET flavors", None),
    "20": (Api.keypairs, "GET keypairs", None),
    "20, one": (lambda api: api.keypairs("ops"), "GET keypairs?name=ops", None),
    "21": (lambda api: api.create_keypair("ops"), "POST keypairs", {"keypair": {"name": "ops"}}),
    "22": (
        lambda api: api.import_keypair("ops", "ssh-rsa AAAA"),
        "POST keypairs",
        {"keypair": {"name": "ops", "publicKey": "ssh-rsa AAAA"}},
    ),
    "23": (lambda api: api.delete_keypair("ops"), "DELETE keypairs?name=ops", None),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Hostile]:
    with Hostile() as service:
        made = {
            "instance": {"id": "i-1"},
            "attachment": {},
            "createdImage": {"id": "image"},
            "keypair": KEYPAIR,
        }
        access = {"token": {"id": "t", "issued_at": "2017-05-16T02:17:50", "expires": "2017-05-16T03:17:50"}}
        service.on("*", nothing(**made, access=access))
        yield service


@pytest.fixture
def client(service: Hostile) -> Iterator[Api]:
    secrets = {"appkey": Secret(APPKEY), "password": Secret("the-password")}
    transport = Transport(Profile(name="", base_url=service.base_url, username="me@example.com", **secrets))
    yield Api(transport)
    transport.close()


@pytest.mark.parametrize("number", CALLS)
def test_a_call_is_sent_as_the_guide_says(service: Hostile, client: Api, number: str) -> None:
    call, request_line, body = CALLS[number]
    before = len(service.received)
    call(client)
    *sign_in, request = service.received[before:]
    method, _, path = request_line.partition(" ")
    assert (request.method, request.target) == (method, f"/compute/v1.0/appkeys/{APPKEY}/{path}")
    if body is None:
        assert request.body == b""
    else:
        assert request.json == body
        assert request.headers["content-type"] == "application/json;charset=UTF-8"
    if path.startswith("tokens"):
        assert "x-auth-token" not in request.headers
    else:
        assert request.headers["x-auth-token"] == "the-token"
    assert [r.call for r in sign_in] == ([] if number in {"1", "2"} else ["POST tokens"])


def test_the_sign_in_of_a_connection_is_call_1(service: Hostile, client: Api) -> None:
    before = len(service.received)
    client.flavors()
    sign_in = service.received[before]
    assert sign_in.call == "POST tokens"
    assert sign_in.json == {"auth": {"username": "me@example.com", "password": "the-password"}}
