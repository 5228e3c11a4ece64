"""The run as a whole: its frame, its order, what did not run and why, and what never comes out."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toastnb as tn
from tests.audit.builders import account, ago, clean, dsa, ed25519, find, group, keypair, rule
from toastnb.audit.catalogue import CHECKS
from toastnb.audit.results import of_run
from toastnb.rules import STATES

COLUMNS = ["check", "severity", "confidence", "resource_type", "resource", "name", "evidence", "remedy"]
SEVERITIES = ["high", "medium", "low", "info"]
EVERY_RULE = {"metadata": {"required": ["team", "env"]}, "names": {"pattern": r"app\d+-prod-\d+"}}
OPEN = rule(remoteIpPrefix="0.0.0.0/0")


def messy() -> tn.Inventory:
    """Return an account in which nearly every check finds something."""
    stopped = {"status": "STOP", "updatedAt": ago(days=99), "createdAt": ago(days=2000)}
    vms = [
        clean(1, **stopped, volumes={"root": {"size": 500}, "attachments": []}),
        clean(2, addresses=[{"ipAddress": "10.0.0.1", "floatingIpAddress": "198.18.0.1"}], **stopped),
        clean(3, securityGroups=[]),
        clean(4, securityGroups=[{"name": "default"}]),
        clean(5, status="ERROR", metadata={"password": "canary"}),
        clean(6, status="BUILD", keyName=None),
        clean(7, keyName="foreign", flavor={"id": "gone"}, image="gone"),
        clean(8, name="db-1", availabilityZone="a", metadata={}),
        clean(9, name="db-2", availabilityZone="a", flavor={"id": "off"}, image="off"),
        *(clean(number) for number in range(10, 30)),
    ]
    return account(
        vms,
        keypairs=[
            keypair("ops", ed25519(1)),
            keypair("twin", ed25519(1)),
            keypair("old", dsa()),
            keypair("bad", "bad", ""),
            keypair("odd", ed25519(2), "00:" * 15 + "00"),
        ],
        flavors=[{"id": "flavor-1", "name": "m"}, {"id": "off", "name": "x", "disabled": True}],
        images=[{"id": "image-1", "status": "active"}, {"id": "off", "status": "deactivated"}],
        security_groups=[group("internal", OPEN)],
        volumes=[{"id": "v", "name": "v", "status": "available", "size": 10, "createdAt": ago(days=99)}],
        floating_ips=[{"id": "f", "floatingIpAddress": "198.18.0.9", "status": "DOWN"}],
    )


def test_an_account_in_order_has_no_findings_whatever_the_check() -> None:
    findings = tn.audit.run(account([clean(number) for number in range(1, 4)]), rules=EVERY_RULE)
    assert findings.values.tolist() == []
    table = tn.audit.summary(findings)
    assert set(table.status) == {"run"}
    assert table.check.tolist() == list(CHECKS)


def test_a_messy_account_has_findings_of_every_check() -> None:
    findings = tn.audit.run(messy(), rules=EVERY_RULE)
    assert set(findings.check) == set(CHECKS)


def test_the_frame_has_its_columns_words_and_dtypes() -> None:
    findings = tn.audit.run(messy(), rules=EVERY_RULE)
    assert findings.columns.tolist() == COLUMNS
    assert {str(dtype) for dtype in findings.dtypes} == {"str"}
    assert set(findings.severity) <= set(SEVERITIES)
    assert set(findings.confidence) <= {"certain", "likely", "possible"}
    assert set(findings.resource_type) == {
        *("instance", "keypair", "volume", "floating_ip", "security_group", "image", "flavor", "application")
    }
    assert findings.drop(columns="name").notna().all(axis=None)
    assert not findings.evidence.str.contains("nan|<NA>|None").any()


def test_most_severe_first_then_check_then_name() -> None:
    findings = tn.audit.run(messy(), rules=EVERY_RULE)
    order = [
        (SEVERITIES.index(one.severity), one.check, "\U0010ffff" if pd.isna(one.name_) else one.name_, one.resource)
        for one in findings.rename(columns={"name": "name_"}).itertuples()
    ]
    assert order == sorted(order)
    assert findings.index.tolist() == list(range(len(findings)))


def test_an_empty_account_has_no_findings_and_the_same_columns() -> None:
    empty = account(keypairs=[], flavors=[], images=[], security_groups=[])
    findings = tn.audit.run(empty, rules=EVERY_RULE)
    assert len(findings) == 0
    assert findings.dtypes.to_dict() == tn.audit.run(messy()).dtypes.to_dict()
    table = tn.audit.summary(findings)
    assert set(table.status) == {"run"}
    assert (table.findings == 0).all()
    for part in (tn.audit.waived(findings), tn.audit.waivers(findings)):
        assert len(part) == 0


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_is_known_of_an_instance_and_no_check_stumbles(check: str) -> None:
    vms = [{"id": "id-1"}, {"id": "id-2", "metadata": {"k": None}, "addresses": [{}], "securityGroups": [{}]}]
    nothing = account(
        vms,
        keypairs=[{"name": "k"}],
        flavors=[{"id": "f"}],
        images=[{"id": "i"}],
        security_groups=[{"id": "g"}, {"id": "h", "securityGroupRules": [{"id": "r"}]}],
        floating_ips=[{"id": "f"}],
        volumes=[{"id": "v"}],
    )
    thresholds = {"required-metadata-missing": {"required": ["team"]}, "name-pattern": {"pattern": "x"}}
    findings = find(nothing, check, **thresholds.get(check, {}))
    expected = {
        "keypair-missing": 2,
        "required-metadata-missing": 2,
        "keypair-unused": 1,
        "volume-unattached": 1,
        "floating-ip-unattached": 1,
    }
    assert len(findings) == expected.get(check, 0)


# --- what did not run ---------------------------------------------------------------------------------------------

TABLES = [
    *("instances_detail", "addresses", "instance_security_groups", "metadata", "keypairs", "flavors", "images"),
    *("security_groups", "security_group_rules", "floating_ips", "volumes", "volume_attachments"),
]


@pytest.mark.parametrize("table", TABLES)
def test_a_check_without_its_table_does_not_run_and_says_why(table: str) -> None:
    whole = messy()
    without = tn.Inventory(
        {name: frame for name, frame in whole.tables.items() if name != table},
        {table: "Permission denied"},
        "2026-11-01",
    )
    summary = tn.audit.summary(tn.audit.run(without, rules=EVERY_RULE)).set_index("check")
    not_run = summary[summary.status == "not run"]
    assert set(not_run.index) == {name for name, check in CHECKS.items() if table in check.needs}
    assert len(not_run) > 0
    assert set(not_run.why) == {f"the inventory has no {table}: Permission denied"}
    assert not_run[["findings", "waived"]].isna().all(axis=None)
    assert summary.loc[summary.status == "run", "findings"].notna().all()


def test_a_table_that_nobody_read_is_absent_too() -> None:
    empty = tn.Inventory({}, {}, "2026-11-01T00:00:00Z")
    findings = tn.audit.run(empty)
    assert len(findings) == 0
    table = tn.audit.summary(findings).set_index("check")
    assert set(table.status) == {"not run"}
    assert table.why["in-error"] == "the inventory has no instances_detail: not read"


def test_a_table_that_lacks_a_column_is_an_error_that_names_it() -> None:
    broken = account([clean(1)])
    broken.keypairs = broken.keypairs.drop(columns="public_key")
    with pytest.raises(tn.InvalidInput, match="keypairs lacks the columns public_key"):
        tn.audit.run(broken)


# --- arguments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["2026-11-01", "2026-11-01T09:00:00+09:00", pd.Timestamp("2026-11-01", tz="UTC")])
def test_times_are_taken_as_they_come(at: Any) -> None:
    assert tn.audit.run(account(), at=at).attrs["at"] == "2026-11-01T00:00:00+00:00"


@pytest.mark.parametrize("at", ["now", "today", "yesterday", "2026-13-01", "", 5, pd.NaT, ["2026-11-01"]])
def test_what_is_no_time_is_named(at: Any) -> None:
    with pytest.raises(tn.InvalidInput, match="at is"):
        tn.audit.run(account(), at=at)


def test_an_inventory_without_a_time_needs_at() -> None:
    inventory = account([clean(1)], fetched_at="")
    with pytest.raises(tn.InvalidInput, match=r"inventory\.fetched_at is ''"):
        tn.audit.run(inventory)
    assert len(tn.audit.run(inventory, at="2026-11-01")) == 0


def test_something_else_is_no_inventory() -> None:
    with pytest.raises(tn.InvalidInput, match="inventory is DataFrame, but must be an Inventory"):
        tn.audit.run(pd.DataFrame())  # type: ignore[arg-type]


def test_the_inventory_is_left_as_it_was() -> None:
    inventory = messy()
    before = {name: frame.copy() for name, frame in inventory.tables.items()}
    tn.audit.run(inventory, rules=EVERY_RULE)
    assert inventory.tables.keys() == before.keys()
    for name, frame in inventory.tables.items():
        pd.testing.assert_frame_equal(frame, before[name])


# --- what the frame carries ---------------------------------------------------------------------------------------


def test_the_frame_carries_json_and_all_tables_say_when() -> None:
    waiver = {"check": "*", "resource": "db-*", "reason": "known", "expires": "2027-01-01"}
    findings = tn.audit.run(messy(), waivers=[waiver], at="2026-12-01")
    assert json.loads(json.dumps(findings.attrs)) == findings.attrs
    when = {"fetched_at": "2026-11-01T00:00:00Z", "at": "2026-12-01T00:00:00+00:00"}
    assert {name: findings.attrs[name] for name in when} == when
    for table in (tn.audit.summary(findings), tn.audit.waived(findings), tn.audit.waivers(findings)):
        assert table.attrs == when
    assert [str(dtype) for dtype in tn.audit.summary(findings).dtypes] == [*["str"] * 3, *["Int64"] * 2, *["str"] * 2]


def test_what_is_noted_is_one_text_that_no_filter_copies() -> None:
    waiver = {"check": "*", "resource": "*", "reason": "known", "expires": "2027-01-01"}
    findings = tn.audit.run(messy(), waivers=[waiver])
    assert isinstance(findings.attrs["audit"], str)
    assert findings[findings.severity == "high"].attrs["audit"] is findings.attrs["audit"]
    assert list(of_run(findings)) == ["source", "checks", "waived", "waivers"]
    assert len(of_run(findings)["waived"]) == len(tn.audit.waived(findings)) > 20


def test_the_summary_is_of_the_whole_run_and_survives_a_filter() -> None:
    findings = tn.audit.run(messy())
    table = tn.audit.summary(findings)
    assert table.findings.sum() == len(findings)
    pd.testing.assert_frame_equal(tn.audit.summary(findings[findings.severity == "high"]), table)


@pytest.mark.parametrize("ask", [tn.audit.summary, tn.audit.waived, tn.audit.waivers, tn.audit.sarif, tn.audit.as_json])
def test_a_frame_that_lost_what_it_carried_is_an_error_that_says_so(ask: Any) -> None:
    findings = tn.audit.run(messy())
    other = tn.audit.run(account())
    with pytest.raises(tn.InvalidInput, match="no longer has what run noted"):
        ask(pd.concat([findings, other]))
    with pytest.raises(tn.InvalidInput, match="must be a DataFrame"):
        ask([1])
    with pytest.raises(tn.InvalidInput, match="lacks the columns severity"):
        ask(findings.drop(columns="severity"))


# --- what never comes out -----------------------------------------------------------------------------------------

CANARY = "c4n4ry-do-not-show"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c4n4ry"


def everything_of(findings: pd.DataFrame) -> str:
    tables = [findings, tn.audit.summary(findings), tn.audit.waived(findings), tn.audit.waivers(findings)]
    shown = [table.to_csv() + table.to_string(max_colwidth=None) + repr(table.attrs) for table in tables]
    return "".join([*shown, tn.audit.sarif(findings), tn.audit.as_json(findings), repr(findings)])


def test_no_value_of_a_secret_is_shown_anywhere() -> None:
    values = [f"password={CANARY}", f"x://u:{CANARY}@h", f"-----BEGIN PRIVATE KEY-----{CANARY}", JWT]
    values += [f"password: {CANARY}", f'{{"password":"{CANARY}"}}']
    metadata = [{"db_password": CANARY}, {f"token {JWT}": "1"}, *({"service": value, "x": value} for value in values)]
    vms = [clean(n, metadata=one, availabilityZone="a") for n, one in enumerate(metadata)]
    inventory = account([*vms, clean(90, availabilityZone="b")])
    rules = EVERY_RULE | {"application": {"key": "metadata.service"}}
    waivers = [{"check": "*", "resource": f"id-{n}", "reason": "known", "expires": "2027-01-01"} for n in (0, 2)]
    findings = tn.audit.run(inventory, rules=rules, waivers=waivers)
    assert set(findings.check) >= {"secret-in-metadata", "single-zone-application"}
    assert tn.audit.waived(findings).check.tolist().count("secret-in-metadata") == 3
    shown = everything_of(findings)
    assert CANARY not in shown
    assert JWT not in shown
    assert "db_password" in shown


HOSTILE = [
    "웹 서버",
    "<script>alert(1)</script>",
    "=cmd|'/C calc'!A0",
    "a\x1b[31mb\u202ec",
    "[x](http://evil) {0}",
    "\\",
]


def test_names_pass_through_as_they_are() -> None:
    vms = [clean(n, name=name, status="ERROR") for n, name in enumerate(HOSTILE)]
    findings = find(account(vms), "in-error")
    assert sorted(findings.name) == sorted(HOSTILE)
    assert sorted(one["name"] for one in json.loads(tn.audit.as_json(findings))["findings"]) == sorted(HOSTILE)
    named = find(account(security_groups=[group(name, OPEN) for name in HOSTILE]), "world-open-ingress")
    assert sorted(named.name) == sorted(HOSTILE)


# --- properties ---------------------------------------------------------------------------------------------------

_fields = st.fixed_dictionaries(
    {
        "status": st.sampled_from([*STATES, None]),
        "availabilityZone": st.sampled_from(["a", "b", None]),
        "name": st.sampled_from(["web-1", "web-2", "db-1", "웹", None]),
        "keyName": st.sampled_from(["ops", "gone", None]),
        "image": st.sampled_from(["image-1", "gone", None]),
        "metadata": st.dictionaries(
            st.sampled_from(["team", "password"]), st.sampled_from(["", "x", None]), max_size=2
        ),
        "securityGroups": st.lists(st.sampled_from([{"name": "default"}, {"name": "internal"}, {}]), max_size=2),
        "addresses": st.lists(
            st.fixed_dictionaries(
                {
                    "ipAddress": st.sampled_from(["10.0.0.1", "9.9.9.9", None]),
                    "floatingIpAddress": st.sampled_from(["198.18.0.1", None]),
                }
            ),
            max_size=2,
        ),
        "createdAt": st.sampled_from([ago(days=1), ago(days=2000), None]),
        "updatedAt": st.sampled_from([ago(minutes=5), ago(days=100), None]),
    }
)
accounts = st.lists(_fields, max_size=8).map(
    lambda drawn: [clean(number, **fields) for number, fields in enumerate(drawn)]
)
patterns = st.sampled_from(["*", "web-*", "id-[0-3]", "웹", "nothing"])


@settings(max_examples=20)
@given(accounts, st.lists(st.tuples(st.sampled_from(["*", "stopped-long", "keypair-missing"]), patterns), max_size=3))
def test_waived_and_open_findings_are_all_findings(vms: list[Any], pairs: list[tuple[str, str]]) -> None:
    inventory = account(vms, security_groups=[group("internal", OPEN)])
    everything = tn.audit.run(inventory, rules=EVERY_RULE)
    waivers = [{"check": check, "resource": one, "reason": "r", "expires": "2027-01-01"} for check, one in pairs]
    findings = tn.audit.run(inventory, rules=EVERY_RULE, waivers=waivers)
    both = pd.concat([findings, tn.audit.waived(findings)[COLUMNS]])
    by = ["check", "resource", "evidence"]
    pd.testing.assert_frame_equal(
        both.sort_values(by, ignore_index=True), everything.sort_values(by, ignore_index=True), check_like=True
    )
    table = tn.audit.summary(findings).dropna(subset="findings")
    assert (table.findings + table.waived).tolist() == tn.audit.summary(everything).findings.dropna().tolist()


@settings(max_examples=20)
@given(accounts, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(vms: list[Any], draw: Any) -> None:
    inventory = account(vms, security_groups=[group("internal", OPEN)])
    seed = draw.randrange(1000)
    shuffled = {name: frame.sample(frac=1, random_state=seed) for name, frame in inventory.tables.items()}
    again = tn.audit.run(tn.Inventory(shuffled, {}, inventory.fetched_at), rules=EVERY_RULE)
    pd.testing.assert_frame_equal(again, tn.audit.run(inventory, rules=EVERY_RULE))


@settings(max_examples=20)
@given(accounts)
def test_what_is_being_deleted_is_found_by_one_check_alone(vms: list[Any]) -> None:
    going = [vm | {"status": "DELETING"} for vm in vms]
    findings = tn.audit.run(account(going, keypairs=[]), rules=EVERY_RULE)
    assert set(findings.check) <= {"stuck-in-transition"}
