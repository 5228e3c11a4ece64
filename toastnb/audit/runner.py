"""Running checks on an inventory."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pandas as pd

from toastnb.audit.check import DID_NOT_RUN, OFF, RAN, CannotRun
from toastnb.audit.findings import COLUMNS, in_order
from toastnb.audit.plan import Checks, Planned, Rules, plan
from toastnb.audit.results import as_records
from toastnb.audit.tables import checked_inventory, why_absent, without_deleting
from toastnb.audit.waiving import ANY_CHECK, Waiver, Waivers, read_waivers, waive
from toastnb.capacity.reclaim import StopHistory
from toastnb.capacity.times import moment
from toastnb.errors import MissingExtra
from toastnb.inventory import Inventory


class _Outcome(NamedTuple):
    """What came of a check: its findings, or why there are none."""

    planned: Planned
    findings: pd.DataFrame
    status: str = RAN
    why: str | None = None


def run(
    inventory: Inventory,
    checks: Checks | None = None,
    waivers: Waivers | None = None,
    rules: Rules | None = None,
    at: str | pd.Timestamp | None = None,
    history: StopHistory | None = None,
) -> pd.DataFrame:
    """Look for what is wrong or risky in an account.

    Instances that are being deleted are left out, but for `stuck-in-transition`. A check whose tables are absent, or
    that needs a package, a rule or metadata that are not there, does not run: `summary` says so, and why.

    Parameters
    ----------
    inventory : Inventory
        As `Toast.inventory` or `load_inventory` answers.
    checks : list of str or mapping, optional
        The checks to run, or a mapping of them to thresholds, as ``{"stopped-long": {"days": 60}}``; all by default.
        `catalogue` lists them.
    waivers : list of dict, DataFrame or path-like, optional
        Findings that somebody answers for: check (an id or ``*``), resource (a pattern as in a shell, held against
        id and name), reason, expires (the last day, UTC). Or a .csv with these columns, or a .toml with
        ``[[waiver]]`` tables.
    rules : mapping or path-like, optional
        Your rules, or a TOML file of them: ``[checks.ID]`` (thresholds, enabled, severity), ``[metadata] required``,
        ``[names] pattern``, ``[application] key``. Thresholds in `checks` win.
    at : str or Timestamp, optional
        The time that ages are counted to; by default when the inventory was fetched.
    history : History, optional
        As `history.open_store` answers: `stopped-long` uses it, and says where it did.

    Returns
    -------
    DataFrame
        A row a finding that is not waived (all str): check, severity (high, medium, low, info), confidence (certain,
        likely, possible: how sure it is from this API alone), resource_type, resource (its id), name, evidence,
        remedy. The most severe come first, then by check and name. `summary`, `waived` and `waivers` tell the rest.

    Raises
    ------
    InvalidInput
        When a check, threshold, rule or waiver is not known or not right; it is named.

    Examples
    --------
    >>> import toastnb as tn
    >>> findings = tn.audit.run(toast.inventory(), checks=["weak-ssh-key"])
    >>> findings[["severity", "name", "evidence"]].values.tolist()
    [['high', 'legacy-2016', 'RSA key of 1024 bits']]
    """
    checked_inventory(inventory)
    planned, given = plan(checks, rules), read_waivers(waivers)
    time = moment(inventory.fetched_at, "inventory.fetched_at") if at is None else moment(at)
    standing = without_deleting(inventory)
    outcomes = [_outcome(one, inventory if one.check.deleting_too else standing, time, history) for one in planned]
    everything = pd.concat([outcome.findings for outcome in outcomes] or [_none()], ignore_index=True)
    marked, counts = waive(in_order(everything), given, time)
    open_, waived = marked[marked["reason"].isna()], marked[marked["reason"].notna()]
    ran = {outcome.planned.check.id for outcome in outcomes if outcome.status == RAN}
    findings = open_[list(COLUMNS)].reset_index(drop=True)
    noted = {
        "source": inventory.source,
        "checks": [_check_record(outcome, open_, waived) for outcome in outcomes],
        "waived": as_records(waived),
        "waivers": [_waiver_record(*pair, time, ran) for pair in zip(given, counts, strict=True)],
    }
    text = json.dumps(noted, ensure_ascii=False)  # a text, for pandas copies all else in attrs at every operation
    findings.attrs = {"fetched_at": inventory.fetched_at, "at": time.isoformat(), "audit": text}
    return findings


def _outcome(planned: Planned, inventory: Inventory, at: pd.Timestamp, history: StopHistory | None) -> _Outcome:
    check = planned.check
    if not planned.enabled:
        return _Outcome(planned, _none(), OFF, "switched off by the rules")
    why = why_absent(inventory, planned.needs) or ("no rule given" if planned.lacks_rule else "")
    if why:
        return _Outcome(planned, _none(), DID_NOT_RUN, why)
    context: dict[str, Any] = {"at": at} if check.needs_time else {}
    if check.takes_history:
        context["history"] = history
    try:
        found = check.find(inventory, **context, **planned.thresholds)
    except (MissingExtra, CannotRun) as error:
        return _Outcome(planned, _none(), DID_NOT_RUN, str(error))
    return _Outcome(planned, _complete(found, planned))


def _complete(found: pd.DataFrame, planned: Planned) -> pd.DataFrame:
    """Return findings with all columns: what the check does not say of each is the same for all."""
    check = planned.check
    same = {
        "check": check.id,
        "severity": check.severity,
        "confidence": check.confidence,
        "resource_type": check.resource_type,
        "remedy": check.remedy,
    }
    whole = found.assign(**{name: value for name, value in same.items() if name not in found})
    if planned.forced:
        whole["severity"] = planned.forced
    return whole[list(COLUMNS)].astype("str")


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS), dtype="str")


def _check_record(outcome: _Outcome, open_: pd.DataFrame, waived: pd.DataFrame) -> dict[str, object]:
    check, did_run = outcome.planned.check, outcome.status == RAN
    return {
        "check": check.id,
        "severity": outcome.planned.severity,
        "status": outcome.status,
        "findings": int(open_["check"].eq(check.id).sum()) if did_run else None,
        "waived": int(waived["check"].eq(check.id).sum()) if did_run else None,
        "why": outcome.why,
        "title": check.title,
    }


def _waiver_record(waiver: Waiver, count: int, at: pd.Timestamp, ran: set[str]) -> dict[str, object]:
    did_run = waiver.check in ran or waiver.check == ANY_CHECK
    return {
        "check": waiver.check,
        "resource": waiver.resource,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
        "status": waiver.status(at, count if did_run else None),
        "findings": count if did_run else None,
    }
