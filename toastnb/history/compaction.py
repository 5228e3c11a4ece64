"""Merging the small files of a store, and keeping fewer snapshots of what is long ago."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from toastnb.columns import TABLES
from toastnb.errors import InvalidInput, NotFound
from toastnb.history import layout
from toastnb.history.disputes import told
from toastnb.history.places import UNFINISHED, Place, Store, address_of
from toastnb.history.reading import check_whole, entries_of, newest_parts, rows_a_snapshot, rows_of

ROWS_A_PART = 5_000_000
_GRACE_SECONDS = 86_400.0
_MOST_DAYS = 1_000_000
_PERIODS = {"all": "us", "daily": "D", "weekly": "W", "monthly": "M"}


def compact(store: Store, keep: Mapping[str, int | None] | None = None, grace: float = _GRACE_SECONDS) -> pd.DataFrame:
    """Merge the small files of a store into large ones, and thin out what is long ago.

    It may run while others record and read, and be ended at any moment: a snapshot is in the store before and after,
    or was to go. Each project keeps its newest snapshot in any case. One of which two inventories were recorded at once
    is left as it is, and told.

    Parameters
    ----------
    store : str or path-like
        The folder or URL that `record` was given.
    keep : mapping of str to int, optional
        Until which age in days "all" snapshots are kept, the last of each day ("daily"), of each week ("weekly": from
        Monday) and of each month ("monthly"), all in UTC; None is for ever. What is older than all of them goes. An age
        is counted from the project's newest snapshot, or from now if that is one to come. By default nothing goes.
    grace : float
        Seconds for which files that nothing refers to any more are left to those who are reading or writing them: no
        recording and no reading may take longer.

    Returns
    -------
    DataFrame
        A row a month, the month as index (str): snapshots_before, snapshots, files_before, files (Int64; files of the
        table of snapshots), without those that are left as they are.

    Raises
    ------
    NotFound
        When there is no store, or nothing was recorded yet.
    InvalidInput
        When `keep` or `grace` is none, or the store is damaged: it is left as it is then.

    Examples
    --------
    >>> import toastnb as tn
    >>> inventory = toast.inventory()
    >>> for day in ("2025-10-01", "2025-10-02", "2025-10-03", "2025-10-31"):
    ...     snapshot = tn.history.record(inventory, "history", at=day, project="shop")
    >>> tn.history.compact("history", keep={"all": 7, "weekly": 365}).to_dict("index")
    {'2025-10': {'snapshots_before': 4, 'snapshots': 2, 'files_before': 4, 'files': 1}}
    """
    store = address_of(store)
    limits = _checked(keep)
    _check_grace(grace)
    place = Place(store)
    entries = entries_of(place)
    if entries.empty:
        raise NotFound(f"there is no history in {place.name}", action="Merging a history", hint="Look at the address.")
    entries = entries.drop(index=told(place, entries, stacklevel=2).index)  # which are left as they are
    known = newest_parts(entries)
    kept = known[_is_kept(known, limits, pd.Timestamp.now("UTC"))]
    _retire(place, set(entries["part"]) - set(known["part"]))
    rows = {}
    for month, before in known.groupby(known["at"].map(layout.month_of)):
        after = kept[kept["snapshot_id"].isin(before["snapshot_id"])]
        parts = _merged(place, month, before, after)
        rows[month] = [len(before), len(after), before["part"].nunique(), parts]
    _sweep(place, grace)
    columns = ["snapshots_before", "snapshots", "files_before", "files"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype("Int64")
    return table.rename_axis("month")


def _checked(keep: Mapping[str, int | None] | None) -> dict[str, float]:
    """Return until which age in days each kind is kept."""
    if keep is not None and not isinstance(keep, Mapping):
        hint = 'Give a mapping, as {"all": 35, "weekly": 365, "monthly": None}.'
        raise InvalidInput(f"keep is {keep!r}", hint=hint)
    given = {"all": None} if keep is None else dict(keep)
    unknown = [kind for kind in given if kind not in _PERIODS]
    if unknown or not given:
        raise InvalidInput(f"keep has {unknown or 'nothing'}", hint=f"It may have {', '.join(_PERIODS)}.")
    for kind, days in given.items():
        if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= _MOST_DAYS):
            raise InvalidInput(f"keep[{kind!r}] is {days!r}", hint="Give a number of days, or None for ever.")
    return {kind: float("inf") if days is None else float(days) for kind, days in given.items()}


def _check_grace(grace: float) -> None:
    if isinstance(grace, bool) or not isinstance(grace, int | float) or not grace >= 0:
        raise InvalidInput(f"grace is {grace!r}", hint="Give a number of seconds, 0 or more.")


def _is_kept(known: pd.DataFrame, keep: Mapping[str, float], now: pd.Timestamp) -> pd.Series:
    newest = known.groupby("project")["at"].transform("max")
    age = (newest.where(newest < now, now) - known["at"]).dt.total_seconds() / 86_400
    kept = known["at"] == newest
    local = known["at"].dt.tz_localize(None)
    for kind, days in keep.items():
        period = local if kind == "all" else local.dt.to_period(_PERIODS[kind])
        is_last = ~pd.DataFrame({"project": known["project"], "period": period}).duplicated(keep="last")
        kept |= is_last & (age <= days)
    return kept


def _merged(place: Place, month: str, before: pd.DataFrame, after: pd.DataFrame) -> int:
    """Bring a month's snapshots into few parts; return how many they are in then."""
    ordered = after.sort_values(["project", "at"], ignore_index=True)
    chunks = list(_chunks(ordered, ROWS_A_PART))
    old = sorted(before["part"].unique())
    merged = all(layout.generation(part) for part in old)
    if len(before) == len(after) and merged and len(old) <= len(chunks):
        return len(old)
    next_generation = max(layout.generation(part) for part in old) + 1
    for chunk in chunks:
        part = layout.merged_part(month, next_generation, secrets.token_hex(6))
        for table in TABLES:
            if layout.rows_in(chunk, table).any():
                place.write(layout.file_of(table, month, part), partial(_write_rows, place, table, chunk, part))
        entries = pa.Table.from_pandas(chunk.assign(part=part), layout.SNAPSHOT_SCHEMA, preserve_index=False)
        place.write(layout.file_of(layout.SNAPSHOTS, month, part), partial(layout.write_parquet, entries))
    _retire(place, set(old))
    return len(chunks)


