"""How large disks are, by role, and which are the largest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from toastnb.capacity.distributed import added, levels_of, meta_of, of_partitions, with_same_rows
from toastnb.capacity.selection import (
    LOCAL_DISK_FAMILY,
    MISSING,
    Status,
    as_keys,
    family_of,
    own_names,
    positions,
    require_columns,
    with_family,
    with_status,
)
from toastnb.capacity.sizes import counts_together, size_counts, statistics_of
from toastnb.errors import InvalidInput
from toastnb.inventory import PROJECT

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
        The table `disks` of an inventory: a row a disk. Dask frames are counted where their partitions are; with
        `instances` Dask brings the disks of an instance and the instance together first.
    instances : DataFrame, optional
        As `Toast.instances_detail` answers, or some of its rows; needed for `by`. Where both frames have project, an
        instance is told by that and its id. With it, only the disks of these
        instances count, without those that are being deleted, as in `totals`; and the root disks of u2 flavors,
        which are local to their host, are apart.
    by : str or list of str, optional
        Columns of `instances` to group by as well, as zone, flavor_name or family.

    Returns
    -------
    DataFrame
        A row a role (and group): disks (Int64), total_gb (Int64), p50_gb, p90_gb, p99_gb (Float64, linear
        interpolation), max_gb (Int64), then the number of disks by size: to_20_gb, to_50_gb (above 20, up to 50),
        ..., above_1000_gb (Int64), unknown (Int64: disks whose size is not known). With `instances`: instances
        (Int64: of those that `disks` knows, for root and local those that have such a disk, for attached all),
        disks_per_instance, gb_per_vcpu (Float64: GB a vCPU, over instances whose vCPUs are known); missing without.

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
    require_columns(meta_of(disks), _NEEDED, "disks")
    keys = [] if by is None else as_keys(by)
    if instances is None and keys:
        raise InvalidInput("by needs instances", hint="Give instances=inventory.instances_detail too.")
    if instances is None:
        table = statistics_of(of_partitions(_counts, counts_together, disks, columns=[_NEEDED]))
        table[list(_BY_INSTANCE)] = pd.NA
    else:
        _owners(meta_of(instances).iloc[:0], keys)  # its columns are checked
        sides = with_same_rows("instance_id", (disks, [PROJECT, *_NEEDED]), (instances, [PROJECT, *_OWNER, *keys]))
        table = _by_instance(of_partitions(partial(_figures, keys=keys), _together, *sides))
    table = table.rename_axis([*keys, "role"] if keys else "role").astype(_BY_INSTANCE)
    table["unknown"] = table.pop("unknown")
    table.attrs = dict(getattr(disks, "attrs", {}))
    return table


def _counts(disks: pd.DataFrame) -> pd.DataFrame:
    rows = disks[_NEEDED].reset_index(drop=True)
    return size_counts(rows[["role"]], rows["size_gb"])


class _Owners(NamedTuple):
    """What is told of instances, in their order: whether they count, what to group by, whether the root is local."""

    ids: pd.Series
    counts: np.ndarray[Any, Any]
    local: np.ndarray[Any, Any]
    vcpus: pd.Series
    keys: pd.DataFrame  # columns 0, 1, ... of categories, so that no name of the user's gets in the way


def _owners(instances: pd.DataFrame, keys: list[str], told_apart_by: Sequence[str] = ("instance_id",)) -> _Owners:
    require_columns(instances, _OWNER, "instances")
    wider = with_family(instances.reset_index(drop=True), keys)
    require_columns(wider, keys, "instances")
    ids = _ids(wider, told_apart_by)
    if not ids.is_unique:
        raise InvalidInput("instances has an instance twice", hint="Give the frame of one moment.")
    counts = np.zeros(len(wider), bool)
    counts[with_status(wider, "allocated").index] = True
    texts = {number: own_names(wider[key]).fillna(MISSING).astype("category") for number, key in enumerate(keys)}
    local = (family_of(wider["flavor_name"]) == LOCAL_DISK_FAMILY).to_numpy()
    return _Owners(ids, counts, local, wider["vcpus"], pd.DataFrame(texts, index=wider.index))


def _ids(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Return what tells instances apart, as one text; missing where a part of it is."""
    first, *others = (rows[name].astype("str") for name in columns)
    for other in others:
        first = first + "\0" + other
    return first


