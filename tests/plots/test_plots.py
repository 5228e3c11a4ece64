"""What plots show: order, units, labels, and text from the service as it is; and what all of them have in common."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

import toastnb as tn
from tests.capacity.builders import instance, tables
from tests.plots.drawn import collisions, names, notes, vms

AT = "2026-11-01T00:00:00Z"
LIMITS = {"vcpus": 100, "ram_gb": 100}
# Of each plot of capacity, the table that it draws, of so many instances by zone.
TABLES: dict[str, Callable[..., pd.DataFrame]] = {
    "compare": lambda **counts: tn.capacity.compare(vms(**counts), vms(**counts)),
    "cost": lambda **counts: tn.capacity.cost(vms(**counts), tn.capacity.price_template(vms(**counts)), at=AT),
    "disk_sizes": lambda **counts: tn.capacity.disk_sizing(disks(**counts)),
    "flavor_mix": lambda **counts: tn.capacity.flavor_mix(vms(**counts)),
    "headroom": lambda **counts: tn.capacity.headroom(vms(**counts), LIMITS),
    "largest_disks": lambda **counts: tn.capacity.largest_disks(disks(**counts)),
    "reclaimable": lambda **counts: tn.capacity.reclaimable(vms(**counts), at=AT, status="ACTIVE"),
    "single_zone": lambda **counts: tn.capacity.single_zone(vms(**counts), "prefix"),
    "totals": lambda **counts: tn.capacity.totals(vms(**counts)),
    "volumes_per_instance": lambda **counts: tn.capacity.volumes_per_instance(vms(**counts)),
    "zone_balance": lambda **counts: tn.capacity.zone_balance(vms(**counts)),
    "zone_failure": lambda **counts: tn.capacity.zone_failure(vms(**counts)),
}
FINDINGS = pd.DataFrame({"check": ["weak-ssh-key"], "severity": ["high"], "resource": ["x"]}, dtype="str")


def disks(**counts: int) -> pd.DataFrame:
    """Return the disks of as many instances in each zone as is said."""
    zones = [zone for zone, count in counts.items() for _ in range(count)]
    return tables([instance(number, availabilityZone=zone) for number, zone in enumerate(zones)])["disks"]


def draw(name: str, ax=None, **counts: int):
    """Draw a plot by its name."""
    table = FINDINGS if name == "findings" else TABLES[name](**counts)
    return getattr(tn.plots, name)(table, ax=ax)


def test_bars_are_sorted_and_carry_unit_and_value() -> None:
    ax = tn.plots.totals(tn.capacity.totals(vms(a=1, b=3, c=2)), "ram_gb")
    assert names(ax) == ["b", "c", "a"]
    assert [bar.get_width() for bar in ax.patches] == [12, 8, 4]
    assert notes(ax) == ["12", "8", "4"]
    assert ax.get_xlabel() == "RAM (GB)"
    assert ax.yaxis_inverted()


@pytest.mark.parametrize("name", ["shop", "쇼핑몰-운영-서비스-", "a-very-long-name-of-a-zone-"])
def test_a_title_takes_the_width_of_its_axes_and_keeps_dates_together(name: str) -> None:
    table = tn.history.waterfall(
        tn.Inventory({"instances_detail": vms(**{name * 3: 2})}, {}, AT), later(name * 3), by="zone"
    )
    ax = tn.plots.waterfall(table)
    title = ax.set_title(ax.get_title(loc="left"), loc="left")
    assert title.get_window_extent().width <= ax.bbox.width
    lines = title.get_text().split("\n")
    assert "2026-11-01 to 2026-11-08" in lines[-1]
    assert len(lines) == (1 if name == "shop" else 2)
    assert collisions(ax) == []


def later(zone: str) -> tn.Inventory:
    return tn.Inventory({"instances_detail": vms(**{zone: 3})}, {}, "2026-11-08T00:00:00Z")


def test_the_total_row_is_no_bar() -> None:
    ax = tn.plots.totals(tn.capacity.totals(vms(a=1)), "vcpus")
    assert names(ax) == ["a"]


def test_a_group_of_which_nothing_is_known_is_named_without_a_number() -> None:
    made = tables([instance(1), instance(2, availabilityZone="b", flavor=None)])
    ax = tn.plots.totals(tn.capacity.totals(made["instances_detail"]), "vcpus")
    assert names(ax) == ["a", "b"]
    assert notes(ax) == ["2", "not known"]


def test_a_missing_key_is_named_as_in_tables_with_a_total() -> None:
    made = tables([instance(1, availabilityZone=None)])["instances_detail"]
    assert names(tn.plots.totals(tn.capacity.totals(made, total=False))) == ["(missing)"]
    assert names(tn.plots.totals(tn.capacity.totals(made))) == ["(missing)"]


def test_past_thirty_groups_the_rest_is_said_and_nothing_is_lost() -> None:
    made = tables([instance(number, name=f"n-{number:03}") for number in range(40)])
    ax = tn.plots.totals(tn.capacity.totals(made["instances_detail"], by="name"), "vcpus")
    assert len(names(ax)) == 30
    assert ax.get_xlabel() == "vCPUs; 10 others: 20"


@pytest.mark.parametrize("name", ["$x^2$ and $", "_a_ **b**", "한국 영역", "a" * 200, "</svg><script>"])
def test_names_are_drawn_as_they_are(name: str) -> None:
    ax = tn.plots.totals(tn.capacity.totals(vms(**{name: 2})))
    ax.figure.canvas.draw()
    shown = names(ax)[0]
    assert shown == name if len(name) <= 40 else name.startswith(shown.removesuffix("…"))


@pytest.mark.parametrize("name", ["one\ntwo", "one\ttwo", "one\u2028two"])
def test_a_name_stays_on_its_line(name: str) -> None:
    assert names(tn.plots.totals(tn.capacity.totals(vms(**{name: 2})))) == ["one two"]


@pytest.mark.parametrize("char", ["\x1b", "\u202e", "\u200b"])
def test_what_would_change_how_a_name_reads_is_marked(char: str) -> None:
    assert names(tn.plots.totals(tn.capacity.totals(vms(**{f"a{char}b": 2})))) == ["a\ufffdb"]


@pytest.mark.filterwarnings("error")
def test_korean_names_have_glyphs() -> None:
    ax = tn.plots.totals(tn.capacity.totals(vms(**{"한국 영역": 2})))
    ax.figure.canvas.draw()  # matplotlib warns about a missing glyph


def test_balance_shows_three_shares_a_zone_and_the_even_line() -> None:
    ax = tn.plots.zone_balance(tn.capacity.zone_balance(vms(a=3, b=1)))
    assert notes(ax) == ["75 %", "25 %"] * 3
    assert ax.get_lines()[0].get_xdata()[0] == 50
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(labels) == ["Disks", "RAM", "even (50 %)", "vCPUs"]


def test_disks_are_counted_by_class_and_role() -> None:
    ax = tn.plots.disk_sizes(tn.capacity.disk_sizing(disks(a=2)))
    assert [label.get_text() for label in ax.get_xticklabels()][:3] == ["≤ 20", "≤ 50", "≤ 100"]
    assert sum(bar.get_height() for bar in ax.patches) == 4
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Size (GB)", "Disks")


def test_an_empty_account_says_so() -> None:
    assert [notes(draw(name)) for name in ("totals", "zone_balance", "disk_sizes")] == [
        ["no instances"],
        ["no instances"],
        ["no disks"],
    ]


@pytest.mark.parametrize("name", [*TABLES, "findings"])
def test_a_given_axes_is_drawn_on_and_settings_are_left_alone(name: str) -> None:
    figure, given = plt.subplots()
    size, before = figure.get_size_inches().tolist(), dict(mpl.rcParams)
    assert draw(name, ax=given, a=1, b=2) is given
    assert dict(mpl.rcParams) == before
    assert figure.get_size_inches().tolist() == size


@pytest.mark.parametrize("name", [*TABLES, "findings"])
def test_a_new_figure_is_a_white_page_with_black_text_whatever_the_users_style(name: str) -> None:
    with plt.style.context("dark_background"):
        ax = draw(name, a=2)
        ax.set_xlim(0, 1e6)  # ticks that are made now
        ax.figure.canvas.draw()
    assert to_rgb(ax.figure.get_facecolor()) == to_rgb(ax.get_facecolor()) == (1, 1, 1)
    texts = [*ax.texts, ax.xaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()]
    assert {to_rgb(text.get_color()) for text in texts} == {(0, 0, 0)}


@pytest.mark.parametrize("name", [*TABLES, "findings"])
@pytest.mark.parametrize(
    "counts", [{"a": 1}, {"kr-pub-a": 1234, "한국 판교 존" * 8: 3}, {f"z{n}": n for n in range(1, 31)}]
)
def test_nothing_covers_anything(name: str, counts: dict[str, int]) -> None:
    assert collisions(draw(name, **counts)) == []


@pytest.mark.parametrize("name", [*TABLES, "findings"])
def test_another_table_is_refused_and_the_right_one_named(name: str) -> None:
    plot = getattr(tn.plots, name)
    with pytest.raises(tn.InvalidInput, match=r"tn\.(capacity|audit)\.\w+ answers|It has"):
        plot(pd.DataFrame({"other": [1]}))
    with pytest.raises(tn.InvalidInput, match="must be a DataFrame"):
        plot([1, 2])


@pytest.mark.parametrize("name", [name for name in TABLES if name not in ("largest_disks", "reclaimable")])
def test_a_table_whose_index_is_gone_is_refused(name: str) -> None:
    with pytest.raises(tn.InvalidInput, match=r"tn\.capacity\.\w+ answers"):
        getattr(tn.plots, name)(TABLES[name](a=1, b=1).reset_index(drop=True))


def test_a_table_without_the_column_is_refused() -> None:
    with pytest.raises(tn.InvalidInput, match="table lacks the columns gpus"):
        tn.plots.totals(tn.capacity.totals(vms(a=1)), "gpus")


def test_instances_themselves_or_a_table_by_more_are_refused() -> None:
    made = vms(a=1)
    with pytest.raises(tn.InvalidInput, match="no groups"):
        tn.plots.totals(made, "vcpus")
    with pytest.raises(tn.InvalidInput, match="more than role"):
        tn.plots.disk_sizes(tn.capacity.disk_sizing(disks(a=1), made, by="zone"))


def test_tab_shows_what_is_meant_for_users() -> None:
    of_history = ["churn", "forecast", "growth", "waterfall"]  # tested beside their tables
    assert dir(tn.plots) == sorted([*TABLES, *of_history, "findings"])


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0], ["0", "1"]),
        ([1], ["0", "1"]),
        ([0.01], ["0", "0.002", "0.004", "0.006", "0.008", "0.01"]),
        ([9_000_000], ["0", "2,000,000", "4,000,000", "6,000,000", "8,000,000", "10,000,000"]),
    ],
)
def test_ticks_are_whole_where_values_are_and_have_thousands_apart(values: list[float], ticks: list[str]) -> None:
    table = pd.DataFrame({"vcpus": values}, index=pd.Index(["a"], name="zone"))
    ax = tn.plots.totals(table)
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    assert [tick.label1.get_text() for tick in ax.xaxis.get_major_ticks() if low <= tick.get_loc() <= high] == ticks


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01, "< 0.1"), (0.05, "0.1"), (1.25, "1.2"), (99.96, "100.0"), (100.4, "100"), (1234567, "1,234,567"), (0, "0")],
)
def test_values_are_written_as_they_are_read_and_what_is_small_is_not_nothing(value: float, text: str) -> None:
    table = pd.DataFrame({"vcpus": [value]}, index=pd.Index(["a"], name="zone"))
    assert notes(tn.plots.totals(table)) == [text]
