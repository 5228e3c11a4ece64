"""From the API's structures to DataFrames, a function a table of the column dictionary. Pure: nothing is fetched here.

What is absent stays missing: no number is made up, and a sum with a missing part is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa

from toastnb.arrays import Lists, as_frame, frame_of, frames_of, times_of
from toastnb.codec import Items
from toastnb.wire import (
    Access,
    Address,
    AttachedVolume,
    Flavor,
    Instance,
    InstanceDetail,
    Keypair,
    RootVolume,
    User,
    Volumes,
    Zone,
)
from toastnb.wire_siblings import FloatingIp, Image, Network, SecurityGroup, Subnet, Volume


def flavors(items: Sequence[Flavor]) -> pd.DataFrame:
    """Return the table `flavors`."""
    lists: Lists = {
        "flavor_id": [f.id for f in items],
        "name": [f.name for f in items],
        "type": [f.type for f in items],
        "vcpus": [f.vcpus for f in items],
        "ram_mb": [f.ram for f in items],
        "ephemeral_gb": [f.ephemeral for f in items],
        "volume_gb": [f.volume_size for f in items],
        "max_volume_gb": [f.max_volume_size for f in items],
        "disabled": [f.disabled for f in items],
        "is_public": [f.is_public for f in items],
    }
    return frame_of("flavors", lists)


def availability_zones(items: Sequence[Zone]) -> pd.DataFrame:
    """Return the table `availability_zones`."""
    lists: Lists = {
        "zone": [z.zone_name for z in items],
        "available": [z.zone_state.available if z.zone_state else None for z in items],
    }
    return frame_of("availability_zones", lists)


def instances(items: Sequence[Instance]) -> pd.DataFrame:
    """Return the table `instances`."""
    lists: Lists = {
        "instance_id": [i.id for i in items],
        "name": [i.name for i in items],
        "status": [i.status for i in items],
    }
    return frame_of("instances", lists)


def instances_detail(items: Items[InstanceDetail]) -> pd.DataFrame:
    """Return the table `instances_detail`."""
    return frames_of(items, {"instances_detail": _detail})["instances_detail"]


def instance_tables(items: Items[InstanceDetail]) -> dict[str, pd.DataFrame]:
    """Return `instances_detail` and the tidy tables of what instances have several of, in one pass."""
    return frames_of(
        items,
        {
            "instances_detail": _detail,
            "addresses": _addresses,
            "disks": _disks,
            "instance_security_groups": _instance_security_groups,
            "metadata": _metadata,
        },
    )


def keypairs(items: Sequence[Keypair]) -> pd.DataFrame:
    """Return the table `keypairs`."""
    lists: Lists = {
        "name": [k.name for k in items],
        "fingerprint": [k.fingerprint for k in items],
        "public_key": [k.public_key for k in items],
        "created_at": [k.created_at for k in items],
    }
    return frame_of("keypairs", lists)


def images(items: Sequence[Image]) -> pd.DataFrame:
    """Return the table `images`."""
    lists: Lists = {
        "image_id": [i.id for i in items],
        "name": [i.name for i in items],
        "status": [i.status for i in items],
        "os_type": [i.properties.os_type if i.properties else None for i in items],
        "size_bytes": [i.size for i in items],
        "disk_format": [i.disk_format for i in items],
        "min_disk_gb": [i.min_disk for i in items],
        "min_ram_mb": [i.min_ram for i in items],
        "is_public": [i.is_public for i in items],
        "protected": [i.protected for i in items],
        "created_at": [i.created_at for i in items],
        "updated_at": [i.updated_at for i in items],
    }
    return frame_of("images", lists)


def networks(items: Sequence[Network]) -> pd.DataFrame:
    """Return the table `networks`."""
    lists: Lists = {
        "network_id": [n.id for n in items],
        "name": [n.name for n in items],
        "status": [n.status for n in items],
        "admin_up": [n.admin_state_up for n in items],
        "external": [n.external for n in items],
    }
    return frame_of("networks", lists)


def subnets(items: Sequence[Subnet]) -> pd.DataFrame:
    """Return the table `subnets`."""
    lists: Lists = {
        "subnet_id": [s.id for s in items],
        "name": [s.name for s in items],
        "network_id": [s.network_id for s in items],
        "cidr": [s.cidr for s in items],
        "gateway_ip": [s.gateway_ip for s in items],
        "dhcp": [s.enable_dhcp for s in items],
        "ip_version": [s.ip_version for s in items],
    }
    return frame_of("subnets", lists)


def security_groups(items: Sequence[SecurityGroup]) -> pd.DataFrame:
    """Return the table `security_groups`."""
    lists: Lists = {
        "security_group_id": [g.id for g in items],
        "name": [g.name for g in items],
        "description": [g.description for g in items],
    }
    return frame_of("security_groups", lists)


def security_group_rules(items: Sequence[SecurityGroup]) -> pd.DataFrame:
    """Return the table `security_group_rules`: a row a rule, of all groups."""
    rules = [(group, rule) for group in items for rule in group.security_group_rules or ()]
    lists: Lists = {
        "rule_id": [r.id for _, r in rules],
        "security_group_id": [r.security_group_id or group.id for group, r in rules],
        "direction": [r.direction for _, r in rules],
        "ethertype": [r.ethertype for _, r in rules],
        "protocol": [r.protocol for _, r in rules],
        "port_min": [r.port_range_min for _, r in rules],
        "port_max": [r.port_range_max for _, r in rules],
        "remote_ip_prefix": [r.remote_ip_prefix for _, r in rules],
        "remote_group_id": [r.remote_group_id for _, r in rules],
        "description": [r.description for _, r in rules],
    }
    return frame_of("security_group_rules", lists)


def floating_ips(items: Sequence[FloatingIp]) -> pd.DataFrame:
    """Return the table `floating_ips`."""
    lists: Lists = {
        "floating_ip_id": [f.id for f in items],
        "floating_ip": [f.floating_ip_address or None for f in items],
        "fixed_ip": [f.fixed_ip_address or None for f in items],
        "pool_id": [f.pool.id if f.pool else None for f in items],
        "pool": [f.pool.name if f.pool else None for f in items],
        "status": [f.status for f in items],
    }
    return frame_of("floating_ips", lists)


def volume_tables(items: Items[Volume]) -> dict[str, pd.DataFrame]:
    """Return `volumes` and `volume_attachments`, in one pass."""
    return frames_of(items, {"volumes": _volumes, "volume_attachments": _volume_attachments})


def token_info(access: Access) -> pd.DataFrame:
    """Return what is known of a token in one row, without the token."""
    token, user = access.token, access.user or User()
    roles = None if user.roles is None else ",".join(sorted(role.name for role in user.roles if role.name))
    columns = {
        "user_id": pa.array([user.id], pa.large_string()),
        "roles": pa.array([roles], pa.large_string()),
        "issued_at": times_of(pa.chunked_array([[token.issued_at]]), "access.token.issued_at"),
        "expires": times_of(pa.chunked_array([[token.expires]]), "access.token.expires"),
    }
    return as_frame(columns)


# --- long tables: each function takes a chunk of instances or volumes and returns the lists of one table --------------


def _detail(chunk: Sequence[InstanceDetail]) -> Lists:
    flavors = [i.flavor for i in chunk]
    attachments = [i.volumes.attachments if i.volumes else None for i in chunk]
    root_gb = [i.volumes.root.size if i.volumes and i.volumes.root else None for i in chunk]
    attached_gb = [_total_gb(volumes) for volumes in attachments]
    return {
        "instance_id": [i.id for i in chunk],
        "name": [i.name for i in chunk],
        "status": [i.status for i in chunk],
        "zone": [i.availability_zone for i in chunk],
        "flavor_id": [f.id if f else None for f in flavors],
        "flavor_name": [f.name if f else None for f in flavors],
        "vcpus": [f.cpu if f else None for f in flavors],
        "ram_mb": [f.ram if f else None for f in flavors],
        "root_gb": root_gb,
        "attached_gb": attached_gb,
        "attached_count": [None if volumes is None else len(volumes) for volumes in attachments],
        "disk_gb": [
            None if root is None or attached is None else root + attached
            for root, attached in zip(root_gb, attached_gb, strict=True)
        ],
        "image_id": [i.image for i in chunk],
        "keypair": [i.key_name for i in chunk],
        "ip_address": [_first(i.addresses, _ip_address) for i in chunk],
        "floating_ip": [_first(i.addresses, _floating_ip) for i in chunk],
        "security_groups": [
            None if i.security_groups is None else ",".join(sorted([g.name for g in i.security_groups if g.name]))
            for i in chunk
        ],
        "launched_at": [i.launched_at for i in chunk],
        "created_at": [i.created_at for i in chunk],
        "updated_at": [i.updated_at for i in chunk],
    }


# No tuples are made of the rows: a million of them would keep the garbage collector busy.


def _addresses(chunk: Sequence[InstanceDetail]) -> Lists:
    addresses = [address for i in chunk for address in i.addresses or ()]
    return {
        "instance_id": [i.id for i in chunk for _ in i.addresses or ()],
        "mac_address": [a.mac_address for a in addresses],
        "ip_address": [_ip_address(a) for a in addresses],
        "version": [a.version for a in addresses],
        "floating_ip": [_floating_ip(a) for a in addresses],
    }


def _disks(chunk: Sequence[InstanceDetail]) -> Lists:
    """Return a row a disk: of each instance the root first, then what is attached."""
    owners = [(i.id, _disks_of(i.volumes)) for i in chunk if i.volumes]
    disks = [disk for _, of_one in owners for disk in of_one]
    attached = [disk if isinstance(disk, AttachedVolume) else _NOT_ATTACHED for disk in disks]
    return {
        "instance_id": [owner for owner, of_one in owners for _ in of_one],
        "volume_id": [volume.id for volume in attached],
        "name": [volume.name for volume in attached],
        "role": ["root" if volume is _NOT_ATTACHED else "attached" for volume in attached],
        "size_gb": [disk.size for disk in disks],
        "type": [disk.type for disk in disks],
    }


_NOT_ATTACHED = AttachedVolume()


def _disks_of(volumes: Volumes) -> list[RootVolume | AttachedVolume]:
    root = [] if volumes.root is None else [volumes.root]
    return [*root, *(volumes.attachments or ())]


def _instance_security_groups(chunk: Sequence[InstanceDetail]) -> Lists:
    return {
        "instance_id": [i.id for i in chunk for _ in i.security_groups or ()],
        "security_group": [group.name for i in chunk for group in i.security_groups or ()],
    }


def _metadata(chunk: Sequence[InstanceDetail]) -> Lists:
    return {
        "instance_id": [i.id for i in chunk for _ in i.metadata or ()],
        "key": [key for i in chunk for key in i.metadata or ()],
        "value": [value for i in chunk for value in (i.metadata or {}).values()],
    }


def _volumes(chunk: Sequence[Volume]) -> Lists:
    return {
        "volume_id": [v.id for v in chunk],
        "name": [v.name for v in chunk],
        "description": [v.description for v in chunk],
        "size_gb": [v.size for v in chunk],
        "status": [v.status for v in chunk],
        "zone": [v.availability_zone for v in chunk],
        "type": [v.volume_type for v in chunk],
        "created_at": [v.created_at for v in chunk],
    }


def _volume_attachments(chunk: Sequence[Volume]) -> Lists:
    attachments = [attachment for volume in chunk for attachment in volume.attachments or ()]
    return {
        "volume_id": [volume.id for volume in chunk for _ in volume.attachments or ()],
        "instance_id": [a.instance_id for a in attachments],
        "attachment_id": [a.attachment_id for a in attachments],
        "device": [a.device for a in attachments],
    }


def _total_gb(volumes: Sequence[AttachedVolume] | None) -> int | None:
    if volumes is None:
        return None
    total = 0
    for volume in volumes:
        if volume.size is None:
            return None
        total += volume.size
    return total


def _ip_address(address: Address) -> str | None:
    return address.ip_address or None


def _floating_ip(address: Address) -> str | None:
    return address.floating_ip_address or None


def _first(addresses: Sequence[Address] | None, which: Callable[[Address], str | None]) -> str | None:
    for address in addresses or ():
        found = which(address)
        if found:
            return found
    return None
