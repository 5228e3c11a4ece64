"""How evenly zones are filled."""

from __future__ import annotations

import pandas as pd

from toastnb.capacity.applications import App, with_app
from toastnb.capacity.selection import MISSING, Status, require_columns
from toastnb.capacity.sums import totals

_SHARED = {"vcpus": "vcpus", "ram_gb": "ram", "disk_gb": "disk"}


def zone_balance(df: pd.DataFrame, status: Status = "allocated", app: App | None = None) -> pd.DataFrame:
    """Show each zone's share of what is allocated, and how far that is from an even spread.

    ``share = zone / all zones`` and ``skew = share x number of zones``: 1 is even, 1.5 is half as much again. Only
    zones with instances are known here; an empty zone does not count.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers.
    status : str or list of str
        As in `totals`.
    app : str or compiled pattern, optional
        Looks within each application: shares are of the application then, and skews count all zones of the account.
        What makes one is said as in `single_zone`.

    Returns
    -------
    DataFrame
        A row a zone (and application): instances, vcpus (Int64), ram_gb (Float64), disk_gb (Int64), vcpus_share,
        ram_share, disk_share, vcpus_skew, ram_skew, disk_skew (Float64), unknown (Int64). Instances without a zone
        are a row without skew.

    Raises
    ------
    InvalidInput
        When `df` lacks a column, or `status` or `app` is not known.

    Examples
    --------
    >>> import toastnb as tn
    >>> balance = tn.capacity.zone_balance(toast.instances_detail())
    >>> float(balance.vcpus_share.sum().round(6))
    1.0
    """
    require_columns(df, ["zone"], "df")
    keys = ["zone"] if app is None else ["app", "zone"]
    table = totals(df if app is None else with_app(df, app), by=keys, status=status)
    zones, names = table.iloc[:-1], table.index.get_level_values("zone")[:-1]
    result = zones[["instances", "vcpus", "ram_gb", "disk_gb"]].copy()
    has_zone = names != MISSING
    for amount, name in _SHARED.items():
        part = zones[amount].astype("Float64")
        whole = part.sum(min_count=1) if app is None else part.groupby(level="app").transform("sum", min_count=1)
        result[f"{name}_share"] = _share(part, whole)
    for name in _SHARED.values():
        result[f"{name}_skew"] = (result[f"{name}_share"] * names[has_zone].nunique()).where(has_zone)
    result["unknown"] = zones["unknown"]
    result.attrs = dict(df.attrs)
    return result


def _share(part: pd.Series, whole: pd.Series | float) -> pd.Series:
    """Return a part of the whole; of nothing there are no parts."""
    wholes = pd.Series(whole, index=part.index, dtype="Float64")
    return part / wholes.where(wholes > 0)
