"""Samples of the guide's answers, filled in by hand: how the client reads them, and whether the sandbox agrees.

The sandbox and the client share no code. A key that one of them misread would show here, where both meet the guide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import toastnb as tn
from tests.support import raw_call, sign_in_body
from toastnb import codec, wire
from toastnb.codec import Items
from toastnb.redaction import Secret

SAMPLES = Path(__file__).with_name("samples")
WEB, BATCH = "5f0c2a1e-7a0b-4a57-9d0e-1c5b8c3d2e10", "0b9fd9a4-5c0a-4a39-8a51-6b1d0e0f7f02"
IMAGE = "1c868787-6207-4ff2-a1e7-ae1331d6829b"
SMALL, FIXED = "a4b6a0f7-b6f6-4b43-8e4c-5c7e7ed4b2f0", "13f6ad21-4a1c-4c8e-a3a4-3f3c4d0d9a55"
DATA, LOGS = "90712f4b-ff5f-4a40-8e9b-63f7e5f6a0a5", "0e9f8b52-30b5-4b32-bd24-1b7a2f4a5d77"
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 Generated-by-Nova"
RSA_FINGERPRINT = "9a:61:2c:7f:0e:55:b1:31:4e:0b:2d:86:4a:9d:e0:13"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkNcX0ghbaGMnLS1sjyxTWOmVNs5CWGrl me@example.com"
PRIVATE = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAu9c=\n-----END RSA PRIVATE KEY-----\n"

DETAILS = [
    wire.InstanceDetail(
        id=WEB,
        name="web-01",
        status="ACTIVE",
        availability_zone="kr-pub-a",
        image=IMAGE,
        key_name="ops-2017",
        metadata={"team": "프런트", "os_type": "linux"},
        addresses=[
            wire.Address("fa:16:3e:1c:9a:07", "192.168.0.21", 4, "133.186.132.7"),
            wire.Address("fa:16:3e:1c:9a:08", "10.0.0.21", 4, None),
        ],
        flavor=wire.InstanceFlavor(SMALL, "m2.c2m4", 2, 4096),
        volumes=wire.Volumes(
            wire.RootVolume(20, None),
            [
                wire.AttachedVolume(DATA, "web-01-data", 300, None),
                wire.AttachedVolume(LOGS, "로그", 50, None),
            ],
        ),
        security_groups=[wire.SecurityGroupName("web"), wire.SecurityGroupName("default")],
        launched_at="2017-05-16T02:17:50.166563",
        created_at="2017-05-16T02:16:31.000000",
        updated_at="2017-05-17T03:17:50Z",
    ),
    wire.InstanceDetail(
        id=BATCH,
        name="batch.new",
        status="BUILD",
        availability_zone="kr-pub-b",
        image=IMAGE,
        key_name="ops-2017",
        metadata={},
        addresses=[],
        flavor=wire.InstanceFlavor(FIXED, "u2.c1m1", 1, 1024),
        volumes=wire.Volumes(wire.RootVolume(20, None), []),
        security_groups=[wire.SecurityGroupName("default")],
        launched_at=None,
        created_at="2017-05-17T03:17:50Z",
        updated_at="2017-05-17T03:17:50Z",
    ),
]
KEYPAIR = wire.Keypair("ops-2017", RSA, RSA_FINGERPRINT, None)

# sample -> the answer's type, the name of its one part besides the header, and what that part is
EXPECTED: dict[str, tuple[type[wire.Answer], str, Any]] = {
    "availability-zones": (
        wire.ZonesAnswer,
        "zones",
        [
            wire.Zone("kr-pub-a", wire.ZoneState(available=True)),
            wire.Zone("kr-pub-b", wire.ZoneState(available=False)),
        ],
    ),
    "instances": (
        wire.InstancesAnswer,
        "instances",
        [wire.Instance(WEB, "web-01", "ACTIVE"), wire.Instance(BATCH, "batch.old", "STOP")],
    ),
    "instance-created": (wire.InstanceAnswer, "instance", wire.Instance(WEB, "web-01", "BUILD")),
    "attachment": (
        wire.AttachmentAnswer,
        "attachment",
        wire.Attachment(volume_id=LOGS, id=DATA, device="/dev/vdc"),
    ),
    "created-image": (wire.CreatedImageAnswer, "created_image", wire.CreatedImage(IMAGE, "golden-2017-05")),
    "flavors": (
        wire.FlavorsAnswer,
        "flavors",
        [
            wire.Flavor(SMALL, "c2.c2m2", "compute", 2, 2048, 0, None, 1000, False, True),
            wire.Flavor(FIXED, "u2.c1m2", "general", 1, 2048, 10, 40, None, True, False),
        ],
    ),
    "keypairs": (wire.KeypairsAnswer, "keypairs", [KEYPAIR]),
    "keypairs-by-name": (
        wire.KeypairsAnswer,
        "keypairs",
        [msgspec.structs.replace(KEYPAIR, created_at="2017-05-16T02:17:50.000000")],
    ),
    "keypair-uploaded": (
        wire.KeypairAnswer,
        "keypair",
        wire.CreatedKeypair("mine", None, ED25519, "61:9a:7f:2c:55:0e:31:b1:0b:4e:86:2d:9d:4a:13:e0"),
    ),
}


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def as_the_guide_prints_it(value: Any) -> Any:
    """Make every value a string, as the guide's own samples have them."""
    match value:
        case dict():
            return {key: as_the_guide_prints_it(part) for key, part in value.items()}
        case list():
            return [as_the_guide_prints_it(part) for part in value]
        case str():
            return value
        case _:
            return json.dumps(value)


