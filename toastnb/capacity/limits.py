"""What users say may be allocated at most: by zone or in all, by project or not, as a dict, a frame or a CSV."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import pandas as pd

from toastnb.capacity.selection import TOTAL
from toastnb.capacity.sums import RESOURCES
from toastnb.capacity.tables import numbers, read_table
from toastnb.errors import InvalidInput

Limits = Mapping[str, float | Mapping[str, float]] | pd.DataFrame | str | os.PathLike[str]
IN_ALL = ("*", TOTAL)
_PROJECT = "project"
_HINT = f"Limits are columns of {', '.join(RESOURCES)}, and zone where they are by zone."


def as_limits(limits: Limits, zones: Sequence[str], hint: str = "") -> pd.DataFrame:
    """Return limits with a row a zone (`TOTAL`: in all) and a column a resource (Float64; missing: no limit).

    Parameters
    ----------
    limits : mapping, DataFrame or path-like
        ``{"vcpus": 1000}`` in all, ``{"kr-pub-a": {"vcpus": 500}}`` by zone, or a frame or CSV with a column a
        resource and, by zone, a column zone (``*`` or ``Total``: in all).
    zones : sequence of str
        The zones that exist.
    hint : str
        What to do about a zone that is not known, where it is not to give more zones.

    Raises
    ------
    InvalidInput
        When a zone or resource is not known, a zone comes twice, or a limit is no number or negative.
    """
    frame = _of_mapping(limits) if isinstance(limits, Mapping) else read_table(limits, "limits")
    if _PROJECT in frame:
        hint = 'Choose those of one: tn.capacity.limits_of(limits, "shop").'
        raise InvalidInput("limits are by project, but only one is asked about", hint=hint)
    unknown = [str(column) for column in frame.columns if column not in {"zone", *RESOURCES}]
    if unknown:
        said = f"limits has columns that are not known: {', '.join(unknown)}"
        raise InvalidInput(said, hint=f"{_HINT} A file to start from: toastnb template limits.csv, in a terminal.")
    named = frame["zone"] if "zone" in frame else pd.Series(TOTAL, index=frame.index, dtype="str")
    labels = [_label("zone", zone, row) for row, zone in enumerate(named, start=1)]
    strange = [zone for zone in labels if zone != TOTAL and zone not in zones]
    if strange:
        more = f"Zones are {', '.join(zones) or 'none'}; give zones=toast.availability_zones() for empty ones."
        raise InvalidInput(f"limits has a zone that is not known: {strange[0]}", hint=hint or more)
    twice = sorted({zone for zone in labels if labels.count(zone) > 1})
    if twice:
        raise InvalidInput(f"limits has {twice[0]} twice", hint="Give one row a zone, and one in all.")
    given = [resource for resource in RESOURCES if resource in frame]
    table = pd.DataFrame({name: numbers(frame[name], "limits", name) for name in given})
    table.index = pd.Index(labels, name="zone", dtype="str")
    if not table.notna().to_numpy().any():
        raise InvalidInput("limits has no limit", hint=_HINT)
    return table


def limits_of(limits: Limits, project: str) -> Limits | None:
    """Return the limits of one project, from limits that may have a column ``project``.

    Parameters
    ----------
    limits : mapping, DataFrame or path-like
        As `headroom` takes; a frame or CSV may have a column project, so that one file has the limits of all.
    project : str
        Its name. Rows of other projects, and of ``*`` (all together), are not its own.

    Returns
    -------
    mapping, DataFrame, path-like or None
        What `headroom` and `forecast` take: the rows of the project without that column, or, without such a column,
        what was given. None where the project has no limits.

    Raises
    ------
    InvalidInput
        When there is such a column and no name, or the limits are not right.

    Examples
    --------
    >>> import pandas as pd, toastnb as tn
    >>> limits = pd.DataFrame({"project": ["shop", "shop", "dev"], "zone": ["a", "*", "*"], "vcpus": [500, 900, 80]})
    >>> tn.capacity.limits_of(limits, "shop").to_dict("list")
    {'zone': ['a', '*'], 'vcpus': [500.0, 900.0]}
    """
    parts = by_project(limits)
    if parts is None:
        return limits
    if not project:
        raise InvalidInput("limits are by project, and it is not said which one this is", hint="Name it as project.")
    return parts.get(project)


def by_project(limits: Limits) -> dict[str, pd.DataFrame] | None:
    """Return the limits of each project that has any (`TOTAL`: all together), or None where they are not by project."""
    frame = None if isinstance(limits, Mapping) else read_table(limits, "limits")
    if frame is None or _PROJECT not in frame:
        return None
    labels = [_label(_PROJECT, project, row) for row, project in enumerate(frame[_PROJECT], start=1)]
    given = [resource for resource in RESOURCES if resource in frame]
    read = frame.assign(**{name: numbers(frame[name], "limits", name) for name in given}).drop(columns=_PROJECT)
    parts = {
        str(name): rows.reset_index(drop=True)
        for name, rows in read.groupby(pd.Index(labels), sort=False)
        if rows[given].notna().to_numpy().any()
    }
    if not parts:
        raise InvalidInput("limits has no limit", hint=_HINT)
    return parts


def _label(column: str, value: object, row: int) -> str:
    text = "" if pd.isna(value) else str(value).strip()  # type: ignore[call-overload]
    if not text:
        raise InvalidInput(f"limits has no {column} in row {row}", hint=f"Write * for all {column}s together.")
    return TOTAL if text in IN_ALL else text


def _of_mapping(limits: Mapping[str, float | Mapping[str, float]]) -> pd.DataFrame:
    by_zone = [isinstance(value, Mapping) for value in limits.values()]
    if any(by_zone) and not all(by_zone):
        hint = 'As {"kr-pub-a": {"vcpus": 500}, "*": {"vcpus": 900}}; * is in all.'
        raise InvalidInput("limits mixes zones and resources", hint=hint)
    rows = limits if any(by_zone) else {TOTAL: limits}
    if any("zone" in row for row in rows.values()):  # type: ignore[operator]
        raise InvalidInput("limits has zone inside a zone", hint='As {"kr-pub-a": {"vcpus": 500}}.')
    return pd.DataFrame([{"zone": zone, **dict(row)} for zone, row in rows.items()])  # type: ignore[arg-type]
