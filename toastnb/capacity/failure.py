"""What the surviving zones must absorb when one is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from toastnb.capacity.limits import Limits, as_limits
from toastnb.capacity.selection import TOTAL, Status, Zones, in_order, known_zones
from toastnb.capacity.sums import resources

RESOURCES = ["instances", "vcpus", "ram_gb", "disk_gb"]
_LEVELS = ["lost", "survivor", "resource"]
_FIGURES = ["before", "absorbs", "after", "growth_share", "provision", "limit", "shortfall"]
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
    zones : list of str, optional
        The zones that exist, so that those that are empty today count as survivors; by default those of `df`.
    status : str or list of str
        What has to run elsewhere, as in `totals`.

    Returns
    -------
    DataFrame
        Indexed by lost, survivor (last ``Total``: all survivors together) and resource (instances, vcpus, ram_gb,
        disk_gb). Columns, Float64: before (what the survivor has), absorbs, after (before + absorbs), growth_share
        (absorbs / before), provision (the survivor's even part of what has to be provided), limit and shortfall
        (missing where no limit is known: allocated + absorbs - limit, 0 if that is negative). unknown (Int64):
        instances of the lost zone whose figure is not known, and all without a zone.

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
    bounds, held = None, need
    if limits is not None:
        bounds, (held, _) = as_limits(limits, names), resources(df, "zone", "allocated")
    rows = []
    for resource in RESOURCES:
        plan = _Plan(names, _by_zone(need, resource, names), _by_zone(held, resource, names), _bounds(bounds, resource))
        for lost in names:
            unknown = _unknown(need, lacking, lost, resource)
            rows += [{"lost": lost, "resource": resource, "unknown": unknown} | row for row in plan.survivors(lost)]
    table = pd.DataFrame(rows, columns=[*_LEVELS, *_FIGURES, "unknown"])
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
        limit, shortfall = self._together(others, load, [row["shortfall"] for row in rows])
        yield {
            "survivor": TOTAL,
            "before": before,
            "absorbs": load,
            "after": before + load,
            "provision": needed if others else nan,
            "limit": limit,
            "shortfall": shortfall,
        }

    def _row(self, zone: str, absorbs: float, provision: float) -> _Row:
        before, limit = self.need[zone], self.limits.get(zone, nan)
        return {
            "survivor": zone,
            "before": before,
            "absorbs": absorbs,
            "after": before + absorbs,
            "provision": provision,
            "limit": limit,
            "shortfall": float(np.maximum(self.held[zone] + absorbs - limit, 0)),
        }

    def _together(self, others: list[str], load: float, shortfalls: list[float]) -> tuple[float, float]:
        """Return limit and shortfall of all survivors: the larger of theirs added up, and of the limit in all.

        Until the lost zone's instances are deleted, they count towards a limit in all.
        """
        if not others:
            return nan, load
        parts = sum(shortfalls)
        if TOTAL not in self.limits:
            return sum(self.limits.get(zone, nan) for zone in others), parts
        in_all = self.limits[TOTAL]
        return in_all, float(np.fmax(np.maximum(self.held[TOTAL] + load - in_all, 0), parts))


def _by_zone(sums: pd.DataFrame, resource: str, zones: list[str]) -> _Figures:
    """Return one resource by zone and in all: 0 where there is no instance, nan where nothing is known."""
    known = sums[resource].astype("float64").to_dict()
    return {zone: known.get(zone, 0.0) for zone in [*zones, TOTAL]}


def _bounds(limits: pd.DataFrame | None, resource: str) -> _Figures:
    if limits is None or resource not in limits:
        return {}
    return {str(zone): float(limit) for zone, limit in limits[resource].dropna().items()}


def _unknown(need: pd.DataFrame, lacking: pd.DataFrame, lost: str, resource: str) -> int:
    """Return how many instances may add to the load: of the zone without the figure, and all without a zone."""
    instances = need["instances"]
    homeless = int(instances[TOTAL] - instances.drop(TOTAL).sum())
    return homeless + int(lacking[resource].get(lost, 0))


def _known_sum(values: Iterable[float]) -> float:
    """Return the sum of what is known, nan where nothing is."""
    known = [value for value in values if not isnan(value)]
    return sum(known) if known else nan
