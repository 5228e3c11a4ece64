"""Statistics of sizes by group, made from how often each size occurs: ten million disks have few sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

SIZE_CLASSES = (20, 50, 100, 200, 500, 1000)
QUANTILES = {"p50_gb": 0.5, "p90_gb": 0.9, "p99_gb": 0.99}


def class_columns() -> list[str]:
    """Return the names of the columns that count disks by size: to_20_gb, ..., above_1000_gb."""
    return [*(f"to_{size}_gb" for size in SIZE_CLASSES), f"above_{SIZE_CLASSES[-1]}_gb"]


def statistics_of(counts: pd.DataFrame) -> pd.DataFrame:
    """Return a row a group: disks, total_gb, quantiles, max_gb, counts by size class, unknown.

    Parameters
    ----------
    counts : DataFrame
        How often each size occurs in each group, as `size_counts` answers it.
    """
    keys = [name for name in counts.columns if name not in ("size_gb", "count")]
    known = counts.dropna(subset="size_gb")
    total = (known["size_gb"] * known["count"]).groupby([known[key] for key in keys], observed=True)
    table = pd.DataFrame({"disks": counts.groupby(keys, observed=True)["count"].sum()})
    table["total_gb"] = total.sum()
    for name, quantile in QUANTILES.items():
        table[name] = _quantile(known, keys, quantile)
    table["max_gb"] = known.groupby(keys, observed=True)["size_gb"].max()
    classes = pd.cut(known["size_gb"].astype("float64"), [-np.inf, *SIZE_CLASSES, np.inf], labels=class_columns())
    by_class = known.assign(size_class=classes.astype("str")).pivot_table("count", keys, "size_class", "sum")
    table = table.join(by_class.reindex(columns=class_columns()))
    table["unknown"] = table["disks"] - known.groupby(keys, observed=True)["count"].sum()
    table["unknown"] = table["unknown"].fillna(table["disks"])
    whole = {name: "Int64" for name in table.columns if name not in QUANTILES}
    return table.fillna(dict.fromkeys(class_columns(), 0)).astype(whole | dict.fromkeys(QUANTILES, "Float64"))


def size_counts(groups: pd.DataFrame, sizes: pd.Series) -> pd.DataFrame:
    """Return how often each size occurs in each group (columns: the keys, size_gb, count), smallest first.

    Parameters
    ----------
    groups : DataFrame
        The keys, a column each (str, none missing).
    sizes : Series
        The sizes in GB (Int64), missing where they are not known.
    """
    by = [groups[key].astype("category") for key in groups.columns]
    counts = sizes.groupby([*by, sizes], observed=True, dropna=False).size()
    frame = counts.rename("count").rename_axis([*groups.columns, "size_gb"]).reset_index()
    texts = dict.fromkeys(groups.columns, "str")
    return frame.astype(texts | {"size_gb": "Int64"}).sort_values([*groups.columns, "size_gb"], ignore_index=True)


def counts_together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the counts of several lots of disks as those of all."""
    whole = pd.concat(parts, ignore_index=True)
    by = [name for name in whole.columns if name != "count"]
    return whole.groupby(by, observed=True, dropna=False)["count"].sum().reset_index()


def _quantile(known: pd.DataFrame, keys: list[str], quantile: float) -> pd.Series:
    """Return a quantile by group, linear between two sizes, from sizes in order and how often each occurs."""
    grouped = known.groupby(keys, observed=True)["count"]
    disks = grouped.sum()
    up_to = known["count"].cumsum().to_numpy()
    start = disks.cumsum() - disks
    rank = (disks - 1) * quantile
    lower, upper = np.floor(rank), np.ceil(rank)
    sizes = known["size_gb"].to_numpy(dtype="float64")
    at = [sizes[np.searchsorted(up_to, (start + place).to_numpy(), side="right")] for place in (lower, upper)]
    return pd.Series(at[0] + (at[1] - at[0]) * (rank - lower).to_numpy(), index=disks.index, dtype="Float64")
