"""What remains below limits that the user gives: the API has no quota call."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toastnb.capacity.limits import Limits, as_limits
from toastnb.capacity.selection import TOTAL, Status, in_order, require_columns
from toastnb.capacity.sums import homeless_of, resources
from toastnb.capacity.zones import Zones, known_zones
from toastnb.errors import InvalidInput
from toastnb.rules import root_sizes

_LEVELS = ["zone", "resource"]
_NEEDED = ["name", "vcpus", "ram_mb", "volume_gb", "max_volume_gb", "disabled"]
SMALLEST_ROOT_GB = root_sizes(None)[0]


def headroom(
    df: pd.DataFrame,
    limits: Limits,
    flavors: pd.DataFrame | None = None,
    zones: Zones | None = None,
    root_gb: int = SMALLEST_ROOT_GB,
    status: Status = "allocated",
) -> pd.DataFrame:
    """Show what remains below limits, and which resource binds first; with `flavors`, how many more of each fit.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers.
    limits : mapping, DataFrame or path-like
        What may be allocated: ``{"vcpus": 1000, "ram_gb": 4096}`` in all, ``{"kr-pub-a": {"vcpus": 500}}`` by zone
        (with ``"*"`` for in all), a frame, or the path of a CSV: a column a resource (instances, vcpus, ram_gb,
        root_gb, attached_gb, disk_gb) and, by zone, a column zone (``*``: in all). An empty cell is no limit.
    flavors : DataFrame, optional
        As `Toast.flavors` answers: asks how many more of each fit. Those that are disabled are left out.
    zones : DataFrame or list of str, optional
        As `Toast.availability_zones` answers, or names: so that there can be limits for zones that are empty today.
    root_gb : int
        The root disk in GB that a new instance is taken to have, or the largest that its flavor can have where that
        is less. A flavor that brings its disk has that one.
    status : str or list of str
        What counts towards the limits, as in `totals`.

    Returns
    -------
    DataFrame
        Without `flavors`, indexed by zone (``Total``: in all) and resource: limit, allocated, remaining (negative
        above the limit), allocated_share (Float64, missing for a limit of 0), binding (boolean: the one with the
        highest share of its zone), unknown (Int64: instances of the zone that lack the figure, and all without a
        zone; what remains may be less then).

        With `flavors`, indexed by zone and flavor_name: vcpus (Int64), ram_gb (Float64), root_gb, fits (Int64: alone,
        not beside others), binding (str: the resource that ends first; "vcpus in all" where that is the limit in
        all), unknown (Int64: the most of the limits that count).

    Raises
    ------
    InvalidInput
        When a frame lacks a column, or a limit is negative, no number, or for an unknown zone or resource.

    Examples
    --------
    >>> import toastnb as tn
    >>> vms = toast.instances_detail()
    >>> left = tn.capacity.headroom(vms, {"vcpus": 1000, "ram_gb": 4096})
    >>> left.loc["Total", "remaining"].to_dict()
    {'vcpus': 115.0, 'ram_gb': 1834.0}
    >>> int(tn.capacity.headroom(vms, {"vcpus": 1000}, toast.flavors()).fits["Total", "m2.c8m16"])
    14
    """
    bounds = as_limits(limits, known_zones(df, zones))
    table = _remaining(bounds, *resources(df, "zone", status))
    if flavors is not None:
        table = _fits(table, flavors, root_gb)
    table.attrs = dict(df.attrs)
    return table


def _remaining(bounds: pd.DataFrame, sums: pd.DataFrame, lacking: pd.DataFrame) -> pd.DataFrame:
    limit = bounds.stack().dropna().rename_axis(_LEVELS)
    rows = limit.index
    table = pd.DataFrame({"limit": limit})
    table["allocated"] = sums.stack().reindex(rows).where(rows.get_level_values("zone").isin(sums.index), 0.0)
    table["remaining"] = table["limit"] - table["allocated"]
    table["allocated_share"] = table["allocated"] / table["limit"].where(table["limit"] > 0)
    table["binding"] = _binds(table)
    elsewhere = pd.Series(homeless_of(sums), index=rows).where(rows.get_level_values("zone") != TOTAL, 0)
    table["unknown"] = lacking.stack().reindex(rows).fillna(0) + elsewhere
    kinds = {"binding": "boolean", "unknown": "Int64"}
    table = table.astype(dict.fromkeys(table.columns.drop(list(kinds)), "Float64") | kinds)
    return in_order(table, bounds.index, bounds.columns)


def _binds(table: pd.DataFrame) -> pd.Series:
    """Tell which resource is nearest to its limit in each zone; a limit of 0 binds at once."""
    nearness = table["allocated_share"].mask(table["limit"] == 0, np.inf)
    return nearness == nearness.groupby(level="zone").transform("max")


def _fits(left: pd.DataFrame, flavors: pd.DataFrame, root_gb: int) -> pd.DataFrame:
    """Return how many more of each flavor fit into what remains, by zone, within what remains in all."""
    require_columns(flavors, _NEEDED, "flavors")
    if isinstance(root_gb, bool) or root_gb not in root_sizes(None):
        raise InvalidInput(f"root_gb is {root_gb!r}, but must be from 20 to 1000 GB in steps of 10")
    offered = flavors[~flavors["disabled"].astype("boolean").fillna(False)]
    root = offered["volume_gb"].fillna(offered["max_volume_gb"].fillna(root_gb).clip(upper=root_gb))
    each = pd.DataFrame(
        {
            "instances": pd.Series(1, index=offered.index, dtype="Int64"),
            "vcpus": offered["vcpus"],
            "ram_gb": offered["ram_mb"].astype("Float64") / 1024,
            "root_gb": root,
            "disk_gb": root,
        }
    ).set_axis(pd.Index(offered["name"], name="flavor_name"))
    zones = left.index.get_level_values("zone").unique()
    return in_order(pd.concat([_fits_zone(zone, left, each) for zone in zones]), zones, each.index)


def _fits_zone(zone: str, left: pd.DataFrame, each: pd.DataFrame) -> pd.DataFrame:
    """Return how many of each flavor fit into one zone; of what is limited, all must be known."""
    bounds = left.loc[zone]
    if zone != TOTAL and TOTAL in left.index.get_level_values("zone"):
        bounds = pd.concat([bounds, left.loc[TOTAL].rename(index="{} in all".format)])
    counts = pd.DataFrame(index=each.index)
    for name, remaining in bounds["remaining"].items():
        resource = str(name).removesuffix(" in all")
        if resource in each:
            counts[name] = np.floor(remaining / each[resource].astype("Float64")).clip(lower=0)
    table = each[["vcpus", "ram_gb", "root_gb"]].copy()
    known = counts.notna().all(axis=1) & bool(len(counts.columns))
    fewest = counts.fillna(np.inf)
    table["fits"] = fewest.min(axis=1).where(known).astype("Int64")
    table["binding"] = (fewest.idxmin(axis=1) if len(counts.columns) else pd.Series(index=each.index)).where(known)
    table["unknown"] = bounds["unknown"].max()
    return pd.concat({zone: table.astype({"binding": "str", "unknown": "Int64"})}, names=["zone"])
