"""Excel workbooks and CSV: each text is a text there, and no spreadsheet computes one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import toastnb as tn
from tests.untrusted.names import TEXTS
from toastnb.report import exports
from toastnb.report.sheets import sheets
from toastnb.report.workbook import write_workbook

LONGEST_CELL = 32_767
SIGNS = tuple("=+-@＝＋－＠")
AT_RISK = st.text("=+-@＝'\"; ,\t\r\na1\u3000", max_size=8)


def column(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series(texts, dtype="str"), "number": range(len(texts))})


def escaped(text: str) -> str:
    """Write a text as Excel's format wants it: what XML has no characters for by number, as is what looks like it."""
    text = re.sub(r"_x[0-9a-fA-F]{4}_", lambda match: f"_x005F{match[0]}", text)
    return re.sub("[\x00-\x08\x0b-\x1f\ufffe\uffff]", lambda char: f"_x{ord(char[0]):04X}_", text)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def cells(content: str, separator: str) -> Iterator[str]:
    """Yield the cells that a spreadsheet makes of a CSV with its own separator."""
    for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator):
        yield from row


def is_formula(cell: str) -> bool:
    return cell.strip().startswith(SIGNS)


# --- Excel ---


def test_a_workbook_has_every_text_as_text(texts: list[str], tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", {"Texts": column(texts)})
    rows = openpyxl.load_workbook(path)["Texts"].iter_rows(min_row=2, max_col=1)
    for text, (cell,) in zip(texts, rows, strict=True):
        assert cell.data_type in ("s", "inlineStr") or not text
        assert cell.hyperlink is None
        shown = cell.value or ""
        assert escaped(text).startswith(shown) if units(text) > LONGEST_CELL else shown == escaped(text)
        assert units(shown) <= LONGEST_CELL or len(escaped(text)) > len(text)


def test_heads_are_texts_too(texts: list[str], tmp_path: Path) -> None:
    names = [*dict.fromkeys(texts), "zone", "zone"]
    path = write_workbook(tmp_path / "t.xlsx", {"Heads": pd.DataFrame([[1] * len(names)], columns=names)})
    heads = next(openpyxl.load_workbook(path)["Heads"].iter_rows(max_row=1))
    assert not [cell.value for cell in heads if cell.data_type == "f"]
    assert [cell.value for cell in heads[-2:]] == ["zone (2)", "zone (3)"]


def test_the_reports_workbook_computes_nothing(few_zones: tn.Inventory, tmp_path: Path) -> None:
    findings = tn.audit.run(few_zones)
    made = sheets(few_zones, {"vcpus": 100}, None, findings)
    book = openpyxl.load_workbook(write_workbook(tmp_path / "r.xlsx", made), read_only=True)
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert "f" not in kinds
    assert "s" in kinds or "inlineStr" in kinds


# --- CSV ---


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("to", ["file", "terminal"])
def test_no_cell_of_a_csv_is_a_formula(separator: str, to: str, texts: list[str], tmp_path: Path) -> None:
    """Whatever a spreadsheet takes for a separator, as Excel does by the country that it is set to."""
    frame = column(texts).assign(other=pd.Series(texts[::-1], dtype="str"))
    path = exports.export(frame, tmp_path / "t.csv", "csv")
    content = path.read_bytes().decode() if to == "file" else exports.as_csv(frame)
    assert not [cell for cell in cells(content, separator) if is_formula(cell)]


def test_a_csv_gives_every_text_back(texts: list[str], tmp_path: Path) -> None:
    rows = read(exports.export(column(texts), tmp_path / "t.csv", "csv"))
    assert [unguarded(row[0]) for row in rows[1:]] == texts
    assert [row[1] for row in rows[1:]] == [str(number) for number in range(len(texts))]


def test_pandas_reads_a_csv_back(texts: list[str], tmp_path: Path) -> None:
    texts = [text for text in texts if "\0" not in text]  # where its reader ended a cell until 3.1
    path = exports.export(column(texts), tmp_path / "t.csv", "csv")
    again = pd.read_csv(path, keep_default_na=False, dtype={"text": "str"})
    assert [unguarded(text) for text in again["text"]] == texts


@given(st.lists(AT_RISK, min_size=1, max_size=3))
@example(["\r=1"])
@example(["a;'=1"])
@example(["'\t"])
def test_guarding_can_be_undone_and_leaves_no_formula(tmp_path_factory: pytest.TempPathFactory, texts) -> None:
    path = exports.export(column(texts), tmp_path_factory.mktemp("csv") / "t.csv", "csv")
    assert [unguarded(row[0]) for row in read(path)[1:]] == texts
    for separator in ",;\t":
        assert not [cell for cell in cells(path.read_bytes().decode(), separator) if is_formula(cell)]


@pytest.mark.parametrize("text", [TEXTS["formula: sum"], TEXTS["formula: return"], TEXTS["formula: own cell by tab"]])
def test_heads_of_a_csv_are_no_formulas(text: str, tmp_path: Path) -> None:
    head = read(exports.export(pd.DataFrame({text: [1]}), tmp_path / "t.csv", "csv"))[0][0]
    assert not is_formula(head)
    assert unguarded(head) == text


def unguarded(cell: str) -> str:
    """Take the apostrophes off that the docs say were added."""
    sign = r"(?=[\s']*[=+\-@＝＋－＠])"
    return re.sub(rf"\A'(?='*[\t\r\n])|\A'{sign}|(?<=[;\t\r\n])'{sign}", "", cell)