class _Figures(NamedTuple):
    """Of some instances and their disks: how often each size occurs, and sums by group and role."""

    counts: pd.DataFrame
    comparable: pd.DataFrame  # gb: of disks whose instance's vCPUs are known
    owners: pd.DataFrame  # instances, vcpus


def _figures(disks: pd.DataFrame, instances: pd.DataFrame, keys: list[str]) -> _Figures:
    """Count the disks of instances that count, and those instances."""
    told_apart_by = [PROJECT, "instance_id"] if PROJECT in disks and PROJECT in instances else ["instance_id"]
    owners, rows = _owners(instances, keys, told_apart_by), disks.reset_index(drop=True)
    at = positions(_ids(rows, told_apart_by), owners.ids)
    left = np.append(owners.counts, False)[at]  # the last, at -1, is for disks of other instances
    at, rows = at[left], rows[left].reset_index(drop=True)
    groups = owners.keys.iloc[at].reset_index(drop=True)
    role = rows["role"].astype("category").cat.add_categories("local")
    groups["role"] = role.mask((role == "root").to_numpy() & owners.local[at], "local")
    known = rows["size_gb"].where(owners.vcpus.notna().to_numpy()[at])
    comparable = known.groupby([groups[name] for name in groups], observed=True).sum(min_count=1).to_frame("gb")
    texts = levels_of(comparable.index).astype("str")  # categories are each partition's own
    comparable = comparable.set_axis(pd.MultiIndex.from_frame(texts) if keys else pd.Index(texts[0]))
    has_disks = np.bincount(at, minlength=len(owners.ids)) > 0
    return _Figures(size_counts(groups, rows["size_gb"]), comparable, _by_role(owners, has_disks))


def _together(parts: Sequence[_Figures]) -> _Figures:
    counts, comparable, owners = zip(*parts, strict=True)
    return _Figures(counts_together(counts), added(comparable), added(owners))


def _by_instance(figures: _Figures) -> pd.DataFrame:
    """Return the statistics of disks, and what they are to each instance and vCPU."""
    table = statistics_of(figures.counts)
    owners = figures.owners.reindex(table.index)
    table["instances"] = owners["instances"]
    table["disks_per_instance"] = table["disks"] / table["instances"]
    vcpus = owners["vcpus"]
    table["gb_per_vcpu"] = figures.comparable["gb"].reindex(table.index) / vcpus.where(vcpus > 0)
    return table


def _by_role(owners: _Owners, which: np.ndarray[Any, Any]) -> pd.DataFrame:
    """Return how many instances there are for each role and group, and their vCPUs: of attached disks all."""
    own = owners.keys[which].astype("str").assign(role=np.where(owners.local[which], "local", "root"))
    both = pd.concat([own, own.assign(role="attached")], ignore_index=True)
    vcpus = pd.concat([owners.vcpus[which]] * 2, ignore_index=True)
    grouped = vcpus.groupby([both[name] for name in both], observed=True)
    return pd.DataFrame({"instances": grouped.size().astype("Int64"), "vcpus": grouped.sum(min_count=1)})


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
    sizes = disks["size_gb"].astype("float64").reset_index(drop=True)
    largest = disks.iloc[sizes.nlargest(top).index].dropna(subset="size_gb").reset_index(drop=True)
    owner = pd.DataFrame(index=largest.index, columns=["name", "zone", "status"], dtype="str")
    if instances is not None:
        require_columns(instances, ["instance_id", *owner.columns], "instances")
        known = instances.drop_duplicates("instance_id").set_index("instance_id")
        owner = known[list(owner.columns)].reindex(largest["instance_id"]).set_axis(largest.index)
    table = largest[["instance_id", "volume_id", "name", "role", "size_gb", "type"]]
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
