"""Totals of what is allocated."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from toastnb.capacity.selection import MISSING, Status, as_keys, require_columns, with_status

AMOUNTS = ["vcpus", "ram_gb", "root_gb", "attached_gb", "disk_gb"]
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
TOTAL = "Total"


def totals(
    df: pd.DataFrame, by: str | Sequence[str] = "zone", status: Status = "allocated", total: bool = True
) -> pd.DataFrame:
    """Add up what instances have allocated.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers; after `Inventory.with_metadata` also by metadata.
    by : str or list of str
        The columns to group by. A missing key is a group of its own.
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
    require_columns(df, [*keys, "status", *_SOURCES], "df")
    counted = with_status(df, status)
    amounts = _amounts(counted)
    groups = [counted[key] for key in keys]
    grouped = amounts.groupby(groups, dropna=False, observed=True)
    table = grouped[AMOUNTS].sum(min_count=1)
    table.insert(0, "instances", grouped.size())
    table["unknown"] = grouped["unknown"].sum()
    table = table.astype(_DTYPES)
    if total:
        table = pd.concat([_with_text_keys(table), _total_row(amounts, keys)])
    table.attrs = dict(df.attrs)
    return table


def _amounts(df: pd.DataFrame) -> pd.DataFrame:
    amounts = df[_SOURCES].astype("Int64")
    lacks_one = amounts.isna().any(axis=1)
    amounts.insert(1, "ram_gb", amounts.pop("ram_mb").astype("Float64") / 1024)
    amounts["unknown"] = lacks_one.astype("Int64")
    return amounts


def _with_text_keys(table: pd.DataFrame) -> pd.DataFrame:
    keys = table.index.to_frame().astype("str").fillna(MISSING)
    index = pd.MultiIndex.from_frame(keys) if keys.shape[1] > 1 else pd.Index(keys.iloc[:, 0])
    return table.set_axis(index)


def _total_row(amounts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the total of all rows; of no rows it is 0, of rows of which nothing is known NA."""
    least = 1 if len(amounts) else 0
    values = {"instances": len(amounts)} | {name: amounts[name].sum(min_count=least) for name in AMOUNTS}
    values["unknown"] = amounts["unknown"].sum()
    labels = [TOTAL] + [""] * (len(keys) - 1)
    index = pd.MultiIndex.from_tuples([tuple(labels)], names=keys) if len(keys) > 1 else pd.Index([TOTAL], name=keys[0])
    return pd.DataFrame([values], index=index).astype(_DTYPES)
