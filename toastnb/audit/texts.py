"""Columns of text: which are among others, those of one owner joined, and numbers with their nouns."""

from __future__ import annotations

import fnmatch
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from toastnb.capacity.selection import positions

_LONGEST = 1000  # Arrow's expressions have a limit; names are shorter
_WILDCARDS = {"*": ".*", "?": "."}


def among(texts: pd.Series, values: pd.Series | pd.Index) -> pd.Series:
    """Tell which texts are among values (bool); a missing one is not. `Series.isin` takes seconds for many values."""
    return pd.Series(positions(texts, values) >= 0, index=texts.index)


def joined(owners: pd.Series, texts: pd.Series, between: str = ", ") -> pd.Series:
    """Return each owner's texts as one: each once, sorted (str, indexed by owner)."""
    rows = pd.DataFrame({"owner": owners, "text": texts}).dropna().drop_duplicates()
    table = pa.Table.from_pandas(rows, preserve_index=False).sort_by([("owner", "ascending"), ("text", "ascending")])
    lists = table.group_by("owner", use_threads=False).aggregate([("text", "list")])
    whole = pc.binary_join(lists["text_list"].cast(pa.list_(pa.string())), between)
    return pd.Series(whole.to_pylist(), index=pd.Index(lists["owner"].to_pylist(), dtype="str"), dtype="str")


def fits(texts: pa.Array, pattern: str) -> np.ndarray:
    """Tell which texts fit a pattern with ``*``, ``?`` and ``[...]`` as a whole, capitals too (bool)."""
    if "[" in pattern or len(pattern) > _LONGEST:
        matches = re.compile(fnmatch.translate(pattern)).match
        return np.array([matches(text) is not None for text in texts.to_pylist()], bool)
    if "*" not in pattern and "?" not in pattern:
        fitting = pc.equal(texts, pattern)
    else:  # not match_like, which takes some backslashes for wrong
        whole = "".join(_WILDCARDS.get(char) or re.escape(char) for char in pattern)
        fitting = pc.match_substring_regex(texts, pattern=rf"(?s)\A{whole}\z")
    found: np.ndarray = fitting.to_numpy(zero_copy_only=False)
    return found


def so_many(count: int, does: str, do: str) -> str:
    """Return how many instances do something: "1 instance has it", "1,200 instances have it"."""
    return f"1 instance {does}" if count == 1 else f"{count:,} instances {do}"


def amounts(numbers: pd.Series, thing: str) -> pd.Series:
    """Return whole numbers with their noun, as "1 day" and "12 days" (str)."""
    nouns = pd.Series(f" {thing}s", index=numbers.index, dtype="str").mask(numbers == 1, f" {thing}")
    return numbers.astype("Int64").astype("str") + nouns
