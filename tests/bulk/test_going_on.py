"""Going on from an outcome frame: what was not sent is sent, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.bulk.accounts import ACTION, COLUMNS, active, check, stopped
from tests.support import raw_call
from tests.toast.test_bulk import interrupt_when

VERBS: dict[str, Callable[[tn.Toast, Any], pd.DataFrame]] = {
    "start": lambda toast, ids: toast.start(ids),
    "stop": lambda toast, ids: toast.stop(ids),
    "reboot": lambda toast, ids: toast.reboot(ids, "HARD"),
    "resize": lambda toast, ids: toast.resize(ids, "m2.c2m4"),
    "delete": lambda toast, ids: toast.delete_instance(ids),
    "add_security_group": lambda toast, ids: toast.add_security_group(ids, "web"),
    "remove_security_group": lambda toast, ids: toast.remove_security_group(ids, "web"),
}


def rows(action: str, **outcomes: str) -> pd.DataFrame:
    """Return an outcome frame with an id an outcome; those that failed have a code."""
    frame = pd.DataFrame({"instance_id": list(outcomes), "action": action, "outcome": list(outcomes.values())})
    failed = frame.outcome == "failed"
    frame["code"] = pd.Series([10409 if one else None for one in failed], dtype="Int64")
    frame["message"] = pd.Series(["no, said the service" if one else None for one in failed], dtype="str")
    return frame


def test_an_interrupted_bulk_goes_on_from_its_frame(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    wanted = active(sandbox)
    sandbox.latency = 0.1
    presser = interrupt_when(lambda: sandbox.calls[ACTION] >= 9)
    with pytest.raises(KeyboardInterrupt):
        toast.stop(wanted)
    presser.join()
    sandbox.latency = 0
    first, sent = toast.last_outcome, sandbox.calls[ACTION]
    assert set(first.outcome) == {"done", "not_sent"}
    frame = toast.stop(toast.last_outcome)
    check(frame, wanted, stopped(sandbox))
    assert set(frame.outcome) == {"done"}
    assert sandbox.calls[ACTION] == len(wanted)  # those that were done were not sent again
    assert sent < len(wanted)
    assert frame.equals(toast.last_outcome)


@pytest.mark.parametrize("action", VERBS)
def test_only_what_was_not_sent_is_sent(toast: tn.Toast, sandbox: tn.Sandbox, action: str) -> None:
    given = rows(action, a="done", b="not_sent", c="unknown", d="failed", e="not_sent")
    frame = VERBS[action](toast, given)
    assert frame.instance_id.tolist() == list("abcde")
    assert frame.outcome.tolist() == ["done", "failed", "unknown", "failed", "failed"]
    assert frame.code.fillna(0).tolist() == [0, 10404, 0, 10409, 10404]
    assert frame.iloc[[0, 2, 3]].equals(given.iloc[[0, 2, 3]])
    writes = {
        call: times for call, times in sandbox.calls.items() if not call.startswith("GET") and "tokens" not in call
    }
    assert list(writes.values()) == [2]


@pytest.mark.parametrize("action", VERBS)
def test_of_another_action_nothing_is_sent(toast: tn.Toast, sandbox: tn.Sandbox, action: str) -> None:
    other = "stop" if action != "stop" else "start"
    for given in (rows(other, a="not_sent"), pd.concat([rows(action, a="not_sent"), rows(other, b="not_sent")])):
        with pytest.raises(tn.InvalidInput, match=f"of the action '{other}', not '{action}'") as caught:
            VERBS[action](toast, given)
        assert "Nothing was sent" in caught.value.hint
        assert "df.query(\"outcome == 'failed'\").instance_id" in caught.value.hint
    assert sandbox.calls == {}
    assert toast.last_outcome is None


WRONG: dict[str, pd.DataFrame] = {
    "a listing": pd.DataFrame({"instance_id": ["a"], "name": ["x"], "status": ["ACTIVE"]}),
    "a column too few": rows("stop", a="not_sent").drop(columns="code"),
    "keypairs": rows("stop", a="not_sent").rename(columns={"instance_id": "name"}),
    "a column twice": pd.concat([rows("stop", a="not_sent")] * 2, axis=1),
    "an id twice": pd.concat([rows("stop", a="not_sent")] * 2),
    "no id": rows("stop", a="not_sent").assign(instance_id=None),
    "a number as an id": rows("stop", a="not_sent").assign(instance_id=5),
    "no action": rows("stop", a="not_sent").assign(action=None),
    "no outcome": rows("stop", a="not_sent").assign(outcome=None),
    "a strange outcome": rows("stop", a="perhaps"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_any_other_frame_is_refused_before_anything_is_sent(toast: tn.Toast, sandbox: tn.Sandbox, wrong: str) -> None:
    with pytest.raises(tn.InvalidInput) as caught:
        toast.stop(WRONG[wrong])
    assert "Nothing was sent" in caught.value.hint or "number" in wrong
    with pytest.raises(tn.InvalidInput):
        toast.wait(rows("stop", a="not_sent"), "STOP")
    assert sandbox.calls == {}


def by_csv(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    return pd.read_csv(StringIO(frame.to_csv()))


def by_csv_of_text(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    """Twice: as numbers, which makes 10409.0 of a code, and then as text."""
    return pd.read_csv(StringIO(by_csv(frame, _).to_csv(index=False)), dtype="str")


def by_csv_of_objects(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    return pd.read_csv(StringIO(frame.to_csv(index=False)), dtype=object, keep_default_na=True)


def by_parquet(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    frame.to_parquet(folder / "outcomes.parquet")
    return pd.read_parquet(folder / "outcomes.parquet")


def by_objects(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    return frame.astype(object)


@pytest.mark.parametrize("by", [by_csv, by_csv_of_text, by_csv_of_objects, by_parquet, by_objects])
@pytest.mark.parametrize("failed", [True, False], ids=["with a code", "without"])
def test_a_frame_that_was_saved_is_as_good(
    toast: tn.Toast, sandbox: tn.Sandbox, tmp_path: Path, by: Callable[[pd.DataFrame, Path], pd.DataFrame], failed: bool
) -> None:
    one, other = active(sandbox)[:2]
    given = rows("stop", **{one: "not_sent", "gone": "failed" if failed else "unknown", other: "done"})
    frame = toast.stop(by(given, tmp_path))
    assert frame.columns.tolist() == COLUMNS
    assert frame.outcome.tolist() == ["done", given.outcome[1], "done"]
    assert frame.iloc[1:].equals(given.iloc[1:])
    assert stopped(sandbox) >= {one}
    assert other not in stopped(sandbox)


@pytest.mark.parametrize("wait", [False, True])
def test_a_frame_of_which_all_was_sent_sends_nothing(toast: tn.Toast, sandbox: tn.Sandbox, wait: bool) -> None:
    for given in (rows("stop", a="done", b="unknown", c="failed"), rows("stop", a="not_sent").iloc[:0]):
        frame = toast.stop(given, wait=wait)
        check(frame, given.instance_id, ["a"])
        assert frame.outcome.tolist() == given.outcome.tolist()
    assert sandbox.calls == {}


def test_rows_of_a_frame_are_a_frame(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    one, other = active(sandbox)[:2]
    given = rows("stop", **{"x": "done", one: "not_sent", "y": "failed", other: "not_sent"})
    frame = toast.stop(given[given.outcome == "not_sent"])
    check(frame, [one, other], stopped(sandbox))


def test_a_wait_is_for_what_is_sent_now(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    one, other = active(slow_sandbox)[:2]
    given = rows("stop", **{other: "done", one: "not_sent"})  # the other one was never stopped, and is not waited for
    frame = slow_toast.stop(given, wait=True, timeout=30)
    assert frame.outcome.tolist() == ["done", "done"]
    now = {each["id"]: each["status"] for each in raw_call(slow_sandbox, "GET", "instances")["instances"]}
    assert (now[one], now[other]) == ("STOP", "ACTIVE")


def test_an_interrupt_before_anything_is_sent_leaves_a_frame_to_go_on_from(
    toast: tn.Toast, sandbox: tn.Sandbox
) -> None:
    """With wait=True the instances are looked at first, and that may take long."""
    wanted = active(sandbox)[:12]
    sandbox.fault("GET instances-detail", "delay", seconds=60)
    presser: threading.Thread = interrupt_when(lambda: sandbox.calls["GET instances-detail"] > 0)
    with pytest.raises(KeyboardInterrupt):
        toast.stop(wanted, wait=True)
    presser.join()
    check(toast.last_outcome, wanted, [])
    assert set(toast.last_outcome.outcome) == {"not_sent"}
    assert set(toast.stop(toast.last_outcome, wait=True).outcome) == {"done"}
    assert sandbox.calls[ACTION] == len(wanted)
