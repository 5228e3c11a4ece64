"""Volumes, floating IPs and security groups on instances."""

from __future__ import annotations

import pytest

from tests.sandbox.support import UNKNOWN, Client

# Volumes


def test_a_volume_is_attached_and_detached(instant: Client) -> None:
    identifier, volume = instant.create(), instant.free_volume()
    attachment = instant.attach(identifier, volume)
    assert attachment == {"device": "/dev/vdb", "id": attachment["id"], "volumeId": volume}
    assert instant.detail(identifier)["volumes"]["attachments"] == [{"id": volume, "name": "spare", "size": 10}]
    shown = instant.volume(volume)
    assert shown["status"] == "in-use"
    assert shown["attachments"] == [{"device": "/dev/vdb", "instanceId": identifier, "attachmentId": attachment["id"]}]
    instant.ok("DELETE", f"instances/{identifier}/attachments", volumeId=volume)
    assert instant.detail(identifier)["volumes"]["attachments"] == []
    assert (instant.volume(volume)["status"], instant.volume(volume)["attachments"]) == ("available", [])


def test_devices_are_lettered_and_reused_until_none_is_left(instant: Client) -> None:
    identifier = instant.create()
    volumes = [instant.free_volume() for _ in range(25)]
    devices = [instant.attach(identifier, volume)["device"] for volume in volumes]
    assert devices == [f"/dev/vd{letter}" for letter in "bcdefghijklmnopqrstuvwxyz"]
    spare = instant.free_volume()
    assert "device" in instant.attach_refused(10409, identifier, spare)
    instant.ok("DELETE", f"instances/{identifier}/attachments", volumeId=volumes[3])
    assert instant.attach(identifier, spare)["device"] == "/dev/vde"


def test_a_volume_is_on_one_instance_only(instant: Client) -> None:
    one, other, volume = instant.create(), instant.create(), instant.free_volume()
    instant.attach(one, volume)
    assert "in-use" in instant.attach_refused(40409, other, volume)
    instant.attach_refused(40409, one, volume)


def test_a_volume_must_be_in_the_instances_zone(instant: Client) -> None:
    identifier = instant.create(availabilityZone="kr-pub-b")
    assert "kr-pub-a" in instant.attach_refused(40409, identifier, instant.free_volume("kr-pub-a"))
    instant.attach(identifier, instant.free_volume("kr-pub-b"))


def test_what_does_not_exist_cannot_be_attached_or_detached(instant: Client) -> None:
    identifier, volume = instant.create(), instant.free_volume()
    instant.attach_refused(40404, identifier, UNKNOWN)
    instant.attach_refused(10404, UNKNOWN, volume)
    path = f"instances/{identifier}/attachments"
    instant.refused(40404, "DELETE", path, volumeId=UNKNOWN)
    instant.refused(40404, "DELETE", path, volumeId=volume)
    instant.refused(10404, "DELETE", f"instances/{UNKNOWN}/attachments", volumeId=volume)
    instant.refused(-4, "DELETE", path)


@pytest.mark.parametrize("body", [{}, {"attachment": {}}, {"attachment": {"volumeId": None}}, {"attachment": []}])
def test_attaching_needs_a_volume(instant: Client, body: object) -> None:
    instant.refused(-4, "POST", f"instances/{instant.create()}/attachments", body)


def test_an_attachments_own_id_does_not_detach(instant: Client) -> None:
    identifier, volume = instant.create(), instant.free_volume()
    attachment = instant.attach(identifier, volume)["id"]
    instant.refused(40404, "DELETE", f"instances/{identifier}/attachments", volumeId=attachment)


@pytest.mark.parametrize("status", ["ACTIVE", "STOP"])
def test_volumes_go_on_and_off_whether_running_or_not(timed: Client, status: str) -> None:
    identifier, volume = timed.create_in(status), timed.free_volume()
    timed.attach(identifier, volume)
    timed.ok("DELETE", f"instances/{identifier}/attachments", volumeId=volume)


def test_volumes_stay_where_they_are_on_a_failed_instance(timed: Client) -> None:
    timed.attach_refused(10409, timed.create_in("ERROR"), timed.free_volume())


def test_a_deleted_instance_leaves_its_volumes_floating_ip_and_addresses(timed: Client) -> None:
    identifier, volume, public = timed.create_in("ACTIVE"), timed.free_volume(), timed.free_floating_ip()
    timed.attach(identifier, volume)
    private = timed.detail(identifier)["addresses"][0]["ipAddress"]
    timed.act(identifier, "addFloatingIp", address=public["floatingIpAddress"], ipAddress=private)
    timed.ok("DELETE", "instances", id=identifier)
    assert timed.volume(volume)["status"] == "in-use"
    timed.refused(10409, "DELETE", f"instances/{identifier}/attachments", volumeId=volume)
    timed.sandbox.advance(60)
    assert timed.volume(volume)["status"] == "available"
    assert timed.ok("GET", "floating-ips", id=public["id"])["floatingips"] == [public]


