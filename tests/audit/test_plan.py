"""Which checks run with which thresholds: rules, and what the call says; whatever is misspelt is an error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import toastnb as tn
from tests.audit.builders import account, ago, clean
from toastnb.audit.catalogue import CHECKS
from toastnb.audit.check import FROM_THE_RULES
from toastnb.audit.plan import plan

RULES = {
    "checks": {
        "stopped-long": {"days": 60, "severity": "high"},
        "keypair-shared": {"enabled": False},
        "world-open-ingress": {"ports": [22]},
    },
    "metadata": {"required": ["team", "env"]},
    "names": {"pattern": r"^[a-z]+-(prod|stage|dev)-\d+$"},
    "application": {"key": "metadata.service"},
}
TOML = r"""
[checks.stopped-long]
days = 60
severity = "high"

[checks.keypair-shared]
enabled = false

[checks.world-open-ingress]
ports = [22]

[metadata]
required = ["team", "env"]

[names]
pattern = "^[a-z]+-(prod|stage|dev)-\\d+$"

[application]
key = "metadata.service"
"""


def planned(checks: Any = None, rules: Any = None) -> dict[str, dict[str, Any]]:
    return {one.check.id: dict(one.thresholds) for one in plan(checks, rules) if one.enabled}


def test_all_checks_with_the_thresholds_of_the_catalogue() -> None:
    assert planned() == {name: check.thresholds for name, check in CHECKS.items()}
    assert planned()["stopped-long"] == {"days": 30}


def test_what_is_named_runs_in_the_catalogue_s_order() -> None:
    assert list(planned(["old-instance", "in-error"])) == ["in-error", "old-instance"]
    assert list(planned("in-error")) == ["in-error"]
    assert planned({"stopped-long": {"days": 1}, "in-error": {}}) == {"stopped-long": {"days": 1}, "in-error": {}}


def test_rules_set_thresholds_and_the_call_wins() -> None:
    assert planned(rules=RULES)["stopped-long"] == {"days": 60}
    assert planned({"stopped-long": {"days": 1}}, RULES) == {"stopped-long": {"days": 1}}
    assert planned(["stopped-long"], RULES) == {"stopped-long": {"days": 60}}
    both = planned(rules=RULES)
    assert both["required-metadata-missing"] == {"required": ("team", "env")}
    assert both["name-pattern"] == {"pattern": RULES["names"]["pattern"]}
    assert both["single-zone-application"] == {"min_instances": 2, "key": "metadata.service"}
    assert both["world-open-ingress"] == {"ports": (22,)}


def test_what_the_rules_switch_off_runs_only_when_it_is_named() -> None:
    assert "keypair-shared" not in planned(rules=RULES)
    assert "keypair-shared" in planned(["keypair-shared"], RULES)
    assert len(planned(rules=RULES)) == len(CHECKS) - 1


def test_what_is_switched_off_is_listed_and_counts_as_nothing() -> None:
    vms = [clean(number) for number in range(1, 30)]
    rules = {"checks": {"keypair-shared": {"enabled": False}, "volume-unattached": {"enabled": False}}}
    inventory = account(vms, absent={"volumes": "denied"})
    findings = tn.audit.run(inventory, rules=rules)
    assert len(findings) == 0
    table = tn.audit.summary(findings).set_index("check")
    assert table.index.tolist() == list(CHECKS)
    off = table[table.status == "off"]
    assert off.index.tolist() == ["keypair-shared", "volume-unattached"]
    assert set(off.why) == {"switched off by the rules"}
    assert off[["findings", "waived"]].isna().all(axis=None)
    every = rules | {"metadata": {"required": ["team"]}, "names": {"pattern": ".*"}}
    assert tn.audit.fails(tn.audit.run(inventory, rules=every), "info,not-run") is False
    named = tn.audit.run(inventory, rules=rules, checks=["keypair-shared"])
    assert tn.audit.summary(named).status.tolist() == ["run"]
    assert named.resource.tolist() == ["ops"]


def test_a_toml_file_is_the_same_as_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(TOML, "utf-8")
    assert planned(rules=path) == planned(rules=str(path)) == planned(rules=RULES)
    path.write_text("\ufeff" + TOML, "utf-8")
    assert planned(rules=path) == planned(rules=RULES)


def test_a_severity_of_the_rules_is_that_of_all_findings() -> None:
    inventory = account([clean(1, status="STOP", updatedAt=ago(days=90))])
    findings = tn.audit.run(inventory, checks=["stopped-long"], rules=RULES)
    assert findings.severity.tolist() == ["high"]
    assert tn.audit.summary(findings).severity.tolist() == ["high"]


def test_without_a_rule_a_check_that_needs_one_does_not_run() -> None:
    table = tn.audit.summary(tn.audit.run(account([clean(1)]))).set_index("check")
    assert table.why.dropna().to_dict() == {
        "required-metadata-missing": "no rule given",
        "name-pattern": "no rule given",
    }
    assert {name for name, check in CHECKS.items() if FROM_THE_RULES in check.thresholds.values()} == {
        "required-metadata-missing",
        "name-pattern",
    }


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        (["in-eror"], "checks: there is no check 'in-eror'"),
        ([1], "checks: there is no check 1"),
        ([], "checks is empty"),
        (5, "checks is int"),
        ({"stopped-long": {"day": 1}}, "checks: stopped-long has no threshold 'day'. There are: days"),
        ({"in-error": {"days": 1}}, "checks: in-error has no threshold 'days'. There are: none"),
        ({"stopped-long": 5}, "checks: stopped-long is int, but must be a table"),
        ({"stopped-long": {"days": -1}}, "checks: stopped-long days is -1, but must be a number, zero or more"),
        ({"stopped-long": {"days": True}}, "days is True"),
        ({"stopped-long": {"days": "30"}}, "days is '30'"),
        ({"stopped-long": {"days": float("nan")}}, "days is nan"),
        ({"stopped-long": {"days": float("inf")}}, "days is inf"),
        ({"keypair-shared": {"instances": 0}}, "instances is 0, but must be a whole number above 0"),
        ({"keypair-shared": {"instances": 2.5}}, "instances is 2.5"),
        ({"world-open-ingress": {"ports": [0]}}, "but must be a list of ports from 1 to 65535"),
        ({"world-open-ingress": {"ports": [65536]}}, "a list of ports"),
        ({"world-open-ingress": {"ports": 22}}, "a list of ports"),
        ({"world-open-ingress": {"ports": []}}, "a list of ports"),
        ({"secret-in-metadata": {"patterns": ["("]}}, "but must be a list of regular expressions"),
        ({"secret-in-metadata": {"patterns": "x"}}, "a list of regular expressions"),
        ({"required-metadata-missing": {"required": "team"}}, "but must be a list of metadata keys"),
        ({"required-metadata-missing": {"required": ["team", " "]}}, "a list of metadata keys"),
        ({"name-pattern": {"pattern": "[a-z"}}, "but must be a regular expression"),
        ({"name-pattern": {"pattern": ""}}, "a regular expression"),
        ({"single-zone-application": {"key": "^[a-z]+"}}, 'but must be "prefix"'),
        ({"single-zone-application": {"key": "metadata."}}, 'but must be "prefix"'),
        ({"single-zone-application": {"key": "metadata.db_password"}}, "(of no secret)"),
        ({"single-zone-application": {"key": "metadata.DBPASS"}}, "(of no secret)"),
        (
            {"name-pattern": {"pattern": "a{99999999999}"}},
            "checks: name-pattern pattern is 'a{99999999999}', but must be",
        ),
        ({"name-pattern": {"pattern": "(" * 3000 + ")" * 3000}}, "checks: name-pattern pattern is '((("),
        ({"single-zone-application": {"key": "(a){99999999999}"}}, 'but must be "prefix"'),
        ({"secret-in-metadata": {"patterns": ["a{99999999999}"]}}, "but must be a list of regular expressions"),
        ({"stopped-long": {"days": 10**400}}, "checks: stopped-long days is 1000"),
    ],
)
def test_a_check_or_threshold_that_is_wrong_is_named(checks: Any, said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=re.escape(said)):
        tn.audit.run(account(), checks=checks)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"check": {}}, "rules has no section 'check'. There are: checks, metadata, names, application"),
        ({"checks": {"stoped-long": {}}}, "there is no check 'stoped-long'"),
        ({"checks": {"stopped-long": {"day": 1}}}, "rules: [checks.stopped-long] has no key 'day'. There are: days"),
        ({"checks": {"stopped-long": {"days": "1"}}}, "rules: [checks.stopped-long] days is '1'"),
        ({"checks": {"stopped-long": {"severity": "urgent"}}}, "severity is 'urgent', but must be one of high, medium"),
        ({"checks": {"stopped-long": {"enabled": "no"}}}, "enabled is 'no', but must be true or false"),
        ({"checks": {"stopped-long": 30}}, "rules: [checks.stopped-long] is int, but must be a table"),
        ({"checks": []}, "rules: [checks] is list, but must be a table"),
        ({"metadata": {"requires": ["team"]}}, "rules: [metadata] has no key 'requires'. There are: required"),
        ({"metadata": {"required": "team"}}, "rules: [metadata] required is 'team'"),
        ({"names": {"pattern": "("}}, "rules: [names] pattern is '('"),
        ({"names": "x"}, "rules: [names] is str, but must be a table"),
        ({"application": {"key": 1}}, "rules: [application] key is 1"),
        (
            {"names": {"pattern": "a"}, "checks": {"name-pattern": {"pattern": "b"}}},
            "rules: pattern is in [names] and in [checks.name-pattern]",
        ),
        ([1], "rules is list, but must be a table"),
    ],
)
def test_a_rule_that_is_wrong_is_named_and_never_left_out(rules: Any, said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=re.escape(said)):
        tn.audit.run(account(), rules=rules)
    with pytest.raises(tn.InvalidInput, match=re.escape(said)):
        tn.audit.run(account(), rules=rules, checks=["in-error"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[checks", "is not valid TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_is_no_rules_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(tn.InvalidInput, match=re.escape(said)) as error:
        tn.audit.run(account(), rules=path)
    assert "mine.toml" in str(error.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(tn.InvalidInput, match="cannot be read"):
        tn.audit.run(account(), rules=tmp_path)
    with pytest.raises(tn.InvalidInput, match="cannot be read"):
        tn.audit.run(account(), rules="a\0b.toml")


@pytest.mark.parametrize("content", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "9" * 5000])
def test_toml_that_python_gives_up_on_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(content, "utf-8")
    for name in ("rules", "waivers"):
        with pytest.raises(tn.InvalidInput, match=rf"{name}: .*deep\.toml is not valid TOML"):
            tn.audit.run(account(), **{name: path})


def test_keys_that_are_secret_by_the_user_s_own_patterns_make_no_applications() -> None:
    patterns, key = {"patterns": ["hunter"]}, {"key": "metadata.HUNTER2"}
    said = re.escape(
        "key of single-zone-application is 'metadata.HUNTER2', a secret's by patterns of secret-in-metadata"
    )
    ruled = {"checks": {"secret-in-metadata": patterns}}
    off = {"checks": {"secret-in-metadata": patterns | {"enabled": False}}}
    calls = [
        {"rules": ruled | {"application": key}},
        {"rules": off | {"application": key}},
        {"rules": ruled | {"application": key}, "checks": ["in-error"]},
        {"rules": ruled, "checks": {"single-zone-application": key}},
        {"rules": {"application": key}, "checks": {"secret-in-metadata": patterns}},
        {"checks": {"secret-in-metadata": patterns, "single-zone-application": key}},
    ]
    for call in calls:
        with pytest.raises(tn.InvalidInput, match=said):
            tn.audit.run(account(), **call)
    for other in ({"key": "metadata.team"}, {"key": "prefix"}, {"key": "^(hunter)"}):
        assert len(tn.audit.run(account([clean(1)]), rules=ruled | {"application": other})) == 0


def test_every_threshold_of_the_catalogue_can_be_given() -> None:
    good = {
        "ports": [22],
        "patterns": ["x"],
        "required": ["x"],
        "pattern": "x",
        "key": "prefix",
    }
    for name, check in CHECKS.items():
        for threshold in check.thresholds:
            given = good.get(threshold, 3)
            [one] = plan({name: {threshold: given}}, None)
            assert one.thresholds[threshold] == (tuple(given) if isinstance(given, list) else given)
