"""A connection that only reads refuses every write before anything at all is sent."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import toastnb as tn
from tests.redaction.public_calls import READS, WRITES
from tests.support import NO_SUCH_ID
from toastnb import wire
from toastnb.api import Api

HARMLESS = {"close", "account", "wait"}
API_READS = {
    "availability_zones",
    "create_token",
    "flavors",
    "floating_ips",
    "images",
    "instances",
    "instances_detail",
    "keypairs",
    "networks",
    "security_groups",
    "subnets",
    "token",
    "volumes",
}
NEW = wire.NewInstance(
    name="n",
    image="i",
    flavor="f",
    networks=[],
    availability_zone="z",
    key_name="k",
    security_groups=[],
)


@pytest.fixture
def reader(sandbox: tn.Sandbox) -> Iterator[tn.Toast]:
    with tn.connect(sandbox, read_only=True, timeout=20) as reader:
        yield reader


def public_methods(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_every_method_is_known_here_as_a_read_or_a_write() -> None:
    writes = {name.partition(",")[0] for name in WRITES}
    assert public_methods(tn.Toast) == writes | READS.keys() | HARMLESS


@pytest.mark.parametrize("write", WRITES)
def test_a_write_is_refused(reader: tn.Toast, sandbox: tn.Sandbox, tmp_path: Path, write: str) -> None:
    with pytest.raises(tn.ReadOnly) as caught:
        WRITES[write](reader, tmp_path)
    assert "only reads, nothing was sent" in str(caught.value)
    assert "read_only" in caught.value.hint
    assert not caught.value.may_have_happened
    assert sandbox.calls == {}
    assert not list(tmp_path.glob("*.pem"))


@pytest.mark.parametrize("action", ["start", "stop", "reboot", "delete_instance"])
@pytest.mark.parametrize("wait", [False, True])
def test_an_action_on_many_is_refused(reader: tn.Toast, sandbox: tn.Sandbox, action: str, wait: bool) -> None:
    with pytest.raises(tn.ReadOnly):
        getattr(reader, action)([NO_SUCH_ID, "another"], wait=wait)
    assert sandbox.calls == {}


API_WRITES: dict[str, Callable[[Api], object]] = {
    "create_instance": lambda api: api.create_instance(NEW),
    "delete_instance": lambda api: api.delete_instance("i"),
    "attach_volume": lambda api: api.attach_volume("i", "v"),
    "detach_volume": lambda api: api.detach_volume("i", "v"),
    "start": lambda api: api.start("i"),
    "stop": lambda api: api.stop("i"),
    "reboot": lambda api: api.reboot("i", "SOFT"),
    "resize": lambda api: api.resize("i", "f"),
    "upload_image": lambda api: api.upload_image("i", "n"),
    "add_floating_ip": lambda api: api.add_floating_ip("i", "a", "b"),
    "remove_floating_ip": lambda api: api.remove_floating_ip("i", "a"),
    "add_security_group": lambda api: api.add_security_group("i", "g"),
    "remove_security_group": lambda api: api.remove_security_group("i", "g"),
    "create_keypair": lambda api: api.create_keypair("k"),
    "import_keypair": lambda api: api.import_keypair("k", "ssh-rsa AAAA"),
    "delete_keypair": lambda api: api.delete_keypair("k"),
}


def test_every_call_is_known_here_as_a_read_or_a_write() -> None:
    assert public_methods(Api) == API_READS | API_WRITES.keys()


@pytest.mark.parametrize("write", API_WRITES)
def test_the_calls_below_are_refused_too(reader: tn.Toast, sandbox: tn.Sandbox, write: str) -> None:
    with pytest.raises(tn.ReadOnly):
        API_WRITES[write](reader._api)
    assert sandbox.calls == {}


def test_reads_and_waits_are_served(reader: tn.Toast, sandbox: tn.Sandbox) -> None:
    assert len(reader.inventory().instances) == 40
    active = reader.instances().query("status == 'ACTIVE'").instance_id.iloc[0]
    assert reader.wait(active, "ACTIVE").outcome.item() == "done"
    assert len(reader.token_info()) == 1
    assert {call.partition(" ")[0] for call in sandbox.calls} == {"GET", "POST"}
    assert [call for call in sandbox.calls if call.startswith("POST")] == ["POST tokens"]


def test_it_says_so(reader: tn.Toast) -> None:
    assert repr(reader).endswith(", read-only>")
