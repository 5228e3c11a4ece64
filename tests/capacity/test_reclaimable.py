"""What stopped instances hold, for how long and how they are billed, against plain arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toastnb as tn
from tests.capacity.builders import Raw, accounts, instance, tables
from toastnb.arrays import stacked
from toastnb.capacity import reclaimable
from toastnb.rules import STATES

AT = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = [
    *("instance_id", "name", "status", "zone", "flavor_name", "vcpus", "ram_gb", "root_gb", "attached_gb", "disk_gb"),
    *("unchanged_days", "at_most_days", "billing", "full_by", "unknown"),
]


def detail(instances: list[Raw]) -> pd.DataFrame:
    return tables(instances)["instances_detail"]


def ago(days: float | None) -> str | None:
    """Return the time so many days before `AT`, as the service writes it."""
    return None if days is None else (AT - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def stopped(
    number: int, updated: float | None, launched: float | None, created: float | None = None, **fields: Any
) -> Raw:
    """Return a stopped instance, changed, booted and made so many days ago."""
    times = {"updatedAt": ago(updated), "launchedAt": ago(launched), "createdAt": ago(created)}
    return instance(number, status="STOP", **times) | fields


def by_id(instances: list[Raw], **arguments: Any) -> pd.DataFrame:
    return reclaimable(detail(instances), **({"at": AT} | arguments)).set_index("instance_id")


def test_a_row_holds_what_the_instance_holds() -> None:
    [row] = reclaimable(detail([stopped(1, updated=10, launched=20, created=300)]), at=AT).to_dict("records")
    assert row == {
        "instance_id": "id-1",
        "name": "web-01",
        "status": "STOP",
        "zone": "a",
        "flavor_name": "m2.c2m4",
        "vcpus": 2,
        "ram_gb": 4.0,
        "root_gb": 50,
        "attached_gb": 100,
        "disk_gb": 150,
        "unchanged_days": 10.0,
        "at_most_days": 20.0,
        "billing": "reduced",
        "full_by": pd.Timestamp("2026-10-22", tz="UTC") + pd.Timedelta(days=90),
        "unknown": 0,
    }


SECOND = 1 / 86_400


@pytest.mark.parametrize(
    ("updated", "launched", "billing"),
    [
        (90, 400, "full"),
        (90 - SECOND, 400, "reduced or full"),
        (89, 90, "reduced or full"),
        (89, 90 - SECOND, "reduced"),
        (0, 0, "reduced"),
        (90, 90, "full"),
        (None, 400, "reduced or full"),
        (None, 89, "reduced"),
        (89, None, "reduced or full"),
        (91, None, "full"),
        (None, None, "reduced or full"),
    ],
)
def test_ninety_stopped_days_decide_as_far_as_the_bounds_tell(
    updated: float | None, launched: float | None, billing: str
) -> None:
    assert by_id([stopped(1, updated, launched)]).billing["id-1"] == billing


def test_what_never_booted_is_no_older_than_it_is() -> None:
    table = by_id([stopped(1, updated=5, launched=None, created=80), stopped(2, updated=5, launched=None)])
    assert table.at_most_days["id-1"] == 80
    assert table.billing["id-1"] == "reduced"
    assert pd.isna(table.at_most_days["id-2"])


def test_a_clock_that_is_ahead_makes_no_negative_days() -> None:
    table = by_id([stopped(1, updated=-1, launched=-2)])
    assert table.loc["id-1", ["unchanged_days", "at_most_days", "billing"]].tolist() == [0, 0, "reduced"]


@pytest.mark.parametrize("state", sorted(set(STATES) - {"STOP"}))
def test_the_rule_is_for_stopped_instances_only(state: str) -> None:
    table = by_id([stopped(1, updated=5, launched=10, status=state)], status=list(STATES))
    assert table.billing["id-1"] == "full"
    assert pd.isna(table.full_by["id-1"])
    assert table.unchanged_days["id-1"] == 5


def test_an_instance_whose_state_is_not_known_may_be_stopped() -> None:
    rows = [stopped(1, 5, 10, status=None), stopped(2, 100, 200, status=None)]
    assert by_id(rows, status="allocated").billing.to_dict() == {"id-1": "reduced or full", "id-2": "full"}


def test_stopped_and_broken_instances_are_listed_the_longest_first() -> None:
    rows = [
        stopped(1, updated=3, launched=9),
        stopped(2, updated=None, launched=9),
        stopped(3, updated=70, launched=90, status="ERROR"),
        stopped(4, updated=70, launched=80),
        instance(5, updatedAt=ago(500)),
    ]
    vms = detail(rows)
    assert reclaimable(vms, at=AT).instance_id.tolist() == ["id-3", "id-4", "id-1", "id-2"]
    assert reclaimable(vms, at=AT, status="STOP").instance_id.tolist() == ["id-4", "id-1", "id-2"]
    assert reclaimable(vms, at=AT, status="running").instance_id.tolist() == ["id-5"]


def test_what_is_not_known_is_counted_and_stays_missing() -> None:
    table = by_id([stopped(1, 5, 10, flavor=None), stopped(2, 6, 10)])
    assert table.unknown.to_dict() == {"id-1": 1, "id-2": 0}
    assert table.loc["id-1", ["vcpus", "ram_gb"]].isna().all()


@given(accounts)
def test_it_holds_what_totals_count_in_these_states(instances: list[Raw]) -> None:
    vms = detail(instances)
    table = reclaimable(vms, at=AT)
    totals = tn.capacity.totals(vms, status=["STOP", "ERROR"]).iloc[-1]
    assert len(table) == totals["instances"] == sum(raw["status"] in ("STOP", "ERROR") for raw in instances)
    for name in ("vcpus", "ram_gb", "root_gb", "attached_gb", "disk_gb"):
        assert table[name].sum() == (0 if pd.isna(totals[name]) else totals[name])
    assert table.unknown.sum() == totals["unknown"]


days = st.none() | st.floats(0, 400)


@given(st.lists(st.tuples(days, days, days), max_size=8))
def test_no_instance_is_billed_in_full_before_full_by(drawn: list[tuple[float | None, ...]]) -> None:
    table = by_id([stopped(number, *times) for number, times in enumerate(drawn)])
    for number, (updated, launched, created) in enumerate(drawn):
        row = table.loc[f"id-{number}"]
        at_most = created if launched is None else launched
        close = {"abs": 1e-6}  # the service's times end at microseconds
        assert (None if pd.isna(row.unchanged_days) else row.unchanged_days) == pytest.approx(updated, **close)
        assert (None if pd.isna(row.at_most_days) else row.at_most_days) == pytest.approx(at_most, **close)
        assert (row.billing == "full") == (pd.notna(row.full_by) and row.full_by <= AT)


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-01T00:00:00Z",
        "2026-11-01",
        "2026-11-01T09:00:00+09:00",
        datetime(2026, 11, 1),
        datetime(2026, 11, 1, 9, tzinfo=timezone(timedelta(hours=9))),
        pd.Timestamp("2026-11-01", tz="UTC"),
    ],
    ids=str,
)
def test_the_moment_comes_in_many_ways(at: Any) -> None:
    assert by_id([stopped(1, 10, 20)], at=at).unchanged_days["id-1"] == 10


def test_the_moment_is_that_of_the_frame_and_never_now() -> None:
    vms = detail([stopped(1, 10, 20)])
    with pytest.raises(tn.InvalidInput, match="at is missing: df does not say when it was fetched"):
        reclaimable(vms)
    vms.attrs["fetched_at"] = "2026-11-02T00:00:00+00:00"
    table = reclaimable(vms)
    assert table.unchanged_days.tolist() == [11]
    assert table.attrs == vms.attrs


@pytest.mark.parametrize("at", ["now", "today", "", "yesterday", 5, pd.NaT, float("nan")], ids=repr)
def test_what_is_no_moment_is_refused(at: Any) -> None:
    with pytest.raises(tn.InvalidInput, match=r"at is .* but must be a time"):
        reclaimable(detail([stopped(1, 10, 20)]), at=at)


def test_columns_and_dtypes_are_the_same_for_an_empty_account() -> None:
    full, empty = reclaimable(detail([stopped(1, 10, 20)]), at=AT), reclaimable(detail([]), at=AT)
    assert full.columns.tolist() == COLUMNS
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    kinds = ["str"] * 5 + ["Int64", "Float64", "Int64", "Int64", "Int64", "Float64", "Float64"]
    assert [str(dtype) for dtype in full.dtypes] == [*kinds, "str", "datetime64[us, UTC]", "Int64"]


def test_an_index_with_labels_twice_makes_no_more_rows() -> None:
    vms = detail([stopped(1, 10, 20), stopped(2, 5, 20)]).set_axis([3, 3])
    before = vms.copy()
    assert reclaimable(vms, at=AT).unchanged_days.tolist() == [10, 5]
    pd.testing.assert_frame_equal(vms, before)


def test_bad_input_is_named() -> None:
    vms = detail([stopped(1, 10, 20)])
    with pytest.raises(tn.InvalidInput, match="df lacks the columns launched_at, updated_at"):
        reclaimable(vms.drop(columns=["launched_at", "updated_at"]), at=AT)
    with pytest.raises(tn.InvalidInput, match="'GONE' is not known"):
        reclaimable(vms, at=AT, status="GONE")
    with pytest.raises(tn.InvalidInput, match="updated_at is str, but must be times with a zone"):
        reclaimable(vms.astype({"updated_at": "str"}), at=AT)


def test_of_several_projects_a_row_says_whose_it_is() -> None:
    frame = detail([stopped(1, updated=5, launched=9)])
    both = stacked("project", {"a": frame, "b": frame})
    table = reclaimable(both, at=AT)
    assert table.columns.tolist() == ["project", *COLUMNS]
    assert table["project"].tolist() == ["a", "b"]
