"""Totals against plain arithmetic on the service's JSON."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
import pytest
from hypothesis import given

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables
from toastnb.rules import STATES

RUNNING = {"ACTIVE", "REBOOTING", "POWERING_ON", "POWERING_OFF", "MIGRATING"}
COLUMNS = ["instances", "vcpus", "ram_gb", "root_gb", "attached_gb", "disk_gb", "unknown"]


def detail(instances: list[Raw]) -> pd.DataFrame:
    return tables(instances)["instances_detail"]


def figures(raw: Raw) -> dict[str, float | None]:
    """Return one instance's figures by plain Python, None where the service does not tell."""
    flavor, volumes = raw.get("flavor") or {}, raw.get("volumes") or {}
    ram = flavor.get("ram")
    root = (volumes.get("root") or {}).get("size")
    sizes = None if volumes.get("attachments") is None else [volume.get("size") for volume in volumes["attachments"]]
    attached = None if sizes is None or None in sizes else sum(sizes)
    return {
        "vcpus": flavor.get("cpu"),
        "ram_gb": None if ram is None else ram / 1024,
        "root_gb": root,
        "attached_gb": attached,
        "disk_gb": None if root is None or attached is None else root + attached,
    }


def expected(instances: list[Raw]) -> dict[str, float | None]:
    rows = [figures(raw) for raw in instances]
    sums = {}
    for name in ("vcpus", "ram_gb", "root_gb", "attached_gb", "disk_gb"):
        known = [row[name] for row in rows if row[name] is not None]
        sums[name] = sum(known) if known or not rows else None
    unknown = sum(None in row.values() for row in rows)
    return {"instances": len(rows), **sums, "unknown": unknown}


def as_dict(row: pd.Series) -> dict[str, float | None]:
    return {name: None if pd.isna(value) else value for name, value in row.items()}


@given(accounts)
def test_each_zone_and_the_total_are_the_sums_of_the_services_own_numbers(instances: list[Raw]) -> None:
    counted = [raw for raw in instances if raw["status"] != "DELETING"]
    zones = defaultdict(list)
    for raw in counted:
        zone = raw["availabilityZone"] or "(missing)"
        zones["Total (zone)" if zone == "Total" else zone].append(raw)
    table = tn.capacity.totals(detail(instances), by="zone")
    assert table.index.tolist()[-1] == "Total"
    assert as_dict(table.iloc[-1]) == pytest.approx(expected(counted))
    groups = table.iloc[:-1]
    assert {key: as_dict(groups.loc[key]) for key in groups.index} == {
        key: pytest.approx(expected(members)) for key, members in zones.items()
    }


@given(accounts)
def test_every_grouping_adds_up_to_the_same_total(instances: list[Raw]) -> None:
    vms = detail(instances)
    totals = [tn.capacity.totals(vms, by=by).iloc[-1] for by in ("zone", "status", ["zone", "status"], "flavor_name")]
    for total in totals[1:]:
        assert as_dict(total) == as_dict(totals[0])


@given(accounts)
def test_running_is_part_of_what_is_allocated(instances: list[Raw]) -> None:
    running = tn.capacity.totals(detail(instances), status="running").iloc[-1]
    assert running["instances"] == sum(raw["status"] in RUNNING for raw in instances)


@pytest.mark.parametrize("state", STATES)
def test_one_state_counts_that_state(state: str) -> None:
    vms = detail([instance(number, status=status) for number, status in enumerate([*STATES, state])])
    assert tn.capacity.totals(vms, status=state).iloc[-1]["instances"] == 2
    assert tn.capacity.totals(vms, status=[state, "BUILD"]).iloc[-1]["instances"] == (2 if state == "BUILD" else 3)


def test_columns_and_dtypes_are_the_same_for_an_empty_account() -> None:
    dtypes = ["Int64", "Int64", "Float64", "Int64", "Int64", "Int64", "Int64"]
    for instances in ([], [instance(1)]):
        table = tn.capacity.totals(detail(instances))
        assert table.columns.tolist() == COLUMNS
        assert [str(dtype) for dtype in table.dtypes] == dtypes
    assert tn.capacity.totals(detail([])).loc["Total"].tolist() == [0] * 7


def test_a_group_of_which_nothing_is_known_is_not_zero() -> None:
    table = tn.capacity.totals(detail([instance(1), instance(2, availabilityZone="b", flavor=None)]))
    assert pd.isna(table.vcpus["b"])
    assert pd.isna(table.ram_gb["b"])
    assert (table.unknown["b"], table.vcpus["Total"]) == (1, 2)


def test_ram_is_megabytes_over_1024() -> None:
    vms = detail([instance(1, flavor={"cpu": 1, "ram": 512})])
    assert tn.capacity.totals(vms).ram_gb["Total"] == 0.5


def test_without_the_total_keys_keep_their_own_kind() -> None:
    vms = detail([instance(1), instance(2, availabilityZone=None)])
    keys = tn.capacity.totals(vms, total=False).index
    assert keys[0] == "a"
    assert pd.isna(keys[1])


def test_several_keys_make_an_index_of_several_levels() -> None:
    vms = detail([instance(1), instance(2, status="STOP")])
    table = tn.capacity.totals(vms, by=["zone", "status"])
    assert table.index.tolist() == [("a", "ACTIVE"), ("a", "STOP"), ("Total", "")]
    assert table.index.names == ["zone", "status"]


def test_metadata_are_groups_too(toast: tn.Toast) -> None:
    account = toast.inventory()
    teams = account.metadata[account.metadata.key == "team"].value.value_counts()
    table = tn.capacity.totals(account.with_metadata("team").instances_detail, by="metadata.team")
    assert table.instances.drop(["Total", "(missing)"], errors="ignore").to_dict() == teams.to_dict()


def test_the_frame_is_left_as_it_was_and_its_time_is_kept(toast: tn.Toast) -> None:
    vms = toast.instances_detail()
    before = vms.copy()
    assert tn.capacity.totals(vms).attrs == vms.attrs
    pd.testing.assert_frame_equal(vms, before)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"by": "team"}, "team"),
        ({"by": []}, "by is empty"),
        ({"by": 5}, "by is 5"),
        ({"status": 5}, "status is 5"),
        ({"status": [None]}, "'None' is not known"),
        ({"status": "RUNNING"}, "'RUNNING' is not known"),
        ({"status": ["ACTIVE", "GONE"]}, "'GONE' is not known"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=said):
        tn.capacity.totals(detail([instance(1)]), **arguments)


def test_a_frame_that_lacks_columns_is_an_error_that_names_them() -> None:
    with pytest.raises(tn.InvalidInput, match=r"lacks the columns vcpus, ram_mb"):
        tn.capacity.totals(detail([instance(1)]).drop(columns=["vcpus", "ram_mb"]))
    with pytest.raises(tn.InvalidInput, match="must be a DataFrame"):
        tn.capacity.totals([1, 2])
