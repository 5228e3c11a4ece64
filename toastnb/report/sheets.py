"""What is in the report's workbook: every table of the report, and the account's own tables whole."""

from __future__ import annotations

import pandas as pd

from toastnb import audit, capacity
from toastnb.capacity.limits import Limits
from toastnb.capacity.prices import PriceTable
from toastnb.inventory import Inventory
from toastnb.report.over_time import OverTime
from toastnb.report.workbook import MOST_ROWS


def sheets(
    inventory: Inventory,
    limits: Limits | None,
    prices: PriceTable | None,
    findings: pd.DataFrame,
    past: OverTime | None = None,
    project: str = "",
) -> dict[str, pd.DataFrame]:
    """Return the sheets of the workbook, by name."""
    vms, zones = inventory.instances_detail, inventory.tables.get("availability_zones")
    flavors = inventory.tables.get("flavors")
    made = {
        "Totals by zone": capacity.totals(vms, by="zone"),
        "Totals by state": capacity.totals(vms, by="status"),
        "Totals by flavor": capacity.totals(vms, by="flavor_name"),
        "Zone balance": capacity.zone_balance(vms),
        "Zone failure": capacity.zone_failure(vms, limits, zones=zones),
        "Single zone": capacity.single_zone(vms, app="prefix"),
        "Flavor mix": capacity.flavor_mix(vms, flavors),
        "Disk sizes": capacity.disk_sizing(inventory.disks, vms),
        "Disk sizes by zone": capacity.disk_sizing(inventory.disks, vms, by="zone"),
        "Largest disks": capacity.largest_disks(inventory.disks, vms),
        "Volumes per instance": capacity.volumes_per_instance(vms),
        "Reclaimable": capacity.reclaimable(
            vms, at=inventory.fetched_at, history=None if past is None else past.history
        ),
    }
    if limits is not None:
        made["Headroom"] = capacity.headroom(vms, limits, zones=zones)
        if flavors is not None:
            made["What fits"] = capacity.headroom(vms, limits, flavors, zones=zones)
    if prices is not None:
        made["Cost by zone"] = capacity.cost(vms, prices, at=inventory.fetched_at)
        made["Cost by family"] = capacity.cost(vms, prices, by="family", at=inventory.fetched_at)
    made |= _over_time(past)
    made |= {
        "Findings": findings,
        "Findings waived": audit.waived(findings),
        "Waivers": audit.waivers(findings),
        "Checks": audit.summary(findings),
        "Not knowable": audit.unknowable(),
        "Instances": vms,
        "Disks": inventory.disks,
        **{
            name.title(): inventory.tables[name]
            for name in ("flavors", "volumes", "keypairs")
            if name in inventory.tables
        },
    }
    return {"About": _about(inventory, made, past, project)} | {
        name: frame.head(MOST_ROWS) for name, frame in made.items()
    }


def _over_time(past: OverTime | None) -> dict[str, pd.DataFrame]:
    if past is None:
        return {}
    tables = {
        "Changes": past.changes,
        "Allocated since last time": past.levels,
        "Growth": past.growth,
        "Growth by zone": past.growth_by_zone,
        "Time remaining": past.forecast,
    }
    return {name: table for name, table in tables.items() if table is not None}


def _about(inventory: Inventory, made: dict[str, pd.DataFrame], past: OverTime | None, project: str) -> pd.DataFrame:
    cut = {name: f"the first {MOST_ROWS:,} of {len(f):,} rows" for name, f in made.items() if len(f) > MOST_ROWS}
    about = {
        **({"project": project} if project else {}),
        "account": inventory.source or "not known",
        "data fetched at": inventory.fetched_at,
        "figures": "allocated, never used: every instance but those being deleted",
        "times": "UTC",
        **({"last time": past.since} if past is not None and past.since else {}),
        **({} if past is None else {f"not told: {section}": why for section, why in past.refused.items()}),
        **{f"absent: {name}": why for name, why in inventory.absent.items()},
        **{f"cut: {name}": rows for name, rows in cut.items()},
    }
    return pd.DataFrame({"what": list(about), "value": list(about.values())}, dtype="str")
