"""The balance of zones against plain arithmetic."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables


def balance(instances: list[Raw]) -> pd.DataFrame:
    return tn.capacity.zone_balance(tables(instances)["instances_detail"])


def test_share_and_skew_of_two_zones() -> None:
    table = balance([instance(1), instance(2), instance(3), instance(4, availabilityZone="b")])
    assert table.index.tolist() == ["a", "b"]
    for name in ("vcpus", "ram", "disk"):
        assert table[f"{name}_share"].tolist() == [0.75, 0.25]
        assert table[f"{name}_skew"].tolist() == [1.5, 0.5]
    assert table.instances.tolist() == [3, 1]


def test_instances_without_a_zone_have_a_share_but_make_no_zone() -> None:
    table = balance([instance(1), instance(2, availabilityZone="b"), instance(3, availabilityZone=None)])
    assert table.vcpus_share["(missing)"] == pytest.approx(1 / 3)
    assert pd.isna(table.vcpus_skew["(missing)"])
    assert table.vcpus_skew["a"] == pytest.approx(2 / 3)


@given(accounts)
def test_shares_add_up_to_one_and_are_missing_where_nothing_is_known(instances: list[Raw]) -> None:
    table = balance(instances)
    for name, amount in (("vcpus", "vcpus"), ("ram", "ram_gb"), ("disk", "disk_gb")):
        whole = table[amount].sum()
        if whole > 0:
            assert table[f"{name}_share"].sum() == pytest.approx(1)
        else:
            assert table[f"{name}_share"].isna().all()
        assert (table[f"{name}_share"].isna() >= table[amount].isna()).all()


def test_an_empty_account_gives_an_empty_table_with_the_same_columns() -> None:
    empty = balance([])
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == balance([instance(1)]).dtypes.to_dict()
