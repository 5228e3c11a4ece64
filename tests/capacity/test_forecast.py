"""When limits are reached, and whether the intervals hold what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import toastnb as tn
from benchmarks import forecast as back_test
from tests.capacity.series import amounts, walk

DATES = ["earliest", "expected", "latest"]


def forecast(instances: Any, limits: Any, **arguments: Any) -> pd.DataFrame:
    return tn.capacity.forecast(amounts(instances), limits, **arguments).loc["shop"]


def test_full_is_a_range_of_dates_around_the_day_on_which_the_line_is_there() -> None:
    line = 100 + 2.0 * np.arange(60) + np.random.default_rng(1).normal(0, 3, 60).round()
    row = forecast(line, {"vcpus": 600}).loc[("Total", "vcpus")]
    truly = pd.Timestamp("2026-06-01", tz="UTC") + pd.Timedelta(days=100)  # 100 + 2 * 100 instances of 2 vCPUs
    assert row.earliest < row.expected < row.latest
    assert row.earliest <= truly <= row.latest
    assert abs(row.expected - truly) < pd.Timedelta(days=5)
    assert (row.full, row.limit, bool(row.binding)) == ("within the horizon", 600, True)


def test_the_dates_are_those_on_which_the_series_meets_the_limit() -> None:
    frame, limits = amounts(walk(90)), {"vcpus": 800, "instances": 420}
    table = tn.capacity.forecast(frame, limits, horizon=300)
    series = tn.capacity.forecast_series(frame, limits, horizon=300)
    for key, row in table.iterrows():
        days = series.loc[key]
        for name, share in zip(DATES, ["high_80", "expected", "low_80"], strict=True):
            there = days.index[(days[share] >= row.limit).fillna(False).astype(bool)]
            assert pd.isna(row[name]) if there.empty else row[name] == there[0]
        assert row.at_horizon == days["expected"].iloc[-1]
        assert days["limit"].unique().tolist() == [row.limit]
        ahead = days.dropna(subset="expected")
        ends = ahead[["low_95", "low_80", "expected", "high_80", "high_95"]].to_numpy(dtype=float)
        assert (np.diff(ends, axis=1) > 0).all()
        assert len(ahead) == 300
        assert ahead["allocated"].isna().all()


@pytest.mark.parametrize("growth", [0.0, -0.5])
def test_what_does_not_grow_is_not_full_within_the_horizon(growth: float) -> None:
    row = forecast(np.floor(300 + growth * np.arange(90)), {"vcpus": 1200}, horizon=60).loc[("Total", "vcpus")]
    assert row.full == "not within the horizon"
    assert row[DATES].isna().all()
    assert not row.binding


def test_where_only_the_upper_end_gets_there_it_is_perhaps() -> None:
    line = walk(60, growth=0.0)
    days = tn.capacity.forecast_series(amounts(line), {"instances": 900}, horizon=90).dropna(subset="expected")
    between = float(days["high_80"].max() + days["expected"].max()) / 2
    row = forecast(line, {"instances": between}, horizon=90).loc[("Total", "instances")]
    assert row.full == "perhaps within the horizon"
    assert pd.notna(row.earliest)
    assert pd.isna(row.expected)


@pytest.mark.parametrize(("limit", "full"), [(400, "now"), (401, "within the horizon")])
def test_at_the_limit_is_full_now(limit: int, full: str) -> None:
    line = 100 + 2.0 * np.arange(51)
    row = forecast(line, {"vcpus": limit}).loc[("Total", "vcpus")]
    assert (row.allocated, row.full) == (400, full)
    assert (row.earliest == row["last"]) == (full == "now")


def test_the_resource_that_is_full_first_binds() -> None:
    table = forecast(walk(90), {"vcpus": 900, "ram_gb": 1400, "disk_gb": 90_000}, horizon=700)
    assert table["expected"].idxmin() == ("Total", "ram_gb")
    assert table["binding"].tolist() == [False, True, False]


def test_the_steps_that_growth_leaves_out_are_told() -> None:
    frame = pd.concat([amounts(walk(120) + 90 * (np.arange(120) >= 70)), amounts(walk(9), project="new")])
    limits = {"vcpus": 1200, "ram_gb": 90_000}
    table, rates = tn.capacity.forecast(frame, limits, horizon=20), tn.capacity.growth(frame)
    for resource in limits:
        row, rate = table.loc[("shop", "Total", resource)], rates.loc[("shop", resource)]
        assert (row.steps, row.stepped) == (1, rate.stepped)
        assert table.loc[("new", "Total", resource), ["steps", "stepped"]].isna().all()
    assert table.dtypes[["steps", "stepped"]].astype(str).tolist() == ["Int64", "Float64"]


def test_limits_by_zone_and_in_all_as_headroom_takes_them(tmp_path: Path) -> None:
    frame = pd.concat([amounts(walk(60, 1), zone="a"), amounts(walk(60, 2), zone="b")])
    by_zone = {"a": {"vcpus": 700}, "*": {"vcpus": 1500, "instances": 800}}
    table = tn.capacity.forecast(frame, by_zone, horizon=20)
    assert table.index.tolist() == [("shop", "a", "vcpus"), ("shop", "Total", "instances"), ("shop", "Total", "vcpus")]
    in_all = tn.capacity.forecast(frame, {"vcpus": 1500}, horizon=20).loc[("shop", "Total", "vcpus")]
    assert in_all.allocated == frame.groupby("at")["vcpus"].sum().iloc[-1]
    path = tmp_path / "limits.csv"
    path.write_text("zone,vcpus,instances\na,700,\n*,1500,800\n", "utf-8")
    pd.testing.assert_frame_equal(table, tn.capacity.forecast(frame, path, horizon=20))


def test_each_project_is_held_against_the_limits() -> None:
    frame = pd.concat([amounts(walk(60, 1)), amounts(walk(60, 2), project="dev"), amounts(walk(9), project="new")])
    table = tn.capacity.forecast(frame, {"vcpus": 900}, horizon=20)
    assert table.index.get_level_values("project").tolist() == ["dev", "new", "shop"]
    assert table.loc[("new", "Total", "vcpus"), "refused"].startswith("9 of the 14 days needed")
    assert pd.isna(table.loc[("new", "Total", "vcpus"), "full"])


def test_a_store_is_taken_as_it_is(tmp_path: Path) -> None:
    with tn.Sandbox(instances=30, instant=True) as sandbox, tn.connect(sandbox) as toast:
        inventory = toast.inventory()
    for day in pd.date_range("2026-10-01", periods=22):
        tn.history.record(inventory, tmp_path, at=day.to_pydatetime(), project="shop")
    history = tn.history.open_store(tmp_path)
    table = tn.capacity.forecast(history, {"*": {"instances": 500}, "kr-pub-a": {"instances": 400}}, horizon=10)
    assert table.loc[("shop", "Total", "instances"), "allocated"] == 30
    assert (
        table.loc[("shop", "kr-pub-a", "instances"), "allocated"]
        == (inventory.instances_detail.zone == "kr-pub-a").sum()
    )
    assert table["full"].unique().tolist() == ["not within the horizon"]
    pd.testing.assert_frame_equal(tn.capacity.growth(history), tn.capacity.growth(history.amounts()))


@pytest.mark.parametrize("horizon", [0, 1826, True, "90", 1.5])
def test_a_horizon_that_is_none_is_refused(horizon: Any) -> None:
    with pytest.raises(tn.InvalidInput, match="horizon is"):
        forecast(walk(30), {"vcpus": 5}, horizon=horizon)


def test_limits_that_cannot_be_forecast_are_refused() -> None:
    with pytest.raises(tn.InvalidInput, match="limits has root_gb, which cannot be forecast"):
        forecast(walk(30), {"root_gb": 500})
    with pytest.raises(tn.InvalidInput, match="limits has a zone that is not known: a"):
        forecast(walk(30), {"a": {"vcpus": 500}})
    with pytest.raises(tn.InvalidInput, match="too short"):
        forecast(walk(5), {"vcpus": 500})


def test_the_intervals_hold_what_they_promise() -> None:
    """A small back test; the whole one is benchmarks.forecast, with its figures in docs/growth.md."""
    told = back_test.run(10)
    shares = back_test.coverage(told).loc["all"]
    assert len(told) == 10 * len(back_test.KINDS)
    for lead in back_test.LEADS:
        assert 68 <= shares[f"80 % at {lead}"] <= 92
        assert shares[f"95 % at {lead}"] >= 86
    steps = back_test.step_errors(told).sum()
    assert steps["missed"] <= steps["made"] * 0.6  # those that come within 60 days of each other, too
    assert steps["false"] <= len(told) * 0.1


def test_a_zone_that_is_not_there_is_told_with_what_forecast_takes() -> None:
    plain = amounts(walk(30))
    with pytest.raises(tn.InvalidInput, match=r'not known: b\. By zone it takes amounts\(by="zone"\)\.$'):
        tn.capacity.forecast(plain, {"b": {"vcpus": 10}})
    with pytest.raises(tn.InvalidInput, match=r"not known: b\. Zones of the history are a\.$"):
        tn.capacity.forecast(plain.assign(zone="a"), {"b": {"vcpus": 10}})


@pytest.fixture(scope="module", params=["pandas", "dask"])
def emptied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the history of a project that was emptied ten days ago, and of a zone of another that was."""
    with tn.Sandbox(instances=40, instant=True) as sandbox, tn.connect(sandbox) as toast:
        whole = toast.inventory()
    store = tmp_path_factory.mktemp("emptied") / "store"
    vms = whole.instances_detail
    for number, at in enumerate(pd.date_range("2026-01-01", periods=40, tz="UTC")):
        there = vms.head(20 + number // 2) if number < 30 else vms.head(0)
        left = vms if number < 30 else vms[vms["zone"] == "kr-pub-a"]
        for project, rows in {"shop": there, "half": left}.items():
            one = tn.Inventory({"instances_detail": rows}, {}, at.isoformat(), "made")
            tn.history.record(one, store, at=at.isoformat(), project=project)
    return tn.history.open_store(store, engine=request.param)


def test_a_project_that_was_emptied_has_nothing_now(emptied: Any) -> None:
    limits = {"*": {"vcpus": 300}, "kr-pub-b": {"vcpus": 60}}
    table = tn.capacity.forecast(emptied, limits, horizon=10)
    assert table["allocated"].xs("kr-pub-b", level="zone").tolist() == [0, 0]
    assert table.loc[("shop", "Total", "vcpus"), "allocated"] == 0
    assert table["last"].unique().tolist() == [pd.Timestamp("2026-02-09", tz="UTC")]
    in_all = tn.capacity.forecast(emptied.amounts(), {"vcpus": 300}, horizon=10)
    pd.testing.assert_frame_equal(table.xs("Total", level="zone"), in_all.xs("Total", level="zone"), check_like=True)
    rates = tn.capacity.growth(emptied, by="zone")
    assert rates.index.unique("zone").tolist() == ["kr-pub-a", "kr-pub-b"]
    assert rates.loc["shop", "allocated"].unique().tolist() == [0]
    assert rates.loc[("shop", "kr-pub-a", "vcpus"), "last_step_on"] == pd.Timestamp("2026-01-31", tz="UTC")
