"""Tables for people."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import instance, tables
from toastnb.report.tables import heading


def shown(frame: pd.DataFrame, title: str = "") -> str:
    html = tn.report.table(frame, title).as_raw_html()
    return re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)


def test_numbers_have_thousands_apart_and_missing_is_a_dash() -> None:
    frame = pd.DataFrame(
        {"vcpus": pd.array([1234567, None], dtype="Int64"), "ram_gb": pd.array([0.5, None], dtype="Float64")}
    )
    html = shown(frame)
    assert "1,234,567" in html
    assert html.count("gt_sourcenote") == 0
    assert "0.5" in html
    assert html.count("–") == 2


def test_shares_are_percent() -> None:
    vms = tables([instance(1), instance(2), instance(3), instance(4, availabilityZone="b")])["instances_detail"]
    html = shown(tn.capacity.zone_balance(vms))
    assert "75.0%" in html
    assert "1.50" in html


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "**bold**", "[a](http://b)", "{{x}}"])
def test_text_and_titles_are_text(text: str) -> None:
    html = shown(pd.DataFrame({"name": pd.Series([text], dtype="str")}), title=text)
    assert "<script" not in html
    assert "<strong>bold" not in html
    assert 'href="http://b"' not in html


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("ram_gb", "RAM GB"),
        ("vcpus", "vCPUs"),
        ("flavor_name", "Flavor name"),
        ("to_20_gb", "≤ 20 GB"),
        ("above_1000_gb", "> 1000 GB"),
        ("metadata.용도", "metadata.용도"),
    ],
)
def test_heads_are_words(column: str, words: str) -> None:
    assert heading(column) == words


def test_whole_numbers_have_no_fraction_and_ratios_do() -> None:
    frame = pd.DataFrame(
        {
            "limit": pd.array([1000.0, None], dtype="Float64"),
            "after": pd.array([1.5, 2.0], dtype="Float64"),
            "gb_per_vcpu": pd.array([2.0, 3.0], dtype="Float64"),
        }
    )
    html = shown(frame)
    assert [part in html for part in (">1,000<", ">1.5<", ">2.0<", ">3.0<", ">1,000.0<")] == [True] * 4 + [False]


def test_large_figures_have_no_decimals() -> None:
    frame = pd.DataFrame({"ram_gb": pd.array([1692.34, -250.5, 99.96, 99.94, 0.5, 0.0, None], dtype="Float64")})
    cells = re.findall(r"gt_right\">([^<]+)</td>", shown(frame))
    assert cells == ["1,692", "−250", "100", "99.9", "0.5", "0", "–"]


def test_figures_that_are_named_in_cells_are_in_words_and_flags_are_yes_or_no() -> None:
    vms = tables([instance(1)])["instances_detail"]
    html = shown(tn.capacity.headroom(vms, {"vcpus": 4, "ram_gb": 8.5}))
    assert ">vCPUs<" in html
    assert ">RAM GB<" in html
    assert {">yes<" in html, ">no<" in html} == {True}


def test_past_the_most_rows_the_rest_is_counted() -> None:
    frame = pd.DataFrame({"name": pd.array([f"web-{n:03}" for n in range(300)], dtype="str")})
    html = shown(frame)
    assert html.count(">web-") == 200
    assert "The first 200 of 300 rows" in html
    assert "web-200" not in html
    assert "web-200" in shown(frame.iloc[200:])


def test_when_the_data_was_fetched_is_said() -> None:
    frame = pd.DataFrame({"vcpus": [1]})
    frame.attrs["fetched_at"] = "2026-11-23T09:00:00.123456+09:00"
    assert "Data fetched at 2026-11-23 00:00 UTC." in shown(frame)
    frame.attrs["fetched_at"] = "<b>when</b>"
    assert "&lt;b&gt;when&lt;/b&gt;" in shown(frame)
