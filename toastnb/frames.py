"""From the API's structures to DataFrames, by the column dictionary. Pure: nothing is fetched here.

Columns are collected a chunk at a time into Arrow arrays, so that a hundred thousand instances are never all Python
objects at once. What is absent stays missing: no number is made up, and a sum with a missing part is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from toastnb.codec import Items
from toastnb.columns import TABLES, Kind
from toastnb.errors import BadAnswer
from toastnb.wire import Access, Address, AttachedVolume, Flavor, Instance, InstanceDetail, Keypair, Zone
from toastnb.wire_siblings import FloatingIp, Image, Network, SecurityGroup, Subnet, Volume

S = TypeVar("S")
Lists = dict[str, list[Any]]

_ARROW = {Kind.TEXT: pa.string(), Kind.INTEGER: pa.int64(), Kind.FLAG: pa.bool_(), Kind.TIME: pa.string()}
TEXT = pd.StringDtype(na_value=np.nan)
_PANDAS = {pa.string(): TEXT, pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def flavors(items: Sequence[Flavor]) -> pd.DataFrame:
    """Return the table `flavors`."""
    lists = {
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
    return _frame("flavors", lists)


def availability_zones(items: Sequence[Zone]) -> pd.DataFrame:
    """Return the table `availability_zones`."""
    lists = {"zone": [z.zone_name for z in items], "available": [z.zone_state.available for z in items]}
    return _frame("availability_zones", lists)


def instances(items: Sequence[Instance]) -> pd.DataFrame:
    """Return the table `instances`."""
    lists = {
        "instance_id": [i.id for i in items],
        "name": [i.name for i in items],
        "status": [i.status for i in items],
    }
    return _frame("instances", lists)


def instances_detail(items: Items[InstanceDetail]) -> pd.DataFrame:
    """Return the table `instances_detail`."""
    return _frames(items, {"instances_detail": _detail})["instances_detail"]


def instance_tables(items: Items[InstanceDetail]) -> dict[str, pd.DataFrame]:
    """Return `instances_detail` and the tidy tables of what instances have several of, in one pass."""
    return _frames(
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
    lists = {
        "name": [k.name for k in items],
        "fingerprint": [k.fingerprint for k in items],
        "public_key": [k.public_key for k in items],
        "created_at": [k.created_at for k in items],
    }
    return _frame("keypairs", lists)


def images(items: Sequence[Image]) -> pd.DataFrame:
    """Return the table `images`."""
    lists = {
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
    return _frame("images", lists)


def networks(items: Sequence[Network]) -> pd.DataFrame:
    """Return the table `networks`."""
    lists = {
        "network_id": [n.id for n in items],
        "name": [n.name for n in items],
        "status": [n.status for n in items],
        "admin_up": [n.admin_state_up for n in items],
        "external": [n.external for n in items],
    }
    return _frame("networks", lists)


def subnets(items: Sequence[Subnet]) -> pd.DataFrame:
    """Return the table `subnets`."""
    lists = {
        "subnet_id": [s.id for s in items],
        "name": [s.name for s in items],
        "network_id": [s.network_id for s in items],
        "cidr": [s.cidr for s in items],
        "gateway_ip": [s.gateway_ip for s in items],
        "dhcp": [s.enable_dhcp for s in items],
        "ip_version": [s.ip_version for s in items],
    }
    return _frame("subnets", lists)


def security_groups(items: Sequence[SecurityGroup]) -> pd.DataFrame:
    """Return the table `security_groups`."""
    lists = {
        "security_group_id": [g.id for g in items],
        "name": [g.name for g in items],
        "description": [g.description for g in items],
    }
    return _frame("security_groups", lists)


def security_group_rules(items: Sequence[SecurityGroup]) -> pd.DataFrame:
    """Return the table `security_group_rules`: a row a rule, of all groups."""
    rules = [(group, rule) for group in items for rule in group.security_group_rules or ()]
    lists = {
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
    return _frame("security_group_rules", lists)


def floating_ips(items: Sequence[FloatingIp]) -> pd.DataFrame:
    """Return the table `floating_ips`."""
    lists = {
        "floating_ip_id": [f.id for f in items],
        "floating_ip": [f.floating_ip_address or None for f in items],
        "fixed_ip": [f.fixed_ip_address or None for f in items],
        "pool_id": [f.pool.id if f.pool else None for f in items],
        "pool": [f.pool.name if f.pool else None for f in items],
        "status": [f.status for f in items],
    }
    return _frame("floating_ips", lists)


def volumes(items: Sequence[Volume]) -> pd.DataFrame:
    """Return the table `volumes`."""
    lists = {
        "volume_id": [v.id for v in items],
        "name": [v.name for v in items],
        "description": [v.description for v in items],
        "size_gb": [v.size for v in items],
        "status": [v.status for v in items],
        "zone": [v.availability_zone for v in items],
        "type": [v.volume_type for v in items],
        "created_at": [v.created_at for v in items],
    }
    return _frame("volumes", lists)


def volume_attachments(items: Sequence[Volume]) -> pd.DataFrame:
    """Return the table `volume_attachments`: a row an attachment, of all volumes."""
    attachments = [(volume.id, a) for volume in items for a in volume.attachments or ()]
    lists = {
        "volume_id": [volume_id for volume_id, _ in attachments],
        "instance_id": [a.instance_id for _, a in attachments],
        "attachment_id": [a.attachment_id for _, a in attachments],
        "device": [a.device for _, a in attachments],
    }
    return _frame("volume_attachments", lists)


def texts(**columns: Sequence[str | None]) -> pd.DataFrame:
    """Return a frame of text columns that is none of the dictionary's tables."""
    return pd.DataFrame({name: pd.Series(list(values), dtype=TEXT) for name, values in columns.items()})


