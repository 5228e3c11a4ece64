"""Totals of what is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

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
_SOURCES = ["vcpus", "ram_mb", "root_gb", "attached_gb", "disk_gb"]
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
        As `Toast.instances_detail` answers; after `Inventory.with_metadata` also by metadata.
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
    counted = with_status(_checked(df, keys), status)
    amounts = _amounts(counted)
    groups = [counted[key] for key in keys]
    grouped = amounts.groupby(groups, dropna=False, observed=True)
    table = grouped[AMOUNTS].sum(min_count=1)
    table.insert(0, "instances", grouped.size())
    table["unknown"] = grouped["unknown"].sum()
    table = table.astype(_DTYPES)
    if total:
        labels = with_total(table.index.to_frame(index=False))
        table = pd.concat([table, pd.DataFrame([_whole(amounts)]).astype(_DTYPES)])
        table.index = pd.MultiIndex.from_frame(labels) if len(keys) > 1 else pd.Index(labels[keys[0]])
    table.attrs = dict(df.attrs)
    return table


def resources(df: pd.DataFrame, by: str, status: Status) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sums of all resources by group, and how many rows lack each; a group of which nothing is known is NA.

    Two frames with a row a group, missing keys left out, and the last row `TOTAL` over all rows, those without a key
    too; the columns are `RESOURCES` (Float64 and Int64).
    """
    counted = with_status(_checked(df, [by]), status)
    amounts = _amounts(counted).drop(columns="unknown")
    grouped = amounts.groupby(counted[by].astype("str"), observed=True)
    sums, known = grouped.sum(min_count=1), grouped.count()
    for table in (sums, known):
        table.insert(0, "instances", grouped.size())
        table.index = pd.Index(own_names(table.index.to_series()), name=by)
    sums.loc[TOTAL] = [len(amounts), *amounts.sum(min_count=1 if len(amounts) else 0)]
    known.loc[TOTAL] = [len(amounts), *amounts.count()]
    lacking = known.rsub(known["instances"], axis="index")
    return sums.astype("Float64"), lacking.astype("Int64")


def homeless_of(sums: pd.DataFrame) -> int:
    """Return how many instances have no key, from the sums of `resources`."""
    instances = sums["instances"].astype("int64")
    return int(instances[TOTAL] - instances.drop(TOTAL).sum())


def _checked(df: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    require_columns(df, ["status", *_SOURCES], "df")
    wider = with_family(df, keys)
    require_columns(wider, keys, "df")
    return wider


def _amounts(df: pd.DataFrame) -> pd.DataFrame:
    amounts = df[_SOURCES].astype("Int64")
    lacks_one = amounts.isna().any(axis=1)
    amounts.insert(1, "ram_gb", amounts.pop("ram_mb").astype("Float64") / 1024)
    amounts["unknown"] = lacks_one.astype("Int64")
    return amounts


def with_total(keys: pd.DataFrame) -> pd.DataFrame:
    """Return the keys of groups as text, those that are missing named so, and a last row `TOTAL`."""
    last = pd.DataFrame([[TOTAL] + [""] * (keys.shape[1] - 1)], columns=keys.columns)
    texts = keys.apply(own_names).fillna(MISSING) if len(keys) else keys.astype("str")
    return pd.concat([texts, last.astype("str")], ignore_index=True)


def _whole(amounts: pd.DataFrame) -> dict[str, Any]:
    """Return the total of all rows; of no rows it is 0, of rows of which nothing is known NA."""
    least = 1 if len(amounts) else 0
    return {
        "instances": len(amounts),
        **{name: amounts[name].sum(min_count=least) for name in AMOUNTS},
        "unknown": amounts["unknown"].sum(),
    }
