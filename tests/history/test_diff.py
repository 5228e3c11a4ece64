"""What changed from one inventory to another, against what was done to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.audit.builders import account, clean, keypair
from tests.capacity.builders import instance
from tests.history.stores import of_instances
from toastnb.columns import TABLES
from toastnb.history.differences import COLUMNS, KEYS

Row = tuple[Any, ...]


def changes(before: tn.Inventory, after: tn.Inventory, *tables: str, **options: Any) -> list[Row]:
    """Return change, key, field, before, after of each row; what is missing is None."""
    table = tn.history.diff(before, after, tables=tables or None, **options)
    shown = table[["change", "key", "field", "before", "after"]].astype(object)
    return [tuple(row) for row in shown.where(table.notna(), None).itertuples(index=False)]


def with_table(inventory: tn.Inventory, name: str, frame: pd.DataFrame) -> tn.Inventory:
    return tn.Inventory(inventory.tables | {name: frame}, inventory.absent, inventory.fetched_at, inventory.source)


@pytest.fixture(scope="module")
def fleet() -> tn.Inventory:
    with tn.Sandbox(instances=30, instant=True) as sandbox, tn.connect(sandbox) as toast:
        return toast.inventory()


def test_every_table_has_a_key_and_nothing_has_changed_since_itself(fleet: tn.Inventory) -> None:
    assert list(KEYS) == list(TABLES)
    assert set(fleet.tables) == set(TABLES)
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in fleet.tables.items()}
    table = tn.history.diff(fleet, tn.Inventory(shuffled, {}, fleet.fetched_at))
    assert len(table) == 0
    assert tuple(table.columns) == COLUMNS
    assert set(table.dtypes.astype(str)) == {"str"}
    assert len(tn.history.not_compared(table)) == 0
    json.dumps(table.attrs)


@pytest.mark.parametrize("name", list(TABLES))
def test_a_row_that_goes_is_deleted_and_the_other_way_round_created(fleet: tn.Inventory, name: str) -> None:
    less = with_table(fleet, name, fleet.tables[name].iloc[1:])
    first = fleet.tables[name].iloc[0]
    key = " / ".join(str(first[part]) for part in KEYS[name] if pd.notna(first[part]))
    assert changes(fleet, less, name) == [("deleted", key, None, None, None)]
    assert changes(less, fleet, name) == [("created", key, None, None, None)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "new"}, [("renamed", "name", "app1-prod-01", "new")]),
        ({"status": "STOP"}, [("changed", "status", "ACTIVE", "STOP")]),
        ({"status": None}, [("changed", "status", "ACTIVE", None)]),
        (
            {"flavor": {"id": "f2", "name": "m2.c4m8", "cpu": 4, "ram": 8192}},
            [
                ("resized", "flavor_id", "flavor-1", "f2"),
                ("resized", "flavor_name", "m2.c2m4", "m2.c4m8"),
                ("resized", "vcpus", "2", "4"),
                ("resized", "ram_mb", "4096", "8192"),
            ],
        ),
        (
            {"createdAt": "2026-10-30T01:02:03.5Z"},
            [("changed", "created_at", "2026-10-31T00:00:00.000000Z", "2026-10-30T01:02:03.500000Z")],
        ),
        ({"launchedAt": "2026-10-30T01:02:03Z", "updatedAt": "2026-10-31T09:00:00Z"}, []),
    ],
)
def test_what_differs_is_told_field_by_field(fields: dict[str, Any], expected: list[Row]) -> None:
    base = {"createdAt": "2026-10-31T00:00:00Z"}
    found = changes(account([clean(1, **base)]), account([clean(1, **(base | fields))]), "instances_detail")
    assert found == [(change, "id-1", *rest) for change, *rest in expected]


def test_volatile_columns_are_compared_when_they_are_asked_for() -> None:
    sides = [account([clean(1, updatedAt=time)]) for time in ("2026-10-31T00:00:00Z", "2026-10-31T09:00:00Z")]
    assert changes(*sides) == []
    [(change, _, field, *_)] = changes(*sides, volatile=True)
    assert (change, field) == ("changed", "updated_at")


def test_parts_of_an_instance_are_named_by_it() -> None:
    before = account([clean(1), clean(2)])
    after = account([clean(1, metadata={"team": "web", "env": "prod"}), clean(2)])
    table = tn.history.diff(before, after, tables=["metadata"])
    assert table[["key", "name", "change", "before", "after"]].values.tolist()[1:] == [
        ["id-1 / team", "app1-prod-01", "changed", "data", "web"]
    ]
    assert table.iloc[0][["key", "change"]].tolist() == ["id-1 / login_username", "deleted"]


def test_a_keypair_of_another_name_with_the_same_key_is_renamed() -> None:
    one, other = keypair("ops", None, "aa:aa"), keypair("new", None, "aa:aa")
    before, after = account(keypairs=[one]), account(keypairs=[other])
    assert changes(before, after, "keypairs") == [("renamed", "new", "name", "ops", "new")]
    twice = account(keypairs=[other, keypair("third", None, "aa:aa")])
    assert [row[:2] for row in changes(before, twice, "keypairs")] == [
        ("created", "new"),
        ("created", "third"),
        ("deleted", "ops"),
    ]
    unknown = [account(keypairs=[keypair(name, None, None)]) for name in ("ops", "new")]
    assert [row[0] for row in changes(*unknown, "keypairs")] == ["created", "deleted"]


def test_a_row_without_an_id_is_none_that_could_be_found_again(fleet: tn.Inventory) -> None:
    frame = fleet.volumes.head(3).assign(volume_id=pd.Series([None] * 3, dtype="str"))
    nameless = with_table(fleet, "volumes", frame)
    assert changes(nameless, with_table(fleet, "volumes", frame.iloc[::-1]), "volumes") == []
    grown = frame.assign(size_gb=frame["size_gb"].where(frame.index != frame.index[0], frame["size_gb"] + 10))
    found = changes(nameless, with_table(fleet, "volumes", grown), "volumes")
    assert found == [("created", None, None, None, None), ("deleted", None, None, None, None)]


def test_of_a_key_that_comes_twice_only_what_differs_is_told(fleet: tn.Inventory) -> None:
    frame = pd.concat([fleet.volumes.head(1)] * 3, ignore_index=True).assign(name=["a", "b", "c"])
    before = with_table(fleet, "volumes", frame)
    after = with_table(fleet, "volumes", frame.iloc[::-1].assign(name=["c", "z", "a"]))
    assert [row[0::2] for row in changes(before, after, "volumes")] == [("renamed", "name", "z")]
    fewer = with_table(fleet, "volumes", frame.iloc[:2])
    assert [row[0] for row in changes(before, fewer, "volumes")] == ["deleted"]


def test_a_table_that_one_side_lacks_is_told_and_not_compared() -> None:
    before, after = account([clean(1)]), account([], absent={"volumes": "403"})
    table = tn.history.diff(before, after)
    told = tn.history.not_compared(table).set_index("table")["why"]
    assert told["volumes"] == "not there after: 403"
    assert told["networks"] == "not there before: not read; not there after: not read"
    assert set(table["table"]).isdisjoint(told.index)
    with pytest.raises(tn.InvalidInput, match="no longer has what diff noted"):
        tn.history.not_compared(pd.concat([table.assign(), pd.DataFrame(table.to_dict())]))


def test_what_it_is_given_is_checked(fleet: tn.Inventory) -> None:
    with pytest.raises(tn.InvalidInput, match="must be an Inventory"):
        tn.history.diff(fleet, None)
    with pytest.raises(tn.InvalidInput, match="there is no table 'vms'"):
        tn.history.diff(fleet, fleet, tables=["vms"])
    lacking = with_table(fleet, "volumes", fleet.volumes.drop(columns="size_gb"))
    with pytest.raises(tn.InvalidInput, match="volumes lacks the columns size_gb"):
        tn.history.diff(fleet, lacking)


rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from(["x", "y", None]), st.none() | st.integers(0, 2)),
    max_size=7,
)


@given(rows, rows)
def test_it_leads_from_one_to_the_other(before: list[Row], after: list[Row]) -> None:
    """Whatever the rows: what is told brings the counts of each id from one side to the other, and nothing more."""
    sides = []
    for drawn in (before, after):
        frame = pd.DataFrame(drawn, columns=["volume_id", "name", "size_gb"]).assign(**_REST)
        kinds = {column.name: column.kind.value for column in TABLES["volumes"]}
        sides.append(tn.Inventory({"volumes": frame.astype(kinds)[list(kinds)]}, {}, "2026-11-01T00:00:00Z"))
    found = changes(*sides, "volumes")
    for key in ("a", "b", "c", None):
        made, gone = (sum(row[:2] == (change, key) for row in found) for change in ("created", "deleted"))
        assert made - gone == sum(row[0] == key for row in after) - sum(row[0] == key for row in before)
        assert not (key and made and gone)
    assert (found == []) == (sorted(map(str, before)) == sorted(map(str, after)))


_REST = dict.fromkeys(("description", "status", "zone", "type", "created_at"))


@pytest.mark.parametrize("compare", [tn.history.diff, tn.history.waterfall])
def test_two_projects_are_told(compare: Callable[..., object], tmp_path: Path) -> None:
    def of(source: str, *numbers: int) -> tn.Inventory:
        found = of_instances([instance(number) for number in numbers])
        found.source = source
        return found

    shop, renamed, moved = of("shop at a", 1, 2), of("prod at a", 2, 3), of("shop at b", 8, 9)
    other, nothing = of("dev at a", 8, 9), of("dev at a")
    for one, same in ((shop, renamed), (shop, moved), (shop, nothing), (shop, of("", 8))):
        compare(one, same)
    with pytest.warns(UserWarning, match=r"two projects are compared: shop, then dev\.") as told:
        compare(shop, other)
    assert told[0].filename == __file__
    for project in ("one", "two"):
        tn.history.record(shop, tmp_path / "store", project=project)
    history = tn.history.open_store(tmp_path / "store")
    compare(history.newest("one"), history.newest("one"))
    with pytest.warns(UserWarning, match=r"two projects are compared: one, then two\."):
        compare(history.newest("one"), history.newest("two"))


def test_the_sandbox_that_needs_no_account_is_the_same_all_day() -> None:
    """What is recorded of it again has not changed."""
    with tn.connect("sandbox") as toast:
        account = toast.inventory()
    today = account.fetched_at[:10]
    with tn.Sandbox(start=today) as sandbox, tn.connect(sandbox) as toast:
        changes = tn.history.diff(account, toast.inventory(), volatile=True)
        if toast.instances().attrs["fetched_at"][:10] == today:  # else midnight was between them
            assert changes.empty
