"""How evenly zones are filled."""

from __future__ import annotations

import pandas as pd

from toastnb.capacity.selection import MISSING, Status
from toastnb.capacity.sums import totals

_SHARED = {"vcpus": "vcpus", "ram_gb": "ram", "disk_gb": "disk"}


def zone_balance(df: pd.DataFrame, status: Status = "allocated") -> pd.DataFrame:
    """Show each zone's share of what is allocated, and how far that is from an even spread.

    ``share = zone / all zones`` and ``skew = share x number of zones``: 1 is even, 1.5 is half as much again. Only
    zones with instances are known here; an empty zone does not count.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers.
    status : str or list of str
        As in `totals`.

    Returns
    -------
    DataFrame
        A row a zone: instances, vcpus (Int64), ram_gb (Float64), disk_gb (Int64), vcpus_share, ram_share, disk_share,
        vcpus_skew, ram_skew, disk_skew (Float64), unknown (Int64). Instances without a zone are a row without skew.

    Raises
    ------
    InvalidInput
        When `df` lacks a column, or `status` is not known.

    Examples
    --------
    >>> import toastnb as tn
    >>> balance = tn.capacity.zone_balance(toast.instances_detail())
    >>> float(balance.vcpus_share.sum().round(6))
    1.0
    """
    table = totals(df, by="zone", status=status)
    whole, zones = table.iloc[-1], table.iloc[:-1]
    has_zone = zones.index != MISSING
    result = zones[["instances", "vcpus", "ram_gb", "disk_gb"]].copy()
    for amount, name in _SHARED.items():
        all_of_it = whole[amount]
        known = pd.notna(all_of_it) and all_of_it > 0
        result[f"{name}_share"] = zones[amount].astype("Float64") / (float(all_of_it) if known else pd.NA)
    for name in _SHARED.values():
        result[f"{name}_skew"] = (result[f"{name}_share"] * int(has_zone.sum())).where(has_zone)
    result["unknown"] = zones["unknown"]
    result.attrs = dict(df.attrs)
    return result
