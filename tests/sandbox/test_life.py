"""What days bring: seeded, within the rules, and with what a history is for: growth, churn, a migration, a leak."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import toastnb as tn
from tests.sandbox.support import Client, Json, signed_in
from tests.sandbox.test_control import control
from toastnb.sandbox import Sandbox
from toastnb.sandbox.life_plan import GROWTH, MIGRATION

START = "2026-01-01T00:00:00Z"
LONG = 3e8  # seconds that a token lives: years of days


def account(sandbox: Sandbox, folder: Path) -> Json:
    """Return all that an account holds, as a state file has it."""
    sandbox.save(folder / "state.json")
    state: Json = json.loads((folder / "state.json").read_text("utf-8"))["state"]
    return state


def after(folder: Path, *spans: int, seed: int = 7, instances: int = 250, **options: Any) -> Json:
    """Return what an account holds after spans of days, but for the time, in which real seconds have ticked."""
    sandbox = Sandbox(instances=instances, seed=seed, start=START, **options)
    for days in spans:
        sandbox.live(days)
    return account(sandbox, folder) | {"time": None}


def twice(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


def violations(state: Json) -> list[str]:
    """Return in words what must hold in an account whatever happened, and does not."""
    vms, volumes = state["instances"], state["volumes"]
    on_volumes = {(one["id"], at["instanceId"]) for one in volumes for at in one["attachments"]}
    on_instances = {(one["id"], vm["id"]) for vm in vms for one in vm["volumes"]["attachments"]}
    held = [one for vm in vms for one in vm["addresses"]]
    used = {one["floatingIpAddress"]: one["ipAddress"] for one in held if "floatingIpAddress" in one}
    active = {one["floatingIpAddress"]: one["fixedIpAddress"] for one in state["floating_ips"] if one["fixedIpAddress"]}
    sizes = {one["id"]: one["size"] for one in volumes}
    zones = {one["id"]: one["availabilityZone"] for one in volumes}
    now = state["time"] or "9999"
    checks = {
        "ids are there twice": twice(one["id"] for one in [*vms, *volumes, *state["floating_ips"]]),
        "addresses are there twice": twice(one["ipAddress"] for one in held),
        "floating IPs are there twice": twice(one["floatingIpAddress"] for one in state["floating_ips"]),
        "instances and floating IPs disagree": sorted(used.items() ^ active.items()),
        "instances and volumes disagree": sorted(on_volumes ^ on_instances),
        "volumes are on several instances": twice(volume for volume, _ in on_volumes),
        "devices are there twice": twice(
            f"{at['instanceId']} {at['device']}" for one in volumes for at in one["attachments"]
        ),
        "states of volumes are wrong": [
            one["id"] for one in volumes if (one["status"] == "in-use") != bool(one["attachments"])
        ],
        "sizes or zones of volumes are wrong": [
            one["id"]
            for vm in vms
            for one in vm["volumes"]["attachments"]
            if (sizes[one["id"]], zones[one["id"]]) != (one["size"], vm["availabilityZone"])
        ],
        "times are out of order": [
            vm["name"]
            for vm in vms
            if not vm["createdAt"] <= vm.get("launchedAt", vm["createdAt"]) <= vm["updatedAt"] <= now
        ],
        "statuses pass": [vm["name"] for vm in vms if vm["status"] not in ("ACTIVE", "STOP", "ERROR")],
        "names are too long": [vm["name"] for vm in vms if len(vm["name"]) > 20],
        "names of Windows are too long": [
            vm["name"] for vm in vms if vm["metadata"].get("os_type") == "windows" and len(vm["name"]) > 12
        ],
    }
    return [f"{said}: {found[:5]}" for said, found in checks.items() if found]


def statuses(state: Json) -> Counter[str]:
    return Counter(vm["status"] for vm in state["instances"])


def test_the_same_seed_lives_the_same_life_however_it_is_cut(tmp_path: Path) -> None:
    whole = after(tmp_path, 75)
    assert whole == after(tmp_path, 1, 0, 24, 50)
    assert whole != after(tmp_path, 75, seed=8)
    assert whole["days_lived"] == 75


@pytest.mark.parametrize("seed", [7, 1])
def test_months_break_no_rule(tmp_path: Path, seed: int) -> None:
    sandbox = Sandbox(seed=seed, start=START)
    names: set[str] = set()
    for _ in range(6):
        sandbox.live(30)
        state = account(sandbox, tmp_path)
        assert violations(state) == []
        disabled = {flavor["id"] for flavor in state["flavors"] if flavor["disabled"]}
        assert not [vm["name"] for vm in state["instances"] if vm["flavor"]["id"] in disabled]
        names |= {vm["name"] for vm in state["instances"]}
    assert len(names) > 400


def test_a_thousand_grow_as_planned_and_more_on_weekdays(tmp_path: Path) -> None:
    ratios, made = [], Counter[int]()
    for seed in (1, 2, 3):
        sandbox = Sandbox(instances=1000, seed=seed, start=START)
        before = statuses(account(sandbox, tmp_path))["ACTIVE"]
        end = sandbox.live(91)
        state = account(sandbox, tmp_path)
        ratios.append(statuses(state)["ACTIVE"] / before)
        born = [datetime.fromisoformat(vm["createdAt"]) for vm in state["instances"]]
        made.update(moment.weekday() for moment in born if moment >= (end - timedelta(days=91)).replace(tzinfo=None))
        assert violations(state) == []
    assert math.exp(GROWTH * 91) - 0.04 < sum(ratios) / 3 < math.exp(GROWTH * 91) + 0.04
    assert min(made[day] for day in range(5)) > 2 * max(made[5], made[6])


def test_moments_lie_within_their_day(tmp_path: Path) -> None:
    sandbox = Sandbox(start="2026-01-01T09:30:00Z")
    known: set[str] = set()
    hours = Counter[int]()
    begin = datetime.fromisoformat("2026-01-01T09:30:00")
    known = {vm["id"] for vm in account(sandbox, tmp_path)["instances"]}
    for _ in range(40):
        end = sandbox.live().replace(tzinfo=None)
        assert end - begin == timedelta(days=1)
        new = [vm for vm in account(sandbox, tmp_path)["instances"] if vm["id"] not in known]
        moments = [datetime.fromisoformat(vm[key]) for vm in new for key in ("createdAt", "launchedAt", "updatedAt")]
        assert all(begin <= moment <= end for moment in moments)
        hours.update(moment.hour for moment in moments)
        known |= {vm["id"] for vm in new}
        begin = end
    assert len(hours) > 12


@pytest.mark.parametrize("seed", [7, 2])
def test_one_application_migrates_within_days(seed: int) -> None:
    with Sandbox(seed=seed, start=START, token_lifetime=LONG) as sandbox, signed_in(sandbox) as client:
        flavors = {vm["id"]: vm["flavor"]["name"] for vm in client.details()}
        moved: dict[int, list[str]] = {}
        for day in range(90):
            sandbox.live()
            for vm in client.details():
                before, now = flavors.get(vm["id"]), vm["flavor"]["name"]
                if before and before != now and before.startswith("m2") and now.startswith("c2"):
                    moved.setdefault(day, []).append(vm["name"].split("-")[0])
                flavors[vm["id"]] = now
    first = min(moved)
    assert 50 <= first <= 70
    assert sorted(moved) == [first + day for day in MIGRATION]
    assert len({app for apps in moved.values() for app in apps}) == 1
    assert len(moved[first + 3]) > 3 * len(moved[first]) > 0
    assert sum(map(len, moved.values())) > 20


def test_what_is_stopped_and_forgotten_grows(tmp_path: Path) -> None:
    sandbox = Sandbox(start=START)
    stopped = [{vm["id"] for vm in account(sandbox, tmp_path)["instances"] if vm["status"] == "STOP"}]
    for _ in range(3):
        sandbox.live(40)
        stopped.append({vm["id"] for vm in account(sandbox, tmp_path)["instances"] if vm["status"] == "STOP"})
    assert [len(ids) for ids in stopped] == sorted({len(ids) for ids in stopped})
    assert len(stopped[3]) > 1.5 * len(stopped[0])
    assert stopped[0] <= stopped[3]  # nobody remembers those


def test_what_is_left_behind_and_what_is_added(tmp_path: Path) -> None:
    before, state = after(tmp_path), after(tmp_path, 120)
    ids = {volume["id"] for volume in before["volumes"]}
    free = [volume for volume in state["volumes"] if volume["status"] == "available"]
    assert [volume for volume in free if "-data" in volume["name"]]
    assert {volume["id"] for volume in before["volumes"] if volume["status"] == "available"} <= {v["id"] for v in free}
    assert [volume for volume in state["volumes"] if volume["id"] not in ids and volume["status"] == "in-use"]
    assert ids - {volume["id"] for volume in state["volumes"]}
    keys = [keypair["name"] for keypair in state["keypairs"]]
    assert len(before["keypairs"]) < len(keys) == len(set(keys))
    assert state["images"] == before["images"]
    assert state["networks"] == before["networks"]


def test_what_a_day_brings_is_what_the_calls_answer(tmp_path: Path) -> None:
    with Sandbox(instances=60, start=START) as sandbox, tn.connect(sandbox) as toast:
        before = toast.inventory()
        end = sandbox.live(days=30)  # tokens end meanwhile
        now = toast.inventory()
        created = now.instances_detail[~now.instances_detail.instance_id.isin(before.instances_detail.instance_id)]
        gone = before.instances_detail[~before.instances_detail.instance_id.isin(now.instances_detail.instance_id)]
        assert len(now.instances) == len(before.instances) + len(created) - len(gone)
        assert len(created) > 0
        assert created.created_at.between("2026-01-01T00:00:00Z", end).all()
        state = account(sandbox, tmp_path)
    assert now.instances_detail.instance_id.tolist() == [vm["id"] for vm in state["instances"]]
    assert now.instances_detail.disk_gb.sum() == now.disks.size_gb.sum()
    attached = now.disks[now.disks.role == "attached"].set_index("volume_id").size_gb.sort_index()
    volumes = now.volumes[now.volumes.status == "in-use"].set_index("volume_id").size_gb.sort_index()
    assert attached.tolist() == volumes.tolist()
    assert attached.index.tolist() == volumes.index.tolist()


def test_reset_goes_back_to_the_start_of_life(tmp_path: Path) -> None:
    sandbox = Sandbox(instances=60, start=START)
    start = account(sandbox, tmp_path) | {"time": None}
    sandbox.live(30)
    lived = account(sandbox, tmp_path) | {"time": None}
    sandbox.reset()
    assert account(sandbox, tmp_path) | {"time": None} == start
    sandbox.live(30)
    assert account(sandbox, tmp_path) | {"time": None} == lived


def test_a_saved_life_goes_on(tmp_path: Path) -> None:
    sandbox = Sandbox(instances=60, start=START)
    sandbox.live(45)
    sandbox.save(tmp_path / "half.json")
    copy = Sandbox(state=tmp_path / "half.json")

    def left(one: Sandbox) -> list[tuple[str, str, str]]:
        one.live(45)
        vms = account(one, tmp_path)["instances"]
        return [(vm["id"], vm["status"], vm["flavor"]["name"]) for vm in vms]

    assert left(copy) == left(sandbox)


def test_an_account_of_ones_own_lives_too(tmp_path: Path, toast: tn.Toast) -> None:
    inventory = toast.inventory()
    some = {name: inventory.tables[name] for name in ("instances", "instances_detail", "disks", "addresses")}
    for tables in (inventory.tables, some):
        absent = {name: "not served" for name in inventory.tables if name not in tables}
        saved = tn.Inventory(tables, absent, inventory.fetched_at).save(tmp_path / f"{len(tables)}.zip")
        sandbox = Sandbox(inventory=saved, start="2028-01-01T00:00:00Z")
        before = len(account(sandbox, tmp_path)["instances"])
        sandbox.live(120)
        state = account(sandbox, tmp_path)
        assert violations(state) == []
        assert len(state["instances"]) > before


def test_an_account_without_instances_stays_empty(tmp_path: Path) -> None:
    state = after(tmp_path, 90, instances=0)
    assert (state["instances"], state["days_lived"]) == ([], 90)


def test_a_full_network_takes_no_more(tmp_path: Path) -> None:
    state = after(tmp_path, instances=60) | {"time": "2026-01-01T00:00:00Z"}
    taken = {one["ipAddress"] for vm in state["instances"] for one in vm["addresses"]}
    for subnet in state["subnets"]:
        subnet["allocationPools"] = []
    file = {"format": "toastnb-sandbox-state", "version": 1, "state": state}
    (tmp_path / "full.json").write_text(json.dumps(file), "utf-8")
    sandbox = Sandbox(state=tmp_path / "full.json")
    sandbox.live(200)
    left = account(sandbox, tmp_path)
    assert violations(left) == []
    assert len(left["instances"]) < 60
    assert {one["ipAddress"] for vm in left["instances"] for one in vm["addresses"]} < taken


def test_what_users_did_lives_on(timed: Client, tmp_path: Path) -> None:
    timed.sandbox.advance(3000)
    made = timed.create(name="mine-prod-01")
    timed.sandbox.live(40)
    timed.sign_in()
    assert timed.status(made) == "ACTIVE"
    assert violations(account(timed.sandbox, tmp_path)) == []


def test_life_over_http(timed: Client) -> None:
    assert control(timed, "POST", "life", {"days": 2}) == {"now": "2026-01-03T00:00:00.000000"}
    assert control(timed, "GET", "clock")["now"].startswith("2026-01-03T00:0")
    assert timed.sandbox.live().isoformat() == "2026-01-04T00:00:00+00:00"


BAD = [{}, {"days": -1}, {"days": 3651}, {"days": 1.5}, {"days": "1"}, {"days": None}, {"days": 1, "more": 1}, "x"]


@pytest.mark.parametrize("body", BAD)
def test_bad_input_over_http_is_explained(timed: Client, body: Any) -> None:
    start = timed.details()
    assert control(timed, "POST", "life", body, status=400)["error"]
    assert timed.details() == start


@pytest.mark.parametrize("days", [-1, 3651, 1.5, "1", None, float("nan")])
def test_days_that_make_no_sense(timed: Client, days: Any) -> None:
    start = timed.details()
    with pytest.raises(ValueError, match=r"days must be a whole number of 0 to 3,650"):
        timed.sandbox.live(days)
    assert timed.details() == start


def test_life_ends_with_the_clock(tmp_path: Path) -> None:
    sandbox = Sandbox(instances=5, start="8999-12-31T00:00:00Z")
    sandbox.advance(900 * 365.25 * 86_400)
    with pytest.raises(ValueError, match="the clock ends"):
        sandbox.live(3650)
    assert account(sandbox, tmp_path)["days_lived"] == 0
