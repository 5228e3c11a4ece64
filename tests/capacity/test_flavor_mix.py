"""Which flavors are in use, against plain counting."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables


def mix(instances: list[Raw], **arguments: object) -> pd.DataFrame:
    return tn.capacity.flavor_mix(tables(instances)["instances_detail"], **arguments)


def of(
    number: int, name: str, cpu: int | None, ram: int | None, identifier: str | None = None, **fields: object
) -> Raw:
    return instance(
        number, flavor={"id": identifier or f"id of {name}", "name": name, "cpu": cpu, "ram": ram}, **fields
    )


def offered(**flavors: bool | None) -> pd.DataFrame:
    """Return a list of flavors by id, and whether each is disabled."""
    return pd.DataFrame(
        {
            "flavor_id": pd.array([f"id of {name}" for name in flavors], dtype="str"),
            "type": pd.array(["general"] * len(flavors), dtype="str"),
            "disabled": pd.array(list(flavors.values()), dtype="boolean"),
        }
    )


ACCOUNT = [of(1, "m2.c2m4", 2, 4096), of(2, "m2.c2m4", 2, 4096), of(3, "r2.c8m64", 8, 65536)]


def test_shares_by_count_and_by_vcpu_and_the_ratio() -> None:
    table = mix(ACCOUNT)
    assert table.index.tolist() == ["r2.c8m64", "m2.c2m4", "Total"]
    assert table.instances_share.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert table.vcpus_share.tolist() == pytest.approx([8 / 12, 4 / 12, 1])
    assert table.ram_gb_per_vcpu.tolist() == [8, 2, 6]
    assert table.family.tolist()[:2] == ["r2", "m2"]
    assert table.offer.isna().all()


def test_families_and_types_are_groups_too() -> None:
    families = mix([*ACCOUNT, of(4, "m2.c4m8", 4, 8192)], by="family")
    assert families.vcpus.to_dict() == {"m2": 8, "r2": 8, "Total": 16}
    types = mix(ACCOUNT, flavors=offered(**{"m2.c2m4": False}), by="type")
    assert types.instances.to_dict() == {"(missing)": 1, "general": 2, "Total": 3}


def test_flavors_in_use_that_are_disabled_or_gone_are_told_by_their_ids() -> None:
    flavors = offered(**{"m2.c2m4": True, "r2.c8m64": None})
    assert mix(ACCOUNT, flavors=flavors).offer.dropna().to_dict() == {"m2.c2m4": "disabled", "r2.c8m64": "current"}
    assert mix(ACCOUNT, flavors=flavors.iloc[:1]).offer.dropna().to_dict() == {
        "m2.c2m4": "disabled",
        "r2.c8m64": "gone",
    }


def test_of_two_flavors_of_one_name_the_one_that_is_gone_is_told() -> None:
    account = [of(1, "m2.c2m4", 2, 4096), of(2, "m2.c2m4", 2, 4096, identifier="another")]
    table = mix(account, flavors=offered(**{"m2.c2m4": False}))
    assert (table.offer["m2.c2m4"], table.instances["m2.c2m4"]) == ("gone", 2)


def test_the_ratio_is_of_those_that_tell_both() -> None:
    table = mix([of(1, "m2.c2m4", 2, 4096), of(2, "m2.c2m4", None, 4096)])
    assert table.ram_gb_per_vcpu["m2.c2m4"] == 2
    assert table.unknown["m2.c2m4"] == 1
    assert pd.isna(mix([of(1, "m2.c2m4", None, 4096)]).ram_gb_per_vcpu["m2.c2m4"])


@given(accounts)
def test_groups_add_up_to_the_account(instances: list[Raw]) -> None:
    table = mix(instances)
    groups = table.iloc[:-1]
    counted = [raw for raw in instances if raw["status"] != "DELETING"]
    names = Counter((raw["flavor"] or {}).get("name") or "(missing)" for raw in counted)
    assert groups.instances.to_dict() == dict(names)
    assert table.instances["Total"] == len(counted)
    if counted:
        assert groups.instances_share.sum() == pytest.approx(1)
    if pd.notna(table.vcpus["Total"]) and table.vcpus["Total"]:
        assert groups.vcpus_share.sum() == pytest.approx(1)
    else:
        assert groups.vcpus_share.isna().all()


def test_bad_input_is_named() -> None:
    with pytest.raises(tn.InvalidInput, match="by is 'colour'"):
        mix(ACCOUNT, by="colour")
    with pytest.raises(tn.InvalidInput, match="needs flavors"):
        mix(ACCOUNT, by="type")
    with pytest.raises(tn.InvalidInput, match="flavors lacks the columns disabled"):
        mix(ACCOUNT, flavors=offered(a=True).drop(columns="disabled"))
    with pytest.raises(tn.InvalidInput, match="df lacks the columns flavor_id"):
        tn.capacity.flavor_mix(tables(ACCOUNT)["instances_detail"].drop(columns="flavor_id"))


def test_an_empty_account_gives_a_total_of_nothing_with_the_same_columns() -> None:
    empty = mix([])
    assert empty.index.tolist() == ["Total"]
    assert empty.dtypes.to_dict() == mix(ACCOUNT).dtypes.to_dict()
