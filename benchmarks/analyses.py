"""Each analysis beside the best pandas that one would write by hand for the same figure, on one made-up account.

Run as ``python -m benchmarks.analyses [INSTANCES]``: a million instances with ten disks each by default. What is
written by hand does less: it counts no unknowns, adds no Total row, and takes the frame as it is.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import toastnb as tn
from benchmarks.account import account

ROUNDS = 3
_SUMS = ["vcpus", "ram_mb", "root_gb", "attached_gb", "disk_gb"]
_RUNNING = ["ACTIVE", "REBOOTING", "POWERING_ON", "POWERING_OFF", "MIGRATING"]
_EDGES = [0, 20, 50, 100, 200, 500, 1000, np.inf]
_Pair = tuple[str, Callable[[], object], Callable[[], object]]


def pairs(vms: pd.DataFrame, disks: pd.DataFrame) -> list[_Pair]:
    """Return what is compared: a name, the analysis, and the same by hand."""
    tnc, by_hand = tn.capacity, _ByHand(vms, disks)
    prices = tnc.price_template(vms).assign(price=1.0)
    without = vms.instance_id[vms.status == "STOP"]
    after = tnc.what_if(vms, {"remove": without})
    limits = {"vcpus": 10**9, "ram_gb": 10**9}
    return [
        ("totals by zone", lambda: tnc.totals(vms), lambda: by_hand.sums("zone")),
        ("totals by zone and flavor", lambda: tnc.totals(vms, ["zone", "flavor_name"]), by_hand.two_keys),
        ("totals by family", lambda: tnc.totals(vms, "family"), by_hand.families),
        ("zone_balance", lambda: tnc.zone_balance(vms), by_hand.balance),
        ("zone_balance of each app", lambda: tnc.zone_balance(vms, app="prefix"), by_hand.apps),
        ("single_zone", lambda: tnc.single_zone(vms, app="prefix"), by_hand.alone),
        ("zone_failure", lambda: tnc.zone_failure(vms), by_hand.running),
        ("flavor_mix", lambda: tnc.flavor_mix(vms), lambda: by_hand.sums("flavor_name")),
        ("headroom", lambda: tnc.headroom(vms, limits), lambda: by_hand.sums("zone")),
        ("what_if (remove)", lambda: tnc.what_if(vms, {"remove": without}), lambda: by_hand.without(without)),
        ("compare", lambda: tnc.compare(vms, after), lambda: by_hand.difference(after)),
        ("reclaimable", lambda: tnc.reclaimable(vms), by_hand.idle),
        ("cost", lambda: tnc.cost(vms, prices), lambda: by_hand.cost(prices)),
        ("volumes_per_instance", lambda: tnc.volumes_per_instance(vms), by_hand.volumes),
        ("disk_sizing", lambda: tnc.disk_sizing(disks), by_hand.disk_sizes),
        ("disk_sizing by zone", lambda: tnc.disk_sizing(disks, vms, by="zone"), by_hand.disk_sizes_by_zone),
        ("largest_disks", lambda: tnc.largest_disks(disks, vms), by_hand.largest),
    ]


class _ByHand:
    """The hand-written ways."""

    def __init__(self, vms: pd.DataFrame, disks: pd.DataFrame) -> None:
        self.vms, self.disks = vms, disks

    def live(self) -> pd.DataFrame:
        return self.vms[self.vms.status != "DELETING"]

    def sums(self, key: str) -> pd.DataFrame:
        return self.live().groupby(key)[_SUMS].sum()

    def two_keys(self) -> pd.DataFrame:
        return self.live().groupby(["zone", "flavor_name"])[_SUMS].sum()

    def families(self) -> pd.DataFrame:
        live = self.live()
        return live.groupby(live.flavor_name.str.replace(r"\..*", "", regex=True))[_SUMS].sum()

    def balance(self) -> pd.DataFrame:
        sums = self.sums("zone")
        return sums / sums.sum()

    def apps(self) -> pd.DataFrame:
        live = self.live()
        return live.groupby([live.name.str.replace(r"-.*", "", regex=True), "zone"])[_SUMS].sum()

    def alone(self) -> pd.DataFrame:
        running = self.vms[self.vms.status.isin(_RUNNING)]
        return running.groupby(running.name.str.replace(r"-.*", "", regex=True)).agg(
            {"zone": "nunique", "vcpus": "sum"}
        )

    def running(self) -> pd.DataFrame:
        return self.vms[self.vms.status.isin(_RUNNING)].groupby("zone")[_SUMS].sum()

    def without(self, ids: pd.Series) -> pd.DataFrame:
        return self.vms[~self.vms.instance_id.isin(ids)]

    def difference(self, after: pd.DataFrame) -> pd.DataFrame:
        return after[after.status != "DELETING"].groupby("zone")[_SUMS].sum() - self.sums("zone")

    def idle(self) -> pd.DataFrame:
        idle = self.vms[self.vms.status.isin(["STOP", "ERROR"])]
        days = (pd.Timestamp(self.vms.attrs["fetched_at"]) - idle.updated_at).dt.total_seconds() / 86_400
        return idle.assign(days=days).sort_values("days", ascending=False)

    def cost(self, prices: pd.DataFrame) -> pd.Series:
        live = self.live()
        hourly = live.flavor_name.map(prices.set_index("name").price)
        days = (pd.Timestamp(self.vms.attrs["fetched_at"]) - live.updated_at).dt.days
        rate = np.where((live.status == "STOP") & (days < 90), 0.1, 1)
        return (hourly * rate * 730 + live.root_gb + live.attached_gb).groupby(live.zone).sum()

    def volumes(self) -> pd.DataFrame:
        return self.live().groupby("attached_count").attached_gb.agg(["size", "sum"])

    def disk_sizes(self) -> list[object]:
        sizes = self.disks.groupby("role").size_gb
        classes = pd.cut(self.disks.size_gb.astype("float64"), _EDGES)
        return [
            sizes.agg(["size", "count", "sum", "max"]),
            sizes.quantile([0.5, 0.9, 0.99]),
            self.disks.groupby(["role", classes], observed=False).size(),
        ]

    def disk_sizes_by_zone(self) -> list[object]:
        zones = self.disks.instance_id.map(self.live().set_index("instance_id").zone)
        sizes = self.disks.groupby([zones, "role"]).size_gb
        classes = pd.cut(self.disks.size_gb.astype("float64"), _EDGES)
        return [
            sizes.agg(["size", "count", "sum", "max"]),
            sizes.quantile([0.5, 0.9, 0.99]),
            self.disks.groupby([zones, "role", classes], observed=False).size(),
        ]

    def largest(self) -> pd.DataFrame:
        return self.disks.nlargest(20, "size_gb").merge(self.vms[["instance_id", "name", "zone"]], on="instance_id")


def compare(instances: int) -> None:
    """Print each analysis beside the hand-written way: medians of rounds in turn, after one that does not count."""
    vms, disks = account(instances)
    print(f"\n{len(vms):,} instances, {len(disks):,} disks, median of {ROUNDS}")
    print(f"{'analysis':<26} {'seconds':>8} {'by hand':>8} {'ratio':>6}")
    for name, ours, by_hand in pairs(vms, disks):
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS + 1):
            for took, way in zip(seconds, (ours, by_hand), strict=True):
                took.append(_seconds_of(way))
        own, other = (statistics.median(took[1:]) for took in seconds)
        print(f"{name:<26} {own:>8.2f} {other:>8.2f} {own / other:>6.2f}", flush=True)


def _seconds_of(way: Callable[[], object]) -> float:
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


if __name__ == "__main__":
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
