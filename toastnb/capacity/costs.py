"""What instances cost a month, by the user's own prices and the vendor's rule for stopped ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from toastnb.capacity.prices import ATTACHED, HOURS_A_MONTH, LOCAL, ROOT, Prices, PriceTable, monthly_prices
from toastnb.capacity.reclaim import (
    REDUCED_RATE,
    TIMES,
    StopHistory,
    billed_in_full,
    days_of,
    moment_of,
    of_project,
    stop_times,
)
from toastnb.capacity.selection import (
    LOCAL_DISK_FAMILY,
    as_keys,
    family_of,
    require_columns,
    with_family,
    with_status,
)
from toastnb.capacity.sums import with_total

_Numbers = np.ndarray[Any, np.dtype[np.float64]]
_NEEDED = ["status", "flavor_name", "root_gb", "attached_gb", *TIMES]


def cost(
    df: pd.DataFrame,
    prices: PriceTable,
    by: str | Sequence[str] = "zone",
    at: str | datetime | None = None,
    hours: float = HOURS_A_MONTH,
    history: StopHistory | None = None,
) -> pd.DataFrame:
    """Add up what is allocated in money a month, at the prices that are given.

    It is the rate at that moment, not a bill. Compute is the price of the flavor; disks are billed in every state. A
    stopped instance is billed at 10 % for its first 90 stopped days and in full after them, its disks always in full.
    The service tells the stopped time within bounds only (see `reclaimable`), so compute has a low and a high figure.

    Parameters
    ----------
    df : DataFrame
        As `Toast.instances_detail` answers; all but DELETING count.
    prices : DataFrame or path-like
        A frame or a CSV with item (flavor, disk), name (of the flavor; root, attached, local), price and per (hour,
        month, GB month), as `price_template` makes. An empty price is not known.
    by : str or list of str
        The columns to group by, as in `totals`.
    at : str or datetime, optional
        The moment to count stopped days to, as in `reclaimable`.
    hours : float
        Hours a month.
    history : History, optional
        What bounds the stopped days more closely, as in `reclaimable`.

    Returns
    -------
    DataFrame
        A row a group, last ``Total``, indexed by `by`: instances (Int64), compute_low, compute_high, disk, total_low,
        total_high (Float64, a month, in the currency of the prices), unpriced (Int64: instances of which a price or
        a figure is not known). What is known of these is counted, so that the figures are at least so much; a figure
        of which nothing is known is missing.

    Raises
    ------
    InvalidInput
        When `df` or `prices` lacks a column, a price is not usable (naming its row), or no moment is known.

    Examples
    --------
    >>> import toastnb as tn
    >>> vms = toast.instances_detail()
    >>> prices = tn.capacity.price_template(vms).fillna({"price": 0.1})
    >>> table = tn.capacity.cost(vms, prices, by="family")
    >>> bool((table.total_low <= table.total_high).all()), int(table.unpriced["Total"])
    (True, 0)
    """
    keys = as_keys(by)
    needed = [*_NEEDED, "instance_id", *of_project(df)] if history is not None else _NEEDED
    require_columns(df, needed, "df")
    wider = with_family(df, keys)
    require_columns(wider, keys, "df")
    monthly = monthly_prices(prices, hours)
    counted = with_status(wider[[*dict.fromkeys([*keys, *needed])]], "allocated")
    when = moment_of(df, at)
    each = _each(counted, monthly, days_of(stop_times(counted, when, history), when))
    grouped = each.groupby([counted[key] for key in keys], dropna=False, observed=True)
    groups, whole = grouped.sum(min_count=1), each.sum(min_count=1 if len(each) else 0)
    labels = with_total(groups.index.to_frame(index=False)).set_axis(keys, axis=1)
    table = pd.concat([groups, whole.to_frame().T]).astype("Float64")
    table.insert(0, "instances", [*grouped.size(), len(each)])
    for bound in ("low", "high"):
        table[f"total_{bound}"] = table[f"compute_{bound}"].add(table["disk"], fill_value=0)
    table["unpriced"] = table.pop("unpriced")
    table = table.astype({"instances": "Int64", "unpriced": "Int64"})
    table.index = pd.MultiIndex.from_frame(labels) if len(keys) > 1 else pd.Index(labels[keys[0]])
    table.attrs = dict(df.attrs)
    return table


def _each(df: pd.DataFrame, prices: Prices, days: pd.DataFrame) -> pd.DataFrame:
    """Return what each instance costs a month (float64; nan where nothing is known), and whether it is unpriced."""
    codes, names = pd.factorize(df["flavor_name"])  # a code of -1, no flavor, takes what stands last
    compute = np.array([*(prices.flavors.get(name, np.nan) for name in names), np.nan])[codes]
    is_local = np.array([*(family_of(pd.Series(names)) == LOCAL_DISK_FAMILY), False])[codes]
    root, attached, local = (prices.disks.get(kind, np.nan) for kind in (ROOT, ATTACHED, LOCAL))
    parts = _amount(df["root_gb"], np.where(is_local, local, root)), _amount(df["attached_gb"], attached)
    known = np.nansum(parts, axis=0)
    is_part = np.isnan(parts).any(axis=0)
    full, reduced = billed_in_full(df, days)
    return pd.DataFrame(
        {
            "compute_low": compute * np.where(full, 1, REDUCED_RATE),
            "compute_high": compute * np.where(reduced, REDUCED_RATE, 1),
            "disk": np.where(is_part & (known == 0), np.nan, known),
            "unpriced": (np.isnan(compute) | is_part).astype("float64"),
        },
        index=df.index,
    )


def _amount(size_gb: pd.Series, price: _Numbers | float) -> _Numbers:
    """Return what disks cost; 0 GB cost nothing, whatever the price."""
    sizes = size_gb.to_numpy("float64", na_value=np.nan)
    return np.where(sizes == 0, 0, sizes * price)
