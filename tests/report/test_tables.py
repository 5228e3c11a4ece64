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
