"""A made-up account of any size, straight from numpy: what the analyses are measured on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_FETCHED_AT = "2026-11-01T00:00:00+00:00"
_START = np.datetime64("2026-11-01T00:00:00", "us")
_FAMILIES = {"m2": 2, "c2": 1, "r2": 4, "u2": 2}
_DAY = 86_400_000_000


def account(instances: int, disks_each: int = 10) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `instances_detail` and `disks` with the dtypes of a pull; a thousandth of the figures is missing."""
    draw = np.random.default_rng(7)
    number = np.arange(instances)
    ids = _text([f"{n:08x}-0000-4000-8000-000000000000" for n in number])
    flavors = [(f"{family}.c{c}m{c * gb}", c, c * gb * 1024) for family, gb in _FAMILIES.items() for c in (1, 2, 4, 8)]
    flavor = draw.integers(0, len(flavors), instances)
    apps = np.array(["web", "api", "db", "cache", "batch"])[draw.integers(0, 5, instances)]
    root, attached = draw.integers(2, 50, instances) * 10, draw.integers(0, 10, instances) * 10
    created = _START - (draw.random(instances) * 1400 * _DAY).astype("timedelta64[us]")
    updated = _between(created, np.full(instances, _START), draw)
    vms = pd.DataFrame(
        {
            "instance_id": ids,
            "name": _text([f"{app}-prod-{n:06}" for app, n in zip(apps, number, strict=True)]),
            "status": _text(
                draw.choice(["ACTIVE", "STOP", "ERROR", "DELETING"], instances, p=[0.85, 0.12, 0.02, 0.01])
            ),
            "zone": _text(draw.choice(["kr-pub-a", "kr-pub-b", "kr-pub-c"], instances, p=[0.5, 0.3, 0.2])),
            "flavor_id": _text([f"id-{n}" for n in range(len(flavors))]).take(flavor),
            "flavor_name": _text([name for name, _, _ in flavors]).take(flavor),
            "vcpus": _whole(np.array([vcpus for _, vcpus, _ in flavors])[flavor], draw),
            "ram_mb": _whole(np.array([ram for _, _, ram in flavors])[flavor], draw),
            "root_gb": _whole(root, draw),
            "attached_gb": _whole(attached, draw),
            "attached_count": _whole(np.full(instances, disks_each - 1), draw),
            "disk_gb": _whole(root + attached, draw),
            "launched_at": _times(_between(created, updated, draw)),
            "created_at": _times(created),
            "updated_at": _times(updated),
        }
    )
    rows = instances * disks_each
    disks = pd.DataFrame(
        {
            "instance_id": ids.take(np.repeat(number, disks_each)),
            "volume_id": _text([None]).take(np.zeros(rows, int)),
            "name": _text(["data"]).take(np.zeros(rows, int)),
            "role": _text(["root", "attached"]).take(np.minimum(np.arange(rows) % disks_each, 1)),
            "size_gb": _whole(draw.integers(1, 100, rows) * 10, draw),
            "type": _text(["General HDD"]).take(np.zeros(rows, int)),
        }
    )
    vms.attrs["fetched_at"] = disks.attrs["fetched_at"] = _FETCHED_AT
    return vms, disks


def _text(values: Any) -> Any:
    return pd.array(list(values), dtype="str")


def _whole(values: Any, draw: np.random.Generator) -> Any:
    return pd.arrays.IntegerArray(values.astype("int64"), draw.random(len(values)) < 0.001)


def _between(start: Any, end: Any, draw: np.random.Generator) -> Any:
    return start + ((end - start).astype("int64") * draw.random(len(start))).astype("timedelta64[us]")


def _times(values: Any) -> Any:
    return pd.Series(values).dt.tz_localize("UTC")
