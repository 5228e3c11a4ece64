"""The report of an account: the page, the workbook, and what must not be in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook

import toastnb as tn
from tests.support import eventually
from toastnb import report
from toastnb.report.pdf import print_page
from toastnb.report.sheets import sheets

FORMULA = '=HYPERLINK("http://x","y")'
SCRIPT = "<script>alert(1)</script>"
PROJECT = '쇼핑몰 & "<b>co</b>" $a$'


@pytest.fixture(scope="module")
def account() -> tn.Inventory:
    with tn.Sandbox(instances=60, instant=True) as sandbox, tn.connect(sandbox) as toast:
        account = toast.inventory()
    names = [FORMULA, SCRIPT, "$a$ **b** _c_", "+1", "@x", "-2", "한글 이름", "a\x00\x1b[31mb", "x" * 10_000]
    account.instances_detail.loc[: len(names) - 1, "name"] = names
    account.instances_detail.loc[: len(names) - 1, "ram_mb"] = 2**30  # they are the largest, so all are in the report
    account.instances_detail.loc[0, "zone"] = SCRIPT
    account.instances_detail.loc[1, "vcpus"] = pd.NA
    account.source = f"`{SCRIPT}\n\n<form action=//x><a href=//x>x</a></form>"
    return account


@pytest.fixture(scope="module")
def written(account: tn.Inventory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "made" / "by it"
    paths = report.write(account, folder, project=PROJECT)
    assert [path.name for path in paths] == ["capacity-report.html", "capacity-report.xlsx"]
    assert all(path.parent == folder for path in paths)
    return folder


@pytest.fixture(scope="module")
def page(written: Path) -> str:
    return (written / "capacity-report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def workbook(written: Path) -> Iterator[object]:
    book = load_workbook(written / "capacity-report.xlsx")
    yield book
    book.close()


def test_the_page_has_the_totals_and_every_plot(page: str, account: tn.Inventory) -> None:
    text = re.sub(r"<[^>]+>", " ", page)
    assert f"{len(account.instances_detail):,} instances in" in text
    fetched = f"{pd.Timestamp(account.fetched_at):%Y-%m-%d %H:%M} UTC"
    assert fetched in text
    assert "Total" in text
    soup = BeautifulSoup(page, "html.parser")
    pictures = {picture["alt"] for picture in soup.find_all("img")}
    assert pictures >= {f"Plot: {part}" for part in ("By zone", "Balance of zones", "Flavors", "Disks", "Audit")}
    notes = [note.get_text() for note in soup.select("td.gt_sourcenote")]
    assert sum(f"Data fetched at {fetched}." in note for note in notes) == len(soup.select("table.gt_table")) - 1


def test_page_and_workbook_are_headed_with_the_project_and_the_day(page: str, workbook, account: tn.Inventory) -> None:
    soup = BeautifulSoup(page, "html.parser")
    day = account.fetched_at[:10]
    assert soup.title.get_text() == f"{PROJECT} · Capacity report · {day}"
    assert [heading.get_text() for heading in soup.find_all("h1")] == [f"Capacity report: {PROJECT}, {day}"]
    assert dict(workbook["About"].values)["project"] == PROJECT


def test_the_page_asks_for_nothing_else(page: str) -> None:
    soup = BeautifulSoup(page, "html.parser")
    addresses = [tag.get("src") or tag.get("href") for tag in soup.find_all(src=True) + soup.find_all(href=True)]
    assert addresses
    assert [address for address in addresses if not address.startswith("data:")] == []
    assert re.findall(r"url\(|@import", page) == []
    assert soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"].startswith("default-src 'none'")


def test_code_is_hidden(page: str) -> None:
    assert "import toastnb" not in page
    assert "tn.plots" not in page


def test_names_are_text_in_the_page(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "한글 이름" in page


def test_no_path_of_this_machine_is_in_the_page(page: str) -> None:
    assert "/tmp" not in page
    assert "inventory.zip" not in page


def test_the_workbook_has_typed_columns_filters_and_frozen_heads(workbook, account: tn.Inventory) -> None:
    sheet = workbook["Instances"]
    heads = [cell.value for cell in sheet[1]]
    assert heads[:3] == ["instance_id", "name", "status"]
    assert "created_at (UTC)" in heads
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref is not None
    assert sheet.max_row == len(account.instances_detail) + 1
    row = dict(zip(heads, sheet[12], strict=True))
    original = account.instances_detail.iloc[10]
    assert row["vcpus"].value == original.vcpus
    assert row["created_at (UTC)"].value == original.created_at.tz_localize(None).floor("ms")
    assert "h" in row["created_at (UTC)"].number_format


def test_missing_values_are_empty_cells(workbook) -> None:
    sheet = workbook["Instances"]
    heads = [cell.value for cell in sheet[1]]
    assert sheet[3][heads.index("vcpus")].value is None


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(workbook) -> None:
    for sheet in workbook:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)
    assert FORMULA in [cell.value for cell in workbook["Instances"]["B"]]


def test_totals_are_the_same_in_page_workbook_and_frame(workbook, page: str, account: tn.Inventory) -> None:
    table = tn.capacity.totals(account.instances_detail)
    last = [cell.value for cell in workbook["Totals by zone"][len(table) + 1]]
    assert last[:3] == ["Total", int(table.instances["Total"]), int(table.vcpus["Total"])]
    assert f"{table.disk_gb['Total']:,}" in page


def test_an_account_without_instances_and_without_siblings_still_has_a_report(tmp_path: Path) -> None:
    with tn.Sandbox(instances=0, instant=True) as sandbox, tn.connect(sandbox) as toast:
        for call in ("images*", "networks", "subnets", "security-groups", "floating-ips", "volumes"):
            sandbox.fault(f"GET {call}", "code", times=None, code=-7, message="Not supported")
        account = toast.inventory()
    assert set(account.absent) >= {"images", "volumes", "volume_attachments", "security_group_rules"}
    page = report.write(account, tmp_path)[0].read_text("utf-8")
    assert "0 instances in 0 zones have allocated 0 vCPUs" in page
    assert "This account is not served" in page
    assert "volume_attachments" in page


@pytest.fixture(scope="module")
def unprinted(account: tn.Inventory, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of a report on the account as it was saved, and what was said as its browser failed."""
    folder = tmp_path_factory.mktemp("unprinted")
    browser = folder / "browser"
    browser.write_text("#!/bin/sh\necho no display >&2; exit 3\n")
    browser.chmod(0o755)
    saved = account.save(folder / "account.zip")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMIUM", str(browser))
        with pytest.raises(tn.ToastError) as caught:
            report.write(saved, folder / "again", project=PROJECT, pdf=True)
    return folder / "again", str(caught.value)


