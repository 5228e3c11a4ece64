"""How large disks are."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from toastnb.capacity.selection import MISSING, as_keys, require_columns, with_status
from toastnb.errors import InvalidInput

SIZE_CLASSES = (20, 50, 100, 200, 500, 1000)
_QUANTILES = {"p50_gb": 0.5, "p90_gb": 0.9, "p99_gb": 0.99}


def class_columns() -> list[str]:
    """Return the names of the columns that count disks by size: to_20_gb, ..., above_1000_gb."""
    return [*(f"to_{size}_gb" for size in SIZE_CLASSES), f"above_{SIZE_CLASSES[-1]}_gb"]


def disk_sizing(
    disks: pd.DataFrame, instances: pd.DataFrame | None = None, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Show how many disks there are and how large they are, root and attached apart.

    Parameters
    ----------
    disks : DataFrame
        The table `disks` of an inventory: a row a disk.
    instances : DataFrame, optional
        As `Toast.instances_detail` answers; needed for `by`. With it, disks of instances that are being deleted are
        left out, as in `totals`.
    by : str or list of str, optional
        Columns of `instances` to group by as well, as zone or flavor_name.

    Returns
    -------
    DataFrame
        A row a role (and group): disks (Int64), total_gb (Int64), p50_gb, p90_gb, p99_gb (Float64, linear
        interpolation), max_gb (Int64), then the number of disks by size: to_20_gb, to_50_gb (above 20, up to 50),
        ..., above_1000_gb (Int64), unknown (Int64: disks whose size is not known).

    Raises
    ------
    InvalidInput
        When a frame lacks a column, or `by` is given without `instances`.

    Examples
    --------
    >>> import toastnb as tn
    >>> inventory = toast.inventory()
    >>> tn.capacity.disk_sizing(inventory.disks).index.tolist()
    ['attached', 'root']
    """
    require_columns(disks, ["instance_id", "role", "size_gb"], "disks")
    keys = [] if by is None else as_keys(by)
    frame = disks[["instance_id", "role", "size_gb"]].copy()
    if instances is not None:
        frame = _with_keys(frame, instances, keys)
    elif keys:
        raise InvalidInput("by needs instances", hint="Give instances=inventory.instances_detail too.")
    columns = [*keys, "role"]
    for column in columns:
        frame[column] = frame[column].astype("str").fillna(MISSING)
    table = _sizes(frame, columns)
    table.attrs = dict(disks.attrs)
    return table


def _with_keys(frame: pd.DataFrame, instances: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the disks of what is allocated, with the columns to group by."""
    require_columns(instances, ["instance_id", "status", *keys], "instances")
    if instances["instance_id"].duplicated().any():
        raise InvalidInput("instances has an instance twice", hint="Give the frame of one moment.")
    allocated = with_status(instances, "allocated")["instance_id"]
    gone = instances["instance_id"][~instances["instance_id"].isin(allocated)]
    left = frame[~frame["instance_id"].isin(gone)]
    owners = instances.set_index("instance_id", drop=False)
    return left.assign(**{key: left["instance_id"].map(owners[key]) for key in keys if key != "instance_id"})


def _sizes(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    grouped = frame.groupby(columns, observed=True)["size_gb"]
    table = pd.DataFrame({"disks": grouped.size(), "total_gb": grouped.sum(min_count=1)})
    known = frame.dropna(subset="size_gb").groupby(columns, observed=True)["size_gb"]
    for name, quantile in _QUANTILES.items():
        table[name] = known.quantile(quantile).astype("Float64")
    table["max_gb"] = grouped.max()
    table = table.join(_counts_by_size(frame, columns))
    table["unknown"] = table["disks"] - grouped.count()
    whole = {name: "Int64" for name in table.columns if name not in _QUANTILES}
    return table.fillna(dict.fromkeys(class_columns(), 0)).astype(whole)


def _counts_by_size(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    edges = [float("-inf"), *SIZE_CLASSES, float("inf")]
    sizes = frame["size_gb"].astype("float64")
    classes = pd.cut(sizes, edges, labels=class_columns())
    counts = frame.assign(size_class=classes).groupby([*columns, "size_class"], observed=False).size()
    return counts.unstack("size_class").reindex(columns=class_columns(), fill_value=0)
