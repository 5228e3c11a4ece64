"""Which checks run, with which thresholds: the catalogue's, the user's rules, and what the call says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from toastnb.audit.catalogue import CHECKS
from toastnb.audit.check import FROM_THE_RULES, Check
from toastnb.audit.findings import SEVERITIES
from toastnb.audit.metadata_secrets import is_secret_key
from toastnb.audit.placement import METADATA
from toastnb.audit.sources import read_toml
from toastnb.audit.thresholds import checked
from toastnb.errors import InvalidInput

Checks = str | Iterable[str] | Mapping[str, Mapping[str, Any]]
Rules = Mapping[str, Any] | str | os.PathLike[str]

_CHECKS = "checks"
# What users write into sections of their own: the section's one key is a threshold of one check.
_SECTIONS = {
    "metadata": ("required", "required-metadata-missing"),
    "names": ("pattern", "name-pattern"),
    "application": ("key", "single-zone-application"),
}


@dataclass(frozen=True)
class Planned:
    """A check with its thresholds, the severity of all its findings where the user sets one, and whether it is on."""

    check: Check
    thresholds: Mapping[str, Any]
    forced: str | None = None
    enabled: bool = True

    @property
    def severity(self) -> str:
        """The user's severity, or the catalogue's."""
        return self.forced or self.check.severity

    @property
    def needs(self) -> tuple[str, ...]:
        """The tables that it cannot do without, as it was asked for."""
        by_metadata = str(self.thresholds.get("key")).startswith(METADATA)
        return (*self.check.needs, "metadata") if by_metadata else self.check.needs

    @property
    def lacks_rule(self) -> bool:
        """Whether a threshold is missing that only the user can give."""
        return FROM_THE_RULES in self.thresholds.values()


def plan(checks: Checks | None, rules: Rules | None) -> list[Planned]:
    """Return the checks that are asked for, in the catalogue's order; those that the rules switch off are not enabled.

    Thresholds in `checks` win over those in `rules`. A check that the rules switch off runs when it is named.

    Raises
    ------
    InvalidInput
        When there is no such check, threshold, section or key, or a value is of the wrong kind; it is named.
    """
    ruled = _ruled(rules)
    asked = {} if checks is None else _asked(checks)
    named = {check: replace(_with(ruled[check], asked[check], f"checks: {check}"), enabled=True) for check in asked}
    _refuse_secret_key(ruled | named)
    return [(ruled | named)[check] for check in CHECKS if checks is None or check in named]


def known_check(name: object, where: str) -> str:
    """Return the id of a check; `InvalidInput` when there is none of that name."""
    if isinstance(name, str) and name in CHECKS:
        return name
    raise InvalidInput(f"{where}: there is no check {name!r}", hint=f"Checks are {', '.join(CHECKS)}.")


def _asked(checks: Checks) -> dict[str, Mapping[str, Any]]:
    if isinstance(checks, Mapping):
        return {known_check(name, "checks"): _table(given, f"checks: {name}") for name, given in checks.items()}
    if not isinstance(checks, Iterable):
        raise InvalidInput(f"checks is {type(checks).__name__}, but must be ids, or a mapping of ids to thresholds")
    names = [checks] if isinstance(checks, str) else list(checks)
    if not names:
        raise InvalidInput("checks is empty", hint="Leave it out to run all of them.")
    return {known_check(name, "checks"): {} for name in names}


def _ruled(rules: Rules | None) -> dict[str, Planned]:
    """Return every check as the rules have it."""
    planned = {name: Planned(check, check.thresholds) for name, check in CHECKS.items()}
    content = _content(rules)
    of_checks = content.get(_CHECKS, {})
    for name, given in of_checks.items():
        known_check(name, f"rules: [checks.{name}]")
        planned[name] = _with_rule(planned[name], _table(given, f"rules: [checks.{name}]"))
    for section, (key, name) in _SECTIONS.items():
        given = content.get(section, {})
        _known(given, [key], f"rules: [{section}]", "key")
        if key in given and key in of_checks.get(name, {}):
            raise InvalidInput(f"rules: {key} is in [{section}] and in [checks.{name}]", hint="Give it once.")
        planned[name] = _with(planned[name], given, f"rules: [{section}]")
    return planned


def _refuse_secret_key(planned: Mapping[str, Planned]) -> None:
    """Refuse a metadata key whose values would be shown as applications, though the user's patterns make it secret."""
    key = str(planned["single-zone-application"].thresholds["key"])
    patterns = planned["secret-in-metadata"].thresholds["patterns"]
    if key.startswith(METADATA) and is_secret_key(key.removeprefix(METADATA), patterns):
        raise InvalidInput(
            f"key of single-zone-application is {key!r}, a secret's by patterns of secret-in-metadata",
            hint="Its values would be shown: give a key of no secret.",
        )


def _content(rules: Rules | None) -> Mapping[str, Any]:
    if rules is None:
        return {}
    content = read_toml(rules, "rules") if isinstance(rules, str | os.PathLike) else _table(rules, "rules")
    _known(content, [_CHECKS, *_SECTIONS], "rules", "section")
    for section, table in content.items():
        _table(table, f"rules: [{section}]")
    return content


def _with_rule(planned: Planned, given: Mapping[str, Any]) -> Planned:
    """Return a check as its own section of the rules has it."""
    where = f"rules: [checks.{planned.check.id}]"
    _known(given, [*planned.thresholds, "enabled", "severity"], where, "key")
    severity, enabled = given.get("severity"), given.get("enabled", True)
    if severity not in (None, *SEVERITIES):
        raise InvalidInput(f"{where} severity is {severity!r}, but must be one of {', '.join(SEVERITIES)}")
    if not isinstance(enabled, bool):
        raise InvalidInput(f"{where} enabled is {enabled!r}, but must be true or false")
    thresholds = {name: value for name, value in given.items() if name in planned.thresholds}
    return replace(_with(planned, thresholds, where), forced=severity, enabled=enabled)


def _with(planned: Planned, given: Mapping[str, Any], where: str) -> Planned:
    """Return a check with other thresholds."""
    _known(given, list(planned.thresholds), where, "threshold")
    values = {name: checked(where, name, value) for name, value in given.items()}
    return replace(planned, thresholds={**planned.thresholds, **values})


def _known(given: Iterable[object], names: list[str], where: str, what: str) -> None:
    for name in given:
        if name not in names:
            raise InvalidInput(f"{where} has no {what} {name!r}", hint=f"There are: {', '.join(names) or 'none'}.")


def _table(given: object, where: str) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    raise InvalidInput(f"{where} is {type(given).__name__}, but must be a table of keys and values")
