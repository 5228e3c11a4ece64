"""Capacity analysis: pure functions from DataFrames to DataFrames.

The service tells what is allocated, never what is used. *Allocated* counts every instance but those being deleted;
*running* counts ACTIVE, REBOOTING, POWERING_ON, POWERING_OFF and MIGRATING. Unknown values are counted in a column
`unknown` and never summed as zero.
"""

from toastnb.capacity.balance import zone_balance
from toastnb.capacity.disks import disk_sizing
from toastnb.capacity.sums import totals

__all__ = ["disk_sizing", "totals", "zone_balance"]


def __dir__() -> list[str]:
    return __all__  # what Tab shows
