"""The pictures of `docs/forms.md`: forms on a sandbox, filled in and sent by a real Chromium.

Run from the root of a checkout as ``python -m docs.screenshots``. The fleet is seeded; ids and times differ.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import expect, sync_playwright

import toastnb as tn
from tests.browser.form_page import FormPage
from tests.browser.serving import environment, voila, write_notebook
from tests.support import CHROMIUM_OPTIONS
from toastnb.report.pdf import find_chromium

TARGET = Path(__file__).parent / "_static"
WIDTH = 860
PAGES = {
    "console": "tn.forms.console(tn.connect(), lang='en')",
    "korean": "tn.forms.console(tn.connect(), lang='ko')",
    "login": "tn.forms.login(lang='en')",
}


def main() -> None:
    """Take all pictures."""
    chromium = find_chromium()
    with TemporaryDirectory() as folder, tn.Sandbox(start="2026-11-01T09:00:00Z") as sandbox:
        home = Path(folder)
        notebooks = home / "notebooks"
        notebooks.mkdir()
        for name, cell in PAGES.items():
            write_notebook(notebooks / f"{name}.ipynb", "import toastnb as tn", cell)
        with voila(notebooks, environment(home, sandbox)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
            for name in PAGES:
                page = FormPage(browser, WIDTH)
                page.page.goto(f"{address}/{name}.ipynb")
                globals()[name](page, sandbox)
            browser.close()


def console(page: FormPage, sandbox: tn.Sandbox) -> None:
    """Make instances; then choose some, with an action that does not fit them."""
    page.text("Name").fill("web")
    for label, part in {
        "Image": "Debian 12",
        "Flavor": "m2.c2m4",
        "Network": "Default Network",
        "Availability zone": "kr-pub-b",
        "Keypair": "ops-shared",
    }.items():
        page.choose(label, part)
    page.text("Count").fill("3")
    page.text("Count").press("Tab")
    expect(page.said("web-3")).to_be_visible()
    page.button("▸ The same as Python code").click()
    expect(page.said("toast.create_instance(")).to_be_visible()
    page.button("Create 3 instances").click()
    expect(page.said("BUILD")).to_be_visible()
    take(page, "create")
    sandbox.advance(120)
    expect(page.said("✓ Done")).to_be_visible()

    page.open_tab("Actions")
    page.text("Search").fill("web-dev")
    page.choose("Filter by state", "ACTIVE")
    expect(page.said("17 that match, of 253")).to_be_visible()
    page.mark("Instances", ["web-dev-01", "web-dev-02", "web-dev-03"])
    expect(page.said("3 chosen")).to_be_visible()
    expect(page.choice("Action").locator("option", has_text="needs STOP").first).to_be_attached()
    page.choose("Action", "Start")
    expect(page.said("Start cannot be chosen")).to_be_visible()
    take(page, "actions")
    page.choose("Action", "Stop")
    page.text("Confirm").fill("3")
    sandbox.fault("POST instances/*/action", "code", code=24409, message="Conflict: it is being migrated")
    page.button("Stop: 3 instances").click()
    expect(page.said("POWERING_OFF")).to_be_visible()
    sandbox.advance(60)
    expect(page.said("Not carried out to the end: 1 of 3")).to_be_visible()
    take(page, "outcome")


def korean(page: FormPage, sandbox: tn.Sandbox) -> None:
    """Show the forms in Korean."""
    page.text("이름").fill("web_1")
    expect(page.said("⚠")).to_be_visible()
    take(page, "korean")


def login(page: FormPage, sandbox: tn.Sandbox) -> None:
    """Give the appkey."""
    page.text("Appkey").fill("an-appkey")
    page.text("Appkey").press("Tab")
    expect(page.text("Appkey")).to_have_value("")
    take(page, "login")


def take(page: FormPage, name: str) -> None:
    """Take a picture of the forms, as high as they are."""
    forms = page.page.locator(".toastnb-console, .toastnb-form").first
    forms.screenshot(path=TARGET / f"forms-{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
