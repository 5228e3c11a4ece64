"""How large disks are, by role, and which are the largest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from toastnb.capacity.selection import (
    LOCAL_DISK_FAMILY,
    MISSING,
    Status,
    as_keys,
    family_of,
    positions,
    require_columns,
    with_family,
    with_status,
)
from toastnb.capacity.sizes import size_statistics
from toastnb.errors import InvalidInput

ROLES = ("root", "local", "attached")
_NEEDED = ["instance_id", "role", "size_gb"]
_OWNER = ["instance_id", "status", "flavor_name", "vcpus"]
_BY_INSTANCE = {"instances": "Int64", "disks_per_instance": "Float64", "gb_per_vcpu": "Float64"}


def disk_sizing(
    disks: pd.DataFrame, instances: pd.DataFrame | None = None, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Show how many disks there are and how large they are, root, local and attached apart.

    Parameters
    ----------
    disks : DataFrame
        The table `disks` of an inventory: a row a disk.
    instances : DataFrame, optional
        As `Toast.instances_detail` answers; needed for `by`. With it, disks of instances that are being deleted are
        left out, as in `totals`, and the root disks of u2 flavors, which are local to their host, are apart.
    by : str or list of str, optional
        Columns of `instances` to group by as well, as zone, flavor_name or family.

    Returns
    -------
    DataFrame
        A row a role (and group): disks (Int64), total_gb (Int64), p50_gb, p90_gb, p99_gb (Float64, linear
        interpolation), max_gb (Int64), then the number of disks by size: to_20_gb, to_50_gb (above 20, up to 50),
        ..., above_1000_gb (Int64), unknown (Int64: disks whose size is not known). With `instances`: instances
        (Int64: for root and local those that have such a disk, for attached all), disks_per_instance, gb_per_vcpu
        (Float64: total_gb / vCPUs of these instances); missing without.

    Raises
    ------
    InvalidInput
        When a frame lacks a column, or `by` is given without `instances`.

    Examples
    --------
    >>> import toastnb as tn
    >>> account = toast.inventory()
    >>> sizes = tn.capacity.disk_sizing(account.disks, account.instances_detail)
    >>> sizes.disks.to_dict()
    {'attached': 118, 'local': 18, 'root': 232}
    """
    require_columns(disks, _NEEDED, "disks")
    keys = [] if by is None else as_keys(by)
    if instances is None and keys:
        raise InvalidInput("by needs instances", hint="Give instances=inventory.instances_detail too.")
    if instances is None:
        table = size_statistics(disks[["role"]], disks["size_gb"])
        table[list(_BY_INSTANCE)] = pd.NA
    else:
        owners = _owners(instances, keys)
        groups, sizes = _with_owners(disks, owners, keys)
        table = _per_instance(size_statistics(groups, sizes), owners, keys)
    table = table.astype(_BY_INSTANCE)
    table["unknown"] = table.pop("unknown")
    table.attrs = dict(disks.attrs)
    return table


