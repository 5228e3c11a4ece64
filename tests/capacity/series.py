"""Series for the tests of growth and forecasts: what each snapshot had allocated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def amounts(instances: Sequence[float], start: str = "2026-06-01", project: str = "shop", **more: str) -> pd.DataFrame:
    """Return a snapshot a day at 03:00, of instances with 2 vCPUs, 4 GB and 100 GB each; NaN is a day without one."""
    vms = pd.Series(np.asarray(instances, dtype="float64"))
    at = pd.date_range(f"{start}T03:00", periods=len(vms), freq="D", tz="UTC", unit="us")
    frame = pd.DataFrame({"at": at, "project": project, **more, "instances": vms, "vcpus": vms * 2, "ram_gb": vms * 4})
    frame = frame.assign(disk_gb=vms * 100, unknown=0)[vms.notna()].reset_index(drop=True)
    return frame.astype({"instances": "Int64", "vcpus": "Int64", "ram_gb": "Float64", "disk_gb": "Int64"})


def walk(days: int, seed: int = 0, growth: float = 1.0, start: float = 200) -> np.ndarray:
    """Return instances that are made and deleted at random."""
    rng = np.random.default_rng(seed)
    return start + np.cumsum(rng.poisson(1 + growth, days) - rng.poisson(1, days)).astype(float)
