"""Forms over an account of hostile names: text in every widget, and Python that is Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import ipywidgets as widgets
import pytest

import toastnb as tn
from tests.untrusted.names import HARMFUL
from tests.untrusted.test_pages import Elements
from toastnb.forms.noting import code_of

OURS = {
    "style",
    "div",
    "h3",
    "h4",
    "p",
    "b",
    "ul",
    "li",
    "pre",
    "code",
    "span",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


@pytest.fixture(scope="module")
def connected(short: tn.Inventory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tn.Toast]:
    path = short.save(tmp_path_factory.mktemp("forms") / "account.zip")
    with tn.Sandbox(inventory=path, instant=True) as sandbox, tn.connect(sandbox) as toast:
        yield toast


def all_of(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_of(child)


def test_the_sandbox_serves_such_an_account_again(connected: tn.Toast, short: tn.Inventory) -> None:
    assert connected.instances_detail()["name"].tolist() == short.instances_detail["name"].tolist()


def test_every_widget_of_the_console_has_names_as_text(connected: tn.Toast) -> None:
    console = tn.forms.console(connected, "en")
    try:
        found = list(all_of(console))
        shown = [one for one in found if isinstance(one, widgets.HTML | widgets.HTMLMath | widgets.Label)]
        assert len(shown) > 20
        assert not [one for one in shown if type(one) is not widgets.HTML]  # Label and HTMLMath typeset formulas
        for one in shown:
            elements = Elements(one.value)
            assert elements.tags <= OURS
            assert elements.attributes <= {"class", "role", "style", "aria-atomic", "aria-live"}
            assert not HARMFUL.search(one.value)
        assert not [one for one in found if getattr(one, "description_allow_html", False)]
    finally:
        console.close()


def test_no_option_of_a_list_hides_anything(connected: tn.Toast) -> None:
    console = tn.forms.console(connected, "en")
    try:
        lists = [one for one in all_of(console) if hasattr(one, "_options_labels")]
        labels = [
            label.partition(" \u2014 ")[0] for one in lists for label in one._options_labels
        ]  # what follows is why not
        assert len(labels) > 100
        assert not [label for label in labels if HARMFUL.search(label) or len(label) > 300]
    finally:
        console.close()


def test_code_is_python_with_each_name_as_it_is(texts: list[str]) -> None:
    for text in texts:
        call = ast.parse(code_of("create_instance", text, name=text, security_groups=[text])).body[0].value
        assert ast.literal_eval(call.args[0]) == text
        assert [ast.literal_eval(given.value) for given in call.keywords] == [text, [text]]
