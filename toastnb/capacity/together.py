"""All projects of a history as one group, which is labelled `TOTAL`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toastnb.capacity.selection import TOTAL, own_names
from toastnb.plain import many
from toastnb.remarks import remark

ENDED = 7  # days without a snapshot, after which a project is taken to be closed
_NAMED = 5


def with_own_names(amounts: pd.DataFrame) -> pd.DataFrame:
    """Return amounts in which no project is called as all of them together are."""
    return amounts.assign(project=own_names(amounts["project"]))


def with_total(amounts: pd.DataFrame) -> pd.DataFrame:
    """Return amounts with those of all projects together, a moment a day: the sum of their last snapshots of that day.

    A day on which a project has none is no day of the sum, from the project's first on: it would be a fall. So the sum
    ends with the last day on which all have one. A project that has had none for more than `ENDED` days is left out of
    it from the start, which is remarked.
    """
    if amounts.empty:
        return amounts
    day = amounts["at"].dt.floor("D")
    newest = amounts.groupby([amounts["project"], day])["at"].transform("max")
    days = amounts[amounts["at"] == newest].assign(at=day, project=own_names(amounts["project"]))
    seen = days[["project", "at"]].drop_duplicates()
    ends = seen.groupby("project")["at"].agg(["min", "max"])
    has_ended = ends["max"] < ends["max"].max() - pd.Timedelta(days=ENDED)
    ended, begun = ends.index[has_ended], ends["min"][~has_ended].sort_values()
    there = seen["at"][~seen["project"].isin(ended)].value_counts()
    whole = there.index[there.to_numpy() == np.searchsorted(begun, there.index, side="right")]
    if len(ended):
        more = f" and {many(len(ended) - _NAMED, 'other')}" if len(ended) > _NAMED else ""
        said = f"{', '.join(ended[:_NAMED])}{more}: without a snapshot for more than {ENDED} days"
        remark(f"Not in the sum of all projects: {said}", stacklevel=4)
    together = days[~days["project"].isin(ended) & days["at"].isin(whole)].assign(project=TOTAL)
    return pd.concat([with_own_names(amounts), together], ignore_index=True)
