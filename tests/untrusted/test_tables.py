"""Analyses and the audit group, join and sum by hostile names, and nobody can make them slow with one."""

from __future__ import annotations

import json
import time
from collections import Counter

import pandas as pd
import pytest

import toastnb as tn
from tests.untrusted.names import HARMFUL
from toastnb.audit.metadata_secrets import secret_in_metadata

LONG = 100_000
LABELS = {"Total": "Total (zone)", "(missing)": "(missing) (zone)"}


def test_totals_are_right_for_each_zone(account: tn.Inventory, texts: list[str]) -> None:
    table = tn.capacity.totals(account.instances_detail, by="zone")
    counted = Counter(LABELS.get(text, text) for text in texts)
    assert table.drop("Total")["instances"].to_dict() == counted
    assert table.loc["Total", "vcpus"] == 2 * len(texts)


@pytest.mark.parametrize("by", ["name", "flavor_name", "status", "keypair", "metadata.team"])
def test_nothing_is_lost_by_grouping(by: str, account: tn.Inventory, texts: list[str]) -> None:
    vms = account.with_metadata("team").instances_detail
    table = tn.capacity.totals(vms, by=by)
    assert len(table) == vms[by].nunique() + 1
    assert table["instances"].iloc[:-1].sum() == table["instances"].iloc[-1] == len(texts)


def test_any_text_can_be_a_key_of_metadata(account: tn.Inventory, texts: list[str]) -> None:
    wide = account.with_metadata(*dict.fromkeys(texts)).instances_detail
    for number, text in enumerate(texts):
        assert wide.loc[number, f"metadata.{text}"] == text


def test_every_check_runs_and_names_things_as_they_are(few_zones: tn.Inventory, texts: list[str]) -> None:
    findings = tn.audit.run(few_zones)
    status = tn.audit.summary(findings).set_index("check")["status"]
    assert set(status[status != "run"].index) == {"name-pattern", "required-metadata-missing"}  # no rules given
    found = set(findings[findings.check == "image-inactive"]["name"])
    assert found == {text for text in texts if text.lower() != "active"}


def test_json_and_sarif_of_an_audit_say_the_same(few_zones: tn.Inventory) -> None:
    findings = tn.audit.run(few_zones)
    whole = json.loads(tn.audit.as_json(findings))
    shown = findings[["name", "resource", "evidence"]].astype(object).where(findings.notna(), None)
    assert [[one["name"], one["resource"], one["evidence"]] for one in whole["findings"]] == shown.values.tolist()
    results = json.loads(tn.audit.sarif(findings))["runs"][0]["results"]
    said = [one["locations"][0]["logicalLocations"][0]["name"] for one in results]
    assert said == [name or resource or "(missing)" for name, resource in zip(shown.name, shown.resource, strict=True)]


@pytest.mark.parametrize("text", ["x" * LONG, "a://" * (LONG // 4), "eyJ" * (LONG // 3), "password" + '"' * LONG])
def test_no_long_value_makes_the_search_for_secrets_slow(text: str) -> None:
    """What is not linear in the length takes a minute here."""
    frame = {"instance_id": ["i"], "key": [text], "value": [text]}
    metadata = pd.DataFrame(frame, dtype="str")
    vms = pd.DataFrame({"instance_id": ["i"], "name": ["n"]}, dtype="str")
    inventory = tn.Inventory({"metadata": metadata, "instances_detail": vms}, {}, "2026-05-17T00:00:00Z")
    start = time.perf_counter()
    secret_in_metadata(inventory)
    assert time.perf_counter() - start < 10


def test_the_summary_says_names_on_one_line_each_and_cut(few_zones: tn.Inventory) -> None:
    said = tn.report.summary(few_zones, limits={"vcpus": 100})
    assert len(str(said).splitlines()) == len(said)
    assert all(len(sentence) <= 1000 and not HARMFUL.search(sentence) for sentence in said)
    assert "<script" not in said._repr_html_()