@pytest.fixture(params=["typed", "strings"])
def body(request: pytest.FixtureRequest) -> Callable[[str], bytes]:
    """Return a sample with numbers and flags as the guide's tables have them, or as its samples do."""
    if request.param == "typed":
        return sample
    return lambda name: json.dumps(as_the_guide_prints_it(json.loads(sample(name)))).encode()


# --- the client reads them ----------


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_is_read_to_the_last_field(name: str, body: Callable[[str], bytes]) -> None:
    kind, part, expected = EXPECTED[name]
    answer = codec.decode(body(name), kind, action="Reading")
    assert getattr(answer, part) == expected
    assert answer.header == wire.Header(is_successful=True, result_code=0, result_message="SUCCESS")


def test_instances_in_detail_are_read_to_the_last_field(body: Callable[[str], bytes]) -> None:
    answer = codec.decode(body("instances-detail"), wire.InstancesDetailAnswer, action="Reading")
    items = Items(answer.instances, wire.InstanceDetail, name="instances", action="Reading")
    assert list(items) == DETAILS
    assert len(items) == 2


def test_tokens_are_read_to_the_last_field(body: Callable[[str], bytes]) -> None:
    access = codec.decode(body("tokens"), wire.AccessAnswer, action="Reading").access
    assert isinstance(access.token.id, Secret)
    assert access.token.id.reveal() == "b587ae461278419da6ecd83a0a8fe6a3"
    assert access.token.expires == "2017-05-16T03:17:50Z"
    assert access.token.issued_at == "2017-05-16T02:17:50.166563"
    roles = [wire.Role("ADMIN"), wire.Role("_member_")]
    assert access.user == wire.User("71b8b0a1-6a0c-4dc4-9b0f-0a0a2f6d3c11", roles)


def test_a_new_keypair_is_read_to_the_last_field(body: Callable[[str], bytes]) -> None:
    keypair = codec.decode(body("keypair-created"), wire.KeypairAnswer, action="Reading").keypair
    assert isinstance(keypair.private_key, Secret)
    assert keypair.private_key.reveal() == PRIVATE
    assert (keypair.name, keypair.public_key, keypair.fingerprint) == ("ops-2017", RSA, RSA_FINGERPRINT)


def test_a_refusal_is_read_to_the_last_field(body: Callable[[str], bytes]) -> None:
    answer = codec.decode(body("refusal"), wire.Answer, action="Reading")
    assert answer.header == wire.Header(False, 10404, "Instance could not be found.")


# --- the sandbox sends the same ----------


@pytest.fixture(scope="module")
def serving() -> Iterator[tn.Sandbox]:
    with tn.Sandbox(instances=60, instant=True) as sandbox:
        yield sandbox


def raw_id(serving: tn.Sandbox, path: str, list_name: str, **having: str) -> str:
    """Return the id of the first thing in a listing that has certain values."""
    things = raw_call(serving, "GET", path)[list_name]
    return next(str(t["id"]) for t in things if all(t[key] == value for key, value in having.items()))


def new_instance(serving: tn.Sandbox) -> dict[str, Any]:
    return {
        "instance": {
            "name": "from-sample",
            "image": raw_id(serving, "images", "images", name="Debian 12"),
            "flavor": raw_id(serving, "flavors", "flavors", name="m2.c2m4"),
            "networks": [{"id": raw_id(serving, "networks", "networks", name="Default Network")}],
            "availabilityZone": "kr-pub-a",
            "keyName": "ops-shared",
            "volume": {"size": 20},
            "securityGroups": [{"name": "default"}],
        }
    }


