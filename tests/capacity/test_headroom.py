"""What remains and what fits, against plain arithmetic."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables


def headroom(instances: list[Raw], limits: Any, **arguments: Any) -> pd.DataFrame:
    return tn.capacity.headroom(tables(instances)["instances_detail"], limits, **arguments)


def flavors(*shapes: tuple[str, int | None, int | None, int | None, bool | None]) -> pd.DataFrame:
    """Return flavors of these names, vCPUs, MB of RAM, GB of fixed disk, and whether they are disabled."""
    names, vcpus, ram, disk, disabled = zip(*shapes, strict=True)
    return pd.DataFrame(
        {
            "name": pd.array(names, dtype="str"),
            "vcpus": pd.array(vcpus, dtype="Int64"),
            "ram_mb": pd.array(ram, dtype="Int64"),
            "volume_gb": pd.array(disk, dtype="Int64"),
            "max_volume_gb": pd.array([None] * len(names), dtype="Int64"),
            "disabled": pd.array(disabled, dtype="boolean"),
        }
    )


def test_what_remains_and_which_binds_first() -> None:
    table = headroom([instance(1), instance(2)], {"vcpus": 8, "ram_gb": 10, "instances": 100})
    assert table.index.tolist() == [("Total", "instances"), ("Total", "vcpus"), ("Total", "ram_gb")]
    assert table.remaining.tolist() == [98, 4, 2]
    assert table.allocated_share.tolist() == [0.02, 0.5, 0.8]
    assert table.binding.tolist() == [False, False, True]


def test_limits_by_zone_and_in_all_are_rows_of_their_own() -> None:
    account = [instance(1), instance(2, availabilityZone="b"), instance(3, availabilityZone=None)]
    table = headroom(account, {"a": {"vcpus": 5}, "*": {"vcpus": 6}})
    assert table.remaining.to_dict() == {("a", "vcpus"): 3, ("Total", "vcpus"): 0}
    assert table.binding.all()


def test_above_the_limit_is_negative_and_a_limit_of_zero_binds() -> None:
    table = headroom([instance(1)], {"vcpus": 1, "instances": 0})
    assert table.remaining.tolist() == [-1, -1]
    assert table.binding.to_dict() == {("Total", "instances"): True, ("Total", "vcpus"): False}
    assert pd.isna(table.allocated_share["Total", "instances"])


@given(accounts, st.integers(0, 5000), st.sampled_from(["allocated", "running"]))
def test_allocated_and_remaining_make_the_limit(instances: list[Raw], limit: int, status: str) -> None:
    vms = tables(instances)["instances_detail"]
    whole = tn.capacity.totals(vms, by="status", status=status).iloc[-1]
    table = tn.capacity.headroom(vms, {"vcpus": limit, "disk_gb": limit}, status=status)
    for resource in ("vcpus", "disk_gb"):
        row = table.loc["Total", resource]
        if pd.isna(whole[resource]):
            assert pd.isna(row.remaining)
        else:
            assert row.allocated == whole[resource]
            assert row.allocated + row.remaining == limit


def test_unknown_figures_are_counted_where_they_are_missing() -> None:
    table = headroom([instance(1), instance(2, flavor=None)], {"vcpus": 10, "disk_gb": 1000})
    assert table.unknown.tolist() == [1, 0]
    assert table.remaining.tolist() == [8, 700]
    nothing = headroom([instance(1, flavor=None)], {"vcpus": 10})
    assert pd.isna(nothing.remaining.iloc[0])


OFFER = flavors(("small", 1, 1024, None, False), ("large", 8, 16384, None, None), ("u2.x", 1, 1024, 100, False))


def test_how_many_more_of_each_fit() -> None:
    limits = {"vcpus": 22, "ram_gb": 44, "disk_gb": 650}  # 20 vCPUs, 40 GB, 500 GB remain
    table = headroom([instance(1)], limits, flavors=OFFER)
    assert table.index.names == ["zone", "flavor_name"]
    assert table.fits.to_dict() == {("Total", "small"): 20, ("Total", "large"): 2, ("Total", "u2.x"): 5}
    assert table.binding.tolist() == ["vcpus", "vcpus", "disk_gb"]
    assert table.root_gb.tolist() == [20, 20, 100]
    assert headroom([instance(1)], limits, flavors=OFFER, root_gb=50).fits["Total", "small"] == 10


def test_one_more_of_what_fits_would_be_above_the_limit() -> None:
    """Both sides: what fits can be added, one more cannot."""
    account = [instance(1)]
    limits = {"vcpus": 13, "ram_gb": 100}
    fits = int(headroom(account, limits, flavors=OFFER).fits["Total", "small"])
    for more, left in ((fits, True), (fits + 1, False)):
        added = [instance(10 + n, flavor={"cpu": 1, "ram": 1024}) for n in range(more)]
        assert (headroom([*account, *added], limits).remaining >= 0).all() == left


def test_what_remains_in_all_bounds_each_zone() -> None:
    limits = {"a": {"vcpus": 100}, "b": {"vcpus": 4}, "*": {"vcpus": 12}}
    table = headroom([instance(1), instance(2, availabilityZone="b")], limits, flavors=OFFER)
    assert table.fits.xs("small", level="flavor_name").to_dict() == {"a": 8, "b": 2, "Total": 8}
    assert table.binding.xs("small", level="flavor_name").tolist() == ["vcpus in all", "vcpus", "vcpus"]


def test_disabled_flavors_are_left_out_and_unknown_sizes_stay_unknown() -> None:
    offer = flavors(("old", 1, 1024, None, True), ("strange", None, None, None, False))
    table = headroom([instance(1)], {"vcpus": 5}, flavors=offer)
    assert table.index.get_level_values("flavor_name").tolist() == ["strange"]
    assert pd.isna(table.fits.iloc[0])
    assert pd.isna(table.binding.iloc[0])


def test_where_what_is_limited_is_not_known_nothing_is_said_to_fit() -> None:
    table = headroom([instance(1, flavor=None)], {"vcpus": 10, "disk_gb": 4000}, flavors=OFFER)
    assert table.fits.isna().all()
    assert table.binding.isna().all()


def test_a_limit_of_what_a_new_instance_does_not_need_bounds_nothing() -> None:
    table = headroom([instance(1)], {"attached_gb": 0, "vcpus": 3}, flavors=OFFER)
    assert table.fits["Total", "small"] == 1
    assert headroom([instance(1)], {"attached_gb": 500}, flavors=OFFER).fits.isna().all()


def test_nothing_fits_above_the_limit() -> None:
    assert headroom([instance(1)], {"vcpus": 1}, flavors=OFFER).fits.tolist() == [0, 0, 0]


def test_empty_frames_give_tables_with_the_same_columns() -> None:
    full = headroom([instance(1)], {"vcpus": 5})
    none = headroom([], {"vcpus": 5})
    assert none.dtypes.to_dict() == full.dtypes.to_dict()
    assert (none.allocated.iloc[0], none.remaining.iloc[0]) == (0, 5)
    assert len(headroom([], {"vcpus": 5}, flavors=OFFER.iloc[:0])) == 0


@pytest.mark.parametrize("root_gb", [0, 15, 1010, True, "50", None])
def test_a_root_disk_that_cannot_be_is_refused(root_gb: Any) -> None:
    with pytest.raises(tn.InvalidInput, match="root_gb is"):
        headroom([instance(1)], {"vcpus": 5}, flavors=OFFER, root_gb=root_gb)


def test_frames_that_lack_columns_are_named() -> None:
    with pytest.raises(tn.InvalidInput, match="flavors lacks the columns ram_mb"):
        headroom([instance(1)], {"vcpus": 5}, flavors=OFFER.drop(columns="ram_mb"))
    with pytest.raises(tn.InvalidInput, match="df lacks the columns zone"):
        tn.capacity.headroom(tables([instance(1)])["instances_detail"].drop(columns="zone"), {"vcpus": 5})


def test_a_root_disk_is_no_larger_than_the_flavor_can_have() -> None:
    offer = OFFER.assign(max_volume_gb=pd.array([100, None, None], dtype="Int64"))
    table = headroom([instance(1)], {"disk_gb": 1150}, flavors=offer, root_gb=500)
    assert table.root_gb.tolist() == [100, 500, 100]
    assert table.fits.tolist() == [10, 2, 10]


def test_what_is_not_known_of_a_zone_is_counted_beside_what_remains_and_what_fits() -> None:
    account = [instance(1), instance(2, flavor=None), instance(3, availabilityZone=None), instance(4)]
    left = headroom(account, {"a": {"vcpus": 20}, "*": {"vcpus": 20, "disk_gb": 9000}})
    assert left.unknown.to_dict() == {("a", "vcpus"): 2, ("Total", "vcpus"): 1, ("Total", "disk_gb"): 0}
    fits = headroom(account, {"a": {"vcpus": 20}, "*": {"disk_gb": 9000}}, flavors=OFFER)
    assert fits.unknown.xs("small", level="flavor_name").to_dict() == {"a": 2, "Total": 0}


@given(accounts, st.integers(0, 5000))
def test_in_each_zone_what_is_allocated_is_its_own(instances: list[Raw], limit: int) -> None:
    vms = tables(instances)["instances_detail"]
    zones = sorted({raw["availabilityZone"] for raw in instances if raw["status"] != "DELETING"} - {None})
    labels = {zone: "Total (zone)" if zone == "Total" else zone for zone in zones}
    if zones:
        table = tn.capacity.headroom(vms, {label: {"instances": limit} for label in labels.values()})
        counted = [raw["availabilityZone"] for raw in instances if raw["status"] != "DELETING"]
        for zone, label in labels.items():
            assert table.allocated[label, "instances"] == counted.count(zone)
            assert table.unknown[label, "instances"] == counted.count(None)
