"""Controls: what is typed stays, what comes from the service is shown as text, and a private key is not sent back."""

from __future__ import annotations

import json
from typing import Any

import ipywidgets as widgets
import pytest
from comm import DummyComm
from hypothesis import example, given
from hypothesis import strategies as st

import toastnb as tn
from tests.forms.support import create_form
from tests.forms.views_support import options, said
from toastnb.fields import Choice, Integer, Option, Several, Text
from toastnb.forms.views import markup
from toastnb.forms.views.fields import view_of
from toastnb.forms.views.form import FormView
from toastnb.forms.views.words import Say

SAY = Say("en")
HOSTILE = "Win\u202edows\x1b[0m" + "W" * 5000


class Recorder(DummyComm):
    """What would be sent to the page."""

    def __init__(self, comm_id: str) -> None:
        super().__init__(comm_id=comm_id)
        self.sent: list[dict[str, Any]] = []

    def publish_msg(self, _: str, data: Any = None, **__: object) -> None:
        if hasattr(self, "sent"):
            self.sent.append(data)


def recorded(control: widgets.Widget) -> list[dict[str, Any]]:
    """Return what is sent for a control from now on."""
    control.comm = recorder = Recorder(control.comm.comm_id)
    recorder.sent.clear()
    return recorder.sent


def typed(view: Any, text: str) -> None:
    """Enter a text, as it comes from the page."""
    view.control.set_state({"value": text})


# --- whole numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "wrong"),
    [
        ("11", 11, "is 11, but must be from 1 to 10"),
        ("0", 0, "is 0, but must be from 1 to 10"),
        ("-3", -3, "is -3, but must be from 1 to 10"),
        ("", None, "is missing"),
        ("2.5", "2.5", "is '2.5', but must be a whole number"),
        ("many", "many", "is 'many', but must be a whole number"),
        ("9" * 5000, "9" * 5000, "must be a whole number"),
        ("10", 10, ""),
        ("1", 1, ""),
        (" 7 ", 7, ""),
        ("07", 7, ""),
    ],
)
def test_a_number_stays_as_it_was_typed_and_is_marked_where_it_is_wrong(text: str, value: object, wrong: str) -> None:
    field = Integer("count", 1, 10)
    field.suggest(1)
    view = view_of(field, SAY)
    typed(view, text)
    assert (field.value, view.control.value) == (value, text)
    if len(text) < 100:
        assert said(view.remark) == (f"{markup.WARNING} Count: {wrong}" if wrong else "")
    assert bool(field.problem()) == bool(wrong)


def test_a_number_is_followed_when_the_field_changes_it() -> None:
    field = Integer("root_gb", 20, 1000, 10)
    view = view_of(field, SAY)
    typed(view, "30")
    field.bounds = (50, 100, 10)
    assert (view.control.value, said(view.remark)) == ("50", "30 is not possible any more")
    field.clear()
    assert view.control.value == ""


@example("٣")
@example("+5")
@given(st.text(max_size=30) | st.integers().map(str))
def test_any_text_in_the_place_of_a_number_stays(text: str) -> None:
    field = Integer("count", 1, 10)
    view = view_of(field, SAY)
    typed(view, text)
    assert view.control.value == text
    assert (field.problem() == "") == (field.value in range(1, 11))
    view.close()


def test_wrong_counts_send_nothing(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    view = FormView(create_form(toast))
    for text in ("11", "0", "", "two"):
        typed(view.views["count"], text)
        view.button.click()
        assert view.views["count"].control.value == text
        assert "Fill in or put right: Count" in said(view.trouble)
    assert sandbox.calls["POST instances"] == 0
    view.close()


# --- what is sent back -----------------------------------------------------------------------------------------------


def test_a_private_key_that_is_pasted_is_not_sent_back_to_the_page(toast: tn.Toast) -> None:
    console = tn.forms.console(toast, "en")
    console.keypairs.form.set(action="import_keypair")
    sent = recorded(console.keypairs.views["public_key"].control)
    typed(console.keypairs.views["public_key"], "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n")
    assert "b3BlbnNz" not in json.dumps(sent, default=str)
    assert [one["state"]["value"] for one in sent] == [""]  # that it is emptied is told
    console.close()


def test_a_line_is_echoed_as_ipywidgets_does() -> None:
    view = view_of(Text("name"), SAY)
    sent = recorded(view.control)
    typed(view, "web")
    assert sent[0]["method"] == "echo_update"


# --- what comes from the service -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Choice, Several])
def test_a_reason_is_shown_as_text_and_not_too_long(kind: Any) -> None:
    field = kind("image", [Option("a", "a"), Option("b", HOSTILE, f"too little RAM for {HOSTILE}")])
    view = view_of(field, SAY)
    label = options(view)[-1]
    assert label.isprintable()
    assert len(label) < 3 * markup.LONGEST
    assert r"Win\u202edows\u001b[0m" in label
    view.control.index = len(options(view)) - 1 if kind is Choice else (1,)
    text = said(view.remark)
    assert "cannot be chosen: too little RAM for" in text
    assert text.replace(markup.WARNING, "").isprintable()
