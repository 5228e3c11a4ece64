"""The state machine on the clock."""

from __future__ import annotations

import pytest

from tests.sandbox.support import UNKNOWN, Client

LASTING = ("ACTIVE", "STOP", "ERROR")
# action, parameters, the states that allow it, what it passes through, where it ends
ACTIONS = [
    ("start", {}, {"STOP"}, "POWERING_ON", "ACTIVE"),
    ("stop", {}, {"ACTIVE", "ERROR"}, "POWERING_OFF", "STOP"),
    ("reboot", {"type": "SOFT"}, {"ACTIVE"}, "REBOOTING", "ACTIVE"),
    ("reboot", {"type": "HARD"}, {"ACTIVE", "STOP", "ERROR"}, "REBOOTING", "ACTIVE"),
    ("resize", {"flavor": "m2.c4m8"}, {"STOP"}, "RESIZING", "STOP"),
]


def parameters_of(client: Client, parameters: dict[str, str]) -> dict[str, str]:
    return {"flavor": client.flavor(parameters["flavor"])} if "flavor" in parameters else parameters


@pytest.mark.parametrize("status", LASTING)
@pytest.mark.parametrize(("action", "parameters", "allowed", "passing", "ends"), ACTIONS)
def test_each_action_in_each_lasting_state(
    timed: Client, action: str, parameters: dict[str, str], allowed: set[str], passing: str, ends: str, status: str
) -> None:
    identifier = timed.create_in(status)
    sent = parameters_of(timed, parameters)
    if status not in allowed:
        assert status in timed.act_refused(10409, identifier, action, **sent)
        assert timed.status(identifier) == status
        return
    timed.act(identifier, action, **sent)
    assert timed.status(identifier) == passing
    timed.sandbox.advance(60)
    assert timed.status(identifier) == ends


def make_passing(client: Client, passing: str) -> str:
    if passing == "BUILD":
        return client.create()
    status = {"POWERING_ON": "STOP", "RESIZING": "STOP"}.get(passing, "ACTIVE")
    identifier = client.create_in(status)
    if passing == "DELETING":
        client.ok("DELETE", "instances", id=identifier)
    else:
        action, parameters = next((a, p) for a, p, _, through, _ in ACTIONS if through == passing)
        client.act(identifier, action, **parameters_of(client, parameters))
    assert client.status(identifier) == passing
    return identifier


@pytest.mark.parametrize("passing", ["BUILD", "POWERING_ON", "POWERING_OFF", "REBOOTING", "RESIZING", "DELETING"])
def test_nothing_is_started_in_a_passing_state(timed: Client, passing: str) -> None:
    identifier = make_passing(timed, passing)
    for action, parameters, *_ in ACTIONS:
        timed.act_refused(10409, identifier, action, **parameters_of(timed, parameters))
    timed.act_refused(10409, identifier, "uploadImage", name="x")
    timed.attach_refused(10409, identifier, timed.free_volume())
    assert timed.status(identifier) == passing


@pytest.mark.parametrize("passing", ["BUILD", "POWERING_ON", "POWERING_OFF", "REBOOTING", "RESIZING"])
def test_a_passing_instance_can_be_deleted(timed: Client, passing: str) -> None:
    identifier = make_passing(timed, passing)
    timed.ok("DELETE", "instances", id=identifier)
    timed.refused(10409, "DELETE", "instances", id=identifier)
    timed.sandbox.advance(60)
    timed.refused(10404, "GET", "instances", id=identifier)
    timed.refused(10404, "DELETE", "instances", id=identifier)


def test_a_new_instance_has_no_addresses_and_no_boot_until_it_is_built(timed: Client) -> None:
    identifier = timed.create()
    building = timed.detail(identifier)
    assert building["addresses"] == []
    assert "launchedAt" not in building
    timed.sandbox.advance(60)
    built = timed.detail(identifier)
    assert len(built["addresses"]) == 1
    assert building["createdAt"] == built["createdAt"] < built["launchedAt"] == built["updatedAt"]


def test_addresses_of_a_build_are_reserved_and_freed_with_it(timed: Client) -> None:
    lab = [{"id": timed.network("lab-net")}]
    identifiers = [timed.create(networks=lab) for _ in range(3)]
    timed.refused(20001, "POST", "instances", timed.new_instance(networks=lab))
    timed.ok("DELETE", "instances", id=identifiers[0])
    timed.create(networks=lab)


def test_a_boot_is_the_latest_one(timed: Client) -> None:
    identifier = timed.create_in("ACTIVE")
    first = timed.detail(identifier)
    timed.act(identifier, "reboot", type="SOFT")
    timed.sandbox.advance(60)
    second = timed.detail(identifier)
    assert second["launchedAt"] > first["launchedAt"]
    assert second["createdAt"] == first["createdAt"]
    timed.act(identifier, "stop")
    timed.sandbox.advance(60)
    stopped = timed.detail(identifier)
    assert stopped["launchedAt"] == second["launchedAt"]
    assert stopped["updatedAt"] > second["updatedAt"]


def test_transitions_follow_from_the_clock_and_not_from_reads(timed: Client) -> None:
    read, unread = timed.create(), timed.create()
    for _ in range(20):
        assert timed.status(read) == "BUILD"
    timed.sandbox.advance(60)
    assert timed.detail(read)["launchedAt"] < "2026-01-01T00:00:20"
    assert timed.detail(unread)["launchedAt"] < "2026-01-01T00:00:20"


