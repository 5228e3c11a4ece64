"""Actions on one instance and on many: every id accounted for, whatever happens."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import toastnb as tn
from tests.support import NO_SUCH_ID, eventually
from tests.transport.hostile import Hostile, answer, silence

ACTION = "POST instances/*/action"
DTYPES = {
    "instance_id": pd.StringDtype(na_value=np.nan),
    "action": pd.StringDtype(na_value=np.nan),
    "outcome": pd.StringDtype(na_value=np.nan),
    "code": pd.Int64Dtype(),
    "message": pd.StringDtype(na_value=np.nan),
}


def ids(toast: tn.Toast, status: str = "ACTIVE") -> pd.Series:
    return toast.instances().query("status == @status").instance_id


def statuses(toast: tn.Toast) -> dict[str, str]:
    return toast.instances().set_index("instance_id").status.to_dict()


def check_frame(frame: pd.DataFrame, wanted: list[str], action: str) -> None:
    assert dict(frame.dtypes) == DTYPES
    assert frame.columns.tolist() == list(DTYPES)
    assert frame.instance_id.tolist() == wanted
    assert set(frame.action) <= {action}


def interrupt_when(condition: Callable[[], object]) -> threading.Thread:
    """Press Ctrl-C as soon as something holds."""

    def press() -> None:
        eventually(condition)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


# --- outcomes ----------


def test_one_id_is_done_or_raises(toast: tn.Toast) -> None:
    one = ids(toast).iloc[0]
    frame = toast.stop(one)
    check_frame(frame, [one], "stop")
    assert frame.outcome.item() == "done"
    assert frame[["code", "message"]].isna().all(axis=None)
    assert statuses(toast)[one] == "STOP"
    with pytest.raises(tn.Conflict) as caught:
        toast.stop(one)
    assert caught.value.code == 10409
    assert str(caught.value).startswith(f"Stopping instance {one}: the service answered 10409 (")
    with pytest.raises(tn.NotFound):
        toast.start(NO_SUCH_ID)


def test_a_list_of_one_does_not_raise(toast: tn.Toast) -> None:
    frame = toast.stop([NO_SUCH_ID])
    assert frame[["outcome", "code"]].values.tolist() == [["failed", 10404]]
    assert frame.equals(toast.last_outcome)


def test_failures_are_rows_and_stop_nothing(toast: tn.Toast) -> None:
    active, stopped = ids(toast)[:12].tolist(), ids(toast, "STOP").iloc[0]
    wanted = [active[0], NO_SUCH_ID, *active[1:], stopped]
    frame = toast.stop(wanted)
    check_frame(frame, wanted, "stop")
    by_id = frame.set_index("instance_id")
    assert set(by_id.loc[active].outcome) == {"done"}
    assert by_id.loc[NO_SUCH_ID, ["outcome", "code"]].tolist() == ["failed", 10404]
    assert by_id.loc[stopped, ["outcome", "code"]].tolist() == ["failed", 10409]
    assert stopped in by_id.loc[stopped, "message"]
    assert {statuses(toast)[id_] for id_ in active} == {"STOP"}


@pytest.mark.parametrize("fault", [{"kind": "reset", "after": True}, {"kind": "truncate"}, {"kind": "status"}])
def test_what_may_have_happened_is_unknown(toast: tn.Toast, sandbox: tn.Sandbox, fault: dict[str, Any]) -> None:
    wanted = ids(toast)[:3].tolist()
    sandbox.fault(f"POST instances/{wanted[1]}/action", **fault)
    frame = toast.stop(wanted)
    assert frame.outcome.tolist() == ["done", "unknown", "done"]
    assert "may have been carried out" in frame.message[1]
    assert sandbox.calls[ACTION] == 3


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        np.array,
        pd.Index,
        pd.Series,
        lambda v: pd.Series(v, index=[7, 7]),
        lambda v: pd.Series(v, dtype="object"),
    ],
    ids=["list", "tuple", "array", "index", "series", "labels", "objects"],
)
def test_ids_come_in_many_forms(toast: tn.Toast, form: Callable[[list[str]], Any]) -> None:
    wanted = ids(toast)[:2].tolist()
    frame = toast.stop(form(wanted))
    check_frame(frame, wanted, "stop")
    assert set(frame.outcome) == {"done"}


ACTIONS: dict[str, Callable[[tn.Toast, Any], pd.DataFrame]] = {
    "start": lambda toast, id_: toast.start(id_),
    "stop": lambda toast, id_: toast.stop(id_),
    "reboot": lambda toast, id_: toast.reboot(id_),
    "resize": lambda toast, id_: toast.resize(id_, "m2.c2m4"),
    "delete": lambda toast, id_: toast.delete_instance(id_),
    "add_security_group": lambda toast, id_: toast.add_security_group(id_, "web"),
    "remove_security_group": lambda toast, id_: toast.remove_security_group(id_, "web"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_every_such_action_answers_the_same_frame(toast: tn.Toast, action: str) -> None:
    wanted = [NO_SUCH_ID, "another"]
    frame = ACTIONS[action](toast, wanted)
    check_frame(frame, wanted, action)
    assert set(frame.outcome) == {"failed"}
    assert set(frame.code) == {10404}
    with pytest.raises(tn.NotFound):
        ACTIONS[action](toast, NO_SUCH_ID)


def test_several_are_sent_at_once_but_not_all(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    wanted = ids(toast)[:24]
    sandbox.latency = 0.2
    start = time.monotonic()
    assert set(toast.stop(wanted).outcome) == {"done"}
    assert 3 * 0.2 <= time.monotonic() - start < 24 * 0.2 * 0.9


# --- ids that are a mistake ----------


WRONG: dict[str, Any] = {
    "nothing": "",
    "blanks": "  ",
    "a line break": "a\nb",
    "half a character": "\ud83d",
    "None": None,
    "a number": 5,
    "bytes": b"i-1",
    "a dict": {"i-1": 1},
    "a frame": pd.DataFrame({"instance_id": ["i-1"]}),
    "None in a list": ["i-1", None],
    "NaN in a list": ["i-1", float("nan")],
    "NA in a list": ["i-1", pd.NA],
    "missing in a series": pd.Series(["i-1", None], dtype="str"),
    "NaT in a list": ["i-1", pd.NaT],
    "a number in a list": ["i-1", 5],
    "a list in a list": [["i-1"]],
    "nothing in a list": ["i-1", ""],
    "the same twice": ["i-1", "i-2", "i-1"],
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("wrong", WRONG)
def test_ids_that_are_a_mistake_are_refused_before_anything_is_sent(
    toast: tn.Toast, sandbox: tn.Sandbox, action: str, wrong: str
) -> None:
    with pytest.raises(tn.InvalidInput):
        ACTIONS[action](toast, WRONG[wrong])
    assert sandbox.calls == {}
    assert toast.last_outcome is None


def test_the_message_says_what_is_wrong(toast: tn.Toast) -> None:
    for wrong, says in {
        "a frame": "df.instance_id",
        "None in a list": "1 of 2 ids are missing",
        "the same twice": "i-1",
    }.items():
        with pytest.raises(tn.InvalidInput, match=says):
            toast.stop(WRONG[wrong])


@pytest.mark.parametrize("empty", [[], pd.Series([], dtype="str"), pd.Index([])], ids=["list", "series", "index"])
def test_no_ids_are_an_empty_frame_and_nothing_is_sent(toast: tn.Toast, sandbox: tn.Sandbox, empty: Any) -> None:
    check_frame(toast.stop(empty), [], "stop")
    check_frame(toast.stop(empty, wait=True), [], "stop")
    assert sandbox.calls == {}


# --- Ctrl-C ----------


def test_an_interrupt_sends_nothing_more_and_settles_what_is_on_its_way(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    wanted = ids(toast).tolist()
    sandbox.latency = 0.15
    presser = interrupt_when(lambda: sandbox.calls[ACTION] >= 12)
    with pytest.raises(KeyboardInterrupt):
        toast.stop(wanted)
    sent = sandbox.calls[ACTION]
    presser.join()
    sandbox.latency = 0
    frame = toast.last_outcome
    check_frame(frame, wanted, "stop")
    assert 12 <= sent < len(wanted)
    now = statuses(toast)
    for id_, outcome in zip(frame.instance_id, frame.outcome, strict=True):
        assert (outcome, now[id_]) in {("done", "STOP"), ("not_sent", "ACTIVE")}
    assert (frame.outcome == "done").sum() == sent
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("toastnb-bulk")])
    assert sandbox.calls[ACTION] == sent
    assert set(toast.start(frame.query("outcome == 'done'").instance_id).outcome) == {"done"}


def test_a_second_interrupt_leaves_what_is_on_its_way_unknown() -> None:
    account = {"appkey": "an-appkey", "username": "me@example.com", "password": "a-password"}
    wanted = [f"i-{number}" for number in range(20)]
    with Hostile() as service, tn.connect(**account, base_url=service.base_url, timeout=30) as toast:
        service.on("GET flavors", answer(flavors=[]))
        service.on("*", silence)
        toast.flavors()

        def press_twice() -> None:
            eventually(lambda: len(service.received) == 10)
            for _ in range(2):
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
                threading.Event().wait(0.2)

        presser = threading.Thread(target=press_twice)
        presser.start()
        start = time.monotonic()
        try:
            with pytest.raises(KeyboardInterrupt):
                toast.stop(wanted)
        finally:
            presser.join()
        assert time.monotonic() - start < 10
        frame = toast.last_outcome
        check_frame(frame, wanted, "stop")
        assert frame.outcome.value_counts().to_dict() == {"not_sent": 12, "unknown": 8}
        assert len(service.received) == 10
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("toastnb-bulk")])


def test_an_interrupt_while_waiting_keeps_what_was_sent(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    wanted = ids(slow_toast)[:3].tolist()
    before = slow_sandbox.calls["GET instances-detail"]
    presser = interrupt_when(lambda: slow_sandbox.calls["GET instances-detail"] >= before + 3 + 6)
    with pytest.raises(KeyboardInterrupt):
        slow_toast.stop(wanted, wait=True)
    presser.join()
    check_frame(slow_toast.last_outcome, wanted, "stop")
    assert slow_sandbox.calls[ACTION] == 3