def test_a_saved_inventory_gives_the_same_report(written: Path, unprinted: tuple[Path, str]) -> None:
    first = load_workbook(written / "capacity-report.xlsx")
    second = load_workbook(unprinted[0] / "capacity-report.xlsx")
    assert first.sheetnames == second.sheetnames
    for sheet in first:
        assert list(sheet.values) == list(second[sheet.title].values)


def test_a_folder_that_cannot_be_made_is_named(account: tn.Inventory, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(tn.InvalidInput, match="is no folder that can be written"):
        report.write(account, tmp_path / "file")


def test_notebooks_are_copied_and_never_overwritten(tmp_path: Path) -> None:
    copied = report.copy_notebooks(tmp_path / "mine")
    assert [path.name for path in copied] == [
        "01-inventory.ipynb",
        "02-capacity-report.ipynb",
        "03-disk-sizing.ipynb",
        "04-audit.ipynb",
        "05-console.ipynb",
        "06-history.ipynb",
    ]
    copied[0].write_text("changed")
    with pytest.raises(tn.InvalidInput, match=r"01-inventory\.ipynb"):
        report.copy_notebooks(tmp_path / "mine")
    assert copied[0].read_text() == "changed"


def test_a_link_is_not_followed_when_notebooks_are_copied(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "01-inventory.ipynb").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(tn.InvalidInput, match=r"01-inventory\.ipynb .* would be overwritten"):
        report.copy_notebooks(tmp_path / "mine")
    assert not (tmp_path / "elsewhere").exists()


PRICED = "item,name,price,per\nflavor,m2.c2m4,0.1,hour\ndisk,root,0.2,GB month\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return the files that a report can be given."""
    contents = {
        "limits": "zone,vcpus\nkr-pub-b,40\n*,500\n",
        "prices": PRICED,
        "rules": '[metadata]\nrequired = ["cost-center"]\n',
        "waivers": (
            "check,resource,reason,expires\nrequired-metadata-missing,web-*,known,2999-12-31\n"
            "weak-ssh-key,*,was,2020-01-01\nweak-ssh-key,no-such-*,slip,2999-01-01\n"
        ),
    }
    suffixes = {"rules": "toml"}
    paths = {name: tmp_path / f"{name}.{suffixes.get(name, 'csv')}" for name in contents}
    for name, path in paths.items():
        path.write_text(contents[name])
    return paths


def plain_account() -> tn.Inventory:
    with tn.Sandbox(instances=60, instant=True) as sandbox, tn.connect(sandbox) as toast:
        return toast.inventory()


def test_limits_prices_rules_and_waivers_are_in_page_and_workbook(files: dict[str, Path], tmp_path: Path) -> None:
    account = plain_account()
    paths = report.write(account, tmp_path / "out", **files)
    text = BeautifulSoup(paths[0].read_text("utf-8"), "html.parser").get_text(" ")
    left = tn.capacity.headroom(account.instances_detail, files["limits"]).loc[("kr-pub-b", "vcpus"), "remaining"]
    assert "How many more of each flavor fit" in text
    assert f"{-left:,.0f} too many" in text
    assert "A month, in the currency of the prices" in text
    assert "No limits were given" not in text
    assert "cost-center" in text
    assert re.search(r"Waivers that do nothing: 1 (expired|unused), 1 (expired|unused)", text)
    assert "no-such-*" in text
    book = load_workbook(paths[1])
    sheets = {"Headroom", "What fits", "Cost by zone", "Cost by family", "Findings waived", "Checks", "Waivers"}
    assert sheets <= set(book.sheetnames)
    waived = [row[0] for row in book["Findings waived"].values][1:]
    assert set(waived) == {"required-metadata-missing"}
    assert len(waived) == account.instances_detail.name.str.startswith("web-").sum()


def test_without_limits_and_prices_the_page_says_how_to_give_them(page: str, workbook) -> None:
    assert "toastnb report --limits limits.csv" in page
    assert "toastnb report --prices prices.csv" in page
    assert not {"Headroom", "Cost by zone"} & set(workbook.sheetnames)


def test_without_a_history_there_is_no_section_of_it(page: str, workbook) -> None:
    headings = {heading.get_text(strip=True) for heading in BeautifulSoup(page, "html.parser").select("h1, h2, h3")}
    assert "Disks" in {heading.rstrip("¶") for heading in headings}
    assert not [name for name in headings if name.startswith(("Since last time", "Growth", "Time remaining"))]
    assert not {"Changes", "Growth", "Time remaining", "Allocated since last time"} & set(workbook.sheetnames)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("limits", "zone,vcpus\nnowhere,5\n", "not known: nowhere"),
        ("prices", "item,name,price,per\nflavor,m2.c2m4,-1,hour\n", "price"),
        ("rules", "[metadatas]\n", "metadatas"),
        ("waivers", "check,resource,reason,expires\nno-such-check,*,x,2999-01-01\n", "no-such-check"),
    ],
)
def test_a_file_that_is_not_right_is_named_before_anything_is_written(
    name: str, content: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{name}.{'toml' if name == 'rules' else 'csv'}"
    path.write_text(content)
    with pytest.raises(tn.InvalidInput, match=said):
        report.write(plain_account(), tmp_path / "out", **{name: path})
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("chromium")
def test_a_page_becomes_a_pdf(tmp_path: Path) -> None:
    paths = report.write(plain_account(), tmp_path, pdf=True)
    assert [path.name for path in paths][2] == "capacity-report.pdf"
    assert paths[2].read_bytes().startswith(b"%PDF")
    assert list(tmp_path.glob(".*")) == []


def test_without_a_chromium_the_error_says_so_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "no-such-browser"))
    with pytest.raises(tn.InvalidInput, match=r"Writing a PDF: CHROMIUM is .*no-such-browser"):
        report.write(plain_account(), tmp_path / "out", pdf=True)
    assert not (tmp_path / "out").exists()


