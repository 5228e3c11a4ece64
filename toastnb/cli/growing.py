"""The commands `growth` and `forecast`: what a history tells of how fast it grows, and when it is full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toastnb.cli.common import OutFileOption, ProjectOption, StoreArgument, history_of, say
from toastnb.cli.tables import Format, checked_format, write
from toastnb.errors import InvalidInput
from toastnb.remarks import heard

if TYPE_CHECKING:
    import pandas as pd

FormatOption = Annotated[Format | None, typer.Option("--format", "-f", help="By --out's ending, or table.")]
_RATES = ["allocated", "a_month_low", "a_month", "a_month_high", "weekly", "steps", "last_step", "last_step_on"]
_SPAN = ["days", "gaps", "last"]
_DAYS = ("last_step_on", "earliest", "expected", "latest", "last")
_AHEAD = [
    "limit",
    "allocated",
    "earliest",
    "expected",
    "latest",
    "full",
    "binding",
    "at_horizon",
    "steps",
    "stepped",
    "last",
]


def growth(
    store: StoreArgument,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="A column to group by besides the project, as zone; again.")
    ] = None,
    project: ProjectOption = "",
    total: Annotated[bool, typer.Option("--total", help="All projects together too, as the project Total.")] = False,
    format: FormatOption = None,
    out: OutFileOption = None,
) -> None:
    """Tell how fast what is allocated grows, with the interval of 80 % and the steps that are no growth.

    A table has growth in 30 days; the other formats have all columns.
    """
    from toastnb import capacity

    kind = checked_format(format, out)
    with heard(remarks := list[str]()):
        table = capacity.growth(history_of(store, project), by=by, total=total)
    _tell(remarks)
    _write(table, [*_RATES, *_SPAN], kind, out, "growth")


def forecast(
    store: StoreArgument,
    limits: Annotated[Path, typer.Option(help="What may be allocated at most, CSV, by project and zone or in all.")],
    horizon: Annotated[int, typer.Option(min=1, max=1825, help="How many days to look ahead.")] = 180,
    project: ProjectOption = "",
    total: Annotated[bool, typer.Option("--total", help="The limits are those of all projects together.")] = False,
    format: FormatOption = None,
    out: OutFileOption = None,
) -> None:
    """Tell when what is allocated reaches its limits, as a range of dates, and which resource is first.

    Earliest, expected and latest are the days on which the ends of the interval of 80 % and its middle are at the
    limit; "-" is not within the horizon. Each project is held against the same limits, or, where these have a column
    project, against its own (*: all together).

    "toastnb template limits.csv" has a file to start from.
    """
    from toastnb import capacity

    kind = checked_format(format, out)
    known = history_of(store, project)
    bounds = capacity.limits_of(limits, project) if project else limits
    if bounds is None:
        raise InvalidInput(f"{limits} has no limits of {project}", hint="Its rows of other projects are not used.")
    with heard(remarks := list[str]()):
        table = capacity.forecast(known, bounds, horizon, total)
    _tell(remarks)
    _write(table, _AHEAD, kind, out, "forecast")
    _tell_what_is_past(table)


def _tell(remarks: list[str]) -> None:
    for told in remarks:
        say(f"Note: {told}.")


def _tell_what_is_past(table: pd.DataFrame) -> None:
    """Tell of dates that were ahead of an old snapshot, and are not ahead of today."""
    import pandas as pd

    today = pd.Timestamp.now("UTC").floor("D")
    ahead = table.loc[table["full"] != "now", ["earliest", "expected", "latest"]]
    past = int((ahead < today).to_numpy().sum())
    if past:
        is_past = "date is" if past == 1 else "dates are"
        say(
            f"{past:,} {is_past} before today, {today:%Y-%m-%d}: what was ahead of the last snapshot. Record a new one."
        )


def _write(table: pd.DataFrame, shown: list[str], kind: Format, out: Path | None, name: str) -> None:
    """Write a table: as text what fits on a line, days as days; and tell of which group nothing is told."""
    whole = table.reset_index()
    days = {day: whole[day].dt.strftime("%Y-%m-%d") for day in shown if day in _DAYS}
    text = whole.assign(**days)[[*table.index.names, *shown]]
    write(text if kind is Format.TABLE else whole, kind, out, name)
    if out is not None:
        say(f"Wrote {len(table):,} rows of {name} to {out}")
    groups = [level for level in table.index.names if level != "resource"]
    for row in whole[whole["refused"].notna()].drop_duplicates([*groups, "refused"])[[*groups, "refused"]].values:
        say(f"Not told of {', '.join(map(str, row[:-1]))}: {row[-1]}")
