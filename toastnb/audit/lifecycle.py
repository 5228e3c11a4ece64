"""What instances do: stopped for long, failed, stuck, old."""

from __future__ import annotations

import pandas as pd

from toastnb.audit.findings import on_instances
from toastnb.audit.texts import among, joined
from toastnb.audit.times import DAY, HOUR, YEAR, ages, dates, seconds_since
from toastnb.capacity.reclaim import StopHistory, stop_times
from toastnb.inventory import Inventory

STOPPED, FAILED = "STOP", "ERROR"
TRANSITIONS = frozenset({"BUILD", "POWERING_ON", "POWERING_OFF", "REBOOTING", "RESIZING", "MIGRATING", "DELETING"})


def stopped_long(
    inventory: Inventory, at: pd.Timestamp, history: StopHistory | None = None, *, days: float = 30
) -> pd.DataFrame:
    """Find instances in STOP whose latest change is that many days ago; the stop itself may be longer ago.

    With a history those too that it has seen stopped, without a boot since, for that long.
    """
    stopped = _with_status(inventory, STOPPED)
    since = stop_times(stopped, at, history)
    by, after = since["stopped_by"], stopped["created_at"] if history is None else since["stopped_after"]
    known, unknown = _lasting(stopped, by, after, at, days * DAY)
    seen = known["updated_at"].ne(by[known.index])
    told = _updated(known).mask(seen, " (seen in STOP since " + dates(by[known.index]) + ")")
    lasting = "stopped for at least " + ages(by[known.index], at) + told
    return pd.concat(
        [
            on_instances(known, lasting, confidence="certain"),
            on_instances(unknown, "stopped, and not known since when", confidence="possible"),
        ]
    )


def stopped_disk(inventory: Inventory, *, min_gb: float = 100) -> pd.DataFrame:
    """Find instances in STOP that keep that much disk; where the attached disks are not known, the root alone."""
    stopped = _with_status(inventory, STOPPED)
    held = stopped["disk_gb"].fillna(stopped["root_gb"])
    much = (held >= min_gb).fillna(False).astype(bool)
    found = stopped[much]
    bound = pd.Series("", index=found.index, dtype="str").mask(found["disk_gb"].isna(), "at least ")
    return on_instances(found, "stopped, and keeps " + bound + held[much].astype("str") + " GB of disk")


def floating_ip_on_stopped(inventory: Inventory) -> pd.DataFrame:
    """Find instances in STOP that keep floating IPs."""
    addresses = inventory.addresses
    kept = joined(addresses["instance_id"], addresses["floating_ip"])
    stopped = _with_status(inventory, STOPPED)
    found = stopped[among(stopped["instance_id"], kept.index)]
    addresses_of = found["instance_id"].map(kept).astype("str")  # where there are none, pandas 3.0 makes it numbers
    return on_instances(found, "stopped, and keeps floating IP " + addresses_of)


def in_error(inventory: Inventory, at: pd.Timestamp) -> pd.DataFrame:
    """Find instances in ERROR."""
    failed = _with_status(inventory, FAILED)
    since = "in ERROR for at least " + ages(failed["updated_at"], at) + _updated(failed)
    return on_instances(failed, since.where(failed["updated_at"].notna(), "in ERROR, and not known since when"))


def stuck_in_transition(inventory: Inventory, at: pd.Timestamp, *, hours: float = 1) -> pd.DataFrame:
    """Find instances that are on their way to another state, and whose latest change is that many hours ago."""
    vms = inventory.instances_detail
    moving = vms[vms["status"].isin(TRANSITIONS)]
    known, unknown = _lasting(moving, moving["updated_at"], moving["created_at"], at, hours * HOUR)
    lasting = known["status"] + " for at least " + ages(known["updated_at"], at, HOUR) + _updated(known)
    return pd.concat(
        [
            on_instances(known, lasting, confidence="likely"),
            on_instances(unknown, unknown["status"] + ", and not known since when", confidence="possible"),
        ]
    )


def old_instance(inventory: Inventory, at: pd.Timestamp, *, years: float = 4) -> pd.DataFrame:
    """Find instances that were made that many years (of 365.25 days) ago."""
    vms = inventory.instances_detail
    age = seconds_since(vms["created_at"], at)
    found, old = vms[age >= years * YEAR], age[age >= years * YEAR]
    shown = (old / YEAR).round(1).astype("str")
    return on_instances(found, "made " + shown + " years ago (created " + dates(found["created_at"]) + ")")


def _with_status(inventory: Inventory, status: str) -> pd.DataFrame:
    vms = inventory.instances_detail
    return vms[vms["status"] == status]


def _lasting(
    vms: pd.DataFrame, by: pd.Series, after: pd.Series, at: pd.Timestamp, seconds: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return those in their state for that long, and those of which it is not known and that may be.

    They came to it by one moment, after another.
    """
    unknown = by.isna() & ~(seconds_since(after, at) < seconds)
    return vms[seconds_since(by, at) >= seconds], vms[unknown]


def _updated(vms: pd.DataFrame) -> pd.Series:
    return " (updated " + dates(vms["updated_at"]) + ")"
