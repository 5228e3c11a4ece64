"""The report as a reader sees it: laid out, complete, and asking for nothing from elsewhere."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
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
    return report.write(account, tmp_path_factory.mktemp("report"), project="쇼핑몰")[0]


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
    assert re.fullmatch(r"쇼핑몰 · Capacity report · 20\d\d-\d\d-\d\d", page.title())


def test_every_plot_is_drawn_and_nothing_is_wider_than_the_page(opened: Opened) -> None:
    page, _, _ = opened
    measure = "image => [image.complete, image.naturalWidth, image.getBoundingClientRect().right]"
    sizes = page.evaluate(f"[...document.images].map({measure})")
    assert len(sizes) >= 12
    assert all(complete and width > 300 and right <= 1100 for complete, width, right in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1100


def test_a_name_is_text_and_korean_has_a_font(opened: Opened) -> None:
    page, _, _ = opened
    assert page.get_by_text("<img src=x onerror").count() >= 1
    assert page.title() != "taken"
    assert page.get_by_text("한국 가용성 영역").first.is_visible()


def test_it_prints_on_a4(opened: Opened, tmp_path: Path) -> None:
    page, _, _ = opened
    pdf = page.pdf(format="A4", path=tmp_path / "report.pdf")
    assert pdf.startswith(b"%PDF")
    assert 8 <= len(re.findall(rb"/Type /Page[\n /]", pdf)) <= 16


def test_nothing_is_cut_off_on_paper(page: Page, report_page: Path) -> None:
    page.set_viewport_size({"width": 703, "height": 1000})  # A4 within its margins
    page.emulate_media(media="print")
    page.goto(report_page.as_uri())
    measure = "table => [table.getBoundingClientRect().right, table.rows[0].textContent]"
    wide = [
        head for right, head in page.evaluate(f"[...document.querySelectorAll('table')].map({measure})") if right > 704
    ]
    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_colour_schemes(scheme: str, page: Page, report_page: Path) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(report_page.as_uri())
    background = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (background < 0.1) == (scheme == "dark")
    seen = "[...document.querySelectorAll('p, li, h2, td, th')].map(e => getComputedStyle(e))"
    colours = set(page.evaluate(f"{seen}.map(style => style.color)"))
    behind = set(page.evaluate(f"{seen}.map(style => style.backgroundColor)"))
    assert behind == {"rgba(0, 0, 0, 0)"}
    for colour in colours:
        lighter, darker = sorted([luminance(colour), background], reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 7, colour


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plots_are_as_light_as_the_page(scheme: str, page: Page, report_page: Path) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(report_page.as_uri())
    picture = Image.open(BytesIO(page.locator("img").first.screenshot())).convert("RGB")
    (count, most), *_ = sorted(picture.getcolors(2**24), reverse=True)
    assert count > picture.width * picture.height / 4
    assert (max(most) < 60) if scheme == "dark" else (min(most) > 250)


def luminance(colour: str) -> float:
    """Return the relative luminance of an "rgb(...)", as WCAG defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
