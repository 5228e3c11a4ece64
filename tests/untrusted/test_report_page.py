"""The report in a real Chromium: a name is text there, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

import toastnb as tn
from tests.untrusted.names import HARMFUL, SCRIPTS
from tests.untrusted.test_pages import words

PROJECT = SCRIPTS["image, quoted once"]


@pytest.fixture(scope="session")
def report(short: tn.Inventory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    limits = folder / "limits.csv"
    limits.write_text("vcpus\n200\n")
    return tn.report.write(short, folder, limits=limits, project=PROJECT)[0]


@pytest.fixture
def opened(page: Page, report: Path) -> Page:
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog says {dialog.message}"))
    page.goto(report.as_uri())
    return page


def test_no_script_of_a_name_runs_in_the_report(opened: Page, short: tn.Inventory) -> None:
    assert opened.evaluate("window.taken") is None
    assert opened.title() == f"{PROJECT} · Capacity report · {short.fetched_at[:10]}"
    assert opened.locator("h1").all_text_contents() == [f"Capacity report: {PROJECT}, {short.fetched_at[:10]}"]
    assert opened.evaluate("document.querySelectorAll('#taken, script, iframe, svg, b, a, textarea').length") == 0
    attributes = opened.evaluate("[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())")
    assert not [name for name in attributes if name.startswith("on")]


def test_the_report_shows_names_as_they_are(opened: Page, short: tn.Inventory) -> None:
    cells = set(opened.evaluate("[...document.querySelectorAll('td')].map(cell => cell.textContent)"))
    shown = {words(cell) for cell in cells}
    assert {words(name) for name in short.instances_detail["name"]} <= shown
    assert not HARMFUL.search("".join(cells).replace("\t", ""))


def test_the_report_is_no_wider_than_its_page_and_has_no_warning(opened: Page) -> None:
    assert opened.evaluate("Math.max(...[...document.querySelectorAll('h1, p, li')].map(e => e.scrollWidth))") < 1100
    assert opened.get_by_text("Warning").count() == 0
    assert opened.get_by_text("Traceback").count() == 0
