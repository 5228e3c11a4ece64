"""HTML pages: a name is text there, and nothing else."""

from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser

import pandas as pd
import pytest

import toastnb as tn
from tests.untrusted.names import HARMFUL
from toastnb.plain import cut, line, seen
from toastnb.report import pages, tables

OURS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "code", "strong", "div", "table", "ul"),
    *("thead", "tbody", "tfoot", "tr", "th", "td", "li", "img", "span", "pre", "main", "a", "em"),
}
HARMLESS = re.compile(
    r"(id|class|style|rowspan|colspan|scope|headers|src|alt|lang|charset|name|content|http-equiv|(data|aria)-.*)"
)


class Elements(HTMLParser):
    """The tags of a page, their attributes, and the text of its cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data

    def texts(self) -> list[str]:
        return [cell.strip() for cell in self.cells]


def words(text: str) -> str:
    """Return a text as a page shows it: what hides is marked, blanks are one."""
    return " ".join(seen(text).split())


def test_tables_have_each_text_as_text(texts: list[str]) -> None:
    names = list(dict.fromkeys(texts))
    frame = pd.DataFrame({"name": pd.Series(texts, dtype="str"), "vcpus": range(len(texts))})
    heads = pd.DataFrame([[1] * len(names)], columns=names, index=pd.Index([names[0]], name=names[1]))
    for shown, title in ((frame, names[0]), (heads, names[1])):
        elements = Elements(tables.table(shown, title=title).as_raw_html())
        assert elements.tags <= OURS
        assert [name for name in elements.attributes if not HARMLESS.fullmatch(name)] == []
    cells = {words(cell) for cell in Elements(tables.table(frame).as_raw_html()).cells}
    assert {words(text) for text in texts if text} <= cells


def test_an_audits_page_has_no_element_of_a_name_and_hides_nothing(few_zones: tn.Inventory) -> None:
    page = pages.audit_page(tn.audit.run(few_zones, checks=["image-inactive"]))
    elements = Elements(page)
    assert elements.tags <= OURS
    assert [name for name in elements.attributes if not HARMLESS.fullmatch(name)] == []
    assert not HARMFUL.search(page.replace("\t", ""))


def test_the_report_is_headed_with_a_projects_name_as_text(texts: list[str]) -> None:
    for text in texts:
        page = pages.headed("", text, "2026-11-29T05:00:00Z")
        elements = Elements(page)
        assert elements.tags <= OURS
        assert not HARMFUL.search(page)
        shown = cut(line(text), 60)
        [heading] = re.findall(r"<h1>(.*)</h1>", page)
        assert unescape(heading) == f"Capacity report: {shown}{', ' if shown else ''}2026-11-29"
        assert f"<title>{escape(shown)}{' · ' if shown else ''}Capacity report · 2026-11-29</title>" in page


@pytest.mark.parametrize("name", ["my_key_gb", "to_50_gb", "ram_gb", "vcpus"])
def test_a_resource_that_is_called_like_a_figure_keeps_its_name(name: str) -> None:
    frame = pd.DataFrame({"check": ["keypair-unused"], "resource": [name], "name": [name]}, dtype="str")
    assert Elements(tables.table(frame).as_raw_html()).texts()[-2:] == [name, name]


def test_two_columns_of_one_name_are_told_apart() -> None:
    shown = tables.table(pd.DataFrame([[1, 2, 3]], columns=["in all", "in all", "in all (2)"])).as_raw_html()
    assert Elements(shown).texts() == ["in all", "in all (2)", "in all (2) (2)", "1", "2", "3"]
