"""The forms in JupyterLab: the main path, cells that run meanwhile, and what ends up in the saved notebook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

import toastnb as tn
from tests.browser.form_page import FormPage
from tests.browser.serving import environment, lab, write_notebook
from tests.support import eventually, raw_call

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
CELLS = (
    "import toastnb as tn\ntoast = tn.connect()",
    "console = tn.forms.console(toast)\nconsole",
    "tn.forms.login()",
    "print('instances by now:', len(toast.instances()))",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tn.Sandbox]:
    with tn.Sandbox(instances=40) as sandbox:
        yield sandbox


@pytest.fixture
def page(browser: Browser, sandbox: tn.Sandbox, tmp_path: Path) -> Iterator[FormPage]:
    """A notebook with a console and a login, all cells run."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write_notebook(folder / "forms.ipynb", *CELLS)
    with lab(folder, environment(tmp_path, sandbox)) as address:
        page = FormPage(browser, width=1300)
        page.page.goto(f"{address}/lab/tree/forms.ipynb")
        status = page.page.locator("#jp-main-statusbar")
        expect(status).to_contain_text("Python 3 (ipykernel) | Idle", timeout=60_000)
        menu(page, "Run", "Run All Cells")
        expect(page.text("API password")).to_be_visible()
        expect(output(page, 4)).to_contain_text("instances by now: 40")
        yield page
        page.close()


def menu(page: FormPage, name: str, item: str) -> None:
    page.page.get_by_role("menuitem", name=name, exact=True).click()
    page.page.get_by_role("menuitem").filter(has_text=re.compile(rf"^{item}(Ctrl.*)?$")).click()


def output(page: FormPage, cell: int) -> Locator:
    return page.page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(cell - 1).locator(".jp-OutputArea")


def run_cell(page: FormPage, cell: int) -> None:
    page.page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(cell - 1).locator(".jp-InputPrompt").click()
    page.page.keyboard.press("Control+Enter")


def has_widget_state(file: Path) -> bool:
    """Tell whether a notebook was saved with the state of its widgets, and to the end."""
    with suppress(json.JSONDecodeError):
        return WIDGET_STATE in json.loads(file.read_text())["metadata"].get("widgets", {})
    return False


def test_instances_are_made_while_cells_run_and_no_secret_is_saved(
    page: FormPage, sandbox: tn.Sandbox, tmp_path: Path
) -> None:
    for label, part in {
        "Image": "Debian 12",
        "Flavor": "m2.c2m4",
        "Network": "Default Network",
        "Availability zone": "kr-pub-a",
        "Keypair": "ops-shared",
    }.items():
        page.choose(label, part)
    page.text("Name").fill("from-lab")
    page.text("Count").fill("3")
    page.text("Count").press("Tab")
    page.button("Create 3 instances").dblclick()
    expect(page.said("BUILD")).to_be_visible()
    # The kernel is free meanwhile.
    run_cell(page, 4)
    expect(output(page, 4)).to_contain_text("instances by now: 43")
    expect(page.button("Under way …")).to_be_disabled()
    sandbox.advance(120)
    rows = page.page.get_by_role("row").filter(visible=True)
    expect(rows.filter(has_text="from-lab-3").first).to_have_text(re.compile(r"✓ ACTIVE\s*\d+ s"))
    expect(page.said("✓ Done")).to_be_visible()
    assert sandbox.calls["POST instances"] == 1

    page.open_tab("Keypairs")
    page.text("Name").fill("from-lab")
    page.text("Save private key to").fill(str(tmp_path))
    expect(page.said("readable by you only (0600)")).to_be_visible()
    page.button("Create a keypair").click()
    expect(page.said("from-lab.pem")).to_be_visible()
    expect(page.said("✓ Done")).to_be_visible()

    page.text("Appkey").fill(sandbox.appkey)
    page.text("Appkey").press("Tab")
    expect(page.text("Appkey")).to_have_value("")
    page.text("API password").fill(sandbox.password)
    page.text("API password").press("Tab")
    expect(page.text("API password")).to_have_value("")
    page.text("API password").press_sequentially("typed-and-not-sent")

    file = tmp_path / "notebooks" / "forms.ipynb"
    menu(page, "File", "Save Notebook")
    eventually(lambda: has_widget_state(file), seconds=30)
    saved = file.read_bytes()
    assert b"from-lab.pem" in saved
    key = (tmp_path / "from-lab.pem").read_text().splitlines()
    hidden = [line for line in key if len(line) > 30]
    for secret in (*hidden, sandbox.appkey, sandbox.password, *sandbox._service.tokens._issued):
        assert secret.encode() not in saved
        assert secret.encode() not in page.everything()
    assert b"typed-and-not-sent" not in saved

    # A cell that is run again opens a console of its own, and closes the one before.
    run_cell(page, 2)
    expect(page.text("Name")).to_have_value("")
    expect(page.page.locator(".toastnb-console")).to_have_count(1)
    assert page.complaints == []
    assert page.elsewhere == []
    assert len(raw_call(sandbox, "GET", "instances")["instances"]) == 43
