"""What changed from one inventory to another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from toastnb.arrays import stacked, texts
from toastnb.audit.tables import checked_inventory
from toastnb.capacity.selection import as_noted, positions, require_columns
from toastnb.columns import TABLES, Column, Kind
from toastnb.errors import InvalidInput
from toastnb.history.moments import Moment, of_each_pair
from toastnb.history.pairing import paired
from toastnb.history.sides import remark_if_of_two
from toastnb.inventory import PROJECT, Inventory

COLUMNS = ("table", "key", "name", "change", "field", "before", "after")
CHANGES = ("created", "deleted", "renamed", "resized", "changed")
KEYS: dict[str, tuple[str, ...]] = {
    "flavors": ("flavor_id",),
    "availability_zones": ("zone",),
    "instances": ("instance_id",),
    "instances_detail": ("instance_id",),
    "keypairs": ("name",),
    "addresses": ("instance_id", "mac_address", "ip_address"),
    "disks": ("instance_id", "role", "volume_id"),
    "instance_security_groups": ("instance_id", "security_group"),
    "metadata": ("instance_id", "key"),
    "images": ("image_id",),
    "networks": ("network_id",),
    "subnets": ("subnet_id",),
    "security_groups": ("security_group_id",),
    "security_group_rules": ("rule_id",),
    "floating_ips": ("floating_ip_id",),
    "volumes": ("volume_id",),
    "volume_attachments": ("volume_id", "instance_id"),
}
"""What tells the rows of each table apart."""

VOLATILE = {"instances_detail": ("launched_at", "updated_at"), "images": ("updated_at",)}
_NOT_COMPARED = {"keypairs": ("created_at",)}  # only known when it was asked for by name
_RESIZED = {
    "instances_detail": {"flavor_id", "flavor_name", "vcpus", "ram_mb", "root_gb"},
    "disks": {"size_gb"},
    "volumes": {"size_gb"},
}
# What a row without a name of its own is called by: a column of it, or the name of what it belongs to.
_CALLED = {"availability_zones": "zone", "floating_ips": "floating_ip"}
_OWNERS = {
    **dict.fromkeys(
        ("addresses", "disks", "instance_security_groups", "metadata", "volume_attachments"),
        ("instance_id", "instances_detail"),
    ),
    "security_group_rules": ("security_group_id", "security_groups"),
}


def diff(
    a: Inventory | Moment, b: Inventory | Moment, tables: Sequence[str] | None = None, volatile: bool = False
) -> pd.DataFrame:
    """Tell what changed from one inventory to another, table by table.

    Rows are told apart by their keys, never by their order. A row of the same key and another name is renamed, and so
    is a keypair of another name with the same fingerprint; one with another flavor or size is resized. A table that
    one of them lacks is not compared: `not_compared` says which these are, and why.

    Parameters
    ----------
    a, b : Inventory or Moment
        The earlier and the later one. Two of ``open_store(store, engine="dask").at(when)`` are compared project by
        project, by Dask.
    tables : list of str, optional
        The tables to compare; all of the column dictionary by default.
    volatile : bool
        Whether to compare columns that change with every action too: launched_at, updated_at.

    Returns
    -------
    DataFrame
        A row a table's row that is created or deleted, and a row a field that differs, by table, change and name (all
        str): table, key (its parts with `` / `` between them), name (its own, or of the instance or security group
        that it belongs to), change (created, deleted, renamed, resized, changed), field, before, after (missing where
        the value is). Whole numbers, true, false and times (ISO 8601, UTC) are written as text. Of several projects
        the project comes first; one that only a or b has is not compared.

    Raises
    ------
    InvalidInput
        When one is no Inventory, lacks columns of the dictionary, or there is no such table.

    Examples
    --------
    >>> import toastnb as tn
    >>> before = toast.inventory()
    >>> job = toast.stop(before.instances.instance_id[before.instances.status == "ACTIVE"].iloc[0])
    >>> changes = tn.history.diff(before, toast.inventory(), tables=["instances_detail"])
    >>> changes[["change", "field", "before", "after"]].values.tolist()
    [['changed', 'status', 'ACTIVE', 'STOP']]
    """
    wanted = _checked_tables(tables)
    if isinstance(a, Moment) or isinstance(b, Moment):
        return _of_projects(a, b, wanted, volatile)  # type: ignore[arg-type] # which is checked there
    remark_if_of_two(checked_inventory(a), checked_inventory(b), stacklevel=3)
    lacking = {name: why for name in wanted if (why := _why_not(name, a, b))}
    parts = [_changes(name, a, b, volatile) for name in wanted if name not in lacking]
    changes = pd.concat([_none(), *parts], ignore_index=True)[list(COLUMNS)]
    noted = {
        "before": {"fetched_at": a.fetched_at, "source": a.source},
        "after": {"fetched_at": b.fetched_at, "source": b.source},
        "not_compared": lacking,
    }
    # A text, for pandas copies all else in attrs at every operation.
    changes.attrs = {"fetched_at": b.fetched_at, "diff": json.dumps(noted, ensure_ascii=False)}
    return changes


def not_compared(changes: pd.DataFrame) -> pd.DataFrame:
    """Tell which tables were not compared: that nothing of them is in `changes` says nothing.

    Parameters
    ----------
    changes : DataFrame
        As `diff` answers.

    Returns
    -------
    DataFrame
        A row a table: table, why (str); of several projects with project before them.

    Raises
    ------
    InvalidInput
        When `changes` is no longer as `diff` answered it.

    Examples
    --------
    >>> import toastnb as tn
    >>> inventory = toast.inventory()
    >>> len(tn.history.not_compared(tn.history.diff(inventory, inventory)))
    0
    """
    noted = of_diff(changes)
    if "projects" in noted:
        rows = [(project, *told) for project, lacking in noted["projects"].items() for told in lacking.items()]
        return texts(**{name: [row[place] for row in rows] for place, name in enumerate((PROJECT, "table", "why"))})
    lacking = noted["not_compared"]
    return texts(table=list(lacking), why=list(lacking.values()))


def of_diff(changes: pd.DataFrame) -> dict[str, Any]:
    """Return what `diff` noted in its frame: before, after (each fetched_at and source), not_compared.

    Of several projects also projects: what is not compared of each.

    Raises
    ------
    InvalidInput
        When it is not there.
    """
    require_columns(changes, COLUMNS, "changes")
    return as_noted(changes, "diff", "changes", "diff")


def _of_projects(a: Moment, b: Moment, tables: list[str], volatile: bool) -> pd.DataFrame:
    """Return the changes of each project that both have, one below the other."""
    found = of_each_pair(a, b, partial(diff, tables=tables, volatile=volatile))
    lacking = {
        project: f"not there {side}: no snapshot of the project"
        for there, side in ((a, "after"), (b, "before"))
        for project in there.projects
        if project not in found
    }
    return together(found, lacking, tables, a.fetched_at, b.fetched_at)


def together(
    found: Mapping[str, pd.DataFrame], lacking: Mapping[str, str], tables: Sequence[str], since: str, until: str
) -> pd.DataFrame:
    """Return the changes of several projects as one frame of `diff`, with project (str) first.

    Parameters
    ----------
    found : mapping of str to DataFrame
        What `diff` answered of each project.
    lacking : mapping of str to str
        Why each of the others is not compared.
    tables : list of str
        What was asked for.
    since, until : str
        The two moments, ISO 8601 in UTC.
    """
    changes = stacked(PROJECT, found or {"": _none()})
    not_compared_of = {project: of_diff(one)["not_compared"] for project, one in found.items()}
    not_compared_of |= {project: dict.fromkeys(tables, why) for project, why in lacking.items()}
    noted = {
        "before": {"fetched_at": since, "source": ""},
        "after": {"fetched_at": until, "source": ""},
        "not_compared": {},
        "projects": dict(sorted(not_compared_of.items())),
    }
    changes.attrs = {"fetched_at": until, "diff": json.dumps(noted, ensure_ascii=False)}
    return changes


def _checked_tables(tables: Sequence[str] | None) -> list[str]:
    if not isinstance(tables, str | Iterable | None):
        said = f"tables is {type(tables).__name__}, but must be a list of tables"
        raise InvalidInput(said, hint='As ["instances_detail"].')
    given = list(TABLES) if tables is None else [tables] if isinstance(tables, str) else list(tables)
    unknown = [name for name in given if not isinstance(name, str) or name not in TABLES]
    if unknown:
        raise InvalidInput(f"there is no table {unknown[0]!r}", hint=f"There are: {', '.join(TABLES)}.")
    return [name for name in TABLES if name in given]


def _why_not(name: str, a: Inventory, b: Inventory) -> str:
    """Say why a table cannot be compared; nothing when it can."""
    sides = {"before": a, "after": b}
    lacking = [side for side, inventory in sides.items() if name not in inventory.tables]
    return "; ".join(f"not there {side}: {sides[side].absent.get(name, 'not read')}" for side in lacking)


def _changes(name: str, a: Inventory, b: Inventory, volatile: bool) -> pd.DataFrame:
    """Return what changed in one table, in order."""
    old, new = _typed(name, a), _typed(name, b)
    left_out = (*KEYS[name], *_NOT_COMPARED.get(name, ()), *(() if volatile else VOLATILE.get(name, ())))
    fields = [column for column in TABLES[name] if column.name not in left_out]
    pairs = paired(old, new, KEYS[name], [field.name for field in fields])
    if name == "keypairs":
        pairs = _with_renamed(pairs, old, new)
        fields = [TABLES[name][0], *fields]
    lost, found = pairs[pairs["after"] < 0], pairs[pairs["before"] < 0]
    both = pairs[(pairs["before"] >= 0) & (pairs["after"] >= 0)]
    gone, made = old.iloc[lost["before"]], new.iloc[found["after"]]
    parts = [
        _rows(name, gone, _names(name, gone, a), "deleted"),
        _rows(name, made, _names(name, made, b), "created"),
    ]
    before = old.iloc[both["before"]].reset_index(drop=True)
    after = new.iloc[both["after"]].reset_index(drop=True)
    names = _names(name, after, b)
    for field in fields:
        one, other = before[field.name], after[field.name]
        same = one.eq(other).fillna(False).astype(bool) | (one.isna() & other.isna())
        differs = after[~same]
        rows = _rows(name, differs, names[~same], _change(name, field.name), field.name)
        parts.append(rows.assign(before=_texts(one[~same], field), after=_texts(other[~same], field)))
    return _in_order(pd.concat(parts, ignore_index=True), [field.name for field in fields])


def _typed(name: str, inventory: Inventory) -> pd.DataFrame:
    """Return a table with the columns of the dictionary alone, each of its kind."""
    frame = inventory.tables[name]
    require_columns(frame, [column.name for column in TABLES[name]], name)
    kinds = {column.name: column.kind.value for column in TABLES[name]}
    return frame[list(kinds)].astype(kinds).reset_index(drop=True)


def _with_renamed(pairs: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Bring a keypair that is gone and a new one of the same fingerprint together, where each has it alone."""
    lost, found = pairs[pairs["after"] < 0], pairs[pairs["before"] < 0]
    sides = []
    for rows, frame, side in ((lost, old, "before"), (found, new, "after")):
        prints = frame["fingerprint"].iloc[rows[side]]
        sides.append(pd.DataFrame({"print": prints.to_numpy(), "row": rows.index}).dropna())
    alone = [side.drop_duplicates("print", keep=False) for side in sides]
    same = alone[0].merge(alone[1], on="print", suffixes=("_old", "_new"))
    renamed = {
        "before": pairs["before"].loc[same["row_old"]].to_numpy(),
        "after": pairs["after"].loc[same["row_new"]].to_numpy(),
    }
    others = pairs.drop(index=[*same["row_old"], *same["row_new"]])
    return pd.concat([others, pd.DataFrame(renamed)], ignore_index=True)


