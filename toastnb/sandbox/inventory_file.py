"""The file of a saved inventory: a zip with `manifest.json` and `<table>.parquet` for each table that is there."""

import os
import zipfile
import zlib
from io import BytesIO
from typing import Any

import msgspec

Row = dict[str, Any]

_FORMAT = "toastnb-inventory"
_VERSION = 1
_MANIFEST = "manifest.json"

COLUMNS = {
    "flavors": "flavor_id name type vcpus ram_mb ephemeral_gb volume_gb max_volume_gb disabled is_public",
    "availability_zones": "zone available",
    "instances_detail": "instance_id name status zone flavor_id flavor_name vcpus ram_mb root_gb image_id keypair"
    " launched_at created_at updated_at",
    "keypairs": "name fingerprint public_key created_at",
    "addresses": "instance_id mac_address ip_address version floating_ip",
    "disks": "instance_id volume_id name role size_gb type",
    "instance_security_groups": "instance_id security_group",
    "metadata": "instance_id key value",
    "images": "image_id name status os_type size_bytes disk_format min_disk_gb min_ram_mb is_public protected"
    " created_at updated_at",
    "networks": "network_id name status admin_up external",
    "subnets": "subnet_id name network_id cidr gateway_ip dhcp ip_version",
    "security_groups": "security_group_id name description",
    "security_group_rules": "rule_id security_group_id direction ethertype protocol port_min port_max"
    " remote_ip_prefix remote_group_id description",
    "floating_ips": "floating_ip_id floating_ip fixed_ip pool_id pool status",
    "volumes": "volume_id name description size_gb status zone type created_at",
    "volume_attachments": "volume_id instance_id attachment_id device",
}
"""The columns that are read of each table."""

_REQUIRED = "instances_detail"


class InventoryFileError(ValueError):
    """A file that does not hold a saved inventory."""


class _Manifest(msgspec.Struct):
    format: str
    version: int


class Tables:
    """The tables of one inventory, each a list of rows; None stands for missing values.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
            raise InventoryFileError(f"{path}: not a zip file that can be read: {error}") from None
        _check_manifest(members.get(_MANIFEST), path)
        self._rows = {
            table: _read_table(members[f"{table}.parquet"], table, path)
            for table in COLUMNS
            if f"{table}.parquet" in members
        }
        if _REQUIRED not in self._rows:
            raise InventoryFileError(f"{path}: lacks {_REQUIRED}.parquet")

    def __contains__(self, table: str) -> bool:
        return table in self._rows

    def __getitem__(self, table: str) -> list[Row]:
        """Give the rows of a table; one that is not there has none."""
        return self._rows.get(table, [])

    def grouped(self, table: str, column: str) -> dict[str, list[Row]]:
        """Group the rows of a table by a column, in their order."""
        groups: dict[str, list[Row]] = {}
        for row in self[table]:
            groups.setdefault(row[column], []).append(row)
        return groups


def _check_manifest(content: bytes | None, path: str | os.PathLike[str]) -> None:
    if content is None:
        raise InventoryFileError(f"{path}: lacks {_MANIFEST}, so it is no saved inventory")
    try:
        manifest = msgspec.json.decode(content, type=_Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InventoryFileError(f"{path}: its {_MANIFEST} cannot be read: {error}") from None
    if (manifest.format, manifest.version) != (_FORMAT, _VERSION):
        found = f"{manifest.format} of version {manifest.version}"
        raise InventoryFileError(f"{path}: holds {found}, not {_FORMAT} of version {_VERSION}")


def _read_table(content: bytes, table: str, path: str | os.PathLike[str]) -> list[Row]:
    # Here, because it is large and only this needs it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = COLUMNS[table].split()
    try:
        read = pq.ParquetFile(BytesIO(content)).read()  # pq.read_table would import pandas
    except (pa.ArrowException, OSError) as error:
        raise InventoryFileError(f"{path}: its {table}.parquet cannot be read: {error}") from None
    missing = [column for column in wanted if column not in read.column_names]
    if missing:
        raise InventoryFileError(f"{path}: its {table}.parquet lacks the column {missing[0]}")
    naive = pa.schema(
        pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in read.select(wanted).schema
    )
    # Times in UTC without saying so: those with a zone would be read by way of pandas.
    rows: list[Row] = read.select(wanted).cast(naive, safe=False).to_pylist()
    return rows
