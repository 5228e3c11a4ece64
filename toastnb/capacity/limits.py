"""What users say may be allocated at most: by zone or in all, as a dict, a frame or a CSV."""

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
    unknown = [str(column) for column in frame.columns if column not in {"zone", *RESOURCES}]
    if unknown:
        said = f"limits has columns that are not known: {', '.join(unknown)}"
        raise InvalidInput(said, hint=f"{_HINT} A file to start from: toastnb template limits.csv, in a terminal.")
    named = frame["zone"] if "zone" in frame else pd.Series(TOTAL, index=frame.index, dtype="str")
    labels = [_label(zone, row) for row, zone in enumerate(named, start=1)]
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


def _label(zone: object, row: int) -> str:
    text = "" if pd.isna(zone) else str(zone).strip()  # type: ignore[call-overload]
    if not text:
        raise InvalidInput(f"limits has no zone in row {row}", hint="Write * for a limit in all zones together.")
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