def _names(name: str, rows: pd.DataFrame, inventory: Inventory) -> pd.Series:
    """Return what rows are called by: their own names, or those of what they belong to."""
    if name not in _OWNERS:
        return rows[_CALLED.get(name, "name")]
    key, owners = _OWNERS[name]
    if owners not in inventory.tables:
        return pd.Series(np.nan, index=rows.index, dtype="str")
    owner = inventory.tables[owners]
    known = pd.concat([owner["name"].astype("str"), pd.Series([np.nan], dtype="str")], ignore_index=True)
    return known.iloc[positions(rows[key], owner[key])].set_axis(rows.index)  # -1, of no owner, is the last: missing


def _rows(name: str, rows: pd.DataFrame, names: pd.Series, change: str, field: str | None = None) -> pd.DataFrame:
    first, *others = KEYS[name]
    key = rows[first]
    for other in others:
        key = key + (" / " + rows[other]).fillna("")
    told = {"table": name, "key": key, "name": names, "change": change, "field": field, "before": None, "after": None}
    return pd.DataFrame(told, index=rows.index).astype("str")


def _change(name: str, field: str) -> str:
    if field == "name":
        return "renamed"
    return "resized" if field in _RESIZED.get(name, ()) else "changed"


def _texts(values: pd.Series, field: Column) -> pd.Series:
    if field.kind is Kind.TIME:
        written = pc.strftime(pa.array(values), format="%Y-%m-%dT%H:%M:%SZ").to_pandas()
        return pd.Series(written.to_numpy(), index=values.index).astype("str")
    written = values.astype("str")
    return written.str.lower() if field.kind is Kind.FLAG else written


def _in_order(changes: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """Sort by change, name and key, and fields as the dictionary has them."""
    ranks = {change: rank for rank, change in enumerate(CHANGES)}
    places = {field: place for place, field in enumerate(fields)}
    table = pa.table(
        {
            "change": pa.array(changes["change"].map(ranks).to_numpy("int64")),
            "name": pa.array(changes["name"]),
            "key": pa.array(changes["key"]),
            "field": pa.array(changes["field"].map(places).fillna(-1).to_numpy("int64")),
        }
    )
    return changes.take(pc.sort_indices(table, [(name, "ascending") for name in table.column_names]).to_numpy())


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS), dtype="str")
