"""Which zones there are: those of instances, and those that are empty today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from toastnb.capacity.selection import own_names, require_columns, with_status
from toastnb.errors import InvalidInput

Zones = Sequence[str] | pd.Series | pd.Index | pd.DataFrame


def given_zones(zones: Zones) -> list[str]:
    """Return the names of zones; of the table `availability_zones` those of zones that can be used.

    Raises
    ------
    InvalidInput
        When they are no names.
    """
    if isinstance(zones, pd.DataFrame):
        require_columns(zones, ["zone", "available"], "zones")
        usable = zones["available"].astype("boolean").fillna(True)
        return sorted(zones["zone"][usable].dropna().unique())
    if isinstance(zones, str | bytes) or not isinstance(zones, Iterable) or not all(isinstance(z, str) for z in zones):
        raise InvalidInput("zones must be names", hint="Give a list, or toast.availability_zones().")
    return list(dict.fromkeys(zones))


def known_zones(df: pd.DataFrame, zones: Zones | None) -> list[str]:
    """Return the zones that exist, as tables label them: those of what is allocated, and those given.

    Raises
    ------
    InvalidInput
        When instances are in a zone that is not among the names given, or what was given are no names.
    """
    require_columns(df, ["zone", "status"], "df")
    present = _labels(with_status(df, "allocated")["zone"].dropna().unique())
    if zones is None:
        return sorted(present)
    given = _labels(given_zones(zones))
    lacking = [zone for zone in present if zone not in given]
    if isinstance(zones, pd.DataFrame):
        return sorted({*given, *present})  # one that is in use exists, whether or not it can be used for more
    if lacking:
        raise InvalidInput(f"zones lacks {', '.join(lacking)}, where instances are", hint="Give all zones that exist.")
    return given


def _labels(names: Iterable[str]) -> list[str]:
    return own_names(pd.Series(list(names), name="zone", dtype="str")).tolist()
