"""Accounts for the tests of checks: the service's JSON, made into an inventory by the client's own frames.

What is not said is such that no check finds anything, so that a test changes the one thing that it is about.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

import toastnb as tn
from tests.capacity.builders import Raw, tables
from toastnb import frames, wire, wire_siblings
from toastnb.codec import Items, decode

AT = "2026-11-01T00:00:00Z"
RECENT = "2026-10-22T00:00:00Z"  # ten days before
SIBLINGS = ("keypairs", "flavors", "images", "security_groups", "floating_ips", "volumes")


def ago(**time: float) -> str:
    """Return a time before `AT`, as the service writes it."""
    return (pd.Timestamp(AT) - pd.Timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%S.%f")


def clean(number: int = 1, **fields: Any) -> Raw:
    """Return an instance in which nothing is found, but for what is given."""
    return {
        "id": f"id-{number}",
        "name": f"app{number}-prod-01",
        "status": "ACTIVE",
        "availabilityZone": "ab"[number % 2],
        "image": "image-1",
        "keyName": "ops",
        "metadata": {"team": "data", "env": "prod", "login_username": "ubuntu"},
        "addresses": [{"macAddress": "fa:16:3e:00:00:01", "ipAddress": f"10.0.0.{number}", "version": 4}],
        "flavor": {"id": "flavor-1", "name": "m2.c2m4", "cpu": 2, "ram": 4096},
        "volumes": {"root": {"size": 50}, "attachments": []},
        "securityGroups": [{"name": "internal"}],
        "createdAt": RECENT,
        "updatedAt": RECENT,
    } | fields


def without(raw: Raw, *fields: str) -> Raw:
    return {name: value for name, value in raw.items() if name not in fields}


def rule(**fields: Any) -> Raw:
    """Return an ingress rule for TCP 443 from a private range, but for what is given."""
    return {
        "id": "rule-1",
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "portRangeMin": 443,
        "portRangeMax": 443,
        "remoteIpPrefix": "10.0.0.0/8",
        "remoteGroupId": None,
    } | fields


def group(name: str, *rules: Raw) -> Raw:
    numbered = [one | {"id": f"{name}-{number}"} for number, one in enumerate(rules)]
    return {"id": f"group-{name}", "name": name, "description": "", "securityGroupRules": numbered}


def keypair(name: str, public_key: str | None, fingerprint: str | None = None) -> Raw:
    """Return a keypair, with its true fingerprint if none is given."""
    if fingerprint is None and public_key is not None:
        fingerprint = md5(public_key)
    return {"name": name, "publicKey": public_key, "fingerprint": fingerprint}


def account(
    instances: Sequence[Raw] = (),
    *,
    absent: Mapping[str, str] | None = None,
    fetched_at: str = AT,
    **siblings: Sequence[Raw],
) -> tn.Inventory:
    """Return the inventory of an account: instances, and keypairs, flavors, images, security_groups, ... as JSON."""
    given = _SIBLINGS | siblings
    made = tables(list(instances))
    made["instances"] = made["instances_detail"][["instance_id", "name", "status"]].copy()
    made["keypairs"] = frames.keypairs(_decoded("keypairs", given, wire.KeypairsAnswer).keypairs)
    made["flavors"] = frames.flavors(_decoded("flavors", given, wire.FlavorsAnswer).flavors)
    made["images"] = frames.images(_decoded("images", given, wire_siblings.ImagesAnswer).images)
    groups = _decoded("security_groups", given, wire_siblings.SecurityGroupsAnswer, "securityGroups").security_groups
    made["security_groups"] = frames.security_groups(groups)
    made["security_group_rules"] = frames.security_group_rules(groups)
    floating = _decoded("floating_ips", given, wire_siblings.FloatingIpsAnswer, "floatingips").floatingips
    made["floating_ips"] = frames.floating_ips(floating)
    volumes = _decoded("volumes", given, wire_siblings.VolumesAnswer).volumes
    made |= frames.volume_tables(Items(volumes, wire_siblings.Volume, name="volumes", action="Reading"))
    gone = dict(absent or {})
    return tn.Inventory({name: table for name, table in made.items() if name not in gone}, gone, fetched_at)


def _decoded(name: str, given: Mapping[str, Any], kind: Any, field: str | None = None) -> Any:
    body = {"header": {"isSuccessful": True, "resultCode": 0}, field or name: list(given[name])}
    return decode(json.dumps(body).encode(), kind, action="Reading")


def find(inventory: tn.Inventory, check: str, **thresholds: Any) -> pd.DataFrame:
    """Run one check."""
    return tn.audit.run(inventory, checks={check: thresholds})


def evidence(inventory: tn.Inventory, check: str, **thresholds: Any) -> dict[str, str]:
    """Run one check; return the evidence by resource, of which each must be found once."""
    found = find(inventory, check, **thresholds)
    assert found.resource.is_unique
    return dict(zip(found.resource, found.evidence, strict=True))


def resources(inventory: tn.Inventory, check: str, **thresholds: Any) -> list[str]:
    return sorted(evidence(inventory, check, **thresholds))


# --- keys, put together byte by byte ------------------------------------------------------------------------------


def line(kind: str, *parts: bytes, comment: str = "somebody") -> str:
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (kind.encode(), *parts))
    return f"{kind} {base64.b64encode(blob).decode()} {comment}"


def number(value: int) -> bytes:
    """Write a number as SSH does: signed, so that a leading bit needs a zero byte before it."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def ed25519(seed: int) -> str:
    return line("ssh-ed25519", random.Random(seed).randbytes(32))


def rsa(bits: int) -> str:
    return line("ssh-rsa", number(65537), number(random.Random(bits).getrandbits(bits) | 1 << (bits - 1) | 1))


def dsa() -> str:
    draw = random.Random(1)
    return line("ssh-dss", *(number(draw.getrandbits(bits) | 1 << (bits - 1) | 1) for bits in (1024, 160, 1024, 1024)))


def md5(public_key: str) -> str:
    digest = hashlib.md5(base64.b64decode(public_key.split()[1])).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def sha256(public_key: str) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(base64.b64decode(public_key.split()[1])).digest()).decode()


_SIBLINGS: dict[str, list[Raw]] = {
    "keypairs": [keypair("ops", ed25519(1))],
    "flavors": [{"id": "flavor-1", "name": "m2.c2m4", "vcpus": 2, "ram": 4096, "disabled": False}],
    "images": [{"id": "image-1", "name": "Debian 12", "status": "active"}],
    "security_groups": [group("internal", rule())],
    "floating_ips": [],
    "volumes": [],
}
