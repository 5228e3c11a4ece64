"""Plots of disks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables
from tests.plots.drawn import collisions, legend, names, notes, unit


def rooted(*sizes: int | None, flavor: str = "m2.c1m1") -> list[Raw]:
    flavors = {"id": "f", "name": flavor, "cpu": 1, "ram": 1024}
    return [
        instance(0, id=f"{flavor}-{number}", volumes={"root": {"size": size}}, flavor=flavors)
        for number, size in enumerate(sizes)
    ]


def sizes_of(made: list[Raw]) -> pd.DataFrame:
    frames = tables(made)
    return tn.capacity.disk_sizing(frames["disks"], frames["instances_detail"])


def test_local_disks_have_a_look_of_their_own() -> None:
    made = [*rooted(20, 30), instance(77), *rooted(40, flavor="u2.c1m1")]
    ax = tn.plots.disk_sizes(sizes_of(made))
    assert legend(ax) == ["root disks", "attached disks", "local disks"]
    heights = {drawn.get_label(): [bar.get_height() for bar in drawn][:3] for drawn in ax.containers}
    assert heights == {"root disks": [1, 2, 0], "attached disks": [0, 0, 1], "local disks": [0, 1, 0]}
    assert len({drawn[0].get_hatch() for drawn in ax.containers}) == 3


@pytest.mark.parametrize("factor", [1, 1000, 100_000])
def test_however_many_there_are_their_numbers_do_not_cover_each_other(factor: int) -> None:
    table = sizes_of([*rooted(20, 30, 60, 200, 500, 1000), instance(77), *rooted(10, 40, 90, flavor="u2.c1m1")])
    assert collisions(tn.plots.disk_sizes(table * factor)) == []


def test_sizes_that_are_not_known_are_counted() -> None:
    ax = tn.plots.disk_sizes(tn.capacity.disk_sizing(tables(rooted(20, None))["disks"]))
    assert unit(ax) == "Size (GB); 1 disk of a size not known"
    assert sum(bar.get_height() for bar in ax.patches) == 1


def largest(made: list[Raw], top: int = 20) -> pd.DataFrame:
    frames = tables(made)
    return tn.capacity.largest_disks(frames["disks"], frames["instances_detail"], top=top)


def test_the_largest_disks_are_named_by_instance_and_disk() -> None:
    ax = tn.plots.largest_disks(largest([instance(1), instance(2, volumes={"root": {"size": 1200}})]))
    assert names(ax) == ["web-02", "web-01 · data", "web-01"]
    assert sorted(notes(ax)) == ["1,200", "100", "50"]
    assert sorted(bar.get_width() for bar in ax.patches) == [50, 100, 1200]
    assert legend(ax) == ["root disks", "attached disks"]


def test_without_instances_their_ids_are_the_names() -> None:
    ax = tn.plots.largest_disks(tn.capacity.largest_disks(tables([instance(1)])["disks"]))
    assert names(ax) == ["id-1 · data", "id-1"]


def test_past_thirty_disks_the_rest_is_summed() -> None:
    ax = tn.plots.largest_disks(largest(rooted(*range(1, 41)), top=40))
    assert (len(names(ax)), unit(ax)) == (30, "Size (GB); 10 others: 55")
    assert collisions(ax) == []


def attached(*counts: int | None) -> list[Raw]:
    volumes = [None if count is None else [{"id": str(n), "size": 1} for n in range(count)] for count in counts]
    return [
        instance(number, volumes={"root": {"size": 1}, "attachments": several})
        for number, several in enumerate(volumes)
    ]


def test_volumes_are_counted_in_their_own_order_and_the_unknown_number_is_named() -> None:
    made = tables(attached(0, 0, 0, 3, 1, 1, None))["instances_detail"]
    ax = tn.plots.volumes_per_instance(tn.capacity.volumes_per_instance(made))
    assert names(ax) == ["0 volumes", "1 volume", "3 volumes", "not known"]
    assert notes(ax) == ["3 (42.9 %)", "2 (28.6 %)", "1 (14.3 %)", "1 (14.3 %)"]
    assert [bar.get_width() for bar in ax.patches] == [3, 2, 1, 1]
    assert unit(ax) == "Instances"


def test_past_thirty_numbers_of_volumes_the_rest_is_summed() -> None:
    made = tables(attached(*range(40)))["instances_detail"]
    ax = tn.plots.volumes_per_instance(tn.capacity.volumes_per_instance(made))
    assert (len(names(ax)), unit(ax)) == (30, "Instances; 10 others: 10")


def test_nothing_at_all_is_said() -> None:
    nothing = tables([])
    _, given = plt.subplots()
    assert notes(tn.plots.largest_disks(tn.capacity.largest_disks(nothing["disks"]), ax=given)) == ["no disks"]
    table = tn.capacity.volumes_per_instance(nothing["instances_detail"])
    assert notes(tn.plots.volumes_per_instance(table)) == ["no instances"]
