"""An account from a saved inventory.

A table that the inventory lacks was not served to whoever saved it. So the sandbox does not serve that read
either (-7), but makes up what the calls need to work on: flavors and zones from the instances, images with no
more than an id, one network, security groups by their names, volumes and floating IPs from where they are used.
Statuses stay as they were saved, passing ones too: nothing moves before somebody acts.
"""

import os
from datetime import datetime
from typing import Any

from msgspec import UNSET

from toastnb.sandbox.catalog import fixed_id
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.inventory_file import Row, Tables
from toastnb.sandbox.inventory_siblings import (
    floating_ips,
    images,
    networks_and_subnets,
    pools,
    security_groups,
    volumes,
)
from toastnb.sandbox.models import (
    Address,
    AttachedVolume,
    Disks,
    Flavor,
    FlavorSummary,
    Instance,
    Keypair,
    Named,
    RootDisk,
    State,
    Zone,
    ZoneState,
)

# Which read each table comes from.
_READS = {
    "flavors": "flavors",
    "availability_zones": "availability-zones",
    "keypairs": "keypairs",
    "images": "images",
    "networks": "networks",
    "subnets": "subnets",
    "security_groups": "security-groups",
    "floating_ips": "floating-ips",
    "volumes": "volumes",
}


def load(path: str | os.PathLike[str], start: datetime) -> State:
    """Read the account that an inventory shows; the clock is at `start`."""
    tables = Tables(path)
    instances = _instances(tables)
    networks, subnets = networks_and_subnets(tables)
    return State(
        time=start,
        user_id=fixed_id("user", "saved"),
        zones=_zones(tables),
        flavors=_flavors(tables),
        images=images(tables, start),
        networks=networks,
        subnets=subnets,
        security_groups=security_groups(tables),
        pools=pools(tables),
        floating_ips=floating_ips(tables),
        volumes=volumes(tables, instances, start),
        keypairs=[_keypair(row) for row in tables["keypairs"]],
        instances=instances,
        not_served=[read for table, read in _READS.items() if table not in tables],
    )


def _instances(tables: Tables) -> list[Instance]:
    parts = ("addresses", "disks", "instance_security_groups", "metadata")
    grouped = {part: tables.grouped(part, "instance_id") for part in parts}

    def rows(part: str, row: Row) -> list[Row]:
        return grouped[part].get(row["instance_id"], [])

    return [
        Instance(
            id=row["instance_id"],
            name=row["name"],
            status=row["status"],
            availability_zone=_known(row["zone"]),
            image=_known(row["image_id"]),
            flavor=FlavorSummary(*(_known(row[key]) for key in ("flavor_id", "flavor_name", "vcpus", "ram_mb"))),
            volumes=_disks(row, rows("disks", row)),
            created_at=_time(row["created_at"]),
            updated_at=_time(row["updated_at"]),
            key_name=_known(row["keypair"]),
            launched_at=_time(row["launched_at"]),
            metadata={entry["key"]: entry["value"] for entry in rows("metadata", row)},
            addresses=tuple(_address(entry) for entry in rows("addresses", row)),
            security_groups=tuple(Named(entry["security_group"]) for entry in rows("instance_security_groups", row)),
        )
        for row in tables["instances_detail"]
    ]


def _disks(row: Row, disks: list[Row]) -> Disks:
    root_type = next((_known(disk["type"]) for disk in disks if disk["role"] == "root"), UNSET)
    attached = tuple(
        AttachedVolume(disk["volume_id"], disk["name"] or "", _known(disk["size_gb"]), _known(disk["type"]))
        for disk in disks
        if disk["role"] == "attached"
    )
    return Disks(RootDisk(_known(row["root_gb"]), root_type), attached)


def _address(row: Row) -> Address:
    return Address(row["mac_address"], row["ip_address"], row["version"] or 4, _known(row["floating_ip"]))


def _zones(tables: Tables) -> list[Zone]:
    if "availability_zones" in tables:
        return [Zone(row["zone"], ZoneState(row["available"] is not False)) for row in tables["availability_zones"]]
    named = dict.fromkeys(row["zone"] for row in tables["instances_detail"] if row["zone"])
    return [Zone(zone, ZoneState(available=True)) for zone in named]


def _flavors(tables: Tables) -> list[Flavor]:
    if "flavors" in tables:
        return [
            Flavor(
                id=row["flavor_id"],
                name=row["name"],
                type=_known(row["type"]),
                vcpus=row["vcpus"],
                ram=row["ram_mb"],
                ephemeral=_known(row["ephemeral_gb"]),
                disabled=row["disabled"] is True,
                is_public=row["is_public"] is not False,
                volume_size=_known(row["volume_gb"]),
                max_volume_size=_known(row["max_volume_gb"]),
            )
            for row in tables["flavors"]
        ]
    used = {row["flavor_id"]: row for row in tables["instances_detail"] if row["flavor_id"]}
    return [
        Flavor(
            id=identifier,
            name=row["flavor_name"],
            type="general",
            vcpus=row["vcpus"],
            ram=row["ram_mb"],
            ephemeral=0,
            disabled=False,
            is_public=True,
            volume_size=_known(row["root_gb"]) if (row["flavor_name"] or "").startswith("u2.") else UNSET,
        )
        for identifier, row in used.items()
    ]


def _keypair(row: Row) -> Keypair:
    return Keypair(row["name"], _known(row["public_key"]), _known(row["fingerprint"]), _time(row["created_at"]))


def _known(value: Any) -> Any:
    """Leave a missing value out of what is sent."""
    return UNSET if value is None else value


def _time(moment: datetime | None) -> Any:
    return UNSET if moment is None else stamp(moment)
