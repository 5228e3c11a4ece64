"""The commands `report` and `audit`, and the templates of the files that they take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toastnb.cli.common import (
    FAILURE,
    OutFileOption,
    ProfilesOption,
    RulesOption,
    SavedOption,
    WaiversOption,
    are_many,
    format_for,
    names_of,
    pull,
    pull_many,
    say,
)
from toastnb.errors import InvalidInput, ToastError

if TYPE_CHECKING:
    import pandas as pd

    from toastnb.history import History
    from toastnb.inventory import Inventory

FOUND = 1
_TEMPLATES = Path(__file__).parent / "templates"


class AuditFormat(StrEnum):
    """How findings are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    SARIF = "sarif"


class Template(StrEnum):
    """A file to start from."""

    LIMITS = "limits.csv"
    PRICES = "prices.csv"
    RULES = "rules.toml"
    WAIVERS = "waivers.toml"


def report(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the report.")] = Path(),
    profile: ProfilesOption = "",
    saved: SavedOption = None,
    limits: Annotated[Path | None, typer.Option(help="What may be allocated at most, CSV: shows headroom.")] = None,
    prices: Annotated[Path | None, typer.Option(help="What flavors and disks cost, CSV: shows cost.")] = None,
    rules: RulesOption = None,
    waivers: WaiversOption = None,
    history: Annotated[
        str, typer.Option(help="A history, a folder or URL: shows changes since last time, growth, time remaining.")
    ] = "",
    project: Annotated[
        str, typer.Option(help="The account's name, in the title, history and limits; the profile's by default.")
    ] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="A PDF too, printed by a Chromium on this machine.")] = False,
) -> None:
    """Write the capacity report (HTML and Excel) and print the totals by zone.

    Of several projects each has a report, in a folder of its name. One that fails is told, and the exit code is 2.

    "toastnb template" has files to start from for limits, prices, rules and waivers.
    """
    from toastnb import report as reports
    from toastnb.rules import check_file_name

    names = names_of(profile)  # what is wrong is said before anything is read
    _check_project(project, names)
    reports.writer.folder_for(out)
    pasts = _histories(_opened(history), project, names)
    if are_many(profile):
        folders = {name: out / check_file_name(name) for name in names}
        accounts, is_whole = pull_many(profile, saved, lambda projects: projects.inventories())
    else:
        folders, accounts, is_whole = {profile: out}, {profile: pull(profile, saved)}, True
        for name, why in accounts[profile].absent.items():
            say(f"Without {name}: {why}")
        if profile in pasts:
            pasts[profile] = _of_account(accounts[profile], pasts[profile])
    _print_totals(accounts, ["project", "zone"] if len(folders) > 1 else ["zone"])
    for name, account in accounts.items():
        if history and name not in pasts:
            _say_without_history([name])
        say(f"Writing the report{f' of {name}' if len(folders) > 1 else ''} ...")
        try:
            paths = reports.write(
                account,
                folders[name],
                limits=limits,
                prices=prices,
                rules=rules,
                waivers=waivers,
                history=pasts.get(name),
                project=project or name,
                pdf=pdf,
                tell=lambda step: say(f"{step} ..."),
            )
        except ToastError as error:
            if len(folders) == 1:
                raise
            say(f"Without the report of {name}: {error}")
            is_whole = False
            continue
        for path in paths:
            print(f"Wrote {path}")
    if not is_whole:
        raise typer.Exit(FAILURE)
    if profile == "sandbox":
        print(
            "\nThis was the sandbox. For a real account:"
            "\n  toastnb login\n  toastnb report --profile default --out build"
        )


def _opened(history: str) -> History | None:
    from toastnb.history import open_store

    return open_store(history) if history else None


def _histories(known: History | None, project: str, names: list[str]) -> dict[str, History]:
    """Return what a history has of each profile; one of many that it does not have is left out."""
    if known is None:
        return {}
    found = {}
    for name in names:
        called = project or name
        if len(names) == 1 or called in known.projects:
            found[name] = known.of(called) if called else known
    return found


def _history_of_many(history: str, project: str, names: list[str]) -> History | None:
    """Return what a history has of these profiles; of which it has nothing, that is told."""
    _check_project(project, names)
    known = _opened(history)
    if known is None:
        return None
    found = _histories(known, project, names)
    _say_without_history(name for name in names if name not in found)
    return known.of(*found) if found else None


def _say_without_history(names: Iterable[str]) -> None:
    for name in names:
        say(f"Without history of {name}: the history has no project of that name.")


def _check_project(project: str, names: list[str]) -> None:
    if project and len(names) > 1:
        raise InvalidInput("--project is for one account", hint="Many are called as their profiles.")


def _of_account(account: Inventory, history: History) -> History:
    """Return what a history has of an account; an error where it does not tell which project that is."""
    from toastnb.report.over_time import project_of

    name = project_of(account, history)
    return history.of(name) if name else history


