"""What the world can reach: addresses, rules, and groups."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audit.builders import account, clean, evidence, find, group, resources, rule
from toastnb.audit.openings import SENSITIVE_PORTS, Opening, openings

ANYWHERE = {"remoteIpPrefix": "0.0.0.0/0"}


def at(*addresses: str, floating: str | None = None) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = [{"ipAddress": address} for address in addresses]
    if floating:
        listed[0]["floatingIpAddress"] = floating
    return listed


# --- exposed-to-internet ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "is_global"),
    [
        ("10.0.0.1", False),
        ("172.15.255.255", True),
        ("172.16.0.1", False),
        ("172.31.255.255", False),
        ("172.32.0.0", True),
        ("192.168.1.1", False),
        ("192.169.0.1", True),
        ("198.18.0.1", False),
        ("127.0.0.1", False),
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("fd00::1", False),
        ("fe80::1", False),
        ("2001:db8::1", False),
        ("no address", False),
    ],
)
def test_a_globally_routable_address_is_exposed(address: str, is_global: bool) -> None:
    inventory = account([clean(1, addresses=at(address)), clean(2), clean(3, addresses=[]), clean(4, addresses=None)])
    expected = {"id-1": f"globally routable address {address}"} if is_global else {}
    assert evidence(inventory, "exposed-to-internet") == expected


@given(st.lists(st.ip_addresses(), max_size=8))
def test_addresses_are_public_as_the_standard_library_says(
    addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address],
) -> None:
    inventory = account([clean(number, addresses=at(str(one))) for number, one in enumerate(addresses)])
    expected = sorted(f"id-{number}" for number, one in enumerate(addresses) if one.is_global)
    assert resources(inventory, "exposed-to-internet") == expected


def test_a_floating_ip_is_public_whatever_its_range_and_all_addresses_are_named() -> None:
    addresses = [*at("10.0.0.1", floating="198.18.0.9"), *at("9.9.9.9"), *at("10.0.0.2", floating="198.18.0.5")]
    found = find(account([clean(1, addresses=addresses), clean(2)]), "exposed-to-internet").iloc[0]
    public = "floating IP 198.18.0.5, floating IP 198.18.0.9, globally routable address 9.9.9.9"
    assert (found.resource, found.severity, found.evidence) == ("id-1", "medium", public)


def exposed(*rules: dict[str, Any], addresses: list[dict[str, Any]] | None = None, **more: Any) -> tuple[str, str]:
    """Return severity and evidence of a public instance whose group has these rules."""
    vm = clean(1, addresses=addresses or at("10.0.0.1", floating="198.18.0.1"), securityGroups=[{"name": "g"}])
    [found] = find(account([vm], security_groups=[group("g", *rules)], **more), "exposed-to-internet").to_dict(
        "records"
    )
    return found["severity"], found["evidence"]


SSH = {"portRangeMin": 22, "portRangeMax": 22}


def test_a_group_that_lets_anyone_reach_a_sensitive_port_makes_it_high() -> None:
    opened = rule(**ANYWHERE)
    said = "floating IP 198.18.0.1; security group g is open to anyone (tcp 443)"
    assert exposed(opened) == ("medium", said)
    vm = clean(1, addresses=at("10.0.0.1", floating="198.18.0.1"), securityGroups=[{"name": "g"}])
    inventory = account([vm], security_groups=[group("g", opened)])
    assert find(inventory, "exposed-to-internet", ports=[443]).severity.item() == "high"
    assert exposed(rule(), rule(**ANYWHERE, **SSH), opened) == (
        "high",
        "floating IP 198.18.0.1; security group g is open to anyone (tcp 22, tcp 443)",
    )
    assert exposed(rule())[0] == "medium"
    assert exposed(rule(**ANYWHERE, direction="egress"))[0] == "medium"


def test_icmp_alone_does_not_make_it_high() -> None:
    assert exposed(rule(**ANYWHERE, protocol="icmp")) == ("medium", "floating IP 198.18.0.1")
    inventory = account(security_groups=[group("g", rule(**ANYWHERE, protocol="icmp"), rule(**ANYWHERE))])
    assert [(one.text, one.is_icmp) for one in openings(inventory)] == [("ICMP", True), ("tcp 443", False)]
    assert not Opening("g", (4,), "tcp 443", "info").is_icmp


def test_rules_for_the_other_ip_version_do_not_count() -> None:
    v6 = rule(remoteIpPrefix="::/0", ethertype="IPv6", **SSH)
    assert exposed(v6)[0] == "medium"
    assert exposed(v6, addresses=at("2001:4860::1"))[0] == "high"
    assert exposed(rule(**ANYWHERE, **SSH), addresses=at("2001:4860::1"))[0] == "medium"
    any_v6 = rule(remoteIpPrefix=None, ethertype="IPv6", **SSH)
    assert exposed(any_v6)[0] == "medium"
    open_to_all = rule(remoteIpPrefix=None, ethertype=None, **SSH)
    assert exposed(open_to_all, addresses=at("2001:4860::1"))[0] == "high"


def test_without_the_groups_it_is_medium_and_still_found() -> None:
    absent = {"security_groups": "not served", "security_group_rules": "not served"}
    assert exposed(rule(**ANYWHERE), absent=absent) == ("medium", "floating IP 198.18.0.1")


def test_each_open_group_of_an_instance_is_named_and_others_are_not() -> None:
    groups = [group(name, rule(**ANYWHERE)) for name in ("b", "a", "not-on-it")]
    vm = clean(1, addresses=at("9.9.9.9"), securityGroups=[{"name": "b"}, {"name": "a"}, {"name": "a"}])
    assert evidence(account([vm], security_groups=groups), "exposed-to-internet") == {
        "id-1": "globally routable address 9.9.9.9; security group a is open to anyone (tcp 443);"
        " security group b is open to anyone (tcp 443)"
    }


# --- world-open-ingress -------------------------------------------------------------------------------------------


def opened(*rules: dict[str, Any], **thresholds: Any) -> tuple[str, str] | None:
    """Return severity and evidence of a group with these rules that no instance has."""
    found = find(account(security_groups=[group("g", *rules)]), "world-open-ingress", **thresholds).to_dict("records")
    if not found:
        return None
    [one] = found
    assert (one["resource_type"], one["resource"], one["name"]) == ("security_group", "group-g", "g")
    return one["severity"], one["evidence"].removeprefix("open to anyone: ").removesuffix("; no instance has it")


@pytest.mark.parametrize(
    ("remote", "is_open"),
    [
        ({"remoteIpPrefix": "0.0.0.0/0"}, True),
        ({"remoteIpPrefix": "10.1.2.3/0"}, True),
        ({"remoteIpPrefix": "::/0", "ethertype": "IPv6"}, True),
        ({"remoteIpPrefix": "0.0.0.0/0.0.0.0"}, True),
        ({"remoteIpPrefix": None}, True),
        ({"remoteIpPrefix": ""}, True),
        ({"remoteIpPrefix": None, "remoteGroupId": "group-g"}, False),
        ({"remoteIpPrefix": "0.0.0.0/1"}, False),
        ({"remoteIpPrefix": "::/1", "ethertype": "IPv6"}, False),
        ({"remoteIpPrefix": "203.0.113.7"}, False),
        ({"remoteIpPrefix": "not a prefix"}, False),
        ({"remoteIpPrefix": "not a prefix/0"}, True),
        ({"remoteIpPrefix": "0.0.0.0/0", "direction": "egress"}, False),
        ({"remoteIpPrefix": "0.0.0.0/0", "direction": None}, False),
        ({"remoteIpPrefix": "0.0.0.0/0", "direction": "INGRESS"}, True),
    ],
)
def test_open_is_ingress_from_a_prefix_of_length_zero_or_from_no_one_in_particular(
    remote: dict[str, Any], is_open: bool
) -> None:
    assert (opened(rule(**remote)) is not None) is is_open


@pytest.mark.parametrize(
    ("protocol", "low", "high", "said"),
    [
        ("tcp", 443, 443, ("low", "tcp 443")),
        ("tcp", 80, 88, ("low", "tcp 80-88")),
        ("tcp", 22, 22, ("high", "tcp 22")),
        ("6", 22, 22, ("high", "tcp 22")),
        ("udp", 3380, 3389, ("high", "udp 3380-3389")),
        ("tcp", 3390, 5431, ("low", "tcp 3390-5431")),
        ("tcp", 3390, 5432, ("high", "tcp 3390-5432")),
        ("tcp", 1, 65535, ("high", "tcp all ports")),
        ("tcp", None, None, ("high", "tcp all ports")),
        ("tcp", 30000, None, ("low", "tcp 30000-65535")),
        (None, None, None, ("high", "any protocol")),
        ("any", None, None, ("high", "any protocol")),
        ("icmp", None, None, ("info", "ICMP")),
        ("ICMPv6", None, None, ("info", "ICMP")),
        ("47", None, None, ("low", "protocol 47")),
    ],
)
def test_how_bad_an_opening_is(protocol: str | None, low: int | None, high: int | None, said: tuple[str, str]) -> None:
    assert opened(rule(**ANYWHERE, protocol=protocol, portRangeMin=low, portRangeMax=high)) == said


def test_the_sensitive_ports_are_a_threshold() -> None:
    https = rule(**ANYWHERE)
    assert opened(https, ports=[443]) == ("high", "tcp 443")
    assert opened(rule(**ANYWHERE, portRangeMin=22, portRangeMax=22), ports=[443]) == ("low", "tcp 22")
    assert opened(rule(**ANYWHERE, portRangeMin=1, portRangeMax=65535), ports=[443]) == ("high", "tcp all ports")


@pytest.mark.parametrize("port", SENSITIVE_PORTS)
def test_the_edges_of_every_sensitive_port(port: int) -> None:
    for low, high in ((port, port), (port - 1, port), (port, port + 1)):
        severity, _ = opened(rule(**ANYWHERE, portRangeMin=low, portRangeMax=high)) or ("", "")
        assert severity == "high"


def test_a_group_is_as_bad_as_its_worst_rule_and_says_that_first() -> None:
    rules = [
        rule(**ANYWHERE),
        rule(**ANYWHERE, protocol="icmp"),
        rule(**ANYWHERE, portRangeMin=80, portRangeMax=80),
        rule(**ANYWHERE, portRangeMin=3389, portRangeMax=3389),
        rule(remoteIpPrefix="::/0", ethertype="IPv6"),
    ]
    assert opened(*rules) == ("high", "tcp 3389, tcp 80, tcp 443, ICMP")


def test_instances_that_have_the_group_are_counted_once_each() -> None:
    vms = [
        clean(1, securityGroups=[{"name": "g"}, {"name": "g"}]),
        clean(2, securityGroups=[{"name": "g"}, {"name": "internal"}]),
        clean(3),
        clean(4, status="DELETING", securityGroups=[{"name": "g"}]),
    ]
    groups = [group("g", rule(**ANYWHERE)), group("internal", rule())]
    assert evidence(account(vms, security_groups=groups), "world-open-ingress") == {
        "group-g": "open to anyone: tcp 443; 2 instances have it"
    }
    assert evidence(account(vms[:1], security_groups=groups), "world-open-ingress") == {
        "group-g": "open to anyone: tcp 443; 1 instance has it"
    }


def test_a_group_without_a_name_is_found_by_its_id() -> None:
    nameless = group("g", rule(**ANYWHERE)) | {"name": None}
    found = find(account([clean(1)], security_groups=[nameless]), "world-open-ingress")
    assert found.resource.tolist() == ["group-g"]
    assert found.name.isna().all()
    public = clean(1, addresses=at("9.9.9.9"))
    assert find(account([public], security_groups=[nameless]), "exposed-to-internet").severity.tolist() == ["medium"]


# --- groups of instances ------------------------------------------------------------------------------------------


def test_no_security_group_is_an_empty_list_and_not_an_unknown_one() -> None:
    inventory = account(
        [
            clean(1, securityGroups=[]),
            clean(2, securityGroups=None),
            clean(3, securityGroups=[{}]),
            clean(4),
            clean(5, securityGroups=[], addresses=at("10.0.0.5", floating="198.18.0.5")),
            clean(6, securityGroups=[], addresses=at("10.0.0.6", "9.9.9.9")),
            clean(7, addresses=at("9.9.9.9")),
        ]
    )
    found = find(inventory, "no-security-group").set_index("resource")
    assert found.severity.to_dict() == {"id-5": "high", "id-6": "high", "id-1": "medium"}


def test_only_default_is_default_and_nothing_else() -> None:
    inventory = account(
        [
            clean(1, securityGroups=[{"name": "default"}]),
            clean(2, securityGroups=[{"name": "default"}, {"name": "default"}]),
            clean(3, securityGroups=[{"name": "default"}, {"name": "web"}]),
            clean(4, securityGroups=[{"name": "default"}, {}]),
            clean(5, securityGroups=[{"name": "Default"}]),
            clean(6, securityGroups=[]),
        ]
    )
    assert resources(inventory, "only-default-security-group") == ["id-1", "id-2"]
