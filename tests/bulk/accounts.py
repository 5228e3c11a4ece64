"""What an outcome frame says, held against what the service did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

import toastnb as tn
from tests.support import raw_call

ACTION = "POST instances/*/action"
COLUMNS = ["instance_id", "action", "outcome", "code", "message"]
TEXT = pd.StringDtype(na_value=np.nan)
DTYPES = [TEXT, TEXT, TEXT, pd.Int64Dtype(), TEXT]


def active(sandbox: tn.Sandbox) -> list[str]:
    """Return the instances that can be stopped, as the service's own answer has them."""
    return [one["id"] for one in raw_call(sandbox, "GET", "instances")["instances"] if one["status"] == "ACTIVE"]


def stopped(sandbox: tn.Sandbox) -> set[str]:
    return {one["id"] for one in raw_call(sandbox, "GET", "instances")["instances"] if one["status"] == "STOP"}


def check(frame: pd.DataFrame, wanted: Iterable[str], done: Iterable[str], action: str = "stop") -> None:
    """Check that every id is accounted for, in its order, and that the frame says what the service did."""
    assert frame.columns.tolist() == COLUMNS
    assert frame.dtypes.tolist() == DTYPES
    assert frame.instance_id.tolist() == list(wanted)
    assert set(frame.action) <= {action}
    check_outcomes(dict(zip(frame.instance_id, frame.outcome, strict=True)), set(done))


def check_outcomes(outcomes: Mapping[str, str], done: set[str]) -> None:
    """Done was done; failed and not_sent was not; unknown may be either."""
    for id_, outcome in outcomes.items():
        assert outcome in {"done", "failed", "unknown", "not_sent"}
        assert outcome == "unknown" or (outcome == "done") == (id_ in done), (id_, outcome)