def attached(serving: tn.Sandbox) -> dict[str, Any]:
    volumes = raw_call(serving, "GET", "volumes")["volumes"]
    volume = next(v for v in volumes if v["status"] == "available")
    zone = volume["availabilityZone"]
    instance = raw_id(serving, "instances-detail", "instances", status="ACTIVE", availabilityZone=zone)
    body = {"attachment": {"volumeId": volume["id"]}}
    return raw_call(serving, "POST", f"instances/{instance}/attachments", body)


def image_made(serving: tn.Sandbox) -> dict[str, Any]:
    stopped = raw_id(serving, "instances", "instances", status="STOP")
    body = {"action": "uploadImage", "parameters": {"name": "from-sample"}}
    return raw_call(serving, "POST", f"instances/{stopped}/action", body)


def keypair_made(serving: tn.Sandbox, name: str, **more: str) -> dict[str, Any]:
    return raw_call(serving, "POST", "keypairs", {"keypair": {"name": name, **more}})


def rebooted(serving: tn.Sandbox) -> dict[str, Any]:
    running = raw_id(serving, "instances", "instances", status="ACTIVE")
    body = {"action": "reboot", "parameters": {"type": "HARD"}}
    return raw_call(serving, "POST", f"instances/{running}/action", body)


CALLS: dict[str, Callable[[tn.Sandbox], dict[str, Any]]] = {
    "success": rebooted,
    "refusal": lambda serving: raw_call(serving, "GET", "instances?id=unknown"),
    "tokens": lambda serving: raw_call(serving, "POST", "tokens", sign_in_body(serving)),
    "availability-zones": lambda serving: raw_call(serving, "GET", "availability-zones"),
    "instances": lambda serving: raw_call(serving, "GET", "instances"),
    "instances-detail": lambda serving: raw_call(serving, "GET", "instances-detail"),
    "instance-created": lambda serving: raw_call(serving, "POST", "instances", new_instance(serving)),
    "attachment": attached,
    "created-image": image_made,
    "flavors": lambda serving: raw_call(serving, "GET", "flavors"),
    "keypairs": lambda serving: raw_call(serving, "GET", "keypairs"),
    "keypairs-by-name": lambda serving: raw_call(serving, "GET", "keypairs?name=ops-shared"),
    "keypair-created": lambda serving: keypair_made(serving, "created"),
    "keypair-uploaded": lambda serving: keypair_made(
        serving, "uploaded", publicKey=raw_call(serving, "GET", "keypairs")["keypairs"][0]["publicKey"]
    ),
}
# What the guide's tables say is there for some only.
SOMETIMES = {
    "instances[].addresses[].macAddress",
    "instances[].addresses[].ipAddress",
    "instances[].addresses[].version",
    "instances[].addresses[].floatingIpAddress",
    "instances[].volumes.attachments[].id",
    "instances[].volumes.attachments[].name",
    "instances[].volumes.attachments[].size",
    "instances[].metadata.*",
    "instances[].launchedAt",
    "flavors[].volumeSize",
    "flavors[].maxVolumeSize",
}


def test_every_sample_is_compared_with_the_sandbox() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_the_sandbox_sends_the_samples_keys_and_no_others(name: str, serving: tn.Sandbox) -> None:
    guide, sent = json.loads(sample(name)), CALLS[name](serving)
    assert dict(keys(sent)) == dict(keys(guide))


@pytest.mark.parametrize("name", [name for name in CALLS if name.endswith(("s", "detail", "by-name"))])
def test_the_sandbox_sends_what_is_required_in_every_item(name: str, serving: tn.Sandbox) -> None:
    required = dict(keys(json.loads(sample(name)))).keys() - SOMETIMES
    for one in each_item_alone(CALLS[name](serving)):
        assert required <= dict(keys(one)).keys()


def each_item_alone(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the answer as if it had had only one item, for each of its items."""
    lists = [(name, part) for name, part in answer.items() if isinstance(part, list)]
    if not lists:
        yield answer
    for name, items in lists:
        yield from ({**answer, name: [item]} for item in items)


def keys(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the paths in an answer and the JSON type at each; all items of a list have the same path."""
    match value:
        case dict():
            for key, part in value.items():
                name = "*" if path.endswith(".metadata") else key
                yield from keys(part, f"{path}.{name}" if path else name)
        case list():
            for part in value:
                yield from keys(part, f"{path}[]")
        case _:
            yield path, type(value).__name__
