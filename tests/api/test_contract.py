"""`Api` against the sandbox: what each of the guide's 23 calls answers, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

import toastnb as tn
from tests.support import NO_SUCH_ID
from toastnb import wire
from toastnb.api import Api
from toastnb.redaction import Secret

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkNcX0ghbaGMnLS1sjyxTWOmVNs5CWGrl+/9OwMdN2k someone"


def refused(
    call: Callable[[], object], kind: type[tn.ToastError], code: int, *, fate_open: bool = False
) -> tn.ToastError:
    """Check that the service refuses a call with a code, and that this becomes a kind of error."""
    with pytest.raises(tn.ToastError) as caught:
        call()
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.may_have_happened is fate_open
    assert f"the service answered {code} (" in str(caught.value)
    return caught.value


def instance(api: Api, status: str = "ACTIVE", **wanted: Callable[[Any], bool]) -> wire.InstanceDetail:
    """Return an instance in a state, of which certain fields fulfil certain conditions."""
    return next(
        i
        for i in api.instances_detail()
        if i.status == status and all(holds(getattr(i, field)) for field, holds in wanted.items())
    )


def resizable(api: Api) -> wire.InstanceDetail:
    return instance(api, "STOP", flavor=lambda f: f.name.startswith(("m2", "c2", "r2")))


def new_instance(api: Api, **changes: Any) -> wire.NewInstance:
    values: dict[str, Any] = {
        "name": "made-by-test",
        "image": next(i.id for i in api.images() if i.name == "Debian 12"),
        "flavor": flavor(api, "m2.c2m4"),
        "networks": [wire.NetworkId(id=network(api, "Default Network"))],
        "availability_zone": "kr-pub-a",
        "key_name": "ops-shared",
        "security_groups": [wire.SecurityGroupRef(name="default")],
        "volume": wire.RootSize(size=50),
    }
    return wire.NewInstance(**{**values, **changes})


def flavor(api: Api, name: str) -> str:
    return next(f.id for f in api.flavors() if f.name == name)


def network(api: Api, name: str) -> str:
    return next(n.id for n in api.networks() if n.name == name)


def status_of(api: Api, instance_id: str) -> str | None:
    return api.instances(instance_id)[0].status


# --- tokens ----------


def test_call_1_issues_a_token(api: Api, sandbox: tn.Sandbox) -> None:
    access = api.create_token(sandbox.username, Secret(sandbox.password))
    assert UUID(access.token.id.reveal())
    assert datetime.fromisoformat(access.token.issued_at)
    assert datetime.fromisoformat(access.token.expires)
    assert UUID(access.user.id)
    assert [role.name for role in access.user.roles] == ["ADMIN"]


def test_call_1_refuses_a_wrong_password(api: Api, sandbox: tn.Sandbox) -> None:
    refused(lambda: api.create_token(sandbox.username, Secret("wrong")), tn.CredentialsError, -1)
    assert sandbox.calls["POST tokens"] == 1


def test_call_1_refuses_a_wrong_appkey(sandbox: tn.Sandbox) -> None:
    account = {"appkey": "wrong", "username": sandbox.username, "password": sandbox.password}
    with tn.connect(**account, base_url=sandbox.base_url) as toast:
        refused(toast.flavors, tn.CredentialsError, -3)


def test_call_2_tells_of_the_connections_own_token(api: Api, sandbox: tn.Sandbox) -> None:
    first, again = api.token(), api.token()
    assert first.token.id.reveal() == again.token.id.reveal()
    assert [role.name for role in first.user.roles] == ["ADMIN"]
    assert sandbox.calls == {"POST tokens": 1, "GET tokens": 2}


def test_call_2_refuses_an_unknown_token(api: Api) -> None:
    refused(lambda: api.token(Secret("unknown")), tn.NotFound, 50404)


# --- zones, flavors ----------


def test_call_3_lists_the_zones(api: Api) -> None:
    zones = {zone.zone_name: zone.zone_state.available for zone in api.availability_zones()}
    assert zones == {"kr-pub-a": True, "kr-pub-b": True, "kr-pub-c": False}


def test_call_19_lists_the_flavors(api: Api) -> None:
    flavors = {flavor.name: flavor for flavor in api.flavors()}
    ordinary, fixed, small = flavors["m2.c4m8"], flavors["u2.c2m4"], flavors["t2.c1m1"]
    assert (ordinary.type, ordinary.vcpus, ordinary.ram, ordinary.ephemeral) == ("general", 4, 8192, 0)
    assert (ordinary.disabled, ordinary.is_public) == (False, True)
    assert (ordinary.volume_size, ordinary.max_volume_size) == (None, None)
    assert (fixed.volume_size, small.max_volume_size) == (60, 100)


# --- instances ----------


def test_call_4_lists_all_instances_or_one(api: Api) -> None:
    everything = api.instances()
    assert len(everything) == 40
    assert api.instances(everything[3].id) == [everything[3]]


def test_call_4_refuses_an_unknown_id(api: Api) -> None:
    refused(lambda: api.instances(NO_SUCH_ID), tn.NotFound, 10404)


def test_call_5_lists_all_instances_in_full_or_one(api: Api) -> None:
    everything = list(api.instances_detail())
    assert [i.id for i in everything] == [i.id for i in api.instances()]
    rich = instance(api, volumes=lambda v: v.attachments)
    assert list(api.instances_detail(rich.id)) == [rich]
    assert rich.availability_zone in {"kr-pub-a", "kr-pub-b"}
    assert rich.image in {image.id for image in api.images()}
    assert rich.key_name in {keypair.name for keypair in api.keypairs()}
    assert (rich.flavor.cpu, rich.flavor.ram) == next(
        (f.vcpus, f.ram) for f in api.flavors() if f.id == rich.flavor.id and f.name == rich.flavor.name
    )
    assert rich.addresses[0].mac_address.count(":") == 5
    assert rich.addresses[0].version == 4
    public = instance(api, addresses=lambda a: a[0].floating_ip_address).addresses[0].floating_ip_address
    assert public in {floating_ip.floating_ip_address for floating_ip in api.floating_ips()}
    assert rich.volumes.root.size >= 20
    assert {v.id for v in rich.volumes.attachments} <= {v.id for v in api.volumes()}
    assert {g.name for g in rich.security_groups} <= {g.name for g in api.security_groups()}
    assert rich.metadata
    for time in (rich.created_at, rich.updated_at, rich.launched_at):
        assert datetime.fromisoformat(time)


def test_call_5_refuses_an_unknown_id(api: Api) -> None:
    refused(lambda: api.instances_detail(NO_SUCH_ID), tn.NotFound, 10404)


def test_call_6_makes_an_instance(api: Api) -> None:
    made = api.create_instance(new_instance(api))
    assert (made.name, made.status) == ("made-by-test", "ACTIVE")
    detail = next(iter(api.instances_detail(made.id)))
    assert (detail.availability_zone, detail.key_name, detail.volumes.root.size) == (
        "kr-pub-a",
        "ops-shared",
        50,
    )
    assert [g.name for g in detail.security_groups] == ["default"]
    assert detail.flavor.name == "m2.c2m4"


def test_call_6_makes_several_and_answers_one(api: Api) -> None:
    made = api.create_instance(new_instance(api, count=3))
    names = {i.name: i.id for i in api.instances()}
    assert {"made-by-test-1", "made-by-test-2", "made-by-test-3"} <= names.keys()
    assert made.id in names.values()
    assert len(names) == 43


def test_call_6_takes_no_disk_size_for_a_fixed_disk(api: Api) -> None:
    fixed = flavor(api, "u2.c2m4")
    made = api.create_instance(new_instance(api, flavor=fixed, volume=None))
    assert next(iter(api.instances_detail(made.id))).volumes.root.size == 60
    refused(lambda: api.create_instance(new_instance(api, flavor=fixed)), tn.InvalidInput, -4)


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"name": "under_score"}, tn.InvalidInput, -4),
        ({"name": "x" * 21}, tn.InvalidInput, -4),
        ({"count": 11}, tn.InvalidInput, -4),
        ({"volume": None}, tn.InvalidInput, -4),
        ({"volume": wire.RootSize(size=55)}, tn.InvalidInput, -4),
        ({"volume": wire.RootSize(size=1010)}, tn.InvalidInput, -4),
        ({"image": NO_SUCH_ID}, tn.NotFound, 30404),
        ({"flavor": NO_SUCH_ID}, tn.NotFound, 11404),
        ({"networks": [wire.NetworkId(id=NO_SUCH_ID)]}, tn.NotFound, 20004),
        ({"availability_zone": "kr-pub-z"}, tn.NotFound, 12404),
        ({"availability_zone": "kr-pub-c"}, tn.Conflict, 12409),
        ({"key_name": "nobody"}, tn.NotFound, 13404),
        ({"security_groups": [wire.SecurityGroupRef(name="nothing")]}, tn.NotFound, 24404),
    ],
    ids=str,
)
def test_call_6_refuses(api: Api, changes: dict[str, Any], kind: type[tn.ToastError], code: int) -> None:
    refused(lambda: api.create_instance(new_instance(api, **changes)), kind, code)
    assert len(api.instances()) == 40


def test_call_6_refuses_when_no_address_is_free(api: Api) -> None:
    small = [wire.NetworkId(id=network(api, "lab-net"))]
    refused(lambda: api.create_instance(new_instance(api, networks=small, count=4)), tn.Conflict, 20001)


def test_call_6_refuses_a_disabled_flavor(api: Api) -> None:
    disabled = flavor(api, "m1.c2m4")
    refused(lambda: api.create_instance(new_instance(api, flavor=disabled)), tn.Conflict, 11409)


def test_call_7_deletes_an_instance_once(api: Api) -> None:
    doomed = instance(api).id
    api.delete_instance(doomed)
    assert doomed not in {i.id for i in api.instances()}
    refused(lambda: api.delete_instance(doomed), tn.NotFound, 10404)


def free_volume(api: Api, zone: Callable[[str], bool] = lambda _: True) -> Any:
    return next(v for v in api.volumes() if v.status == "available" and zone(v.availability_zone))


def test_calls_8_and_9_attach_and_detach_a_volume(api: Api) -> None:
    volume = free_volume(api)
    to = instance(api, availability_zone=lambda z: z == volume.availability_zone)
    made = api.attach_volume(to.id, volume.id)
    assert made.volume_id == volume.id
    assert made.device.startswith("/dev/vd")
    held = next(v for v in api.volumes() if v.id == volume.id).attachments
    assert [(a.attachment_id, a.instance_id, a.device) for a in held] == [(made.id, to.id, made.device)]
    api.detach_volume(to.id, volume.id)
    assert next(v for v in api.volumes() if v.id == volume.id).status == "available"


def test_call_8_refuses_another_zone_a_used_volume_and_unknown_ones(api: Api) -> None:
    volume = free_volume(api)
    elsewhere = instance(api, availability_zone=lambda z: z != volume.availability_zone)
    used = next(v for v in api.volumes() if v.status == "in-use")
    refused(lambda: api.attach_volume(elsewhere.id, volume.id), tn.Conflict, 40409)
    refused(lambda: api.attach_volume(elsewhere.id, used.id), tn.Conflict, 40409)
    refused(lambda: api.attach_volume(elsewhere.id, NO_SUCH_ID), tn.NotFound, 40404)
    refused(lambda: api.attach_volume(NO_SUCH_ID, volume.id), tn.NotFound, 10404)


def test_call_9_refuses_a_volume_that_is_not_attached(api: Api) -> None:
    where, volume = instance(api).id, free_volume(api).id
    refused(lambda: api.detach_volume(where, volume), tn.NotFound, 40404)


# --- actions ----------


def test_calls_10_and_11_start_and_stop(api: Api) -> None:
    one = instance(api).id
    api.stop(one)
    assert status_of(api, one) == "STOP"
    refused(lambda: api.stop(one), tn.Conflict, 10409)
    api.start(one)
    assert status_of(api, one) == "ACTIVE"
    refused(lambda: api.start(one), tn.Conflict, 10409)


def test_call_11_stops_an_instance_in_error(api: Api, sandbox: tn.Sandbox) -> None:
    sandbox.fault("POST instances", "build-error")
    broken = api.create_instance(new_instance(api)).id
    assert status_of(api, broken) == "ERROR"
    api.stop(broken)
    assert status_of(api, broken) == "STOP"


@pytest.mark.parametrize("kind", ["SOFT", "HARD"])
def test_call_12_reboots(api: Api, kind: str) -> None:
    before = instance(api)
    api.reboot(before.id, kind)
    after = next(iter(api.instances_detail(before.id)))
    assert after.status == "ACTIVE"
    assert after.launched_at > before.launched_at


def test_call_12_refuses_a_soft_reboot_of_a_stopped_instance_and_an_unknown_kind(api: Api) -> None:
    stopped = instance(api, "STOP").id
    refused(lambda: api.reboot(stopped, "SOFT"), tn.Conflict, 10409)
    refused(lambda: api.reboot(stopped, "MEDIUM"), tn.InvalidInput, -4)


def test_call_13_resizes_a_stopped_instance(api: Api) -> None:
    stopped = resizable(api)
    api.resize(stopped.id, flavor(api, "x1.c16m128"))
    after = next(iter(api.instances_detail(stopped.id)))
    assert (after.status, after.flavor.name) == ("STOP", "x1.c16m128")
    assert after.volumes.root == stopped.volumes.root


def test_call_13_refuses(api: Api) -> None:
    stopped, running = resizable(api).id, instance(api).id
    refused(lambda: api.resize(stopped, flavor(api, "u2.c2m4")), tn.InvalidInput, -4)
    refused(lambda: api.resize(stopped, NO_SUCH_ID), tn.NotFound, 11404)
    refused(lambda: api.resize(running, flavor(api, "x1.c16m128")), tn.Conflict, 10409)


def test_call_14_makes_an_image_of_a_stopped_instance(api: Api) -> None:
    stopped = instance(api, "STOP").id
    made = api.upload_image(stopped, "golden 이미지")
    assert made.name == "golden 이미지"
    assert made.id in {image.id for image in api.images()}
    running = instance(api).id
    refused(lambda: api.upload_image(running, "golden"), tn.Conflict, 10409)


def test_calls_15_and_16_lead_a_floating_ip_to_an_instance_and_away(api: Api) -> None:
    free, other = [f.floating_ip_address for f in api.floating_ips() if f.status == "DOWN"][:2]
    one = instance(api, addresses=lambda a: a and not a[0].floating_ip_address)
    private = one.addresses[0].ip_address
    api.add_floating_ip(one.id, free, private)
    assert next(iter(api.instances_detail(one.id))).addresses[0].floating_ip_address == free
    refused(lambda: api.add_floating_ip(one.id, other, private), tn.Conflict, 22409)
    refused(lambda: api.add_floating_ip(one.id, "203.0.113.9", private), tn.NotFound, 22404)
    refused(lambda: api.add_floating_ip(one.id, other, "10.99.99.99"), tn.InvalidInput, -4)
    api.remove_floating_ip(one.id, free)
    assert next(iter(api.instances_detail(one.id))).addresses[0].floating_ip_address is None
    refused(lambda: api.remove_floating_ip(one.id, free), tn.Conflict, 22409)


def test_calls_17_and_18_add_and_remove_a_security_group(api: Api) -> None:
    one = instance(api).id
    api.add_security_group(one, "migration-2022")
    assert "migration-2022" in {g.name for g in next(iter(api.instances_detail(one))).security_groups}
    refused(lambda: api.add_security_group(one, "migration-2022"), tn.Conflict, 24409)
    api.remove_security_group(one, "migration-2022")
    assert "migration-2022" not in {g.name for g in next(iter(api.instances_detail(one))).security_groups}
    refused(lambda: api.remove_security_group(one, "migration-2022"), tn.Conflict, 24409)
    refused(lambda: api.remove_security_group(one, "nothing"), tn.NotFound, 24404)


ACTIONS: dict[str, Callable[[Api], object]] = {
    "start": lambda api: api.start(NO_SUCH_ID),
    "stop": lambda api: api.stop(NO_SUCH_ID),
    "reboot": lambda api: api.reboot(NO_SUCH_ID, "SOFT"),
    "resize": lambda api: api.resize(NO_SUCH_ID, flavor(api, "m2.c2m4")),
    "upload_image": lambda api: api.upload_image(NO_SUCH_ID, "golden"),
    "add_floating_ip": lambda api: api.add_floating_ip(NO_SUCH_ID, "198.18.0.1", "10.0.0.4"),
    "remove_floating_ip": lambda api: api.remove_floating_ip(NO_SUCH_ID, "198.18.0.1"),
    "add_security_group": lambda api: api.add_security_group(NO_SUCH_ID, "default"),
    "remove_security_group": lambda api: api.remove_security_group(NO_SUCH_ID, "default"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_calls_10_to_18_refuse_an_unknown_instance(api: Api, action: str) -> None:
    error = refused(lambda: ACTIONS[action](api), tn.NotFound, 10404)
    assert NO_SUCH_ID in error.action


# --- keypairs ----------


def test_call_20_lists_all_keypairs_without_time_or_one_with_it(api: Api) -> None:
    everything = api.keypairs()
    assert len(everything) == 9
    assert {keypair.created_at for keypair in everything} == {None}
    (one,) = api.keypairs("ops-shared")
    assert datetime.fromisoformat(one.created_at)
    assert one.public_key.startswith("ssh-ed25519 ")
    assert one.fingerprint
    refused(lambda: api.keypairs("nobody"), tn.NotFound, 13404)


def test_call_21_makes_a_keypair_and_shows_its_private_key_once(api: Api) -> None:
    made = api.create_keypair("운영 key")
    assert isinstance(made.private_key, Secret)
    assert "PRIVATE KEY" in made.private_key.reveal()
    (kept,) = api.keypairs("운영 key")
    assert (kept.public_key, kept.fingerprint) == (made.public_key, made.fingerprint)
    refused(lambda: api.create_keypair("운영 key"), tn.Conflict, 13409)


def test_call_22_takes_a_public_key(api: Api) -> None:
    made = api.import_keypair("mine", PUBLIC_KEY)
    assert made.private_key is None
    assert made.public_key.split()[:2] == PUBLIC_KEY.split()[:2]
    assert made.fingerprint == api.keypairs("mine")[0].fingerprint
    refused(lambda: api.import_keypair("mine", PUBLIC_KEY), tn.Conflict, 13409)
    refused(lambda: api.import_keypair("other", "no key at all"), tn.InvalidInput, -4)


def test_call_23_deletes_a_keypair(api: Api) -> None:
    api.delete_keypair("legacy-2016")
    assert "legacy-2016" not in {keypair.name for keypair in api.keypairs()}
    refused(lambda: api.delete_keypair("legacy-2016"), tn.NotFound, 13404)


# --- every call ----------

READS: dict[str, Callable[[Api], object]] = {
    "availability-zones": Api.availability_zones,
    "instances": Api.instances,
    "instances-detail": Api.instances_detail,
    "flavors": Api.flavors,
    "keypairs": Api.keypairs,
    "images": Api.images,
    "networks": Api.networks,
    "subnets": Api.subnets,
    "security-groups": Api.security_groups,
    "floating-ips": Api.floating_ips,
    "volumes": Api.volumes,
}


@pytest.mark.parametrize("path", READS)
def test_a_read_that_is_not_served_is_a_failure_of_the_service(api: Api, sandbox: tn.Sandbox, path: str) -> None:
    sandbox.fault(f"GET {path}", "code", code=-7, message="Not supported", times=None)
    refused(lambda: READS[path](api), tn.ServiceFailure, -7)
    assert sandbox.calls[f"GET {path}"] == 1


@pytest.mark.parametrize(
    ("code", "read", "write"),
    [
        (-4, tn.InvalidInput, tn.InvalidInput),
        (-5, tn.NotFound, tn.NotFound),
        (-7, tn.ServiceFailure, tn.ServiceFailure),
        (-8, tn.InvalidInput, tn.InvalidInput),
        (10400, tn.InvalidInput, tn.InvalidInput),
        (10403, tn.PermissionDenied, tn.PermissionDenied),
        (10404, tn.NotFound, tn.NotFound),
        (10409, tn.Conflict, tn.Conflict),
        (10413, tn.ServiceFailure, tn.ServiceFailure),
        (20001, tn.Conflict, tn.Conflict),
        (20004, tn.NotFound, tn.NotFound),
        (99999, tn.ServiceFailure, tn.ServiceFailure),
        (404, tn.ServiceFailure, tn.ServiceFailure),
    ],
)
def test_a_code_becomes_a_kind_of_error_and_nothing_is_repeated(
    api: Api, sandbox: tn.Sandbox, code: int, read: type[tn.ToastError], write: type[tn.ToastError]
) -> None:
    sandbox.fault("GET flavors", "code", code=code, message="so it is", times=None)
    sandbox.fault("DELETE instances", "code", code=code, message="so it is", times=None)
    assert "so it is" in str(refused(api.flavors, read, code))
    undocumented = code in {404, 99999}
    refused(lambda: api.delete_instance(NO_SUCH_ID), write, code, fate_open=undocumented)
    assert (sandbox.calls["GET flavors"], sandbox.calls["DELETE instances"]) == (1, 1)


@pytest.mark.parametrize("code", [-1, -2, -6])
@pytest.mark.usefixtures("no_backoff")
def test_a_failure_that_may_pass_is_repeated_for_a_read(api: Api, sandbox: tn.Sandbox, code: int) -> None:
    sandbox.fault("GET flavors", "code", code=code, times=2)
    assert api.flavors()
    assert sandbox.calls["GET flavors"] == 3
    sandbox.fault("GET flavors", "code", code=code, times=None)
    refused(api.flavors, tn.ServiceFailure, code)
    assert sandbox.calls["GET flavors"] == 7


@pytest.mark.parametrize(
    ("code", "kind", "fate_open"),
    [(-1, tn.Conflict, False), (-2, tn.ServiceFailure, True), (-6, tn.ServiceFailure, True)],
)
def test_a_failure_that_may_pass_is_not_repeated_for_a_write(
    api: Api, sandbox: tn.Sandbox, code: int, kind: type[tn.ToastError], fate_open: bool
) -> None:
    sandbox.fault("DELETE keypairs", "code", code=code)
    with pytest.raises(kind) as caught:
        api.delete_keypair("legacy-2016")
    assert (caught.value.code, caught.value.may_have_happened) == (code, fate_open)
    assert sandbox.calls["DELETE keypairs"] == 1
    assert api.keypairs("legacy-2016")
