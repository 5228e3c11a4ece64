"""Totals of what is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from toastnb.capacity.distributed import added, of_partitions
from toastnb.capacity.selection import (
    MISSING,
    TOTAL,
    Status,
    as_keys,
    own_names,
    require_columns,
    with_family,
    with_status,
)

AMOUNTS = ["vcpus", "ram_gb", "root_gb", "attached_gb", "disk_gb"]
RESOURCES = ["instances", *AMOUNTS]
SOURCES = ["vcpus", "ram_mb", "root_gb", "attached_gb", "disk_gb"]
_DTYPES = {
    "instances": "Int64",
    "vcpus": "Int64",
    "ram_gb": "Float64",
    "root_gb": "Int64",
    "attached_gb": "Int64",
    "disk_gb": "Int64",
    "unknown": "Int64",
}


def totals(
    df: pd.DataFrame, by: str | Sequence[str] = "zone", status: Status = "allocated", total: bool = True
) -> pd.DataFrame:
    """Add up what instances have allocated.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers; after `Inventory.with_metadata` also by metadata. A Dask frame is summed
        where its partitions are.
    by : str or list of str
        The columns to group by, and ``"family"``: the flavor's name up to its first ``.``. A missing key is a group
        of its own.
    status : str or list of str
        "allocated" (all but DELETING), "running", a state or several.
    total : bool
        Whether to end with a row ``Total``; keys are text then.

    Returns
    -------
    DataFrame
        A row a group, indexed by `by`: instances, vcpus (Int64), ram_gb (Float64, MB/1024), root_gb, attached_gb,
        disk_gb (Int64), unknown (Int64: rows that lack one of these). A figure of which nothing is known is NA.

    Raises
    ------
    InvalidInput
        When `df` lacks a column, or `status` is not known.

    Examples
    --------
    >>> import toastnb as tn
    >>> table = tn.capacity.totals(toast.instances_detail(), by="zone")
    >>> table.index.tolist(), int(table.instances["Total"])
    (['kr-pub-a', 'kr-pub-b', 'Total'], 250)
    """
    keys = as_keys(by)
    work = partial(group_sums, keys=keys, status=status)
    table = of_partitions(work, added, df, columns=[["status", *SOURCES, *keys]])
    table = with_total_row(table) if total else table
    table.attrs = dict(getattr(df, "attrs", {}))
    return table


def group_sums(df: pd.DataFrame, keys: list[str], status: Status) -> pd.DataFrame:
    """Return the table of `totals` without its last row, indexed by keys as they are."""
    groups = _grouped(df, keys, status)
    table = _sums(groups)
    table["unknown"] = groups["unknown"].sum()
    return table.astype(_DTYPES)


def with_total_row(sums: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of groups with their keys as text, and a last row `TOTAL`."""
    labels = with_total(sums.index.to_frame(index=False))
    table = pd.concat([sums, pd.DataFrame([_whole(sums)]).astype(_DTYPES)])
    table.index = pd.MultiIndex.from_frame(labels) if labels.shape[1] > 1 else pd.Index(labels.iloc[:, 0])
    return table


def by_group(df: pd.DataFrame, keys: list[str], status: Status) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sums of all resources by group, and how many rows lack each; a group of which nothing is known is NA.

    Two frames with a row a group, also for missing keys; the columns are `RESOURCES`.
    """
    groups = _grouped(df, keys, status)
    known = groups[AMOUNTS].count()
    known.insert(0, "instances", groups.size())
    return _sums(groups), known.rsub(known["instances"], axis="index")


def resources(df: pd.DataFrame, by: str, status: Status) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the same as `by_group`, labelled: without missing keys, and with `TOTAL` over all rows as the last.

    The columns are `RESOURCES` (Float64 and Int64).
    """
    sums, lacking = by_group(df, [by], status)
    whole = sums.sum(min_count=1 if len(sums) else 0), lacking.sum()
    labelled = []
    for table, total in zip((sums, lacking), whole, strict=True):
        zones = table[table.index.notna()]
        zones.index = pd.Index(own_names(zones.index.to_series()), name=by)
        zones.loc[TOTAL] = total
        labelled.append(zones)
    return labelled[0].astype("Float64"), labelled[1].astype("Int64")


def homeless_of(sums: pd.DataFrame) -> int:
    """Return how many instances have no key, from the sums of `resources`."""
    instances = sums["instances"].astype("int64")
    return int(instances[TOTAL] - instances.drop(TOTAL).sum())


def _grouped(df: pd.DataFrame, keys: list[str], status: Status) -> Any:
    """Return the amounts of what counts, a row an instance, by group."""
    counted = with_status(_checked(df, keys), status)
    return _amounts(counted).groupby([counted[key] for key in keys], dropna=False, observed=True)


def _sums(groups: Any) -> pd.DataFrame:
    sums: pd.DataFrame = groups[AMOUNTS].sum(min_count=1)
    sums.insert(0, "instances", groups.size())
    return sums


def _checked(df: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    require_columns(df, ["status", *SOURCES], "df")
    wider = with_family(df, keys)
    require_columns(wider, keys, "df")
    return wider


def _amounts(df: pd.DataFrame) -> pd.DataFrame:
    amounts = df[SOURCES].astype("Int64")
    lacks_one = amounts.isna().any(axis=1)
    amounts.insert(1, "ram_gb", amounts.pop("ram_mb").astype("Float64") / 1024)
    amounts["unknown"] = lacks_one.astype("Int64")
    return amounts


def with_total(keys: pd.DataFrame) -> pd.DataFrame:
    """Return the keys of groups as text, those that are missing named so, and a last row `TOTAL`."""
    last = pd.DataFrame([[TOTAL] + [""] * (keys.shape[1] - 1)], columns=keys.columns)
    texts = keys.apply(own_names).fillna(MISSING) if len(keys) else keys.astype("str")
    return pd.concat([texts, last.astype("str")], ignore_index=True)


def _whole(sums: pd.DataFrame) -> dict[Any, Any]:
    """Return the total of all groups; of no rows it is 0, of rows of which nothing is known NA."""
    least = 1 if len(sums) else 0
    return {name: sums[name].sum(min_count=least) for name in sums}
