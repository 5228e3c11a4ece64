"""The command `diff`: what changed between two moments of a history, or two saved inventories."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from toastnb.cli.common import OutFileOption, format_for, say
from toastnb.errors import InvalidInput
from toastnb.plain import many

if TYPE_CHECKING:
    import pandas as pd

    from toastnb.history import History
    from toastnb.inventory import Inventory

_AGO = re.compile(r"(\d{1,4})\s*(h|d|w)")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_LONGEST = 60


class DiffFormat(StrEnum):
    """How changes are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def diff(
    given: Annotated[
        list[str] | None, typer.Argument(metavar="[A.zip B.zip | STORE]", help="Two saved inventories, or a history.")
    ] = None,
    store: Annotated[str, typer.Option("--store", "-s", help="A history: a folder, or a URL.")] = "",
    since: Annotated[str, typer.Option(help="From when: 12h, 7d or 2w before --until, or 2026-11-01.")] = "",
    until: Annotated[str, typer.Option(help="Until when, as 2026-11-08; the newest snapshot by default.")] = "",
    project: Annotated[str, typer.Option(help="Which project, where the store has several.")] = "",
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

    The table "instances" is left out unless it is asked for: "instances_detail" has all of it.
    """
    from toastnb import history
    from toastnb.columns import TABLES
    from toastnb.files import SHARED, replace_file
    from toastnb.remarks import heard
    from toastnb.report.changes import described, in_brief

    kind = format_for(DiffFormat, format, out)
    if given and len(given) == 1 and since and not store:
        store, given = given[0], None
    before, after = _of_files(given, store, since) if given else _of_store(store, since, until, project)
    with heard(remarks := list[str]()):
        changes = history.diff(before, after, tables=table or [name for name in TABLES if name != "instances"])
        levels = history.waterfall(before, after)
    shown, is_for_people = changes, kind in (DiffFormat.TABLE, DiffFormat.HTML)
    if is_for_people:
        shown = described(changes if all_rows or table else in_brief(changes), before, after)
    found = _found(shown, len(changes) - len(shown))
    text = _written(shown, levels, kind, found)
    if kind is DiffFormat.TABLE:
        text = f"Changed from {before.fetched_at} to {after.fetched_at}: {found}\n{text}"
    if out is None:
        sys.stdout.write(text)
    else:
        replace_file(out, lambda file: file.write(text.encode()), mode=SHARED)
        say(f"Wrote {many(len(shown), 'change')} to {out}")
    if out is not None or kind is not DiffFormat.TABLE:
        say(f"Changed from {before.fetched_at} to {after.fetched_at}: {found}")
    _say_more(changes, levels, remarks)


def _of_files(saved: list[str], store: str, since: str) -> tuple[Inventory, Inventory]:
    from toastnb import load_inventory

    if len(saved) != 2 or store or since:
        hint = "As in: toastnb diff A.zip B.zip, or: toastnb diff STORE --since 7d."
        raise InvalidInput("diff takes two saved inventories, or a store and --since", hint=hint)
    return load_inventory(saved[0]), load_inventory(saved[1])


def _of_store(store: str, since: str, until: str, project: str) -> tuple[Inventory, Inventory]:
    from toastnb.capacity.times import moment
    from toastnb.history import open_store

    if not store or not since:
        raise InvalidInput("a store and --since are needed", hint="As in: toastnb diff history --since 7d.")
    known = open_store(store)
    after = known.at(until, project) if until else known.newest(project)
    first, last = _moment(since, until or after.fetched_at), moment(until or after.fetched_at, "--until")
    if first > last:
        end = "--until" if until else "the newest snapshot"
        raise InvalidInput(f"--since is {first}, after {end}, {last}", hint="Give the earlier moment as --since.")
    if _AGO.fullmatch(since.strip()):
        first = _near(known.of(project) if project else known, first, last)
    before = known.at(first, project)
    if before.fetched_at == after.fetched_at:
        say(f"Both moments have the same snapshot, of {after.fetched_at}: there is none in between.")
    return before, after


def _moment(since: str, until: str) -> pd.Timestamp:
    """Return a moment: itself, or so long before another; never counted from the present."""
    import pandas as pd

    from toastnb.capacity.times import moment

    ago = _AGO.fullmatch(since.strip())
    if ago is None:
        try:
            return moment(since, "--since")
        except InvalidInput as error:
            hint = "Give 12h, 7d or 2w (hours, days, weeks before --until), or a moment as 2026-11-01."
            raise InvalidInput(error.said, hint=hint) from None
    return moment(until, "--until") - pd.Timedelta(hours=int(ago[1]) * _HOURS[ago[2]])


def _near(known: History, first: pd.Timestamp, last: pd.Timestamp) -> pd.Timestamp:
    """Return when the snapshot was taken that "so long ago" means: a nightly run is not at the same second each day.

    It is the closest within a quarter of the time, and six hours; without one, the moment itself.
    """
    import pandas as pd

    slack = min((last - first) / 4, pd.Timedelta(hours=6))
    taken = [at for at in known.snapshots()["at"] if abs(at - first) <= slack and at < last]
    return min(taken, key=lambda at: abs(at - first), default=first)


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
    for name, why in history.not_compared(changes).itertuples(index=False):
        say(f"Not compared: {name}: {why}")
    for told in remarks:
        say(f"Note: {told}")


def _figure(value: object) -> str:
    from toastnb.plots.words import number

    return number(value)
