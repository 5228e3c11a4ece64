"""Keypairs, images, floating IPs and volumes: how they are made and deleted.

What is open in the guide: a keypair may be deleted while instances name it; a volume that is attached is not
deleted, although the vendor lists `in-use` among the states (as in Cinder, on which it runs); a new volume is
available at once; a new floating IP comes from one fixed range.
"""

import ipaddress
from collections.abc import Callable

from toastnb.sandbox import sshkeys
from toastnb.sandbox.account import Account, find, new_id
from toastnb.sandbox.bodies import NewVolume
from toastnb.sandbox.catalog import FLOATING_RANGE
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.codes import Code, RefusedError
from toastnb.sandbox.instances import check_zone
from toastnb.sandbox.models import FloatingIp, Keypair, Volume
from toastnb.sandbox.rules import check_keypair_name, invalid

_VOLUME_TYPES = ("General HDD", "General SSD")
_DELETABLE = ("available", "error", "error_restoring")


def check_new_keypair(account: Account, name: str) -> None:
    """Whether a keypair of that name could be made."""
    check_keypair_name(name)
    if name in account.keypairs:
        raise RefusedError(Code.KEYPAIR_EXISTS, f"keypair.name: {name!r} exists")


def add_keypair(account: Account, name: str, public_key: str) -> Keypair:
    """Keep the public half of a keypair."""
    check_new_keypair(account, name)
    keypair = Keypair(name, public_key, sshkeys.fingerprint(public_key), stamp(account.now()))
    account.keypairs[name] = keypair
    return keypair


def delete_keypair(account: Account, name: str) -> None:
    """Delete a keypair."""
    find(account.keypairs, name, Code.NO_KEYPAIR, "keypair")
    del account.keypairs[name]


def delete_image(account: Account, identifier: str) -> None:
    """Delete an image of the account's own."""
    image = find(account.images, identifier, Code.NO_IMAGE, "image")
    if image.is_public or image.protected:
        why = "public" if image.is_public else "protected"
        raise RefusedError(Code.IMAGE_NOT_OWN, f"image {identifier!r} is {why}")
    account.forget(identifier)
    del account.images[identifier]


def create_floating_ip(account: Account, pool_id: str, make_id: Callable[[], str] = new_id) -> FloatingIp:
    """Take the first floating IP that the account does not have yet."""
    pool = find(account.pools, pool_id, Code.NO_FLOATING_IP, "pool")
    taken = {floating_ip.floating_ip_address for floating_ip in account.floating_ips.values()}
    first = int(FLOATING_RANGE[1])
    for number in range(first, first + FLOATING_RANGE.num_addresses - 2):
        address = str(ipaddress.IPv4Address(number))
        if address not in taken:
            floating_ip = FloatingIp(make_id(), address, pool, "DOWN")
            account.floating_ips[floating_ip.id] = floating_ip
            return floating_ip
    raise RefusedError(Code.NO_FREE_ADDRESS, f"pool {pool.name!r} is used up")


def delete_floating_ip(account: Account, identifier: str) -> None:
    """Give a floating IP back that is on no instance."""
    floating_ip = find(account.floating_ips, identifier, Code.NO_FLOATING_IP, "floating IP")
    if floating_ip.status == "ACTIVE":
        raise RefusedError(Code.FLOATING_IP_STATE, f"floating IP {floating_ip.floating_ip_address} is in use")
    del account.floating_ips[identifier]


def create_volume(account: Account, wanted: NewVolume) -> Volume:
    """Make an empty volume."""
    kind = wanted.volume_type or _VOLUME_TYPES[0]
    if kind not in _VOLUME_TYPES:
        raise invalid(f"volume.volumeType must be one of {', '.join(_VOLUME_TYPES)}, not {kind!r}")
    check_zone(account, wanted.availability_zone)
    volume = Volume(
        id=new_id(),
        name=wanted.name,
        description=wanted.description,
        size=wanted.size,
        status="available",
        availability_zone=wanted.availability_zone,
        volume_type=kind,
        metadata=wanted.metadata or {},
        created_at=stamp(account.now()),
    )
    account.volumes[volume.id] = volume
    return volume


def delete_volume(account: Account, identifier: str) -> None:
    """Delete a volume that is on no instance."""
    volume = find(account.volumes, identifier, Code.NO_VOLUME, "volume")
    if volume.attachments or volume.status not in _DELETABLE:
        raise RefusedError(Code.VOLUME_STATE, f"volume {identifier!r} is {volume.status}")
    del account.volumes[identifier]
