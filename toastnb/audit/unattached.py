"""What is paid for and attached to nothing."""

from __future__ import annotations

import pandas as pd

from toastnb.audit.findings import found
from toastnb.audit.texts import among
from toastnb.audit.times import DAY, dates, seconds_since
from toastnb.inventory import Inventory

_FREE = "available"
_NOT_FREE = frozenset({"in-use", "creating", "attaching", "detaching", "deleting"})
_LEADS_SOMEWHERE = "ACTIVE"


def volume_unattached(inventory: Inventory, at: pd.Timestamp, *, min_days: float = 7) -> pd.DataFrame:
    """Find volumes without an attachment that were made that many days ago; since when they are free nobody tells."""
    volumes = inventory.volumes
    attached = among(volumes["volume_id"], inventory.volume_attachments["volume_id"])
    free = volumes[~attached & ~volumes["status"].isin(_NOT_FREE)]
    free = free[~(seconds_since(free["created_at"], at) < min_days * DAY)]
    size = (free["size_gb"].astype("str") + " GB").fillna("size not known")
    age = (", created " + dates(free["created_at"])).fillna(", age not known")
    confidence = pd.Series("likely", index=free.index, dtype="str").mask(free["status"] == _FREE, "certain")
    confidence = confidence.mask(free["created_at"].isna(), "possible")
    evidence = size + ", " + free["status"].fillna("state not known") + ", attached to nothing" + age
    return found(free["volume_id"], free["name"], evidence, confidence=confidence)


def floating_ip_unattached(inventory: Inventory) -> pd.DataFrame:
    """Find floating IPs that lead to nothing."""
    addresses = inventory.floating_ips
    free = addresses[addresses["fixed_ip"].isna() & (addresses["status"] != _LEADS_SOMEWHERE)]
    free = free[~among(free["floating_ip"], inventory.addresses["floating_ip"])]
    confidence = pd.Series("certain", index=free.index, dtype="str").mask(free["status"].isna(), "likely")
    evidence = "leads to no instance, " + free["status"].fillna("state not known")
    return found(free["floating_ip_id"], free["floating_ip"], evidence, confidence=confidence)
