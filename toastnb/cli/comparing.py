"""What `toastnb diff` compares: two inventories, or of a store each project at two moments, one at a time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from toastnb.cli.common import say
from toastnb.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

    from toastnb.history import History
    from toastnb.inventory import Inventory

_AGO = re.compile(r"(\d{1,4})\s*(h|d|w)")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}


class Asked(NamedTuple):
    """What is compared and shown: the tables, whether what came or went with its instance is left out, and for whom."""

    tables: list[str] | None
    is_brief: bool
    is_for_people: bool

    @property
    def all_tables(self) -> list[str]:
        """The tables, by default all in which something may be found that is in no other."""
        from toastnb.columns import TABLES

        return self.tables or [name for name in TABLES if name != "instances"]


class Compared(NamedTuple):
    """What changed: as `history.diff` answers it, as it is shown, what is allocated step by step, and the moments."""

    changes: pd.DataFrame
    shown: pd.DataFrame
    levels: pd.DataFrame
    since: str
    until: str


def in_utc(when: str | pd.Timestamp) -> str:
    """Return a moment as a snapshot's line has it: UTC, to the second."""
    from toastnb.capacity.times import moment

    return f"{moment(when):%Y-%m-%dT%H:%M:%SZ}"


def compared(before: Inventory, after: Inventory, asked: Asked) -> Compared:
    """Compare two inventories."""
    from toastnb import history
    from toastnb.report.changes import described, in_brief

    changes = history.diff(before, after, tables=asked.all_tables)
    shown = changes
    if asked.is_for_people:
        shown = described(in_brief(changes) if asked.is_brief else changes, before, after)
    return Compared(changes, shown, history.waterfall(before, after), before.fetched_at, after.fetched_at)


def of_store(store: str, since: str, until: str, project: str, asked: Asked) -> Compared:
    """Compare what a store has of two moments, of one project or of all.

    Raises
    ------
    InvalidInput
        When a moment is none, or not before the other one, or no project has a snapshot at both.
    """
    from toastnb.history import open_store

    if not store or not since:
        raise InvalidInput("a store and --since are needed", hint="As in: toastnb diff history --since 7d.")
    known = open_store(store)
    if project or len(known.projects) == 1:
        return _of_one(known.of(project or known.projects[0]), since, until, asked)
    return _of_all(known, since, until, asked)


def _of_one(mine: History, since: str, until: str, asked: Asked) -> Compared:
    first, last = _span(mine, since, until)
    after, before = mine.at(last), mine.at(_begin(mine, since, first, last))
    if before.fetched_at == after.fetched_at:
        say(f"Both moments have the same snapshot, of {in_utc(after.fetched_at)}: there is none in between.")
    return compared(before, after, asked)


def _of_all(known: History, since: str, until: str, asked: Asked) -> Compared:
    """Compare each project that has a snapshot at both moments; two of its inventories are in memory."""
    from toastnb.capacity.distributed import added
    from toastnb.history.differences import together

    first, last = _span(known, since, until)
    found, lacking = dict[str, Compared](), dict[str, str]()
    for name in known.projects:
        mine = known.of(name)
        taken = mine.snapshots()["at"]
        begin = _begin(mine, since, first, last)
        if taken.min() > begin:
            if taken.min() <= last:
                lacking[name] = f"new: its first snapshot is of {in_utc(taken.min())}"
        elif (newest := taken[taken <= last].max()) <= begin:
            lacking[name] = f"gone, or not recorded: its newest snapshot is of {in_utc(newest)}"
        else:
            found[name] = compared(mine.at(begin), mine.at(last), asked)
    if not found:
        problem = f"no project has a snapshot at {in_utc(first)} or before and another one since"
        raise InvalidInput(problem, hint="Give an earlier moment as --since.")
    sides = (asked.all_tables, first.isoformat(), last.isoformat())
    changes, shown = (
        together({name: getattr(one, part) for name, one in found.items()}, lacking, *sides)
        for part in ("changes", "shown")
    )
    levels = [one.levels for one in found.values()]
    return Compared(changes, shown, added(levels).reindex(levels[0].index), *sides[1:])


def _span(known: History, since: str, until: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the two moments; the later one is that of the newest snapshot, of all or of the day that is given."""
    from toastnb.capacity.times import last_moment, moment

    taken = known.snapshots()["at"]
    if until:
        taken = taken[taken.between(moment(until, "--until"), last_moment(until, "--until"))]  # of that day
    last = moment(until, "--until") if taken.empty else taken.max()
    first = _moment(since, last)
    if first > last:
        end = "--until" if until else "the newest snapshot"
        raise InvalidInput(f"--since is {first}, after {end}, {last}", hint="Give the earlier moment as --since.")
    return first, last


def _begin(mine: History, since: str, first: pd.Timestamp, last: pd.Timestamp) -> pd.Timestamp:
    return _near(mine, first, last) if _AGO.fullmatch(since.strip()) else first


def _moment(since: str, until: pd.Timestamp) -> pd.Timestamp:
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
    return until - pd.Timedelta(hours=int(ago[1]) * _HOURS[ago[2]])


def _near(known: History, first: pd.Timestamp, last: pd.Timestamp) -> pd.Timestamp:
    """Return when the snapshot was taken that "so long ago" means: a nightly run is not at the same second each day.

    It is the closest within a quarter of the time, and six hours; without one, the moment itself.
    """
    import pandas as pd

    slack = min((last - first) / 4, pd.Timedelta(hours=6))
    taken = [at for at in known.snapshots()["at"] if abs(at - first) <= slack and at < last]
    return min(taken, key=lambda at: abs(at - first), default=first)
