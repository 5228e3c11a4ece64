"""Limits as users give them: dicts, frames, CSVs, and what can be wrong with each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import instance, tables
from toastnb.capacity.limits import as_limits

ZONES = ["a", "b"]


def known(limits: Any) -> dict[tuple[str, str], float]:
    """Return the limits that there are, by zone and resource."""
    return as_limits(limits, ZONES).stack().dropna().astype(float).to_dict()


def test_a_dict_of_numbers_is_in_all() -> None:
    assert known({"vcpus": 1000, "ram_gb": 4096.5}) == {("Total", "vcpus"): 1000, ("Total", "ram_gb"): 4096.5}


@pytest.mark.parametrize("in_all", ["*", "Total"])
def test_a_dict_of_dicts_is_by_zone(in_all: str) -> None:
    limits = {"a": {"vcpus": 5}, "b": {"disk_gb": 0}, in_all: {"vcpus": 9}}
    assert known(limits) == {("a", "vcpus"): 5, ("b", "disk_gb"): 0, ("Total", "vcpus"): 9}


def test_a_csv_may_have_comments_empty_cells_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "limits.csv"
    path.write_text("# ours\nzone,vcpus, ram_gb\na,5,\n ,,\n  # theirs\n*,7,8.5\n", "utf-8-sig")
    assert known(path) == {("a", "vcpus"): 5, ("Total", "vcpus"): 7, ("Total", "ram_gb"): 8.5}
    assert known(str(path)) == known(path)


def test_a_frame_without_zones_is_in_all() -> None:
    assert known(pd.DataFrame({"instances": [3]})) == {("Total", "instances"): 3}


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"gpus": 1}, "not known: gpus"),
        ({"kr-pub-a": {"vcpus": 1}}, "a zone that is not known: kr-pub-a"),
        ({"vcpus": -1}, "limits has vcpus '-1' in row 1"),
        ({"vcpus": "many"}, "limits has vcpus 'many' in row 1"),
        ({"vcpus": float("inf")}, "limits has vcpus 'inf'"),
        ({"a": {"vcpus": 1}, "vcpus": 2}, "mixes zones and resources"),
        ({"a": {"vcpus": 1}, "*": {"vcpus": 2}, "Total": {"vcpus": 3}}, "limits has Total twice"),
        (pd.DataFrame({"zone": ["a", "a"], "vcpus": [1, 2]}), "limits has a twice"),
        ({}, "limits has no limit"),
        ({"vcpus": None}, "limits has no limit"),
        (pd.DataFrame({"zone": ["a"]}), "limits has no limit"),
        (7, "must be a frame or the path of a CSV"),
        ("http://127.0.0.1:9/limits.csv", "cannot be read"),
        ({"a": {"zone": "b", "vcpus": 1}}, "zone inside a zone"),
        (pd.DataFrame({"zone": [None], "vcpus": [1]}), "no zone in row 1"),
        (pd.DataFrame([[1, 2]], columns=["vcpus", "vcpus"]), "the column vcpus twice"),
        ("no-such-file.csv", r"no-such-file\.csv cannot be read \(No such file or directory\)"),
    ],
)
def test_what_is_wrong_is_named(limits: Any, said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=said):
        as_limits(limits, ZONES)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "limits has no limit"),
        (b"vcpus,ram_gb\n1000,4096,\n", r"row 1 of .*broken\.csv has 3 cells, but there are 2 columns"),
        (b"zone,vcpus,ram_gb\na,1\n", r"row 1 of .*broken\.csv has 2 cells"),
        (b"zone,vcpus,ram_gb\na,100 # was 200,4000\n", "limits has vcpus '100 # was 200'"),
        (b"zone,vcpus\nb\n,30\n", r"row 1 of .*broken\.csv has 1 cells"),
        (b"zone,vcpus\na,N/A\n", "limits has vcpus 'N/A' in row 1"),
        (b"zone,vcpus\nNA,3\n", "not known: NA"),
        (b'zone,vcpus\n"a,3\n', r"broken\.csv is no CSV"),
        (b"\xff\xfe\x00", r"broken\.csv is not UTF-8"),
    ],
)
def test_nothing_in_a_csv_is_guessed(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(tn.InvalidInput, match=said):
        as_limits(path, ZONES)


def test_a_frame_indexed_by_zone_is_by_zone() -> None:
    assert known(pd.DataFrame({"zone": ["a"], "vcpus": [4]}).set_index("zone")) == {("a", "vcpus"): 4}


def test_a_limit_for_a_zone_that_is_empty_needs_its_name() -> None:
    vms = tables([instance(1)])["instances_detail"]
    limits = {"b": {"vcpus": 4}}
    with pytest.raises(tn.InvalidInput, match="not known: b"):
        tn.capacity.headroom(vms, limits)
    assert tn.capacity.headroom(vms, limits, zones=ZONES).loc[("b", "vcpus"), "remaining"] == 4


def test_limits_in_long_form_are_told_where_the_template_is() -> None:
    for limits in (pd.DataFrame({"resource": ["vcpus"], "limit": [3]}), {"resource": "vcpus", "limit": 3}):
        with pytest.raises(tn.InvalidInput, match=r"not known: resource, limit\. .*toastnb template limits\.csv"):
            as_limits(limits, ["a"])  # type: ignore[arg-type]
