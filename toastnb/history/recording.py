"""Putting an inventory into a store."""

from __future__ import annotations

import json
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from toastnb.audit.tables import checked_inventory
from toastnb.capacity.times import moment
from toastnb.errors import Conflict, InvalidInput
from toastnb.history import layout
from toastnb.history.disputes import disputed
from toastnb.history.places import Place, Store, address_of
from toastnb.history.reading import entries_of, newest_parts
from toastnb.inventory import Inventory
from toastnb.rules import check_text

_REQUIRED = "instances_detail"  # without it nothing is told of an account, and 0 instances would be a figure
_EARLIEST = pd.Timestamp("1970-01-01", tz="UTC")


def record(inventory: Inventory, store: Store, at: str | date | None = None, project: str = "") -> str:
    """Put an inventory into a store as a snapshot; it is there whole, or not at all.

    Recording the same inventory again changes nothing. Several may record into one store at once.

    Parameters
    ----------
    inventory : Inventory
        What `Toast.inventory` or `load_inventory` answers. Columns beyond the dictionary are left out: metadata has its
        own table.
    store : str or path-like
        A folder, made if need be (for its owner only), or any URL that fsspec knows, as ``s3://bucket/prefix``. Keys
        for it come from where its library looks for them, never from the URL.
    at : str, datetime or date, optional
        The moment it stands for, UTC where it has no zone, to the microsecond; by default when it was fetched. It may
        be one to come, as a sandbox's clock has it.
    project : str
        The name under which this account's snapshots are kept together; by default the inventory's source.

    Returns
    -------
    str
        The snapshot's id, which sorts by time.

    Raises
    ------
    InvalidInput
        When it is no Inventory, lacks instances_detail, or a table of it a column, `at` is before 1970, or the store
        cannot be written, is damaged, or its URL has keys in it.
    Conflict
        When the store has another inventory of that project at that moment.
    PermissionDenied, ServiceFailure
        When the object storage refuses, or fails.

    Examples
    --------
    >>> import toastnb as tn
    >>> inventory = toast.inventory()
    >>> snapshot = tn.history.record(inventory, "history", project="shop")
    >>> tn.history.record(inventory, "history", project="shop") == snapshot
    True
    >>> tn.history.open_store("history").snapshots()[["project", "instances"]].values.tolist()
    [['shop', 250]]
    """
    store = address_of(store)
    return put(prepared(inventory, at, project), store)


class Prepared(NamedTuple):
    """A snapshot that is about to be written: its row of the table of snapshots, without the part, and its rows."""

    entry: dict[str, Any]
    tables: dict[str, pa.Table]


def prepared(inventory: Inventory, at: str | date | None = None, project: str = "") -> Prepared:
    """Return an inventory as it is stored.

    Raises
    ------
    InvalidInput
        When it cannot be, whatever the store.
    """
    inventory = checked_inventory(inventory)
    when = moment(inventory.fetched_at if at is None else at)
    if when < _EARLIEST:
        raise InvalidInput(f"at is {when}, before {_EARLIEST:%Y}", hint="Give the moment that it stands for.")
    if _REQUIRED not in inventory.tables:
        raise InvalidInput(f"the inventory has no {_REQUIRED}", hint="Record what Toast.inventory answers.")
    name = check_text(project or inventory.source or "account", "project")
    tables = {table: layout.stored_of(table, frame) for table, frame in inventory.tables.items()}
    entry = {
        "snapshot_id": layout.snapshot_id(name, when),
        "project": name,
        "at": when,
        "version": layout.VERSION,
        "source": inventory.source,
        "digest": layout.digest_of(tables, inventory.absent),
        "absent": json.dumps(inventory.absent, ensure_ascii=False),
        "rows": json.dumps({table: len(stored) for table, stored in tables.items()}),
    }
    return Prepared(entry, tables)


def put(new: Prepared, store: Store) -> str:
    """Put a snapshot into a store, and return its id.

    Raises
    ------
    Conflict
        When the store has another inventory of that project at that moment.
    InvalidInput, PermissionDenied, ServiceFailure
        When the store cannot be written or is damaged.
    """
    place = Place(store)
    snapshot, digest, month = new.entry["snapshot_id"], new.entry["digest"], layout.month_of(new.entry["at"])
    entries = _entries(place, snapshot, month)
    rivals = disputed(entries)
    there = newest_parts(entries) if rivals.empty else rivals
    if len(there) and (there["digest"] == digest).all():
        return str(snapshot)
    _check_none_other(place, there, digest)
    row = new.entry | {"part": layout.first_part(snapshot, digest)}
    for table, stored in new.tables.items():
        if len(stored):
            rows = layout.with_keys(table, stored, {key: row[key] for key in layout.KEYS})
            place.write(layout.file_of(table, month, row["part"]), partial(layout.write_parquet, rows))
    entry = layout.file_of(layout.SNAPSHOTS, month, row["part"])
    place.write(entry, partial(layout.write_parquet, pa.Table.from_pylist([row], schema=layout.SNAPSHOT_SCHEMA)))
    try:
        _check_none_other(place, _entries(place, snapshot, month), digest)
    except Conflict:  # another was recorded between the two looks: whoever sees both steps back
        place.remove([entry])
        raise
    return str(snapshot)


def _entries(place: Place, snapshot: str, month: str) -> pd.DataFrame:
    """Return what the table of snapshots has of one."""
    near = entries_of(place, lambda part: layout.may_hold(part, snapshot, month))
    return near[near["snapshot_id"] == snapshot]


def _check_none_other(place: Place, there: pd.DataFrame, digest: str) -> None:
    other = there[there["digest"] != digest]
    if len(other):
        raise Conflict(
            f"the history {place.name} has another inventory of {other['project'].iloc[0]} at {other['at'].iloc[0]}",
            action="Recording an inventory",
            hint="Give the moment that it stands for as `at`, or another `project`.",
        )
