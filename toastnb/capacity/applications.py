"""Applications: what belongs together by name or metadata, and what of it lives in one zone only."""

from __future__ import annotations

import re

import pandas as pd

from toastnb.capacity.selection import MISSING, Status, require_columns, with_status
from toastnb.capacity.sums import totals
from toastnb.errors import InvalidInput

App = str | re.Pattern[str]
PREFIX = "prefix"


def with_app(df: pd.DataFrame, app: App) -> pd.DataFrame:
    """Return the instances with a column `app`, missing where an instance belongs to none that can be told.

    Parameters
    ----------
    df : DataFrame
        Instances.
    app : str or compiled pattern
        "prefix" (the name up to its first ``-``), a column as "metadata.service", or a regular expression with one
        group, which is searched for in the name.

    Raises
    ------
    InvalidInput
        When `app` is none of these.
    """
    require_columns(df, ["name"], "df")
    if isinstance(app, str) and app in df.columns:
        return df.assign(app=df[app].astype("str"))
    if app == PREFIX:
        return df.assign(app=df["name"].str.replace(r"-.*", "", regex=True))
    return df.assign(app=df["name"].str.extract(_pattern(app), expand=False).astype("str"))


def _pattern(app: App) -> re.Pattern[str]:
    try:
        pattern = re.compile(app)
        if pattern.groups == 1:
            return pattern
        problem = f"has {pattern.groups} groups"
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        problem = f"is no pattern ({error})"
    raise InvalidInput(
        f"app is {app!r}: it is no column of df, and {problem}",
        hint='Give "prefix", a column as "metadata.service", or a pattern with one group as r"^([a-z]+)-".',
    )


def single_zone(df: pd.DataFrame, app: App, status: Status = "running") -> pd.DataFrame:
    """Find the applications that live in one zone only, and go down with it.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers.
    app : str or compiled pattern
        What makes an application: "prefix" (the name up to its first ``-``), a column as "metadata.service" (after
        `Inventory.with_metadata`), or a regular expression with one group, searched for in the name. Instances that
        belong to none are one application, ``(missing)``.
    status : str or list of str
        As in `totals`; what runs, by default.

    Returns
    -------
    DataFrame
        A row an application of which one zone alone is known, the one with most vCPUs first, indexed by `app`: zone
        (str), instances, vcpus (Int64), ram_gb (Float64), disk_gb (Int64), unknown (Int64: instances that lack a
        zone or a figure; those without a zone may be elsewhere).

    Raises
    ------
    InvalidInput
        When `df` lacks a column, or `app` or `status` is not known.

    Examples
    --------
    >>> import toastnb as tn
    >>> alone = tn.capacity.single_zone(toast.instances_detail(), app="prefix")
    >>> alone.zone.to_dict()
    {'batch': 'kr-pub-a', 'erp': 'kr-pub-a', 'bastion': 'kr-pub-a'}
    """
    require_columns(df, ["status", "zone"], "df")
    counted = with_app(with_status(df, status), app)
    counted["app"] = counted["app"].fillna(MISSING)
    zones = counted.groupby("app", observed=True)["zone"]
    only = zones.first()[zones.nunique() == 1]
    inside = counted[counted["app"].isin(only.index)]
    table = totals(inside, by="app", status=status, total=False)[["instances", "vcpus", "ram_gb", "disk_gb"]]
    table.insert(0, "zone", only.astype("str"))
    lacking = inside[["zone", "vcpus", "ram_mb", "disk_gb"]].isna().any(axis=1)
    table["unknown"] = lacking.groupby(inside["app"]).sum().astype("Int64")
    table = table.sort_values("vcpus", ascending=False, na_position="last", kind="stable")
    table.attrs = dict(df.attrs)
    return table
