"""Plots draw names as they are: no formula, no TeX, no warning, no name without an end."""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

import toastnb as tn
from tests.untrusted.conftest import ZONES
from tests.untrusted.names import HARMFUL, TEXTS

LIMITS = {zone: {"vcpus": 100, "ram_gb": 100, "instances": 60} for zone in ZONES.values()}
LONGEST = 90  # a name of 40, and beside it another
SVG = "{http://www.w3.org/2000/svg}"
PLOTS = {
    "compare": lambda a: tn.plots.compare(tn.capacity.compare(a.instances_detail, a.instances_detail, by="name")),
    "disk_sizes": lambda a: tn.plots.disk_sizes(tn.capacity.disk_sizing(a.disks)),
    "findings": lambda a: tn.plots.findings(tn.audit.run(a)),
    "flavor_mix": lambda a: tn.plots.flavor_mix(tn.capacity.flavor_mix(a.instances_detail, a.flavors)),
    "headroom": lambda a: tn.plots.headroom(tn.capacity.headroom(a.instances_detail, LIMITS)),
    "fits": lambda a: tn.plots.headroom(tn.capacity.headroom(a.instances_detail, LIMITS, a.flavors)),
    "largest_disks": lambda a: tn.plots.largest_disks(tn.capacity.largest_disks(a.disks, a.instances_detail)),
    "reclaimable": lambda a: tn.plots.reclaimable(tn.capacity.reclaimable(a.instances_detail, at=a.fetched_at)),
    "single_zone": lambda a: tn.plots.single_zone(tn.capacity.single_zone(a.instances_detail, app="name")),
    "totals": lambda a: tn.plots.totals(tn.capacity.totals(a.instances_detail)),
    "zone_balance": lambda a: tn.plots.zone_balance(tn.capacity.zone_balance(a.instances_detail)),
    "zone_failure": lambda a: tn.plots.zone_failure(tn.capacity.zone_failure(a.instances_detail)),
}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


def check(ax: Axes) -> None:
    """Draw both ways, in which a warning is an error, and look at every text."""
    for kind in ("png", "svg"):
        drawn = io.BytesIO()
        ax.figure.savefig(drawn, format=kind, dpi=40)
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(drawn.getvalue()).iter()}
    assert not tags & {"script", "image", "a", "foreignObject"}
    for text in ax.figure.findobj(Text):
        assert not HARMFUL.search(text.get_text().replace("\n", ""))
        assert not text.get_parse_math() or "$" not in text.get_text()
        assert not text.get_usetex()
        assert all(len(line) <= LONGEST for line in text.get_text().splitlines())
        assert text.get_text().count("\n") < 4


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_draws_a_hostile_account(name: str, few_zones: tn.Inventory) -> None:
    check(PLOTS[name](few_zones))


def test_every_text_is_drawn_as_the_name_of_a_row(few_zones: tn.Inventory, texts: list[str]) -> None:
    vms = few_zones.instances_detail
    names = list(dict.fromkeys(texts))
    for start in range(0, len(names), 30):
        some = vms[vms["name"].isin(names[start : start + 30])]
        check(tn.plots.totals(tn.capacity.totals(some, by="name")))


@pytest.mark.parametrize(
    "zone",
    [TEXTS["length: long, no blanks"], TEXTS["control: clear"], TEXTS["character: emoji"]],
    ids=["long", "control", "emoji"],
)
def test_a_title_has_a_zone_cut_and_on_its_line(zone: str, few_zones: tn.Inventory) -> None:
    vms = few_zones.instances_detail.assign(zone=zone)
    check(tn.plots.headroom(tn.capacity.headroom(vms, {zone: {"vcpus": 1000}}, few_zones.flavors)))


def test_names_are_not_for_tex_on_the_users_own_axes(few_zones: tn.Inventory) -> None:
    with mpl.rc_context({"text.usetex": True, "text.parse_math": True}):
        _, ax = plt.subplots()
        ax.xaxis.set_visible(False)  # numbers are for the user's settings
        tn.plots.totals(tn.capacity.totals(few_zones.instances_detail), ax=ax)
    texts = [*ax.get_yticklabels(), ax.xaxis.label, ax.title, ax._left_title, *ax.texts]
    assert len(texts) > 8
    named = [text for text in texts if text.get_text()]
    assert not any(text.get_usetex() or text.get_parse_math() for text in named)
