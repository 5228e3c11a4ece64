"""The tables of an inventory that checks look at: which are there, and without what is being deleted."""

from __future__ import annotations

from toastnb.audit.texts import among
from toastnb.capacity.selection import require_columns
from toastnb.columns import TABLES
from toastnb.errors import InvalidInput
from toastnb.inventory import Inventory, one_project
from toastnb.rules import NOT_ALLOCATED

_OF_INSTANCES = ("addresses", "instance_security_groups", "metadata")


def why_absent(inventory: Inventory, names: tuple[str, ...]) -> str:
    """Say which of these tables an inventory lacks, and why; nothing when it has them all.

    Raises
    ------
    InvalidInput
        When a table lacks columns of the column dictionary.
    """
    there = inventory.tables
    for name in names:
        if name in there:
            require_columns(there[name], [column.name for column in TABLES[name]], name)
    lacking = [name for name in names if name not in there]
    return "; ".join(f"the inventory has no {name}: {inventory.absent.get(name, 'not read')}" for name in lacking)


def has(inventory: Inventory, *names: str) -> bool:
    """Tell whether an inventory has all of these tables."""
    return not why_absent(inventory, names)


def without_deleting(inventory: Inventory) -> Inventory:
    """Return the inventory without the instances that are being deleted, nor what the tables have of them."""
    if not has(inventory, "instances_detail"):
        return inventory
    vms = inventory.instances_detail
    going = vms["status"].isin(NOT_ALLOCATED)
    if not going.any():
        return inventory
    gone = vms.loc[going, "instance_id"]
    tables = inventory.tables | {"instances_detail": vms[~going]}
    for name in _OF_INSTANCES:
        if name in tables:
            tables[name] = tables[name][~among(tables[name]["instance_id"], gone)]
    return Inventory(tables, inventory.absent, inventory.fetched_at, inventory.source)


def checked_inventory(inventory: object) -> Inventory:
    """Return an inventory of one project, or say what was given instead.

    Raises
    ------
    InvalidInput
        When it is something else, or of several projects.
    """
    if isinstance(inventory, Inventory):
        return one_project(inventory)
    raise InvalidInput(
        f"inventory is {type(inventory).__name__}, but must be an Inventory",
        hint="Give what toast.inventory() or tn.load_inventory(path) answers, or a history's at(when) without Dask.",
    )
