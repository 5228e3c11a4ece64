"""What plots show: order, units, labels, and text from the service as it is."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import toastnb as tn
from tests.capacity.builders import instance, tables


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


def vms(**counts: int):
    """Return instances of 2 vCPUs, as many in each zone as is said."""
    zones = [zone for zone, count in counts.items() for _ in range(count)]
    return tables([instance(number, availabilityZone=zone) for number, zone in enumerate(zones)])


def names(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def test_bars_are_sorted_and_carry_unit_and_value() -> None:
    ax = tn.plots.totals(tn.capacity.totals(vms(a=1, b=3, c=2)["instances_detail"]), "ram_gb")
    assert names(ax) == ["b", "c", "a"]
    assert [bar.get_width() for bar in ax.patches] == [12, 8, 4]
    assert [text.get_text() for text in ax.texts] == ["12", "8", "4"]
    assert ax.get_xlabel() == "RAM (GB)"
    assert ax.yaxis_inverted()


def test_the_total_row_is_no_bar() -> None:
    ax = tn.plots.totals(tn.capacity.totals(vms(a=1)["instances_detail"]), "vcpus")
    assert names(ax) == ["a"]


def test_a_group_of_which_nothing_is_known_is_named_without_a_number() -> None:
    made = tables([instance(1), instance(2, availabilityZone="b", flavor=None)])
    ax = tn.plots.totals(tn.capacity.totals(made["instances_detail"]), "vcpus")
    assert names(ax) == ["a", "b"]
    assert [text.get_text() for text in ax.texts] == ["2", "not known"]


def test_past_thirty_groups_the_rest_is_said_and_nothing_is_lost() -> None:
    made = tables([instance(number, name=f"n-{number:03}") for number in range(40)])
    ax = tn.plots.totals(tn.capacity.totals(made["instances_detail"], by="name"), "vcpus")
    assert len(names(ax)) == 30
    assert ax.get_xlabel() == "vCPUs; 10 others: 20"


@pytest.mark.parametrize("name", ["$x^2$ and $", "_a_ **b**", "한국 영역", "a" * 200, "</svg><script>"])
def test_names_are_drawn_as_they_are(name: str) -> None:
    ax = tn.plots.totals(tn.capacity.totals(vms(**{name: 2})["instances_detail"]))
    ax.figure.canvas.draw()
    shown = names(ax)[0]
    assert shown == name if len(name) <= 40 else name.startswith(shown.removesuffix("…"))


@pytest.mark.filterwarnings("error")
def test_korean_names_have_glyphs() -> None:
    ax = tn.plots.totals(tn.capacity.totals(vms(**{"한국 영역": 2})["instances_detail"]))
    ax.figure.canvas.draw()  # matplotlib warns about a missing glyph


def test_balance_shows_three_shares_a_zone_and_the_even_line() -> None:
    ax = tn.plots.zone_balance(tn.capacity.zone_balance(vms(a=3, b=1)["instances_detail"]))
    assert [text.get_text() for text in ax.texts] == ["75 %", "25 %"] * 3
    assert ax.get_lines()[0].get_xdata()[0] == 50
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(labels) == ["Disks", "RAM", "even (50 %)", "vCPUs"]


def test_disks_are_counted_by_class_and_role() -> None:
    ax = tn.plots.disk_sizes(tn.capacity.disk_sizing(vms(a=2)["disks"]))
    assert [label.get_text() for label in ax.get_xticklabels()][:3] == ["≤ 20", "≤ 50", "≤ 100"]
    assert sum(bar.get_height() for bar in ax.patches) == 4
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Size (GB)", "Disks")


def test_an_empty_account_says_so() -> None:
    nothing = vms()
    drawn = [
        tn.plots.totals(tn.capacity.totals(nothing["instances_detail"])),
        tn.plots.zone_balance(tn.capacity.zone_balance(nothing["instances_detail"])),
        tn.plots.disk_sizes(tn.capacity.disk_sizing(nothing["disks"])),
    ]
    assert [ax.texts[0].get_text() for ax in drawn] == ["no instances", "no instances", "no disks"]


def test_a_given_axes_is_drawn_on_and_settings_are_left_alone() -> None:
    _, given = plt.subplots()
    before = dict(mpl.rcParams)
    assert tn.plots.totals(tn.capacity.totals(vms(a=1)["instances_detail"]), ax=given) is given
    assert dict(mpl.rcParams) == before


def test_a_table_without_the_column_is_refused() -> None:
    with pytest.raises(tn.InvalidInput, match="table lacks the columns gpus"):
        tn.plots.totals(tn.capacity.totals(vms(a=1)["instances_detail"]), "gpus")


def test_instances_themselves_or_a_table_by_more_are_refused() -> None:
    made = vms(a=1)
    with pytest.raises(tn.InvalidInput, match="no groups"):
        tn.plots.totals(made["instances_detail"], "vcpus")
    with pytest.raises(tn.InvalidInput, match="more than role"):
        tn.plots.disk_sizes(tn.capacity.disk_sizing(made["disks"], made["instances_detail"], by="zone"))


def test_tab_shows_what_is_meant_for_users() -> None:
    assert dir(tn.plots) == ["disk_sizes", "totals", "zone_balance"]
    assert dir(tn.capacity) == ["disk_sizing", "totals", "zone_balance"]
    assert dir(tn.report) == ["copy_notebooks", "table", "write"]