def token_info(access: Access) -> pd.DataFrame:
    """Return what is known of a token in one row, without the token."""
    token, user = access.token, access.user
    roles = ",".join(sorted(role.name for role in user.roles if role.name))
    columns = {
        "user_id": pa.chunked_array([pa.array([user.id], pa.string())]),
        "roles": pa.chunked_array([pa.array([roles], pa.string())]),
        "issued_at": _times(pa.chunked_array([[token.issued_at]]), "access.token.issued_at"),
        "expires": _times(pa.chunked_array([[token.expires]]), "access.token.expires"),
    }
    return pa.table(columns).to_pandas(types_mapper=_PANDAS.get)


# --- instances in detail: each function takes a chunk of instances and returns the lists of one table -----------------


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
            None if i.security_groups is None else ",".join(sorted(g.name for g in i.security_groups if g.name))
            for i in chunk
        ],
        "launched_at": [i.launched_at for i in chunk],
        "created_at": [i.created_at for i in chunk],
        "updated_at": [i.updated_at for i in chunk],
    }


def _addresses(chunk: Sequence[InstanceDetail]) -> Lists:
    rows = [(i.id, address) for i in chunk for address in i.addresses or ()]
    return {
        "instance_id": [instance_id for instance_id, _ in rows],
        "mac_address": [a.mac_address for _, a in rows],
        "ip_address": [_ip_address(a) for _, a in rows],
        "version": [a.version for _, a in rows],
        "floating_ip": [_floating_ip(a) for _, a in rows],
    }


def _disks(chunk: Sequence[InstanceDetail]) -> Lists:
    rows: list[tuple[str, str | None, str | None, str, int | None, str | None]] = []
    for instance in chunk:
        volumes = instance.volumes
        if volumes is None:
            continue
        if volumes.root is not None:
            rows.append((instance.id, None, None, "root", volumes.root.size, volumes.root.type))
        rows += [(instance.id, v.id, v.name, "attached", v.size, v.type) for v in volumes.attachments or ()]
    return _transposed("disks", rows)


