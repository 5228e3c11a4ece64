"""Disk sizes against plain arithmetic."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables
from toastnb.arrays import stacked

CLASSES = ["to_20_gb", "to_50_gb", "to_100_gb", "to_200_gb", "to_500_gb", "to_1000_gb", "above_1000_gb"]


def sizing(instances: list[Raw], **arguments: Any) -> pd.DataFrame:
    made = tables(instances)
    if "by" in arguments:
        arguments["instances"] = made["instances_detail"]
    return tn.capacity.disk_sizing(made["disks"], **arguments)


def rooted(*sizes: int | None) -> list[Raw]:
    return [instance(number, volumes={"root": {"size": size}}) for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("size", "size_class"),
    [
        (0, "to_20_gb"),
        (20, "to_20_gb"),
        (21, "to_50_gb"),
        (50, "to_50_gb"),
        (51, "to_100_gb"),
        (100, "to_100_gb"),
        (101, "to_200_gb"),
        (500, "to_500_gb"),
        (1000, "to_1000_gb"),
        (1001, "above_1000_gb"),
    ],
)
def test_a_size_class_includes_its_upper_bound(size: int, size_class: str) -> None:
    row = sizing(rooted(size)).loc["root"]
    assert {name: row[name] for name in CLASSES} == {name: int(name == size_class) for name in CLASSES}


def test_quantiles_are_those_of_the_statistics_module() -> None:
    sizes = [10, 20, 20, 40, 50, 80, 100, 150, 300, 990]
    row = sizing(rooted(*sizes)).loc["root"]
    percentiles = statistics.quantiles(sizes, n=100, method="inclusive")
    assert row["p50_gb"] == pytest.approx(percentiles[49])
    assert row["p90_gb"] == pytest.approx(percentiles[89])
    assert row["p99_gb"] == pytest.approx(percentiles[98])
    assert (row["disks"], row["total_gb"], row["max_gb"]) == (10, sum(sizes), 990)


def test_an_unknown_size_is_counted_and_not_summed() -> None:
    row = sizing(rooted(50, None)).loc["root"]
    assert (row["disks"], row["total_gb"], row["unknown"], row["p50_gb"]) == (2, 50, 1, 50)
    nothing = sizing(rooted(None)).loc["root"]
    assert pd.isna(nothing["total_gb"])
    assert pd.isna(nothing["p50_gb"])
    assert nothing["unknown"] == 1


def test_root_and_attached_are_apart_and_groups_come_from_instances() -> None:
    table = sizing([instance(1), instance(2, availabilityZone="b"), instance(3, availabilityZone=None)], by="zone")
    assert table.index.names == ["zone", "role"]
    assert table.disks.to_dict() == {
        ("(missing)", "attached"): 1,
        ("(missing)", "root"): 1,
        ("a", "attached"): 1,
        ("a", "root"): 1,
        ("b", "attached"): 1,
        ("b", "root"): 1,
    }
    assert table.total_gb.loc[("a", "attached")] == 100


@given(accounts)
def test_every_disk_is_in_one_class_or_unknown(instances: list[Raw]) -> None:
    table = sizing(instances)
    assert (table[CLASSES].sum(axis=1) + table.unknown == table.disks).all()
    sizes = tables(instances)["disks"].size_gb.dropna()
    assert table.total_gb.sum() == sizes.sum()


def test_bad_input_is_named() -> None:
    disks = tables([instance(1)])["disks"]
    with pytest.raises(tn.InvalidInput, match="by needs instances"):
        tn.capacity.disk_sizing(disks, by="zone")
    with pytest.raises(tn.InvalidInput, match="disks lacks the columns size_gb"):
        tn.capacity.disk_sizing(disks.drop(columns="size_gb"))
    with pytest.raises(tn.InvalidInput, match="instances lacks the columns team"):
        tn.capacity.disk_sizing(disks, instances=tables([instance(1)])["instances_detail"], by="team")


def test_an_empty_account_gives_an_empty_table_with_the_same_columns() -> None:
    empty = sizing([])
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == sizing([instance(1)]).dtypes.to_dict()


def test_disks_of_what_is_being_deleted_do_not_count_as_in_totals() -> None:
    made = tables([instance(1), instance(2, status="DELETING")])
    vms = made["instances_detail"]
    table = tn.capacity.disk_sizing(made["disks"], vms)
    assert table.total_gb.to_dict() == {"attached": 100, "root": 50}
    assert tn.capacity.totals(vms).disk_gb["Total"] == 150


def test_an_instance_twice_is_refused() -> None:
    made = tables([instance(1)])
    twice = pd.concat([made["instances_detail"]] * 2)
    with pytest.raises(tn.InvalidInput, match="twice"):
        tn.capacity.disk_sizing(made["disks"], twice, by="zone")


def u2(number: int, size: int, **fields: Any) -> Raw:
    """Return an instance of 1 vCPU whose root disk comes with its flavor."""
    flavor = {"id": "u", "name": "u2.c1m1", "cpu": 1, "ram": 1024}
    return instance(number, flavor=flavor, volumes={"root": {"size": size}, "attachments": []}, **fields)


def test_disks_that_come_with_a_flavor_are_local() -> None:
    made = tables([instance(1), u2(2, 20), u2(3, 40)])
    table = tn.capacity.disk_sizing(made["disks"], made["instances_detail"])
    assert table.total_gb.to_dict() == {"attached": 100, "local": 60, "root": 50}
    assert "local" not in tn.capacity.disk_sizing(made["disks"]).index


def test_disks_a_instance_and_gb_a_vcpu() -> None:
    made = tables([instance(1), instance(2), u2(3, 20)])
    table = tn.capacity.disk_sizing(made["disks"], made["instances_detail"])
    assert table.instances.to_dict() == {"attached": 3, "local": 1, "root": 2}
    assert table.disks_per_instance.to_dict() == {"attached": pytest.approx(2 / 3), "local": 1, "root": 1}
    assert table.gb_per_vcpu.to_dict() == {"attached": 40, "local": 20, "root": 25}
    alone = tn.capacity.disk_sizing(made["disks"])
    assert alone[["instances", "disks_per_instance", "gb_per_vcpu"]].isna().all(axis=None)


def test_instances_of_each_group_are_its_own() -> None:
    made = tables([instance(1), instance(2, availabilityZone="b"), instance(3, availabilityZone="b"), u2(4, 20)])
    table = tn.capacity.disk_sizing(made["disks"], made["instances_detail"], by=["zone", "family"])
    assert table.instances.to_dict() == {
        ("a", "m2", "attached"): 1,
        ("a", "m2", "root"): 1,
        ("a", "u2", "local"): 1,
        ("b", "m2", "attached"): 2,
        ("b", "m2", "root"): 2,
    }


def test_with_some_instances_only_their_disks_count() -> None:
    made = tables([instance(1), instance(2), u2(3, 20)])
    vms = made["instances_detail"]
    table = tn.capacity.disk_sizing(made["disks"], vms[1:2], by="zone")
    assert table.total_gb.to_dict() == {("a", "attached"): 100, ("a", "root"): 50}
    assert table.gb_per_vcpu.to_dict() == {("a", "attached"): 50, ("a", "root"): 25}
    nothing = tn.capacity.disk_sizing(made["disks"], vms[:0])
    assert len(nothing) == 0
    assert nothing.dtypes.to_dict() == table.dtypes.to_dict()


def test_instances_whose_disks_are_not_in_the_table_do_not_dilute_the_ratios() -> None:
    made = tables([instance(1)])
    more = tn.capacity.what_if(made["instances_detail"], {"add": 3, "flavor": "m2.c2m4", "zone": "a", "root_gb": 20})
    table = tn.capacity.disk_sizing(made["disks"], more)
    assert (table.instances["root"], table.gb_per_vcpu["root"]) == (1, 25)


def test_gb_a_vcpu_are_of_instances_whose_vcpus_are_known() -> None:
    made = tables([instance(1), instance(2, flavor=None)])
    assert tn.capacity.disk_sizing(made["disks"], made["instances_detail"]).gb_per_vcpu["root"] == 25


@pytest.mark.parametrize("index", [[7, 7, 7], [2, 0, 1]])
def test_the_index_of_a_frame_means_nothing(index: list[int]) -> None:
    made = tables([instance(1), instance(2, status="DELETING"), instance(3, availabilityZone="b")])
    vms, disks = made["instances_detail"], made["disks"]
    plain = tn.capacity.disk_sizing(disks, vms, by="zone")
    other = vms.set_axis(pd.Index(index, name="zone"))
    shuffled = disks.set_axis(pd.Index([1] * len(disks), name="role"))
    pd.testing.assert_frame_equal(tn.capacity.disk_sizing(shuffled, other, by="zone"), plain)
    top = tn.capacity.largest_disks(disks, vms, top=3)
    pd.testing.assert_frame_equal(tn.capacity.largest_disks(shuffled, other, top=3), top)


@pytest.mark.parametrize("key", ["vcpus", "local", "counts", "size_gb", "count", "disks"])
def test_any_column_can_be_a_key(key: str) -> None:
    made = tables([instance(1), instance(2)])
    vms = made["instances_detail"].assign(**{key: pd.array([1, 2], dtype="Int64")})
    table = tn.capacity.disk_sizing(made["disks"], vms, by=key)
    assert table.index.names == [key, "role"]
    assert table.total_gb.to_dict() == {
        ("1", "attached"): 100,
        ("1", "root"): 50,
        ("2", "attached"): 100,
        ("2", "root"): 50,
    }


@given(accounts)
def test_by_any_key_disks_add_up_to_those_without(instances: list[Raw]) -> None:
    made = tables(instances)
    whole = tn.capacity.disk_sizing(made["disks"], made["instances_detail"])
    for by in ("zone", "status", ["zone", "family"]):
        parts = tn.capacity.disk_sizing(made["disks"], made["instances_detail"], by=by)
        for column in ("disks", "total_gb", "unknown", *CLASSES):
            assert parts[column].sum() == whole[column].sum()


@given(accounts)
def test_quantiles_of_each_group_are_those_of_numpy(instances: list[Raw]) -> None:
    made = tables(instances)
    table = sizing(instances, by="zone")
    owner = made["instances_detail"].set_index("instance_id")
    frame = made["disks"].assign(zone=made["disks"].instance_id.map(owner.zone).fillna("(missing)"))
    frame = frame[frame.instance_id.map(owner.status) != "DELETING"].dropna(subset="size_gb")
    for (zone, role), row in table.iterrows():
        sizes = frame.size_gb[(frame.zone == zone) & (frame.role == role)].astype(float)
        if len(sizes):
            assert row[["p50_gb", "p90_gb", "p99_gb"]].astype(float).tolist() == pytest.approx(
                np.percentile(sizes, [50, 90, 99]).tolist()
            )


def test_the_largest_disks_come_with_their_instance() -> None:
    made = tables([instance(1), instance(2, name="db-1", volumes={"root": {"size": 700}, "attachments": None})])
    table = tn.capacity.largest_disks(made["disks"], made["instances_detail"], top=2)
    assert table.size_gb.tolist() == [700, 100]
    assert table.instance.tolist() == ["db-1", "web-01"]
    assert table.role.tolist() == ["root", "attached"]
    alone = tn.capacity.largest_disks(made["disks"], top=9)
    assert alone.size_gb.tolist() == [700, 100, 50]
    assert alone.dtypes.to_dict() == table.dtypes.to_dict()


def test_disks_of_unknown_size_are_never_the_largest() -> None:
    made = tables(rooted(50, None, 20))
    assert tn.capacity.largest_disks(made["disks"]).size_gb.tolist() == [50, 20]


@pytest.mark.parametrize("top", [0, -1, True, 2.5, "3"])
def test_a_number_that_is_none_is_refused(top: Any) -> None:
    with pytest.raises(tn.InvalidInput, match="top is"):
        tn.capacity.largest_disks(tables([instance(1)])["disks"], top=top)


def test_instances_by_number_of_volumes() -> None:
    def with_volumes(number: int, *sizes: int | None) -> Raw:
        return instance(number, volumes={"root": {"size": 50}, "attachments": [{"size": size} for size in sizes]})

    account = [
        with_volumes(1),
        with_volumes(2),
        with_volumes(3, 10, 20),
        with_volumes(4, None, 5),
        instance(5, volumes=None),
    ]
    table = tn.capacity.volumes_per_instance(tables(account)["instances_detail"])
    assert table.instances.tolist() == [2, 2, 1]
    assert table.index.tolist()[:2] == [0, 2]
    assert pd.isna(table.index[2])
    assert table.attached_gb.tolist()[:2] == [0, 30]
    assert table.unknown.tolist() == [0, 1, 1]
    assert table.instances_share.sum() == pytest.approx(1)


@given(accounts)
def test_every_instance_has_some_number_of_volumes(instances: list[Raw]) -> None:
    table = tn.capacity.volumes_per_instance(tables(instances)["instances_detail"])
    assert table.instances.sum() == sum(raw["status"] != "DELETING" for raw in instances)


def test_instances_of_several_projects_are_told_by_project_and_id() -> None:
    one, other = (
        tables([instance(1, flavor={"id": "f", "name": "m2.c2m4", "cpu": cpu, "ram": 4096})]) for cpu in (2, 8)
    )
    disks, vms = (
        stacked("project", {"a": one[name], "b": other[name]}).reset_index(drop=True)
        for name in ("disks", "instances_detail")
    )
    table = tn.capacity.disk_sizing(disks, vms, by="project")
    assert table["disks"].to_dict() == dict.fromkeys([(p, role) for p in "ab" for role in ("attached", "root")], 1)
    assert table["gb_per_vcpu"].to_dict() == {
        ("a", "attached"): 50, ("a", "root"): 25, ("b", "attached"): 12.5, ("b", "root"): 6.25,
    }  # fmt: skip
    only = tn.capacity.disk_sizing(disks, vms[vms.project == "a"])
    assert only["disks"].to_dict() == {"attached": 1, "root": 1}
    with pytest.raises(tn.InvalidInput, match="an instance twice"):
        tn.capacity.disk_sizing(disks.drop(columns="project"), vms)
    with pytest.raises(tn.InvalidInput, match="an instance twice"):
        tn.capacity.disk_sizing(disks, pd.concat([vms, vms]))
