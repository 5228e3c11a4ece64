"""Security group rules that let anyone in: what they open, and how bad that is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from toastnb.audit.findings import SEVERITIES
from toastnb.inventory import Inventory

SENSITIVE_PORTS = (
    *(21, 22, 23, 135, 139, 445, 1433, 1521, 2375, 2376, 2379, 3306, 3389, 5432, 5601, 5900, 5985, 5986),
    *(6379, 6443, 9200, 9300, 10250, 11211, 27017),
)
LAST_PORT = 65535
_ANY = frozenset({"", "any", "all", "-1", "0"})
_ICMP = frozenset({"icmp", "icmpv6", "ipv6-icmp", "1", "58"})
_WITH_PORTS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "sctp": "sctp", "132": "sctp", "dccp": "dccp"}


class Opening(NamedTuple):
    """What one rule opens to anyone: of which group, for which IP versions, in words, how bad it is, whether ICMP."""

    group_id: str
    versions: tuple[int, ...]
    text: str
    severity: str
    first_port: int = 0
    is_icmp: bool = False

    @property
    def is_bad(self) -> bool:
        """Whether it opens what nobody should reach: any protocol, all ports, or a sensitive one."""
        return self.severity == "high"

    def order(self) -> tuple[int, int, str]:
        """Return where it stands among others: the worst first, then by port."""
        return SEVERITIES.index(self.severity), self.first_port, self.text


def openings(inventory: Inventory, ports: Iterable[int] = SENSITIVE_PORTS) -> list[Opening]:
    """Return the ingress rules that let anyone in: a prefix of length 0, or neither prefix nor group.

    High is any protocol, all ports, or one of `ports`; ICMP is info; anything else is low.
    """
    rules = inventory.security_group_rules
    inbound = rules[(rules["direction"].str.lower() == "ingress") & rules["security_group_id"].notna()]
    sensitive = sorted(ports)
    found = []
    for rule in inbound.drop_duplicates().to_dict("records"):
        versions = _versions(rule)
        if versions:
            found.append(_opening(rule, versions, sensitive))
    return found


def _versions(rule: dict[Any, Any]) -> tuple[int, ...]:
    """Return the IP versions that a rule opens to anyone; none when it is for some addresses or a group."""
    prefix, group = _text(rule["remote_ip_prefix"]), _text(rule["remote_group_id"])
    if prefix:
        return _versions_of_prefix(prefix)
    if group:
        return ()
    return {"ipv4": (4,), "ipv6": (6,)}.get(_text(rule["ethertype"]).lower(), (4, 6))


def _versions_of_prefix(prefix: str) -> tuple[int, ...]:
    try:
        network = ipaddress.ip_network(prefix, strict=False)
    except ValueError:
        return (6 if ":" in prefix else 4,) if prefix.endswith("/0") else ()
    return (network.version,) if network.prefixlen == 0 else ()


def _opening(rule: dict[Any, Any], versions: tuple[int, ...], sensitive: list[int]) -> Opening:
    group, protocol = rule["security_group_id"], _text(rule["protocol"]).lower()
    if protocol in _ANY:
        return Opening(group, versions, "any protocol", "high")
    if protocol in _ICMP:
        return Opening(group, versions, "ICMP", "info", is_icmp=True)
    if protocol not in _WITH_PORTS:
        return Opening(group, versions, f"protocol {protocol}", "low")
    first = 0 if pd.isna(rule["port_min"]) else int(rule["port_min"])
    last = LAST_PORT if pd.isna(rule["port_max"]) else int(rule["port_max"])
    whole = first <= 1 and last >= LAST_PORT
    bad = whole or any(first <= port <= last for port in sensitive)
    span = "all ports" if whole else str(first) if first == last else f"{first}-{last}"
    return Opening(group, versions, f"{_WITH_PORTS[protocol]} {span}", "high" if bad else "low", first)


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value).strip()  # type: ignore[call-overload]