def test_a_browser_that_fails_is_told_and_the_page_is_there(
    unprinted: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, said = unprinted
    assert "ended with 3 (no display)" in said
    assert sorted(path.name for path in folder.iterdir()) == ["capacity-report.html", "capacity-report.xlsx"]
    browser = tmp_path / "browser"
    monkeypatch.setenv("CHROMIUM", str(browser))
    browser.write_text("#!/bin/sh\nexit 0\n")
    browser.chmod(0o755)
    with pytest.raises(tn.ToastError, match="no PDF"):
        print_page(folder / "capacity-report.html", tmp_path / "capacity-report.pdf")


def test_an_account_in_one_zone_has_a_report(tmp_path: Path) -> None:
    account = plain_account()
    account.instances_detail = account.instances_detail.assign(zone="kr-pub-a")
    account.instances_detail.attrs["fetched_at"] = account.fetched_at
    zones = account.availability_zones
    account.availability_zones = zones[zones.zone == "kr-pub-a"]
    text = report.write(account, tmp_path)[0].read_text("utf-8")
    assert "if that zone is lost, nothing survives" in text


def test_a_browser_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, child = tmp_path / "browser", tmp_path / "child"
    browser.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {child}\nwait\n")
    browser.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(browser))
    monkeypatch.setattr("toastnb.report.pdf.SECONDS", 1.0)
    page = tmp_path / "page.html"
    page.write_text("x")
    with pytest.raises(tn.ToastError, match=r"Chromium took more than 1\.0 s"):
        print_page(page, tmp_path / "page.pdf")
    number = int(child.read_text())
    eventually(lambda: not Path(f"/proc/{number}").exists() or "Z" in Path(f"/proc/{number}/stat").read_text())


def test_nothing_in_the_page_leads_or_sends_anywhere(page: str) -> None:
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find_all("form") == []
    assert soup.find_all("a") == []
    assert "form-action 'none'" in soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]


def test_a_table_that_a_sheet_cannot_hold_is_cut_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    account = plain_account()
    monkeypatch.setattr("toastnb.report.sheets.MOST_ROWS", 50)
    made = sheets(account, None, None, tn.audit.run(account))
    assert len(made["Instances"]) == 50
    about = made["About"].set_index("what").value
    assert about["cut: Instances"] == "the first 50 of 60 rows"
    assert "cut: Flavors" not in about
