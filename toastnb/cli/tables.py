"""The commands that write tables and notebooks as they are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toastnb.cli.common import (
    FAILURE,
    OutFileOption,
    ProfilesOption,
    SavedOption,
    are_many,
    format_for,
    pull,
    pull_many,
    say,
)
from toastnb.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd


class Format(StrEnum):
    """How a table is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"


def inventory(
    table: Annotated[
        str, typer.Option("--table", "-t", help="Which table; see the column dictionary.")
    ] = "instances_detail",
    format: Annotated[Format | None, typer.Option("--format", "-f", help="By --out's ending, or table.")] = None,
    out: OutFileOption = None,
    profile: ProfilesOption = "",
    saved: SavedOption = None,
    save: Annotated[Path | None, typer.Option(help="Save the whole inventory to this file too.")] = None,
) -> None:
    """Write one table of the account, or of several projects with a column for the project.

    Where one of several fails, it is told, the others are written, and the exit code is 2.
    """
    from toastnb.columns import TABLES

    if table not in TABLES:
        raise InvalidInput(f"there is no table {table!r}", hint=f"Tables are {', '.join(TABLES)}.")
    kind = checked_format(format, out)
    if are_many(profile):
        account, is_whole = pull_many(profile, saved, lambda projects: projects.inventory(), table)
    else:
        account, is_whole = pull(profile, saved), True
    if save is not None:
        say(f"Saved the inventory to {account.save(save)}")
    frame = getattr(account, table)
    write(frame, kind, out, table)
    if out is not None:
        say(f"Wrote {len(frame):,} rows of {table}, fetched at {account.fetched_at}, to {out}")
    if not is_whole:
        raise typer.Exit(FAILURE)


def checked_format(format: Format | None, out: Path | None) -> Format:
    """Return the format that is asked for, as `format_for`; `InvalidInput` also for what needs a file."""
    kind = format_for(Format, format, out)
    if out is None and kind in (Format.PARQUET, Format.XLSX):
        raise InvalidInput(f"{kind.value} is not for a terminal", hint="Give a file with --out.")
    return kind


def write(frame: pd.DataFrame, kind: Format, out: Path | None, name: str) -> None:
    """Write a frame to a file, or to the terminal."""
    from toastnb.report import exports

    on_terminal: dict[Format, Callable[[pd.DataFrame], str]] = {
        Format.TABLE: exports.as_text,
        Format.CSV: exports.as_csv,
        Format.JSON: exports.as_json,
    }
    if out is None:
        sys.stdout.write(on_terminal[kind](frame))
    elif kind is Format.TABLE:
        exports.write_text(frame, out)
    else:
        exports.export(frame, out, kind.value, name)


def notebooks(folder: Annotated[Path, typer.Argument(help="Where to; made if need be.")]) -> None:
    """Copy the notebooks to where you work."""
    from toastnb.report.library import copy_notebooks

    for path in copy_notebooks(folder):
        print(f"Wrote {path}")
