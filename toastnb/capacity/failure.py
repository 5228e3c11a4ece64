"""What the surviving zones must absorb when one is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from toastnb.capacity.limits import Limits, as_limits
from toastnb.capacity.selection import TOTAL, Status, in_order, own_names
from toastnb.capacity.sums import homeless_of, resources
from toastnb.capacity.zones import Zones, known_zones

RESOURCES = ["instances", "vcpus", "ram_gb", "disk_gb"]
_LEVELS = ["lost", "survivor", "resource"]
_FIGURES = ["before", "absorbs", "after", "growth_share", "provision", "allocated", "limit", "shortfall"]
_Figures = dict[str, float]
_Row = dict[str, Any]


def zone_failure(
    df: pd.DataFrame, limits: Limits | None = None, zones: Zones | None = None, status: Status = "running"
) -> pd.DataFrame:
    """Show, for each zone lost, what each surviving zone must absorb.

    The load of the lost zone is spread evenly over the survivors. To bear the loss of any one zone, capacity of
    ``need x zones / (zones - 1)`` has to be provided in all: ``need / (zones - 1)`` a zone.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers.
    limits : mapping, DataFrame or path-like, optional
        What may be allocated, by zone or in all; as in `headroom`.
    zones : DataFrame or list of str, optional
        As `Toast.availability_zones` answers, or names: so that zones that are empty today count as survivors. By
        default those of `df`.
    status : str or list of str
        What has to run elsewhere, as in `totals`.

    Returns
    -------
    DataFrame
        Indexed by lost, survivor (last ``Total``: all survivors together) and resource (instances, vcpus, ram_gb,
        disk_gb). Columns, Float64: before (what the survivor has), absorbs, after (before + absorbs), growth_share
        (absorbs / before), provision (the survivor's even part of what has to be provided), and where limits are
        given allocated, limit and shortfall (allocated + absorbs - limit, 0 if that is negative). unknown
        (Int64): instances of the two zones (for ``Total`` of all) that may add to these: whose figure or state is not
        known, and all without a zone.

    Raises
    ------
    InvalidInput
        When `df` lacks a column, instances are in a zone that `zones` lacks, or a limit is for an unknown zone.

    Examples
    --------
    >>> import toastnb as tn
    >>> lost = tn.capacity.zone_failure(toast.instances_detail())
    >>> lost.loc[("kr-pub-a", "kr-pub-b", "vcpus"), ["before", "absorbs", "after"]].tolist()
    [205.0, 551.0, 756.0]
    """
    names = known_zones(df, zones)
    need, lacking = resources(df, "zone", status)
    bounds = None if limits is None else as_limits(limits, names)
    held = need if limits is None else resources(df, "zone", "allocated")[0]
    gaps = _gaps(df, need, lacking, status)
    rows = []
    for resource in RESOURCES:
        plan = _Plan(names, _by_zone(need, resource, names), _by_zone(held, resource, names), _bounds(bounds, resource))
        for lost in names:
            unknown = {zone: _unknown(gaps[resource], {lost, zone}) for zone in [*names, TOTAL]}
            same = {"lost": lost, "resource": resource}
            rows += [{**same, "unknown": unknown[row["survivor"]], **row} for row in plan.survivors(lost)]
    table = pd.DataFrame(rows, columns=[*_LEVELS, *_FIGURES, "unknown"])
    if limits is None:
        table["allocated"] = pd.NA
    table["growth_share"] = table["absorbs"] / table["before"].where(table["before"] > 0)
    table = table.astype(dict.fromkeys(_LEVELS, "str") | dict.fromkeys(_FIGURES, "Float64") | {"unknown": "Int64"})
    table = in_order(table.set_index(_LEVELS), names, [*names, TOTAL], RESOURCES)
    table.attrs = dict(df.attrs)
    return table


@dataclass(frozen=True)
class _Plan:
    """What one resource has to bear: by zone what is needed, what is allocated, and what may be (nan: not known)."""

    zones: list[str]
    need: _Figures
    held: _Figures
    limits: _Figures

    def survivors(self, lost: str) -> Iterator[_Row]:
        """Yield a row for each survivor, and one for all of them together."""
        others = [zone for zone in self.zones if zone != lost]
        load, needed = self.need[lost], _known_sum(self.need[zone] for zone in self.zones)
        each = load / len(others) if others else nan
        rows = [self._row(zone, each, needed / len(others)) for zone in others]
        yield from rows
        before = _known_sum(self.need[zone] for zone in others) if others else 0.0
        together = {
            "survivor": TOTAL,
            "before": before,
            "absorbs": load,
            "after": before + load,
            "provision": needed if others else nan,
        }
        yield together | self._of_all(others, load, [row["shortfall"] for row in rows])

    def _row(self, zone: str, absorbs: float, provision: float) -> _Row:
        before, limit = self.need[zone], self.limits.get(zone, nan)
        return {
            "survivor": zone,
            "before": before,
            "absorbs": absorbs,
            "after": before + absorbs,
            "provision": provision,
            "allocated": self.held[zone],
            "limit": limit,
            "shortfall": float(np.maximum(self.held[zone] + absorbs - limit, 0)),
        }

    def _of_all(self, others: list[str], load: float, shortfalls: list[float]) -> _Row:
        """Return allocated, limit and shortfall of all survivors: added up, or by the limit in all if that is more.

        Until the lost zone's instances are deleted, they count towards a limit in all.
        """
        if not others:
            return {"allocated": 0.0, "limit": nan, "shortfall": load}
        parts = sum(shortfalls)
        if TOTAL not in self.limits:
            held = _known_sum(self.held[zone] for zone in others)
            return {"allocated": held, "limit": sum(self.limits.get(z, nan) for z in others), "shortfall": parts}
        held, limit = self.held[TOTAL], self.limits[TOTAL]
        short = float(np.fmax(np.maximum(held + load - limit, 0), parts))
        return {"allocated": held, "limit": limit, "shortfall": short}


def _by_zone(sums: pd.DataFrame, resource: str, zones: list[str]) -> _Figures:
    """Return one resource by zone and in all: 0 where there is no instance, nan where nothing is known."""
    known = sums[resource].astype("float64").to_dict()
    return {zone: known.get(zone, 0.0) for zone in [*zones, TOTAL]}


def _bounds(limits: pd.DataFrame | None, resource: str) -> _Figures:
    if limits is None or resource not in limits:
        return {}
    return {str(zone): float(limit) for zone, limit in limits[resource].dropna().items()}


def _gaps(df: pd.DataFrame, need: pd.DataFrame, lacking: pd.DataFrame, status: Status) -> pd.DataFrame:
    """Return by zone how many instances may add to each resource; the last row, `TOTAL`, has those without a zone too.

    These are instances that count and lack the figure, and those whose state is not known, unless they count anyway.
    """
    gaps = lacking[RESOURCES].copy()
    gaps.loc[TOTAL] += homeless_of(need)
    stateless = df[df["status"].isna()]
    if status != "allocated" and len(stateless):
        by_zone = own_names(stateless["zone"]).value_counts()
        gaps = gaps.reindex(gaps.index.union(by_zone.index)).fillna(0)
        gaps = gaps.add(by_zone.reindex(gaps.index).fillna(0).astype("Int64"), axis="index")
        gaps.loc[TOTAL] += len(stateless)
    return gaps.astype("Int64")


def _unknown(gaps: pd.Series, zones: set[str]) -> int:
    """Return how many instances of these zones may add to a figure, and all without a zone."""
    if TOTAL in zones:
        return int(gaps[TOTAL])
    homeless = gaps[TOTAL] - gaps.drop(TOTAL).sum()
    return int(homeless + gaps.reindex(sorted(zones)).fillna(0).sum())


def _known_sum(values: Iterable[float]) -> float:
    """Return the sum of what is known, nan where nothing is."""
    known = [value for value in values if not isnan(value)]
    return sum(known) if known else nan
