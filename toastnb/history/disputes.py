"""Snapshots of which a store has two inventories: of two that recorded at once, one was killed before it looked again.

A recorder looks, writes, and looks again; it is told "recorded" only where nothing else was there then. So of several
entries the one that was written first is the only one of which anybody may have been told so. Clocks of storage are
coarse, though: what came later is not thrown away either.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from toastnb.history import layout
from toastnb.history.places import Place
from toastnb.remarks import remark


def disputed(entries: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the table of snapshots that are of such a snapshot; one that was merged is settled."""
    is_merged = entries["part"].map(layout.generation).gt(0).groupby(entries["snapshot_id"]).transform("any")
    versions = entries.groupby("snapshot_id")["digest"].transform("nunique")
    return entries[~is_merged & (versions > 1)]


def told(place: Place, entries: pd.DataFrame, *, stacklevel: int) -> pd.DataFrame:
    """Return the rows that are of such a snapshot, the first written first, and say what to do about them."""
    rivals = disputed(entries)
    now = datetime.now(UTC)
    ages = [place.age(layout.file_of(layout.SNAPSHOTS, "", part), now) for part in rivals["part"]]
    ordered = rivals.assign(age=ages).sort_values(["age", "part"], ascending=[False, True])
    for (project, at), those in ordered.groupby(["project", "at"]):
        first, *others = [layout.file_of(layout.SNAPSHOTS, "", part) for part in those["part"]]
        remark(
            f"the history {place.name} has {len(those)} inventories of {project} at {at}, recorded at once. The one"
            f" written first counts, {first}. Remove what is wrong: {', '.join(others)}",
            stacklevel=stacklevel + 1,
        )
    return ordered


def settled(place: Place, entries: pd.DataFrame, *, stacklevel: int) -> pd.DataFrame:
    """Return the table of snapshots with the inventory of each that was written first, and say of which it matters."""
    rivals = told(place, entries, stacklevel=stacklevel + 1)
    return entries.drop(index=rivals.index[rivals.duplicated("snapshot_id")])
