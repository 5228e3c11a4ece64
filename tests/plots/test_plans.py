"""The plot of before and after."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import instance, tables
from tests.plots.drawn import collisions, legend, names, notes, unit, vms, widths


def test_groups_are_sorted_by_what_is_after_with_signed_differences() -> None:
    ax = tn.plots.compare(tn.capacity.compare(vms(a=4, b=1), vms(a=1, b=4, c=1)))
    assert names(ax) == ["b", "a", "c"]
    assert widths(ax, "before") == [2, 8, 0]
    assert widths(ax, "after") == [8, 2, 2]
    assert notes(ax) == ["2", "8", "0", "8 (+6, +300 %)", "2 (-6, -75 %)", "2 (+2)"]
    assert legend(ax) == ["before", "after"]
    assert ax.get_title(loc="left") == "vCPUs before and after by zone"


def test_no_difference_has_no_sign() -> None:
    ax = tn.plots.compare(tn.capacity.compare(vms(a=1), vms(a=1)), "disk_gb")
    assert notes(ax) == ["150", "150 (0, 0 %)"]
    assert ax.get_xlabel() == "Disks (GB)"


def test_what_is_not_known_on_one_side_has_no_bar_and_no_difference() -> None:
    unknown = tables([instance(1, flavor=None)])["instances_detail"]
    ax = tn.plots.compare(tn.capacity.compare(vms(a=1), unknown))
    assert notes(ax) == ["2", "not known"]
    assert widths(ax, "after") == [0]


def test_several_keys_are_named_together() -> None:
    before, after = vms(a=1), vms(a=2)
    ax = tn.plots.compare(tn.capacity.compare(before, after, by=["zone", "status"]))
    assert names(ax) == ["a · ACTIVE"]
    assert ax.get_title(loc="left") == "vCPUs before and after by zone and status"


def test_past_thirty_bars_the_differences_of_the_rest_are_summed() -> None:
    def named(factor: int) -> pd.DataFrame:
        flavor = {"id": "f", "name": "f", "ram": 1}
        made = [
            instance(number, name=f"{'name-' * 12}{number}", flavor=flavor | {"cpu": factor * (40 - number)})
            for number in range(40)
        ]
        return tables(made)["instances_detail"]

    ax = tn.plots.compare(tn.capacity.compare(named(3), named(1), by="name"))
    assert len(names(ax)) == 15
    assert unit(ax) == "vCPUs; 25 others: -650 difference"
    assert collisions(ax) == []


def test_a_resource_that_is_not_there_is_named() -> None:
    with pytest.raises(tn.InvalidInput, match=r"resource 'gpus' is not in table\. It has instances, vcpus"):
        tn.plots.compare(tn.capacity.compare(vms(a=1), vms(a=1)), "gpus")


def test_nothing_at_all_is_said_without_a_legend() -> None:
    ax = tn.plots.compare(tn.capacity.compare(vms(), vms()))
    assert notes(ax) == ["no instances"]
    assert ax.get_legend() is None
