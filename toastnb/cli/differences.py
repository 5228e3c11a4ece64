"""The command `diff`: what changed between two moments of a history, or two saved inventories."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from toastnb.cli.common import OutFileOption, format_for, say
from toastnb.cli.comparing import Asked, compared, in_utc, of_store
from toastnb.errors import InvalidInput
from toastnb.plain import many

if TYPE_CHECKING:
    import pandas as pd

    from toastnb.inventory import Inventory

_LONGEST = 60


class DiffFormat(StrEnum):
    """How changes are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


_FOR_PEOPLE = (DiffFormat.TABLE, DiffFormat.HTML)


def diff(
    given: Annotated[
        list[str] | None, typer.Argument(metavar="[A.zip B.zip | STORE]", help="Two saved inventories, or a history.")
    ] = None,
    store: Annotated[str, typer.Option("--store", "-s", help="A history: a folder, or a URL.")] = "",
    since: Annotated[str, typer.Option(help="From when: 12h, 7d or 2w before --until, or 2026-11-01.")] = "",
    until: Annotated[
        str, typer.Option(help="Until when, as 2026-11-08 (all day); the newest snapshot by default.")
    ] = "",
    project: Annotated[str, typer.Option(help="Only this project; all that the store has by default.")] = "",
    table: Annotated[
        list[str] | None, typer.Option("--table", "-t", help="Only this table, all of it; may be given again.")
    ] = None,
    all_rows: Annotated[bool, typer.Option("--all", help="Also what came or went with its instance.")] = False,
    format: Annotated[DiffFormat | None, typer.Option("--format", "-f", help="By --out's ending, or table.")] = None,
    out: OutFileOption = None,
) -> None:
    """Tell what changed: of a store since a moment, or between two saved inventories.

    Disks, addresses, metadata and the like of an instance that was created or deleted are left out of table and html,
    unless --all or --table asks for them; csv and json have every row, as tn.history.diff answers it.

    Of a store of several projects each is compared on its own, and one that is new or has no snapshot since is told.

    The table "instances" is left out unless it is asked for: "instances_detail" has all of it.
    """
    from toastnb.files import SHARED, replace_file
    from toastnb.remarks import heard

    kind = format_for(DiffFormat, format, out)
    if given and len(given) == 1 and since and not store:
        store, given = given[0], None
    asked = Asked(table or None, is_brief=not (all_rows or table), is_for_people=kind in _FOR_PEOPLE)
    with heard(remarks := list[str]()):
        if given:
            done = compared(*_of_files(given, store, since), asked)
        else:
            done = of_store(store, since, until, project, asked)
    shown, changes, levels = done.shown, done.changes, done.levels
    found = _found(shown, len(changes) - len(shown))
    text = _written(shown, levels, kind, found)
    head = f"Changed from {in_utc(done.since)} to {in_utc(done.until)}: {found}"
    if kind is DiffFormat.TABLE:
        text = f"{head}\n{text}"
    if out is None:
        sys.stdout.write(text)
    else:
        replace_file(out, lambda file: file.write(text.encode()), mode=SHARED)
        say(f"Wrote {many(len(shown), 'change')} to {out}")
    if out is not None or kind is not DiffFormat.TABLE:
        say(head)
    _say_more(changes, levels, remarks)


def _of_files(saved: list[str], store: str, since: str) -> tuple[Inventory, Inventory]:
    from toastnb import load_inventory

    if len(saved) != 2 or store or since:
        hint = "As in: toastnb diff A.zip B.zip, or: toastnb diff STORE --since 7d."
        raise InvalidInput("diff takes two saved inventories, or a store and --since", hint=hint)
    return load_inventory(saved[0]), load_inventory(saved[1])


def _found(shown: pd.DataFrame, left_out: int) -> str:
    from toastnb.report.changes import counts

    if not left_out:
        return f"{counts(shown)}."
    rest = f"{many(left_out, 'row')} of what came or went with its instance left out"
    return f"{counts(shown)}; {rest} (--all)."


def _written(shown: pd.DataFrame, levels: pd.DataFrame, kind: DiffFormat, found: str) -> str:
    from toastnb.report import exports, pages

    writers: dict[DiffFormat, Callable[[], str]] = {
        DiffFormat.TABLE: lambda: exports.as_text(_for_terminal(shown)) if len(shown) else "",
        DiffFormat.JSON: lambda: exports.as_json(shown),
        DiffFormat.CSV: lambda: exports.as_csv(shown),
        DiffFormat.HTML: lambda: pages.changes_page(shown, levels, found),
    }
    return writers[kind]()


def _for_terminal(changes: pd.DataFrame) -> pd.DataFrame:
    """Return what fits on a line: long texts are cut."""
    long = ("key", "name", "before", "after")
    return changes.assign(**{name: changes[name].str.slice(stop=_LONGEST) for name in long})


def _say_more(changes: pd.DataFrame, levels: pd.DataFrame, remarks: list[str]) -> None:
    """Tell what the changes come to, which tables say nothing, and what was remarked."""
    from toastnb import history

    steps = levels.loc[["before", "after"], ["instances", "vcpus", "ram_gb", "disk_gb"]].astype("Float64")
    now = ", ".join(f"{name} {_figure(old)} to {_figure(new)}" for name, (old, new) in steps.items())
    say(f"Allocated: {now}.")
    for *whose, name, why in _not_compared(history.not_compared(changes)).itertuples(index=False):
        say(f"Not compared: {' of '.join([name, *whose])}: {why}")
    for told in remarks:
        say(f"Note: {told}")


def _not_compared(tables: pd.DataFrame) -> pd.DataFrame:
    """Return a row a table, or a row a project of several tables for the same reason."""
    if "project" not in tables:
        return tables
    rows = tables.groupby(["project", "why"], sort=False)["table"].agg(", ".join).reset_index()
    return rows[["project", "table", "why"]]


def _figure(value: object) -> str:
    from toastnb.plots.words import number

    return number(value)
