"""From one level to another, step by step, against sums in plain Python."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables

FIGURES = ["instances", "vcpus", "ram_gb", "root_gb", "attached_gb", "disk_gb", "unknown"]
STEPS = ["before", "created", "deleted", "resized", "disks", "other", "after"]


def inventory(instances: list[Raw]) -> tn.Inventory:
    return tn.Inventory(tables(instances), {}, "2026-11-01T00:00:00Z")


def column(before: list[Raw], after: list[Raw], name: str, **options: Any) -> dict[str, Any]:
    table = tn.history.waterfall(inventory(before), inventory(after), **options)
    assert table.columns.tolist() == FIGURES
    values: dict[str, Any] = table[name].dropna().to_dict()
    return {step: value for step, value in values.items() if value}


def disks(root: int, *attached: int) -> Raw:
    return {"root": {"size": root}, "attachments": [{"id": f"v{size}", "size": size} for size in attached]}


def test_each_cause_has_its_step() -> None:
    before = [instance(1), instance(2), instance(3), instance(4, volumes=disks(50))]
    larger = {"id": "g", "name": "m2.c4m8", "cpu": 4, "ram": 8192}
    after = [instance(1, flavor=larger), instance(2), instance(4, volumes=disks(60, 10)), instance(5), instance(6)]
    assert column(before, after, "instances") == {"before": 4, "created": 2, "deleted": -1, "after": 5}
    assert column(before, after, "vcpus") == {"before": 8, "created": 4, "deleted": -2, "resized": 2, "after": 12}
    assert column(before, after, "ram_gb") == {"before": 16, "created": 8, "deleted": -4, "resized": 4, "after": 24}
    assert column(before, after, "root_gb") == {
        "before": 200,
        "created": 100,
        "deleted": -50,
        "disks": 10,
        "after": 260,
    }
    assert column(before, after, "attached_gb") == {
        **{"before": 300, "created": 200, "deleted": -100, "disks": 10, "after": 410}
    }


def test_what_is_being_deleted_is_no_longer_allocated() -> None:
    before, after = [instance(1), instance(2)], [instance(1, status="DELETING"), instance(2)]
    assert column(before, after, "instances") == {"before": 2, "deleted": -1, "after": 1}


def test_a_figure_that_becomes_known_is_other_and_no_growth() -> None:
    before, after = [instance(1, flavor=None), instance(2)], [instance(1), instance(2)]
    assert column(before, after, "vcpus") == {"before": 2, "other": 2, "after": 4}
    assert column(before, after, "unknown") == {"before": 1, "other": -1}
    assert column(after, before, "vcpus") == {"before": 4, "other": -2, "after": 2}


def test_a_step_of_which_nothing_is_known_is_missing_and_not_zero() -> None:
    table = tn.history.waterfall(inventory([instance(1)]), inventory([instance(1), instance(2, flavor=None)]))
    assert pd.isna(table.vcpus["created"])
    assert (table.instances["created"], table.unknown["created"], table.vcpus["after"]) == (1, 1, 2)


def test_what_goes_to_another_group_is_other_in_both() -> None:
    before, after = [instance(1), instance(2)], [instance(1, availabilityZone="b"), instance(2)]
    table = tn.history.waterfall(inventory(before), inventory(after), by="zone")
    assert table.index.names == ["zone", "step"]
    assert table.instances.loc["a"].to_dict() == dict.fromkeys(STEPS, 0) | {"before": 2, "other": -1, "after": 1}
    assert table.instances.loc["b"].to_dict() == dict.fromkeys(STEPS, 0) | {"other": 1, "after": 1}


@pytest.mark.parametrize("by", [None, "zone", ["zone", "family"]])
def test_nothing_comes_from_nothing(by: Any) -> None:
    table = tn.history.waterfall(inventory([]), inventory([]), by=by)
    assert table.columns.tolist() == FIGURES
    assert set(table.dtypes.astype(str)) == {"Int64", "Float64"}
    assert len(table) == (7 if by is None else 0)
    assert not table.any().any()


def test_what_it_is_given_is_checked() -> None:
    one = inventory([instance(1)])
    with pytest.raises(tn.InvalidInput, match="must be an Inventory"):
        tn.history.waterfall(one, one.instances_detail)
    with pytest.raises(tn.InvalidInput, match="lacks the columns team"):
        tn.history.waterfall(one, one, by="team")


@given(accounts, accounts)
def test_it_adds_up_and_begins_and_ends_with_the_totals(before: list[Raw], after: list[Raw]) -> None:
    sides = [inventory(drawn) for drawn in (before, after)]
    whole = tn.history.waterfall(*sides)
    by_zone = tn.history.waterfall(*sides, by="zone")
    for table in (whole, *(rows.droplevel("zone") for _, rows in by_zone.groupby("zone"))):
        filled = table.fillna(0)
        assert filled.drop(index="after").sum().to_dict() == filled.loc["after"].to_dict()
    for step, one in zip(("before", "after"), sides, strict=True):
        total = tn.capacity.totals(one.instances_detail).loc["Total", FIGURES]
        pd.testing.assert_series_equal(whole.loc[step], total, check_names=False, check_dtype=False)
    created = {raw["id"] for raw in after if raw["status"] != "DELETING"}
    created -= {raw["id"] for raw in before if raw["status"] != "DELETING"}
    assert whole.instances["created"] == len(created)
    assert by_zone.groupby("step").instances.sum().reindex(STEPS, fill_value=0).to_dict() == whole.instances.to_dict()
