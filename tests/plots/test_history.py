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
    assert names(ax) == ["before", "created", "deleted", "resized", "disks", "other", "after"]
    assert notes(ax) == ["4 (1 not fully known)", "+4", "-2", "0", "0", "+2", "8 (1 not fully known)"]
    assert widths(ax, "allocated") == [4, 0, 0, 0, 0, 0, 8]
    assert (widths(ax, "more")[1], starts(ax, "more")[1]) == (4, 4)
    assert (widths(ax, "less")[2], starts(ax, "less")[2]) == (2, 6)
    assert (widths(ax, "more")[5], starts(ax, "more")[5]) == (2, 6)
    assert legend(ax) == ["allocated", "more", "less"]
    assert (unit(ax), collisions(ax)) == ("vCPUs", [])
    assert ax.get_title(loc="left") == "What changed: 2026-10-25 to 2026-11-01"


def test_rows_are_those_of_the_table_and_times_tell_moments_of_a_day_apart() -> None:
    table = tn.history.waterfall(inventory(at="2026-11-01T09:00:00+09:00"), inventory(at="2026-11-01T07:30:00Z"))
    ax = tn.plots.waterfall(table)
    assert names(ax) == list(table.index)
    assert ax.get_title(loc="left") == "What changed: 2026-11-01 00:00 to 2026-11-01\n07:30"
    table.attrs = {}
    assert tn.plots.waterfall(table).get_title(loc="left") == "What changed"


def test_a_group_is_drawn_by_name() -> None:
    table = tn.history.waterfall(BEFORE, AFTER, by="zone")
    ax = tn.plots.waterfall(table, "instances", group="b")
    assert ax.get_title(loc="left") == "What changed: b, 2026-10-25 to 2026-11-01"
    assert notes(ax)[0].startswith("1")
    with pytest.raises(tn.InvalidInput, match="table has 2 groups"):
        tn.plots.waterfall(table)
    with pytest.raises(tn.InvalidInput, match="group 'c' is not in table"):
        tn.plots.waterfall(table, group="c")
    with pytest.raises(tn.InvalidInput, match="resource 'cpu' is not in table"):
        tn.plots.waterfall(table, "cpu", group="b")


def test_what_is_empty_says_so() -> None:
    assert notes(tn.plots.waterfall(tn.history.waterfall(inventory(), inventory()))) == ["0"] * 7
    grouped = tn.history.waterfall(inventory(), inventory(), by="zone")
    assert notes(tn.plots.waterfall(grouped)) == ["no instances"]
    assert notes(tn.plots.churn(churned(0))) == ["no snapshots"]


def churned(periods: int) -> pd.DataFrame:
    rows = [(project, f"{2000 + number}-01", number, 2) for number in range(periods) for project in ("a", "b")]
    table = pd.DataFrame(rows, columns=["project", "period", "created", "deleted"])
    return table.astype({"period": "str", "created": "Int64", "deleted": "Int64"})


def test_churn_is_of_all_projects_and_of_the_last_periods() -> None:
    ax = tn.plots.churn(churned(3))
    assert names(ax) == ["2000-01", "2001-01", "2002-01"]
    assert (widths(ax, "created"), widths(ax, "deleted")) == ([0, 2, 4], [4, 4, 4])
    assert (unit(ax), ax.get_title(loc="left")) == (
        "Instances",
        "Instances created and deleted: 2 projects,\n2000-01 to 2002-01",
    )
    assert collisions(ax) == []
    one = churned(1).query("project == 'a'")
    assert tn.plots.churn(one).get_title(loc="left") == "Instances created and deleted: a, 2000-01"
    many = tn.plots.churn(churned(33))
    assert names(many)[0] == "2003-01"
    assert unit(many) == "Instances; 3 earlier periods not drawn"
    with pytest.raises(tn.InvalidInput, match="table lacks the columns"):
        tn.plots.churn(churned(1).drop(columns="created"))
