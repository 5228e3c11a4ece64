"""What every analysis starts with: is it the right frame, and which instances count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from toastnb.errors import InvalidInput
from toastnb.rules import NOT_ALLOCATED, RUNNING, STATES

Status = str | Sequence[str]
MISSING, TOTAL = "(missing)", "Total"
FAMILY = "family"
LOCAL_DISK_FAMILY = "u2"
_OF_DASK = "As they are, Dask's are taken by totals, flavor_mix, disk_sizing, reclaimable, growth and forecast."


def require_columns(df: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Check that a frame has the columns that an analysis needs.

    Raises
    ------
    InvalidInput
        Naming the columns that are not there.
    """
    if type(df).__module__.partition(".")[0] == "dask":  # which is not imported for that
        raise InvalidInput(
            f"{what} is a Dask DataFrame, but must be one of pandas here", hint=f"Give {what}.compute(). {_OF_DASK}"
        )
    if not isinstance(df, pd.DataFrame):
        raise InvalidInput(f"{what} is {type(df).__name__}, but must be a DataFrame")
    lacking = [column for column in columns if column not in df.columns]
    if lacking:
        raise InvalidInput(
            f"{what} lacks the columns {', '.join(lacking)}",
            hint=f"It has {', '.join(map(str, df.columns))}; metadata comes with inventory.with_metadata(key).",
        )


def as_noted(table: pd.DataFrame, under: str, what: str, by: str) -> dict[str, Any]:
    """Return what a function noted in its table: one text in attrs, for pandas copies all else there all the time.

    Raises
    ------
    InvalidInput
        When it is not there.
    """
    text = table.attrs.get(under)
    if isinstance(text, str):
        whole: dict[str, Any] = json.loads(text)
        return whole
    raise InvalidInput(
        f"{what} no longer has what {by} noted",
        hint=f"Give the frame as {by} answered it; some pandas functions, such as concat, lose a frame's attrs.",
    )


def with_status(df: pd.DataFrame, status: Status) -> pd.DataFrame:
    """Return the instances that count: "allocated", "running", one state, or a list of states.

    An instance whose state is not known is allocated, as far as anybody knows, but not running.
    """
    if isinstance(status, str) and status == "allocated":
        return df[~df["status"].isin(NOT_ALLOCATED)]
    states = RUNNING if isinstance(status, str) and status == "running" else _states(status)
    return df[df["status"].isin(states)]


def _states(status: Status) -> frozenset[str]:
    if not isinstance(status, str) and not _is_listed(status):
        raise InvalidInput(f"status is {status!r}", hint='Give "allocated", "running", or states.')
    states = frozenset({status} if isinstance(status, str) else status)
    unknown = sorted(map(str, states - set(STATES)))
    if not states:
        raise InvalidInput("status is empty", hint='Give "allocated", "running", or states.')
    if unknown:
        raise InvalidInput(
            f"status {', '.join(map(repr, unknown))} is not known",
            hint=f'Give "allocated", "running", or states: {", ".join(STATES)}.',
        )
    return states


def _is_listed(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | bytes)


def as_keys(by: str | Sequence[str]) -> list[str]:
    """Return the columns to group by as a list."""
    if not isinstance(by, str) and not _is_listed(by):
        raise InvalidInput(f"by is {by!r}, but must name columns", hint="As zone.")
    keys = [by] if isinstance(by, str) else list(by)
    if not keys:
        raise InvalidInput("by is empty", hint="Name a column to group by, as zone.")
    if len(set(keys)) < len(keys):
        raise InvalidInput(f"by names a column twice: {', '.join(keys)}")
    return keys


def family_of(flavor_names: pd.Series) -> pd.Series:
    """Return the families of flavors, by their names: "m2" of "m2.c4m8"."""
    return flavor_names.astype("str").str.replace(r"\..*", "", regex=True)


def with_family(df: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the instances with a column `family`, where it is asked for and not there yet."""
    if FAMILY not in keys or FAMILY in df.columns:
        return df
    require_columns(df, ["flavor_name"], "df")
    return df.assign(**{FAMILY: family_of(df["flavor_name"])})


def own_names(names: pd.Series) -> pd.Series:
    """Return names as text in which none is like the labels of tables: a zone ``Total`` is ``Total (zone)`` there."""
    texts = names.astype("str")
    return texts.replace({label: f"{label} ({names.name})" for label in (TOTAL, MISSING)})


def positions(values: pd.Series, among: pd.Series | pd.Index) -> np.ndarray[Any, Any]:
    """Return where each value stands in another column, -1 where it does not: a join of millions in a second."""
    found = pc.index_in(pa.array(values.astype("str")), value_set=pa.array(among.astype("str")), skip_nulls=True)
    return np.asarray(pc.fill_null(found, -1))


def in_order(table: pd.DataFrame, *orders: Iterable[str]) -> pd.DataFrame:
    """Sort a table by the levels of its index, each in an order of its own, and let pandas know that it is sorted.

    Otherwise pandas warns of a slow look-up at each ``table.loc["kr-pub-a", "vcpus"]``.
    """
    levels = [pd.Index(list(dict.fromkeys(order)), dtype="str") for order in orders]
    values = [table.index.get_level_values(number) for number in range(table.index.nlevels)]
    codes = [level.get_indexer(value) for level, value in zip(levels, values, strict=True)]
    index = pd.MultiIndex(levels=levels, codes=codes, names=table.index.names)  # type: ignore[arg-type] # stubs
    return table.set_axis(index).iloc[np.lexsort(codes[::-1])]