def _owners(instances: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return, for each instance, the columns to group by, whether its root disk is local, and whether it counts."""
    require_columns(instances, _OWNER, "instances")
    wider = with_family(instances, keys)
    require_columns(wider, keys, "instances")
    if not wider["instance_id"].is_unique:
        raise InvalidInput("instances has an instance twice", hint="Give the frame of one moment.")
    owners = wider[list(dict.fromkeys([*keys, "instance_id", "vcpus"]))].copy()
    owners["local"] = (family_of(wider["flavor_name"]) == LOCAL_DISK_FAMILY).to_numpy()
    owners["counts"] = wider.index.isin(with_status(wider, "allocated").index)
    return owners


def _with_owners(disks: pd.DataFrame, owners: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, pd.Series]:
    """Return keys and role of each disk that counts, and its size; those of unknown instances count too."""
    at = positions(disks["instance_id"], owners["instance_id"])
    left = (at < 0) | owners["counts"].to_numpy()[at]
    at, sizes = at[left], disks["size_gb"][left]
    role = disks["role"][left].astype("category").cat.add_categories("local")
    local = (role == "root").to_numpy() & (at >= 0) & owners["local"].to_numpy()[at]
    groups = {key: _taken(owners[key], at) for key in keys}
    return pd.DataFrame({**groups, "role": role.mask(local, "local")}, index=sizes.index), sizes


def _taken(column: pd.Series, at: np.ndarray[Any, Any]) -> pd.Categorical:
    """Return an instance's key for each of its disks."""
    known = column.astype("str").fillna(MISSING).astype("category").cat
    names = list(known.categories) + [MISSING] * (MISSING not in known.categories)
    codes = np.append(known.codes, names.index(MISSING))  # the last, at -1, is for disks without an instance
    return pd.Categorical.from_codes(codes[at], categories=pd.Index(names, dtype="str"))


def _per_instance(table: pd.DataFrame, owners: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    counted = owners[owners["counts"]]
    texts = {key: counted[key].astype("str").fillna(MISSING) for key in keys}
    own = counted.assign(**texts, role=np.where(counted["local"], "local", "root"))
    grouped = pd.concat([own, own.assign(role="attached")]).groupby([*keys, "role"], observed=True)
    instances = grouped.size().reindex(table.index)
    table["instances"] = instances
    table["disks_per_instance"] = table["disks"] / instances
    vcpus = grouped["vcpus"].sum(min_count=1).reindex(table.index)
    table["gb_per_vcpu"] = table["total_gb"] / vcpus.where(vcpus > 0)
    return table


def largest_disks(disks: pd.DataFrame, instances: pd.DataFrame | None = None, top: int = 20) -> pd.DataFrame:
    """List the largest disks, with the instance that each belongs to.

    Parameters
    ----------
    disks : DataFrame
        The table `disks` of an inventory.
    instances : DataFrame, optional
        As `Toast.instances_detail` answers: tells name, zone and state of the instance. Those being deleted count.
    top : int
        How many; disks whose size is not known are never among them.

    Returns
    -------
    DataFrame
        A row a disk, the largest first: instance_id, instance, zone, status, volume_id, name, role (str), size_gb
        (Int64), type (str). instance, zone and status are missing without `instances`.

    Raises
    ------
    InvalidInput
        When a frame lacks a column, or `top` is no positive number.

    Examples
    --------
    >>> import toastnb as tn
    >>> account = toast.inventory()
    >>> tn.capacity.largest_disks(account.disks, account.instances_detail, top=2).size_gb.tolist()
    [730, 500]
    """
    require_columns(disks, [*_NEEDED, "volume_id", "name", "type"], "disks")
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise InvalidInput(f"top is {top!r}, but must be 1 or more")
    largest = disks.loc[disks["size_gb"].astype("float64").nlargest(top).index].dropna(subset="size_gb")
    owner = pd.DataFrame(index=largest.index, columns=["name", "zone", "status"], dtype="str")
    if instances is not None:
        require_columns(instances, ["instance_id", *owner.columns], "instances")
        known = instances.drop_duplicates("instance_id").set_index("instance_id")
        owner = known[list(owner.columns)].reindex(largest["instance_id"]).set_axis(largest.index)
    table = largest[["instance_id", "volume_id", "name", "role", "size_gb", "type"]].reset_index(drop=True)
    for place, (column, name) in enumerate({"name": "instance", "zone": "zone", "status": "status"}.items(), start=1):
        table.insert(place, name, owner[column].to_numpy())
    table = table.astype(dict.fromkeys(["instance", "zone", "status"], "str"))
    table.attrs = dict(disks.attrs)
    return table


def volumes_per_instance(df: pd.DataFrame, status: Status = "allocated") -> pd.DataFrame:
    """Show how many instances have no attached volume, one, two, and so on.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers.
    status : str or list of str
        As in `totals`.

    Returns
    -------
    DataFrame
        Indexed by volumes (Int64; missing where the number is not known): instances (Int64), instances_share
        (Float64), attached_gb (Int64), unknown (Int64: instances whose attached GB are not known).

    Raises
    ------
    InvalidInput
        When `df` lacks a column, or `status` is not known.

    Examples
    --------
    >>> import toastnb as tn
    >>> tn.capacity.volumes_per_instance(toast.instances_detail()).instances.tolist()
    [159, 73, 13, 1, 4]
    """
    require_columns(df, ["status", "attached_count", "attached_gb"], "df")
    counted = with_status(df, status)
    grouped = counted.groupby(counted["attached_count"].rename("volumes"), dropna=False)["attached_gb"]
    table = pd.DataFrame({"instances": grouped.size().astype("Int64")})
    table["instances_share"] = table["instances"].astype("Float64") / max(len(counted), 1)
    table["attached_gb"] = grouped.sum(min_count=1).astype("Int64")
    table["unknown"] = (table["instances"] - grouped.count()).astype("Int64")
    table.index = table.index.astype("Int64")
    table.attrs = dict(df.attrs)
    return table
