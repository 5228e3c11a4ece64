"""Putting an inventory into a store."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa

from toastnb.capacity.times import moment
from toastnb.errors import Conflict
from toastnb.history import layout
from toastnb.history.places import Place, Store
from toastnb.history.reading import snapshots_of
from toastnb.inventory import Inventory
from toastnb.rules import check_text


def record(inventory: Inventory, store: Store, at: str | datetime | None = None, project: str = "") -> str:
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
    at : str or datetime, optional
        The moment it stands for, UTC where it has no zone; by default when it was fetched.
    project : str
        The name under which this account's snapshots are kept together; by default the inventory's source.

    Returns
    -------
    str
        The snapshot's id, which sorts by time.

    Raises
    ------
    InvalidInput
        When the store cannot be written, or an argument is none.
    Conflict
        When the store has another inventory of that project at that moment.
    ServiceFailure
        When the object storage fails.

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
    place = Place(store)
    when = moment(inventory.fetched_at if at is None else at)
    name = check_text(project or inventory.source or "account", "project")
    tables = inventory.tables
    snapshot = layout.snapshot_id(name, when)
    digest = layout.digest_of(tables, inventory.absent)
    if _is_there(place, snapshot, layout.month_of(when), digest):
        return snapshot
    part = layout.first_part(snapshot)
    keys: dict[str, Any] = {"snapshot_id": snapshot, "project": name, "at": when, "part": part}
    for table, frame in tables.items():
        if len(frame):
            rows = layout.rows_of(table, frame, keys)
            place.write(layout.file_of(table, layout.month_of(when), part), partial(layout.write_parquet, rows))
    row = {
        **keys,
        "version": layout.VERSION,
        "source": inventory.source,
        "digest": digest,
        "absent": json.dumps(inventory.absent, ensure_ascii=False),
        "rows": json.dumps({table: len(frame) for table, frame in tables.items()}),
    }
    entry = pa.Table.from_pylist([row], schema=layout.SNAPSHOT_SCHEMA)
    place.write(layout.file_of(layout.SNAPSHOTS, "", part), partial(layout.write_parquet, entry))
    return snapshot


def _is_there(place: Place, snapshot: str, month: str, digest: str) -> bool:
    names = place.names(layout.SNAPSHOTS)
    near = [name for name in names if layout.may_hold(layout.part_of(name), snapshot, month)]
    known = snapshots_of(place, near)
    same: pd.DataFrame = known[known["snapshot_id"] == snapshot]
    if same.empty:
        return False
    if (same["digest"] == digest).all():
        return True
    raise Conflict(
        f"the history {place.name} has another inventory of {same['project'].iloc[0]} at {same['at'].iloc[0]}",
        action="Recording an inventory",
        hint="Give the moment that it stands for as `at`, or another `project`.",
    )
