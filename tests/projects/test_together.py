"""Inventories, audits and histories over all: what has the same name in two projects is not mixed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import toastnb as tn
from tests.history.stores import account
from tests.projects.conftest import KOREAN, Profiles, keys_of
from tests.projects.test_reads import dtypes
from tests.support import raw_call
from toastnb.audit.findings import COLUMNS
from toastnb.columns import TABLES


@pytest.fixture
def projects(shop: tn.Sandbox, lab: tn.Sandbox) -> Iterator[tn.Projects]:
    """Two projects with the same ids and names in both, and one with others."""
    with tn.connect_many({KOREAN: shop, "twin": shop, "lab": lab}, timeout=60) as projects:
        yield projects


def test_inventories_are_those_of_each(projects: tn.Projects, shop: tn.Sandbox) -> None:
    found = projects.inventories()
    assert list(found) == [KOREAN, "twin", "lab"]
    with tn.connect(shop) as toast:
        alone = toast.inventory()
    for name, table in alone.tables.items():
        pd.testing.assert_frame_equal(found["twin"].tables[name], table, check_like=False)


def test_one_inventory_has_all_tables_with_the_project_first(projects: tn.Projects, tmp_path: Path) -> None:
    whole, each = projects.inventory(), projects.inventories()
    assert list(whole.tables) == list(TABLES)
    for name, table in whole.tables.items():
        assert {column: str(dtype) for column, dtype in table.dtypes.items()} == dtypes(name)
        for project, inventory in each.items():
            mine = table[table.project == project].drop(columns="project").reset_index(drop=True)
            pd.testing.assert_frame_equal(mine, inventory.tables[name])
    assert whole.source == f"{KOREAN}, twin, lab"
    again = tn.load_inventory(whole.save(tmp_path / "all.zip"))
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_metadata_is_that_of_the_instance_of_the_same_project(shop: tn.Sandbox) -> None:
    with tn.connect_many({"a": shop, "b": shop}) as projects:
        whole = projects.inventory()
    other = whole.metadata.project.eq("b") & whole.metadata["key"].eq("team")
    assert other.any()
    whole.metadata.loc[other, "value"] = "of b"
    teams = {vm["id"]: vm["metadata"].get("team") for vm in raw_call(shop, "GET", "instances-detail")["instances"]}
    detail = whole.with_metadata("team").instances_detail
    for project, id_, team in detail[["project", "instance_id", "metadata.team"]].itertuples(index=False):
        expected = teams[id_] if project == "a" or teams[id_] is None else "of b"
        assert (None if pd.isna(team) else team) == expected


def test_an_inventory_of_several_is_refused_where_it_would_be_mixed(projects: tn.Projects, tmp_path: Path) -> None:
    whole = projects.inventory()
    for refused in (
        lambda: tn.audit.run(whole),
        lambda: tn.history.record(whole, tmp_path / "store"),
        lambda: tn.report.write(whole, tmp_path / "report"),
    ):
        with pytest.raises(tn.InvalidInput, match="the inventory is of several projects"):
            refused()


def test_an_audit_is_that_of_each_project(projects: tn.Projects) -> None:
    at = "2030-01-01"
    findings = projects.audit(at=at)
    assert findings.columns.tolist() == ["project", *COLUMNS]
    assert set(map(str, findings.dtypes)) == {"str"}
    alone = {name: tn.audit.run(inventory, at=at) for name, inventory in projects.inventories().items()}
    assert findings.project.drop_duplicates().tolist() == list(alone)
    for name, expected in alone.items():
        mine = findings[findings.project == name].drop(columns="project").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, expected, check_like=False)
    summary = tn.audit.summary(findings)
    assert summary.columns[0] == "project"
    for name, expected in alone.items():
        mine = summary[summary.project == name].drop(columns="project").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, tn.audit.summary(expected))
    assert tn.audit.fails(findings, "high") == any(tn.audit.fails(one, "high") for one in alone.values())


def test_an_audit_uses_what_the_history_has_of_each_project(shop: tn.Sandbox, lab: tn.Sandbox, tmp_path: Path) -> None:
    """The ids of sandboxes are the same in both: what one was seen to do says nothing of the other."""
    with tn.connect_many({"shop": shop, "lab": lab, "new": lab}) as projects:
        accounts = projects.inventories()
        for name in ("shop", "lab"):
            stopped = accounts[name].instances_detail.query("status == 'STOP'").sort_values("updated_at").iloc[-1]
            tn.history.record(accounts[name], tmp_path, at=stopped.launched_at + pd.Timedelta(hours=1), project=name)
        history = tn.history.open_store(tmp_path)
        with pytest.warns(UserWarning, match="the history has nothing of new: audited without it") as warned:
            findings = projects.audit(["stopped-long"], history=history)
        assert warned[0].filename == __file__
        for name, inventory in projects.inventories().items():
            past = history.of(name) if name != "new" else None
            expected = tn.audit.run(inventory, ["stopped-long"], history=past)
            mine = findings[findings.project == name].drop(columns="project").reset_index(drop=True)
            pd.testing.assert_frame_equal(mine, expected)
            assert mine.equals(tn.audit.run(inventory, ["stopped-long"])) == (name == "new")


def test_waivers_are_counted_over_all(projects: tn.Projects) -> None:
    given = [
        {"check": "weak-ssh-key", "resource": "legacy-*", "reason": "goes", "expires": "2999-12-31"},
        {"check": "in-error", "resource": "no-such-*", "reason": "none", "expires": "2999-12-31"},
        {"check": "weak-ssh-key", "resource": "*", "reason": "was", "expires": "2020-12-31"},
        {"check": "stopped-long", "resource": "*", "reason": "not asked", "expires": "2999-12-31"},
    ]
    checks = (check for check in ["weak-ssh-key", "in-error"])  # can be gone through once only
    findings = projects.audit(checks, waivers=given)
    alone = [tn.audit.waived(tn.audit.run(one, ["weak-ssh-key"], given)) for one in projects.inventories().values()]
    assert len(alone[0])
    waived = tn.audit.waived(findings)
    assert waived.columns.tolist() == ["project", *COLUMNS, "reason", "expires"]
    assert len(waived) == sum(map(len, alone))
    waivers = tn.audit.waivers(findings)
    assert waivers.status.tolist() == ["used", "unused", "expired", "not run"]
    assert waivers.findings.fillna(-1).tolist()[:2] == [len(waived), 0]
    assert waivers.findings.isna().tolist() == [False, False, False, True]


def test_a_project_that_fails_is_one_that_was_not_looked_at(shop: tn.Sandbox, profiles: Profiles) -> None:
    profiles(shop=keys_of(shop), lacks={"password": None})
    with tn.connect_many(["lacks", "shop"]) as projects, pytest.warns(UserWarning, match="1 of 2 projects"):
        findings = projects.audit(["in-error", "name-pattern"])
    summary = tn.audit.summary(findings).set_index(["project", "check"])
    assert summary.status.to_dict() == {
        ("lacks", "in-error"): "not run",
        ("lacks", "name-pattern"): "not run",
        ("shop", "in-error"): "run",
        ("shop", "name-pattern"): "not run",
    }
    assert "no password found" in summary.why["lacks", "in-error"]
    assert findings.project.eq("shop").all()
    assert tn.audit.fails(findings, "not-run")


def test_an_audits_arguments_are_checked_before_anything_is_sent(sandbox: tn.Sandbox) -> None:
    with tn.connect_many({"a": sandbox}) as projects:
        with pytest.raises(tn.InvalidInput, match="no-such-check"):
            projects.audit(["no-such-check"])
        with pytest.raises(tn.InvalidInput):
            projects.audit(waivers="no-such-file.csv")
    assert sandbox.calls == {}


def test_json_and_sarif_say_whose_a_finding_is(projects: tn.Projects) -> None:
    findings = projects.audit(["weak-ssh-key", "name-pattern"])
    whole = json.loads(tn.audit.as_json(findings))
    assert [one["project"] for one in whole["findings"]] == findings.project.tolist()
    assert whole["not_run"] == [
        {"project": name, "check": "name-pattern", "why": "no rule given"} for name in projects.names
    ]
    [run] = json.loads(tn.audit.sarif(findings))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert sorted(rules) == sorted({"weak-ssh-key", "name-pattern"})
    for result, project in zip(run["results"], findings.project, strict=True):
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"].startswith(f"{project}: ")
        [place] = result["locations"]
        assert place["logicalLocations"][0]["fullyQualifiedName"].startswith(f"{project}/keypair/")
        assert " " not in place["physicalLocation"]["artifactLocation"]["uri"]
    for note in run["invocations"][0]["toolExecutionNotifications"]:
        assert rules[note["associatedRule"]["index"]] == note["associatedRule"]["id"] == "name-pattern"


def test_a_history_has_each_under_its_name(projects: tn.Projects, tmp_path: Path) -> None:
    ids = projects.record(tmp_path / "store", at="2026-11-01")
    assert list(ids) == projects.names
    history = tn.history.open_store(tmp_path / "store")
    snapshots = history.snapshots().set_index("project")
    assert snapshots.snapshot_id.to_dict() == ids
    assert snapshots.instances.to_dict() == {KOREAN: 40, "twin": 40, "lab": 23}
    again = history.of("lab").newest()
    assert len(again.instances_detail) == 23
    assert projects.record(tmp_path / "store", at="2026-11-01") == ids


def test_another_inventory_of_that_moment_is_a_failure_of_its_project_alone(
    projects: tn.Projects, tmp_path: Path
) -> None:
    tn.history.record(account(), tmp_path / "store", at="2026-11-01", project="twin")
    with pytest.warns(UserWarning, match="1 of 3 projects"):
        ids = projects.record(tmp_path / "store", at="2026-11-01")
    assert list(ids) == [KOREAN, "lab"]
    [failure] = projects.failures.itertuples()
    assert (failure.project, failure.call, failure.kind) == ("twin", "record", "Conflict")
    assert "has another inventory of twin" in failure.message
    history = tn.history.open_store(tmp_path / "store")
    assert history.snapshots().set_index("project").instances.to_dict() == {KOREAN: 40, "twin": 3, "lab": 23}


def test_a_moment_that_is_none_is_found_before_anything_is_sent(shop: tn.Sandbox, tmp_path: Path) -> None:
    before = dict(shop.calls)
    with tn.connect_many({"shop": shop}) as projects, pytest.raises(tn.InvalidInput, match="at is 'soon'"):
        projects.record(tmp_path / "store", at="soon")
    assert shop.calls == before


def test_what_failed_is_not_recorded(shop: tn.Sandbox, profiles: Profiles, tmp_path: Path) -> None:
    profiles(shop=keys_of(shop), lacks={"password": None})
    with tn.connect_many(["lacks", "shop"]) as projects, pytest.warns(UserWarning, match="1 of 2 projects"):
        assert list(projects.record(tmp_path / "store")) == ["shop"]
    assert tn.history.open_store(tmp_path / "store").snapshots().project.tolist() == ["shop"]
