"""From a saved inventory: images, networks, security groups, floating IPs, volumes, or what stands in for them."""

import ipaddress
from datetime import datetime

from msgspec import UnsetType

from toastnb.sandbox import catalog
from toastnb.sandbox.attachments import DEVICES
from toastnb.sandbox.catalog import fixed_id
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.inventory_file import COLUMNS, Row, Tables
from toastnb.sandbox.models import (
    FloatingIp,
    FloatingIpPool,
    Image,
    Instance,
    Network,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Volume,
    VolumeAttachment,
)

_SMALLEST_SUBNET = 8  # addresses: what is left of fewer is not handed out


def images(tables: Tables, start: datetime) -> list[Image]:
    """Make the images, or one for each id that an instance has."""
    if "images" in tables:
        return [_image(row, start) for row in tables["images"]]
    used = dict.fromkeys(row["image_id"] for row in tables["instances_detail"] if row["image_id"])
    unknown = dict.fromkeys(COLUMNS["images"].split())
    return [_image({**unknown, "image_id": identifier, "name": identifier}, start) for identifier in used]


def _image(row: Row, start: datetime) -> Image:
    created = row["created_at"] or start
    return Image(
        id=row["image_id"],
        name=row["name"],
        status=row["status"] or "active",
        size=row["size_bytes"] or 0,
        disk_format=row["disk_format"] or "qcow2",
        min_disk=row["min_disk_gb"] or 0,
        min_ram=row["min_ram_mb"] or 0,
        is_public=row["is_public"] is not False,
        protected=row["protected"] is True,
        properties={"os_type": row["os_type"]} if row["os_type"] else {},
        created_at=stamp(created),
        updated_at=stamp(row["updated_at"] or created),
    )


def networks_and_subnets(tables: Tables) -> tuple[list[Network], list[Subnet]]:
    """Make the networks and their subnets; what hands out addresses follows from the range."""
    if "networks" not in tables and "subnets" not in tables:
        network, subnet = catalog.FIXED_NETWORKS[0]
        return [network], [subnet]
    rows = tables["networks"] or [
        {"network_id": identifier, "name": identifier, "status": "ACTIVE", "admin_up": True, "external": False}
        for identifier in tables.grouped("subnets", "network_id")
    ]
    if "subnets" in tables:
        subnets = [_subnet(row) for row in tables["subnets"]]
    else:
        inside = [row for row in rows if not row["external"]]
        blocks = ipaddress.IPv4Network("10.0.0.0/8").subnets(new_prefix=20)
        subnets = [
            catalog.subnet(row["network_id"], f"{row['name']}-subnet", str(block))
            for row, block in zip(inside, blocks, strict=False)
        ]
    return [_network(row, subnets) for row in rows], subnets


def _network(row: Row, subnets: list[Subnet]) -> Network:
    own = tuple(subnet.id for subnet in subnets if subnet.network_id == row["network_id"])
    external = row["external"] is True
    return Network(
        row["network_id"], row["name"], row["status"] or "ACTIVE", row["admin_up"] is not False, external, own
    )


def _subnet(row: Row) -> Subnet:
    span = ipaddress.ip_network(row["cidr"], strict=False)
    handed_out = span.version == 4 and span.num_addresses >= _SMALLEST_SUBNET
    return Subnet(
        id=row["subnet_id"],
        name=row["name"],
        network_id=row["network_id"],
        cidr=row["cidr"],
        gateway_ip=row["gateway_ip"],
        enable_dhcp=row["dhcp"] is not False,
        ip_version=row["ip_version"] or span.version,
        allocation_pools=(catalog.allocation_pool(row["cidr"]),) if handed_out else (),
    )


def security_groups(tables: Tables) -> list[SecurityGroup]:
    """Make the security groups, or an empty one for each name that an instance has."""
    if "security_groups" not in tables:
        names = dict.fromkeys(["default", *(row["security_group"] for row in tables["instance_security_groups"])])
        return [SecurityGroup(fixed_id("security-group", name), name, "", ()) for name in names]
    rules = tables.grouped("security_group_rules", "security_group_id")
    return [
        SecurityGroup(
            row["security_group_id"],
            row["name"],
            row["description"] or "",
            tuple(_rule(rule) for rule in rules.get(row["security_group_id"], [])),
        )
        for row in tables["security_groups"]
    ]


def _rule(row: Row) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=row["rule_id"],
        direction=row["direction"],
        ethertype=row["ethertype"],
        protocol=row["protocol"],
        port_range_min=row["port_min"],
        port_range_max=row["port_max"],
        remote_ip_prefix=row["remote_ip_prefix"],
        remote_group_id=row["remote_group_id"],
        security_group_id=row["security_group_id"],
        description=row["description"] or "",
    )


def pools(tables: Tables) -> list[FloatingIpPool]:
    """Make the pools that floating IPs come from; without any, the sandbox's own."""
    found = {row["pool_id"]: FloatingIpPool(row["pool_id"], row["pool"]) for row in tables["floating_ips"]}
    return list(found.values()) or [catalog.POOL]


def floating_ips(tables: Tables) -> list[FloatingIp]:
    """Make the floating IPs, or those that instances have."""
    if "floating_ips" in tables:
        return [
            FloatingIp(
                id=row["floating_ip_id"],
                floating_ip_address=row["floating_ip"],
                pool=FloatingIpPool(row["pool_id"], row["pool"]),
                status=row["status"],
                fixed_ip_address=row["fixed_ip"],
            )
            for row in tables["floating_ips"]
        ]
    return [
        FloatingIp(fixed_id("floating-ip", public), public, catalog.POOL, "ACTIVE", row["ip_address"])
        for row in tables["addresses"]
        if (public := row["floating_ip"])
    ]


def volumes(tables: Tables, instances: list[Instance], start: datetime) -> list[Volume]:
    """Make the volumes, and those that instances have but the table lacks."""
    attachments = tables.grouped("volume_attachments", "volume_id")
    listed = [_volume(row, attachments.get(row["volume_id"], []), start) for row in tables["volumes"]]
    known = {volume.id for volume in listed}
    return [*listed, *(volume for instance in instances for volume in _attached_volumes(instance, known, start))]


def _volume(row: Row, attachments: list[Row], start: datetime) -> Volume:
    return Volume(
        id=row["volume_id"],
        name=row["name"] or "",
        description=row["description"],
        size=row["size_gb"],
        status=row["status"],
        availability_zone=row["zone"],
        volume_type=row["type"],
        metadata={},
        created_at=stamp(row["created_at"] or start),
        attachments=tuple(
            VolumeAttachment(row["device"], row["instance_id"], row["attachment_id"]) for row in attachments
        ),
    )


def _attached_volumes(instance: Instance, known: set[str], start: datetime) -> list[Volume]:
    """Make up the volumes of an instance that are not known otherwise; devices go by their order."""
    zone = "" if isinstance(instance.availability_zone, UnsetType) else instance.availability_zone
    created = stamp(start) if isinstance(instance.created_at, UnsetType) else instance.created_at
    return [
        Volume(
            id=attached.id,
            name=attached.name,
            description=None,
            size=0 if isinstance(attached.size, UnsetType) else attached.size,
            status="in-use",
            availability_zone=zone,
            volume_type=None,
            metadata={},
            created_at=created,
            attachments=(VolumeAttachment(device, instance.id, fixed_id("attachment", attached.id)),),
        )
        for device, attached in zip(DEVICES[1:], instance.volumes.attachments, strict=False)
        if attached.id not in known
    ]
