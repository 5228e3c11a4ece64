"""What a table is made of, for those who show it: its index as columns, and the kind of each column."""

from __future__ import annotations

from itertools import chain, count

import pandas as pd


def flat(df: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with the named levels of its index as its first columns, no two of one name."""
    if None in df.index.names:
        return _told_apart(df)
    names = [f"{level} (group)" if level in df.columns else str(level) for level in df.index.names]
    return _told_apart(df.rename_axis(index=names[0] if len(names) == 1 else names).reset_index())


def _told_apart(df: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose columns differ in name: zones may be called anything."""
    if df.columns.is_unique:
        return df
    names: dict[str, None] = {}  # as a set that keeps the order
    for name in map(str, df.columns):
        names[next(one for one in chain([name], (f"{name} ({number})" for number in count(2))) if one not in names)] = (
            None
        )
    return df.set_axis(list(names), axis="columns")


def moment_text(moment: str) -> str:
    """Return an ISO 8601 time as people read it: "2026-11-23 05:00 UTC"; what is no time is left as it is."""
    try:
        time = pd.Timestamp(moment)
    except ValueError:
        return moment
    utc = time.tz_localize("UTC") if time.tzinfo is None else time.tz_convert("UTC")
    return f"{utc:%Y-%m-%d %H:%M} UTC"


def kind_of(column: pd.Series, name: str) -> str:
    """Return "flag", "integer", "share", "skew", "number", "time", "day" (times that are all midnight) or "text"."""
    if pd.api.types.is_bool_dtype(column):
        return "flag"
    if pd.api.types.is_integer_dtype(column):
        return "integer"
    if pd.api.types.is_float_dtype(column):
        return next((kind for kind in ("share", "skew") if name.endswith(f"_{kind}")), "number")
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        return "text"
    known = column.dropna().dt.tz_convert("UTC")
    return "day" if len(known) and (known == known.dt.normalize()).all() else "time"
