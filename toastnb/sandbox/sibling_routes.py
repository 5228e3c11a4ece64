"""The calls that the guide refers to: images, networks, security groups, floating IPs, volumes.

What is open: images come 25 to a page if no `limit` is given, at most 1000; a page begins after its marker.
"""

from collections.abc import Callable
from typing import Any

from toastnb.sandbox import siblings
from toastnb.sandbox.account import Account, find
from toastnb.sandbox.bodies import FloatingIpBody, VolumeBody
from toastnb.sandbox.codes import Code
from toastnb.sandbox.routes import Answer, Call, Handler
from toastnb.sandbox.rules import invalid

_PAGE = 25
_LARGEST_PAGE = 1000


def _images(call: Call) -> Answer:
    images = list(call.account.images.values())
    marker, limit = call.asked("marker"), call.asked("limit") or str(_PAGE)
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:5]) <= _LARGEST_PAGE):
        raise invalid(f"query parameter 'limit' must be 1 to {_LARGEST_PAGE}, not {limit!r}")
    after = 0
    if marker is not None:
        after = images.index(find(call.account.images, marker, Code.NO_IMAGE, "marker")) + 1
    return {"images": images[after : after + int(limit)]}


def _listing(name: str, records: Callable[[Account], dict[str, Any]], missing: Code) -> Handler:
    """All records of a kind, or the one that `?id=` asks for."""

    def handler(call: Call) -> Answer:
        identifier = call.asked("id")
        held = records(call.account)
        return {name: list(held.values()) if identifier is None else [find(held, identifier, missing, name)]}

    return handler


def _deletion(delete: Callable[[Account, str], None]) -> Handler:
    """Delete what `?id=` names."""

    def handler(call: Call) -> Answer:
        delete(call.account, call.required("id"))
        return {}

    return handler


def _subnets(call: Call) -> Answer:
    return {"subnets": list(call.account.subnets.values())}


def _pools(call: Call) -> Answer:
    return {"pools": list(call.account.pools.values())}


def _create_floating_ip(call: Call) -> Answer:
    return {"floatingip": siblings.create_floating_ip(call.account, call.body(FloatingIpBody).pool.id)}


def _create_volume(call: Call) -> Answer:
    return {"volume": siblings.create_volume(call.account, call.body(VolumeBody).volume)}


SIBLING_CALLS: dict[str, Handler] = {
    "GET images": _images,
    "DELETE images": _deletion(siblings.delete_image),
    "GET networks": _listing("networks", lambda account: account.networks, Code.NO_NETWORK),
    "GET subnets": _subnets,
    "GET security-groups": _listing("securityGroups", lambda account: account.security_groups, Code.NO_SECURITY_GROUP),
    "GET floating-ip-pools": _pools,
    "GET floating-ips": _listing("floatingips", lambda account: account.floating_ips, Code.NO_FLOATING_IP),
    "POST floating-ips": _create_floating_ip,
    "DELETE floating-ips": _deletion(siblings.delete_floating_ip),
    "GET volumes": _listing("volumes", lambda account: account.volumes, Code.NO_VOLUME),
    "POST volumes": _create_volume,
    "DELETE volumes": _deletion(siblings.delete_volume),
}
