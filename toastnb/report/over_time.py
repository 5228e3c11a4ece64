"""What a history tells of an account: what changed since last time, how fast it grows, how much time remains."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from toastnb import capacity
from toastnb.capacity.daily import GROWING
from toastnb.capacity.forecasts import NOW, are_first
from toastnb.capacity.limits import Limits, as_limits, limits_of
from toastnb.capacity.selection import TOTAL, own_names
from toastnb.capacity.sums import totals
from toastnb.capacity.times import moment
from toastnb.capacity.zones import known_zones
from toastnb.columns import TABLES
from toastnb.errors import InvalidInput, NotFound
from toastnb.inventory import Inventory
from toastnb.plain import line
from toastnb.report.sentences import Sentences

if TYPE_CHECKING:
    from toastnb.history import History

T = TypeVar("T")

SINCE, GROWTH, REMAINING = "Since last time", "Growth", "Time remaining"
HORIZON = 180
FIRST = "0001-01-01"
_COMPARED = [name for name in TABLES if name != "instances"]  # instances_detail has all of it
_NAMED = 20


@dataclass(frozen=True)
class OverTime:
    """What `over_time` answers; a table that could not be made is None, and `refused` says why.

    Parameters
    ----------
    history : History
        The account's snapshots up to when the inventory was fetched.
    since : str
        The moment of the snapshot that it is compared with, ISO 8601; empty where there is none.
    changes, levels : DataFrame or None
        As `history.diff` and `history.waterfall` answer, from that snapshot to the inventory.
    brief : DataFrame or None
        The changes without what came or went with its instance; one that was created or deleted says what it was.
    behind : int
        How many days the newest snapshot is older than the inventory.
    growth, growth_series : DataFrame or None
        As `capacity.growth` and `capacity.growth_series` answer, without the project. The inventory is the newest
        point, here and below, so that all of the report is of one moment.
    growth_by_zone : DataFrame or None
        As `capacity.growth` answers by zone, without the project; None where the history has no two zones.
    forecast, forecast_series : DataFrame or None
        As `capacity.forecast` answers, without the project, and `capacity.forecast_series`.
    horizon : int
        How many days the forecast looks ahead.
    refused : mapping of str to str
        Why, by section: "Since last time", "Growth", "Time remaining".

    Examples
    --------
    >>> import toastnb as tn
    >>> inventory = toast.inventory()
    >>> snapshot = tn.history.record(inventory, "history", project="shop")
    >>> list(tn.report.over_time(inventory, "history").refused)
    ['Since last time', 'Growth']
    """

    history: History
    since: str
    changes: pd.DataFrame | None = None
    levels: pd.DataFrame | None = None
    brief: pd.DataFrame | None = None
    behind: int = 0
    growth: pd.DataFrame | None = None
    growth_series: pd.DataFrame | None = None
    growth_by_zone: pd.DataFrame | None = None
    forecast: pd.DataFrame | None = None
    forecast_series: pd.DataFrame | None = None
    horizon: int = HORIZON
    refused: Mapping[str, str] = field(default_factory=dict)

    def why(self, section: str) -> Sentences:
        """Return why nothing is told in a section, to be shown in a notebook; empty where something is."""
        return Sentences(f"Not told: {line(said)}" for name, said in self.refused.items() if name == section)

    def nearest(self) -> list[tuple[str, str]]:
        """Return the zone and resource of the limits that are reached, and of the first of each zone that is not."""
        if self.forecast is None:
            return []
        table = self.forecast
        is_now = table["full"].eq(NOW).fillna(False).astype(bool)
        is_first = are_first(table[~is_now]).reindex(table.index, fill_value=False).astype(bool)
        return table.index[is_now | is_first].tolist()


def over_time(
    inventory: Inventory,
    history: History | str | os.PathLike[str],
    limits: Limits | None = None,
    project: str = "",
    horizon: int = HORIZON,
) -> OverTime:
    """Tell what changed since the last snapshot before an inventory, how fast it grows, and how much time remains.

    Parameters
    ----------
    inventory : Inventory
        The account as it is. Snapshots that are later are left out.
    history : History, str or path-like
        As `history.open_store` answers or takes: a folder, or a URL as ``s3://bucket/prefix``.
    limits : mapping, DataFrame or path-like, optional
        As in `capacity.headroom`: until when they suffice; with a column project, those of the account alone. Limits
        of root_gb and attached_gb, and of zones in which there never was an instance, are left out.
    project : str
        The account's name in the history. It may be left out where the history has one project, or one of the
        inventory's source.
    horizon : int
        How many days to look ahead.

    Returns
    -------
    OverTime
        The tables, and why one is not there: a history may be too short.

    Raises
    ------
    InvalidInput
        When the limits are not right, the history has no such project, or it has several and none is named.
    NotFound
        When there is no history.

    Examples
    --------
    >>> import toastnb as tn
    >>> inventory = toast.inventory()
    >>> snapshot = tn.history.record(inventory, "history", at="2026-10-25", project="shop")
    >>> past = tn.report.over_time(inventory, "history")
    >>> past.since, len(past.changes), past.refused["Growth"][:50]
    ('2026-10-25T00:00:00+00:00', 0, 'the history is too short or too uneven to tell gro')
    """
    from toastnb.history import diff, waterfall  # only what needs it pays for it
    from toastnb.report.changes import described, in_brief

    history = named(history)
    known = opened(history)
    until = moment(inventory.fetched_at)
    name = project_of(inventory, known, project)
    mine = (known.of(name) if name else known).between(FIRST, until)
    refused: dict[str, str] = {}
    before = _attempt(refused, SINCE, lambda: mine.at(until - pd.Timedelta(microseconds=1)))
    amounts = _with_now(mine.amounts(by="zone"), inventory, until, name)
    growth = _attempt(refused, GROWTH, lambda: capacity.growth(amounts))
    own = None if limits is None else limits_of(limits, name)
    bounds = pd.DataFrame() if own is None else _bounds(own, inventory, amounts)
    ahead = None
    if limits is not None and own is None:
        refused[REMAINING] = f"the limits have none of project {name}"
    if own is not None:
        ahead = _attempt(refused, REMAINING, lambda: capacity.forecast(amounts, bounds, horizon))
    zones = None
    if growth is not None and amounts["zone"][amounts["instances"] > 0].nunique(dropna=False) > 1:
        zones = _attempt({}, GROWTH, lambda: capacity.growth(amounts, by="zone"))  # each of them may be too young
    for table in (growth, zones, ahead):
        if table is not None:
            table.attrs = {"fetched_at": inventory.fetched_at}
    changes = None if before is None else diff(before, inventory, tables=_COMPARED)
    return OverTime(
        history=mine,
        since="" if before is None else before.fetched_at,
        changes=changes,
        brief=None if changes is None or before is None else described(in_brief(changes), before, inventory),
        behind=0 if before is None else (until - moment(before.fetched_at)).days,
        levels=None if before is None else waterfall(before, inventory),
        growth=None if growth is None else growth.droplevel("project"),
        growth_series=None if growth is None else capacity.growth_series(amounts),
        growth_by_zone=None if zones is None else zones.droplevel("project"),
        forecast=None if ahead is None else ahead.droplevel("project"),
        forecast_series=None if ahead is None else capacity.forecast_series(amounts, bounds, horizon),
        horizon=horizon,
        refused=refused,
    )


def named(history: History | str | os.PathLike[str]) -> History | os.PathLike[str]:
    """Return a history as it was given; an address with keys in it is not kept, nor shown by a traceback."""
    if not isinstance(history, str | os.PathLike):
        return history
    from toastnb.history.places import address_of

    return address_of(history)


def opened(history: History | str | os.PathLike[str]) -> History:
    """Return a history, opened where it is named."""
    from toastnb.history import open_store

    return open_store(history) if isinstance(history, str | os.PathLike) else history


def project_of(inventory: Inventory, history: History, project: str = "") -> str:
    """Return the name that an account has in a history.

    Raises
    ------
    InvalidInput
        When it has several, and none is named or of the inventory's source alone.
    """
    projects = history.projects
    if project or len(projects) < 2:
        return project or "".join(projects)
    snapshots = history.snapshots()
    same = snapshots["project"][snapshots["source"] == inventory.source].unique()
    if len(same) != 1:
        hint = f"Name the account's: {', '.join(projects[:_NAMED])}."
        raise InvalidInput(f"the history has {len(projects)} projects", hint=hint)
    return str(same[0])


def _with_now(amounts: pd.DataFrame, inventory: Inventory, until: pd.Timestamp, project: str) -> pd.DataFrame:
    """Return amounts with those of the inventory as the newest, unless they are of its very moment already."""
    if (amounts["at"] == until).any():
        return amounts
    now = totals(inventory.instances_detail, by="zone", total=False).reset_index()
    if now.empty:  # as `amounts` says it of a snapshot without instances
        now = now.reindex([0]).fillna(dict.fromkeys([*GROWING, "unknown"], 0))
    now = now.assign(at=until, project=project)[[*amounts.columns]]
    return pd.concat([amounts, now.astype(amounts.dtypes.to_dict())], ignore_index=True)


def _bounds(limits: Limits, inventory: Inventory, amounts: pd.DataFrame) -> pd.DataFrame:
    """Return the limits that a forecast can be held against; all of them where it can of none, for it says why."""
    seen = set(own_names(amounts["zone"].rename("zone")).dropna())
    zones = [*known_zones(inventory.instances_detail, inventory.tables.get("availability_zones"))]
    table = as_limits(limits, sorted({*map(str, zones), *seen}))
    columns = [name for name in GROWING if name in table] or list(table.columns)
    there = table.loc[table.index.isin([TOTAL, *seen]), columns].dropna(how="all")
    return (there if len(there) else table[columns]).reset_index()


def _attempt(refused: dict[str, str], section: str, work: Callable[[], T]) -> T | None:
    try:
        return work()
    except (InvalidInput, NotFound) as error:
        refused[section] = str(error)
    return None
