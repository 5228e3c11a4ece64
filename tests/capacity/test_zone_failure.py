"""What survivors absorb, against plain arithmetic on the service's JSON."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables

RUNNING = {"ACTIVE", "REBOOTING", "POWERING_ON", "POWERING_OFF", "MIGRATING"}
RESOURCES = ["instances", "vcpus", "ram_gb", "disk_gb"]
COLUMNS = ["before", "absorbs", "after", "growth_share", "provision", "allocated", "limit", "shortfall", "unknown"]


def failure(instances: list[Raw], **arguments: Any) -> pd.DataFrame:
    return tn.capacity.zone_failure(tables(instances)["instances_detail"], **arguments)


def zones(**counts: int) -> list[Raw]:
    """Return instances of 2 vCPUs, 4 GB of RAM and 150 GB of disk, as many in each zone as is said."""
    names = [zone for zone, count in counts.items() for _ in range(count)]
    return [instance(number, availabilityZone=zone) for number, zone in enumerate(names)]


def row(table: pd.DataFrame, lost: str, survivor: str, resource: str) -> dict[str, float | None]:
    return {
        name: None if pd.isna(value) else float(value) for name, value in table.loc[lost, survivor, resource].items()
    }


def test_the_load_of_the_lost_zone_is_shared_evenly() -> None:
    table = failure(zones(a=6, b=3, c=1))
    assert row(table, "a", "b", "vcpus") == {
        "before": 6,
        "absorbs": 6,
        "after": 12,
        "growth_share": 1,
        "provision": 10,  # 20 vCPUs are needed: 20 x 3/2 = 30 in all, 10 a zone
        "allocated": None,
        "limit": None,
        "shortfall": None,
        "unknown": 0,
    }
    assert row(table, "a", "c", "vcpus")["growth_share"] == 3
    together = row(table, "a", "Total", "vcpus")
    assert (together["before"], together["absorbs"], together["after"], together["provision"]) == (8, 12, 20, 20)


def test_rows_are_each_pair_and_all_survivors_by_resource() -> None:
    table = failure(zones(b=1, a=1))
    assert table.index.names == ["lost", "survivor", "resource"]
    assert table.columns.tolist() == COLUMNS
    pairs = [("a", "b"), ("a", "Total"), ("b", "a"), ("b", "Total")]
    assert table.index.tolist() == [(*pair, resource) for pair in pairs for resource in RESOURCES]


@given(accounts)
def test_load_is_conserved_whichever_zone_is_lost(instances: list[Raw]) -> None:
    """All that ran somewhere runs afterwards: what survivors have and absorb is what ran before."""
    allocated = [raw for raw in instances if raw["status"] != "DELETING"]
    running = [raw for raw in instances if raw["status"] in RUNNING]
    table = failure(instances)
    names = sorted({raw["availabilityZone"] for raw in allocated} - {None})
    labels = {name: "Total (zone)" if name == "Total" else name for name in names}
    assert sorted(table.index.get_level_values("lost").unique()) == sorted(labels.values())
    placed = [raw for raw in running if raw["availabilityZone"]]
    for name, lost in labels.items():
        together = row(table, lost, "Total", "instances")
        stateless = sum(raw["status"] is None for raw in instances)
        assert together["after"] == len(placed)
        assert together["unknown"] == len(running) - len(placed) + stateless
        inside = [raw for raw in placed if raw["availabilityZone"] == name]
        for resource, key, unit in (("vcpus", "cpu", 1), ("ram_gb", "ram", 1024)):
            known = [value for raw in inside if (value := (raw.get("flavor") or {}).get(key)) is not None]
            absorbs = table["absorbs"].drop("Total", level="survivor").get((lost, slice(None), resource), pd.Series())
            assert len(absorbs) == len(names) - 1 or len(names) == 1
            if known or not inside:
                assert absorbs.sum() == pytest.approx(sum(known) / unit if len(names) > 1 else 0)
            else:
                assert absorbs.isna().all()


def test_a_zone_that_is_empty_today_is_a_survivor_when_it_is_given() -> None:
    table = failure(zones(a=4, b=2), zones=["a", "b", "c"])
    empty = row(table, "a", "c", "vcpus")
    assert (empty["before"], empty["absorbs"], empty["growth_share"]) == (0, 4, None)
    assert row(table, "c", "a", "vcpus")["absorbs"] == 0
    assert row(table, "a", "b", "vcpus")["provision"] == 6


def test_only_what_runs_has_to_be_absorbed() -> None:
    account = [*zones(a=2, b=1), instance(9, status="STOP", availabilityZone="a")]
    assert row(failure(account), "a", "b", "instances")["absorbs"] == 2
    assert row(failure(account, status="allocated"), "a", "b", "instances")["absorbs"] == 3


@pytest.mark.parametrize(("limit", "shortfall"), [(6, 0), (5, 1), (7, 0)])
def test_the_shortfall_is_what_exceeds_a_zones_limit(limit: float, shortfall: float) -> None:
    table = failure(zones(a=2, b=1), limits={"b": {"vcpus": limit}})
    assert row(table, "a", "b", "vcpus")["shortfall"] == shortfall
    assert row(table, "a", "b", "ram_gb")["shortfall"] is None
    assert row(table, "b", "a", "vcpus")["shortfall"] is None


def test_stopped_instances_of_the_survivor_keep_what_they_hold() -> None:
    account = [*zones(a=2, b=1), instance(9, status="STOP", availabilityZone="b")]
    assert row(failure(account, limits={"b": {"vcpus": 6}}), "a", "b", "vcpus")["shortfall"] == 2


def test_a_limit_in_all_holds_the_lost_zone_too_until_it_is_deleted() -> None:
    table = failure(zones(a=2, b=1), limits={"vcpus": 8})
    assert row(table, "a", "Total", "vcpus")["shortfall"] == 2  # 6 are allocated, 4 more are needed
    assert row(table, "a", "b", "vcpus")["limit"] is None


def test_all_survivors_fall_short_of_what_each_falls_short_of() -> None:
    table = failure(zones(a=4, b=1, c=1), limits={"b": {"vcpus": 5}, "c": {"vcpus": 100}, "*": {"vcpus": 1000}})
    assert row(table, "a", "b", "vcpus")["shortfall"] == 1
    assert row(table, "a", "Total", "vcpus") | {"limit": 1000, "shortfall": 1} == row(table, "a", "Total", "vcpus")


def test_of_a_single_zone_nothing_survives() -> None:
    table = failure(zones(a=3), limits={"vcpus": 1000})
    assert table.index.get_level_values("survivor").unique().tolist() == ["Total"]
    alone = row(table, "a", "Total", "vcpus")
    assert (alone["before"], alone["absorbs"], alone["shortfall"], alone["provision"]) == (0, 6, 6, None)


def test_what_is_not_known_stays_unknown() -> None:
    account = [instance(1, flavor=None), instance(2, availabilityZone="b"), instance(3, availabilityZone=None)]
    lost = row(failure(account), "a", "b", "vcpus")
    assert (lost["before"], lost["absorbs"], lost["after"], lost["unknown"]) == (2, None, None, 2)


def test_an_empty_account_gives_an_empty_table_with_the_same_columns() -> None:
    empty, one = failure([]), failure(zones(a=1, b=1))
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == one.dtypes.to_dict()
    assert empty.index.names == one.index.names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"zones": ["a"]}, "zones lacks b"),
        ({"zones": "a"}, "zones must be names"),
        ({"zones": 5}, "zones must be names"),
        ({"zones": pd.DataFrame({"zone": ["a", "b"]})}, "zones lacks the columns available"),
        ({"limits": {"x": {"vcpus": 1}}}, "a zone that is not known: x"),
        ({"status": "GONE"}, "'GONE' is not known"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=said):
        failure(zones(a=1, b=1), **arguments)


def test_a_zone_that_has_the_name_of_the_totals_is_told_apart() -> None:
    table = failure(zones(a=1, Total=2))
    assert row(table, "a", "Total (zone)", "vcpus")["before"] == 4
    assert row(table, "a", "Total", "vcpus")["before"] == 4
    assert tn.capacity.totals(tables(zones(a=1, Total=2))["instances_detail"]).instances.to_dict() == {
        "Total (zone)": 2,
        "a": 1,
        "Total": 3,
    }


def test_the_table_of_zones_tells_which_can_be_used() -> None:
    flags = pd.array([True, True, False], dtype="boolean")
    table = pd.DataFrame({"zone": pd.array(["a", "c", "d"], dtype="str"), "available": flags})
    found = failure(zones(a=1, b=1), zones=table).index.get_level_values("lost").unique()
    assert found.tolist() == ["a", "b", "c"]


def test_a_zone_in_which_all_is_being_deleted_does_not_survive() -> None:
    account = [*zones(a=2, b=1), instance(9, status="DELETING", availabilityZone="c")]
    assert row(failure(account), "a", "b", "vcpus")["absorbs"] == 4


def test_what_is_not_known_of_a_survivor_is_counted_too() -> None:
    account = [*zones(a=1, b=1), *(instance(10 + n, availabilityZone="b", flavor=None) for n in range(9))]
    lost = row(failure(account, limits={"b": {"vcpus": 12}}), "a", "b", "vcpus")
    assert (lost["before"], lost["shortfall"], lost["unknown"]) == (2, 0, 9)
    assert row(failure(account), "a", "Total", "vcpus")["unknown"] == 9
    assert row(failure(account), "b", "a", "instances")["unknown"] == 0


def test_an_instance_of_unknown_state_may_run() -> None:
    account = [*zones(a=2, b=1), instance(9, status=None, availabilityZone="a")]
    lost = row(failure(account), "a", "b", "vcpus")
    assert (lost["absorbs"], lost["unknown"]) == (4, 1)
    assert row(failure(account, status="allocated"), "a", "b", "vcpus")["unknown"] == 0


def test_shortfall_is_what_the_row_says() -> None:
    """Allocated, absorbs and limit of the same row make the shortfall."""
    account = [*zones(a=4, b=2), instance(9, status="STOP", availabilityZone="b")]
    table = failure(account, limits={"b": {"vcpus": 6}, "a": {"vcpus": 9}, "*": {"vcpus": 20}})
    told = table.dropna(subset="limit")
    assert len(told) == 4
    expected = (told.allocated + told.absorbs - told.limit).clip(lower=0)
    assert (told.shortfall >= expected).all()
    assert (told.shortfall == expected).drop("Total", level="survivor").all()


def test_a_frame_that_lacks_columns_is_an_error_that_names_them() -> None:
    vms = tables(zones(a=1))["instances_detail"]
    for column in ("zone", "vcpus", "status"):
        with pytest.raises(tn.InvalidInput, match=f"lacks the columns {column}"):
            tn.capacity.zone_failure(vms.drop(columns=column))
