"""Comparisons against plain arithmetic on the service's JSON."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables
from toastnb.capacity import compare, what_if

RESOURCES = ["instances", "vcpus", "ram_gb", "root_gb", "attached_gb", "disk_gb"]
COLUMNS = ["before", "after", "difference", "difference_share", "unknown_before", "unknown_after"]


def detail(instances: list[Raw]) -> pd.DataFrame:
    return tables(instances)["instances_detail"]


def row(table: pd.DataFrame, *key: str) -> list[float | None]:
    return plain(table.loc[key])


def plain(figures: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else value for value in figures]


def test_a_plan_side_by_side_with_what_is() -> None:
    before = [instance(1), instance(2), instance(3, availabilityZone="b")]
    after = [instance(1), instance(3, availabilityZone="c"), instance(4, availabilityZone="c")]
    table = compare(detail(before), detail(after))
    assert table.index.names == ["zone", "resource"]
    assert table.index.get_level_values("zone").unique().tolist() == ["a", "b", "c", "Total"]
    assert table.loc["a"].index.tolist() == RESOURCES
    assert row(table, "a", "vcpus") == [4, 2, -2, -0.5, 0, 0]
    assert row(table, "a", "ram_gb") == [8, 4, -4, -0.5, 0, 0]
    assert row(table, "b", "disk_gb") == [150, 0, -150, -1, 0, 0]
    assert row(table, "c", "instances") == [0, 2, 2, None, 0, 0]
    assert row(table, "Total", "attached_gb") == [300, 300, 0, 0, 0, 0]


def test_what_is_not_known_is_counted_by_figure_and_is_not_zero() -> None:
    dark = {"flavor": {"id": "f", "cpu": None, "ram": 2048}}
    before = [instance(1), instance(2, **dark), instance(3, availabilityZone="b", **dark)]
    table = compare(detail(before), detail(before[:2]))
    assert row(table, "a", "vcpus") == [2, 2, 0, 0, 1, 1]
    assert row(table, "a", "ram_gb") == [6, 6, 0, 0, 0, 0]
    assert row(table, "b", "vcpus") == [None, 0, None, None, 1, 0]
    assert row(table, "Total", "vcpus") == [2, 2, 0, 0, 2, 1]
    assert row(table, "Total", "instances") == [3, 2, -1, pytest.approx(-1 / 3), 0, 0]


def test_a_side_of_which_nothing_is_known_has_no_total_though_the_other_has_more_groups() -> None:
    dark = instance(1, flavor=None)
    table = compare(detail([dark]), detail([dark, instance(2, availabilityZone="b")]))
    assert row(table, "Total", "vcpus") == [None, 2, None, None, 1, 1]
    assert row(table, "b", "vcpus") == [0, 2, 2, None, 0, 0]


def test_groups_stand_as_in_totals_the_missing_last() -> None:
    before, after = [instance(1, availabilityZone=None), instance(2, availabilityZone="z")], [instance(3)]
    table = compare(detail(before), detail(after))
    assert table.index.get_level_values("zone").unique().tolist() == ["a", "z", "(missing)", "Total"]
    assert row(table, "(missing)", "instances") == [1, 0, -1, -1, 0, 0]


def test_several_keys_families_and_figures_as_keys() -> None:
    before = detail([instance(1), instance(2, flavor={"id": "u", "name": "u2.c1m1", "cpu": 1, "ram": 1024})])
    table = compare(before, what_if(before, {"stop": "id-1"}), by=["family", "status"])
    groups = [("m2", "ACTIVE"), ("m2", "STOP"), ("u2", "ACTIVE"), ("Total", "")]
    assert table.index.droplevel("resource").unique().tolist() == groups
    assert row(table, "m2", "STOP", "vcpus") == [0, 2, 2, None, 0, 0]
    by_size = compare(before, before, by="vcpus")
    assert by_size.xs("vcpus", level="resource").before.to_dict() == {"1": 1, "2": 2, "Total": 3}
    assert by_size.index.names == ["vcpus", "resource"]


def test_keys_of_different_kinds_are_compared_as_text() -> None:
    before, after = detail([instance(1)]).assign(rack=[7]), detail([instance(1)]).assign(rack=["7"])
    assert row(compare(before, after, by="rack"), "7", "vcpus") == [2, 2, 0, 0, 0, 0]


def test_only_the_states_that_are_asked_for_count() -> None:
    vms = detail([instance(1), instance(2, status="STOP"), instance(3, status="DELETING")])
    stopped = what_if(vms, {"stop": "id-1"})
    assert row(compare(vms, stopped), "a", "vcpus") == [4, 4, 0, 0, 0, 0]
    assert row(compare(vms, stopped, status="running"), "a", "vcpus") == [2, 0, -2, -1, 0, 0]


@given(accounts, accounts)
def test_each_side_has_the_totals_of_its_own_frame(left: list[Raw], right: list[Raw]) -> None:
    before, after = detail(left), detail(right)
    table = compare(before, after, by="zone")
    for side, raw, vms in (("before", left, before), ("after", right, after)):
        zones = {item["availabilityZone"] or "(missing)" for item in raw if item["status"] != "DELETING"}
        zones = {"Total (zone)" if zone == "Total" else zone for zone in zones}
        totals = tn.capacity.totals(vms, by="zone")[RESOURCES].astype("Float64")
        assert len(totals) == len(zones) + 1
        last = table[side].tail(len(RESOURCES)).droplevel("zone")
        pd.testing.assert_series_equal(last, totals.iloc[-1].rename_axis("resource"), check_names=False)
        groups = table[side].iloc[: -len(RESOURCES)].unstack("resource")
        for zone in groups.index:
            expected = plain(totals.iloc[:-1].loc[zone]) if zone in zones else [0] * len(RESOURCES)
            assert plain(groups.loc[zone, RESOURCES]) == expected


@given(accounts, accounts)
def test_back_again_is_the_same_with_the_other_sign(left: list[Raw], right: list[Raw]) -> None:
    there, back = compare(detail(left), detail(right)), compare(detail(right), detail(left))
    pd.testing.assert_series_equal(there.difference, -back.difference)
    pd.testing.assert_series_equal(there.unknown_before, back.unknown_after, check_names=False)
    pd.testing.assert_series_equal(there.after - there.before, there.difference, check_names=False)


@given(accounts)
def test_unknown_counts_each_figure(instances: list[Raw]) -> None:
    table = compare(detail(instances), detail([]))
    counted = [raw for raw in instances if raw["status"] != "DELETING"]
    lacking = {
        "instances": 0,
        "vcpus": sum((raw["flavor"] or {}).get("cpu") is None for raw in counted),
        "ram_gb": sum((raw["flavor"] or {}).get("ram") is None for raw in counted),
        "root_gb": sum(((raw["volumes"] or {}).get("root") or {}).get("size") is None for raw in counted),
    }
    last = table.unknown_before.tail(len(RESOURCES)).droplevel("zone")
    assert {name: last[name] for name in lacking} == lacking
    assert (table.unknown_after == 0).all()


@pytest.mark.parametrize(("left", "right"), [([], []), ([instance(1)], []), ([], [instance(1)])])
def test_columns_and_dtypes_are_the_same_for_an_empty_account(left: list[Raw], right: list[Raw]) -> None:
    table = compare(detail(left), detail(right))
    assert table.columns.tolist() == COLUMNS
    assert [str(dtype) for dtype in table.dtypes] == ["Float64"] * 4 + ["Int64"] * 2
    assert row(table, "Total", "instances")[:2] == [len(left), len(right)]


def test_the_frames_are_left_as_they_were_and_a_time_that_both_have_is_kept() -> None:
    vms = detail([instance(1)])
    vms.attrs["fetched_at"] = "2026-11-01T00:00:00+00:00"
    copy, later = vms.copy(), vms.copy()
    later.attrs = {"fetched_at": "2026-12-01T00:00:00+00:00"}
    assert compare(vms, copy).attrs == vms.attrs
    assert compare(vms, later).attrs == {}
    pd.testing.assert_frame_equal(vms, copy)


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ({"columns": ["vcpus"]}, {}, "after lacks the columns vcpus"),
        ({"columns": ["flavor_name"]}, {"by": "family"}, "after lacks the columns flavor_name"),
        ({"columns": []}, {"by": "team"}, "before lacks the columns team"),
        ({"columns": []}, {"by": []}, "by is empty"),
        ({"columns": []}, {"status": "GONE"}, "'GONE' is not known"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], arguments: dict[str, Any], said: str) -> None:
    vms = detail([instance(1)])
    with pytest.raises(tn.InvalidInput, match=said):
        compare(vms, vms.drop(**change), **arguments)
    with pytest.raises(tn.InvalidInput, match="after is list, but must be a DataFrame"):
        compare(vms, [1])  # type: ignore[arg-type]
