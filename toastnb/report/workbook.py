"""Excel workbooks: typed cells, frozen and filtered heads, times as times in UTC, and no formula from data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from toastnb.errors import InvalidInput
from toastnb.extras import needs
from toastnb.files import SHARED, replace_file
from toastnb.report.shapes import flat, kind_of
from toastnb.temporary import private_folder

MOST_ROWS = 2**20 - 1
_LONGEST_TEXT = 32_767
_LARGEST_EXACT = 10**15
_WIDEST, _NARROWEST = 50, 8
_ROWS_TO_MEASURE = 200
_TIMES = ("time", "day")


def write_workbook(path: str | os.PathLike[str], sheets: Mapping[str, pd.DataFrame]) -> Path:
    """Write frames as the sheets of a workbook.

    Parameters
    ----------
    path : path-like
        Where it goes; what is there is replaced.
    sheets : mapping of str to DataFrame
        A frame a sheet; an index that has names comes first.

    Returns
    -------
    Path
        Where it went.

    Raises
    ------
    InvalidInput
        When a frame has more rows than a sheet holds, or the file cannot be written.

    Examples
    --------
    >>> from toastnb.report.workbook import write_workbook
    >>> write_workbook("totals.xlsx", {"Totals": toast.availability_zones()}).name
    'totals.xlsx'
    """
    for name, frame in sheets.items():
        if len(frame) > MOST_ROWS:
            hint = "Write it as Parquet or CSV."
            raise InvalidInput(f"{name} has {len(frame):,} rows, but a sheet holds {MOST_ROWS:,}", hint=hint)
    return replace_file(path, lambda file: _write(file, sheets), mode=SHARED)


def _write(file: BinaryIO, sheets: Mapping[str, pd.DataFrame]) -> None:
    with needs("report"):
        import xlsxwriter
        from xlsxwriter.exceptions import FileCreateError
    # The rows go through files of the library's own, and stay there when it fails: in a folder that goes, none does.
    with private_folder("Writing a workbook") as private:
        # Text is only ever written as text: no option lets a value become a formula or a link.
        options = {"strings_to_formulas": False, "strings_to_urls": False}
        packed = BytesIO()  # the library complains on stderr, later, of a file that it could not write
        workbook = xlsxwriter.Workbook(packed, {"constant_memory": True, "tmpdir": private, **options})
        try:
            _fill(workbook, sheets)
        except FileCreateError as error:  # its name for an OSError
            raise OSError(*error.args[0].args) from None
        finally:
            for sheet in workbook.worksheets():
                with suppress(OSError):
                    sheet.row_data_fh.close()
    file.write(packed.getbuffer())


def _fill(workbook: Any, sheets: Mapping[str, pd.DataFrame]) -> None:
    with workbook:
        formats = {
            "head": workbook.add_format({"bold": True, "bg_color": "#DDE6EE", "bottom": 1, "text_wrap": True}),
            "integer": workbook.add_format({"num_format": "#,##0"}),
            "number": workbook.add_format({"num_format": "#,##0.0"}),
            "skew": workbook.add_format({"num_format": "0.00"}),
            "share": workbook.add_format({"num_format": "0.0%"}),
            "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "day": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for name, frame in sheets.items():
            _write_sheet(workbook.add_worksheet(name[:31]), flat(frame), formats)


def _write_sheet(sheet: Any, frame: pd.DataFrame, formats: Mapping[str, Any]) -> None:
    columns = [_cells(frame[name]) for name in frame.columns]
    kinds = [kind_of(frame[name], str(name)) for name in frame.columns]
    heads = [f"{name} (UTC)" if kind in _TIMES else str(name) for name, kind in zip(frame.columns, kinds, strict=True)]
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(frame), max(len(heads) - 1, 0))
    for number, (head, cells) in enumerate(zip(heads, columns, strict=True)):
        longest = max((len(str(cell)) for cell in cells[:_ROWS_TO_MEASURE]), default=0)
        sheet.set_column(number, number, min(max(longest, len(head) * 0.8, _NARROWEST), _WIDEST) + 2)
    for number, head in enumerate(heads):
        sheet.write_string(0, number, head, formats["head"])
    write = {"text": sheet.write_string, "flag": sheet.write_boolean} | dict.fromkeys(_TIMES, sheet.write_datetime)
    for row, values in enumerate(zip(*columns, strict=True), start=1):
        for number, cell in enumerate(values):
            if cell is not None:
                kind = "text" if isinstance(cell, str) else kinds[number]
                write.get(kind, sheet.write_number)(row, number, cell, formats.get(kind))


def _cells(column: pd.Series) -> list[Any]:
    """Return a column's values as Excel takes them: times without a zone, texts of a bearable length, None for none."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return [None if pd.isna(value) else value.to_pydatetime() for value in column]
    if kind_of(column, "") == "text":
        return [None if pd.isna(value) else _cut(str(value)) for value in column]
    return [None if pd.isna(value) else _exact(value) for value in column]


def _cut(text: str) -> str:
    """Cut a text to what a cell holds, which Excel counts in UTF-16: a character beyond the first plane is two."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * _LONGEST_TEXT].decode("utf-16-le", "ignore")


def _exact(value: Any) -> Any:
    """Return a number as Excel can hold it, and as text where it cannot: its numbers have 15 digits."""
    return str(value) if abs(value) > _LARGEST_EXACT else value
