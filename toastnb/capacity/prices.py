"""The prices that users give: what they look like, and what they are a month."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Real
from typing import NamedTuple

import pandas as pd

from toastnb.capacity.selection import require_columns, with_status
from toastnb.capacity.tables import numbers, read_table
from toastnb.errors import InvalidInput

PriceTable = pd.DataFrame | str | os.PathLike[str]
HOURS_A_MONTH = 730  # 365 x 24 / 12
ROOT, ATTACHED, LOCAL = "root", "attached", "local"
FLAVOR, DISK = "flavor", "disk"

_COLUMNS = ["item", "name", "price", "per"]
_DISKS = (ROOT, ATTACHED, LOCAL)
_UNITS = {FLAVOR: ("hour", "month"), DISK: ("GB month", "month")}
_HINT = "tn.capacity.price_template(df) is a table to start from."


class Prices(NamedTuple):
    """What is known of prices a month: of an instance by its flavor's name, of a GB by the kind of disk."""

    flavors: Mapping[str, float]
    disks: Mapping[str, float]


def price_template(df: pd.DataFrame) -> pd.DataFrame:
    """Return a table of prices to fill in: the flavors that are in use, and the kinds of disks.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers.

    Returns
    -------
    DataFrame
        item ("flavor" or "disk"), name (of the flavor; or root, attached, local), price (Float64, all missing), per
        ("hour" or "GB month"); str but for price.

    Raises
    ------
    InvalidInput
        When `df` lacks a column.

    Examples
    --------
    >>> import toastnb as tn
    >>> template = tn.capacity.price_template(toast.instances_detail())
    >>> template.to_csv("prices.csv", index=False)
    >>> template.tail(3).name.tolist()
    ['root', 'attached', 'local']
    """
    require_columns(df, ["status", "flavor_name"], "df")
    flavors = sorted(with_status(df[["status", "flavor_name"]], "allocated")["flavor_name"].dropna().unique())
    rows = [(FLAVOR, name, "hour") for name in flavors] + [(DISK, name, "GB month") for name in _DISKS]
    table = pd.DataFrame(rows, columns=["item", "name", "per"], dtype="str")
    table.insert(2, "price", pd.Series(pd.NA, index=table.index, dtype="Float64"))
    table.attrs = dict(df.attrs)
    return table


def monthly_prices(prices: PriceTable, hours: float) -> Prices:
    """Return the prices that are known, a month; an hour's are multiplied by `hours`.

    Raises
    ------
    InvalidInput
        Naming the row and column: when an item, a kind of disk or a unit is not known, a price is no number or
        negative, or something has two prices; and when a column is missing or the file cannot be read.
    """
    if not isinstance(hours, Real) or isinstance(hours, bool) or not 0 < hours < float("inf"):
        raise InvalidInput(f"hours is {hours!r}, but must be a number of hours a month, as {HOURS_A_MONTH}")
    table = read_table(prices, "prices")
    lacking = [column for column in _COLUMNS if column not in table]
    if lacking:
        raise InvalidInput(f"prices lacks the columns {', '.join(lacking)}", hint=_HINT)
    words = [table[column].astype("str").str.strip().fillna("") for column in ("item", "name", "per")]
    price = numbers(table["price"], "prices", "price")
    known: dict[str, dict[str, float]] = {FLAVOR: {}, DISK: {}}
    seen: set[tuple[str, str]] = set()
    for row, (item, name, per, value) in enumerate(zip(*words, price, strict=True), start=1):
        if not (item or name or per) and pd.isna(value):
            continue  # spreadsheets leave empty rows
        _check(row, item, name, per, seen)
        seen.add((item, name))
        if pd.notna(value):
            known[item][name] = float(value) * (hours if per == "hour" else 1)
    return Prices(known[FLAVOR], known[DISK])


def _check(row: int, item: str, name: str, per: str, seen: set[tuple[str, str]]) -> None:
    if item not in _UNITS:
        raise InvalidInput(f"prices has item {item!r} in row {row}, but it must be {FLAVOR} or {DISK}", hint=_HINT)
    if not name or (item == DISK and name not in _DISKS):
        must = "the name of a flavor" if item == FLAVOR else f"one of {', '.join(_DISKS)}"
        raise InvalidInput(f"prices has name {name!r} in row {row}, but it must be {must}", hint=_HINT)
    if per not in _UNITS[item]:
        must = " or ".join(_UNITS[item])
        raise InvalidInput(f"prices has per {per!r} in row {row}, but for a {item} it must be {must}", hint=_HINT)
    if (item, name) in seen:
        raise InvalidInput(f"prices has the {item} {name} in row {row} once more", hint="Give one price for each.")
