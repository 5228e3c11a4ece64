"""What a finding is: the columns, and how a check makes rows of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

COLUMNS = ("check", "severity", "confidence", "resource_type", "resource", "name", "evidence", "remedy")
SEVERITIES = ("high", "medium", "low", "info")

Text = str | pd.Series


def found(resource: pd.Series, name: pd.Series, evidence: Text, **more: Text) -> pd.DataFrame:
    """Return findings, a row a resource; what is not said here is the same for all of a check's findings.

    Parameters
    ----------
    resource, name : Series
        Ids and names, on one index.
    evidence : str or Series
        Figures and values in a short sentence.
    **more : str or Series
        severity, confidence, where they are not the check's.
    """
    columns = {"resource": resource, "name": name, "evidence": evidence, **more}
    return pd.DataFrame(columns, index=resource.index).astype("str")


def on_instances(vms: pd.DataFrame, evidence: Text, **more: Text) -> pd.DataFrame:
    """Return a finding for each of these instances."""
    return found(vms["instance_id"], vms["name"], evidence, **more)


def listed(rows: Sequence[tuple[object, ...]], more: str = "severity") -> pd.DataFrame:
    """Return findings from tuples of resource, name, evidence and, in some, one thing `more`: severity, confidence."""
    columns = ["resource", "name", "evidence", more]
    return pd.DataFrame(list(rows), columns=columns[: len(rows[0])] if rows else columns[:3]).astype("str")


def in_order(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings with the most severe first, then by check, name, resource and evidence."""
    ranks = findings["severity"].map({severity: rank for rank, severity in enumerate(SEVERITIES)})
    names = ["check", "name", "resource", "evidence"]
    table = pa.Table.from_pandas(findings[names].assign(rank=ranks), preserve_index=False)
    keys = [(name, "ascending") for name in ("rank", *names)]
    return findings.take(pc.sort_indices(table, sort_keys=keys).to_numpy()).reset_index(drop=True)
