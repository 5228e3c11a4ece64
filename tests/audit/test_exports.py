"""Findings for other programs, and when an audit fails."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest

import toastnb as tn
from tests.audit.builders import account, clean, group, keypair, rsa, rule
from tests.audit.test_run import EVERY_RULE, HOSTILE, OPEN, messy

WAIVERS = [
    {"check": "*", "resource": "app1-*", "reason": "goes in spring", "expires": "2027-03-31"},
    {"check": "in-error", "resource": "*", "reason": "over", "expires": "2020-01-01"},
]


def audited(**arguments: Any) -> pd.DataFrame:
    inventory = messy()
    inventory.source = "prod at api.example.com"
    return tn.audit.run(inventory, waivers=WAIVERS, **arguments)


def sarif_run(findings: pd.DataFrame) -> dict[str, Any]:
    log = json.loads(tn.audit.sarif(findings))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    [run] = log["runs"]
    return run  # type: ignore[no-any-return]


# --- JSON ---------------------------------------------------------------------------------------------------------


def test_json_has_all_that_the_tables_have() -> None:
    findings = audited()
    whole = json.loads(tn.audit.as_json(findings))
    assert list(whole) == ["fetched_at", "at", "source", "findings", "waived", "not_run", "off", "waivers"]
    assert (whole["fetched_at"], whole["at"]) == ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00+00:00")
    assert whole["source"] == "prod at api.example.com"
    for key, table in [
        ("findings", findings),
        ("waived", tn.audit.waived(findings)),
        ("waivers", tn.audit.waivers(findings)),
    ]:
        assert len(table) > 0
        pd.testing.assert_frame_equal(pd.DataFrame(whole[key]).astype(table.dtypes), table, check_like=True)
    assert whole["not_run"] == [
        {"check": "required-metadata-missing", "why": "no rule given"},
        {"check": "name-pattern", "why": "no rule given"},
    ]
    assert whole["off"] == []


OFF = {"checks": {"in-error": {"enabled": False}}}


def test_what_the_rules_switch_off_is_told_to_other_programs() -> None:
    findings = audited(rules=OFF)
    whole = json.loads(tn.audit.as_json(findings))
    assert whole["off"] == [{"check": "in-error", "why": "switched off by the rules"}]
    assert "in-error" not in {one["check"] for one in whole["not_run"]}
    run = sarif_run(findings)
    [invocation] = run["invocations"]
    index = [one["id"] for one in run["tool"]["driver"]["rules"]].index("in-error")
    assert invocation["toolConfigurationNotifications"] == [
        {
            "associatedRule": {"id": "in-error", "index": index},
            "level": "note",
            "message": {"text": "in-error is off: switched off by the rules"},
        }
    ]
    assert [one["associatedRule"]["id"] for one in invocation["toolExecutionNotifications"]] == [
        *("required-metadata-missing", "name-pattern")
    ]


def test_what_is_missing_is_null_in_json() -> None:
    findings = tn.audit.run(account([clean(1, image="gone")]), checks=["image-gone"])
    text = tn.audit.as_json(findings)
    assert json.loads(text)["findings"][0]["name"] is None
    assert "NaN" not in text
    assert json.loads(tn.audit.as_json(findings))["waived"] == []


def test_an_empty_audit_is_whole_too() -> None:
    findings = tn.audit.run(account([clean(1)]), rules=EVERY_RULE)
    whole = json.loads(tn.audit.as_json(findings))
    assert (whole["findings"], whole["waived"], whole["not_run"]) == ([], [], [])
    run = sarif_run(findings)
    assert run["results"] == []
    assert run["invocations"] == [
        {"executionSuccessful": True, "toolExecutionNotifications": [], "toolConfigurationNotifications": []}
    ]


# --- SARIF --------------------------------------------------------------------------------------------------------


def test_sarif_lists_the_tool_and_a_rule_for_each_check() -> None:
    findings = audited()
    driver = sarif_run(findings)["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("toastnb", tn.__version__)
    summary = tn.audit.summary(findings)
    assert [one["id"] for one in driver["rules"]] == summary.check.tolist()
    assert [one["shortDescription"]["text"] for one in driver["rules"]] == summary.title.tolist()
    levels = {"high": "error", "medium": "warning", "low": "note", "info": "note"}
    expected = [levels[severity] for severity in summary.severity]
    assert [one["defaultConfiguration"]["level"] for one in driver["rules"]] == expected
    assert all(one["help"]["text"] for one in driver["rules"])


def test_sarif_has_a_result_for_each_finding_open_or_waived() -> None:
    findings = audited()
    run = sarif_run(findings)
    waived = tn.audit.waived(findings)
    results, suppressed = run["results"][: len(findings)], run["results"][len(findings) :]
    assert len(suppressed) == len(waived) > 0
    rules = run["tool"]["driver"]["rules"]
    for result, row in zip(run["results"], pd.concat([findings, waived]).itertuples(index=False), strict=True):
        assert result["ruleId"] == row.check == rules[result["ruleIndex"]]["id"]
        assert result["level"] == {"high": "error", "medium": "warning"}.get(row.severity, "note")
        assert result["message"]["text"]
        assert result["properties"] == {"severity": row.severity, "confidence": row.confidence}
        [location] = result["locations"]
        [logical] = location["logicalLocations"]
        name = row.resource if pd.isna(row.name) else row.name
        assert logical == {
            "name": name,
            "fullyQualifiedName": f"{row.resource_type}/{row.resource}",
            "kind": "resource",
        }
        physical = location["physicalLocation"]
        assert unquote(physical["artifactLocation"]["uri"]) == logical["fullyQualifiedName"]
        assert physical["region"] == {"startLine": 1}
    # Either all results say whether they are suppressed, or none.
    assert [result["suppressions"] for result in results] == [[]] * len(findings)
    for result in suppressed:
        assert result["suppressions"] == [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "goes in spring",
                "properties": {"expires": "2027-03-31"},
            }
        ]


def test_sarif_says_what_did_not_run_and_that_the_run_succeeded() -> None:
    whole = messy()
    rest = {name: table for name, table in whole.tables.items() if name != "keypairs"}
    run = sarif_run(tn.audit.run(tn.Inventory(rest, {"keypairs": "denied"}, "2026-11-01"), checks=["weak-ssh-key"]))
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["toolExecutionNotifications"] == [
        {
            "associatedRule": {"id": "weak-ssh-key", "index": 0},
            "level": "warning",
            "message": {"text": "weak-ssh-key did not run: the inventory has no keypairs: denied"},
        }
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_sarif_takes_no_name_for_markup(name: str) -> None:
    findings = tn.audit.run(account(security_groups=[group(name, OPEN)]), checks=["world-open-ingress"])
    [result] = sarif_run(findings)["results"]
    [location] = result["locations"]
    assert location["logicalLocations"][0]["name"] == name
    uri = location["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"security_group/[\w.~%-]+", uri, re.ASCII)
    text = result["message"]["text"]
    assert not re.search(r"(?<!\\)\[", text)
    assert not re.search(r"(?<!\{)\{(?!\{)", text)


def test_sarif_of_a_filtered_frame_has_what_is_left() -> None:
    findings = audited()
    high = findings[findings.severity == "high"]
    assert len(sarif_run(high)["results"]) == len(high) + len(tn.audit.waived(findings))


# --- fails --------------------------------------------------------------------------------------------------------


def with_severities(*severities: str) -> pd.DataFrame:
    """Return findings of these severities, of checks that all ran."""
    vms = [clean(1)]
    groups = {
        "high": rule(**{"remoteIpPrefix": "0.0.0.0/0", "protocol": None}),
        "low": OPEN,
        "info": rule(**{"remoteIpPrefix": "0.0.0.0/0", "protocol": "icmp"}),
    }
    if "medium" in severities:
        vms.append(clean(2, status="ERROR"))
    given = [group(name, one) for name, one in groups.items() if name in severities]
    findings = tn.audit.run(account(vms, security_groups=given), checks=["world-open-ingress", "in-error"])
    assert set(findings.severity) == set(severities)
    return findings


@pytest.mark.parametrize("worst", ["high", "medium", "low", "info"])
def test_it_fails_on_that_severity_or_worse(worst: str) -> None:
    order = ["high", "medium", "low", "info"]
    findings = with_severities(*order[order.index(worst) :])
    for on in order:
        assert tn.audit.fails(findings, on) is (order.index(on) >= order.index(worst))
        assert tn.audit.fails(findings, [on, "not-run"]) is (order.index(on) >= order.index(worst))
    assert tn.audit.fails(findings, "high, low") is (worst != "info")
    assert tn.audit.fails(findings, "never") is False
    assert tn.audit.fails(findings, "not-run") is False


def test_nothing_found_fails_on_nothing() -> None:
    findings = with_severities()
    assert not any(tn.audit.fails(findings, on) for on in ("high", "info", ["info", "not-run"], "never"))


def test_a_check_that_did_not_run_fails_only_when_asked() -> None:
    findings = tn.audit.run(account([clean(1)], absent={"volumes": "denied"}), checks=["volume-unattached"])
    assert tn.audit.fails(findings, "info") is False
    assert tn.audit.fails(findings, "not-run") is True
    assert tn.audit.fails(findings, "high,not-run") is True


def test_a_waived_finding_fails_nothing_and_an_expired_waiver_helps_nothing() -> None:
    inventory = account(keypairs=[keypair("short", rsa(512))])
    waiver = {"check": "weak-ssh-key", "resource": "short", "reason": "r", "expires": "2026-11-01"}
    for at, fails in (("2026-11-01", False), ("2026-11-02", True)):
        assert tn.audit.fails(tn.audit.run(inventory, ["weak-ssh-key"], [waiver], at=at), "high") is fails


@pytest.mark.parametrize(
    "on", ["urgent", "high,urgent", [], "", "high,", "never,high", ["never", "high"], [None], 5, None, 1.5, [[]]]
)
def test_a_word_that_is_not_known_is_named(on: Any) -> None:
    with pytest.raises(tn.InvalidInput, match="on is"):
        tn.audit.fails(with_severities(), on)
