"""How long it takes until a form on an account of many instances is there and can be used, in a real browser.

Run as ``python -m benchmarks.forms [INSTANCES]``: 10,000 by default. Of the seconds until the form is usable, those of
the call itself are told apart: it reads the account. What one would write otherwise is beside it: a drop-down of
all instances.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, expect, sync_playwright

import toastnb as tn
from tests.browser.serving import environment, voila, write_notebook
from tests.support import CHROMIUM_OPTIONS
from toastnb.report.pdf import find_chromium

ROUNDS = 5
LIMIT_SECONDS = 2.0
_PAGE = """
import time
import ipywidgets as widgets
import toastnb as tn

toast = tn.connect()
place, seconds = widgets.VBox(), widgets.Label()


def shown(make):
    start = time.perf_counter()
    place.children = (make(),)
    seconds.value = f"{time.perf_counter() - start:.3f}"


def by_hand():
    vms = toast.instances_detail()
    rows = vms[["name", "status", "zone", "flavor_name", "ip_address"]].fillna("").agg(" · ".join, axis=1)
    return widgets.Dropdown(description="By hand", options=list(zip(rows, vms.instance_id)))


ways = {"console": lambda: tn.forms.console(toast), "actions": lambda: tn.forms.actions(toast), "by hand": by_hand}
buttons = [widgets.Button(description=name) for name in ways]
for button in buttons:
    button.on_click(lambda button: shown(ways[button.description]))
widgets.VBox([widgets.HBox(buttons), seconds, place])
"""
_USABLE = {
    "console": ("textbox", "Name"),
    "actions": ("listbox", "Instances"),
    "by hand": ("combobox", "By hand"),
}


def measure(instances: int) -> None:
    """Print a line a way: seconds of the call, and from the click until it is usable, medians of rounds in turn."""
    chromium = find_chromium()
    with TemporaryDirectory() as folder, tn.Sandbox(instances=instances) as sandbox:
        notebooks = Path(folder) / "notebooks"
        notebooks.mkdir()
        write_notebook(notebooks / "forms.ipynb", _PAGE)
        with voila(notebooks, environment(Path(folder), sandbox)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
            page = browser.new_page()
            page.goto(f"{address}/forms.ipynb")
            taken = {name: [_taken(page, name) for _ in range(ROUNDS + 1)][1:] for name in _USABLE}
            searched = _searched(page)
            browser.close()
    print(f"\nforms on {instances:,} instances, median of {ROUNDS}; usable within {LIMIT_SECONDS:.1f} s is asked for")
    print(f"{'form':<10} {'call':>6} {'usable':>7} {'limit':>6}")
    for name, rounds in taken.items():
        call, usable = (statistics.median(values) for values in zip(*rounds, strict=True))
        print(f"{name:<10} {call:>6.2f} {usable:>7.2f} {_judged(usable) if name != 'by hand' else '':>6}")
    print(f"a search typed into the form of actions is answered after {searched:.2f} s ({_judged(searched)})")


def _judged(seconds: float) -> str:
    """Return whether that is within what is asked for."""
    return "kept" if seconds <= LIMIT_SECONDS else "MISSED"


def _taken(page: Page, name: str) -> tuple[float, float]:
    """Return the seconds of the call, and from the click until its control is on the page."""
    role, label = _USABLE[name]
    page.get_by_role("button", name="by hand" if name != "by hand" else "actions", exact=True).click()
    expect(page.get_by_role(role, name=label, exact=True)).to_have_count(0, timeout=60_000)
    start = time.perf_counter()
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role(role, name=label, exact=True).wait_for()
    usable = time.perf_counter() - start
    call = float(page.locator(".widget-label", has_text=".").first.inner_text())
    return call, usable


def _searched(page: Page) -> float:
    page.get_by_role("button", name="actions", exact=True).click()
    search = page.get_by_role("textbox", name="Search", exact=True)
    search.wait_for()
    start = time.perf_counter()
    search.fill("no such instance")
    page.get_by_text("0 shown of 0 that match").wait_for()
    return time.perf_counter() - start


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
