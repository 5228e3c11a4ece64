"""The plot of the mix of flavors."""

from __future__ import annotations

import pandas as pd

import toastnb as tn
from tests.capacity.builders import instance, tables
from tests.plots.drawn import collisions, names, notes, unit, widths

SIZES = {"s": (2, 2), "m": (8, 16), "l": (16, 64)}


def mixed(*kinds: str) -> pd.DataFrame:
    flavors = [{"id": kind, "name": f"x.{kind}", "cpu": SIZES[kind][0], "ram": SIZES[kind][1] * 1024} for kind in kinds]
    return tables([instance(number, flavor=flavor) for number, flavor in enumerate(flavors)])["instances_detail"]


def offered(*kinds: str, disabled: str = "") -> pd.DataFrame:
    columns = {"flavor_id": kinds, "type": ["general"] * len(kinds), "disabled": [kind == disabled for kind in kinds]}
    return pd.DataFrame(columns).astype({"flavor_id": "str", "type": "str", "disabled": "boolean"})


def test_flavors_are_sorted_by_vcpus_with_both_shares_and_their_figures() -> None:
    ax = tn.plots.flavor_mix(tn.capacity.flavor_mix(mixed("s", "s", "s", "m", "l")))
    assert names(ax) == ["x.l", "x.m", "x.s"]
    assert notes(ax) == ["53.3 % · 16", "26.7 % · 8", "20 % · 6", "20 % · 1", "20 % · 1", "60 % · 3"]
    assert [round(width, 1) for width in widths(ax, "Instances")] == [20, 20, 60]
    assert unit(ax) == "Share of all (%)"
    assert ax.get_title(loc="left") == "Mix by flavor name"


def test_flavors_that_cannot_be_had_any_more_are_marked_also_behind_a_long_name() -> None:
    vms = mixed("s", "m", "l")
    vms["flavor_name"] = vms["flavor_name"].replace("x.s", "s" * 60)
    ax = tn.plots.flavor_mix(tn.capacity.flavor_mix(vms, offered("s", "l", disabled="s")))
    assert names(ax) == ["x.l", "x.m (gone)", f"{'s' * 39}… (disabled)"]


def test_families_are_drawn_alike() -> None:
    ax = tn.plots.flavor_mix(tn.capacity.flavor_mix(mixed("s", "m"), by="family"))
    assert names(ax) == ["x"]
    assert notes(ax) == ["100 % · 10", "100 % · 2"]


def test_vcpus_that_are_not_known_have_no_bar() -> None:
    made = tables([instance(1), instance(2, flavor={"id": "y", "name": "y.y"})])["instances_detail"]
    ax = tn.plots.flavor_mix(tn.capacity.flavor_mix(made))
    assert names(ax) == ["m2.c2m4", "y.y"]
    assert notes(ax)[:2] == ["100 % · 2", "not known"]
    assert widths(ax, "vCPUs") == [100, 0]


def test_past_thirty_bars_the_share_of_the_rest_is_said() -> None:
    made = [
        instance(number, flavor={"id": str(number), "name": f"{'유형' * 18}{number}", "cpu": 1}) for number in range(40)
    ]
    ax = tn.plots.flavor_mix(tn.capacity.flavor_mix(tables(made)["instances_detail"]))
    assert len(names(ax)) == 15
    assert unit(ax) == "Share of all (%); 25 others: 62.5 % of vCPUs"
    assert collisions(ax) == []


def test_no_instances_are_said_without_a_legend() -> None:
    ax = tn.plots.flavor_mix(tn.capacity.flavor_mix(mixed()))
    assert notes(ax) == ["no instances"]
    assert ax.get_legend() is None
