"""What if: each change against plain Python lists, and what no change may do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables
from toastnb import frames
from toastnb.capacity import reclaimable, what_if
from toastnb.wire import Flavor

LARGE = {"id": "f-large", "name": "m2.c4m8", "cpu": 4, "ram": 8192}
LOCAL = {"id": "f-local", "name": "u2.c1m2", "cpu": 1, "ram": 2048}
FLAVORS = frames.flavors(
    [
        Flavor(id="f", name="m2.c2m4", vcpus=2, ram=4096),
        Flavor(id="f-large", name="m2.c4m8", vcpus=4, ram=8192),
        Flavor(id="f-small", name="t2.c1m1", vcpus=1, ram=1024, max_volume_size=100),
        Flavor(id="f-local", name="u2.c1m2", vcpus=1, ram=2048, volume_size=40),
        Flavor(id="f-old", name="m1.c2m4", vcpus=2, ram=4096, disabled=True),
        Flavor(id="f-twin-1", name="twin", vcpus=2, ram=4096),
        Flavor(id="f-twin-2", name="twin", vcpus=4, ram=4096),
        Flavor(id="f-dark", name="dark"),
    ]
)
ZONES = {"a": "a", "b": "b", "c": "c", "Total": "c", None: None}
# No zone is named Total: where zones are named, tables keep that name for all together.
zoned = accounts.map(lambda drawn: [raw | {"availabilityZone": ZONES[raw["availabilityZone"]]} for raw in drawn])
ADD = {"add": 1, "flavor": "m2.c4m8", "zone": "a", "root_gb": 50}


def detail(instances: list[Raw]) -> pd.DataFrame:
    return tables(instances)["instances_detail"]


def ids(df: pd.DataFrame) -> list[str]:
    return df.instance_id.tolist()


TWO_ZONES = [instance(1), instance(2), instance(3, availabilityZone="b"), instance(4, flavor=LARGE)]


def test_added_instances_have_what_the_flavor_and_the_plan_say() -> None:
    vms = detail(TWO_ZONES).assign(**{"metadata.team": pd.Series(["x"] * 4, dtype="str")})
    change = ADD | {"add": 2, "attached_gb": 30, "name": "new", "metadata.team": "data", "keypair": "k"}
    after = what_if(vms, change, flavors=FLAVORS)
    told = {
        "status": "ACTIVE",
        "zone": "a",
        "flavor_id": "f-large",
        "flavor_name": "m2.c4m8",
        "vcpus": 4,
        "ram_mb": 8192,
        "root_gb": 50,
        "attached_gb": 30,
        "attached_count": 1,
        "disk_gb": 80,
        "keypair": "k",
        "metadata.team": "data",
    }
    assert len(after) == 6
    for number, (_, row) in enumerate(after.tail(2).iterrows(), start=1):
        known = row.dropna().to_dict()
        assert known == told | {"instance_id": f"what-if-{number}", "name": f"new-{number}"}
    assert after.dtypes.to_dict() == vms.dtypes.to_dict()
    pd.testing.assert_frame_equal(after.head(4), vms)


def test_without_attached_disks_there_are_none() -> None:
    row = what_if(detail(TWO_ZONES), ADD).iloc[-1]
    assert row[["attached_gb", "attached_count", "disk_gb", "name"]].tolist() == [0, 0, 50, "what-if-1"]


def test_ids_of_added_instances_are_those_not_taken_yet() -> None:
    vms = detail([instance(1), instance(2, id="what-if-2", flavor=LARGE), instance(3, id="what-if-x")])
    assert ids(what_if(vms, ADD | {"add": 3}))[3:] == ["what-if-1", "what-if-3", "what-if-4"]
    assert ids(what_if(vms, [ADD, ADD]))[3:] == ["what-if-1", "what-if-3"]
    assert ids(what_if(vms, [ADD, {"remove": "what-if-1"}, ADD]))[3:] == ["what-if-1"]


@pytest.mark.parametrize("by", ["u2.c1m2", "f-local"])
def test_a_u2_flavor_brings_its_root_disk(by: str) -> None:
    row = what_if(detail(TWO_ZONES), {"add": 1, "flavor": by, "zone": "a", "attached_gb": 10}, FLAVORS).iloc[-1]
    assert row[["flavor_name", "root_gb", "attached_gb", "disk_gb"]].tolist() == ["u2.c1m2", 40, 10, 50]


def test_flavors_of_instances_are_known_without_the_frame_of_flavors() -> None:
    local = instance(5, flavor=LOCAL, volumes={"root": {"size": 40}, "attachments": []})
    broken = instance(6, flavor=LOCAL, volumes=None)
    vms = detail([*TWO_ZONES, local, broken])
    after = what_if(vms, [{"add": 1, "flavor": "u2.c1m2", "zone": "a"}, ADD])
    assert after.tail(2).root_gb.tolist() == [40, 50]
    assert after.tail(2).vcpus.tolist() == [1, 4]
    with pytest.raises(tn.InvalidInput, match=r"^change 1: there is no flavor 't2.c1m1'\. .*Give flavors="):
        what_if(vms, ADD | {"flavor": "t2.c1m1"})
    with pytest.raises(tn.InvalidInput, match=r"there is no flavor 'u2\.c1m2'"):
        what_if(detail([*TWO_ZONES, broken]), {"add": 1, "flavor": "u2.c1m2", "zone": "a"})
    differs = instance(7, flavor=LARGE | {"cpu": 8})
    with pytest.raises(tn.InvalidInput, match=r"change 1: of the flavor 'f-large' there are several that differ"):
        what_if(detail([*TWO_ZONES, differs]), ADD | {"flavor": "f-large"})


def test_figures_of_a_flavor_that_are_not_known_stay_so() -> None:
    after = what_if(detail(TWO_ZONES), ADD | {"flavor": "dark"}, FLAVORS)
    assert after.iloc[-1][["vcpus", "ram_mb"]].isna().all()
    assert tn.capacity.totals(after).unknown["Total"] == 1


@pytest.mark.parametrize(
    "given",
    [
        "id-2",
        ["id-2"],
        ("id-2",),
        {"id-2"},
        pd.Series(["id-2"], dtype="str", index=[7]),
        pd.Series(["id-2"], dtype="object"),
        pd.Index(["id-2"]),
        np.array(["id-2"]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_ids_come_in_many_ways(given: Any) -> None:
    vms = detail(TWO_ZONES)
    assert ids(what_if(vms, {"remove": given})) == ["id-1", "id-3", "id-4"]
    assert what_if(vms, {"stop": given}).status.tolist() == ["ACTIVE", "STOP", "ACTIVE", "ACTIVE"]
    assert what_if(vms, {"move": given, "zone": "b"}).zone.tolist() == ["a", "b", "b", "a"]
    assert what_if(vms, {"resize": given, "flavor": "m2.c4m8"}).vcpus.tolist() == [2, 4, 2, 4]


def test_no_ids_change_nothing() -> None:
    vms = detail(TWO_ZONES)
    none = vms.instance_id[vms.name == "nobody"]
    for change in ({"remove": none}, {"stop": []}, {"move": [], "zone": "b"}, {"resize": none, "flavor": "m2.c4m8"}):
        pd.testing.assert_frame_equal(what_if(vms, change), vms)
    pd.testing.assert_frame_equal(what_if(vms, []), vms)


def test_a_resize_changes_the_flavor_and_keeps_the_disks() -> None:
    vms = detail(TWO_ZONES)
    after = what_if(vms, {"resize": ["id-1", "id-3"], "flavor": "f-large"}, FLAVORS)
    changed = ["flavor_id", "flavor_name", "vcpus", "ram_mb"]
    assert after.loc[0, changed].tolist() == after.loc[2, changed].tolist() == ["f-large", "m2.c4m8", 4, 8192]
    pd.testing.assert_frame_equal(after.drop(columns=changed), vms.drop(columns=changed))
    pd.testing.assert_frame_equal(after.loc[[1, 3]], vms.loc[[1, 3]])


def test_u2_is_resized_neither_from_nor_to() -> None:
    vms = detail([*TWO_ZONES, instance(5, flavor=LOCAL)])
    with pytest.raises(tn.InvalidInput, match=r"change 1: resize to u2\.c1m2 is not possible"):
        what_if(vms, {"resize": "id-1", "flavor": "u2.c1m2"}, FLAVORS)
    untold = FLAVORS.assign(volume_gb=pd.Series(pd.NA, index=FLAVORS.index, dtype="Int64"))
    with pytest.raises(tn.InvalidInput, match=r"change 1: resize to u2\.c1m2 is not possible"):
        what_if(vms, {"resize": "id-1", "flavor": "u2.c1m2"}, untold)
    with pytest.raises(tn.InvalidInput, match="change 1: resize: 1 of 2 ids have a u2 flavor, the first is id-5"):
        what_if(vms, {"resize": ["id-1", "id-5"], "flavor": "m2.c4m8"}, FLAVORS)


def test_a_lost_zone_takes_its_instances_along_and_no_others() -> None:
    vms = detail([*TWO_ZONES, instance(5, availabilityZone=None)])
    assert ids(what_if(vms, {"lose": "a"})) == ["id-3", "id-5"]
    assert ids(what_if(vms, {"lose": "c"}, zones=["a", "b", "c"])) == ids(vms)


def test_a_move_goes_to_an_empty_zone_that_is_known() -> None:
    vms = detail(TWO_ZONES)
    after = what_if(vms, {"move": "id-1", "zone": "c"}, zones=pd.Series(["a", "b", "c"]))
    assert after.zone.tolist() == ["c", "a", "b", "a"]
    pd.testing.assert_frame_equal(after.drop(columns="zone"), vms.drop(columns="zone"))


def test_what_is_stopped_now_is_stopped_since_now() -> None:
    old = {"launchedAt": "2026-01-01T00:00:00Z", "createdAt": "2025-01-01T00:00:00Z"}
    vms = detail([instance(n, status=state, updatedAt="2026-02-01T00:00:00Z", **old) for n, state in STATES_OF_TWO])
    vms.attrs["fetched_at"] = "2026-11-01T00:00:00+00:00"
    after = what_if(vms, {"stop": ["id-1", "id-2"]})
    now, later = reclaimable(after, status="STOP"), reclaimable(after, status="STOP", at="2027-01-30")
    assert dict(zip(now.instance_id, now.unchanged_days, strict=True)) == {"id-1": 0, "id-2": 273}
    assert dict(zip(now.instance_id, now.at_most_days, strict=True)) == {"id-1": 0, "id-2": 304}
    assert dict(zip(now.instance_id, now.billing, strict=True)) == {"id-1": "reduced", "id-2": "full"}
    assert later.billing.tolist() == ["full", "full"]


def test_what_is_stopped_at_no_known_moment_is_stopped_since_its_boot_at_most() -> None:
    vms = detail([instance(1, updatedAt="2026-02-01T00:00:00Z", launchedAt="2026-01-01T00:00:00Z")])
    after = what_if(vms, {"stop": "id-1"})
    assert after.updated_at.isna().all()
    assert after.launched_at.equals(vms.launched_at)


STATES_OF_TWO = [(1, "ACTIVE"), (2, "STOP")]


@pytest.mark.parametrize("more", [{"stop": None}, {"resize": None, "flavor": "m2.c4m8"}, {"move": None, "zone": "a"}])
def test_what_is_being_deleted_is_only_removed(more: dict[str, Any]) -> None:
    vms = detail([instance(1), instance(2, status="DELETING")])
    verb = next(iter(more))
    with pytest.raises(tn.InvalidInput, match=f"change 1: {verb}: 1 of 2 ids are being deleted, the first is id-2"):
        what_if(vms, more | {verb: vms.instance_id}, FLAVORS)
    assert ids(what_if(vms, {"remove": "id-2"})) == ["id-1"]


def test_each_change_sees_what_the_former_left() -> None:
    vms = detail(TWO_ZONES)
    plan = [
        {"lose": "a"},
        {"add": 2, "flavor": "t2.c1m1", "zone": "b", "root_gb": 20},
        {"resize": "what-if-1", "flavor": "m2.c4m8"},
        {"remove": "id-3"},
    ]
    after = what_if(vms, plan, flavors=FLAVORS)
    assert after[["instance_id", "vcpus"]].to_numpy().tolist() == [["what-if-1", 4], ["what-if-2", 1]]
    assert after.index.tolist() == [0, 1]
    with pytest.raises(tn.InvalidInput, match="change 2: remove: 1 of 2 ids are not in df by then, the first is id-3"):
        what_if(vms, [{"lose": "b"}, {"remove": ["id-1", "id-3"]}])
    with pytest.raises(tn.InvalidInput, match="change 2: the zone 'b' is lost by a former change"):
        what_if(vms, [{"lose": "b"}, {"move": "id-1", "zone": "b"}])


@given(zoned, st.integers(1, 5), st.sampled_from(["m2.c2m4", "u2.c1m2"]))
def test_adding_then_removing_is_no_change(instances: list[Raw], count: int, flavor: str) -> None:
    vms = detail(instances)
    vms.attrs["fetched_at"] = "2026-11-01T00:00:00+00:00"
    size = {} if flavor.startswith("u2") else {"root_gb": 20}
    zones = sorted({raw["availabilityZone"] for raw in instances if raw["availabilityZone"]})
    empty = {"zones": ["d"]} if not zones else {}
    add = {"add": count, "flavor": flavor, "zone": (zones or ["d"])[0]} | size
    more = what_if(vms, add, flavors=FLAVORS, **empty)
    new = [f"what-if-{number}" for number in range(1, count + 1)]
    assert ids(more) == ids(vms) + new
    less = what_if(more, {"remove": new})
    pd.testing.assert_frame_equal(less, vms)
    assert less.attrs == vms.attrs


@given(zoned, st.data())
def test_removed_and_left_together_are_all_there_was(instances: list[Raw], data: st.DataObject) -> None:
    vms = detail(instances)
    chosen = data.draw(st.lists(st.sampled_from(ids(vms)), unique=True)) if len(vms) else []
    left = what_if(vms, {"remove": chosen})
    assert ids(left) == [name for name in ids(vms) if name not in chosen]
    states = what_if(vms, {"stop": chosen}) if not set(chosen) & being_deleted(instances) else None
    if states is not None:
        expected = ["STOP" if raw["id"] in chosen else raw["status"] for raw in instances]
        assert [None if pd.isna(state) else state for state in states.status] == expected


def being_deleted(instances: list[Raw]) -> set[str]:
    return {raw["id"] for raw in instances if raw["status"] == "DELETING"}


def test_the_frame_is_left_as_it_was_and_its_time_is_kept() -> None:
    vms = detail(TWO_ZONES)
    vms.attrs["fetched_at"] = "2026-11-01T00:00:00+00:00"
    before = vms.copy()
    plan = [ADD, {"move": "id-1", "zone": "b"}, {"stop": "id-1"}, {"resize": "id-1", "flavor": "m2.c4m8"}]
    after = what_if(vms, plan)
    pd.testing.assert_frame_equal(vms, before)
    assert after.attrs == before.attrs


def test_rows_are_counted_anew_whatever_the_index_was() -> None:
    vms = detail(TWO_ZONES).set_axis([5, 5, 9, 9])
    assert what_if(vms, {"remove": "id-2"}).index.tolist() == [0, 1, 2]
    assert what_if(vms, {"move": "id-2", "zone": "b"}).zone.tolist() == ["a", "b", "b", "a"]


def test_columns_that_nothing_needs_may_be_absent() -> None:
    needed = ["instance_id", "status", "zone", "flavor_id", "flavor_name", "vcpus", "ram_mb"]
    vms = detail(TWO_ZONES)[[*needed, "root_gb", "attached_gb", "disk_gb"]]
    plan = [ADD, {"stop": "id-1"}, {"resize": "id-2", "flavor": "m2.c4m8"}, {"move": "id-4", "zone": "b"}]
    after = what_if(vms, plan)
    assert after.columns.tolist() == vms.columns.tolist()
    assert tn.capacity.totals(after).vcpus["Total"] == 2 + 4 + 2 + 4 + 4


def test_an_empty_account_can_be_planned_too() -> None:
    after = what_if(detail([]), ADD | {"add": 2}, flavors=FLAVORS, zones=["a"])
    assert tn.capacity.totals(after).vcpus.to_dict() == {"a": 8, "Total": 8}


def test_a_column_without_room_for_missing_values_needs_one() -> None:
    vms = detail(TWO_ZONES).assign(dev=[True, False, True, False])
    with pytest.raises(tn.InvalidInput, match=r"change 1: dev is not known, and its column \(bool\) has no room"):
        what_if(vms, ADD)
    after = what_if(vms, ADD | {"dev": True})
    assert after.dev.tolist() == [True, False, True, False, True]
    assert after.dev.dtype == bool


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"keypair": 5}, r"keypair is 5, which its column \(str\) cannot hold"),
        ({"keypair": ["k"]}, "keypair is"),
        ({"created_at": "yesterday"}, "created_at is 'yesterday'"),
        ({"attached_gb": 10**30}, "attached_gb is 1000"),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=f"change 1: {said}"):
        what_if(detail(TWO_ZONES), ADD | given)


def test_columns_of_categories_stay_so() -> None:
    vms = detail(TWO_ZONES).astype({"zone": "category", "status": "category"})
    with pytest.raises(tn.InvalidInput, match=r"change 1: zone is 'c', which its column \(category\) cannot hold"):
        what_if(vms, {"move": "id-1", "zone": "c"}, zones=["a", "b", "c"])
    after = what_if(vms, [ADD, {"move": "id-1", "zone": "b"}])
    assert after.zone.tolist() == ["b", "a", "b", "a", "a"]
    assert after.dtypes.to_dict() == vms.dtypes.to_dict()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "nothing in it"),
        ({"delete": "id-1"}, r"nothing in it \(delete\) says what to do"),
        ("remove", "it is str"),
        ({"remove": "id-1", "stop": "id-2"}, "it has remove and stop"),
        ({"remove": "id-1", "zone": "a"}, "remove does not take 'zone'"),
        (ADD | {"metadata.team": "data"}, "add does not take 'metadata.team'"),
        (ADD | {"vcpus": 4}, "add does not take 'vcpus'"),
        ({"add": 1, "flavor": "m2.c4m8"}, "add needs zone"),
        ({"add": 1}, "add needs flavor and zone"),
        ({"resize": "id-1"}, "resize needs flavor"),
        ({"move": "id-1"}, "move needs zone"),
        (ADD | {"add": 0}, "add is 0, but must be a whole number, at least 1"),
        (ADD | {"add": -2}, "add is -2"),
        (ADD | {"add": 1.5}, r"add is 1\.5"),
        (ADD | {"add": True}, "add is True"),
        (ADD | {"add": "3"}, "add is '3'"),
        (ADD | {"attached_gb": -1}, "attached_gb is -1, but must be a whole number, at least 0"),
        (ADD | {"attached_gb": pd.NA}, "attached_gb is <NA>"),
        (ADD | {"root_gb": None}, "root_gb is missing"),
        (ADD | {"root_gb": 10}, "root_gb is 10, but must be from 20 to 1000 GB in steps of 10"),
        (ADD | {"root_gb": 25}, "root_gb is 25"),
        (ADD | {"root_gb": 1010}, "root_gb is 1010"),
        (ADD | {"root_gb": 20.0}, r"root_gb is 20\.0"),
        (ADD | {"flavor": "t2.c1m1", "root_gb": 110}, "root_gb is 110, but must be from 20 to 100"),
        (ADD | {"flavor": "u2.c1m2"}, "root_gb must be left out: the flavor comes with a disk of 40 GB"),
        (ADD | {"flavor": "m1.c2m4"}, "the flavor 'm1.c2m4' is disabled"),
        ({"resize": "id-1", "flavor": "m1.c2m4"}, "the flavor 'm1.c2m4' is disabled"),
        (ADD | {"flavor": "m2"}, r"there is no flavor 'm2'\. There are: m2\.c2m4"),
        (ADD | {"flavor": "00000000-0000-4000-8000-000000000000"}, "there is no flavor '00000000"),
        (ADD | {"flavor": "twin"}, "2 flavors are named 'twin'"),
        (ADD | {"flavor": 4}, "flavor is int, but must be text"),
        (ADD | {"zone": "z"}, r"the zone 'z' is not known\. Zones are a, b; give zones="),
        (ADD | {"zone": None}, "zone is NoneType, but must be text"),
        (ADD | {"name": "under_score"}, "the name 'under_score'"),
        (ADD | {"name": 5}, "name is int"),
        ({"lose": "z"}, "the zone 'z' is not known"),
        ({"remove": ["id-1", "id-9"]}, "remove: 1 of 2 ids are not in df by then, the first is id-9"),
        ({"remove": ["id-1", "id-1"]}, "remove: ids are given more than once, the first is id-1"),
        ({"stop": ["id-1", None]}, r"stop: 1 of 2 ids are missing \(NA\)"),
        ({"remove": [1, 2]}, "remove: ids must be text"),
        ({"remove": 5}, "remove: ids are int, but must be text, a list"),
        ({"remove": {"id-1": 1}}, "remove: ids are dict"),
        ({"remove": pd.DataFrame({"instance_id": ["id-1"]})}, "remove: a whole frame was given"),
        ({"remove": pd.Series({"instance_id": "id-1", "name": "x"})}, "remove: a row was given"),
    ],
)
def test_a_change_that_cannot_be_is_named_by_its_number(change: Any, said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=f"^change 2: {said}"):
        what_if(detail(TWO_ZONES), [{"stop": "id-2"}, change], flavors=FLAVORS)


def test_every_change_is_checked_before_one_is_done() -> None:
    with pytest.raises(tn.InvalidInput, match=r"^change 2: add is 0"):
        what_if(detail(TWO_ZONES), [{"remove": "nobody"}, ADD | {"add": 0}])


def test_bad_frames_are_named() -> None:
    vms = detail(TWO_ZONES)
    with pytest.raises(tn.InvalidInput, match="df lacks the columns flavor_id, disk_gb"):
        what_if(vms.drop(columns=["flavor_id", "disk_gb"]), [])
    with pytest.raises(tn.InvalidInput, match="flavors lacks the columns volume_gb"):
        what_if(vms, ADD, flavors=FLAVORS.drop(columns="volume_gb"))
    with pytest.raises(tn.InvalidInput, match="changes is int, but must be a dict or a list of dicts"):
        what_if(vms, 3)  # type: ignore[arg-type]
    with pytest.raises(tn.InvalidInput, match="zones must be names"):
        what_if(vms, [], zones="a")
    with pytest.raises(tn.InvalidInput, match="df has the instance id-1 twice"):
        what_if(pd.concat([vms, vms.head(1)]), {"remove": ["id-1", "id-2"]})
    whole = vms.astype({"vcpus": "int64"})
    with pytest.raises(tn.InvalidInput, match=r"vcpus is not known, and its column \(int64\) has no room"):
        what_if(whole, {"resize": "id-1", "flavor": "dark"}, FLAVORS)
