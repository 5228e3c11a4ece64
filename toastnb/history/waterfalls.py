"""From what was allocated then to what is allocated now, step by step."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

import pandas as pd

from toastnb.audit.tables import checked_inventory
from toastnb.capacity.distributed import added, levels_of
from toastnb.capacity.selection import MISSING, as_keys, own_names, require_columns, with_family, with_status
from toastnb.capacity.sums import SOURCES
from toastnb.errors import InvalidInput
from toastnb.history.moments import Moment, of_each_pair
from toastnb.history.pairing import paired
from toastnb.history.sides import remark_if_of_two
from toastnb.inventory import Inventory

STEPS = ("before", "created", "deleted", "resized", "disks", "other", "after")
_CHANGING = {"resized": ["vcpus", "ram_mb"], "disks": ["root_gb", "attached_gb", "disk_gb"]}
_FIGURES = ["instances", *SOURCES, "unknown"]


def waterfall(a: Inventory | Moment, b: Inventory | Moment, by: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Tell how what is allocated came from one level to another.

    Counted is what `capacity.totals` counts: all instances but those in DELETING. An instance is told by its id.

    Parameters
    ----------
    a, b : Inventory or Moment
        The earlier and the later one. Of two of ``open_store(store, engine="dask").at(when)`` Dask adds up the projects
        that both have.
    by : str or list of str, optional
        Columns of instances_detail to group by, and ``"family"``; after `Inventory.with_metadata` also metadata.

    Returns
    -------
    DataFrame
        Indexed by the columns of `by` (text) and step: before, created, deleted, resized (flavor), disks (attached,
        detached, grown), other, after. The columns instances, vcpus (Int64), ram_gb (Float64, MB/1024), root_gb,
        attached_gb, disk_gb and unknown (Int64: instances that lack one of these figures) each add up: before and the
        steps between are after. What came from another group or went there, and figures that became known or are no
        longer, are in other. A figure of which nothing is known is missing.

    Raises
    ------
    InvalidInput
        When one is no Inventory, or lacks a column.

    Examples
    --------
    >>> import toastnb as tn
    >>> before = toast.inventory()
    >>> gone = before.instances.instance_id[before.instances.status == "STOP"].head(3)
    >>> job = toast.delete_instance(gone, wait=True)
    >>> tn.history.waterfall(before, toast.inventory()).instances.to_dict()
    {'before': 250, 'created': 0, 'deleted': -3, 'resized': 0, 'disks': 0, 'other': 0, 'after': 247}
    """
    keys = [] if by is None else as_keys(by)
    work = functools.partial(_sums, keys=keys)
    if isinstance(a, Moment) or isinstance(b, Moment):
        each = of_each_pair(a, b, work)  # type: ignore[arg-type] # which is checked there
        if not each:
            raise InvalidInput("no project is in both", hint="Take two moments of one history.")
        sums = added(list(each.values()))
    else:
        remark_if_of_two(checked_inventory(a), checked_inventory(b), stacklevel=3)
        sums = work(a, b)
    table = sums.reindex(_index(sums, keys), fill_value=0).astype("Int64")
    table.insert(2, "ram_gb", table.pop("ram_mb").astype("Float64") / 1024)
    table.attrs = {"since": a.fetched_at, "fetched_at": b.fetched_at}
    return table


def _sums(a: Inventory, b: Inventory, keys: Sequence[str]) -> pd.DataFrame:
    """Return the figures of each group and step that there is."""
    old, new = _instances(a, keys), _instances(b, keys)
    groups = [f"key {number}" for number in range(len(keys))]  # as no figure is named: one may group by vcpus
    parts = [old.assign(step="before"), *_between(old, new, groups), new.assign(step="after")]
    whole = pd.concat([part[[*groups, "step", *_FIGURES]] for part in parts], ignore_index=True)
    return whole.groupby([*groups, "step"]).sum(min_count=1)


def _instances(inventory: Inventory, keys: Sequence[str]) -> pd.DataFrame:
    """Return the allocated instances: id, groups, figures, and whether one of these is missing."""
    frame = checked_inventory(inventory).instances_detail
    require_columns(frame, ["instance_id", "status", *SOURCES], "instances_detail")
    wider = with_family(frame, keys)
    require_columns(wider, keys, "instances_detail")
    counted = with_status(wider, "allocated")
    figures = counted[SOURCES].astype("Int64")
    lacks_one = figures.isna().any(axis=1).astype("Int64")
    named = {f"key {number}": own_names(counted[key]).fillna(MISSING) for number, key in enumerate(keys)}
    table = figures.assign(instances=lacks_one * 0 + 1, unknown=lacks_one, id=counted["instance_id"], **named)
    return table.astype({"id": "str"}).reset_index(drop=True)


def _between(old: pd.DataFrame, new: pd.DataFrame, groups: list[str]) -> list[pd.DataFrame]:
    """Return what each instance adds to the steps between."""
    pairs = paired(old, new, ["id"], [*groups, *SOURCES])
    lost, found = pairs[pairs["after"] < 0], pairs[pairs["before"] < 0]
    both = pairs[(pairs["before"] >= 0) & (pairs["after"] >= 0)]
    was, now = old.iloc[both["before"]].reset_index(drop=True), new.iloc[both["after"]].reset_index(drop=True)
    gained = now[_FIGURES] - was[_FIGURES]  # missing where one side is not known
    known = now[_FIGURES].fillna(0) - was[_FIGURES].fillna(0)
    steps = {name: gained.reindex(columns=columns).fillna(0) for name, columns in _CHANGING.items()}
    steps = {name: step.reindex(columns=_FIGURES, fill_value=0) for name, step in steps.items()}
    other = known - functools.reduce(operator.add, steps.values())
    moved = (was[groups] != now[groups]).any(axis=1)
    left, come = was[moved].fillna(0), was[moved].fillna(0).assign(**{name: now[name][moved] for name in groups})
    gone = old.iloc[lost["before"]]
    return [
        new.iloc[found["after"]].assign(step="created"),
        gone.assign(step="deleted", **{name: -gone[name] for name in _FIGURES}),
        *(now[groups].join(change).assign(step=name) for name, change in steps.items()),
        now[groups].join(other).assign(step="other"),
        left.assign(step="other", **{name: -left[name] for name in _FIGURES}),
        come.assign(step="other"),
    ]


def _index(sums: pd.DataFrame, keys: Sequence[str]) -> pd.Index:
    """Return all steps of all groups, in order."""
    if not keys:
        return pd.Index(STEPS, name="step", dtype="str")
    groups = levels_of(sums.index).iloc[:, :-1]
    known = groups.drop_duplicates().sort_values(list(groups.columns))
    levels = [known[name].repeat(len(STEPS)) for name in known]
    return pd.MultiIndex.from_arrays([*levels, list(STEPS) * len(known)], names=[*keys, "step"])
