"""What each snapshot had allocated, against what the analyses say of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables
from toastnb.inventory import Inventory

FIGURES = ["instances", "vcpus", "ram_gb", "disk_gb", "unknown"]


def inventory(instances: list[Raw]) -> Inventory:
    made = tables(instances)
    with tn.Sandbox(instances=1, instant=True) as sandbox, tn.connect(sandbox) as toast:
        empty = {name: frame.iloc[:0] for name, frame in toast.inventory().tables.items()}
    return Inventory(empty | made, {}, "2026-11-01T00:00:00Z", "made")


@pytest.fixture(scope="module")
def snapshots() -> dict[tuple[str, str], Inventory]:
    """Return snapshots with unknowns, deletions, a missing zone and one without instances, of two projects."""
    first = [instance(1), instance(2, availabilityZone="b"), instance(3, flavor=None), instance(4, status="DELETING")]
    second = [*first, instance(5, availabilityZone=None), instance(6, status=None), instance(7, volumes=None)]
    unknown = [instance(1, flavor=None, volumes=None)]
    return {
        ("2026-11-01", "shop"): inventory(first),
        ("2026-11-01", "dev"): inventory([instance(number) for number in range(9)]),
        ("2026-11-02", "shop"): inventory(second),
        ("2026-11-03", "shop"): inventory([]),
        ("2026-12-04", "shop"): inventory(unknown),
    }


@pytest.fixture(params=[False, True], ids=["as recorded", "merged"])
def history(request: pytest.FixtureRequest, snapshots: dict[Any, Inventory], tmp_path: Path) -> tn.history.History:
    for (day, project), one in snapshots.items():
        tn.history.record(one, tmp_path / "store", at=day, project=project)
    if request.param:
        tn.history.compact(tmp_path / "store", grace=0)
    return tn.history.open_store(tmp_path / "store")


def test_each_snapshot_is_as_totals_counts_it(history: tn.history.History, snapshots: dict[Any, Inventory]) -> None:
    found = history.amounts()
    assert found.columns.tolist() == ["at", "project", *FIGURES]
    keys = [(f"{at:%Y-%m-%d}", project) for at, project in zip(found["at"], found["project"], strict=True)]
    assert keys == sorted(snapshots)
    for key, (_, row) in zip(keys, found.iterrows(), strict=True):
        expected = tn.capacity.totals(snapshots[key].instances_detail).loc["Total", FIGURES]
        assert row[FIGURES].to_dict() == expected.to_dict() or (
            row[FIGURES].isna().tolist() == expected.isna().tolist()
            and row[FIGURES].dropna().to_dict() == expected.dropna().to_dict()
        )


@pytest.mark.parametrize("by", ["zone", "family", ["zone", "status"]])
def test_groups_are_as_totals_has_them(history: tn.history.History, snapshots: dict[Any, Inventory], by: Any) -> None:
    keys = [by] if isinstance(by, str) else by
    found = history.amounts(by=by)
    parts = []
    for (day, project), one in sorted(snapshots.items()):
        table = tn.capacity.totals(one.instances_detail, by=by, total=False).reset_index()
        if table.empty:  # without instances: a row of nothing, in no group
            table = table.reindex([0]).assign(**dict.fromkeys(FIGURES, 0))
        table.insert(0, "project", project)
        table.insert(0, "at", pd.Timestamp(day, tz="UTC").as_unit("us"))
        parts.append(table)
    expected = pd.concat(parts, ignore_index=True)[["at", "project", *keys, *FIGURES]]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_the_columns_have_their_kinds(history: tn.history.History) -> None:
    kinds = history.amounts(by="zone").dtypes.astype(str).to_dict()
    assert kinds["at"] == "datetime64[us, UTC]"
    assert (kinds["project"], kinds["zone"]) == ("str", "str")
    assert [kinds[name] for name in FIGURES] == ["Int64", "Int64", "Float64", "Int64", "Int64"]
    assert (
        history.amounts().dtypes.drop("project").to_dict()
        == history.amounts(by="zone").dtypes.drop(["zone", "project"]).to_dict()
    )


def test_a_part_of_the_history_answers_for_itself(history: tn.history.History) -> None:
    assert history.of("dev").amounts()["instances"].tolist() == [9]
    assert history.between("2026-11-03", "2026-11-04").amounts()[["instances", "vcpus"]].values.tolist() == [[0, 0]]
    assert history.between("2020-01-01", "2020-01-02").amounts().empty


@pytest.mark.parametrize("by", ["zones", ["zone", "zone"], "vcpus"])
def test_what_cannot_be_grouped_by_is_named(history: tn.history.History, by: Any) -> None:
    with pytest.raises(tn.InvalidInput, match=r"by (is|has)"):
        history.amounts(by=by)
