"""Plots of zones: their balance within applications, their loss, and what lives in one of them only."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import instance, tables
from tests.plots.drawn import collisions, legend, names, notes, starts, unit, vms, widths


def failure(limits=None, zones=None, **counts: int) -> pd.DataFrame:
    return tn.capacity.zone_failure(vms(**counts), limits=limits, zones=zones)


def test_each_loss_is_a_group_the_largest_first_and_so_are_its_survivors() -> None:
    ax = tn.plots.zone_failure(failure(a=1, b=6, c=3))
    assert names(ax) == ["b lost:", "c", "a", "c lost:", "b", "a", "a lost:", "b", "c"]
    assert widths(ax, "has today") == [6, 2, 12, 2, 12, 6]
    assert widths(ax, "must absorb") == [6, 6, 3, 3, 1, 1]
    assert starts(ax, "must absorb") == widths(ax, "has today")
    assert ax.yaxis_inverted()


def test_the_growth_and_the_load_are_said() -> None:
    ax = tn.plots.zone_failure(failure(a=1, b=3), "ram_gb")
    assert set(notes(ax)) == {
        "to absorb: 12 GB RAM",
        "16 (+300 %)",
        "to absorb: 4 GB RAM",
        "16 (+33.3 %)",
    }
    assert unit(ax) == "RAM (GB)"


def test_limits_and_even_shares_are_marked_and_what_is_short_is_said() -> None:
    ax = tn.plots.zone_failure(failure({"a": {"vcpus": 5}, "b": {"vcpus": 8}}, a=1, b=3))
    marks = {line.get_label(): sorted(map(float, line.get_xdata())) for line in ax.get_lines()}
    assert marks["even share to provide"] == [8, 8]
    assert marks["limit for all that is allocated"] == [5, 8]
    assert legend(ax) == ["has today", "must absorb", "even share to provide", "limit for all that is allocated"]
    assert "8 (+300 %); 3 short" in notes(ax)
    assert "8 (+33.3 %)" in notes(ax)


def test_without_limits_there_is_no_mark_for_them() -> None:
    assert legend(tn.plots.zone_failure(failure(a=1, b=3))) == ["has today", "must absorb", "even share to provide"]


def test_a_limit_in_all_is_said_with_the_load() -> None:
    ax = tn.plots.zone_failure(failure({"vcpus": 8}, a=1, b=3))
    assert "to absorb: 6 vCPUs; 6 short" in notes(ax)


def test_an_empty_zone_survives_too() -> None:
    ax = tn.plots.zone_failure(failure(zones=["a", "b"], a=2))
    assert names(ax) == ["a lost:", "b", "b lost:", "a"]
    assert notes(ax)[0] == "4"  # no share of growth: it had nothing


def test_a_lone_zone_has_no_survivor() -> None:
    ax = tn.plots.zone_failure(failure(a=2))
    assert names(ax) == ["a lost:"]
    assert notes(ax) == ["to absorb: 4 vCPUs; 4 short"]


def test_what_is_not_known_has_no_bar() -> None:
    made = tables([instance(1), instance(2, availabilityZone="b", flavor=None)])
    ax = tn.plots.zone_failure(tn.capacity.zone_failure(made["instances_detail"]))
    assert sorted(notes(ax)) == ["not known", "not known", "to absorb: 2 vCPUs (1 not known)", "to absorb: not known"]
    assert sorted(widths(ax, "has today")) == [0, 2]
    assert widths(ax, "must absorb") == [0, 0]


def test_instances_that_the_load_leaves_out_are_counted() -> None:
    made = tables([instance(1), instance(2, flavor=None), instance(3, availabilityZone="b")])["instances_detail"]
    ax = tn.plots.zone_failure(tn.capacity.zone_failure(made, {"a": {"vcpus": 3}}))
    assert notes(ax)[-2:] == ["to absorb: 2 vCPUs (1 not known)", "to absorb: 2 vCPUs (1 not known); 1 short"]


def test_past_thirty_rows_whole_losses_are_left_out_and_counted() -> None:
    ax = tn.plots.zone_failure(failure(**{f"zone-{number}": number for number in range(1, 8)}))
    assert len(names(ax)) == 28
    assert names(ax)[0] == "zone-7 lost:"
    assert unit(ax) == "vCPUs; 3 more losses in the table"


@pytest.mark.parametrize("counts", [{"a": 1, "b": 900}, {f"{'존' * 45}{number}": number for number in range(1, 7)}])
def test_nothing_covers_anything(counts: dict[str, int]) -> None:
    limits = {zone: {"vcpus": 700} for zone in counts} | {"*": {"vcpus": 1}}
    assert collisions(tn.plots.zone_failure(failure(limits, **counts))) == []


def test_a_resource_that_is_not_there_is_named() -> None:
    with pytest.raises(tn.InvalidInput, match=r"resource 'gpus' is not in table\. It has instances, vcpus"):
        tn.plots.zone_failure(failure(a=1, b=1), "gpus")


def test_applications_have_shares_of_their_own() -> None:
    made = [instance(number, availabilityZone=zone) for number, zone in enumerate("aab")]
    made.append(instance(9, name="db-1"))
    balance = tn.capacity.zone_balance(tables(made)["instances_detail"], app="prefix")
    ax = tn.plots.zone_balance(balance)
    assert names(ax) == ["db · a", "web · a", "web · b"]
    assert notes(ax)[:3] == ["100 %", "66.7 %", "33.3 %"]
    assert "even (50 %)" in legend(ax)


def test_past_thirty_bars_zones_are_counted() -> None:
    ax = tn.plots.zone_balance(tn.capacity.zone_balance(vms(**{f"z{number}": 1 for number in range(12)})))
    assert len(names(ax)) == 10
    assert unit(ax) == "Share of what is allocated (%); 2 others in the table"
    assert collisions(ax) == []


def test_applications_in_one_zone_are_named_with_it() -> None:
    made = [instance(number, name=f"{app}-{number}") for number, app in enumerate(["web", "db", "web", "erp"])]
    made.append(instance(9, name="erp-9", availabilityZone="b"))
    ax = tn.plots.single_zone(tn.capacity.single_zone(tables(made)["instances_detail"], "prefix"))
    assert names(ax) == ["web (a)", "db (a)"]
    assert notes(ax) == ["4 · 2 instances", "2 · 1 instance"]
    assert unit(ax) == "vCPUs"


def test_past_thirty_applications_the_rest_is_summed_and_what_is_not_known_is_said() -> None:
    made = [instance(number, name=f"app{number}-1") for number in range(33)]
    made[5] |= {"flavor": None}
    ax = tn.plots.single_zone(tn.capacity.single_zone(tables(made)["instances_detail"], "prefix"))
    assert unit(ax) == "vCPUs; 3 others: 4 (1 not known)"
    assert len(names(ax)) == 30


def test_nothing_at_all_is_said() -> None:
    nothing = vms()
    assert notes(tn.plots.zone_failure(tn.capacity.zone_failure(nothing))) == ["no instances"]
    alone = tn.capacity.single_zone(vms(a=1, b=1), "prefix")
    assert notes(tn.plots.single_zone(alone)) == ["no application lives in one zone only"]
