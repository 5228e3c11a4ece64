"""The seeded account: the same for the same seed, and sound whatever its size."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.support import serving
from toastnb.sandbox import Sandbox, fleet
from toastnb.sandbox.clock import parse_start
from toastnb.sandbox.models import State
from toastnb.sandbox.rules import is_windows, smallest_root

START = parse_start("2026-01-01T00:00:00Z")


def test_the_same_seed_and_start_give_the_same_bytes() -> None:
    paths = ("instances-detail", "keypairs", "volumes", "floating-ips", "security-groups", "networks", "images")

    def everything(seed: int, start: str) -> list[bytes]:
        with serving(instances=60, seed=seed, start=start) as client:
            return [client.send("GET", path).content for path in paths]

    first = everything(3, "2026-01-01T00:00:00Z")
    assert first == everything(3, "2026-01-01T09:00:00+09:00")
    assert first[0] != everything(4, "2026-01-01T00:00:00Z")[0]
    assert first[0] != everything(3, "2026-01-02T00:00:00Z")[0]


def test_the_fleet_does_not_change_by_itself() -> None:
    with serving(instances=60, start="2026-01-01T00:00:00Z") as client:
        before = client.details()
        client.sandbox.advance(30)
        assert client.details() == before


@pytest.mark.parametrize("size", [0, 1, 3, 250, 5000])
def test_invariants_at_set_sizes(size: int) -> None:
    check(fleet.seeded(size, 7, START), size)


@given(size=st.integers(0, 120), seed=st.integers(-(10**9), 10**9))
def test_invariants_at_any_size_and_seed(size: int, seed: int) -> None:
    check(fleet.seeded(size, seed, START), size)


def check(state: State, size: int) -> None:
    assert len(state.instances) == size
    check_things_to_try(state)
    check_instances(state)
    check_volumes(state)
    check_addresses(state)


def check_things_to_try(state: State) -> None:
    available = {zone.zone_name for zone in state.zones if zone.zone_state.available}
    assert len(available) >= 2
    assert {volume.availability_zone for volume in state.volumes if volume.status == "available"} == available
    assert sum(floating_ip.status == "DOWN" for floating_ip in state.floating_ips) >= 2
    assert len(state.security_groups) >= 2
    systems = {image.properties["os_type"] for image in state.images if image.status == "active"}
    assert systems == {"linux", "windows"}
    assert any(flavor.disabled for flavor in state.flavors)
    assert {keypair.name for keypair in state.keypairs} - {instance.key_name for instance in state.instances}
    assert not state.transitions


def check_instances(state: State) -> None:
    flavors = {flavor.id: flavor for flavor in state.flavors}
    images = {image.id: image for image in state.images}
    keypairs = {keypair.name for keypair in state.keypairs}
    groups = {group.name for group in state.security_groups}
    assert len({instance.id for instance in state.instances}) == len(state.instances)
    assert len({instance.name for instance in state.instances}) == len(state.instances)
    for instance in state.instances:
        flavor, image = flavors[str(instance.flavor.id)], images[str(instance.image)]
        summary = (flavor.name, flavor.vcpus, flavor.ram)
        assert (instance.flavor.name, instance.flavor.cpu, instance.flavor.ram) == summary
        assert flavor.ram >= image.min_ram
        assert len(instance.name) <= (12 if is_windows(image) else 20)
        assert re.fullmatch(r"[A-Za-z0-9.-]+", instance.name)
        root = instance.volumes.root.size
        if flavor.volume_size is msgspec.UNSET:
            assert smallest_root(image) <= int(str(root)) <= 1000
        else:
            assert root == flavor.volume_size >= image.min_disk
        assert instance.key_name in keypairs
        assert {group.name for group in instance.security_groups} <= groups
        assert instance.security_groups[0].name == "default"
        assert instance.status in {"ACTIVE", "STOP", "ERROR"}
        booted = instance.launched_at if instance.launched_at is not msgspec.UNSET else instance.created_at
        assert str(instance.created_at) <= str(booted) <= str(instance.updated_at) < "2026-01-01"


def check_volumes(state: State) -> None:
    volumes = {volume.id: volume for volume in state.volumes}
    seen = set()
    for instance in state.instances:
        assert len(instance.volumes.attachments) <= 4
        for attached in instance.volumes.attachments:
            volume = volumes[attached.id]
            assert (volume.name, volume.size, volume.status) == (attached.name, attached.size, "in-use")
            assert [attachment.instance_id for attachment in volume.attachments] == [instance.id]
            assert volume.availability_zone == instance.availability_zone
            seen.add(volume.id)
    assert all(volume.size % 10 == 0 and 10 <= volume.size <= 1000 for volume in state.volumes)
    assert seen == {volume.id for volume in state.volumes if volume.attachments}


def check_addresses(state: State) -> None:
    addresses = [address for instance in state.instances for address in instance.addresses]
    assert len({address.ip_address for address in addresses}) == len(addresses)
    assert len({address.mac_address for address in addresses}) == len(addresses)
    used = {address.floating_ip_address: address.ip_address for address in addresses}
    used.pop(msgspec.UNSET, None)
    in_use = [floating_ip for floating_ip in state.floating_ips if floating_ip.status == "ACTIVE"]
    assert used == {floating_ip.floating_ip_address: floating_ip.fixed_ip_address for floating_ip in in_use}
    pools = [
        (int(ipaddress.ip_address(pool.start)), int(ipaddress.ip_address(pool.end)))
        for subnet in state.subnets
        for pool in subnet.allocation_pools
    ]
    for address in addresses:
        number = int(ipaddress.ip_address(address.ip_address))
        assert sum(low <= number <= high for low, high in pools) == 1


def test_a_fleet_of_some_size_is_like_a_companys() -> None:
    instances = fleet.seeded(2000, 7, START).instances
    statuses = Counter(instance.status for instance in instances)
    assert statuses["ACTIVE"] > 1500
    assert 100 < statuses["STOP"] < 500
    assert 0 < statuses["ERROR"] < 100
    zones = Counter(instance.availability_zone for instance in instances)
    assert zones["kr-pub-a"] > 1.3 * zones["kr-pub-b"] > 0
    long_stopped = [
        instance
        for instance in instances
        if instance.status == "STOP"
        and (START.replace(tzinfo=None) - datetime.fromisoformat(str(instance.updated_at))).days >= 90
    ]
    assert 20 < len(long_stopped) < statuses["STOP"]
    assert any("team" not in instance.metadata for instance in instances)
    assert any(not value.isascii() for instance in instances for value in instance.metadata.values())
    assert any(len(instance.addresses) == 2 for instance in instances)


@pytest.mark.parametrize("instances", [-1, 2_000_001])
def test_a_size_that_makes_no_sense(instances: int) -> None:
    with pytest.raises(ValueError, match="instances must be 0 to 2,000,000"):
        Sandbox(instances=instances)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("yesterday", "not an ISO 8601 time"),
        (datetime(2026, 1, 1), "no time zone"),
        ("1850-01-01", "years 2000 to"),
        ("9500-01-01", "years 2000 to"),
    ],
)
def test_a_start_that_makes_no_sense(start: str | datetime, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sandbox(instances=0, start=start)
