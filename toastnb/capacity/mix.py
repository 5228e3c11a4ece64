"""Which flavors are in use, and whether they can still be had."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd

from toastnb.capacity.distributed import added, each_partition, meta_of, of_partitions
from toastnb.capacity.selection import (
    FAMILY,
    MISSING,
    TOTAL,
    Status,
    family_of,
    require_columns,
    with_family,
    with_status,
)
from toastnb.capacity.sums import SOURCES, group_sums, with_total_row
from toastnb.errors import InvalidInput

_BY = ("flavor_name", FAMILY, "type")
_NEEDED = ("status", "flavor_id", "flavor_name", "vcpus", "ram_mb")


def flavor_mix(
    df: pd.DataFrame, flavors: pd.DataFrame | None = None, status: Status = "allocated", by: str = "flavor_name"
) -> pd.DataFrame:
    """Show which flavors are in use, by count and by vCPU.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers; a Dask frame is summed where its partitions are.
    flavors : DataFrame, optional
        As `Toast.flavors` answers: tells types, and which flavors are disabled or gone.
    status : str or list of str
        As in `totals`.
    by : str
        "flavor_name", "family" (the name up to its first ``.``) or "type" (needs `flavors`).

    Returns
    -------
    DataFrame
        A row a flavor (family, type), most vCPUs first, then ``Total``: for flavors family, type, offer (str:
        "current", "disabled", "gone"; missing without `flavors`); instances, instances_share, vcpus, vcpus_share,
        ram_gb, ram_gb_per_vcpu, unknown (Int64, shares and GB Float64). The ratio is that of the instances that
        have both figures.

    Raises
    ------
    InvalidInput
        When a frame lacks a column, or `by` is none of these.

    Examples
    --------
    >>> import toastnb as tn
    >>> mix = tn.capacity.flavor_mix(toast.instances_detail(), toast.flavors())
    >>> mix.loc["r2.c4m16", ["family", "type", "offer"]].tolist()
    ['r2', 'memory', 'current']
    """
    if by not in _BY:
        raise InvalidInput(f"by is {by!r}, but must be {', '.join(_BY)}")
    require_columns(meta_of(df), _NEEDED, "df")
    if flavors is not None:
        flavors = _distinct(flavors)
    elif by == "type":
        raise InvalidInput('by="type" needs flavors', hint="Give flavors=toast.flavors() too.")
    keyed = df if flavors is None or by != "type" else each_partition(_with_type, df, flavors)
    work = partial(_figures, by=by, status=status)
    found = of_partitions(work, _together, keyed, columns=[[*_NEEDED, *SOURCES, by]])
    table = _shares(with_total_row(found.sums), _ratio(found.both))
    if by == "flavor_name":
        table = _described(table, found.used, flavors)
    table.attrs = dict(getattr(df, "attrs", {}))
    return table


class _Figures(NamedTuple):
    """Of some instances: sums by key, vCPUs and RAM of those that tell both, and which flavors they have."""

    sums: pd.DataFrame
    both: pd.DataFrame
    used: pd.DataFrame


def _figures(df: pd.DataFrame, by: str, status: Status) -> _Figures:
    counted = with_status(with_family(df, [by]), status)
    figures = counted[["vcpus", "ram_mb"]]
    figures = figures.where(figures.notna().all(axis=1))
    both = figures.groupby(counted[by].astype("str").fillna(MISSING), observed=True).sum()
    used = df[["flavor_id", "flavor_name"]].dropna().drop_duplicates()
    return _Figures(group_sums(df, [by], status), both, used)


def _together(parts: Sequence[_Figures]) -> _Figures:
    used = pd.concat([part.used for part in parts], ignore_index=True).drop_duplicates()
    return _Figures(added([part.sums for part in parts]), added([part.both for part in parts]), used)


def _distinct(flavors: pd.DataFrame) -> pd.DataFrame:
    """Return what is told of each flavor, the first of several rows, as a pandas frame."""

    def told(some: pd.DataFrame) -> pd.DataFrame:
        require_columns(some, ["flavor_id", "type", "disabled"], "flavors")
        return some[["flavor_id", "type", "disabled"]].drop_duplicates("flavor_id")

    return of_partitions(told, lambda parts: told(pd.concat(parts)), flavors)


def _with_type(df: pd.DataFrame, flavors: pd.DataFrame) -> pd.DataFrame:
    types = flavors.set_index("flavor_id")["type"]
    return df.assign(type=df["flavor_id"].map(types).astype("str"))


def _ratio(both: pd.DataFrame) -> pd.Series:
    """Return GB of RAM a vCPU, over the instances that tell both."""
    both.loc[TOTAL] = both.sum()
    return both["ram_mb"].astype("Float64") / 1024 / both["vcpus"].where(both["vcpus"] > 0)


def _shares(table: pd.DataFrame, ratio: pd.Series) -> pd.DataFrame:
    groups = table.iloc[:-1].sort_values("vcpus", ascending=False, na_position="last", kind="stable")
    table = pd.concat([groups, table.iloc[-1:]])
    shares = {name: table[name].astype("Float64") / _positive(table[name].iloc[-1]) for name in ("instances", "vcpus")}
    return pd.DataFrame(
        {
            "instances": table["instances"],
            "instances_share": shares["instances"],
            "vcpus": table["vcpus"],
            "vcpus_share": shares["vcpus"],
            "ram_gb": table["ram_gb"],
            "ram_gb_per_vcpu": ratio.reindex(table.index),
            "unknown": table["unknown"],
        }
    )


def _positive(whole: float) -> float:
    return whole if pd.notna(whole) and whole > 0 else pd.NA  # type: ignore[return-value]


def _described(table: pd.DataFrame, used: pd.DataFrame, flavors: pd.DataFrame | None) -> pd.DataFrame:
    """Say of each flavor its family and type, and whether it is still offered."""
    named = table.index.to_series().where(~table.index.isin([MISSING, TOTAL])).astype("str")
    table.insert(0, "family", family_of(named))
    nothing = pd.Series(pd.NA, index=table.index, dtype="str")
    offers = None if flavors is None else _offers(used, flavors)
    for place, name in enumerate(("type", "offer"), start=1):
        table.insert(place, name, nothing if offers is None else named.map(offers[name]).astype("str"))
    return table


def _offers(used: pd.DataFrame, flavors: pd.DataFrame) -> pd.DataFrame:
    """Return type and offer by flavor name, told by the ids: of several that share a name, the least on offer."""
    known = flavors.set_index("flavor_id")
    disabled = used["flavor_id"].map(known["disabled"].astype("boolean")).fillna(False).astype(bool)
    offer = pd.Series("current", index=used.index).mask(disabled, "disabled")
    offer = offer.mask(~used["flavor_id"].isin(known.index), "gone")
    found = used.assign(type=used["flavor_id"].map(known["type"]), offer=offer)
    return found.sort_values("offer").drop_duplicates("flavor_name", keep="last").set_index("flavor_name")
