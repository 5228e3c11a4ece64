"""Cost a month against plain arithmetic: by flavor, by disk, stopped or not, and where a price is not known."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables
from toastnb.capacity import cost, price_template

AT = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = ["instances", "compute_low", "compute_high", "disk", "total_low", "total_high", "unpriced"]
M2 = {"id": "f", "name": "m2.c2m4", "cpu": 2, "ram": 4096}
U2 = {"id": "u", "name": "u2.c1m1", "cpu": 1, "ram": 1024}


def detail(instances: list[Raw]) -> pd.DataFrame:
    return tables(instances)["instances_detail"]


def prices(given: dict[str, float | None] | None = None) -> pd.DataFrame:
    """Return prices of an hour of two flavors and a month of each kind of disk, but for what is given."""
    known = {"m2.c2m4": 2.0, "u2.c1m1": 1.0, "root": 0.5, "attached": 0.25, "local": 0.125} | (given or {})
    rows = [
        ("flavor", name, price, "hour") if "." in name else ("disk", name, price, "month")
        for name, price in known.items()
    ]
    return pd.DataFrame(rows, columns=["item", "name", "price", "per"])


def ago(days: float) -> str:
    return (AT - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def stopped(number: int, updated: float, launched: float, **fields: Any) -> Raw:
    return instance(number, status="STOP", updatedAt=ago(updated), launchedAt=ago(launched), **fields)


def figures(table: pd.DataFrame, key: Any) -> list[float | None]:
    return [None if pd.isna(value) else value for value in table.loc[key]]


def costs(instances: list[Raw], table: pd.DataFrame | None = None, **arguments: Any) -> pd.DataFrame:
    return cost(detail(instances), prices() if table is None else table, **({"at": AT} | arguments))


def test_a_running_instance_costs_its_hours_and_its_disks() -> None:
    table = costs([instance(1), instance(2), instance(3, availabilityZone="b")])
    one, disk = 2.0 * 730, 50 * 0.5 + 100 * 0.25
    assert table.columns.tolist() == COLUMNS
    assert figures(table, "a") == [2, 2 * one, 2 * one, 2 * disk, 2 * (one + disk), 2 * (one + disk), 0]
    assert figures(table, "b") == [1, one, one, disk, one + disk, one + disk, 0]
    assert figures(table, "Total") == [3, 3 * one, 3 * one, 3 * disk, 3 * (one + disk), 3 * (one + disk), 0]


def test_a_month_has_the_hours_that_are_given_and_a_price_a_month_has_none() -> None:
    assert costs([instance(1)], hours=100).compute_low["a"] == 200
    monthly = prices().assign(per="month")
    assert figures(costs([instance(1)], monthly, hours=100), "a") == [1, 2, 2, 50, 52, 52, 0]


@pytest.mark.parametrize(
    ("updated", "launched", "low", "high"), [(90, 400, 1, 1), (89, 400, 0.1, 1), (89, 90, 0.1, 1), (20, 89, 0.1, 0.1)]
)
def test_a_stopped_instance_costs_a_tenth_for_ninety_days(
    updated: float, launched: float, low: float, high: float
) -> None:
    row = figures(costs([stopped(1, updated, launched)]), "a")
    assert row == pytest.approx([1, 1460 * low, 1460 * high, 50, 1460 * low + 50, 1460 * high + 50, 0])


def test_all_but_what_is_being_deleted_counts_in_full() -> None:
    rows = [instance(1, status="ERROR"), instance(2, status="BUILD"), instance(3, status="DELETING")]
    assert figures(costs(rows), "Total") == [2, 2920, 2920, 100, 3020, 3020, 0]


def test_an_unknown_state_may_be_a_stopped_one() -> None:
    assert figures(costs([instance(1, status=None)]), "a")[1:3] == pytest.approx([146, 1460])


def test_the_root_disk_of_a_u2_instance_is_local() -> None:
    local = instance(1, flavor=U2, volumes={"root": {"size": 20}, "attachments": [{"size": 40}]})
    table = costs([local, instance(2)], by="family")
    assert figures(table, "u2") == [1, 730, 730, 20 * 0.125 + 40 * 0.25, 742.5, 742.5, 0]
    assert table.disk["m2"] == 50


def test_what_is_known_of_an_instance_counts_and_the_rest_is_unpriced() -> None:
    rows = [instance(1), instance(2, flavor={"id": "x", "name": "x1.c1m1"}), instance(3, flavor=None)]
    assert figures(costs(rows), "a") == [3, 1460, 1460, 150, 1610, 1610, 2]
    without_root = costs(rows, prices({"root": None}))
    assert figures(without_root, "a") == [3, 1460, 1460, 75, 1535, 1535, 3]
    unknown_sizes = [instance(1, volumes=None), instance(2, volumes={"root": {"size": 50}})]
    assert figures(costs(unknown_sizes), "a") == [2, 2920, 2920, 25, 2945, 2945, 2]


def test_what_is_not_there_needs_no_price() -> None:
    bare = instance(1, volumes={"root": {"size": 50}, "attachments": []})
    others = prices({"attached": None, "local": None, "u2.c1m1": None})
    assert figures(costs([bare], others), "a") == [1, 1460, 1460, 25, 1485, 1485, 0]


def test_a_figure_of_which_nothing_is_known_is_missing_and_not_zero() -> None:
    bare = instance(1, volumes={"root": {"size": 50}, "attachments": []})
    nothing = prices().assign(price=None)
    assert figures(costs([instance(2), bare], nothing), "Total") == [2, None, None, None, None, None, 2]
    assert figures(costs([bare], prices({"root": None})), "a") == [1, 1460, 1460, None, 1460, 1460, 1]
    assert figures(costs([bare], nothing.replace({"price": {None: 0}})), "a") == [1, 0, 0, 0, 0, 0, 0]


def test_groups_are_those_of_totals() -> None:
    rows = [instance(1), instance(2, status="STOP"), instance(3, availabilityZone=None), instance(4, flavor=U2)]
    for by in ("zone", "family", "status", ["zone", "family"], ["family", "zone", "status"]):
        table, totals = costs(rows, by=by), tn.capacity.totals(detail(rows), by=by)
        assert table.index.equals(totals.index)
        assert table.index.names == totals.index.names
        assert table.instances.tolist() == totals.instances.tolist()


amount = st.none() | st.integers(0, 500)
fleet = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["ACTIVE", "STOP", "ERROR", "DELETING", None]),
            "availabilityZone": st.sampled_from(["a", "b", None]),
            "flavor": st.sampled_from([M2, U2, {"id": "x", "name": "x1.c1m1"}, None]),
            "volumes": st.fixed_dictionaries(
                {"root": st.fixed_dictionaries({"size": amount}), "attachments": st.just([]) | st.just([{"size": 30}])}
            ),
            "updated": st.sampled_from([1, 89, 90, 91]),
            "launched": st.sampled_from([89, 90, 200]),
        }
    ),
    max_size=10,
)
price = st.none() | st.integers(0, 40).map(lambda quarters: quarters / 4)
lists = st.fixed_dictionaries({"m2.c2m4": price, "u2.c1m1": price, "root": price, "attached": price, "local": price})


def expected(rows: list[Raw], known: dict[str, float | None]) -> dict[str, float | None]:
    """Return a group's figures by plain Python: what is known is added, what is not is counted."""
    parts: dict[str, list[float]] = defaultdict(list)
    unpriced = 0
    for row in rows:
        name = (row["flavor"] or {}).get("name", "")
        hourly = known.get(name)
        stopped = row["status"] in ("STOP", None)
        full = not stopped or row["updated"] >= 90
        reduced = row["status"] == "STOP" and not full and row["launched"] < 90
        if hourly is not None:
            parts["low"].append(hourly * 730 * (1 if full else 0.1))
            parts["high"].append(hourly * 730 * (0.1 if reduced else 1))
        attached = sum(volume["size"] for volume in row["volumes"]["attachments"])
        sizes = [(row["volumes"]["root"]["size"], "local" if name == "u2.c1m1" else "root"), (attached, "attached")]
        disks = [
            0 if size == 0 else None if None in (size, known[kind]) else size * known[kind] for size, kind in sizes
        ]
        certain = sum(part for part in disks if part is not None)
        if None not in disks or certain:
            parts["disk"].append(certain)
        unpriced += hourly is None or None in disks
    sums = {name: sum(parts[name]) if parts[name] or not rows else None for name in ("low", "high", "disk")}
    totals = [
        None if compute is None and sums["disk"] is None else (compute or 0) + (sums["disk"] or 0)
        for compute in (sums["low"], sums["high"])
    ]
    return dict(zip(COLUMNS, [len(rows), sums["low"], sums["high"], sums["disk"], *totals, unpriced], strict=True))


