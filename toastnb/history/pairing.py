"""Which rows of two tables are of one thing; the order of rows says nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def paired(before: pd.DataFrame, after: pd.DataFrame, keys: Sequence[str], fields: Sequence[str]) -> pd.DataFrame:
    """Return the rows that differ, as pairs of what is of one thing.

    Rows that are alike on both sides are left out, as often as both have them. Of the others, those of one key are a
    pair; where a key comes more than once, in the order of their fields. A row that lacks the first part of its key is
    of nothing that could be found again.

    Parameters
    ----------
    before, after : DataFrame
        With these columns, of the same dtypes.
    keys, fields : list of str
        What tells things apart, and what is compared.

    Returns
    -------
    DataFrame
        A row a pair: before, after (int64), the positions of its rows; -1 where there is none.
    """
    columns = [*keys, *fields]
    both = pd.concat([before[columns], after[columns]], ignore_index=True)
    is_after = pd.Series(np.arange(len(both)) >= len(before))
    alike = _with_turn(both, columns, is_after).duplicated(["number", "turn"], keep=False)
    rest = both[~alike]
    lacks_key = rest[keys[0]].isna()
    ordered = rest.sort_values(columns, kind="stable") if rest.duplicated(keys).any() else rest
    turns = _with_turn(ordered[~lacks_key.loc[ordered.index]], keys, is_after)
    old, new = (turns[is_after.loc[turns.index] == side].reset_index(names="at") for side in (False, True))
    pairs = old.merge(new, on=["number", "turn"], how="outer", suffixes=("_old", "_new"))
    nowhere = rest.index[lacks_key].to_series()
    lost, found = nowhere[nowhere < len(before)], nowhere[nowhere >= len(before)]
    olds = pd.concat([pairs["at_old"], lost, pd.Series(np.nan, index=found.index)])
    news = pd.concat([pairs["at_new"], pd.Series(np.nan, index=lost.index), found])
    positions = {"before": olds.fillna(-1), "after": (news - len(before)).fillna(-1)}
    return pd.DataFrame(positions).astype("int64").reset_index(drop=True)


def _with_turn(rows: pd.DataFrame, columns: Sequence[str], is_after: pd.Series) -> pd.DataFrame:
    """Give rows a number each by their columns, and those of one number and side a turn each."""
    numbers = rows.groupby(list(columns), dropna=False, sort=False, observed=True).ngroup()
    numbered = pd.DataFrame({"number": numbers.astype("int64")}, index=rows.index)
    numbered["turn"] = numbered.groupby([numbered["number"], is_after.loc[rows.index]]).cumcount()
    return numbered