def _print_totals(accounts: Mapping[str, Inventory], by: list[str]) -> None:
    from toastnb import capacity
    from toastnb.arrays import stacked
    from toastnb.report import exports

    if not accounts:
        return
    vms = stacked("project", {name: account.instances_detail for name, account in accounts.items()})
    fetched_at = min(account.fetched_at for account in accounts.values())
    print(f"\nAllocated by {' and '.join(by)}, data fetched at {fetched_at}\n", flush=True)
    print(exports.as_text(capacity.totals(vms, by=by).reset_index()), flush=True)


def audit(
    fail_on: Annotated[
        str, typer.Option("--fail-on", help="Exit with 1 on: high, medium, low, info, not-run (with commas), or never.")
    ] = "high",
    format: Annotated[AuditFormat | None, typer.Option("--format", "-f", help="By --out's ending, or table.")] = None,
    out: OutFileOption = None,
    profile: ProfilesOption = "",
    saved: SavedOption = None,
    check: Annotated[list[str] | None, typer.Option("--check", help="Only this check; may be given again.")] = None,
    rules: RulesOption = None,
    waivers: WaiversOption = None,
    history: Annotated[
        str, typer.Option(help="A history, a folder or URL: says since when instances are stopped.")
    ] = "",
    project: Annotated[str, typer.Option(help="The account's name in the history; the profile's by default.")] = "",
) -> None:
    """Look for what is wrong or risky. Exits with 0, with 1 on findings (see --fail-on), with 2 on a failure.

    Of several projects each is audited on its own. One that fails is told, the findings of the others are written, and
    the exit code is 2.
    """
    from toastnb import audit as audits
    from toastnb.audit.results import words_of
    from toastnb.files import SHARED, replace_file

    words_of(fail_on)  # a slip of the pen is found before anything is read
    kind = format_for(AuditFormat, format, out)
    is_whole, checks = True, check or None
    if are_many(profile):
        past = _history_of_many(history, project, names_of(profile))
        findings, is_whole = pull_many(
            profile, saved, lambda projects: projects.audit(checks, waivers, rules, history=past)
        )
    else:
        if project and not history:
            raise InvalidInput("--project is for --history", hint="It is the account's name in it.")
        own = _histories(_opened(history), project, names_of(profile)).get(profile)
        findings = audits.run(pull(profile, saved), checks=checks, rules=rules, waivers=waivers, history=own)
    text = _written(findings, kind)
    if out is None:
        sys.stdout.write(text)
    else:
        replace_file(out, lambda file: file.write(text.encode()), mode=SHARED)
        say(f"Wrote {len(findings):,} findings to {out}")
    _say_what_is_not_there(findings)
    if not is_whole:
        raise typer.Exit(FAILURE)
    if audits.fails(findings, fail_on):
        raise typer.Exit(FOUND)


def _written(findings: pd.DataFrame, format: AuditFormat) -> str:
    from toastnb import audit as audits
    from toastnb.report import exports, pages

    writers: dict[AuditFormat, Callable[[pd.DataFrame], str]] = {
        AuditFormat.TABLE: lambda found: exports.as_text(_for_terminal(found)),
        AuditFormat.JSON: audits.as_json,
        AuditFormat.CSV: exports.as_csv,
        AuditFormat.HTML: pages.audit_page,
        AuditFormat.SARIF: audits.sarif,
    }
    return writers[format](findings)


def _for_terminal(findings: pd.DataFrame) -> pd.DataFrame:
    """Return what fits on a line: long names and evidence are cut."""
    columns = ["project", "severity", "check", "resource_type", "name", "evidence"]
    shown = findings[[name for name in columns if name in findings]]
    return shown.assign(name=shown["name"].str.slice(stop=40), evidence=shown["evidence"].str.slice(stop=120))


def _say_what_is_not_there(findings: pd.DataFrame) -> None:
    """Tell what was found, waived and not looked at: absence is not cleanliness."""
    from toastnb import audit as audits

    counts = findings["severity"].value_counts()
    found = ", ".join(f"{count:,} {severity}" for severity, count in counts.items()) or "nothing"
    checks = audits.summary(findings)
    say(f"Found {found}; waived {int(checks['waived'].sum()):,}.")
    for waiver in audits.waivers(findings).itertuples():
        if waiver.status != "used":
            say(f"Waiver {waiver.status}: {waiver.check} for {waiver.resource} (until {waiver.expires})")
    same = ["status", "check", "why"]  # in several projects it is mostly for the same reason
    not_run = checks[checks["status"] != "run"].groupby(same, sort=False).size().reset_index(name="times")
    for check in not_run.itertuples():
        projects = f" (in {check.times:,} projects)" if "project" in checks else ""
        say(f"{str(check.status).capitalize()}: {check.check}: {check.why}{projects}")


def template(name: Annotated[Template, typer.Argument(help="Which file.")]) -> None:
    """Print a file to start from, as in: toastnb template limits.csv > limits.csv."""
    sys.stdout.write((_TEMPLATES / name.value).read_text("utf-8"))
