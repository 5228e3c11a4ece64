"""A store's rows in Dask frames: each worker opens the store and reads its share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from toastnb.capacity.distributed import text_as_it_is
from toastnb.capacity.selection import positions
from toastnb.extras import needs
from toastnb.history import layout
from toastnb.history.places import Place
from toastnb.history.reading import as_frame_of, check_whole, rows_a_snapshot, rows_of

with needs("dask"):
    from dask import dataframe as dd

_ROWS_A_PARTITION = 500_000
_FILES_A_PARTITION = 16  # before they are merged, a snapshot is a file of its own
_SENT = ["snapshot_id", "project", "at", "part", "mixed", "rows"]


def frame(place: Place, table: str, chosen: pd.DataFrame, columns: Sequence[str]) -> dd.DataFrame:
    """Return a table's rows of the chosen snapshots, in their order, as a Dask frame that reads what is asked of it.

    A partition is some snapshots. Columns may be those that tell of the snapshot too.
    """
    read = partial(_read, address=place.address, table=table)
    meta = as_frame_of(layout.schema_of(table).empty_table().select(list(columns)))
    with text_as_it_is():
        return dd.from_map(read, shares(chosen, table), meta=meta, label=table, enforce_metadata=False)


def _read(chosen: pd.DataFrame, columns: Sequence[str], address: str, table: str) -> pd.DataFrame:
    """Return the rows of one partition, in the order of their snapshots."""
    place = Place(address)
    found = rows_of(place, table, chosen, list(dict.fromkeys(["snapshot_id", *columns])))
    check_whole(place, table, chosen, rows_a_snapshot(found["snapshot_id"]))
    rows = as_frame_of(found)
    order = np.argsort(positions(rows["snapshot_id"], chosen["snapshot_id"]), kind="stable")
    return rows[list(columns)].take(order).reset_index(drop=True)


def shares(chosen: pd.DataFrame, table: str = "instances_detail") -> list[pd.DataFrame]:
    """Return the snapshots of each partition: of few files, and of not too many rows."""
    return [share[_SENT] for share in batches(chosen, table, "part", _FILES_A_PARTITION)]


def batches(chosen: pd.DataFrame, table: str, of: str, most: int) -> list[pd.DataFrame]:
    """Split snapshots, in their order, by the rows they have of a table and by how many files or projects they are of.

    At least one, if without snapshots.
    """
    rows = layout.rows_in(chosen, table)
    others = chosen[of].ne(chosen[of].shift()).cumsum() - 1
    parts = chosen.groupby([rows.cumsum() // _ROWS_A_PARTITION, others // most], sort=False)
    return [part for _, part in parts] or [chosen]
