"""Two frames of instances side by side: before and after changes, or one account at two moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from toastnb.capacity.selection import (
    FAMILY,
    Status,
    as_keys,
    require_columns,
)
from toastnb.capacity.sums import RESOURCES, SOURCES, by_group, with_total


def compare(
    before: pd.DataFrame, after: pd.DataFrame, by: str | Sequence[str] = "zone", status: Status = "allocated"
) -> pd.DataFrame:
    """Compare what two frames of instances have allocated.

    Parameters
    ----------
    before, after : DataFrame
        As `Toast.instances_detail` answers or `what_if` makes.
    by : str or list of str
        The columns to group by, as in `totals`.
    status : str or list of str
        As in `totals`.

    Returns
    -------
    DataFrame
        Indexed by `by` and resource (instances, vcpus, ram_gb, root_gb, attached_gb, disk_gb), the last group
        ``Total``: before, after, difference (after - before), difference_share (difference / before; missing where
        there was nothing before), all Float64; unknown_before, unknown_after (Int64: instances that lack the figure).
        A group that one side lacks is 0 there; a figure of which nothing is known is missing.

    Raises
    ------
    InvalidInput
        When a frame lacks a column, or `status` is not known.

    Examples
    --------
    >>> import toastnb as tn
    >>> vms = toast.instances_detail()
    >>> table = tn.capacity.compare(vms, tn.capacity.what_if(vms, {"lose": "kr-pub-b"}))
    >>> table.loc[("Total", "instances"), ["before", "after", "difference"]].tolist()
    [250.0, 179.0, -71.0]
    """
    keys = as_keys(by)
    for name, df in (("before", before), ("after", after)):
        columns = ["flavor_name" if key == FAMILY and FAMILY not in df else key for key in keys]
        require_columns(df, [*columns, "status", *SOURCES], name)
    names = [f"key {number}" for number in range(len(keys))]  # as no figure is named: one may group by vcpus
    left, right = _alike(_groups(before, keys, names, status), _groups(after, keys, names, status), names)
    both = left.merge(right, how="outer", on=names, suffixes=("_before", "_after"), indicator="side")
    table = pd.DataFrame(
        {
            "before": _stacked(both, "before", absent="right_only"),
            "after": _stacked(both, "after", absent="left_only"),
        }
    )
    table["difference"] = table["after"] - table["before"]
    table["difference_share"] = table["difference"] / table["before"].where(table["before"] > 0)
    table["unknown_before"] = _stacked(both, "unknown_before", absent="right_only").astype("Int64")
    table["unknown_after"] = _stacked(both, "unknown_after", absent="left_only").astype("Int64")
    labels = with_total(both[names].set_axis(keys, axis=1))
    levels = [labels[name].repeat(len(RESOURCES)) for name in labels]
    table.index = pd.MultiIndex.from_arrays([*levels, RESOURCES * len(labels)], names=[*keys, "resource"])
    table.attrs = {name: value for name, value in before.attrs.items() if after.attrs.get(name) == value}
    return table


def _groups(df: pd.DataFrame, keys: list[str], names: list[str], status: Status) -> pd.DataFrame:
    """Return a row a group: its keys, its sums (Float64), and how many of its instances lack each figure."""
    sums, lacking = by_group(df, keys, status)
    both = sums.astype("Float64").join(lacking.add_suffix("_unknown"))
    return both.rename_axis(names).reset_index()


def _stacked(both: pd.DataFrame, which: str, absent: str) -> pd.Series:
    """Return the figures of one side, group by group and in the end the total; a group that it lacks has 0."""
    values = both[[f"{name}_{which}" for name in RESOURCES]].to_numpy("float64", copy=True, na_value=np.nan)
    lacks = (both["side"] == absent).to_numpy()
    present = values[~lacks]
    nothing_known = np.isnan(present).all(axis=0) & (len(present) > 0)
    total = np.where(nothing_known, np.nan, np.nansum(present, axis=0))
    values[lacks] = 0
    return pd.Series(np.vstack([values, total]).ravel()).astype("Float64")


def _alike(left: pd.DataFrame, right: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both with keys as text where their kinds differ: pandas joins no numbers with text."""
    differ = {name: "str" for name in columns if left[name].dtype != right[name].dtype}
    return left.astype(differ), right.astype(differ)
