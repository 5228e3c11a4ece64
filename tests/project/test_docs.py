"""What the documentation says is so: its code runs, its links resolve, and no public name is left out."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import toastnb as tn
from tests.project.doc_pages import PAGES, ROOT, blocks, fences, run
from toastnb import audit, capacity, columns, config, errors, forms, history, plots, report

LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
KINDS = {kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type)}


@pytest.fixture
def _own_folder(tmp_path, monkeypatch):
    """Work in a folder that is gone afterwards."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.usefixtures("_own_folder")
def test_the_code_of_a_page_runs_and_prints_what_the_page_says(page):
    names: dict[str, object] = {}
    checker = doctest.OutputChecker()
    try:
        with pd.option_context("display.width", 120, "display.max_columns", 20, "display.max_colwidth", 40):
            for block in blocks(page.read_text("utf-8")):
                printed = run(block, page.name, names)
                if block.printed is not None:
                    where = f"{page.name}, line {block.line}"
                    same = checker.check_output(block.printed, printed, LENIENT)
                    assert same, f"{where}: the page says\n{block.printed}\nbut it is\n{printed}"
    finally:
        plt.close("all")
        for value in names.values():
            if isinstance(value, tn.Toast | tn.Projects):
                value.close()
            elif isinstance(value, tn.Sandbox):
                value.stop()


def test_every_page_that_teaches_has_code_that_runs():
    taught = {"index", "getting-started", "connect", "reading", "acting", "errors", "reliability", "sandbox"}
    taught |= {"capacity", "disks", "planning", "reclaiming", "projects", "history", "changes"}
    taught |= {"growth", "audit", "forms"}
    with_code = {page.stem for page in PAGES if blocks(page.read_text("utf-8"))}
    assert taught <= with_code


def test_the_config_file_of_the_page_is_one_that_is_accepted():
    text = (ROOT / "docs" / "connect.md").read_text("utf-8")
    [example] = [fence.text for fence in fences(text) if fence.info == "toml"]
    config.config_path().parent.mkdir(parents=True)
    config.config_path().write_text(example, "utf-8")
    assert config.profile_names() == sorted(tomllib.loads(example)["profiles"])
    for name in config.profile_names():
        found = config.resolve(name, password=config.Secret("x"))
        assert found.name == name


def test_the_table_of_result_codes_is_the_mapping():
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    rows = re.findall(r"^\| `(-?\d+)` \|[^|]*\| (\w+) \| (\w+) \|$", text, re.MULTILINE)
    assert {int(code) for code, _, _ in rows} >= {*errors._GENERAL_KINDS, -1}
    assert {int(code) % 1000 for code, _, _ in rows if int(code) >= 10_000} >= errors._HTTP_LIKE_KINDS.keys()
    for code, read, write in rows:
        assert errors.kind_of(int(code), write=False) is KINDS[read]
        assert errors.kind_of(int(code), write=True) is KINDS[write]


def test_the_table_of_kinds_has_every_kind():
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    kinds = {name for name, kind in KINDS.items() if issubclass(kind, tn.ToastError)}
    assert kinds - listed == {"ToastError"}


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """Build the site, with warnings as errors; the notebooks have tests of their own."""
    out = tmp_path_factory.mktemp("site") / "html"
    options = ["-W", "-n", "-E", "-q", "--keep-going", "-D", "nb_execution_mode=off"]
    command = [sys.executable, "-m", "sphinx", *options, ROOT / "docs", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def documented(site: Path) -> set[str]:
    """Return the names of all Python objects in the site's inventory."""
    content = (site / "objects.inv").read_bytes()
    *_, packed = content.split(b"\n", 4)
    lines = zlib.decompress(packed).decode().splitlines()
    return {line.split()[0] for line in lines if line.split()[1].startswith("py:")}


def public(of: object) -> set[str]:
    return {name for name in dir(of) if not name.startswith("_")}


def test_the_reference_has_every_public_name(site):
    top = {f"toastnb.{name}" for name in public(tn)}
    methods = {
        f"toastnb.{kind.__name__}.{name}" for kind in (tn.Toast, tn.Projects, tn.Sandbox) for name in public(kind)
    }
    inventory = {f"toastnb.Inventory.{name}" for name in vars(tn.Inventory) if not name.startswith("_")}
    modules = {f"toastnb.capacity.{name}" for name in capacity.__all__}
    modules |= {f"toastnb.report.{name}" for name in report.__all__}
    modules |= {f"toastnb.plots.{name}" for name in plots.__all__}
    modules |= {f"toastnb.audit.{name}" for name in audit.__all__}
    modules |= {f"toastnb.forms.{name}" for name in forms.__all__}
    modules |= {f"toastnb.history.{name}" for name in history.__all__}
    assert len(top | methods | inventory | modules) > 60
    assert (top | methods | inventory | modules) - documented(site) == set()


def test_the_column_dictionary_has_every_column(site):
    page = (site / "columns.html").read_text("utf-8")
    for name, table in columns.TABLES.items():
        section = page.split(f'<section id="{name.replace("_", "-")}">')[1].split("</section>")[0]
        listed = re.findall(r'<tr[^>]*><td><p><code[^>]*><span class="pre">(\w+)</span>', section)
        assert listed == [column.name for column in table]


def test_the_site_asks_for_nothing_from_the_network(site):
    asked = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")
    imported = re.compile(r"""(?:@import\s+|url\()["']?((?:https?:)?//[^"')]+)""")
    found = {url for page in site.rglob("*.html") for url in asked.findall(page.read_text("utf-8"))}
    found |= {url for sheet in site.rglob("*.css") for url in imported.findall(sheet.read_text("utf-8"))}
    assert found == set()
