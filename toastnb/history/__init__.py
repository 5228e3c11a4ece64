"""Inventories over time: kept in a store of plain Parquet, read back, compared and counted."""

from toastnb.history.compaction import compact
from toastnb.history.recording import record
from toastnb.history.store import History, open_store

__all__ = ["History", "compact", "open_store", "record"]
