"""What a history tells, in sentences for the report's summary."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from toastnb.capacity.forecasts import NOW
from toastnb.capacity.selection import MISSING, TOTAL
from toastnb.plain import cut, many
from toastnb.plots.words import number, signed
from toastnb.report.over_time import GROWTH, REMAINING, SINCE, OverTime
from toastnb.report.shapes import moment_text

_FIGURES = ("vcpus", "ram_gb", "disk_gb")
UNITS = {
    "instances": "instances",
    "vcpus": "vCPUs",
    "ram_gb": "GB of RAM",
    "root_gb": "GB of root disk",
    "attached_gb": "GB of attached disk",
    "disk_gb": "GB of disk",
}
_LONGEST_NAME = 60
_NAMED = 5
_LATE = 2  # days
_DONE = ("created", "deleted", "renamed", "resized")


def since_last_time(past: OverTime) -> Iterator[str]:
    """Say what changed since the last snapshot."""
    if past.changes is None or past.levels is None:
        yield f"{SINCE}: {past.refused[SINCE]}"
        return
    mine = past.changes[past.changes["table"] == "instances_detail"]
    counts = mine.groupby("change")["key"].nunique()
    done = [f"{counts.get(change, 0):,} {change}" for change in _DONE if counts.get(change, 0)]
    brief = past.changes if past.brief is None else past.brief
    others, along = int((brief["table"] != "instances_detail").sum()), len(past.changes) - len(brief)
    beside = f" {many(others, 'change')} in other tables." if others else ""
    beside += f" {many(along, 'row')} of what came or went with its instance are in the workbook." if along else ""
    said = ", ".join(done) or "none created, deleted, renamed or resized"
    yield f"Instances since {moment_text(past.since)}: {said}.{beside}"
    steps = past.levels
    moves = []
    for name in _FIGURES:
        before, after = (steps[name].astype("Float64")[step] for step in ("before", "after"))
        if pd.notna(before) and pd.notna(after) and before != after:
            moves.append(f"{signed(after - before)} {UNITS[name]} ({number(before)} to {number(after)})")
    yield f"Allocated since then: {', '.join(moves)}." if moves else "As much is allocated as then."


def growing(past: OverTime) -> Iterator[str]:
    """Say how fast it grows, with the steps that are no growth."""
    if past.behind > _LATE:
        yield f"The last snapshot is {past.behind:,} days older than this data: what came since counts as one change."
    if past.growth is None:
        both = " and time remaining" if past.refused.get(REMAINING) == past.refused[GROWTH] else ""
        yield f"{GROWTH}{both}: {past.refused[GROWTH]}"
        return
    known = past.growth[past.growth["a_month"].notna()]
    rates = [
        f"{_rounded(row['a_month'])} {UNITS[str(name)]} ({_rounded(row['a_month_low'])} to "
        f"{_rounded(row['a_month_high'])})"
        for name, row in known.iterrows()
        if name in _FIGURES
    ]
    yield f"Growth in 30 days, with the interval of 80 %: {', '.join(rates)}."
    step = _step(known)
    if step:
        yield f"Not in the growth is a step of {step}."
    if past.growth_by_zone is not None:
        zones = past.growth_by_zone.groupby(level="zone", dropna=False, sort=True)
        found = {_place(zone): _step(rows.droplevel("zone")) for zone, rows in zones}
        steps = [f"{zone} {step}" for zone, step in found.items() if step]
        more = f"; and in {many(len(steps) - _NAMED, 'other zone')}" if len(steps) > _NAMED else ""
        if steps:
            yield f"Not in the growth of a zone is a step: {'; '.join(steps[:_NAMED])}{more}."


def _step(growth: pd.DataFrame) -> str:
    """Return the newest step of a group by resource: of vCPUs where they have one; nothing where there is none."""
    stepped = growth.loc[growth["steps"].fillna(0) > 0]
    if stepped.empty:
        return ""
    name = "vcpus" if "vcpus" in stepped.index else str(stepped.index[0])
    row = stepped.loc[name]
    more = f", the last of {row['steps']:,} steps" if row["steps"] > 1 else ""
    return f"{_rounded(row['last_step'])} {UNITS[name]} on {row['last_step_on']:%Y-%m-%d}{more}"


def remaining(past: OverTime) -> Iterator[str]:
    """Say when limits are reached: a line a place, of the resource that is first."""
    if past.forecast is None:
        if past.refused.get(REMAINING) not in (None, past.refused.get(GROWTH)):
            yield f"{REMAINING}: {past.refused[REMAINING]}"
        return
    nearest = past.forecast.loc[past.nearest()]
    full = set(nearest.index[nearest["full"] == NOW].get_level_values("zone"))
    for row in nearest.reset_index().to_dict("records"):
        where = "In all" if row["zone"] == TOTAL else f"In {cut(str(row['zone']), _LONGEST_NAME)}"
        limit = f"the limit of {number(row['limit'])} {UNITS[row['resource']]}"
        if row["full"] == NOW:
            yield f"{where} {limit} is reached already."
            continue
        order = "next" if row["zone"] in full else "first"
        yield f"{where}, reached {order} as it grows: {limit}, {_when(row, past.horizon)}."
    others = past.forecast.drop(index=sorted(set(nearest.index.get_level_values("zone"))), level="zone")
    refused = others["refused"].dropna()
    for zone, why in refused.groupby(level="zone", sort=True).first().items():
        yield f"{REMAINING} is not told {_place(zone)}: {why}."
    there = set(others.index.get_level_values("zone")) - set(refused.index.get_level_values("zone"))
    if there:
        places = ", ".join(_place(zone) for zone in sorted(there))
        yield f"No limit is reached within {past.horizon} days: {places}."


def _when(row: dict[Hashable, Any], horizon: int) -> str:
    """Return the range of dates on which a limit is reached, open at an end that is not within the horizon."""
    dates = {name: f"{row[name]:%Y-%m-%d}" for name in ("earliest", "expected", "latest") if pd.notna(row[name])}
    if "latest" in dates:
        return f"between {dates['earliest']} and {dates['latest']}, expected on {dates['expected']}"
    if "expected" in dates:
        return f"expected on {dates['expected']}, not before {dates['earliest']}, and perhaps not within {horizon} days"
    return f"perhaps, not before {dates['earliest']}; it is not expected within {horizon} days"


def _place(zone: Any) -> str:
    if pd.isna(zone):
        return MISSING
    return "in all" if zone == TOTAL else cut(str(zone), _LONGEST_NAME)


def _rounded(value: Any) -> str:
    """Return a rate with its sign; what is estimated has no decimals that mean something."""
    return signed(round(float(value))) if abs(value) >= 10 else signed(round(float(value), 1))
