"""An account at one moment: every table, what could not be had and why, and saving it all in one file."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from toastnb.arrays import from_arrow
from toastnb.columns import TABLES
from toastnb.errors import InvalidInput, NotFound
from toastnb.files import replace_file

PROJECT = "project"
"""The first column of each table that is of several projects."""

_FORMAT = "toastnb-inventory"
_VERSION = 1
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,  # encrypted, packed in an unknown way, nested too deeply; and a home that is not known
    pa.ArrowException,
)


class AbsentTable(NotFound, AttributeError):  # noqa: N818
    """The inventory lacks a table; an AttributeError too, so that `hasattr` tells."""

    default_hint = "inventory.absent says why for each."


class Inventory:
    """All tables of an account as of one moment, an attribute each.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables, by their names in the column dictionary.
    absent : mapping of str to str
        The tables that could not be had, and why.
    fetched_at : str
        When they were read, ISO 8601 in UTC.
    source : str
        Which account they are of: the profile's name and the service's host.

    Examples
    --------
    >>> import toastnb as tn
    >>> with tn.connect("sandbox") as toast:
    ...     inventory = toast.inventory()
    >>> len(inventory.instances_detail), inventory.absent
    (250, {})
    """

    flavors: pd.DataFrame
    availability_zones: pd.DataFrame
    instances: pd.DataFrame
    instances_detail: pd.DataFrame
    keypairs: pd.DataFrame
    addresses: pd.DataFrame
    disks: pd.DataFrame
    instance_security_groups: pd.DataFrame
    metadata: pd.DataFrame
    images: pd.DataFrame
    networks: pd.DataFrame
    subnets: pd.DataFrame
    security_groups: pd.DataFrame
    security_group_rules: pd.DataFrame
    floating_ips: pd.DataFrame
    volumes: pd.DataFrame
    volume_attachments: pd.DataFrame

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], absent: Mapping[str, str], fetched_at: str, source: str = ""
    ) -> None:
        self.absent = dict(absent)
        self.fetched_at = fetched_at
        self.source = source
        self._project = ""  # the name that a history has it under
        for name, table in tables.items():
            table.attrs["fetched_at"] = fetched_at
            setattr(self, name, table)

    def __getattr__(self, name: str) -> NoReturn:
        why = self.__dict__.get("absent", {}).get(name)
        if why is not None:
            raise AbsentTable(f"the inventory has no {name}: {why}")
        raise AttributeError(f"Inventory has no attribute {name!r}; its tables are {', '.join(self.tables)}")

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables that are there, by name, in the order of the column dictionary."""
        return {name: self.__dict__[name] for name in TABLES if name in self.__dict__}

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(table):,}" for name, table in self.tables.items())
        absent = f"; absent: {', '.join(self.absent)}" if self.absent else ""
        return f"<Inventory of {self.fetched_at}: {rows}{absent}>"

    def _repr_html_(self) -> str:
        lines = [f"<tr><td>{name}</td><td>{len(table):,}</td></tr>" for name, table in self.tables.items()]
        lines += [
            f"<tr><td>{escape(name)}</td><td>absent: {escape(why)}</td></tr>" for name, why in self.absent.items()
        ]
        caption = f"<caption style='white-space: nowrap'>Inventory of {self.fetched_at}</caption>"
        head = "<thead><tr><th>table</th><th>rows</th></tr></thead>"
        return f"<table>{caption}{head}<tbody>{''.join(lines)}</tbody></table>"

    def with_metadata(self, *keys: str) -> Inventory:
        """Return the inventory with metadata in columns of `instances_detail`.

        Parameters
        ----------
        *keys : str
            Metadata keys; each becomes a column ``metadata.KEY`` (str), missing where an instance lacks the key.

        Returns
        -------
        Inventory
            The same tables, with a wider `instances_detail`.

        Raises
        ------
        InvalidInput
            When no instance has a key: most likely a slip of the pen.

        Examples
        --------
        >>> import toastnb as tn
        >>> inventory = toast.inventory().with_metadata("team")
        >>> "metadata.team" in inventory.instances_detail
        True
        """
        detail = self.instances_detail.copy()
        for key in keys:
            rows = self.metadata[self.metadata["key"] == key]
            if rows.empty and len(detail):
                known = ", ".join(self.metadata["key"].value_counts().index[:20]) or "none at all"
                raise InvalidInput(f"no instance has metadata with the key {key!r}", hint=f"There are: {known}.")
            owner = [PROJECT, "instance_id"] if PROJECT in rows else ["instance_id"]
            values = rows.drop_duplicates(owner).set_index(owner)["value"]
            detail[f"metadata.{key}"] = values.reindex(detail.set_index(owner).index).astype("str").array
        return Inventory(self.tables | {"instances_detail": detail}, self.absent, self.fetched_at, self.source)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save all tables into one file: a zip of a manifest and a Parquet file a table.

        It holds no credentials, but all that the account's metadata holds, so only its owner can read it (0600).

        Parameters
        ----------
        path : path-like
            Where it goes; an older file there is replaced, and stays as it is if this fails.

        Returns
        -------
        Path
            Where it went.

        Examples
        --------
        >>> import toastnb as tn
        >>> path = toast.inventory().save("account.zip")
        >>> tn.load_inventory(path).fetched_at == tn.load_inventory("account.zip").fetched_at
        True
        """
        return replace_file(path, self._write)

    def _write(self, file: BinaryIO) -> None:
        manifest = {
            "format": _FORMAT,
            "version": _VERSION,
            "fetched_at": self.fetched_at,
            "source": self.source,
            "absent": self.absent,
            "rows": {name: len(table) for name, table in self.tables.items()},
        }
        with zipfile.ZipFile(file, "w") as archive:  # stored: Parquet is compressed already
            archive.writestr("manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False))
            for name, table in self.tables.items():
                with archive.open(f"{name}.parquet", "w", force_zip64=True) as member:
                    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), member, compression="zstd")


def one_project(inventory: Inventory) -> Inventory:
    """Return an inventory that is of one project.

    Raises
    ------
    InvalidInput
        When it is of several: names and ids that are only unique in each of them would be mixed.
    """
    tables = inventory.tables.values()
    if tables and all(PROJECT in table for table in tables):
        raise InvalidInput(
            "the inventory is of several projects",
            hint="Take them one by one, as projects.inventories() answers them, or projects.audit() and record().",
        )
    return inventory


def load_inventory(path: str | os.PathLike[str]) -> Inventory:
    """Load an inventory that `Inventory.save` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Inventory
        With the same tables, columns and dtypes.

    Raises
    ------
    InvalidInput
        When there is no such file, or it is not an inventory of a version that is known.

    Examples
    --------
    >>> import toastnb as tn
    >>> tn.load_inventory("no-such-file.zip")
    Traceback (most recent call last):
    ...
    toastnb.errors.InvalidInput: Loading an inventory: no-such-file.zip cannot be read (No such file or directory).
    """
    try:
        with zipfile.ZipFile(Path(path).expanduser()) as archive:
            manifest = _manifest(archive)
            present = [name for name in TABLES if f"{name}.parquet" in archive.namelist()]
            tables = {name: _table(name, archive.read(f"{name}.parquet")) for name in present}
        _check_complete(manifest, tables)
        return Inventory(tables, manifest["absent"], manifest["fetched_at"], str(manifest.get("source", "")))
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror or 'damaged'})"
    except _DAMAGE as error:
        problem = f"{path} is no inventory that this version can load ({error})"
    raise InvalidInput(problem, action="Loading an inventory")


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
    if manifest["format"] != _FORMAT or manifest["version"] != _VERSION:
        raise ValueError(f"format {manifest['format']} {manifest['version']}")
    datetime.fromisoformat(manifest["fetched_at"])
    return manifest


def _check_complete(manifest: dict[str, Any], tables: dict[str, pd.DataFrame]) -> None:
    """Check that what was saved is there: every table whole, or absent for a reason."""
    absent = manifest["absent"]
    if not isinstance(absent, dict) or not set(absent) <= set(TABLES) - {"instances_detail"}:
        raise ValueError("its list of absent tables is damaged")
    for name in TABLES:
        if name not in tables and name not in absent:
            raise ValueError(f"it has no {name}")
        if name in tables and len(tables[name]) != manifest["rows"].get(name, len(tables[name])):
            raise ValueError(f"{name} is not whole")


def _table(name: str, content: bytes) -> pd.DataFrame:
    # Without threads: one that Arrow still has when Python ends aborts the process now and then (apache/arrow#34314).
    return from_arrow(name, pq.read_table(BytesIO(content), use_threads=False, pre_buffer=False))