@given(fleet, lists)
def test_every_group_and_the_total_are_what_plain_arithmetic_says(
    drawn: list[Raw], known: dict[str, float | None]
) -> None:
    rows = [
        {"id": f"id-{number}", "updatedAt": ago(raw["updated"]), "launchedAt": ago(raw["launched"]), **raw}
        for number, raw in enumerate(drawn)
    ]
    table = costs(rows, prices(known))
    counted = [raw for raw in rows if raw["status"] != "DELETING"]
    zones = {raw["availabilityZone"] or "(missing)" for raw in counted}
    assert set(table.index) == zones | {"Total"}
    for zone in table.index:
        members = [raw for raw in counted if zone in (raw["availabilityZone"] or "(missing)", "Total")]
        row = dict(zip(COLUMNS, figures(table, zone), strict=True))
        assert row == {name: pytest.approx(value) for name, value in expected(members, known).items()}
        assert row["compute_low"] is None or row["compute_low"] <= row["compute_high"]


def test_columns_and_dtypes_are_the_same_for_an_empty_account() -> None:
    full, empty = costs([instance(1)]), costs([])
    assert [str(dtype) for dtype in full.dtypes] == ["Int64", *["Float64"] * 5, "Int64"]
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert figures(empty, "Total") == [0] * 7
    assert costs([], by=["zone", "family"]).index.tolist() == [("Total", "")]


