"""When the fate of a write is open: the error names the call that tells, and making things looks by itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import toastnb as tn
from tests.faults.calls import KEY
from tests.faults.faults import hang_up, silence
from tests.faults.proxy import Plan, Proxy
from tests.support import eventually
from tests.toast.test_lookup import create

Write = Callable[[tn.Toast, Path], object]
WRITES: dict[str, Write] = {
    "start": lambda toast, _: toast.start(some(toast, "STOP")),
    "stop": lambda toast, _: toast.stop(some(toast, "ACTIVE")),
    "reboot": lambda toast, _: toast.reboot(some(toast, "ACTIVE")),
    "resize": lambda toast, _: toast.resize(some(toast, "STOP"), "m2.c4m8"),
    "delete_instance": lambda toast, _: toast.delete_instance(some(toast, "ACTIVE")),
    "add_security_group": lambda toast, _: toast.add_security_group(some(toast, "ACTIVE"), "web"),
    "remove_security_group": lambda toast, _: toast.remove_security_group(some(toast, "ACTIVE"), "web"),
    "add_floating_ip": lambda toast, _: toast.add_floating_ip(some(toast, "ACTIVE"), "198.18.0.3", "192.168.0.5"),
    "remove_floating_ip": lambda toast, _: toast.remove_floating_ip(some(toast, "ACTIVE"), "198.18.0.3"),
    "attach_volume": lambda toast, _: toast.attach_volume(some(toast, "ACTIVE"), "a-volume"),
    "detach_volume": lambda toast, _: toast.detach_volume(some(toast, "ACTIVE"), "a-volume"),
    "upload_image": lambda toast, _: toast.upload_image(some(toast, "STOP"), "golden"),
    "create_instance": lambda toast, _: create(toast),
    "create_keypair": lambda toast, folder: toast.create_keypair("ops", folder / "ops.pem"),
    "import_keypair": lambda toast, _: toast.import_keypair("ops", KEY),
    "delete_keypair": lambda toast, _: toast.delete_keypair("legacy-2016"),
}


def some(toast: tn.Toast, status: str) -> str:
    return str(toast.instances().query("status == @status").instance_id.iloc[0])


@pytest.fixture
def proxy(sandbox: tn.Sandbox) -> Iterator[Proxy]:
    with Proxy(sandbox.port) as proxy:
        yield proxy


@pytest.fixture
def faulty(sandbox: tn.Sandbox, proxy: Proxy) -> Iterator[tn.Toast]:
    account = {"appkey": sandbox.appkey, "username": sandbox.username, "password": sandbox.password}
    with tn.connect(**account, base_url=f"http://127.0.0.1:{proxy.port}/compute", timeout=20) as toast:
        yield toast


def only_writes(plan: Plan) -> Plan:
    """Let a fault strike no read."""
    takes = plan.takes
    plan.takes = lambda where, call="": not call.startswith("GET ") and takes(where, call)
    return plan


def failed(work: Callable[[], object]) -> tn.ToastError:
    with pytest.raises(tn.NetworkFailure) as caught:
        work()
    assert caught.value.may_have_happened
    return caught.value


@pytest.mark.parametrize("write", WRITES)
def test_the_error_names_a_call_that_can_be_made(
    faulty: tn.Toast, proxy: Proxy, sandbox: tn.Sandbox, tmp_path: Path, write: str
) -> None:
    proxy.plan(only_writes(Plan(hang_up, "answer")))
    error = failed(lambda: WRITES[write](faulty, tmp_path))
    assert f"check with {error.check} before you send it again" in str(error)
    assert sum(not call.startswith(("GET", "POST tokens")) for call in proxy.seen.forwarded) == 1
    assert faulty.last_outcome.outcome.tolist() == ["unknown"]
    assert error.check in faulty.last_outcome.message.item()
    with tn.connect(sandbox) as toast:
        try:
            eval(error.check, {"toast": toast})
        except tn.NotFound:
            assert write in {"delete_instance", "delete_keypair"}


@pytest.mark.parametrize("count", [1, 2])
def test_an_instance_that_was_made_is_found(
    faulty: tn.Toast, proxy: Proxy, sandbox: tn.Sandbox, toast: tn.Toast, count: int
) -> None:
    create(toast, name="web", count=count)
    older = set(toast.instances().instance_id)
    proxy.plan(only_writes(Plan(hang_up, "answer")))
    error = failed(lambda: create(faulty, name="web", count=count))
    new = toast.instances().query("instance_id not in @older")
    assert len(new) == count
    found = ", ".join(
        f"{row.name_} {row.instance_id} (ACTIVE)" for row in new.rename(columns={"name": "name_"}).itertuples()
    )
    assert f"Found right after it: {found}." in str(error)
    assert f"Found right after it: {found}." in faulty.last_outcome.message.item()
    assert not any(id_ in str(error) for id_ in older)
    assert sandbox.calls["POST instances"] == 2


def test_an_instance_that_was_not_made_is_not_found(faulty: tn.Toast, proxy: Proxy) -> None:
    proxy.plan(only_writes(Plan(hang_up, "request")))
    error = failed(lambda: create(faulty, name="web"))
    assert "there was no new instance of that name: it may still come" in str(error)


@pytest.mark.usefixtures("no_backoff")
def test_a_look_that_fails_too_hides_nothing(faulty: tn.Toast, proxy: Proxy, tmp_path: Path) -> None:
    faulty.flavors()
    proxy.plan(Plan(hang_up, "answer"))
    error = failed(lambda: faulty.create_keypair("ops", tmp_path / "ops.pem"))
    assert error.action == "Creating keypair ops"
    assert "A look right after it failed too (the connection to" in str(error)


@pytest.mark.parametrize("where", ["answer", "request"])
def test_a_keypair_is_looked_for(faulty: tn.Toast, proxy: Proxy, toast: tn.Toast, tmp_path: Path, where: str) -> None:
    proxy.plan(only_writes(Plan(hang_up, where)))
    error = failed(lambda: faulty.create_keypair("ops", tmp_path / "ops.pem"))
    if where == "answer":
        created = toast.keypairs("ops").created_at.item()
        assert f"Found right after it: the keypair ops, created {created:%Y-%m-%dT%H:%M}" in str(error)
        assert "its private key is lost: delete it (toast.delete_keypair('ops')) and make it again" in str(error)
    else:
        assert "there was no keypair of that name" in str(error)
    assert not (tmp_path / "ops.pem").exists()


def test_after_an_interrupt_nothing_is_looked_for(faulty: tn.Toast, proxy: Proxy) -> None:
    faulty.flavors()
    plan = only_writes(Plan(silence, "request"))
    proxy.plan(plan)

    def interrupt() -> None:
        eventually(lambda: plan.struck)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        create(faulty)
    thread.join()
    assert proxy.seen.forwarded.count("GET instances") == 1
