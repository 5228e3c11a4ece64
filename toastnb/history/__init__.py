"""Inventories over time: kept in a store of plain Parquet, read back, compared and counted."""

from toastnb.history.compaction import compact
from toastnb.history.differences import diff, not_compared
from toastnb.history.recording import record
from toastnb.history.store import History, open_store
from toastnb.history.waterfalls import waterfall

__all__ = ["History", "compact", "diff", "not_compared", "open_store", "record", "waterfall"]


def __dir__() -> list[str]:
    return __all__  # what Tab shows
