"""Disk sizes against plain arithmetic."""

from __future__ import annotations

import statistics
from typing import Any

import pandas as pd
import pytest
from hypothesis import given

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables

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
