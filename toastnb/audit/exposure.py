"""What the world can reach: public addresses, and security groups that let anyone in."""

from __future__ import annotations

import ipaddress

import pandas as pd

from toastnb.audit.findings import listed, on_instances
from toastnb.audit.openings import SENSITIVE_PORTS, Opening, openings
from toastnb.audit.tables import has
from toastnb.audit.texts import among, joined, so_many
from toastnb.inventory import Inventory

DEFAULT_GROUP = "default"
_GROUP_TABLES = ("security_groups", "security_group_rules", "instance_security_groups")
# Most addresses are of these ranges: they need not be taken apart one by one.
_PRIVATE = r"^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.)"


def exposed_to_internet(inventory: Inventory, *, ports: tuple[int, ...] = SENSITIVE_PORTS) -> pd.DataFrame:
    """Find instances with a floating IP or a globally routable address; high when anyone reaches a sensitive port.

    Only rules for the address's version (IPv4, IPv6) count, and ICMP is not told.
    """
    public = public_addresses(inventory.addresses)
    vms = inventory.instances_detail
    texts = joined(public["instance_id"], public["text"])
    found = vms[among(vms["instance_id"], texts.index)]
    evidence = found["instance_id"].map(texts).astype("str")  # where there are none, pandas 3.0 makes it numbers
    if not has(inventory, *_GROUP_TABLES):
        return on_instances(found, evidence)
    reached = _reached(inventory, public, ports)
    opened = found["instance_id"].map(joined(reached["instance_id"], reached["opened"], "; ")).astype("str")
    bad = among(found["instance_id"], reached["instance_id"][reached["bad"]])
    severity = pd.Series("medium", index=found.index, dtype="str").mask(bad, "high")
    return on_instances(found, evidence + ("; " + opened).fillna(""), severity=severity)


def public_addresses(addresses: pd.DataFrame) -> pd.DataFrame:
    """Return those of the addresses that lead in from the internet: instance_id, version (4 or 6), text.

    Floating IPs are public whatever their range. An address that cannot be read is not judged.
    """
    floating = addresses.loc[addresses["floating_ip"].notna(), ["instance_id", "floating_ip"]]
    floating = floating.set_axis(["instance_id", "address"], axis=1).assign(kind="floating IP ")
    own = addresses["ip_address"]
    others = own[~own.str.match(_PRIVATE).fillna(True).astype(bool)].dropna().unique()
    routable_ones = pd.Series([address for address in others if _is_global(address)], dtype="str")
    routable = addresses.loc[among(own, routable_ones), ["instance_id", "ip_address"]]
    routable = routable.set_axis(["instance_id", "address"], axis=1).assign(kind="globally routable address ")
    public = pd.concat([floating, routable], ignore_index=True)
    version = pd.Series(4, index=public.index).mask(public["address"].str.contains(":", regex=False), 6)
    return pd.DataFrame(
        {"instance_id": public["instance_id"], "version": version, "text": public["kind"] + public["address"]}
    )


def _is_global(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _reached(inventory: Inventory, public: pd.DataFrame, ports: tuple[int, ...]) -> pd.DataFrame:
    """Return what is open to anyone on instances' public addresses: instance_id, opened (a group's), bad (bool)."""
    names = _group_names(inventory)
    opened: dict[tuple[str, int], list[Opening]] = {}
    for one in openings(inventory, ports):
        for version in () if one.is_icmp or pd.isna(names.get(one.group_id)) else one.versions:
            opened.setdefault((names[one.group_id], version), []).append(one)
    rows = [
        (*key, f"security group {key[0]} is open to anyone ({_in_words(ones)})", any(one.is_bad for one in ones))
        for key, ones in opened.items()
    ]
    kinds = {"security_group": "str", "version": "int64", "opened": "str", "bad": "bool"}
    by_group = pd.DataFrame(rows, columns=list(kinds)).astype(kinds)
    groups = inventory.instance_security_groups
    met = groups[among(groups["instance_id"], public["instance_id"])].merge(by_group, on="security_group")
    return met.merge(public[["instance_id", "version"]].drop_duplicates(), on=["instance_id", "version"])


def _in_words(opened: list[Opening]) -> str:
    """Return what is open, the worst first."""
    return ", ".join(dict.fromkeys(one.text for one in sorted(opened, key=Opening.order)))


def world_open_ingress(inventory: Inventory, *, ports: tuple[int, ...] = SENSITIVE_PORTS) -> pd.DataFrame:
    """Find security groups with rules that let anyone in; how bad it is depends on the ports."""
    names = _group_names(inventory)
    members = inventory.instance_security_groups.drop_duplicates()["security_group"].value_counts()
    by_group: dict[str, list[Opening]] = {}
    for one in openings(inventory, ports):
        by_group.setdefault(one.group_id, []).append(one)
    rows = []
    for group, opened in by_group.items():
        name = names.get(group)
        count = int(members.get(name, 0))
        has_it = so_many(count, "has it", "have it") if count else "no instance has it"
        severity = min(opened, key=Opening.order).severity
        rows.append((group, name, f"open to anyone: {_in_words(opened)}; {has_it}", severity))
    return listed(rows)


def _group_names(inventory: Inventory) -> dict[str, str]:
    groups = inventory.security_groups
    return dict(zip(groups["security_group_id"], groups["name"], strict=True))


def no_security_group(inventory: Inventory) -> pd.DataFrame:
    """Find instances whose list of security groups is empty; high when they have a public address."""
    vms = inventory.instances_detail
    listed_groups = inventory.instance_security_groups["instance_id"]
    without = vms[(vms["security_groups"] == "") & ~among(vms["instance_id"], listed_groups)]
    theirs = inventory.addresses[among(inventory.addresses["instance_id"], without["instance_id"])]
    is_public = among(without["instance_id"], public_addresses(theirs)["instance_id"])
    severity = pd.Series("medium", index=without.index, dtype="str").mask(is_public, "high")
    return on_instances(without, "its list of security groups is empty", severity=severity)


def only_default_security_group(inventory: Inventory) -> pd.DataFrame:
    """Find instances that have the group `default` and no other."""
    vms, groups = inventory.instances_detail, inventory.instance_security_groups
    is_default = groups["security_group"] == DEFAULT_GROUP
    only = among(vms["instance_id"], groups.loc[is_default, "instance_id"])
    only &= ~among(vms["instance_id"], groups.loc[~is_default, "instance_id"])
    return on_instances(vms[only], "its only security group is default")
