"""Limits of each project, of all together, and of zones that are empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.series import amounts, walk

TWO = pd.concat([amounts(walk(60, 1)), amounts(walk(60, 2), project="dev")])
LIMITS = pd.DataFrame(
    {"project": ["shop", "dev", "*"], "zone": "*", "vcpus": [900, 700, 1500], "ram_gb": [None, 4000, None]}
)


def test_each_project_has_its_own_and_all_together_theirs(tmp_path: Path) -> None:
    table = tn.capacity.forecast(TWO, LIMITS, horizon=20)
    assert table["limit"].to_dict() == {
        ("dev", "Total", "vcpus"): 700,
        ("dev", "Total", "ram_gb"): 4000,
        ("shop", "Total", "vcpus"): 900,
        ("Total", "Total", "vcpus"): 1500,
    }
    alone = tn.capacity.forecast(TWO[TWO["project"] == "shop"], {"vcpus": 900}, horizon=20)
    pd.testing.assert_frame_equal(table.loc[["shop"]], alone)
    path = tmp_path / "limits.csv"
    LIMITS.to_csv(path, index=False)
    pd.testing.assert_frame_equal(tn.capacity.forecast(TWO, path, horizon=20), table)


def test_limits_of_one_project_are_what_headroom_takes() -> None:
    own = tn.capacity.limits_of(LIMITS, "dev")
    assert own.to_dict("list") == {"zone": ["*"], "vcpus": [700], "ram_gb": [4000]}
    assert tn.capacity.limits_of(LIMITS, "lab") is None
    assert tn.capacity.limits_of({"vcpus": 5}, "") == {"vcpus": 5}
    with pytest.raises(tn.InvalidInput, match="which one this is"):
        tn.capacity.limits_of(LIMITS, "")
    with pytest.raises(tn.InvalidInput, match=r"limits are by project.*limits_of"):
        tn.capacity.headroom(pd.DataFrame({"zone": [], "status": []}), LIMITS)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"project": ["shop", "dev", "shpo"]}, "limits has a project that is not known: shpo.*are dev, shop"),
        ({"project": ["shop", "dev", ""]}, "limits has no project in row 3"),
        ({"project": ["shop", "dev", "dev"]}, "twice"),
        ({"vcpus": [900, "many", 5]}, "vcpus 'many' in row 2"),
        ({"zone": ["*", "*", "kr"]}, "zone that is not known: kr"),
        ({"vcpus": None, "ram_gb": None}, "limits has no limit"),
    ],
)
def test_what_is_wrong_with_them_is_named(more: dict[str, Any], said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=said):
        tn.capacity.forecast(TWO, LIMITS.assign(**more))


def test_a_zone_that_a_store_knows_may_have_limits_though_nothing_is_in_it(tmp_path: Path) -> None:
    with tn.Sandbox(instances=20, instant=True) as sandbox, tn.connect(sandbox) as toast:
        whole = toast.inventory()
    vms = whole.instances_detail
    one = tn.Inventory(whole.tables | {"instances_detail": vms[vms["zone"] == "kr-pub-a"]}, {}, whole.fetched_at, "")
    for day in pd.date_range("2026-10-01", periods=22):
        tn.history.record(one, tmp_path, at=day.to_pydatetime(), project="shop")
    history = tn.history.open_store(tmp_path)
    assert history.zones() == tn.history.open_store(tmp_path, engine="dask").zones()
    assert history.zones() == ["kr-pub-a", "kr-pub-b", "kr-pub-c"]
    limits = {"kr-pub-a": {"vcpus": 900}, "kr-pub-b": {"vcpus": 900}}
    assert tn.capacity.forecast(history, limits, 5).index.tolist() == [("shop", "kr-pub-a", "vcpus")]
    with pytest.raises(tn.InvalidInput, match="never had an instance"):
        tn.capacity.forecast(history, {"kr-pub-b": {"vcpus": 900}}, 5)
    with pytest.raises(tn.InvalidInput, match="zone that is not known: kr-pub-x"):
        tn.capacity.forecast(history, limits | {"kr-pub-x": {"vcpus": 900}}, 5)


def test_what_is_full_now_is_told_of_a_young_project_too() -> None:
    young = amounts(walk(9))
    limits = {"vcpus": 100, "ram_gb": 90_000}
    table = tn.capacity.forecast(young, limits).loc[("shop", "Total")]
    assert table["full"].tolist()[0] == "now"
    assert table.loc["vcpus", "expected"] == table.loc["vcpus", "last"]
    assert bool(table.loc["vcpus", "binding"])
    assert table["refused"].isna().tolist() == [True, False]
    assert table["at_horizon"].isna().all()
    assert tn.capacity.forecast_series(young, limits).empty
    assert tn.plots.forecast(tn.capacity.forecast_series(young, limits)).get_title(loc="left") == "Time remaining"
    with pytest.raises(tn.InvalidInput, match="9 of the 14 days"):
        tn.capacity.forecast(young, {"ram_gb": 90_000})


def seconds_apart() -> pd.DataFrame:
    """Return three projects that are recorded one after the other, as one run does."""
    parts = [amounts(base + np.arange(60) // 2, project=name) for name, base in {"a": 100, "b": 200, "c": 300}.items()]
    return pd.concat(part.assign(at=part["at"] + pd.Timedelta(seconds=7 * n)) for n, part in enumerate(parts))


def test_all_projects_together_are_their_sum_each_day() -> None:
    frame = seconds_apart()
    table = tn.capacity.growth(frame, total=True)
    assert table.index.unique("project").tolist() == ["a", "b", "c", "Total"]
    assert table.loc[("Total", "vcpus"), "allocated"] == 2 * (600 + 3 * 29)
    assert table.loc[("Total", "vcpus"), "a_day"] == pytest.approx(3, rel=0.05)
    series = tn.capacity.growth_series(frame, total=True)
    assert len(series.loc[("Total", "vcpus")]) == 60
    limits = {"vcpus": 1500}
    ahead = tn.capacity.forecast(frame, limits, total=True)
    assert ahead.index.tolist() == [("Total", "Total", "vcpus")]
    assert ahead["allocated"].tolist() == [1374]
    assert tn.capacity.forecast_series(frame, limits, total=True).index.unique("project").tolist() == ["Total"]
    with pytest.raises(tn.InvalidInput, match=r"none of all projects together\. Give rows of project \*"):
        tn.capacity.forecast(frame, pd.DataFrame({"project": ["a"], "vcpus": [500]}), total=True)


def test_projects_under_one_name_are_refused() -> None:
    with pytest.raises(tn.InvalidInput, match="project all that are seconds apart on most days"):
        tn.capacity.growth(seconds_apart().assign(project="all"))


def test_a_day_that_a_project_lacks_is_no_fall_of_all_together() -> None:
    one, two, late = amounts(np.full(60, 100)), amounts(np.full(60, 50), project="two"), amounts(np.full(40, 10))
    late = late.assign(project="late", at=late["at"] + pd.Timedelta(days=20))
    frame = pd.concat([one, two.drop([30, 59]), late])
    series = tn.capacity.growth_series(frame, total=True).loc[("Total", "instances"), "allocated"]
    assert series.tolist()[:30] == [150] * 20 + [160] * 10
    assert series.isna().tolist() == [False] * 30 + [True] + [False] * 28  # the last day is none: two has none then


def test_a_project_that_has_ended_is_left_out_of_all_together_and_that_is_said() -> None:
    frame = pd.concat([amounts(np.full(60, 100)), amounts(np.full(51, 50), project="closed")])
    with pytest.warns(UserWarning, match="Not in the sum of all projects: closed: without a snapshot for more than 7"):
        table = tn.capacity.growth(frame, total=True)
    assert table.loc[("Total", "instances"), ["allocated", "steps", "days"]].tolist() == [100, 0, 60]


def test_what_is_old_is_said_of_a_history(tmp_path: Path) -> None:
    with tn.Sandbox(instances=5, instant=True) as sandbox, tn.connect(sandbox) as toast:
        inventory = toast.inventory()
    for day in pd.date_range("2026-01-01", periods=22):
        tn.history.record(inventory, tmp_path, at=day.to_pydatetime(), project="shop")
    history = tn.history.open_store(tmp_path)
    said = r"The newest snapshot is old: that of shop \d+ days \(2026-01-22\)\. All is told as of that day"
    with pytest.warns(UserWarning, match=said):
        tn.capacity.forecast(history, {"vcpus": 10**4}, 5)
    with pytest.warns(UserWarning, match=said):
        tn.capacity.growth(history)
