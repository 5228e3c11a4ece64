"""One table as csv, json, parquet, xlsx and text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import toastnb as tn
from toastnb.report import exports
from toastnb.report.workbook import write_workbook


@pytest.fixture
def table(toast: tn.Toast) -> pd.DataFrame:
    table = toast.instances_detail()
    table.loc[0, "name"] = "=1+1"
    table.loc[1, "name"] = '한글, "quoted"'
    table.loc[2, "vcpus"] = pd.NA
    return table


def test_parquet_is_the_same_frame_again(table: pd.DataFrame, tmp_path: Path) -> None:
    path = exports.export(table, tmp_path / "t.parquet", "parquet")
    again = pd.read_parquet(path)
    pd.testing.assert_frame_equal(again, table)
    assert again.attrs == table.attrs


def test_csv_reads_back_and_holds_no_formula(table: pd.DataFrame, tmp_path: Path) -> None:
    again = pd.read_csv(exports.export(table, tmp_path / "t.csv", "csv"))
    assert again.name[0] == "'=1+1"
    assert again.name[1] == '한글, "quoted"'
    assert pd.isna(again.vcpus[2])
    assert again.disk_gb.tolist() == table.disk_gb.tolist()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_of_a_csv_begins_a_formula(start: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({f"{start}head": pd.Series([f"{start}cell"], dtype="str")})
    text = exports.export(frame, tmp_path / "t.csv", "csv").read_bytes().decode()
    assert f"'{start}head" in text
    assert f"'{start}cell" in text


def test_json_is_a_list_of_objects(table: pd.DataFrame, tmp_path: Path) -> None:
    rows = json.loads(exports.export(table, tmp_path / "t.json", "json").read_text("utf-8"))
    assert len(rows) == len(table)
    assert rows[2]["vcpus"] is None
    assert rows[1]["name"] == '한글, "quoted"'
    assert pd.Timestamp(rows[3]["created_at"]) == table.created_at[3].floor("ms")


def test_text_has_every_row_and_no_control_characters(table: pd.DataFrame) -> None:
    table.loc[3, "name"] = "\x1b[31mred\u202e"
    text = exports.as_text(table)
    assert len(text.splitlines()) == len(table) + 1
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[31mred" in text


def test_an_unknown_format_is_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(tn.InvalidInput, match="'ods' is no format"):
        exports.export(table, tmp_path / "t.ods", "ods")


def test_more_rows_than_a_sheet_holds_are_refused_before_writing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": range(2**20)})
    with pytest.raises(tn.InvalidInput, match="1,048,576 rows, but a sheet holds 1,048,575"):
        write_workbook(tmp_path / "t.xlsx", {"Many": frame})
    assert list(tmp_path.glob("*.xlsx")) == []


def test_a_failed_write_leaves_the_older_file_and_nothing_beside_it(tmp_path: Path) -> None:
    """A full disk, made with a limit on the size of files, in a process of its own."""
    target = tmp_path / "t.csv"
    target.write_text("older")
    code = f"""
import resource, signal
import pandas as pd
from toastnb import InvalidInput
from toastnb.report import exports
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    exports.export(pd.DataFrame({{"n": range(10_000)}}), {str(target)!r}, "csv")
except InvalidInput as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "cannot be written" in said
    assert target.read_text() == "older"
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["t.csv"]
