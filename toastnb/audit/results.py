"""What an audit says beside its findings: which checks ran, what was waived, which waivers count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from toastnb.audit.check import DID_NOT_RUN
from toastnb.audit.findings import COLUMNS, SEVERITIES
from toastnb.capacity.selection import as_noted, require_columns
from toastnb.errors import InvalidInput
from toastnb.inventory import PROJECT

NOT_RUN = "not-run"
NEVER = "never"
_SUMMARY = {
    "check": "str",
    "severity": "str",
    "status": "str",
    "findings": "Int64",
    "waived": "Int64",
    "why": "str",
    "title": "str",
}
_WAIVERS = {
    "check": "str",
    "resource": "str",
    "reason": "str",
    "expires": "str",
    "status": "str",
    "findings": "Int64",
}


def summary(findings: pd.DataFrame) -> pd.DataFrame:
    """Tell which checks ran, and how much each found; it is of the whole run, whatever rows are left in `findings`.

    Parameters
    ----------
    findings : DataFrame
        As `run` answers.

    Returns
    -------
    DataFrame
        A row a check that was asked for, in the catalogue's order: check, severity (str: the check's own; findings
        may differ), status (str: "run", "not run", or "off" when the rules switch it off), findings, waived (Int64;
        missing when it is not "run"), why (str: why it is not, missing else), title (str).

    Raises
    ------
    InvalidInput
        When `findings` is no longer as `run` answered it.

    Examples
    --------
    >>> import toastnb as tn
    >>> table = tn.audit.summary(tn.audit.run(toast.inventory())).set_index("check")
    >>> table.loc[["in-error", "name-pattern"], ["status", "why"]].values.tolist()
    [['run', nan], ['not run', 'no rule given']]
    """
    return _frame(findings, "checks", _SUMMARY)


def waived(findings: pd.DataFrame) -> pd.DataFrame:
    """List the findings that are waived, with reason and expires.

    Parameters
    ----------
    findings : DataFrame
        As `run` answers.

    Returns
    -------
    DataFrame
        A row a waived finding: the columns of `run`, then reason and expires (the last day, as 2026-12-31); all str.

    Raises
    ------
    InvalidInput
        When `findings` is no longer as `run` answered it.

    Examples
    --------
    >>> import toastnb as tn
    >>> known = {"check": "*", "resource": "legacy-*", "reason": "goes in spring", "expires": "2027-03-31"}
    >>> findings = tn.audit.run(toast.inventory(), checks=["weak-ssh-key"], waivers=[known])
    >>> len(findings), tn.audit.waived(findings).reason.tolist()
    (0, ['goes in spring'])
    """
    return _frame(findings, "waived", dict.fromkeys((*COLUMNS, "reason", "expires"), "str"))


def waivers(findings: pd.DataFrame) -> pd.DataFrame:
    """List the waivers that were given, and what came of each.

    Parameters
    ----------
    findings : DataFrame
        As `run` answers.

    Returns
    -------
    DataFrame
        A row a waiver, as they were given: check, resource, reason, expires (str), status (str: "used", "unused",
        "expired", or "not run" when its check did not run or is off), findings (Int64: how many it is or would be
        for; missing when its check did not run).

    Raises
    ------
    InvalidInput
        When `findings` is no longer as `run` answered it.

    Examples
    --------
    >>> import toastnb as tn
    >>> old = {"check": "in-error", "resource": "*", "reason": "being looked at", "expires": "2024-01-31"}
    >>> tn.audit.waivers(tn.audit.run(toast.inventory(), waivers=[old])).status.tolist()
    ['expired']
    """
    return _frame(findings, "waivers", _WAIVERS)


def fails(findings: pd.DataFrame, on: str | Iterable[str]) -> bool:
    """Tell whether an audit fails.

    Parameters
    ----------
    findings : DataFrame
        As `run` answers.
    on : list of str or str
        Some of "high", "medium", "low", "info" (a finding of that severity or worse) and "not-run" (a check that did
        not run; one that is off does not count), as a list or with commas; or "never".

    Raises
    ------
    InvalidInput
        When a word of `on` is not known, or `findings` is no longer as `run` answered it.

    Examples
    --------
    >>> import toastnb as tn
    >>> findings = tn.audit.run(toast.inventory(), checks=["keypair-unused"])
    >>> tn.audit.fails(findings, "medium,not-run"), tn.audit.fails(findings, ["low"])
    (False, True)
    """
    words = words_of(on)
    checks = of_run(findings)["checks"]
    if words == [NEVER]:
        return False
    if NOT_RUN in words and any(check["status"] == DID_NOT_RUN for check in checks):
        return True
    ranks = [SEVERITIES.index(word) for word in words if word != NOT_RUN]
    return bool(findings["severity"].isin(SEVERITIES[: max(ranks, default=-1) + 1]).any())


def of_run(findings: pd.DataFrame) -> dict[str, Any]:
    """Return what `run` noted in a frame of findings: source, checks, waived, waivers.

    Raises
    ------
    InvalidInput
        When it is not there.
    """
    require_columns(findings, COLUMNS, "findings")
    return as_noted(findings, "audit", "findings", "run")


def as_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as dicts that JSON can hold; what is missing is None."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _frame(findings: pd.DataFrame, part: str, dtypes: dict[str, str]) -> pd.DataFrame:
    rows = of_run(findings)[part]
    if PROJECT in findings and part != "waivers":  # they are the same for all projects
        dtypes = {PROJECT: "str", **dtypes}
    table = pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
    table.attrs = {name: findings.attrs[name] for name in ("fetched_at", "at") if name in findings.attrs}
    return table


def words_of(on: str | Iterable[str]) -> list[str]:
    """Return what an audit fails on, checked: severities and `NOT_RUN`, or `NEVER` alone."""
    given = on.split(",") if isinstance(on, str) else on
    words = [word.strip() if isinstance(word, str) else word for word in given] if isinstance(given, Iterable) else []
    known = (*SEVERITIES, NOT_RUN)
    if words == [NEVER] or (words and all(word in known for word in words)):
        return words
    raise InvalidInput(f"on is {on!r}", hint=f"Give some of {', '.join(known)}, or {NEVER} alone.")