def _instance_security_groups(chunk: Sequence[InstanceDetail]) -> Lists:
    rows = [(i.id, group.name) for i in chunk for group in i.security_groups or ()]
    return _transposed("instance_security_groups", rows)


def _metadata(chunk: Sequence[InstanceDetail]) -> Lists:
    rows = [(i.id, key, value) for i in chunk for key, value in (i.metadata or {}).items()]
    return _transposed("metadata", rows)


def _transposed(table: str, rows: Sequence[tuple[Any, ...]]) -> Lists:
    columns = zip(*rows, strict=True) if rows else ((),) * len(TABLES[table])
    return {column.name: list(values) for column, values in zip(TABLES[table], columns, strict=True)}


def _total_gb(volumes: Sequence[AttachedVolume] | None) -> int | None:
    if volumes is None or any(volume.size is None for volume in volumes):
        return None
    return sum(volume.size or 0 for volume in volumes)


def _first(addresses: Iterable[Address] | None, which: Callable[[Address], str | None]) -> str | None:
    return next((found for address in addresses or () if (found := which(address))), None)


def _ip_address(address: Address) -> str | None:
    return address.ip_address or None


def _floating_ip(address: Address) -> str | None:
    return address.floating_ip_address or None


# --- lists -> Arrow -> pandas -----------------------------------------------------------------------------------------


def from_arrow(table: str, stored: pa.Table) -> pd.DataFrame:
    """Return a table as it was before it was stored; columns beyond the dictionary's stay.

    Raises
    ------
    ValueError
        When a column of the dictionary is not there, or not of its kind.
    """
    columns = dict(zip(stored.column_names, stored.columns, strict=True))
    for column in TABLES[table]:
        if column.name not in columns:
            raise ValueError(f"{table} has no column {column.name}")
        kind = pa.timestamp("us", "UTC") if column.kind is Kind.TIME else _ARROW[column.kind]
        columns[column.name] = columns[column.name].cast(kind)
    return pa.table(columns).to_pandas(types_mapper=_PANDAS.get)


def _frame(table: str, lists: Lists) -> pd.DataFrame:
    return _to_pandas(table, {name: [array] for name, array in _arrays(table, lists).items()})


def _frames(items: Items[S], tables: Mapping[str, Callable[[Sequence[S]], Lists]]) -> dict[str, pd.DataFrame]:
    arrays: dict[str, dict[str, list[pa.Array]]] = {
        table: {column.name: [] for column in TABLES[table]} for table in tables
    }
    for chunk in items.chunks():
        for table, lists_of in tables.items():
            for name, array in _arrays(table, lists_of(chunk)).items():
                arrays[table][name].append(array)
    return {table: _to_pandas(table, arrays.pop(table)) for table in tables}


def _arrays(table: str, lists: Lists) -> dict[str, pa.Array]:
    return {column.name: pa.array(lists[column.name], _ARROW[column.kind]) for column in TABLES[table]}


def _to_pandas(table: str, arrays: dict[str, list[pa.Array]]) -> pd.DataFrame:
    columns = {}
    for column in TABLES[table]:
        whole = pa.chunked_array(arrays.pop(column.name), _ARROW[column.kind])
        columns[column.name] = _times(whole, f"{table}.{column.name}") if column.kind is Kind.TIME else whole
    return pa.table(columns).to_pandas(types_mapper=_PANDAS.get)


def _times(texts: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Read times that come with or without fraction and Z, in one column; they are UTC."""
    try:
        return pc.assume_timezone(pc.utf8_rtrim(texts, characters="Z").cast(pa.timestamp("us")), "UTC")
    except pa.ArrowInvalid:  # an offset, or more digits than microseconds have
        pass
    try:
        times = pd.to_datetime(texts.to_pandas(), format="ISO8601", utc=True).dt.as_unit("us")
    except ValueError:
        problem = f"{name} has a value that is no ISO 8601 time"
    else:
        return pa.chunked_array([pa.array(times)])
    raise BadAnswer(problem, action="Reading times")
