"""A thousand stops with faults among them."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
import requests

import toastnb as tn
from tests.bulk.accounts import ACTION, active, check, stopped
from toastnb.outcomes import Bulk, of_error, of_wait

MANY, FAULTY = 1000, 50
FAULTS: dict[str, tuple[dict[str, Any], str]] = {  # a fault, and what its stop comes to
    "refused": ({"kind": "code", "code": 10409, "message": "in use"}, "failed"),
    "not allowed": ({"kind": "code", "code": 10403, "message": "no"}, "failed"),
    "failed": ({"kind": "code", "code": -2}, "unknown"),
    "busy": ({"kind": "status", "status": 429}, "failed"),
    "503": ({"kind": "status", "status": 503}, "unknown"),
    "504": ({"kind": "status", "status": 504}, "unknown"),
    "no answer": ({"kind": "body", "body": "", "content_type": "text/html"}, "unknown"),
    "reset before": ({"kind": "reset", "after": False}, "unknown"),
    "reset after": ({"kind": "reset", "after": True}, "unknown"),
    "cut short": ({"kind": "truncate", "size": 20}, "unknown"),
}


def test_a_thousand_stops_with_a_twentieth_that_fails_are_all_accounted_for() -> None:
    with tn.Sandbox(instances=1500, instant=True) as sandbox, tn.connect(sandbox, timeout=60) as toast:
        wanted = active(sandbox)[:MANY]
        assert len(wanted) == MANY
        stopped_before = stopped(sandbox)
        faulty = dict(zip(random.Random(5).sample(wanted, FAULTY), list(FAULTS) * (FAULTY // len(FAULTS)), strict=True))
        control = sandbox.base_url.removesuffix("/compute") + "/_sandbox/faults"
        for id_, name in faulty.items():
            fault = {"match": f"POST instances/{id_}/action", **FAULTS[name][0]}
            assert requests.post(control, json=fault, timeout=10).status_code == 200

        frame = toast.stop(wanted)

        check(frame, wanted, stopped(sandbox))
        assert sandbox.calls[ACTION] == MANY
        outcomes = dict(zip(frame.instance_id, frame.outcome, strict=True))
        assert {id_: outcomes[id_] for id_ in faulty} == {id_: FAULTS[name][1] for id_, name in faulty.items()}
        assert Counter(frame.outcome) == {"done": MANY - FAULTY, "unknown": 35, "failed": 15}
        assert frame.query("outcome != 'done'").message.notna().all()
        carried_out = {id_ for id_, name in faulty.items() if name in {"reset after", "cut short"}}
        assert stopped(sandbox) - stopped_before == (set(wanted) - set(faulty)) | carried_out
        assert frame.equals(toast.last_outcome)


def test_what_was_carried_out_is_not_not_sent_though_a_look_at_it_was_not() -> None:
    """Going on from its row would send it twice."""
    for error in (tn.NetworkFailure("no connection", sent=False), tn.CredentialsError("locked", sent=False)):
        assert of_error(error).outcome == "not_sent"
        assert of_wait(error).outcome == "unknown"


def test_a_defect_is_no_outcome_and_stops_nothing() -> None:
    def send(id_: str) -> None:
        if id_ == "i-3":
            raise ZeroDivisionError

    bulk = Bulk("stop", [f"i-{number}" for number in range(30)], send)
    with pytest.raises(ZeroDivisionError):
        bulk.run()
    assert bulk.outcomes["i-3"].outcome == "unknown"
    assert Counter(one.outcome for one in bulk.outcomes.values()) == {"done": 29, "unknown": 1}
