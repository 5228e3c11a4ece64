"""The names that users type are those of the design: functions, arguments, errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

import toastnb as tn

# As the design writes them; actions on instances take `wait` and `timeout` besides.
SIGNATURES = {
    "flavors": "()",
    "availability_zones": "()",
    "instances": "(id=None)",
    "instances_detail": "(id=None)",
    "keypairs": "(name=None)",
    "images": "()",
    "networks": "()",
    "subnets": "()",
    "security_groups": "()",
    "floating_ips": "()",
    "volumes": "()",
    "inventory": "()",
    "token_info": "()",
    "create_instance": "(*, name, image, flavor, network, zone, keypair, security_groups, root_gb=None, count=1)",
    "delete_instance": "(id, *, wait=False, timeout=600.0)",
    "start": "(id, *, wait=False, timeout=600.0)",
    "stop": "(id, *, wait=False, timeout=600.0)",
    "reboot": "(id, type='SOFT', *, wait=False, timeout=600.0)",
    "resize": "(id, flavor, *, wait=False, timeout=600.0)",
    "upload_image": "(id, name)",
    "add_floating_ip": "(id, address, ip_address)",
    "remove_floating_ip": "(id, address)",
    "add_security_group": "(id, name)",
    "remove_security_group": "(id, name)",
    "attach_volume": "(id, volume_id)",
    "detach_volume": "(id, volume_id)",
    "create_keypair": "(name, save_to)",
    "import_keypair": "(name, public_key)",
    "delete_keypair": "(name)",
    "wait": "(ids, status, timeout=600.0)",
    "close": "()",
}


def signature(function: Callable[..., object]) -> str:
    """Return a signature without its annotations, and without self."""
    full = inspect.signature(function)
    parameters = [p.replace(annotation=inspect.Parameter.empty) for p in full.parameters.values()]
    kept = [p for p in parameters if p.name != "self"]
    return str(full.replace(parameters=kept, return_annotation=inspect.Signature.empty))


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_methods_arguments(name: str) -> None:
    assert signature(getattr(tn.Toast, name)) == SIGNATURES[name]


def test_connects_arguments() -> None:
    assert signature(tn.connect) == (
        "(profile=None, *, appkey=None, username=None, password=None, base_url=None, read_only=False, timeout=None)"
    )


def test_connect_manys_arguments() -> None:
    assert signature(tn.connect_many) == "(projects, *, at_once=16, timeout=None)"
    assert signature(tn.Projects.audit) == "(checks=None, waivers=None, rules=None, at=None, history=None)"
    assert signature(tn.Projects.record) == "(store, at=None)"


def test_the_inventorys_arguments() -> None:
    assert signature(tn.load_inventory) == "(path)"
    assert signature(tn.Inventory.save) == "(path)"
    assert signature(tn.Inventory.with_metadata) == "(*keys)"


@pytest.mark.parametrize("name", SIGNATURES)
def test_every_method_says_what_it_does(name: str) -> None:
    assert inspect.getdoc(getattr(tn.Toast, name))


def test_a_sandbox_goes_by_its_name_or_itself(sandbox: tn.Sandbox) -> None:
    with tn.connect(sandbox) as toast:
        assert len(toast.instances()) == 40
    sandbox.stop()
    sandbox.start()  # it was not ours to stop
    with tn.connect("sandbox") as toast:
        assert len(toast.instances()) == 250
        assert repr(toast).startswith("<Toast 'sandbox' at http://127.0.0.1:")


KINDS = {
    "CredentialsError": Exception,
    "PermissionDenied": Exception,
    "NotFound": Exception,
    "Conflict": Exception,
    "InvalidInput": ValueError,
    "ServiceFailure": Exception,
    "BadAnswer": Exception,
    "NetworkFailure": Exception,
    "DeadlineExceeded": TimeoutError,
    "ReadOnly": Exception,
    "MissingExtra": ImportError,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_of_error(name: str) -> None:
    kind = getattr(tn, name)
    assert issubclass(kind, tn.ToastError)
    assert issubclass(kind, KINDS[name])
    error = kind("it is so", action="Doing it", hint="Do that.", code=5, may_have_happened=True)
    assert (error.code, error.action, error.hint, error.may_have_happened) == (5, "Doing it", "Do that.", True)
    assert str(error).startswith("Doing it: it is so. ")
    assert str(error).endswith(" Do that.")
    plain = kind("it is so")
    assert (plain.code, plain.action, plain.may_have_happened) == (None, "", False)
    assert str(plain).startswith("it is so.")


def test_kinds_of_error_are_no_kinds_of_each_other() -> None:
    kinds = [getattr(tn, name) for name in KINDS]
    assert not [(a, b) for a in kinds for b in kinds if a is not b and issubclass(a, b)]


def test_what_is_public_can_be_had() -> None:
    names = {"Inventory", "Projects", "Sandbox", "Toast", "connect", "connect_many", "load_inventory", *KINDS}
    assert {*names, "ToastError"} <= set(tn.__all__)
    for name in names:
        assert name in dir(tn)
        assert getattr(tn, name).__doc__
    with pytest.raises(AttributeError):
        _ = tn.no_such_name


def test_tab_shows_what_is_meant_for_users() -> None:
    assert dir(tn.capacity) == [
        "compare",
        "cost",
        "disk_options",
        "disk_sizing",
        "flavor_mix",
        "forecast",
        "forecast_series",
        "growth",
        "growth_series",
        "headroom",
        "largest_disks",
        "limits_of",
        "price_template",
        "reclaimable",
        "single_zone",
        "totals",
        "volumes_per_instance",
        "what_if",
        "zone_balance",
        "zone_failure",
    ]
    assert dir(tn.history) == ["History", "compact", "diff", "not_compared", "open_store", "record", "waterfall"]
    assert {"churn", "forecast", "growth", "waterfall"} <= set(dir(tn.plots))
    assert dir(tn.report) == ["OverTime", "copy_notebooks", "over_time", "summary", "table", "write"]
    audit = ["as_json", "catalogue", "fails", "run", "sarif", "summary", "unknowable", "waived", "waivers"]
    assert dir(tn.audit) == audit
    assert dir(tn.forms) == ["actions", "console", "login"]