# Floating IPs


def test_a_floating_ip_goes_on_and_off(instant: Client) -> None:
    identifier, free = instant.create(), instant.free_floating_ip()
    public, private = free["floatingIpAddress"], instant.detail(identifier)["addresses"][0]["ipAddress"]
    instant.act(identifier, "addFloatingIp", address=public, ipAddress=private)
    assert instant.detail(identifier)["addresses"][0]["floatingIpAddress"] == public
    (used,) = instant.ok("GET", "floating-ips", id=free["id"])["floatingips"]
    assert (used["status"], used["fixedIpAddress"]) == ("ACTIVE", private)
    assert used["portId"]
    instant.act(identifier, "removeFloatingIp", address=public)
    assert "floatingIpAddress" not in instant.detail(identifier)["addresses"][0]
    assert instant.ok("GET", "floating-ips", id=free["id"])["floatingips"] == [free]


def test_a_floating_ip_must_be_the_accounts_and_free_and_the_address_the_instances(instant: Client) -> None:
    one, other = instant.create(), instant.create()
    private, elsewhere = (instant.detail(i)["addresses"][0]["ipAddress"] for i in (one, other))
    public = instant.free_floating_ip()["floatingIpAddress"]
    instant.act_refused(22404, one, "addFloatingIp", address="203.0.113.9", ipAddress=private)
    assert "ipAddress" in instant.act_refused(-4, one, "addFloatingIp", address=public, ipAddress=elsewhere)
    instant.act(one, "addFloatingIp", address=public, ipAddress=private)
    instant.act_refused(22409, other, "addFloatingIp", address=public, ipAddress=elsewhere)
    second = instant.free_floating_ip()["floatingIpAddress"]
    assert "already" in instant.act_refused(22409, one, "addFloatingIp", address=second, ipAddress=private)


def test_a_floating_ip_is_removed_only_from_where_it_is(instant: Client) -> None:
    identifier, public = instant.create(), instant.free_floating_ip()["floatingIpAddress"]
    instant.act_refused(22409, identifier, "removeFloatingIp", address=public)
    instant.act_refused(22404, identifier, "removeFloatingIp", address="203.0.113.9")


@pytest.mark.parametrize("status", ["ACTIVE", "STOP"])
def test_floating_ips_and_groups_change_in_any_lasting_state(timed: Client, status: str) -> None:
    identifier, public = timed.create_in(status), timed.free_floating_ip()["floatingIpAddress"]
    private = timed.detail(identifier)["addresses"][0]["ipAddress"]
    timed.act(identifier, "addFloatingIp", address=public, ipAddress=private)
    timed.act(identifier, "removeFloatingIp", address=public)
    timed.act(identifier, "addSecurityGroup", name="db")
    timed.act(identifier, "removeSecurityGroup", name="db")


def test_changes_during_a_transition_outlast_it(timed: Client) -> None:
    identifier, public = timed.create_in("ACTIVE"), timed.free_floating_ip()["floatingIpAddress"]
    private = timed.detail(identifier)["addresses"][0]["ipAddress"]
    timed.act(identifier, "reboot", type="SOFT")
    timed.act(identifier, "addFloatingIp", address=public, ipAddress=private)
    timed.act(identifier, "addSecurityGroup", name="db")
    timed.sandbox.advance(60)
    detail = timed.detail(identifier)
    assert detail["status"] == "ACTIVE"
    assert detail["addresses"][0]["floatingIpAddress"] == public
    assert detail["securityGroups"] == [{"name": "default"}, {"name": "db"}]


# Security groups


def test_security_groups_are_added_once_and_removed_once(instant: Client) -> None:
    identifier = instant.create()
    instant.act(identifier, "addSecurityGroup", name="web")
    assert "already" in instant.act_refused(24409, identifier, "addSecurityGroup", name="web")
    assert instant.detail(identifier)["securityGroups"] == [{"name": "default"}, {"name": "web"}]
    instant.act(identifier, "removeSecurityGroup", name="web")
    instant.act_refused(24409, identifier, "removeSecurityGroup", name="web")
    for action in ("addSecurityGroup", "removeSecurityGroup"):
        instant.act_refused(24404, identifier, action, name="nobody")


def test_nothing_changes_on_an_instance_that_is_being_deleted(timed: Client) -> None:
    identifier, public = timed.create_in("ACTIVE"), timed.free_floating_ip()["floatingIpAddress"]
    private = timed.detail(identifier)["addresses"][0]["ipAddress"]
    timed.ok("DELETE", "instances", id=identifier)
    timed.act_refused(10409, identifier, "addFloatingIp", address=public, ipAddress=private)
    timed.act_refused(10409, identifier, "removeFloatingIp", address=public)
    timed.act_refused(10409, identifier, "addSecurityGroup", name="web")
    timed.act_refused(10409, identifier, "removeSecurityGroup", name="default")
