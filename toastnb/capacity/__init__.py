"""Capacity analysis: pure functions from DataFrames to DataFrames.

The service tells what is allocated, never what is used. *Allocated* counts every instance but those being deleted;
*running* counts ACTIVE, REBOOTING, POWERING_ON, POWERING_OFF and MIGRATING. Unknown values are counted in a column
`unknown` and never summed as zero.
"""

from toastnb.capacity.applications import single_zone
from toastnb.capacity.balance import zone_balance
from toastnb.capacity.changes import what_if
from toastnb.capacity.comparison import compare
from toastnb.capacity.costs import cost
from toastnb.capacity.disks import disk_sizing, largest_disks, volumes_per_instance
from toastnb.capacity.failure import zone_failure
from toastnb.capacity.forecasts import forecast, forecast_series
from toastnb.capacity.growth import growth, growth_series
from toastnb.capacity.headroom import headroom
from toastnb.capacity.limits import limits_of
from toastnb.capacity.mix import flavor_mix
from toastnb.capacity.options import disk_options
from toastnb.capacity.prices import price_template
from toastnb.capacity.reclaim import reclaimable
from toastnb.capacity.sums import totals

__all__ = [
    "compare",
    "cost",
    "disk_options",
    "disk_sizing",
    "flavor_mix",
    "forecast",
    "forecast_series",
    "growth",
    "growth_series",
    "headroom",
    "largest_disks",
    "limits_of",
    "price_template",
    "reclaimable",
    "single_zone",
    "totals",
    "volumes_per_instance",
    "what_if",
    "zone_balance",
    "zone_failure",
]


def __dir__() -> list[str]:
    return __all__  # what Tab shows
