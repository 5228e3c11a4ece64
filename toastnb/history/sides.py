"""Whether two inventories that are compared are of one project."""

from __future__ import annotations

from toastnb.inventory import Inventory
from toastnb.remarks import remark


def remark_if_of_two(a: Inventory, b: Inventory, *, stacklevel: int) -> None:
    """Say so where two inventories are of different projects, as far as it is known; they are compared all the same.

    A history knows the names that it has them under. Otherwise they are taken to be of two where their profiles have
    different names and they have no instance in common: a profile may be renamed, and a host too.
    """
    one, other = (inventory._project for inventory in (a, b))
    if not (one and other):
        one, other = (inventory.source.rpartition(" at ")[0] for inventory in (a, b))
        if one and other and one != other and (_ids(a) & _ids(b) or not (_ids(a) and _ids(b))):
            return
    if one and other and one != other:
        remark(f"two projects are compared: {one}, then {other}. Take both of one.", stacklevel=stacklevel)


def _ids(inventory: Inventory) -> set[str]:
    table = inventory.tables.get("instances_detail")
    return set() if table is None or "instance_id" not in table else set(table["instance_id"].dropna())