def _chunks(ordered: pd.DataFrame, largest: int) -> Iterator[pd.DataFrame]:
    """Split snapshots where their rows, of the longest table, go past a number."""
    longest = [max(layout.counted(text).values(), default=0) for text in ordered["rows"]]
    rows = pd.Series(longest, ordered.index, "int64").cumsum()
    starts = [0, *ordered.index[(rows // largest).diff() > 0], len(ordered)]
    yield from (ordered.iloc[first:last] for first, last in pairwise(starts) if last > first)


def _write_rows(place: Place, table: str, chunk: pd.DataFrame, part: str, file: BinaryIO) -> None:
    schema = layout.schema_of(table)
    position = schema.get_field_index("part")
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for some in _chunks(chunk.reset_index(drop=True), layout.ROWS_A_GROUP):
            rows = rows_of(place, table, some)
            check_whole(place, table, some, rows_a_snapshot(rows["snapshot_id"]))  # before their source is given up
            rows = rows.take(pc.sort_indices(rows, [("project", "ascending"), ("at", "ascending")]))
            rows = rows.set_column(position, schema.field("part"), pa.array([part] * len(rows), pa.string()))
            writer.write_table(rows.cast(schema), row_group_size=layout.ROWS_A_GROUP)


def _retire(place: Place, parts: set[str]) -> None:
    """Take parts out of the table of snapshots; their rows are not there from then on."""
    for part in sorted(parts):  # noted first: who reads them has the time of grace from now on
        place.write(f"{layout.RETIRED}/{part}", lambda file: None)
    place.remove(layout.file_of(layout.SNAPSHOTS, "", part) for part in sorted(parts))


def _sweep(place: Place, grace: float) -> None:
    """Remove rows that no part of the table of snapshots has: of retired parts, and of a recorder that was ended."""
    current = {layout.part_of(name) for name in place.names(layout.SNAPSHOTS)}
    now = datetime.now(UTC)

    def due(names: Iterable[str]) -> list[str]:
        return [name for name in names if place.age(name, now) >= grace]

    noted = [name for name in place.names(layout.RETIRED, "") if layout.part_of(name) not in current]
    past = due(noted)
    spared = current | {layout.part_of(name) for name in set(noted) - set(past)}
    leftover = [name for table in TABLES for name in place.names(table) if layout.part_of(name) not in spared]
    leftover = due(leftover)
    if leftover:  # one of a recording that was ended may be written anew by now, by the same one again
        current = {layout.part_of(name) for name in place.names(layout.SNAPSHOTS)}
        place.remove(name for name in due(leftover) if layout.part_of(name) not in current)
    for folder in (*TABLES, layout.SNAPSHOTS, layout.RETIRED):
        place.remove(due(place.names(folder, UNFINISHED)))
    place.remove(past)
