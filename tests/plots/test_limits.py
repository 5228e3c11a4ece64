"""Plots of headroom, as resources and as flavors that fit."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import instance, tables
from tests.plots.drawn import collisions, legend, names, notes, unit, vms, widths

FLAVORS = pd.DataFrame(
    {
        "name": ["s", "l"],
        "vcpus": pd.array([1, 4], dtype="Int64"),
        "ram_mb": pd.array([1024, 65536], dtype="Int64"),
        "volume_gb": pd.array([None, None], dtype="Int64"),
        "max_volume_gb": pd.array([None, None], dtype="Int64"),
        "disabled": pd.array([False, False], dtype="boolean"),
    }
)


def test_the_fullest_limit_comes_first_and_says_what_remains_and_what_binds() -> None:
    ax = tn.plots.headroom(tn.capacity.headroom(vms(a=3), {"vcpus": 8, "ram_gb": 1200, "disk_gb": 900}))
    assert names(ax) == ["in all · vCPUs", "in all · Disks (GB)", "in all · RAM (GB)"]
    assert notes(ax) == ["75 %, 2 left · binds", "50 %, 450 left", "1 %, 1,188 left"]
    assert widths(ax, "allocated") == [75, 50, 1]
    assert legend(ax) == ["allocated", "limit"]
    assert ax.get_lines()[0].get_xdata()[0] == 100
    assert ax.get_xlim()[1] > 100
    assert unit(ax) == "Allocated share of the limit (%)"
    assert {text.xy[0] for text in ax.texts} == {100}  # right of the line, which runs through none of them


def test_what_is_above_the_limit_has_a_look_of_its_own() -> None:
    ax = tn.plots.headroom(tn.capacity.headroom(vms(a=3, b=1), {"a": {"vcpus": 4}, "b": {"vcpus": 4}}))
    assert notes(ax) == ["150 %, 2 above · binds", "50 %, 2 left · binds"]
    assert widths(ax, "allocated") == [100, 50]
    assert widths(ax, "above the limit") == [50, 0]
    looks = {drawn[0].get_hatch() for drawn in ax.containers}
    assert len(looks) == 2


def test_exactly_at_the_limit_is_not_above_it() -> None:
    ax = tn.plots.headroom(tn.capacity.headroom(vms(a=2), {"vcpus": 4}))
    assert notes(ax) == ["100 %, 0 left · binds"]
    assert legend(ax) == ["allocated", "limit"]


def test_a_limit_of_zero_is_full_and_first() -> None:
    ax = tn.plots.headroom(tn.capacity.headroom(vms(a=3), {"vcpus": 0, "ram_gb": 12}))
    assert names(ax) == ["in all · vCPUs", "in all · RAM (GB)"]
    assert notes(ax)[0] == "the limit is 0, 6 above · binds"
    assert widths(ax, "allocated") == [0, 100]


def test_what_is_not_known_has_no_bar() -> None:
    made = tables([instance(1, flavor=None)])["instances_detail"]
    ax = tn.plots.headroom(tn.capacity.headroom(made, {"vcpus": 4, "instances": 4}))
    assert names(ax) == ["in all · Instances", "in all · vCPUs"]
    assert notes(ax)[1] == "not known"
    assert widths(ax, "allocated") == [25, 0]


def test_instances_that_lack_the_figure_are_counted() -> None:
    made = tables([instance(1), instance(2, flavor=None)])["instances_detail"]
    ax = tn.plots.headroom(tn.capacity.headroom(made, {"vcpus": 4}))
    assert notes(ax) == ["50 %, 2 left (1 not known) · binds"]


def test_past_thirty_limits_it_is_said_how_many_have_less() -> None:
    zones = {f"z{number:02}": 1 for number in range(40)}
    limits = {zone: {"vcpus": 4} for zone in zones}
    ax = tn.plots.headroom(tn.capacity.headroom(vms(**zones), limits))
    assert (len(names(ax)), unit(ax)) == (30, "Allocated share of the limit (%); 10 others with less")


def test_flavors_that_fit_are_sorted_and_say_what_binds_them() -> None:
    table = tn.capacity.headroom(vms(a=1), {"vcpus": 10, "ram_gb": 132}, FLAVORS)
    ax = tn.plots.headroom(table)
    assert names(ax) == ["s", "l"]
    assert notes(ax) == ["8, bound by vCPUs", "2, bound by vCPUs"]
    assert [bar.get_width() for bar in ax.patches] == [8, 2]
    assert unit(ax) == "More instances that fit"
    assert ax.get_title(loc="left") == "Headroom by flavor, in all"


def test_zones_are_named_where_there_are_several() -> None:
    limits = {"a": {"vcpus": 10}, "b": {"ram_gb": 132}, "*": {"vcpus": 8}}
    ax = tn.plots.headroom(tn.capacity.headroom(vms(a=1, b=1), limits, FLAVORS))
    shown = dict(zip(names(ax), notes(ax), strict=True))
    assert shown["s · in all"] == "4, bound by vCPUs"
    assert shown["s · a"] == "4, bound by vCPUs in all"
    assert shown["l · b"] == "1, bound by vCPUs in all"


def test_past_thirty_flavors_the_range_of_the_rest_is_said() -> None:
    many = pd.concat([FLAVORS.iloc[:1]] * 40, ignore_index=True)
    many["name"] = [f"{'아주-긴-이름-' * 8}{number}" for number in range(40)]
    many["vcpus"] = pd.array(range(1, 41), dtype="Int64")
    ax = tn.plots.headroom(tn.capacity.headroom(vms(a=1), {"vcpus": 82}, many))
    assert (len(names(ax)), unit(ax)) == (30, "More instances that fit; 10 others: 2")
    assert collisions(ax) == []


def test_no_limits_are_said() -> None:
    table = tn.capacity.headroom(vms(a=1), {"vcpus": 4})
    assert notes(tn.plots.headroom(table.iloc[:0])) == ["no limits"]
    assert notes(tn.plots.headroom(tn.capacity.headroom(vms(a=1), {"vcpus": 4}, FLAVORS.iloc[:0]))) == ["no flavors"]


@pytest.mark.parametrize("limit", [1, 7, 8, 9, 1000])
def test_nothing_covers_anything(limit: int) -> None:
    zones = {f"{'zone-' * 9}{number}": 4 for number in range(5)}
    limits = {zone: {"vcpus": limit, "disk_gb": 5} for zone in zones}
    assert collisions(tn.plots.headroom(tn.capacity.headroom(vms(**zones), limits))) == []
