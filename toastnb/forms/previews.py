"""What a change would make of the account's sums, before it is sent."""

from __future__ import annotations

from typing import Any

import pandas as pd

from toastnb import frames
from toastnb.capacity import compare, what_if
from toastnb.capacity.selection import TOTAL
from toastnb.forms.catalogue import Catalogue

_SHOWN = ["instances", "vcpus", "ram_gb", "disk_gb"]


def added_up(catalogue: Catalogue, change: dict[str, Any], zone: str = TOTAL) -> pd.DataFrame:
    """Return the sums of a zone, or of all, before and after a change as `what_if` takes it.

    Rows instances, vcpus, ram_gb, disk_gb (allocated, not used): before, difference, after (Float64), unknown (Int64).
    """
    vms = catalogue.tables()["instances_detail"]
    zones = None if zone == TOTAL else [*vms["zone"].dropna().unique(), zone]
    flavors = frames.flavors(catalogue.flavors()) if "flavor" in change else None
    table = compare(vms, what_if(vms, change, flavors, zones))
    shown = table[table.index.get_level_values(0) == zone].droplevel(0).loc[_SHOWN]
    return shown[["before", "difference", "after"]].assign(unknown=shown["unknown_before"])
