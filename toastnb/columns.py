"""The column dictionary: every table, its columns in order, their kinds and units. Names are stable."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a column holds, by its pandas dtype."""

    TEXT = "str"
    INTEGER = "Int64"
    FLAG = "boolean"
    TIME = "datetime64[us, UTC]"


class Column(NamedTuple):
    """A column: its name (with the unit), its kind, and what it means."""

    name: str
    kind: Kind
    meaning: str


T, I, F, M = Kind.TEXT, Kind.INTEGER, Kind.FLAG, Kind.TIME  # noqa: E741 - short for the tables below

TABLES: dict[str, tuple[Column, ...]] = {
    "flavors": (
        Column("flavor_id", T, "id of the flavor"),
        Column("name", T, "as m2.c4m8"),
        Column("type", T, "what it is made for: general, compute, memory; others may come"),
        Column("vcpus", I, "virtual CPUs"),
        Column("ram_mb", I, "RAM in MB"),
        Column("ephemeral_gb", I, "ephemeral disk in GB"),
        Column("volume_gb", I, "fixed root disk in GB; only u2 flavors have one"),
        Column("max_volume_gb", I, "largest root disk in GB"),
        Column("disabled", F, "whether no new instance can have it"),
        Column("is_public", F, "whether it is for all"),
    ),
    "availability_zones": (
        Column("zone", T, "name of the zone"),
        Column("available", F, "whether it can be used"),
    ),
    "instances": (
        Column("instance_id", T, "id of the instance"),
        Column("name", T, "its name"),
        Column("status", T, "its state, as ACTIVE"),
    ),
    "instances_detail": (
        Column("instance_id", T, "id of the instance"),
        Column("name", T, "its name"),
        Column("status", T, "its state, as ACTIVE"),
        Column("zone", T, "availability zone"),
        Column("flavor_id", T, "id of its flavor"),
        Column("flavor_name", T, "name of its flavor"),
        Column("vcpus", I, "virtual CPUs"),
        Column("ram_mb", I, "RAM in MB"),
        Column("root_gb", I, "root disk in GB"),
        Column("attached_gb", I, "attached volumes in GB, added up; missing when the size of one is"),
        Column("attached_count", I, "number of attached volumes"),
        Column("disk_gb", I, "root and attached disks in GB"),
        Column("image_id", T, "id of the image it was made from"),
        Column("keypair", T, "name of its keypair"),
        Column("ip_address", T, "its first address; missing when it has none"),
        Column("floating_ip", T, "its first floating IP; missing when it has none"),
        Column("security_groups", T, "names of its security groups, sorted, comma-joined"),
        Column("launched_at", M, "latest boot: never an age"),
        Column("created_at", M, "when it was made: its age"),
        Column("updated_at", M, "latest change"),
    ),
    "keypairs": (
        Column("name", T, "name of the keypair"),
        Column("fingerprint", T, "fingerprint of the public key"),
        Column("public_key", T, "the public key"),
        Column("created_at", M, "when it was made; only known when it was asked for by name"),
    ),
    "addresses": (
        Column("instance_id", T, "id of the instance"),
        Column("mac_address", T, "MAC address of the interface"),
        Column("ip_address", T, "its address"),
        Column("version", I, "IP version"),
        Column("floating_ip", T, "floating IP that leads to it"),
    ),
    "disks": (
        Column("instance_id", T, "id of the instance"),
        Column("volume_id", T, "id of the volume; a root disk has none"),
        Column("name", T, "name of the volume"),
        Column("role", T, "root or attached"),
        Column("size_gb", I, "size in GB"),
        Column("type", T, "General HDD or General SSD, where the service says"),
    ),
    "instance_security_groups": (
        Column("instance_id", T, "id of the instance"),
        Column("security_group", T, "name of the security group"),
    ),
    "metadata": (
        Column("instance_id", T, "id of the instance"),
        Column("key", T, "the key"),
        Column("value", T, "its value"),
    ),
    "images": (
        Column("image_id", T, "id of the image"),
        Column("name", T, "its name"),
        Column("status", T, "its state, as active"),
        Column("os_type", T, "linux or windows, where it is known"),
        Column("size_bytes", I, "size in bytes"),
        Column("disk_format", T, "format of the file"),
        Column("min_disk_gb", I, "smallest root disk in GB"),
        Column("min_ram_mb", I, "smallest RAM in MB"),
        Column("is_public", F, "whether it is for all"),
        Column("protected", F, "whether it cannot be deleted"),
        Column("created_at", M, "when it was made"),
        Column("updated_at", M, "latest change"),
    ),
    "networks": (
        Column("network_id", T, "id of the network"),
        Column("name", T, "its name"),
        Column("status", T, "its state"),
        Column("admin_up", F, "whether it is switched on"),
        Column("external", F, "whether it leads outside: not for instances"),
    ),
    "subnets": (
        Column("subnet_id", T, "id of the subnet"),
        Column("name", T, "its name"),
        Column("network_id", T, "id of its network"),
        Column("cidr", T, "its addresses"),
        Column("gateway_ip", T, "its gateway"),
        Column("dhcp", F, "whether DHCP is on"),
        Column("ip_version", I, "IP version"),
    ),
    "security_groups": (
        Column("security_group_id", T, "id of the group"),
        Column("name", T, "its name"),
        Column("description", T, "its description"),
    ),
    "security_group_rules": (
        Column("rule_id", T, "id of the rule"),
        Column("security_group_id", T, "id of its group"),
        Column("direction", T, "ingress or egress"),
        Column("ethertype", T, "IPv4 or IPv6"),
        Column("protocol", T, "missing: any"),
        Column("port_min", I, "first port; missing: any"),
        Column("port_max", I, "last port; missing: any"),
        Column("remote_ip_prefix", T, "addresses it is for; missing: any"),
        Column("remote_group_id", T, "group it is for"),
        Column("description", T, "its description"),
    ),
    "floating_ips": (
        Column("floating_ip_id", T, "id of the floating IP"),
        Column("floating_ip", T, "the address"),
        Column("fixed_ip", T, "the address it leads to; missing when it is free"),
        Column("pool_id", T, "id of its pool"),
        Column("pool", T, "name of its pool"),
        Column("status", T, "ACTIVE, DOWN or ERROR"),
    ),
    "volumes": (
        Column("volume_id", T, "id of the volume"),
        Column("name", T, "its name"),
        Column("description", T, "its description"),
        Column("size_gb", I, "size in GB"),
        Column("status", T, "its state, as available or in-use"),
        Column("zone", T, "availability zone"),
        Column("type", T, "General HDD or General SSD"),
        Column("created_at", M, "when it was made"),
    ),
    "volume_attachments": (
        Column("volume_id", T, "id of the volume"),
        Column("instance_id", T, "id of the instance"),
        Column("attachment_id", T, "id of the attachment"),
        Column("device", T, "name of the device, as /dev/vdb"),
    ),
}
