"""The audits of several projects as one: a column `project` first, in findings and in what is noted of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from toastnb.arrays import stacked
from toastnb.audit.check import DID_NOT_RUN
from toastnb.audit.results import of_run
from toastnb.inventory import PROJECT

_BEST_FIRST = ("expired", "used", "unused", DID_NOT_RUN)


def merged(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the findings of several projects, a project after the other, as `run` answers those of one.

    Parameters
    ----------
    runs : mapping of str to DataFrame
        What `run` answered for each project, by its name; one at least, all with the same checks and waivers.

    Returns
    -------
    DataFrame
        project (str), then the columns of `run`. `summary` and `waived` have a row a project, `waivers` a row a
        waiver. Its times are the earliest.
    """
    noted = {project: of_run(findings) for project, findings in runs.items()}
    findings = stacked(PROJECT, runs)
    whole = {
        "source": ", ".join(runs),
        "checks": _listed(noted, "checks"),
        "waived": _listed(noted, "waived"),
        "waivers": [_waiver(same) for same in zip(*(one["waivers"] for one in noted.values()), strict=True)],
    }
    fetched_at, at = (min(str(run.attrs[name]) for run in runs.values()) for name in ("fetched_at", "at"))
    findings.attrs = {"fetched_at": fetched_at, "at": at, "audit": json.dumps(whole, ensure_ascii=False)}
    return findings


def _listed(noted: Mapping[str, dict[str, Any]], part: str) -> list[dict[str, Any]]:
    return [{PROJECT: project, **row} for project, one in noted.items() for row in one[part]]


def _waiver(same: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what came of one waiver in all projects: unused is only what is used in none."""
    found = [row["findings"] for row in same if row["findings"] is not None]
    status = min((row["status"] for row in same), key=_BEST_FIRST.index)
    return {**same[0], "status": status, "findings": sum(found) if found else None}
