"""Plots of the analyses: from a table of `capacity` or `audit` to matplotlib Axes, with units, sorted and labelled.

Names come from the service: they are drawn as they are, never read as markup. What is not known is named "not known",
and never drawn as zero.
"""

from toastnb.plots.audits import findings
from toastnb.plots.disks import disk_sizes, largest_disks, volumes_per_instance
from toastnb.plots.flavors import flavor_mix
from toastnb.plots.growth import forecast, growth
from toastnb.plots.history import churn, waterfall
from toastnb.plots.limits import headroom
from toastnb.plots.money import cost, reclaimable
from toastnb.plots.plans import compare
from toastnb.plots.sums import totals
from toastnb.plots.zones import single_zone, zone_balance, zone_failure

__all__ = [
    "churn",
    "compare",
    "cost",
    "disk_sizes",
    "findings",
    "flavor_mix",
    "forecast",
    "growth",
    "headroom",
    "largest_disks",
    "reclaimable",
    "single_zone",
    "totals",
    "volumes_per_instance",
    "waterfall",
    "zone_balance",
    "zone_failure",
]


def __dir__() -> list[str]:
    return __all__  # what Tab shows
