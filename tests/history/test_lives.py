"""What only history can know of instances, against what was recorded of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables

Days = dict[str, list[Raw]]
Recorded = Callable[..., tn.history.History]
LARGER = {"id": "g", "name": "m2.c4m8", "cpu": 4, "ram": 8192}


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """Return what makes a history of instances by day, for projects by name."""

    def make(**projects: Days) -> tn.history.History:
        for project, days in projects.items():
            for day, instances in days.items():
                one = tn.Inventory(tables(instances), {}, f"{day}T00:00:00Z", "made")
                tn.history.record(one, tmp_path / "store", project=project)
        return tn.history.open_store(tmp_path / "store")

    return make


def at(day: str | None) -> pd.Timestamp | None:
    return pd.NaT if day is None else pd.Timestamp(day, tz="UTC")


def stop(number: int, booted: str | None = None, status: str | None = "STOP") -> Raw:
    return instance(number, status=status, launchedAt=booted)


@pytest.mark.parametrize(
    ("states", "after", "by"),
    [
        (["ACTIVE", "STOP", "STOP"], "2026-11-01", "2026-11-02"),
        (["STOP", "STOP", "STOP"], None, "2026-11-01"),
        (["STOP", "ACTIVE", "STOP"], "2026-11-02", "2026-11-03"),
        (["STOP", "RESIZING", "STOP"], "2026-11-02", "2026-11-03"),
        (["STOP", None, "STOP"], None, "2026-11-01"),
        (["ACTIVE", None, "STOP"], "2026-11-01", "2026-11-03"),
        (["ACTIVE", "STOP", "ACTIVE"], None, None),
        (["absent", "absent", "STOP"], None, "2026-11-03"),
        (["STOP", "absent", "STOP"], None, "2026-11-01"),
    ],
)
def test_a_run_in_stop_is_bounded_by_snapshots(
    recorded: Recorded, states: list[str | None], after: str | None, by: str | None
) -> None:
    days = {
        f"2026-11-0{day}": [stop(1, status=state)] if state != "absent" else [] for day, state in enumerate(states, 1)
    }
    table = recorded(shop=days).stopped_since()
    assert table.columns.tolist() == ["project", "instance_id", "name", "stopped_after", "stopped_by"]
    assert len(table) == (by is not None)
    for row in table.itertuples():
        assert (row.project, row.instance_id, row.name, row.stopped_by) == ("shop", "id-1", "web-01", at(by))
        assert row.stopped_after == at(after) or (pd.isna(row.stopped_after) and after is None)


@pytest.mark.parametrize(
    ("boots", "after", "by"),
    [
        (["2026-10-01", "2026-10-01", "2026-10-01"], None, "2026-11-01"),
        (["2026-10-01", "2026-10-01", "2026-11-02T12:00:00Z"], "2026-11-02", "2026-11-03"),
        ([None, None, "2026-11-02T12:00:00Z"], "2026-11-02", "2026-11-03"),
        ([None, None, "2026-11-01T12:00:00Z"], None, "2026-11-01"),
    ],
)
def test_a_boot_between_two_snapshots_breaks_the_run(
    recorded: Recorded, boots: list[str | None], after: str | None, by: str
) -> None:
    history = recorded(shop={f"2026-11-0{day}": [stop(1, boot)] for day, boot in enumerate(boots, 1)})
    [row] = history.stopped_since().itertuples()
    assert row.stopped_by == at(by)
    assert row.stopped_after == at(after) or (pd.isna(row.stopped_after) and after is None)


def test_stopped_is_as_of_then_and_by_project(recorded: Recorded) -> None:
    history = recorded(
        shop={"2026-11-01": [stop(1)], "2026-11-05": [instance(1)]},
        dev={"2026-11-02": [stop(2)], "2026-11-03": [stop(2)]},
    )
    assert history.stopped_since()[["project", "instance_id"]].values.tolist() == [["dev", "id-2"]]
    then = history.stopped_since(at="2026-11-04")
    assert then[["project", "instance_id"]].values.tolist() == [["dev", "id-2"], ["shop", "id-1"]]
    before = history.stopped_since(at="2026-10-01")
    assert before.empty
    assert before.dtypes.equals(then.dtypes)
    with pytest.raises(tn.InvalidInput, match="at is 'soon'"):
        history.stopped_since(at="soon")


MONTHS: Days = {
    "2026-10-01": [instance(1), instance(2), instance(3)],
    "2026-10-20": [instance(1), instance(3), instance(4, flavor=None)],
    "2026-11-02": [instance(1), instance(5, name="web-03"), instance(4)],
    "2026-11-03": [instance(1, status="DELETING"), instance(5), instance(6)],
}


def test_churn_adds_up_by_project_and_period(recorded: Recorded) -> None:
    table = recorded(shop=MONTHS, dev={"2026-10-05": []}).churn()
    assert table.set_index(["project", "period"]).fillna(-1).to_dict("index") == {
        ("dev", "2026-10"): _churned(1, before=0, after=0),
        ("shop", "2026-10"): _churned(2, before=3, created=1, deleted=1, after=3, deleted_vcpus=2, unknown=1)
        | {"created_vcpus": -1},
        ("shop", "2026-11"): _churned(
            2, before=3, created=2, deleted=3, renewed=1, after=2, created_vcpus=4, deleted_vcpus=6
        ),
    }
    assert (table.before + table.created - table.deleted == table.after).all()


def _churned(snapshots: int, **figures: int) -> dict[str, Any]:
    names = ["before", "created", "deleted", "renewed", "after", "created_vcpus", "deleted_vcpus", "unknown"]
    return {"snapshots": snapshots} | dict.fromkeys(names, 0) | figures


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        ("month", ["2026-10", "2026-11"]),
        ("week", ["2026-09-28", "2026-10-19", "2026-11-02"]),
        ("day", list(MONTHS)),
    ],
)
def test_periods_of_churn(recorded: Recorded, by: str, periods: list[str]) -> None:
    table = recorded(shop=MONTHS).churn(by)
    assert table.period.tolist() == periods
    assert (table.created.sum(), table.deleted.sum()) == (3, 4)
    assert table.before.iloc[1:].tolist() == table.after.iloc[:-1].tolist()


def test_churn_by_what_is_no_period(recorded: Recorded) -> None:
    with pytest.raises(tn.InvalidInput, match="by is 'year'"):
        recorded(shop=MONTHS).churn("year")


def test_lifetimes_are_bounded_by_snapshots(recorded: Recorded) -> None:
    born = {"createdAt": "2026-10-30T00:00:00Z"}
    days = {
        "2026-11-01": [instance(1, **born), instance(2), instance(9)],
        "2026-11-03": [instance(1, **born), instance(2), instance(3), instance(9)],
        "2026-11-06": [instance(9)],
        "2026-11-07": [instance(9)],
    }
    table = recorded(shop=days).lifetimes().set_index("instance_id")
    assert table.index.tolist() == ["id-1", "id-2", "id-3"]
    assert table.at_least_days.tolist() == [4.0, 2.0, 0.0]
    assert table.at_most_days.astype(object).where(table.at_most_days.notna(), None).tolist() == [7.0, None, 5.0]
    assert set(table.last_seen) == {at("2026-11-03")}
    assert set(table.gone_by) == {at("2026-11-06")}


def test_flavor_migrations_are_counted(recorded: Recorded) -> None:
    odd = {"id": "x", "name": "x1.c8m8", "cpu": None, "ram": 8192}
    days = {
        "2026-11-01": [instance(1), instance(2), instance(3), instance(4)],
        "2026-11-02": [instance(1, flavor=LARGER), instance(2), instance(3, flavor=odd), instance(4, flavor=None)],
        "2026-11-03": [instance(1, flavor=LARGER), instance(2, flavor=LARGER), instance(3, flavor=odd), instance(4)],
    }
    table = recorded(shop=days).flavor_migrations().set_index(["from_flavor", "to_flavor"])
    assert table.index.tolist() == [("m2.c2m4", "m2.c4m8"), ("m2.c2m4", "x1.c8m8")]
    larger, strange = (row for _, row in table.iterrows())
    assert larger[["instances", "vcpus", "ram_gb", "unknown"]].tolist() == [2, 4, 8.0, 0]
    assert (larger["first"], larger["last"]) == (at("2026-11-02"), at("2026-11-03"))
    assert strange[["instances", "ram_gb", "unknown"]].tolist() == [1, 4.0, 1]
    assert pd.isna(strange["vcpus"])


@pytest.mark.parametrize("method", ["stopped_since", "churn", "lifetimes", "flavor_migrations"])
def test_an_empty_history_has_the_columns(recorded: Recorded, method: str) -> None:
    history = recorded(shop=MONTHS)
    full, empty = (getattr(part, method)() for part in (history, history.between("2020-01-01", "2020-02-01")))
    assert empty.empty
    assert empty.dtypes.equals(full.dtypes)


def test_capacity_and_audit_take_the_closest_bounds(recorded: Recorded) -> None:
    """Of an instance that was touched a day ago, only the history knows that it has been stopped for long."""
    times = {"createdAt": "2026-01-01T00:00:00Z", "launchedAt": "2026-01-01T00:00:00Z"}
    touched = instance(1, status="STOP", updatedAt="2026-10-31T00:00:00Z", **times)
    days = {"2026-06-01": [instance(1, **times)], "2026-07-01": [touched], "2026-10-01": [touched]}
    history = recorded(shop=days)
    vms = tables([touched, instance(2, status="ERROR", updatedAt="2026-10-31T00:00:00Z", **times)])["instances_detail"]
    plain = tn.capacity.reclaimable(vms, at="2026-11-01").set_index("instance_id")
    known = tn.capacity.reclaimable(vms, at="2026-11-01", history=history).set_index("instance_id")
    assert "evidence" not in plain
    assert plain.loc["id-1", ["unchanged_days", "at_most_days", "billing"]].tolist() == [1, 304, "reduced or full"]
    assert known.loc["id-1", ["unchanged_days", "at_most_days", "billing"]].tolist() == [123, 153, "full"]
    assert known.full_by["id-1"] == at("2026-07-01") + pd.Timedelta(days=90)
    assert known.evidence.to_dict() == {"id-1": "history", "id-2": "updated_at, launched_at"}
    assert known.loc["id-2"].drop("evidence").equals(plain.loc["id-2"])
    prices = tn.capacity.price_template(vms).assign(price=1.0)
    without = tn.capacity.cost(vms, prices, at="2026-11-01")
    with_history = tn.capacity.cost(vms, prices, at="2026-11-01", history=history)
    assert with_history.compute_low["Total"] > without.compute_low["Total"]
    assert with_history.compute_high["Total"] == without.compute_high["Total"]

    inventory = tn.Inventory(tables([touched]), {}, "2026-11-01T00:00:00Z")
    assert tn.audit.run(inventory, checks=["stopped-long"]).empty
    [evidence] = tn.audit.run(inventory, checks=["stopped-long"], history=history).evidence
    assert evidence == "stopped for at least 123 days (seen in STOP since 2026-07-01)"


def test_a_boot_after_the_newest_snapshot_makes_the_history_void(recorded: Recorded) -> None:
    times = {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-10-31T00:00:00Z"}
    history = recorded(shop={"2026-06-01": [stop(1)], "2026-10-01": [stop(1)]})
    booted = instance(1, status="STOP", launchedAt="2026-10-20T00:00:00Z", **times)
    table = tn.capacity.reclaimable(tables([booted])["instances_detail"], at="2026-11-01", history=history)
    row = table.loc[0, ["unchanged_days", "at_most_days", "evidence"]]
    assert row.tolist() == [1, 12, "updated_at, launched_at"]


def test_an_updated_at_before_it_was_seen_running_is_no_bound(recorded: Recorded) -> None:
    times = {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-02-01T00:00:00Z"}
    history = recorded(shop={"2026-06-01": [instance(1)], "2026-10-01": [stop(1)]})
    stopped = instance(1, status="STOP", **times)
    table = tn.capacity.reclaimable(tables([stopped])["instances_detail"], at="2026-11-01", history=history)
    assert table.loc[0, ["unchanged_days", "at_most_days", "evidence"]].tolist() == [31, 153, "history"]


def test_an_empty_history_tells_nothing(recorded: Recorded) -> None:
    history = recorded(shop=MONTHS).between("2020-01-01", "2020-02-01")
    vms = tables([instance(1, status="STOP", updatedAt="2026-10-01T00:00:00Z")])["instances_detail"]
    table = tn.capacity.reclaimable(vms, at="2026-11-01", history=history)
    assert table.loc[0, ["unchanged_days", "evidence"]].tolist() == [31, "updated_at, launched_at"]
    unknown = tn.Inventory(tables([stop(1)]), {}, "2026-11-01T00:00:00Z")
    plain = tn.audit.run(unknown, checks=["stopped-long"])
    assert tn.audit.run(unknown, checks=["stopped-long"], history=history).equals(plain)


def test_projects_that_share_an_id_are_told_apart_or_bounded_by_what_holds_in_each(recorded: Recorded) -> None:
    times = {"createdAt": "2026-01-01T00:00:00Z", "launchedAt": "2026-01-01T00:00:00Z"}
    running, stopped = instance(1, **times), instance(1, status="STOP", updatedAt="2026-11-30T00:00:00Z", **times)
    history = recorded(a={"2026-11-01": [running], "2026-11-02": [stopped]}, b={"2026-06-01": [stopped]})
    vms = tables([stopped])["instances_detail"]

    def bounds(vms: pd.DataFrame, history: tn.history.History) -> list[object]:
        [row] = tn.capacity.reclaimable(vms, at="2026-12-01", history=history).itertuples()
        return [row.unchanged_days, row.at_most_days, row.billing]

    assert bounds(vms, history.of("a")) == [29, 30, "reduced"]
    assert bounds(vms.assign(project="a"), history) == [29, 30, "reduced"]
    assert bounds(vms.assign(project="b"), history) == [183, 334, "full"]
    assert bounds(vms.assign(project="c"), history) == [1, 334, "reduced or full"]
    assert bounds(vms, history) == [29, 334, "reduced or full"]
    prices = tn.capacity.price_template(vms).assign(price=1.0)
    both = pd.concat([vms.assign(project="a"), vms.assign(project="b")])
    cost = tn.capacity.cost(both, prices, at="2026-12-01", history=history, by="zone")
    alone = [tn.capacity.cost(vms, prices, at="2026-12-01", history=history.of(project), by="zone") for project in "ab"]
    assert cost.compute_low["Total"] == alone[0].compute_low["Total"] + alone[1].compute_low["Total"]
    inventory = tn.Inventory(tables([stopped]), {}, "2026-12-01T00:00:00Z")
    assert tn.audit.run(inventory, checks=["stopped-long"], history=history).empty
    assert len(tn.audit.run(inventory, checks=["stopped-long"], history=history.of("b"))) == 1
