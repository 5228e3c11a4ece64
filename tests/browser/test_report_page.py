"""The report as a reader sees it: laid out, complete, and asking for nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

import toastnb as tn
from toastnb import report

Opened = tuple[Page, list[str], list[str]]


@pytest.fixture(scope="module")
def report_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with tn.Sandbox(instances=250, instant=True) as sandbox, tn.connect(sandbox) as toast:
        account = toast.inventory()
    account.instances_detail.loc[0, "name"] = "<img src=x onerror=document.title='taken'>"
    account.instances_detail.loc[1, "zone"] = "한국 가용성 영역"
    account.instances_detail.loc[:1, "ram_mb"] = 2**24
    return report.write(account, tmp_path_factory.mktemp("report"))[0]


@pytest.fixture
def opened(page: Page, report_page: Path) -> Opened:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report_page.as_uri())
    return page, asked, complaints


def test_it_asks_for_nothing_and_complains_of_nothing(opened: Opened, report_page: Path) -> None:
    page, asked, complaints = opened
    assert [url for url in asked if not url.startswith("data:")] == [report_page.as_uri()]
    assert complaints == []
    assert page.title() == "Capacity report"


def test_every_plot_is_drawn_and_nothing_is_wider_than_the_page(opened: Opened) -> None:
    page, _, _ = opened
    measure = "image => [image.complete, image.naturalWidth, image.getBoundingClientRect().right]"
    sizes = page.evaluate(f"[...document.images].map({measure})")
    assert len(sizes) == 6
    assert all(complete and width > 300 and right <= 1100 for complete, width, right in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1100


def test_a_name_is_text_and_korean_has_a_font(opened: Opened) -> None:
    page, _, _ = opened
    assert page.get_by_text("<img src=x onerror").count() == 1
    assert page.title() != "taken"
    assert page.get_by_text("한국 가용성 영역").first.is_visible()


def test_it_prints_on_a4(opened: Opened, tmp_path: Path) -> None:
    page, _, _ = opened
    pdf = page.pdf(format="A4", path=tmp_path / "report.pdf")
    assert pdf.startswith(b"%PDF")
    assert 2 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type /Page/") <= 12
