"""What changed, for people: without what came or went with its instance, and with what instances were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toastnb.capacity.selection import positions
from toastnb.history.differences import CHANGES, KEYS
from toastnb.inventory import PROJECT, Inventory
from toastnb.plain import many

_INSTANCES = "instances_detail"
_MOST_PROJECTS = 20
_NOUNS = {
    "instances": "listed instance",
    "instances_detail": "instance",
    "flavors": "flavor",
    "availability_zones": "zone",
    "keypairs": "keypair",
    "addresses": "fixed IP",
    "disks": "disk",
    "instance_security_groups": "security group assignment",
    "metadata": "metadata value",
    "images": "image",
    "networks": "network",
    "subnets": "subnet",
    "security_groups": "security group",
    "security_group_rules": "security group rule",
    "floating_ips": "floating IP",
    "volumes": "volume",
    "volume_attachments": "attachment",
}
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
    """Return how many things changed in which way: "2 instances and 1 volume created; 1 instance resized".

    Of several projects by project, the first of them: "shop (1 instance created), dev (2 disks resized)".
    """
    if PROJECT in changes:
        projects = changes[PROJECT].unique()
        told = [f"{name} ({_counted(changes[changes[PROJECT] == name])})" for name in projects[:_MOST_PROJECTS]]
        more = len(projects) - len(told)
        return ", ".join([*told, *([f"and {many(more, 'more project')}"] if more else [])]) or "nothing"
    return _counted(changes)


def _counted(changes: pd.DataFrame) -> str:
    found = []
    for change in CHANGES:
        rows = changes[changes["change"] == change]
        if change not in ("created", "deleted"):
            rows = rows.drop_duplicates(["table", "key"])  # a row a field
        numbers = rows["table"].value_counts()
        things = [many(int(numbers[table]), noun) for table, noun in _NOUNS.items() if table in numbers]
        if things:
            found.append(f"{' and '.join(filter(None, [', '.join(things[:-1]), things[-1]]))} {change}")
    return "; ".join(found) or "nothing"


def _words(vms: pd.DataFrame) -> pd.Series:
    cpus: pd.Series = vms["vcpus"].astype("str") + np.where(vms["vcpus"].eq(1).fillna(False), " vCPU", " vCPUs")
    ram = (vms["ram_mb"].astype("Float64") / 1024).map("{:g} GB".format, na_action="ignore").astype("str")
    parts = [vms["flavor_name"], cpus.where(vms["vcpus"].notna()), ram, vms["zone"]]
    words = pd.Series("", index=vms.index, dtype="str")
    for part in parts:
        words += (", " + part.astype("str")).fillna("")
    return words.str.removeprefix(", ")
