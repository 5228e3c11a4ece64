"""The capacity report: one notebook, run on one inventory, as a self-contained HTML page and an Excel workbook."""

from toastnb.report.library import copy_notebooks
from toastnb.report.over_time import OverTime, over_time
from toastnb.report.summary import summary
from toastnb.report.tables import table
from toastnb.report.writer import write

__all__ = ["OverTime", "copy_notebooks", "over_time", "summary", "table", "write"]


def __dir__() -> list[str]:
    return __all__  # what Tab shows
