"""Histories of an account that lived for some weeks: it grew, moved in a step, and is unlike its last snapshot."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import toastnb as tn

STEP = 8  # instances that came at once
STEPPED = 20  # days before the account was fetched
WAS = "was-called-so"
GONE = "gone-1"
_TABLES = ("availability_zones", "flavors", "instances", "instances_detail", "disks", "metadata")


def account(instances: int = 60) -> tn.Inventory:
    """Return the account as it is now."""
    with tn.Sandbox(instances=instances, instant=True, start="2026-11-01") as sandbox, tn.connect(sandbox) as toast:
        return toast.inventory()


def record(now: tn.Inventory, store: Path | str, days: int = 35, project: str = "shop") -> None:
    """Record the account as it was on each day before it was fetched: with fewer instances, and some unlike today's."""
    fetched = pd.Timestamp(now.fetched_at)
    ids = now.instances_detail["instance_id"]
    for ago in range(days, 0, -1):
        wobble = (ago * 7) % 5 - 2  # from day to day
        there = ids.iloc[: max(len(ids) - 1 - ago // 2 - STEP * (ago >= STEPPED) + wobble, 3)]
        tn.history.record(_as_it_was(now, there), store, at=fetched - pd.Timedelta(days=ago), project=project)


def _as_it_was(now: tn.Inventory, ids: pd.Series) -> tn.Inventory:
    """Return an account with these instances alone and what is theirs; one is smaller, one renamed, one gone now."""
    tables = {name: now.tables[name] for name in _TABLES}
    for name, frame in tables.items():
        if "instance_id" in frame:
            tables[name] = frame[frame["instance_id"].isin(ids)].reset_index(drop=True)
    vms = tables["instances_detail"].copy()
    vms.loc[0, "name"] = WAS
    vms.loc[1, ["vcpus", "ram_mb", "flavor_name"]] = [1, 1024, "t2.c1m1"]
    gone = vms.iloc[[2]].assign(instance_id=GONE, name="batch-old-01")
    tables["instances_detail"] = pd.concat([vms, gone], ignore_index=True).astype(vms.dtypes.to_dict())
    return tn.Inventory(tables, dict(now.absent), now.fetched_at, now.source)
