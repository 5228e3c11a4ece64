"""Growth, the weekly season, steps, and when nothing is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.series import amounts, walk
from toastnb.capacity.steps import LEAST_SHARE, shaped

RESOURCES = ["instances", "vcpus", "ram_gb", "disk_gb"]


def growth(instances: Any, **arguments: Any) -> pd.DataFrame:
    return tn.capacity.growth(amounts(instances), **arguments).loc["shop"]


def test_a_straight_line_grows_by_its_slope() -> None:
    table = growth(100 + 2 * np.arange(60))
    assert table.index.tolist() == RESOURCES
    for resource, each in zip(RESOURCES, (1, 2, 4, 100), strict=True):
        row = table.loc[resource]
        assert row.a_day == pytest.approx(2 * each, rel=0.02)
        assert row.a_month == pytest.approx(30 * row.a_day)
        assert row.a_day_low <= 2 * each <= row.a_day_high
        assert row.level == pytest.approx(218 * each, rel=0.01)
        assert (row.allocated, row.days, row.gaps, row.steps) == (218 * each, 60, 0, 0)
    assert table["last"].unique().tolist() == [pd.Timestamp("2026-07-30", tz="UTC")]


def test_what_never_moved_is_not_known_to_stand_for_ever() -> None:
    row = growth([100] * 60).loc["vcpus"]
    assert row.a_day == pytest.approx(0, abs=0.01)
    assert row.a_day_low < 0 < row.a_day_high


def test_a_step_is_shown_and_is_no_growth() -> None:
    line = walk(120, growth=0.5)
    line[70:] += 90
    row = growth(line).loc["instances"]
    assert row.steps == 1
    assert row.last_step_on == pd.Timestamp("2026-08-10", tz="UTC")
    assert row.last_step == pytest.approx(90, abs=8)
    assert row.stepped == row.last_step
    plain = growth(walk(120, growth=0.5)).loc["instances"]
    assert row.a_month == pytest.approx(plain.a_month, abs=3)
    assert plain.steps == 0


def test_a_step_within_a_gap_is_on_the_first_day_after_it() -> None:
    line = walk(120, growth=0.5)
    line[70:] -= 60
    line[66:73] = np.nan
    row = growth(line).loc["instances"]
    assert (row.steps, row.gaps) == (1, 7)
    assert row.last_step_on == pd.Timestamp("2026-06-01", tz="UTC") + pd.Timedelta(days=73)


@pytest.mark.parametrize(("share", "steps"), [(LEAST_SHARE * 0.8, 0), (LEAST_SHARE * 1.3, 1)])
def test_a_step_is_large_for_who_reads_it(share: float, steps: int) -> None:
    line = np.full(60, 10_000.0)
    line[30:] += round(10_000 * share)
    assert len(shaped(line, 0, 1.0).steps) == steps


def test_batches_that_come_every_week_are_growth_and_no_steps() -> None:
    row = growth(100 + 12 * (np.arange(140) // 7)).loc["instances"]
    assert row.steps == 0
    assert row.a_month == pytest.approx(12 / 7 * 30, rel=0.1)


def test_a_weekly_season_is_told_where_there_is_one_and_enough_of_it() -> None:
    weekend = 20 * (np.arange(60) % 7 >= 5)
    row = growth(walk(60) - weekend).loc["instances"]
    assert row.weekly == pytest.approx(20, abs=6)
    assert growth(walk(60)).loc["instances", "weekly"] == 0
    seldom = walk(60)
    seldom[1::2] = np.nan
    assert pd.isna(growth(seldom).loc["instances", "weekly"])


def test_the_last_snapshot_of_a_day_counts() -> None:
    early = amounts(walk(40))
    noon = early.assign(at=early["at"] + pd.Timedelta(hours=9), instances=early["instances"] + 7)
    both = pd.concat([noon, early]).sample(frac=1, random_state=1)
    found = tn.capacity.growth_series(both).xs("instances", level="resource")
    assert found["allocated"].tolist() == noon["instances"].tolist()


def test_groups_stand_by_project_and_key_and_add_up() -> None:
    parts = [amounts(walk(60, seed), zone=zone) for seed, zone in enumerate(["a", "b"])]
    parts.append(amounts(walk(60, 5), project="dev", zone="a"))
    frame = pd.concat(parts)
    table = tn.capacity.growth(frame, by="zone")
    assert table.index.names == ["project", "zone", "resource"]
    assert table.index.droplevel("resource").unique().tolist() == [("dev", "a"), ("shop", "a"), ("shop", "b")]
    whole = tn.capacity.growth(frame)
    assert whole.loc[("shop", "vcpus"), "allocated"] == table.xs("vcpus", level="resource")["allocated"]["shop"].sum()


def test_a_group_that_is_too_young_says_so_and_the_others_are_told() -> None:
    frame = pd.concat([amounts(walk(60), zone="a"), amounts(walk(10), start="2026-07-21", zone="b")])
    table = tn.capacity.growth(frame, by="zone").loc["shop"]
    assert table.loc[("b", "vcpus"), "refused"] == (
        "10 of the 14 days needed with a snapshot, within 10 of the 21 days needed"
    )
    assert pd.isna(table.loc[("b", "vcpus"), "a_day"])
    assert pd.isna(table.loc[("a", "vcpus"), "refused"])
    assert tn.capacity.growth_series(frame, by="zone").index.unique("zone").tolist() == ["a"]


def test_a_group_that_has_nothing_any_more_is_zero() -> None:
    frame = pd.concat([amounts(walk(60), zone="a"), amounts(walk(40), zone="b")])
    row = tn.capacity.growth(frame, by="zone").loc[("shop", "b", "instances")]
    assert (row.allocated, row.last_step_on) == (0, pd.Timestamp("2026-07-11", tz="UTC"))


def test_what_is_not_known_is_a_gap_and_counted() -> None:
    frame = amounts(walk(60))
    frame.loc[10:12, "vcpus"] = pd.NA
    frame.loc[10:12, "unknown"] = [3, 8, 5]
    table = tn.capacity.growth(frame).loc["shop"]
    assert table["gaps"].tolist() == [0, 3, 0, 0]
    assert table["unknown"].unique().tolist() == [8]


@pytest.mark.parametrize(("days", "enough"), [(20, False), (21, True)])
def test_how_long_is_long_enough(days: int, enough: bool) -> None:
    if enough:
        assert len(growth(walk(days))) == 4
    else:
        with pytest.raises(
            tn.InvalidInput, match=r"20 days with a snapshot, within 20 of the 21 days needed.*at least 14"
        ):
            growth(walk(days))


@pytest.mark.parametrize(("gap", "enough"), [(20, True), (21, False)])
def test_how_even_is_even_enough(gap: int, enough: bool) -> None:
    line = walk(60)
    line[20 : 20 + gap] = np.nan
    if enough:
        assert growth(line).loc["vcpus", "gaps"] == gap
    else:
        with pytest.raises(tn.InvalidInput, match="21 of 60 days in one gap, without a snapshot or"):
            growth(line)


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(tn.InvalidInput, match="no snapshot"):
        tn.capacity.growth(amounts(walk(30)).iloc[:0])


@pytest.mark.parametrize("wrong", [None, 3, "store", pd.DataFrame({"at": []})])
def test_what_is_no_history_is_refused(wrong: Any) -> None:
    with pytest.raises(tn.InvalidInput, match="history"):
        tn.capacity.growth(wrong)
    with pytest.raises(tn.InvalidInput, match="history lacks the columns zone"):
        tn.capacity.growth(amounts(walk(30)), by="zone")
    with pytest.raises(tn.InvalidInput, match="history has at of"):
        tn.capacity.growth(amounts(walk(30)).assign(at="2026-11-01"))


def lumpy(days: int, sizes: dict[int, float], start: float = 443, instances: int = 70) -> pd.DataFrame:
    """Return the RAM of a small group: 4 or 8 GB come and go here and there, and what is given comes on its day."""
    changes = np.zeros(days)
    changes[3::6], changes[8::12] = 4, -8
    changes[list(sizes)] = list(sizes.values())
    return amounts([instances] * days, zone="b").assign(ram_gb=start + changes.cumsum())


def test_large_instances_that_come_again_and_again_are_how_a_small_group_grows() -> None:
    frame = lumpy(90, {30: 47, 39: 56, 46: 72, 61: 64})
    row = tn.capacity.growth(frame, by="zone").loc[("shop", "b", "ram_gb")]
    raw = (frame["ram_gb"].iloc[-1] - 443) / 89 * 30
    assert (row.steps, row.stepped) == (0, 0)
    assert row.a_month == pytest.approx(raw, rel=0.1)
    assert row.a_month_low > raw * 0.2
    limit = {"b": {"ram_gb": 800}}
    ahead = tn.capacity.forecast(frame, limit).loc[("shop", "b", "ram_gb")]
    assert (ahead.earliest - ahead["last"]).days < (800 - row.allocated) / raw * 30


@pytest.mark.parametrize(
    ("sizes", "steps"),
    [
        ({45: 120}, 1),
        ({45: 120, 70: 45}, 0),  # a third of it, and more
        ({45: 120, 70: 35}, 1),
        ({45: 120, 70: 120}, 0),  # twice in 90 days
        ({45: 120, 70: -120}, 0),
        ({45: 35}, 0),  # five and a half times what an instance has
    ],
)
def test_a_step_in_a_small_group_is_far_larger_than_the_rest_and_an_instance(
    sizes: dict[int, float], steps: int
) -> None:
    table = tn.capacity.growth(lumpy(90, sizes), by="zone")
    assert table.loc[("shop", "b", "ram_gb"), "steps"] == steps


@pytest.mark.parametrize(("days", "steps"), [(119, 0), (120, 2)])
def test_there_is_a_step_in_60_days_at_most(days: int, steps: int) -> None:
    line = np.full(days, 1000.0)
    line[30:] += 200
    line[80:] += 210
    assert len(shaped(line, 0, 1.0).steps) == steps


@pytest.mark.parametrize("second", [40, 20])
def test_a_flavor_that_gets_an_instance_now_and_then_grows(second: int) -> None:
    line = np.full(60, 3.0)
    line[10:] += 1
    line[second:] += 1
    row = growth(line).loc["instances"]
    assert row.steps == 0
    assert row.a_month_low < 1 < row.a_month_high
    assert row.a_month == pytest.approx(1, abs=0.35)


def test_what_was_thinned_out_is_told_with_a_wider_interval() -> None:
    line = walk(100, growth=0.5)
    line[50:] += 90
    thin = line.copy()
    thin[:65] = np.where(np.arange(65) % 7, np.nan, line[:65])
    whole, less = growth(line).loc["instances"], growth(thin).loc["instances"]
    assert (whole.steps, less.steps) == (1, 1)
    assert whole.last_step_on <= less.last_step_on < whole.last_step_on + pd.Timedelta(days=7)
    assert less.a_month_low <= whole.a_month <= less.a_month_high


@pytest.mark.parametrize(("later", "steps"), [(0, 0), (1, 0), (2, 1)])
def test_a_step_is_believed_when_two_later_days_have_it(later: int, steps: int) -> None:
    line = walk(90 + later)
    whole = growth(line).loc["instances"]
    line[89:] -= 130
    row = growth(line).loc["instances"]
    assert row.steps == steps
    wider = (row.a_month_high - row.a_month_low) / (whole.a_month_high - whole.a_month_low)
    assert wider == pytest.approx(1, abs=0.3) if steps else wider > 3


def test_a_change_that_is_too_new_to_be_a_step_does_not_undo_an_older_one() -> None:
    line = walk(120, growth=0.5)
    line[40:] += 90
    line[119:] -= 110
    assert growth(line).loc["instances", "steps"] == 1


def test_where_hardly_anything_happens_something_may_yet() -> None:
    row = tn.capacity.growth(amounts(np.full(60, 30.0))).loc[("shop", "instances")]
    assert row.a_month_high == pytest.approx(30 * 1.28 * np.sqrt(2) / 60, rel=0.15)


@pytest.mark.parametrize("unknown", [slice(40, None), slice(None, 99)], ids=["newest", "oldest"])
def test_days_at_an_end_of_which_nothing_is_known_are_a_gap(unknown: slice) -> None:
    frame = amounts(200 + np.arange(140.0))
    frame.loc[unknown, "vcpus"] = pd.NA
    row = tn.capacity.growth(frame).loc[("shop", "vcpus")]
    assert row.refused == "100 of 140 days in one gap, without a snapshot or with a figure that is not known"
    assert pd.isna(row.a_month)
    with pytest.raises(tn.InvalidInput, match="100 of 140 days in one gap"):
        tn.capacity.forecast(frame, {"vcpus": 10**6})
