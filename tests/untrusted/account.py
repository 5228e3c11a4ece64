"""An account in which every text that somebody can choose is hostile, as the service would serve it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import toastnb as tn
from tests.transport.hostile import APPKEY, SUCCESS, Hostile, http
from tests.untrusted.names import TEXTS

Raw = dict[str, Any]

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkNcX0ghbaGMnLS1sjyxTWOmVNs5CWGrl+/9OwMdN2k"
_TIME = "2026-05-17T02:17:50.000000"


def bodies(texts: Mapping[str, str] = TEXTS, zones: Mapping[str, str] | None = None) -> dict[str, Raw]:
    """Return what the service answers to each listing: an instance, keypair, volume, ... a text, all of it that text.

    Parameters
    ----------
    texts
        The texts, by what they are.
    zones
        Those of the zones; by default each text is a zone of its own. A few make for quick analyses.
    """
    numbered = list(enumerate(texts.values()))
    zone_names = list((texts if zones is None else zones).values())
    in_zones = list(zip(numbered, cycle(zone_names), strict=False))
    return {
        "availability-zones": {"zones": [{"zoneName": name, "zoneState": {"available": True}} for name in zone_names]},
        "flavors": {"flavors": [_flavor(number, text) for number, text in numbered]},
        "instances": {"instances": [{"id": f"id-{number}", "name": text, "status": text} for number, text in numbered]},
        "instances-detail": {"instances": [_instance(number, text, zone) for (number, text), zone in in_zones]},
        "keypairs": {"keypairs": [_keypair(number, text) for number, text in numbered]},
        "images": {"images": [_image(number, text) for number, text in numbered]},
        "networks": {"networks": [_network(number, text) for number, text in numbered]},
        "subnets": {"subnets": [_subnet(number, text) for number, text in numbered]},
        "security-groups": {"securityGroups": [_group(number, text) for number, text in numbered]},
        "floating-ips": {"floatingips": [_floating_ip(number, text) for number, text in numbered]},
        "volumes": {"volumes": [_volume(number, text, zone) for (number, text), zone in in_zones]},
    }


@contextmanager
def served(content: Mapping[str, Raw], *, escaped: bool = True) -> Iterator[tn.Toast]:
    """Serve an account over a socket; answers a connection to it.

    Lone surrogates are on the wire as JSON's escapes, or as the bytes that some encoders write for them.
    """
    with Hostile() as hostile:
        for path, body in content.items():
            text = json.dumps({"header": SUCCESS, **body}, ensure_ascii=escaped)
            hostile.on(f"GET {path}", http(text.encode("utf-8", "surrogatepass")))
        given = {"appkey": APPKEY, "username": "me@example.com", "password": "the-password"}
        with tn.connect(base_url=hostile.base_url, **given, timeout=60) as toast:
            yield toast


def _instance(number: int, text: str, zone: str) -> Raw:
    return {
        "id": f"id-{number}",
        "name": text,
        "status": "STOP" if number % 4 == 0 else "ACTIVE" if number % 4 == 1 else text,
        "availabilityZone": zone,
        "image": f"image-{number}",
        "keyName": text,
        "metadata": {text: text, "team": text, "password": text},
        "addresses": [{"macAddress": text, "ipAddress": f"10.0.{number}.2", "version": 4, "floatingIpAddress": text}],
        "flavor": {"id": f"flavor-{number}", "name": text, "cpu": 2, "ram": 4096},
        "volumes": {
            "root": {"size": 50, "type": text},
            "attachments": [{"id": f"volume-{number}", "name": text, "size": 100, "type": text}],
        },
        "securityGroups": [{"name": text}],
        "launchedAt": _TIME,
        "createdAt": _TIME,
        "updatedAt": _TIME,
    }


def _flavor(number: int, text: str) -> Raw:
    return {"id": f"flavor-{number}", "name": text, "type": text, "vcpus": 2, "ram": 4096, "disabled": number % 2 == 0}


def _keypair(number: int, text: str) -> Raw:
    return {"name": text, "publicKey": f"{_KEY} {text}", "fingerprint": text}


def _image(number: int, text: str) -> Raw:
    properties = {"os_type": text, "os_distro": text}
    return {"id": f"image-{number}", "name": text, "status": text, "diskFormat": text, "properties": properties}


def _network(number: int, text: str) -> Raw:
    return {"id": f"network-{number}", "name": text, "status": text, "adminStateUp": True, "router:external": False}


def _subnet(number: int, text: str) -> Raw:
    cidr = f"10.0.{number}.0/24"
    return {"id": f"subnet-{number}", "name": text, "networkId": f"network-{number}", "cidr": cidr, "gatewayIp": text}


def _group(number: int, text: str) -> Raw:
    rule = {
        "id": f"rule-{number}",
        "securityGroupId": f"group-{number}",
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "portRangeMin": 22,
        "portRangeMax": 22,
        "remoteIpPrefix": "0.0.0.0/0",
        "description": text,
    }
    return {"id": f"group-{number}", "name": text, "description": text, "securityGroupRules": [rule]}


def _floating_ip(number: int, text: str) -> Raw:
    pool = {"id": f"pool-{number}", "name": text}
    return {"id": f"floating-{number}", "floatingIpAddress": text, "fixedIpAddress": text, "pool": pool, "status": text}


def _volume(number: int, text: str, zone: str) -> Raw:
    return {
        "id": f"volume-{number}",
        "name": text,
        "description": text,
        "size": 100,
        "status": text,
        "availabilityZone": zone,
        "volumeType": text,
        "createdAt": _TIME,
        "attachments": [{"attachmentId": f"at-{number}", "instanceId": f"id-{number}", "device": text}],
    }
