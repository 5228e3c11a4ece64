"""The whole run on the sandbox's account, against facts that plain Python reads from the service's JSON."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

import toastnb as tn
from tests.support import raw_call

Json = dict[str, Any]
AT = datetime(2026, 11, 1, tzinfo=UTC)
REQUIRED = ["team", "env"]
RULES = {"metadata": {"required": REQUIRED}, "names": {"pattern": r"[a-z]+-(prod|stage|dev)-\d+"}}
RUNNING = {"ACTIVE", "REBOOTING", "POWERING_ON", "POWERING_OFF", "MIGRATING"}
RISKY = {21, 22, 23, 3306, 3389, 5432, 6379, 9200, 27017}
PATHS = {
    "instances": "instances-detail",
    "keypairs": "keypairs",
    "flavors": "flavors",
    "securityGroups": "security-groups",
    "floatingips": "floating-ips",
    "volumes": "volumes",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tn.Sandbox]:
    with tn.Sandbox(instances=250, seed=7, instant=True, start="2026-11-01T00:00:00Z") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def raw(sandbox: tn.Sandbox) -> dict[str, list[Json]]:
    answers = {name: raw_call(sandbox, "GET", path)[name] for name, path in PATHS.items()}
    images: list[Json] = []
    while page := raw_call(sandbox, "GET", f"images?marker={images[-1]['id']}" if images else "images")["images"]:
        images += page
    return answers | {"images": images}


@pytest.fixture(scope="module")
def findings(sandbox: tn.Sandbox) -> pd.DataFrame:
    with tn.connect(sandbox) as toast:
        return tn.audit.run(toast.inventory(), rules=RULES, at="2026-11-01")


def since(vm: Json, field: str) -> timedelta:
    return AT - datetime.fromisoformat(vm[field]).replace(tzinfo=UTC)


def is_open(rule: Json) -> bool:
    anyone = rule["remoteIpPrefix"] == "0.0.0.0/0" or (rule["remoteIpPrefix"] is rule["remoteGroupId"] is None)
    return rule["direction"] == "ingress" and anyone


def is_bad(rule: Json) -> bool:
    """Tell whether anyone reaches SSH, remote desktop, or every port."""
    low, high = rule["portRangeMin"], rule["portRangeMax"]
    return is_open(rule) and (low is None or any(low <= port <= high for port in (22, 3389)))


def expected(raw: dict[str, list[Json]]) -> dict[str, set[str]]:
    """Return what must be found, check by check, as ids."""
    vms, pairs, groups = raw["instances"], raw["keypairs"], raw["securityGroups"]
    stopped = [vm for vm in vms if vm["status"] == "STOP"]
    disks = {
        vm["id"]: vm["volumes"]["root"]["size"] + sum(one["size"] for one in vm["volumes"]["attachments"]) for vm in vms
    }
    floating = {
        vm["id"]: [one["floatingIpAddress"] for one in vm["addresses"] if "floatingIpAddress" in one] for vm in vms
    }
    own = {vm["id"]: [ipaddress.ip_address(one["ipAddress"]).is_global for one in vm["addresses"]] for vm in vms}
    names_in = {vm["id"]: {one["name"] for one in vm["securityGroups"]} for vm in vms}
    used_keys = Counter(vm["keyName"] for vm in vms)
    owners = Counter(pair["publicKey"].split()[1] for pair in pairs)
    keys = {pair["name"]: load_ssh_public_key(pair["publicKey"].encode()) for pair in pairs}
    flavors, images = ({one["id"]: one for one in raw[name]} for name in ("flavors", "images"))
    free = [one for one in raw["volumes"] if not one["attachments"]]
    running: dict[str, list[Json]] = {}
    for vm in vms:
        if vm["status"] in RUNNING:
            running.setdefault(vm["name"].split("-")[0], []).append(vm)
    return {
        "exposed-to-internet": {vm["id"] for vm in vms if floating[vm["id"]] or any(own[vm["id"]])},
        "world-open-ingress": {one["id"] for one in groups if any(map(is_open, one["securityGroupRules"]))},
        "no-security-group": {vm for vm, names in names_in.items() if not names},
        "only-default-security-group": {vm for vm, names in names_in.items() if names == {"default"}},
        "stopped-long": {vm["id"] for vm in stopped if since(vm, "updatedAt") >= timedelta(days=30)},
        "stopped-disk": {vm["id"] for vm in stopped if disks[vm["id"]] >= 100},
        "floating-ip-on-stopped": {vm["id"] for vm in stopped if floating[vm["id"]]},
        "in-error": {vm["id"] for vm in vms if vm["status"] == "ERROR"},
        "stuck-in-transition": set(),
        "keypair-missing": set(),
        "keypair-not-in-account": {vm["id"] for vm in vms if vm["keyName"] not in keys},
        "keypair-unused": keys.keys() - used_keys.keys(),
        "keypair-duplicate": {pair["name"] for pair in pairs if owners[pair["publicKey"].split()[1]] > 1},
        "keypair-shared": {name for name, count in used_keys.items() if count >= 20},
        "weak-ssh-key": {name for name, key in keys.items() if isinstance(key, RSAPublicKey) and key.key_size < 2048},
        "fingerprint-mismatch": set(),
        "unreadable-ssh-key": set(),
        "secret-in-metadata": set(),
        "required-metadata-missing": {vm["id"] for vm in vms if not set(REQUIRED) <= vm["metadata"].keys()},
        "name-pattern": {vm["id"] for vm in vms if vm["name"].split("-")[1] not in {"prod", "stage", "dev"}},
        "flavor-disabled": {vm["flavor"]["id"] for vm in vms if flavors[vm["flavor"]["id"]]["disabled"]},
        "flavor-gone": {vm["flavor"]["id"] for vm in vms} - flavors.keys(),
        "image-gone": {vm["image"] for vm in vms} - images.keys(),
        "image-inactive": {vm["image"] for vm in vms if images[vm["image"]]["status"] != "active"},
        "volume-unattached": {one["id"] for one in free if since(one, "createdAt") >= timedelta(days=7)},
        "floating-ip-unattached": {one["id"] for one in raw["floatingips"] if one["fixedIpAddress"] is None},
        "single-zone-application": {
            app for app, them in running.items() if len(them) > 1 and len({vm["availabilityZone"] for vm in them}) == 1
        },
        "old-instance": {vm["id"] for vm in vms if since(vm, "createdAt") >= timedelta(days=4 * 365.25)},
    }


def test_every_check_finds_what_the_json_says_and_nothing_else(
    findings: pd.DataFrame, raw: dict[str, list[Json]]
) -> None:
    wanted = expected(raw)
    assert wanted.keys() == set(tn.audit.catalogue().check)
    found = {check: set(findings.resource[findings.check == check]) for check in wanted}
    assert found == wanted
    assert sum(bool(ids) for ids in wanted.values()) > 14
    assert not findings.duplicated(["check", "resource"]).any()


def test_exposed_instances_are_high_where_anyone_reaches_a_sensitive_port(
    findings: pd.DataFrame, raw: dict[str, list[Json]]
) -> None:
    open_groups = {one["name"] for one in raw["securityGroups"] if any(map(is_bad, one["securityGroupRules"]))}
    names_in = {vm["id"]: {one["name"] for one in vm["securityGroups"]} for vm in raw["instances"]}
    exposed = findings[findings.check == "exposed-to-internet"].set_index("resource")
    assert exposed.severity.to_dict() == {
        vm: "high" if names_in[vm] & open_groups else "medium" for vm in exposed.index
    }
    assert set(exposed.severity) == {"high", "medium"}


def test_open_groups_are_high_for_risky_ports_and_count_their_instances(
    findings: pd.DataFrame, raw: dict[str, list[Json]]
) -> None:
    members = Counter(one["name"] for vm in raw["instances"] for one in vm["securityGroups"])
    groups = {one["id"]: one for one in raw["securityGroups"]}
    found = findings[findings.check == "world-open-ingress"]
    for row in found.itertuples():
        rules = [one for one in groups[row.resource]["securityGroupRules"] if is_open(one)]
        risky = any(one["portRangeMin"] <= port <= one["portRangeMax"] for one in rules for port in RISKY)
        assert row.severity == ("high" if risky else "low")
        count = members[groups[row.resource]["name"]]
        assert row.evidence.endswith(f"; {count} instances have it" if count else "; no instance has it")
    assert set(found.severity) == {"high", "low"}


def test_the_days_of_stopped_instances_are_counted_from_their_latest_change(
    findings: pd.DataFrame, raw: dict[str, list[Json]]
) -> None:
    vms = {vm["id"]: vm for vm in raw["instances"]}
    for row in findings[findings.check == "stopped-long"].itertuples():
        vm = vms[row.resource]
        days = since(vm, "updatedAt").days
        assert row.evidence == f"stopped for at least {days} days (updated {vm['updatedAt'][:10]})"
        assert row.name == vm["name"]


def test_a_saved_inventory_gives_the_same(sandbox: tn.Sandbox, findings: pd.DataFrame, tmp_path: Any) -> None:
    with tn.connect(sandbox) as toast:
        path = toast.inventory().save(tmp_path / "account.zip")
    again = tn.audit.run(tn.load_inventory(path), rules=RULES, at="2026-11-01")
    pd.testing.assert_frame_equal(again, findings)
    stored = tmp_path / "findings.parquet"
    findings.to_parquet(stored)
    pd.testing.assert_frame_equal(tn.audit.summary(pd.read_parquet(stored)), tn.audit.summary(findings))
