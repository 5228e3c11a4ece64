"""What changed, for people: without what came or went with its instance, and with what instances were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toastnb.capacity.selection import positions
from toastnb.history.differences import CHANGES, KEYS
from toastnb.inventory import Inventory

_INSTANCES = "instances_detail"
_OF_INSTANCES = ("addresses", "disks", "instance_security_groups", "metadata", "volume_attachments")


def in_brief(changes: pd.DataFrame) -> pd.DataFrame:
    """Return what `history.diff` answers without the rows of other tables that came or went with their instance."""
    whole = changes["change"].isin(["created", "deleted"])
    instances = set(changes["key"][whole & (changes["table"] == _INSTANCES)])
    went_along = pd.Series(False, index=changes.index)
    for name in _OF_INSTANCES:
        rows = whole & (changes["table"] == name)
        owners = changes["key"][rows].str.split(" / ").str[KEYS[name].index("instance_id")]
        went_along[rows] = owners.isin(instances)
    return changes[~went_along]


def described(changes: pd.DataFrame, before: Inventory, after: Inventory) -> pd.DataFrame:
    """Return changes in which an instance that was created or deleted says what it was: flavor, vCPUs, RAM, zone."""
    told = changes.copy()
    for change, column, inventory in (("created", "after", after), ("deleted", "before", before)):
        rows = (changes["table"] == _INSTANCES) & (changes["change"] == change)
        if rows.any():
            vms = inventory.instances_detail
            told.loc[rows, column] = _words(vms.iloc[positions(changes["key"][rows], vms["instance_id"])]).to_numpy()
    return told


def counts(changes: pd.DataFrame) -> str:
    """Return how many changes of each kind there are: "2 created, 1 resized"."""
    found = changes["change"].value_counts()
    return ", ".join(f"{found[change]:,} {change}" for change in CHANGES if change in found) or "nothing"


def _words(vms: pd.DataFrame) -> pd.Series:
    cpus: pd.Series = vms["vcpus"].astype("str") + np.where(vms["vcpus"].eq(1).fillna(False), " vCPU", " vCPUs")
    ram = (vms["ram_mb"].astype("Float64") / 1024).map("{:g} GB".format, na_action="ignore").astype("str")
    parts = [vms["flavor_name"], cpus.where(vms["vcpus"].notna()), ram, vms["zone"]]
    words = pd.Series("", index=vms.index, dtype="str")
    for part in parts:
        words += (", " + part.astype("str")).fillna("")
    return words.str.removeprefix(", ")
