"""The command `diff`: what changed between two moments of a history, or two saved inventories."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toastnb.cli.common import OutFileOption, say
from toastnb.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

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
    saved: Annotated[list[Path] | None, typer.Argument(metavar="[A.zip B.zip]", help="Two saved inventories.")] = None,
    store: Annotated[str, typer.Option("--store", "-s", help="A history: a folder, or a URL.")] = "",
    since: Annotated[str, typer.Option(help="From when: 12h, 7d or 2w before --until, or 2026-11-01.")] = "",
    until: Annotated[str, typer.Option(help="Until when, as 2026-11-08; the newest snapshot by default.")] = "",
    project: Annotated[str, typer.Option(help="Which project, where the store has several.")] = "",
    table: Annotated[
        list[str] | None, typer.Option("--table", "-t", help="Only this table; may be given again.")
    ] = None,
    format: Annotated[DiffFormat, typer.Option("--format", "-f", help="How it is written.")] = DiffFormat.TABLE,
    out: OutFileOption = None,
) -> None:
    """Tell what changed: of a store since a moment, or between two saved inventories.

    The table "instances" is left out unless it is asked for: "instances_detail" has all of it.
    """
    from toastnb import history
    from toastnb.columns import TABLES
    from toastnb.files import SHARED, replace_file

    before, after = _of_files(saved, store, since) if saved else _of_store(store, since, until, project)
    changes = history.diff(before, after, tables=table or [name for name in TABLES if name != "instances"])
    levels = history.waterfall(before, after)
    text = _written(changes, levels, format)
    if out is None:
        sys.stdout.write(text)
    else:
        replace_file(out, lambda file: file.write(text.encode()), mode=SHARED)
        say(f"Wrote {len(changes):,} changes to {out}")
    _say_what(changes, levels, before.fetched_at)


def _of_files(saved: list[Path], store: str, since: str) -> tuple[Inventory, Inventory]:
    from toastnb import load_inventory

    if len(saved) != 2 or store or since:
        raise InvalidInput("diff takes two saved inventories, or --store and --since", hint="toastnb diff A.zip B.zip")
    return load_inventory(saved[0]), load_inventory(saved[1])


def _of_store(store: str, since: str, until: str, project: str) -> tuple[Inventory, Inventory]:
    from toastnb.history import open_store

    if not store or not since:
        raise InvalidInput("--store and --since are needed", hint="As in: toastnb diff --store history --since 7d.")
    known = open_store(store)
    after = known.at(until, project) if until else known.newest(project)
    return known.at(_moment(since, until or after.fetched_at), project), after


def _moment(since: str, until: str) -> pd.Timestamp:
    """Return a moment: itself, or so long before another; never counted from the present."""
    import pandas as pd

    from toastnb.capacity.times import moment

    ago = _AGO.fullmatch(since.strip())
    if ago is None:
        return moment(since, "--since")
    return moment(until, "--until") - pd.Timedelta(hours=int(ago[1]) * _HOURS[ago[2]])


def _written(changes: pd.DataFrame, levels: pd.DataFrame, format: DiffFormat) -> str:
    from toastnb.report import exports, pages

    writers: dict[DiffFormat, Callable[[], str]] = {
        DiffFormat.TABLE: lambda: exports.as_text(_for_terminal(changes)),
        DiffFormat.JSON: lambda: exports.as_json(changes),
        DiffFormat.CSV: lambda: exports.as_csv(changes),
        DiffFormat.HTML: lambda: pages.changes_page(changes, levels),
    }
    return writers[format]()


def _for_terminal(changes: pd.DataFrame) -> pd.DataFrame:
    """Return what fits on a line: long texts are cut."""
    long = ("key", "name", "before", "after")
    return changes.assign(**{name: changes[name].str.slice(stop=_LONGEST) for name in long})


def _say_what(changes: pd.DataFrame, levels: pd.DataFrame, since: str) -> None:
    """Tell how many changes there are and what they come to, and which tables say nothing."""
    from toastnb import history

    counts = changes["change"].value_counts()
    found = ", ".join(f"{count:,} {change}" for change, count in counts.items()) or "nothing"
    steps = levels.loc[["before", "after"], ["instances", "vcpus", "ram_gb", "disk_gb"]].astype("Float64")
    now = ", ".join(f"{name} {_figure(old)} to {_figure(new)}" for name, (old, new) in steps.items())
    say(f"Changed from {since} to {changes.attrs['fetched_at']}: {found}.")
    say(f"Allocated: {now}.")
    for name, why in history.not_compared(changes).itertuples(index=False):
        say(f"Not compared: {name}: {why}")


def _figure(value: object) -> str:
    from toastnb.plots.words import number

    return number(value)
