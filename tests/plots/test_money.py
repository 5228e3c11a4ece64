"""Plots of what could be had back, and of what it costs."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables
from tests.plots.drawn import collisions, legend, names, notes, starts, unit, vms, widths

AT = pd.Timestamp("2026-11-01T00:00:00Z")


def stopped(
    number: int, days: float | None, booted: float | None = 1000, status: str = "STOP", **fields: object
) -> Raw:
    """Return an instance of 150 GB that has not changed for so many days, and was booted so many days ago."""
    ages = {"updatedAt": days, "launchedAt": booted, "createdAt": booted}
    times = {name: None if age is None else (AT - pd.Timedelta(days=age)).isoformat() for name, age in ages.items()}
    return instance(number, status=status, **times, **fields)


def held(*made: Raw) -> pd.DataFrame:
    return tn.capacity.reclaimable(tables(list(made))["instances_detail"], at=AT)


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (0, "under 30 days"),
        (29.99, "under 30 days"),
        (30, "30 to 90 days"),
        (89.99, "30 to 90 days"),
        (90, "90 to 365 days"),
        (364.99, "90 to 365 days"),
        (365, "365 days or more"),
        (4000, "365 days or more"),
        (None, "not known"),
    ],
)
def test_a_class_of_time_begins_with_its_first_day(days: float | None, name: str) -> None:
    assert names(tn.plots.reclaimable(held(stopped(1, days)))) == [name]


def test_classes_of_time_have_their_own_order_and_are_stacked_by_billing() -> None:
    ax = tn.plots.reclaimable(
        held(
            stopped(1, 10, booted=20), stopped(2, 10), stopped(3, 400), stopped(4, 10, status="ERROR"), stopped(5, None)
        )
    )
    assert names(ax) == ["365 days or more", "under 30 days", "not known"]
    assert notes(ax) == ["150 GB · 1 instance", "450 GB · 3 instances", "150 GB · 1 instance"]
    assert legend(ax) == ["full", "reduced or full", "reduced"]
    assert widths(ax, "full") == [150, 150, 0]
    assert (widths(ax, "reduced or full"), starts(ax, "reduced or full")[1]) == ([0, 150, 150], 150)
    assert (widths(ax, "reduced"), starts(ax, "reduced")[1]) == ([0, 150, 0], 300)
    assert len({drawn[0].get_hatch() for drawn in ax.containers}) == 3
    assert ax.get_xlabel() == "Disks (GB)"


def test_disks_that_are_not_known_are_counted_and_not_drawn() -> None:
    some = held(stopped(1, 1), stopped(2, 1, volumes=None))
    assert notes(tn.plots.reclaimable(some)) == ["150 GB · 2 instances (1 not known)"]
    none = held(stopped(1, 1, volumes=None))
    ax = tn.plots.reclaimable(none)
    assert notes(ax) == ["not known · 1 instance"]
    assert ax.containers == []


def priced(made: list[Raw], by: str = "zone", **prices: float) -> pd.DataFrame:
    vms = tables(made)["instances_detail"]
    table = tn.capacity.price_template(vms)
    table["price"] = table["name"].map({"m2.c2m4": 1.0, "root": 0.1, "attached": 0.2} | prices).astype("Float64")
    return tn.capacity.cost(vms, table, by=by, at=AT, hours=100)


def test_groups_are_sorted_and_what_is_not_certain_is_hatched() -> None:
    running = [stopped(number, 10, status="ACTIVE", availabilityZone="b") for number in range(3)]
    ax = tn.plots.cost(priced([stopped(9, 10), *running]))
    assert names(ax) == ["b", "a"]
    assert widths(ax, "at least") == [375, 35]
    assert widths(ax, "at most") == [0, 90]
    assert starts(ax, "at most") == [375, 35]
    assert notes(ax) == ["375", "35 to 125"]
    assert ax.get_xlabel() == "Price units a month"
    assert legend(ax) == ["at least", "at most"]


def test_what_has_no_price_is_counted_and_what_is_not_known_has_no_bar() -> None:
    odd = {"id": "x", "name": "x1.c1m1", "cpu": 1, "ram": 1024}
    made = [stopped(1, 10, status="ACTIVE"), stopped(2, 10, status="ACTIVE", flavor=odd)]
    made.append(stopped(3, 10, status="ACTIVE", flavor=odd, volumes=None, availabilityZone="b"))
    ax = tn.plots.cost(priced(made))
    assert names(ax) == ["a", "b"]
    assert notes(ax) == ["150, 1 not fully priced", "not known, 1 not fully priced"]
    assert widths(ax, "at least") == [150, 0]


def test_past_thirty_groups_the_rest_is_summed() -> None:
    made = [stopped(number, 10, name=f"{'긴-이름-' * 9}{number}") for number in range(40)]
    ax = tn.plots.cost(priced(made, by="name"))
    assert len(names(ax)) == 30
    assert unit(ax) == "Price units a month; 10 others: 350 to 1,250"
    assert collisions(ax) == []


def test_nothing_at_all_is_said() -> None:
    nothing = vms()
    assert notes(tn.plots.reclaimable(held())) == ["no instances"]
    assert notes(tn.plots.cost(tn.capacity.cost(nothing, tn.capacity.price_template(vms(a=1)), at=AT))) == [
        "no instances"
    ]
