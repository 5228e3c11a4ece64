"""Findings for other programs: one JSON object, and SARIF."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pandas as pd

from toastnb import __version__
from toastnb.audit.catalogue import CHECKS
from toastnb.audit.check import DID_NOT_RUN, OFF
from toastnb.audit.results import as_records, of_run
from toastnb.inventory import PROJECT
from toastnb.plain import in_json

_LEVELS = {"high": "error", "medium": "warning", "low": "note", "info": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(findings: pd.DataFrame) -> str:
    """Return findings as one JSON object.

    Parameters
    ----------
    findings : DataFrame
        As `run` answers.

    Returns
    -------
    str
        fetched_at, at, source, findings, waived, not_run and off (check, why), and waivers; what is missing is null.

    Raises
    ------
    InvalidInput
        When `findings` is no longer as `run` answered it.

    Examples
    --------
    >>> import json
    >>> import toastnb as tn
    >>> whole = json.loads(tn.audit.as_json(tn.audit.run(toast.inventory(), checks=["weak-ssh-key", "name-pattern"])))
    >>> len(whole["findings"]), whole["not_run"]
    (1, [{'check': 'name-pattern', 'why': 'no rule given'}])
    """
    noted = of_run(findings)
    whole = {
        "fetched_at": findings.attrs.get("fetched_at"),
        "at": findings.attrs.get("at"),
        "source": noted["source"],
        "findings": as_records(findings),
        "waived": noted["waived"],
        "not_run": _with_reasons(noted, DID_NOT_RUN),
        "off": _with_reasons(noted, OFF),
        "waivers": noted["waivers"],
    }
    return _written(whole)


def sarif(findings: pd.DataFrame) -> str:
    """Return findings as SARIF 2.1.0, the format of code scanning tools.

    Waived findings are results with a suppression; checks that did not run or are off are notifications of the tool.

    Parameters
    ----------
    findings : DataFrame
        As `run` answers.

    Returns
    -------
    str
        JSON. High is an error, medium a warning, low and info are notes. Each result has a logical location, as
        ``instance/ID``, and the same as an artifact's, for viewers that know nothing but files.

    Raises
    ------
    InvalidInput
        When `findings` is no longer as `run` answered it.

    Examples
    --------
    >>> import json
    >>> import toastnb as tn
    >>> log = json.loads(tn.audit.sarif(tn.audit.run(toast.inventory(), checks=["weak-ssh-key"])))
    >>> log["runs"][0]["results"][0]["level"]
    'error'
    """
    noted = of_run(findings)
    rules = {check["check"]: check for check in noted["checks"]}  # of several projects, each has them
    order = {check: index for index, check in enumerate(rules)}
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "toastnb",
                        "version": __version__,
                        "rules": [_rule(check) for check in rules.values()],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": _notifications(
                            noted, order, DID_NOT_RUN, "warning", "did not run"
                        ),
                        "toolConfigurationNotifications": _notifications(noted, order, OFF, "note", "is off"),
                    }
                ],
                "results": [_result(one, order) for one in [*as_records(findings), *noted["waived"]]],
                "properties": {name: findings.attrs.get(name) for name in ("fetched_at", "at")},
            }
        ],
    }
    return _written(log)


def _rule(check: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": check["check"],
        "shortDescription": {"text": check["title"]},
        "help": {"text": CHECKS[check["check"]].remedy},
        "defaultConfiguration": {"level": _LEVELS[check["severity"]]},
    }


def _notifications(
    noted: dict[str, Any], order: dict[str, int], status: str, level: str, said: str
) -> list[dict[str, Any]]:
    return [
        {
            "associatedRule": {"id": check["check"], "index": order[check["check"]]},
            "level": level,
            "message": {"text": _plain(f"{_of_project(check)}{check['check']} {said}: {check['why']}")},
        }
        for check in noted["checks"]
        if check["status"] == status
    ]


def _result(finding: dict[str, Any], order: dict[str, int]) -> dict[str, Any]:
    kind, name = finding["resource_type"], finding["name"] or finding["resource"] or "(missing)"
    resource = finding["resource"] or name
    parts = [finding[PROJECT], kind, resource] if PROJECT in finding else [kind, resource]
    suppressed = "reason" in finding
    return {
        "ruleId": finding["check"],
        "ruleIndex": order[finding["check"]],
        "level": _LEVELS[finding["severity"]],
        "message": {"text": _plain(f"{_of_project(finding)}{name}: {finding['evidence']}. {finding['remedy']}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "/".join(quote(part, safe="") for part in parts)},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"name": name, "fullyQualifiedName": "/".join(parts), "kind": "resource"}],
            }
        ],
        "suppressions": [_suppression(finding)] if suppressed else [],
        "properties": {"severity": finding["severity"], "confidence": finding["confidence"]},
    }


def _of_project(row: dict[str, Any]) -> str:
    return f"{row[PROJECT]}: " if PROJECT in row else ""


def _suppression(finding: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": finding["reason"],
        "properties": {"expires": finding["expires"]},
    }


def _with_reasons(noted: dict[str, Any], status: str) -> list[dict[str, Any]]:
    kept = (PROJECT, "check", "why")
    return [{name: one[name] for name in kept if name in one} for one in noted["checks"] if one["status"] == status]


def _plain(text: str) -> str:
    """Return a text in which SARIF sees neither a placeholder nor a link: names come from outside."""
    return re.sub(r"[\[\]\\]", r"\\\g<0>", text).replace("{", "{{").replace("}", "}}")


def _written(content: dict[str, Any]) -> str:
    return in_json(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)) + "\n"