def test_the_frames_are_left_as_they_were_and_the_time_is_kept() -> None:
    vms, table = detail([instance(1), stopped(2, 5, 10)]), prices()
    vms.attrs["fetched_at"] = AT.isoformat()
    before, given_prices = vms.copy(), table.copy()
    assert cost(vms, table).attrs == vms.attrs
    assert cost(vms, table).equals(cost(vms, table, at=AT))
    pd.testing.assert_frame_equal(vms, before)
    pd.testing.assert_frame_equal(table, given_prices)


def test_the_template_lists_what_is_in_use_and_is_read_back_when_filled_in(tmp_path: Path) -> None:
    vms = detail([instance(1), instance(2, flavor=U2), instance(3, status="DELETING", flavor={"name": "gone"})])
    template = price_template(vms)
    assert template.name.tolist() == ["m2.c2m4", "u2.c1m1", "root", "attached", "local"]
    assert template.item.tolist() == ["flavor"] * 2 + ["disk"] * 3
    assert template.per.tolist() == ["hour"] * 2 + ["GB month"] * 3
    assert template.price.isna().all()
    assert [str(dtype) for dtype in template.dtypes] == ["str", "str", "Float64", "str"]
    path = tmp_path / "prices.csv"
    template.to_csv(path, index=False)
    assert cost(vms, path, at=AT).unpriced["Total"] == 2
    filled = template.assign(price=[2.0, 1.0, 0.5, 0.25, 0.125])
    filled.to_csv(path, index=False)
    pd.testing.assert_frame_equal(cost(vms, str(path), at=AT), cost(vms, prices(), at=AT))


def test_the_template_of_an_empty_account_has_the_disks() -> None:
    template = price_template(detail([]))
    assert template.name.tolist() == ["root", "attached", "local"]
    assert str(template.price.dtype) == "Float64"


def test_a_csv_as_people_write_it(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    text = (
        "note,item,name,price,per\n,flavor, m2.c2m4 ,2,hour\nx,disk,root,,GB month\n,,,,\n,disk,attached,0.25,month\n"
    )
    path.write_text("\ufeff" + text, "utf-8")
    assert figures(cost(detail([instance(1)]), path, at=AT), "a") == [1, 1460, 1460, 25, 1485, 1485, 1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("instance", "m2.c2m4", 1, "hour"), "prices has item 'instance' in row 2, but it must be flavor or disk"),
        ((None, "m2.c2m4", 1, "hour"), "prices has item '' in row 2"),
        (("disk", "ssd", 1, "month"), "prices has name 'ssd' in row 2, but it must be one of root, attached, local"),
        (("flavor", None, 1, "hour"), "prices has name '' in row 2, but it must be the name of a flavor"),
        (("flavor", "m2.c2m4", 1, "day"), "prices has per 'day' in row 2, but for a flavor it must be hour or month"),
        (("flavor", "m2.c2m4", 1, "GB month"), "prices has per 'GB month' in row 2"),
        (("disk", "root", 1, "hour"), "prices has per 'hour' in row 2, but for a disk it must be GB month or month"),
        (("disk", "root", -1, "month"), "prices has price '-1' in row 2"),
        (("disk", "root", "1 won", "month"), "prices has price '1 won' in row 2"),
        (("disk", "root", float("inf"), "month"), "prices has price 'inf' in row 2"),
        (("flavor", "first", 2, "hour"), "prices has the flavor first in row 2 once more"),
    ],
)
def test_a_price_that_is_not_usable_is_named(row: tuple[Any, ...], said: str) -> None:
    table = pd.DataFrame([("flavor", "first", 1, "hour"), row], columns=["item", "name", "price", "per"])
    with pytest.raises(tn.InvalidInput, match=said):
        costs([instance(1)], table)


def test_bad_input_is_named(tmp_path: Path) -> None:
    vms = detail([instance(1)])
    with pytest.raises(tn.InvalidInput, match=r"prices lacks the columns price, per\. tn\.capacity\.price_template"):
        costs([instance(1)], prices().drop(columns=["price", "per"]))
    with pytest.raises(tn.InvalidInput, match=r"prices: .*none\.csv cannot be read"):
        cost(vms, tmp_path / "none.csv", at=AT)
    with pytest.raises(tn.InvalidInput, match="prices is dict"):
        cost(vms, {}, at=AT)  # type: ignore[arg-type]
    for hours in (0, -1, float("nan"), float("inf"), "730", True):
        with pytest.raises(tn.InvalidInput, match=r"hours is .* but must be a number of hours a month"):
            cost(vms, prices(), at=AT, hours=hours)
    with pytest.raises(tn.InvalidInput, match="at is missing"):
        cost(vms, prices())
    with pytest.raises(tn.InvalidInput, match="df lacks the columns attached_gb, updated_at"):
        cost(vms.drop(columns=["attached_gb", "updated_at"]), prices(), at=AT)
    with pytest.raises(tn.InvalidInput, match="df lacks the columns team"):
        cost(vms, prices(), by=["zone", "team"], at=AT)
    with pytest.raises(tn.InvalidInput, match="df lacks the columns flavor_name"):
        price_template(vms.drop(columns="flavor_name"))
