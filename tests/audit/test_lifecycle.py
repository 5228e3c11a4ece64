"""Stopped, failed, stuck and old instances, on both sides of each threshold."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn
from tests.audit.builders import account, ago, clean, evidence, find, resources, without


def test_stopped_for_exactly_so_many_days_is_long_and_a_second_less_is_not() -> None:
    inventory = account(
        [
            clean(1, status="STOP", updatedAt=ago(days=30), createdAt=ago(days=40)),
            clean(2, status="STOP", updatedAt=ago(days=30, seconds=-1), createdAt=ago(days=40)),
            clean(3, status="ACTIVE", updatedAt=ago(days=300), createdAt=ago(days=400)),
        ]
    )
    assert evidence(inventory, "stopped-long") == {"id-1": "stopped for at least 30 days (updated 2026-10-02)"}
    assert resources(inventory, "stopped-long", days=29) == ["id-1", "id-2"]
    assert resources(inventory, "stopped-long", days=30.5) == []


def test_one_day_is_no_days() -> None:
    inventory = account([clean(1, status="STOP", updatedAt=ago(hours=47))])
    assert evidence(inventory, "stopped-long", days=1) == {"id-1": "stopped for at least 1 day (updated 2026-10-30)"}


def test_stopped_since_nobody_knows_when_is_possible_unless_it_is_too_young() -> None:
    unknown = without(clean(1, status="STOP", createdAt=ago(days=31)), "updatedAt")
    young = without(clean(2, status="STOP", createdAt=ago(days=29)), "updatedAt")
    nothing = without(clean(3, status="STOP"), "updatedAt", "createdAt")
    found = find(account([unknown, young, nothing]), "stopped-long")
    assert found.resource.tolist() == ["id-1", "id-3"]
    assert set(found.evidence) == {"stopped, and not known since when"}
    assert set(found.confidence) == {"possible"}


def test_the_time_that_is_given_counts_and_not_when_it_was_fetched() -> None:
    inventory = account([clean(1, status="STOP", updatedAt=ago(days=10), createdAt=ago(days=40))])
    later = tn.audit.run(inventory, checks=["stopped-long"], at="2026-11-21")
    assert later.evidence.tolist() == ["stopped for at least 30 days (updated 2026-10-22)"]
    assert len(tn.audit.run(inventory, checks=["stopped-long"])) == 0


@pytest.mark.parametrize(("root", "attached", "held"), [(50, [49], 99), (50, [50], 100), (100, [], 100), (99, [], 99)])
def test_stopped_disk_counts_root_and_attached(root: int, attached: list[int], held: int) -> None:
    volumes = {"root": {"size": root}, "attachments": [{"id": f"v{size}", "size": size} for size in attached]}
    inventory = account([clean(1, status="STOP", volumes=volumes), clean(2, status="ACTIVE", volumes=volumes)])
    expected = {"id-1": f"stopped, and keeps {held} GB of disk"} if held >= 100 else {}
    assert evidence(inventory, "stopped-disk") == expected
    assert resources(inventory, "stopped-disk", min_gb=held) == ["id-1"]
    assert resources(inventory, "stopped-disk", min_gb=held + 1) == []


def test_an_unknown_attached_size_leaves_the_root_as_what_is_held_at_least() -> None:
    unknown = {"root": {"size": 120}, "attachments": [{"id": "v"}]}
    inventory = account(
        [clean(1, status="STOP", volumes=unknown), clean(2, status="STOP", volumes={"attachments": [{"size": 500}]})]
    )
    assert evidence(inventory, "stopped-disk") == {"id-1": "stopped, and keeps at least 120 GB of disk"}


def test_floating_ips_on_a_stopped_instance_are_all_named() -> None:
    addresses = [
        {"ipAddress": "10.0.0.1", "floatingIpAddress": "198.18.0.2"},
        {"ipAddress": "10.0.0.2", "floatingIpAddress": "198.18.0.1"},
    ]
    inventory = account(
        [clean(1, status="STOP", addresses=addresses), clean(2, status="STOP"), clean(3, addresses=addresses)]
    )
    assert evidence(inventory, "floating-ip-on-stopped") == {
        "id-1": "stopped, and keeps floating IP 198.18.0.1, 198.18.0.2"
    }


def test_instances_in_error() -> None:
    inventory = account(
        [
            clean(1, status="ERROR", updatedAt=ago(days=3, hours=5)),
            without(clean(2, status="ERROR"), "updatedAt"),
            clean(3),
            clean(4, status=None),
        ]
    )
    assert evidence(inventory, "in-error") == {
        "id-1": "in ERROR for at least 3 days (updated 2026-10-28)",
        "id-2": "in ERROR, and not known since when",
    }


TRANSITIONS = ["BUILD", "POWERING_ON", "POWERING_OFF", "REBOOTING", "RESIZING", "MIGRATING", "DELETING"]


@pytest.mark.parametrize("status", TRANSITIONS)
def test_stuck_is_every_transition_after_an_hour_deleting_too(status: str) -> None:
    inventory = account(
        [
            clean(1, status=status, updatedAt=ago(hours=1)),
            clean(2, status=status, updatedAt=ago(minutes=59)),
            without(clean(3, status=status, createdAt=ago(days=2)), "updatedAt"),
            without(clean(4, status=status, createdAt=ago(minutes=30)), "updatedAt"),
        ]
    )
    found = find(inventory, "stuck-in-transition").set_index("resource")
    assert found.evidence.to_dict() == {
        "id-1": f"{status} for at least 1 hour (updated 2026-10-31)",
        "id-3": f"{status}, and not known since when",
    }
    assert found.confidence.to_dict() == {"id-1": "likely", "id-3": "possible"}
    assert resources(inventory, "stuck-in-transition", hours=0.5) == ["id-1", "id-2", "id-3", "id-4"]


@pytest.mark.parametrize("status", ["ACTIVE", "STOP", "ERROR", None, "SHELVED"])
def test_a_state_that_stays_is_not_stuck(status: str | None) -> None:
    assert resources(account([clean(1, status=status, updatedAt=ago(days=9))]), "stuck-in-transition") == []


def test_old_is_by_creation_and_never_by_the_latest_boot() -> None:
    years = 365.25
    inventory = account(
        [
            clean(1, createdAt=ago(days=4 * years), launchedAt=ago(days=1)),
            clean(2, createdAt=ago(days=4 * years, seconds=-1), launchedAt=ago(days=4000)),
            without(clean(3, launchedAt=ago(days=4000)), "createdAt"),
        ]
    )
    assert evidence(inventory, "old-instance") == {"id-1": "made 4.0 years ago (created 2022-11-01)"}
    assert resources(inventory, "old-instance", years=1) == ["id-1", "id-2"]
    assert resources(inventory, "old-instance", years=5) == []


@pytest.mark.parametrize("at", ["2026-11-01", pd.Timestamp("2026-11-01").as_unit("ns")])
def test_times_as_old_as_the_calendar_are_times(at: object) -> None:
    inventory = account([clean(1, createdAt="0001-01-01T00:00:00Z", updatedAt="0001-01-01T00:00:00Z", status="STOP")])
    findings = tn.audit.run(inventory, checks=["old-instance", "stopped-long"], at=at)
    assert findings.evidence.tolist() == [
        "stopped for at least 739920 days (updated 0001-01-01)",
        "made 2025.8 years ago (created 0001-01-01)",
    ]


def test_a_change_after_the_time_that_is_given_is_no_age_below_zero() -> None:
    inventory = account([clean(1, status="ERROR", updatedAt=ago(days=1))])
    findings = tn.audit.run(inventory, checks=["in-error"], at="2026-10-01")
    assert findings.evidence.tolist() == ["in ERROR for at least 0 days (updated 2026-10-31)"]
