"""The report's summary: what a planning meeting asks first, in sentences with the figures."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from toastnb import audit, capacity
from toastnb.capacity.limits import Limits
from toastnb.capacity.prices import PriceTable
from toastnb.capacity.selection import MISSING, TOTAL
from toastnb.capacity.zones import known_zones
from toastnb.inventory import Inventory
from toastnb.plain import cut, line, many
from toastnb.report.over_time import OverTime
from toastnb.report.over_time_words import UNITS, growing, remaining, since_last_time
from toastnb.report.sentences import Sentences
from toastnb.report.shapes import moment_text

_NAMED = 5
_LONGEST, _LONGEST_NAME = 1000, 60


def summary(
    inventory: Inventory,
    limits: Limits | None = None,
    prices: PriceTable | None = None,
    findings: pd.DataFrame | None = None,
    past: OverTime | None = None,
) -> Sentences:
    """Say in sentences what an account has allocated, and what to look at: what is urgent first.

    First what is full, what the loss of a zone means, what will be full, what the audit found and what is reclaimable;
    then what remains below limits, the sizes, what changed and grows, and what it costs.

    Parameters
    ----------
    inventory : Inventory
        The account.
    limits : mapping, DataFrame or path-like, optional
        As in `capacity.headroom`.
    prices : DataFrame or path-like, optional
        As in `capacity.cost`.
    findings : DataFrame, optional
        As `audit.run` answers.
    past : OverTime, optional
        As `over_time` answers: what changed since last time, growth and time remaining.

    Returns
    -------
    Sentences
        A tuple of str. In a notebook it shows as a list; all text in it is escaped.

    Raises
    ------
    InvalidInput
        When limits or prices are not right.

    Examples
    --------
    >>> import toastnb as tn
    >>> said = tn.report.summary(toast.inventory(), limits={"vcpus": 1000})
    >>> said[-3]
    '250 instances in 2 zones have allocated 885 vCPUs, 2,262 GB of RAM and 26,900 GB of disk.'
    """
    vms, zones = inventory.instances_detail, inventory.tables.get("availability_zones")
    left = None if limits is None else capacity.headroom(vms, limits, zones=zones)
    full = None if left is None else left[left["remaining"].le(0).fillna(False)]
    was_full, ahead = _by_urgency(past, full)
    said = [
        f"Account: {inventory.source or 'not known'}. The data was fetched at {moment_text(inventory.fetched_at)}.",
        *_full(full),
        *(() if was_full is None else remaining(was_full)),
        *_failure(vms, limits, zones),
        *_alone(vms),
        *(() if ahead is None else remaining(ahead)),
        *_audit(findings),
        *_reclaimable(vms, inventory.fetched_at, past),
        *_closest(left),
        *_size(vms),
        *_balance(vms),
        *(() if past is None else [*since_last_time(past), *growing(past)]),
        *_offers(vms, inventory.tables.get("flavors")),
        *_cost(vms, prices, inventory.fetched_at),
        *_waivers(findings),
    ]
    if inventory.absent:
        said.append(f"This account is not served {', '.join(inventory.absent)}: what needs them is missing here.")
    return Sentences(cut(line(sentence), _LONGEST) for sentence in said)


def _amount(value: float, unit: str) -> str:
    if pd.isna(value):
        return f"an unknown number of {UNITS[unit]}"
    word = "instance" if unit == "instances" and value == 1 else UNITS[unit]
    return f"{value:,.0f} {word}"


def _not_known(count: float) -> str:
    """Say how many instances may add to a figure."""
    return f" ({count:,.0f} not known)" if count else ""


def _named(names: pd.Index) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(cut(str(name), _LONGEST_NAME) for name in names[:_NAMED])}{more}"


def _size(vms: pd.DataFrame) -> Iterator[str]:
    whole = capacity.totals(vms, by="zone").iloc[-1]
    figures = [_amount(whole[name], name) for name in ("vcpus", "ram_gb", "disk_gb")]
    zones = len(known_zones(vms, None))
    where = f"{zones:,} zone{'s' * (zones != 1)}"
    has = "has" if whole["instances"] == 1 else "have"
    instances = _amount(whole["instances"], "instances")
    yield f"{instances} in {where} {has} allocated {figures[0]}, {figures[1]} and {figures[2]}."
    states = vms["status"].value_counts()
    counted = [f"{count:,} {cut(str(state), _LONGEST_NAME)}" for state, count in states.items()]
    if vms["status"].isna().any():
        counted.append(f"{int(vms['status'].isna().sum()):,} not known")
    if counted:
        yield f"By state: {', '.join(counted)}."
    if whole["unknown"]:
        lack = "lacks" if whole["unknown"] == 1 else "lack"
        yield f"{_amount(whole['unknown'], 'instances')} {lack} a figure: counted as unknown, not as zero."


def _balance(vms: pd.DataFrame) -> Iterator[str]:
    zones = capacity.zone_balance(vms).dropna(subset="vcpus_skew").nlargest(1, "vcpus_skew")
    for zone, share, skew in zip(zones.index, zones["vcpus_share"], zones["vcpus_skew"], strict=True):
        yield f"{zone} holds {share:.0%} of the vCPUs, {skew:.2f} times an even share."


def _failure(vms: pd.DataFrame, limits: Limits | None, zones: pd.DataFrame | None) -> Iterator[str]:
    table = capacity.zone_failure(vms, limits, zones=zones)
    if not len(table):
        return
    together = table.xs(TOTAL, level="survivor").xs("vcpus", level="resource")
    worst = together["absorbs"].dropna().sort_values(ascending=False)
    if not len(worst) or not worst.iloc[0]:
        return
    lost = str(worst.index[0])
    load, unknown = table["absorbs"].loc[lost, TOTAL], table["unknown"].loc[lost, TOTAL]["vcpus"]
    survivors = table.loc[lost].index.get_level_values("survivor").nunique() - 1
    if not survivors:
        yield f"All of it is in {lost}: if that zone is lost, nothing survives."
        return
    growth = together["growth_share"].get(lost)
    zone, it = ("the other zone", "it runs") if survivors == 1 else (f"the {survivors} other zones", "they run")
    percent = f", {growth:.0%} of what {it} today" if pd.notna(growth) else ""
    yield (
        f"If {lost} is lost, {zone} must absorb {_amount(worst.iloc[0], 'vcpus')}{percent}, and "
        f"{_amount(load['ram_gb'], 'ram_gb')}{_not_known(unknown)}."
    )
    yield from _shortfalls(table["shortfall"].fillna(0))


def _shortfalls(lacking: pd.Series) -> Iterator[str]:
    """Say which limits do not suffice without a zone: a sentence a lost zone, the first few of them."""
    each = lacking.drop(TOTAL, level="survivor")
    together = lacking.xs(TOTAL, level="survivor")
    beyond = together - each.groupby(level=["lost", "resource"]).sum().reindex(together.index).fillna(0)
    each, together = each[each > 0], together[beyond > 0]
    losses = list(dict.fromkeys([*each.index.get_level_values("lost"), *together.index.get_level_values("lost")]))
    for lost in losses[:_NAMED]:
        said = []
        if lost in each.index:
            short = {name: _amounts(rows.droplevel("survivor")) for name, rows in each[lost].groupby("survivor")}
            first, *others = [f"{cut(str(name), _LONGEST_NAME)} {{}} {amounts}" for name, amounts in short.items()]
            limit = "its limit" if len(each[lost]) == 1 else "its limits" if not others else "their limits"
            said = [", ".join([first.format("falls short of"), *(other.format("of") for other in others)])]
            said[0] += f" against {limit}"
        if lost in together.index:
            said.append(
                f"{_amounts(together[lost])} are lacking against the limit in all, until what was there is deleted"
            )
        yield f"Without {cut(lost, _LONGEST_NAME)}, {', and '.join(said)}."
    if len(losses) > _NAMED:
        yield f"Limits do not suffice without {many(len(losses) - _NAMED, 'other zone')} either."


def _amounts(figures: pd.Series) -> str:
    """Return amounts by resource as a list: "193 vCPUs, 711 GB of RAM and 14,390 GB of disk"."""
    *most, last = [_amount(value, str(unit)) for unit, value in figures.items()]
    return f"{', '.join(most)} and {last}" if most else last


def _alone(vms: pd.DataFrame) -> Iterator[str]:
    alone = capacity.single_zone(vms, app="prefix").drop(MISSING, errors="ignore")
    if len(alone) and vms["zone"].nunique() > 1:
        yield f"{len(alone):,} applications (by name prefix) run in one zone only: {_named(alone.index)}."


def _offers(vms: pd.DataFrame, flavors: pd.DataFrame | None) -> Iterator[str]:
    if flavors is None:
        return
    mix = capacity.flavor_mix(vms, flavors)
    old = mix.index[mix["offer"].isin(["disabled", "gone"])]
    if len(old):
        yield f"Flavors in use that are no longer on offer: {_named(old)}."


def _full(left: pd.DataFrame | None) -> Iterator[str]:
    """Say of which limits nothing remains: a sentence a place, the fullest limit first."""
    if left is None:
        return
    for zone, rows in left.sort_values("allocated_share", ascending=False).groupby("zone", sort=False):
        states = [_state(row) for row in rows.reset_index().to_dict("records")]
        yield f"{_in(zone)}, full today: {'; '.join(states)}."


def _closest(left: pd.DataFrame | None) -> Iterator[str]:
    """Say of each place that is not full what is closest to its limit."""
    if left is None:
        return
    close = left[left["binding"].fillna(False) & left["remaining"].gt(0).fillna(False)]
    for row in close.reset_index().to_dict("records"):
        yield f"{_in(row['zone'])}, closest to its limit today: {_state(row)}."


def _in(zone: Hashable) -> str:
    return "In all" if zone == TOTAL else f"In {cut(str(zone), _LONGEST_NAME)}"


def _state(row: Mapping[Hashable, Any]) -> str:
    share = f" ({row['allocated_share']:.0%})" if pd.notna(row["allocated_share"]) else ""
    what = f"{row['allocated']:,.0f} of {_amount(row['limit'], row['resource'])} are allocated{share}"
    left = f"{row['remaining']:,.0f} remain" if row["remaining"] >= 0 else f"{-row['remaining']:,.0f} too many"
    return f"{what}, {left}{_not_known(row['unknown'])}"


def _by_urgency(past: OverTime | None, full: pd.DataFrame | None) -> tuple[OverTime | None, OverTime | None]:
    """Tell what the last snapshot had full, without places of which today says so, from what is ahead."""
    if past is None or past.forecast is None:
        return None, past
    now = past.forecast["binding"].fillna(False) & past.forecast["full"].eq("now").fillna(False)
    zones = past.forecast.index.get_level_values("zone")
    was_full = zones.isin(zones[now.to_numpy(bool)])
    is_said = zones.isin([] if full is None else full.index.unique("zone"))
    return replace(past, forecast=past.forecast[was_full & ~is_said]), replace(past, forecast=past.forecast[~was_full])


def _reclaimable(vms: pd.DataFrame, at: str, past: OverTime | None) -> Iterator[str]:
    table = capacity.reclaimable(vms, at=at, history=None if past is None else past.history)
    if not len(table):
        return
    sums = [_amount(table[name].sum(min_count=1), name) for name in ("vcpus", "ram_gb", "disk_gb")]
    hold = "holds" if len(table) == 1 else "hold"
    gaps = _not_known(table["unknown"].sum())
    yield f"{_amount(len(table), 'instances')} in STOP or ERROR {hold} {sums[0]}, {sums[1]} and {sums[2]}{gaps}."
    billed = int((table["billing"].eq("full") & table["status"].eq("STOP")).sum())
    if billed:
        yield f"{billed:,} of them are stopped for 90 days or more, so they are billed in full again."


def _cost(vms: pd.DataFrame, prices: PriceTable | None, at: str) -> Iterator[str]:
    if prices is None:
        return
    whole = capacity.cost(vms, prices, at=at).loc[TOTAL]
    if pd.isna(whole["total_low"]):
        yield "No price that was given is for what is allocated, as far as that is known."
        return
    low, high = f"{whole['total_low']:,.0f}", f"{whole['total_high']:,.0f}"
    span = low if low == high else f"{low} to {high}"
    missing = f"; {whole['unpriced']:,.0f} instances lack a price" if whole["unpriced"] else ""
    yield f"By the given prices it costs {span} a month{missing}."


def _audit(findings: pd.DataFrame | None) -> Iterator[str]:
    if findings is None:
        return
    counts = findings["severity"].value_counts()
    found = [f"{counts.get(severity, 0):,} {severity}" for severity in ("high", "medium", "low", "info")]
    checks = audit.summary(findings)
    silent = int(checks["status"].eq("not run").sum())
    waived = int(checks["waived"].sum())
    off = int(checks["status"].eq("off").sum())
    ran = f"{silent:,} of {len(checks):,} checks did not run{f', {off:,} are switched off' if off else ''}"
    yield f"The audit found {', '.join(found)}; {waived:,} more are waived. {ran}."


def _waivers(findings: pd.DataFrame | None) -> Iterator[str]:
    if findings is None:
        return
    idle = audit.waivers(findings)["status"].value_counts().drop("used", errors="ignore")
    if len(idle):
        yield f"Waivers that do nothing: {', '.join(f'{count:,} {status}' for status, count in idle.items())}."