def test_a_build_takes_seconds(timed: Client) -> None:
    identifier = timed.create()
    timed.sandbox.advance(3)
    assert timed.status(identifier) == "BUILD"
    timed.sandbox.advance(7)
    assert timed.status(identifier) == "ACTIVE"


def test_a_failed_build(timed: Client) -> None:
    timed.sandbox.fault("POST instances", "build-error")
    failed = timed.create()
    assert timed.status(failed) == "BUILD"
    timed.sandbox.advance(60)
    detail = timed.detail(failed)
    assert (detail["status"], detail["addresses"], "launchedAt" in detail) == ("ERROR", [], False)
    assert timed.detail(timed.create_in("ACTIVE"))["addresses"]


def test_instant_means_that_everything_is_over_when_the_call_answers(instant: Client) -> None:
    identifier = instant.create()
    assert instant.status(identifier) == "ACTIVE"
    for action, parameters, ends in (
        ("reboot", {"type": "HARD"}, "ACTIVE"),
        ("stop", {}, "STOP"),
        ("resize", {"flavor": "r2.c2m8"}, "STOP"),
        ("start", {}, "ACTIVE"),
    ):
        instant.act(identifier, action, **parameters_of(instant, parameters))
        assert instant.status(identifier) == ends
    assert instant.detail(identifier)["flavor"]["name"] == "r2.c2m8"
    instant.ok("DELETE", "instances", id=identifier)
    instant.refused(10404, "GET", "instances", id=identifier)


def test_a_resize_shows_the_new_flavor_when_it_is_done_and_keeps_the_root_disk(timed: Client) -> None:
    identifier = timed.create_in("STOP", volume={"size": 70})
    timed.act(identifier, "resize", flavor=timed.flavor("c2.c8m8"))
    assert timed.detail(identifier)["flavor"]["name"] == "m2.c2m4"
    timed.sandbox.advance(60)
    detail = timed.detail(identifier)
    assert detail["flavor"] == {"id": timed.flavor("c2.c8m8"), "name": "c2.c8m8", "cpu": 8, "ram": 8192}
    assert detail["volumes"]["root"] == {"size": 70}


@pytest.mark.parametrize(
    ("code", "flavor"),
    [(-4, "m2.c2m4"), (-4, "u2.c2m4"), (11409, "m1.c2m4")],
)
def test_what_an_instance_cannot_be_resized_to(timed: Client, code: int, flavor: str) -> None:
    identifier = timed.create_in("STOP")
    timed.act_refused(code, identifier, "resize", flavor=timed.flavor(flavor))
    timed.act_refused(11404, identifier, "resize", flavor=UNKNOWN)


def test_a_fixed_disk_is_never_resized(timed: Client) -> None:
    identifier = timed.create_in("STOP", flavor=timed.flavor("u2.c2m4"), volume=None)
    for flavor in ("u2.c4m8", "m2.c4m8"):
        timed.act_refused(-4, identifier, "resize", flavor=timed.flavor(flavor))


def test_a_resize_must_leave_the_image_its_ram(timed: Client) -> None:
    image = timed.image("Windows 2022 STD (KO)")["id"]
    identifier = timed.create_in("STOP", name="win-01", image=image, volume={"size": 50})
    assert "2048" in timed.act_refused(-4, identifier, "resize", flavor=timed.flavor("t2.c1m1"))
    timed.act(identifier, "resize", flavor=timed.flavor("m2.c1m2"))


@pytest.mark.parametrize(
    "body",
    [
        {"action": "reboot"},
        {"action": "reboot", "parameters": None},
        {"action": "reboot", "parameters": {}},
        {"action": "reboot", "parameters": []},
        {"action": "reboot", "parameters": "SOFT"},
        {"action": "reboot", "parameters": {"type": "soft"}},
        {"action": "reboot", "parameters": {"type": 1}},
        {"action": "resize", "parameters": {"flavor": None}},
        {"action": "uploadImage", "parameters": {"name": ""}},
        {"action": "addFloatingIp", "parameters": {"address": "198.18.0.1"}},
        {"action": "removeFloatingIp"},
        {"action": "addSecurityGroup", "parameters": {"name": ["web"]}},
        {"action": "removeSecurityGroup", "parameters": {}},
        {"action": "start", "parameters": 5},
        {"action": "START"},
        {"action": None},
        {"action": 1},
        {},
    ],
)
def test_an_action_must_be_known_and_complete(instant: Client, body: dict[str, object]) -> None:
    identifier = instant.create()
    instant.refused(-4, "POST", f"instances/{identifier}/action", body)


def test_an_action_without_parameters_of_its_own_takes_none_or_any(instant: Client) -> None:
    identifier = instant.create()
    for body in ({"action": "stop", "parameters": None}, {"action": "start", "parameters": {"x": 1}}):
        instant.ok("POST", f"instances/{identifier}/action", body)


@pytest.mark.parametrize(("action", "parameters", "allowed", "passing", "ends"), ACTIONS)
def test_an_action_on_an_unknown_instance(
    instant: Client, action: str, parameters: dict[str, str], allowed: set[str], passing: str, ends: str
) -> None:
    instant.act_refused(10404, UNKNOWN, action, **parameters_of(instant, parameters))
