"""The plot of an audit's findings."""

from __future__ import annotations

import pandas as pd
import pytest

import toastnb as tn
from tests.plots.drawn import collisions, legend, names, notes, starts, unit, widths

COLUMNS = ["check", "severity", "confidence", "resource_type", "resource", "name", "evidence", "remedy"]


def found(*rows: tuple[str, str, int]) -> pd.DataFrame:
    """Return findings: check, severity, how many."""
    pairs = [(check, severity) for check, severity, number in rows for _ in range(number)]
    frame = pd.DataFrame(pairs, columns=["check", "severity"])
    return frame.reindex(columns=COLUMNS).astype("str")


def test_checks_are_sorted_and_severities_stand_in_their_own_order() -> None:
    ax = tn.plots.findings(found(("old", "info", 2), ("keys", "low", 3), ("keys", "high", 1), ("open", "medium", 2)))
    assert names(ax) == ["keys", "old", "open"]
    assert notes(ax) == ["1 high, 3 low", "2 info", "2 medium"]
    assert legend(ax) == ["high", "medium", "low", "info"]
    assert (widths(ax, "high"), starts(ax, "high")) == ([1, 0, 0], [0, 0, 0])
    assert (widths(ax, "low"), starts(ax, "low")[0]) == ([3, 0, 0], 1)
    assert len({drawn[0].get_hatch() for drawn in ax.containers}) == 4
    assert ax.get_xlabel() == "Findings"


def test_severities_that_nothing_has_are_not_in_the_legend() -> None:
    assert legend(tn.plots.findings(found(("old", "info", 1)))) == ["info"]


def test_past_thirty_checks_the_rest_is_summed() -> None:
    ax = tn.plots.findings(found(*((f"{'검사-' * 12}{number:02}", "low", 1200 - number) for number in range(33))))
    assert (len(names(ax)), unit(ax)) == (30, "Findings; 3 others: 3,507")
    assert notes(ax)[0] == "1,200 low"
    assert collisions(ax) == []


def test_checks_that_did_not_run_and_waived_findings_are_said(toast: tn.Toast) -> None:
    account = toast.inventory()
    every = tn.audit.run(account)
    waiver = {"check": every.check[0], "resource": "*", "reason": "known", "expires": "2100-01-01"}
    findings = tn.audit.run(account, waivers=[waiver])
    ran = tn.audit.summary(findings)
    ax = tn.plots.findings(findings)
    not_run = int((ran.status == "not run").sum())
    assert f"; {not_run} check{'s' * (not_run != 1)} did not run" in unit(ax)
    assert unit(ax).endswith(f"; {int(ran.waived.sum()):,} waived")
    assert sorted(names(ax)) == sorted(ran.check[ran.findings > 0])
    assert collisions(ax) == []


def test_no_findings_are_said_and_so_is_what_did_not_run(toast: tn.Toast) -> None:
    assert notes(tn.plots.findings(found())) == ["no findings"]
    nothing = tn.audit.run(toast.inventory(), checks=["name-pattern"])
    assert notes(tn.plots.findings(nothing)) == ["no findings; 1 check did not run"]


def off(*checks: str) -> dict[str, object]:
    return {"checks": {check: {"enabled": False} for check in checks}}


def test_checks_that_are_off_are_said_apart(toast: tn.Toast) -> None:
    account = toast.inventory()
    one, two = off("in-error"), off("in-error", "old-instance")
    every = {"metadata": {"required": ["team"]}, "names": {"pattern": ".*"}}
    for rules, said in (
        (one, "; 2 checks did not run, 1 is off"),
        (two, "; 2 checks did not run, 2 are off"),
        (one | every, "; 1 check is off"),
        (two | every, "; 2 checks are off"),
        (every, ""),
    ):
        assert unit(tn.plots.findings(tn.audit.run(account, rules=rules))) == f"Findings{said}"


def test_a_severity_that_is_not_known_is_refused() -> None:
    with pytest.raises(tn.InvalidInput, match="severity"):
        tn.plots.findings(found(("old", "dire", 1)))
