"""What a review and a newcomer found: each would happen again without its fix."""

from __future__ import annotations

import gc
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

import toastnb as tn
from tests.support import eventually
from tests.transport.hostile import APPKEY, Hostile, answer, html, silence

FORMS: list[Callable[[list[str]], Iterable[str]]] = [iter, lambda ids: (id_ for id_ in ids), lambda ids: map(str, ids)]


def active(toast: tn.Toast, count: int) -> list[str]:
    return toast.instances().query("status == 'ACTIVE'").instance_id.tolist()[:count]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wait", [False, True])
def test_ids_that_can_be_read_once_are_all_acted_on(
    toast: tn.Toast, form: Callable[[list[str]], Iterable[str]], wait: bool
) -> None:
    ids = active(toast, 3)
    frame = toast.stop(form(ids), wait=wait)
    assert frame.instance_id.tolist() == ids
    assert frame.outcome.tolist() == ["done"] * 3


def test_a_row_by_mistake_is_told_from_ids(toast: tn.Toast) -> None:
    with pytest.raises(tn.InvalidInput, match=r"row\.instance_id"):
        toast.stop(toast.instances_detail().iloc[0])


def hostile_toast(hostile: Hostile) -> tn.Toast:
    return tn.connect(appkey=APPKEY, username="u", password="a-password", base_url=hostile.base_url)


def test_a_wait_ends_by_its_own_time_when_nobody_answers(hostile: Hostile) -> None:
    hostile.on("*", silence)
    start = time.monotonic()
    with hostile_toast(hostile) as toast, pytest.raises(tn.DeadlineExceeded):
        toast.wait("an-id", "ACTIVE", timeout=0.3)
    assert time.monotonic() - start < 60  # a call's own time is 300


def test_a_wait_survives_failures_that_pass(hostile: Hostile) -> None:
    there = answer(instances=[{"id": "an-id", "status": "ACTIVE"}])
    hostile.on("GET instances-detail", *[html(502)] * 6, there)
    with hostile_toast(hostile) as toast:
        assert toast.wait("an-id", "ACTIVE", timeout=30).outcome.item() == "done"


def state(status: str, updated: str, flavor: str):
    return answer(instances=[{"id": "an-id", "status": status, "updatedAt": updated, "flavor": {"id": flavor}}])


def test_a_resize_has_not_begun_because_its_acceptance_was_noted(hostile: Hostile) -> None:
    """The service notes the request (updatedAt) and only then begins."""
    steps = [("STOP", "2026-01-01T00:00:00Z", "old"), ("STOP", "2026-01-01T00:00:09Z", "old")]
    steps += [("RESIZING", "2026-01-01T00:00:10Z", "old"), ("STOP", "2026-01-01T00:00:20Z", "new")]
    hostile.on("GET instances-detail", *(state(*step) for step in steps))
    hostile.on("GET flavors", answer(flavors=[{"id": "new", "name": "new"}]))
    with hostile_toast(hostile) as toast:
        toast.resize("an-id", "new", wait=True, timeout=30)
    assert len(hostile.calls("GET instances-detail")) == 4


def test_the_last_outcome_of_one_id_is_kept_when_it_fails_or_its_wait_does(slow_toast: tn.Toast) -> None:
    one = active(slow_toast, 1)[0]
    with pytest.raises(tn.DeadlineExceeded):
        slow_toast.stop(one, wait=True, timeout=0.1)
    assert slow_toast.last_outcome is not None
    assert slow_toast.last_outcome.outcome.tolist() == ["unknown"]
    with pytest.raises(tn.NotFound):
        slow_toast.attach_volume(one, "no-such-volume")
    assert slow_toast.last_outcome[["action", "outcome"]].values.tolist() == [["attach_volume", "failed"]]


def test_a_private_key_given_by_mistake_is_in_no_frame_of_the_traceback(toast: tn.Toast) -> None:
    # Made here, so that no line of this file that a traceback shows has it.
    key = "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", "canary" * 3, "-----END OPENSSH PRIVATE KEY-----"])
    holder = [key]
    del key
    with pytest.raises(tn.InvalidInput) as caught:
        toast.import_keypair("mine", holder.pop())
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "canary" * 3 not in shown


def test_numbers_of_numpy_are_numbers(toast: tn.Toast) -> None:
    made = toast.create_instance(
        name="np",
        image="Ubuntu Server 22.04 LTS",
        flavor="m2.c2m4",
        network="Default Network",
        zone="kr-pub-a",
        keypair=toast.keypairs().name[0],
        security_groups="default",
        root_gb=np.int64(50),
        count=np.int64(2),
    )
    assert made.name.tolist() == ["np-1", "np-2"]


def test_the_token_is_renewed_for_its_own_question_too(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    toast.flavors()
    sandbox.advance(7200)
    assert len(toast.token_info()) == 1


def test_a_sandbox_that_is_not_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(tn.InvalidInput, match="not serving"):
        tn.connect(tn.Sandbox(instances=1))


def test_suggestions_hold_what_was_typed(toast: tn.Toast) -> None:
    with pytest.raises(tn.InvalidInput, match=r"Ubuntu Server 22\.04 LTS"):
        toast.create_instance(
            name="x",
            image="Ubuntu",
            flavor="m2.c2m4",
            network="Default Network",
            zone="kr-pub-a",
            keypair="k",
            security_groups="default",
            root_gb=50,
        )


def test_an_interrupted_single_action_is_unknown(hostile: Hostile) -> None:
    hostile.on("*", silence)

    def interrupt() -> None:
        eventually(lambda: len(hostile.received) > 1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    with hostile_toast(hostile) as toast:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            toast.stop("an-id")
        thread.join()
        assert toast.last_outcome is not None
        assert toast.last_outcome.outcome.tolist() == ["unknown"]


def test_a_sandbox_serves_as_long_as_a_connection_to_it_is_held() -> None:
    toast = tn.connect(tn.Sandbox(instances=1).start())
    gc.collect()
    assert len(toast.instances()) == 1
    toast.close()
