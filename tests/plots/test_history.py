"""Plots of what changed over time."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables
from tests.plots.drawn import collisions, legend, names, notes, starts, unit, widths


def inventory(*made: Raw, at: str = "2026-11-01T00:00:00Z") -> tn.Inventory:
    return tn.Inventory(tables(list(made)), {}, at)


THEN = "2026-10-25T23:00:00Z"
BEFORE = inventory(instance(1), instance(2), instance(3, availabilityZone="b", flavor=None), at=THEN)
AFTER = inventory(instance(1, volumes=None), instance(3, availabilityZone="b"), instance(4), instance(5))


def test_each_step_begins_where_the_last_one_ended() -> None:
    ax = tn.plots.waterfall(tn.history.waterfall(BEFORE, AFTER))
    assert names(ax) == ["before", "created", "deleted", "other", "after"]  # steps of zero tell nothing
    assert notes(ax) == ["4 (1 not fully known)", "+4", "-2", "+2", "8 (1 not fully known)"]
    assert widths(ax, "allocated") == [4, 0, 0, 0, 8]
    assert (widths(ax, "more")[1], starts(ax, "more")[1]) == (4, 4)
    assert (widths(ax, "less")[2], starts(ax, "less")[2]) == (2, 6)
    assert (widths(ax, "more")[3], starts(ax, "more")[3]) == (2, 6)
    assert ax.get_xlim()[0] == 0
    assert legend(ax) == ["allocated", "more", "less"]
    assert (unit(ax), collisions(ax)) == ("vCPUs", [])
    assert ax.get_title(loc="left") == "vCPUs before and after: 2026-10-25 to 2026-11-01"
    assert (
        tn.plots.waterfall(tn.history.waterfall(BEFORE, AFTER), "ram_gb").get_title(loc="left").startswith("RAM (GB)")
    )


def test_times_tell_moments_of_a_day_apart() -> None:
    table = tn.history.waterfall(inventory(at="2026-11-01T09:00:00+09:00"), inventory(at="2026-11-01T07:30:00Z"))
    ax = tn.plots.waterfall(table)
    assert ax.get_title(loc="left") == "vCPUs before and after: 2026-11-01 00:00 to 2026-11-01 07:30"
    table.attrs = {}
    assert tn.plots.waterfall(table).get_title(loc="left") == "vCPUs before and after"


@pytest.mark.parametrize(("many", "start"), [(1, 0), (10, 20), (400, 800)])
def test_small_steps_beside_large_levels_are_drawn_larger_and_the_axis_says_so(many: int, start: float) -> None:
    stay = [instance(number) for number in range(many)]
    went, came = instance(many), instance(many + 1, flavor={"id": "f", "name": "one", "cpu": 1, "ram": 1024})
    ax = tn.plots.waterfall(tn.history.waterfall(inventory(*stay, went), inventory(*stay, came)))
    assert ax.get_xlim()[0] == start
    assert (unit(ax) == f"vCPUs; the axis begins at {start}") == bool(start)
    strokes = [line for line in ax.get_lines() if len(line.get_xdata()) == 2]
    assert len(strokes) == (3 if start else 0)  # through both levels, and on the axis
    shown = [width for label in ("more", "less") for width in widths(ax, label) if width]
    if start:
        assert min(shown) / (ax.get_xlim()[1] - start) > 0.1
    assert (shown, collisions(ax)) == ([1, 2], [])


def test_a_group_is_drawn_by_name() -> None:
    table = tn.history.waterfall(BEFORE, AFTER, by="zone")
    ax = tn.plots.waterfall(table, "instances", group="b")
    assert ax.get_title(loc="left") == "Instances before and after: b, 2026-10-25 to 2026-11-01"
    assert notes(ax) == ["nothing changed, 1 (1 not fully known) before and after"]
    with pytest.raises(tn.InvalidInput, match="table has 2 groups"):
        tn.plots.waterfall(table)
    with pytest.raises(tn.InvalidInput, match="group 'c' is not in table"):
        tn.plots.waterfall(table, group="c")
    with pytest.raises(tn.InvalidInput, match="resource 'cpu' is not in table"):
        tn.plots.waterfall(table, "cpu", group="b")


def test_what_is_empty_says_so() -> None:
    same = tn.history.waterfall(inventory(), inventory())
    assert notes(tn.plots.waterfall(same)) == ["nothing changed, 0 before and after"]
    assert notes(tn.plots.waterfall(tn.history.waterfall(AFTER, AFTER), "ram_gb"))[0].startswith("nothing changed, 16")
    grouped = tn.history.waterfall(inventory(), inventory(), by="zone")
    assert notes(tn.plots.waterfall(grouped)) == ["no instances"]
    assert notes(tn.plots.churn(churned(0))) == ["no snapshots"]


def churned(periods: int) -> pd.DataFrame:
    rows = [(project, f"{2000 + number}-01", number, 2) for number in range(periods) for project in ("a", "b")]
    table = pd.DataFrame(rows, columns=["project", "period", "created", "deleted"])
    return table.astype({"period": "str", "created": "Int64", "deleted": "Int64"})


def test_churn_is_of_all_projects_and_of_the_last_periods() -> None:
    ax = tn.plots.churn(churned(3))
    assert names(ax) == ["2000-01, history begins", "2001-01", "2002-01, history ends"]
    assert (widths(ax, "created"), widths(ax, "deleted")) == ([0, 2, 4], [4, 4, 4])
    assert (unit(ax), ax.get_title(loc="left")) == (
        "Instances",
        "Instances created and deleted: 2 projects, 2000-01 to 2002-01",
    )
    assert collisions(ax) == []
    one = churned(1).query("project == 'a'")
    assert tn.plots.churn(one).get_title(loc="left") == "Instances created and deleted: a, 2000-01"
    assert names(tn.plots.churn(one)) == ["2000-01, history begins and ends"]
    with pytest.raises(tn.InvalidInput, match="table lacks the columns"):
        tn.plots.churn(churned(1).drop(columns="created"))


def test_many_periods_are_columns_over_time_pale_where_the_history_begins_and_ends() -> None:
    ax = tn.plots.churn(churned(13))
    heights = {drawn.get_label(): [bar.get_height() for bar in drawn] for drawn in ax.containers}
    assert heights["created"] == [2 * number for number in range(1, 12)]
    assert heights["deleted"] == [-4] * 11
    pale = [(bar.get_height(), bar.get_alpha()) for drawn in ax.containers[1::2] for bar in drawn]
    assert pale == [(0, 0.45), (24, 0.45), (-4, 0.45), (-4, 0.45)]
    assert ax.figure.get_figheight() < 5
    assert (ax.get_ylabel(), unit(ax)) == ("Instances", "UTC; pale where the history begins or ends")
    low, high = ax.get_ylim()
    assert low < -4 < 24 < high
    ax.figure.canvas.draw()
    assert not [label for label in ax.get_yticklabels() if "-" in label.get_text()]  # below zero is deleted, not less
    assert (legend(ax), collisions(ax)) == (["created", "deleted"], [])


def test_past_92_periods_the_last_ones_are_drawn() -> None:
    ax = tn.plots.churn(churned(95))
    assert sum(len(drawn) for drawn in ax.containers) == 2 * 92
    assert unit(ax).endswith("; 3 earlier periods not drawn")
    assert [len(drawn) for drawn in ax.containers] == [91, 1, 91, 1]  # the history does not begin in the first
