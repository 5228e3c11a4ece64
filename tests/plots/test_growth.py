"""Plots of growth and of what is ahead of a limit."""

from __future__ import annotations

from typing import Any

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.axes import Axes

import toastnb as tn
from tests.capacity.series import amounts, walk
from tests.plots.drawn import collisions, legend, notes

LONG = "쇼핑몰-운영-프로젝트-아주-긴-이름-그리고-더-긴-이름-그래프-확인용"


def series(**arguments: Any) -> pd.DataFrame:
    line = walk(120, growth=0.5)
    line[70:] += 90
    return tn.capacity.growth_series(amounts(line), **arguments)


def ahead(limit: float, horizon: int = 180, **more: str) -> pd.DataFrame:
    return tn.capacity.forecast_series(amounts(walk(90), **more), {"vcpus": limit}, horizon=horizon)


def test_growth_shows_what_was_the_level_and_the_step_with_its_day_and_size() -> None:
    table = series()
    ax = tn.plots.growth(table, "instances")
    dots, line, mark = ax.get_lines()
    rows = table.xs("instances", level="resource")
    assert list(dots.get_ydata()) == rows["allocated"].tolist()
    assert list(line.get_ydata()) == rows["level"].tolist()
    assert mdates.num2date(mark.get_xdata()[0]).date().isoformat() == "2026-08-10"
    assert legend(ax) == ["shop", f"step on 2026-08-10: +{rows['step'].max():.0f}"]
    assert ax.get_title(loc="left") == "Growth: shop, 2026-06-01 to 2026-09-28"
    assert ax.get_ylabel() == "Instances"
    assert ax.get_xlabel() == "Day (UTC), 2026-06-01 to 2026-09-28"
    assert ax.get_ylim()[0] == 0


def test_past_five_groups_the_others_are_counted() -> None:
    frame = pd.concat([amounts(walk(40, n, start=100 + 90 * n), zone=f"z{n}") for n in range(7)])
    ax = tn.plots.growth(tn.capacity.growth_series(frame, by="zone"))
    assert legend(ax) == [f"shop · z{n}" for n in (6, 5, 4, 3, 2)]
    assert ax.get_title(loc="left") == "Growth: shop, 2026-06-01 to 2026-07-10; 2 others not drawn"


def test_groups_that_are_too_young_are_counted() -> None:
    frame = pd.concat([amounts(walk(40)), amounts(walk(9), project="new"), amounts(walk(8), project="newer")])
    ax = tn.plots.growth(tn.capacity.growth_series(frame))
    assert " ".join(ax.get_title(loc="left").split()).endswith("; 2 groups too young or uneven")


def test_what_is_ahead_has_its_bands_the_limit_and_the_days_of_being_full() -> None:
    table = ahead(900)
    ax = tn.plots.forecast(table)
    row = tn.capacity.forecast(amounts(walk(90)), {"vcpus": 900}).loc[("shop", "Total", "vcpus")]
    full = f"Reached: expected {row.expected:%Y-%m-%d}, between {row.earliest:%Y-%m-%d} and {row.latest:%Y-%m-%d}"
    assert legend(ax) == ["allocated", "95 %", "80 %", "median", "limit: 900", "reached between"]
    assert ax.get_title(loc="left") == f"Time remaining: shop · in all, as of 2026-08-29\n{full}"
    assert ax.get_ylim()[1] > table["high_95"].max() * 0.99
    bands = [band.get_datalim(ax.transData).intervaly.max() for band in ax.collections]
    assert bands == [pytest.approx(table["high_95"].max()), pytest.approx(table["high_80"].max())]


def test_bands_look_the_same_on_the_shade_as_beside_it_and_on_any_page() -> None:
    ax = tn.plots.forecast(ahead(900))
    assert [band.get_facecolor()[0][3] for band in ax.collections] == [1, 1]
    assert max(patch.get_zorder() for patch in ax.patches) < min(band.get_zorder() for band in ax.collections)
    with plt.style.context("dark_background"):
        dark = tn.plots.forecast(ahead(900), ax=plt.subplots()[1])
    assert max(dark.collections[0].get_facecolor()[0][:3]) < 0.2 < min(ax.collections[0].get_facecolor()[0][:3])


def test_an_end_beyond_the_horizon_is_said_to_be_there() -> None:
    at_the_end = float(ahead(90_000, horizon=60)["expected"].iloc[-1])
    assert title(tn.plots.forecast(ahead(at_the_end, horizon=60))).endswith(" to beyond the horizon")
    never = tn.plots.forecast(ahead(90_000, horizon=60))
    assert (title(never), legend(never)[-1]) == ("Reached: not within the horizon", "limit: 90,000")
    now = tn.plots.forecast(ahead(100, horizon=60))
    assert (title(now), legend(now)[-1]) == ("Reached: now", "limit: 100")


def title(ax: Axes) -> str:
    """Return the last line above a plot."""
    return str(ax.get_title(loc="left").splitlines()[-1])


def test_the_legend_is_a_small_part_of_the_figure() -> None:
    figure = tn.plots.forecast(ahead(900)).figure
    figure.draw_without_rendering()
    [legend_of] = [axes.get_legend() for axes in figure.axes]
    assert legend_of.get_window_extent().height < figure.bbox.height * 0.15


def test_one_of_several_groups_has_to_be_named() -> None:
    frame = pd.concat([amounts(walk(90)), amounts(walk(90, 3), project="dev")])
    table = tn.capacity.forecast_series(frame, {"vcpus": 900})
    with pytest.raises(tn.InvalidInput, match="table has 2 groups"):
        tn.plots.forecast(table)
    with pytest.raises(tn.InvalidInput, match="is not in table"):
        tn.plots.forecast(table, group=("shop", "a"))
    assert "dev" in tn.plots.forecast(table, group=("dev", "Total")).get_title(loc="left")


def test_another_table_is_refused() -> None:
    with pytest.raises(tn.InvalidInput, match="table lacks the columns"):
        tn.plots.growth(tn.capacity.growth(amounts(walk(40))))
    with pytest.raises(tn.InvalidInput, match="table lacks the columns"):
        tn.plots.forecast(series())
    with pytest.raises(tn.InvalidInput, match="resource 'root_gb' is not in table"):
        tn.plots.growth(series(), "root_gb")


def test_no_rows_are_said() -> None:
    assert notes(tn.plots.growth(series().iloc[:0])) == ["no snapshots"]
    assert notes(tn.plots.forecast(ahead(900).iloc[:0])) == ["no snapshots"]


def test_nothing_covers_anything_and_long_names_keep_their_zones() -> None:
    frame = pd.concat([amounts(walk(90, n), project=LONG, zone=zone) for n, zone in enumerate(["가", "나"])])
    ax = tn.plots.growth(tn.capacity.growth_series(frame, by="zone"))
    assert sorted(text[-3:] for text in legend(ax)) == ["· 가", "· 나"]
    assert collisions(ax) == []
    table = tn.capacity.forecast_series(frame, {"가": {"vcpus": 900}})
    assert collisions(tn.plots.forecast(table)) == []
