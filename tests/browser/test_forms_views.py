"""The views of forms without a browser: their controls are set and clicked as Python objects."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import ipywidgets as widgets
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ipywidgets.widgets.widget import _instances

import toastnb as tn
from tests.forms.support import create_form, ended, form_threads
from tests.forms.views_support import Words, options, said
from tests.support import eventually
from toastnb.fields import Choice, FilePath, Integer, Option, Several, Text
from toastnb.forms.views import markup, words
from toastnb.forms.views.console import Console
from toastnb.forms.views.fields import view_of
from toastnb.forms.views.form import FormView
from toastnb.forms.views.outcome import latest
from toastnb.forms.views.progress import ProgressView
from toastnb.forms.views.words import Say
from toastnb.forms.work import Row

SAY = Say("en")
ZONES = [Option("c", "kr-pub-c", "not available"), Option("a", "kr-pub-a"), Option("b", "kr-pub-b")]


@pytest.fixture
def console(toast: tn.Toast) -> Iterator[Console]:
    console = tn.forms.console(toast, "en")
    yield console
    console.close()


# --- fields ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "entered", "value", "other", "shown"),
    [
        (Text("name"), "web", "web", "db", "db"),
        (Text("public_key", lines=5), "ssh-rsa A", "ssh-rsa A", "", ""),
        (FilePath("path"), "~/key.pem", "~/key.pem", "/k", "/k"),
        (Integer("count", 1, 10), "3", 3, 7, "7"),
        (Integer("root_gb", 20, 100, 10, required=False), "30", 30, None, ""),
        (Integer("root_gb", 20, 100, 10, required=False), "many", "many", 40, "40"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_a_control_and_its_field_follow_each_other(
    field: Any, entered: object, value: object, other: object, shown: object
) -> None:
    view = view_of(field, SAY)
    told: list[object] = []
    field.watch(lambda field: told.append(field.value))
    view.control.value = entered
    assert field.value == value
    field.set(other)
    assert view.control.value == shown
    assert told == [value, other]


def test_a_choice_follows_its_field_and_new_options() -> None:
    field = Choice("zone", ZONES)
    view = view_of(field, SAY)
    assert options(view) == ["— choose —", "kr-pub-a", "kr-pub-b", "⊘ kr-pub-c — not available"]
    view.control.index = 2
    assert field.value == "b"
    field.set("a")
    assert view.control.index == 1
    field.options = [ZONES[2]]
    assert (options(view), view.control.index) == (["— choose —", "kr-pub-b"], 0)
    assert "kr-pub-a cannot be chosen any more" in said(view.remark)
    view.control.index = 1
    view.control.index = 0
    assert field.value is None


def test_an_option_that_cannot_be_chosen_is_put_back_with_the_reason() -> None:
    field = Choice("zone", ZONES)
    view = view_of(field, SAY)
    view.control.index = 1
    view.control.index = 3
    assert (field.value, view.control.index) == ("a", 1)
    assert said(view.remark) == f"{markup.WARNING} kr-pub-c cannot be chosen: not available"
    view.control.index = 2
    assert (field.value, said(view.remark)) == ("b", "")


def test_several_are_chosen_but_for_those_that_cannot() -> None:
    field = Several("security_groups", ZONES)
    view = view_of(field, SAY)
    view.control.index = (0, 1, 2)
    assert field.value == ("a", "b")
    assert view.control.index == (0, 1)
    assert "kr-pub-c cannot be chosen: not available" in said(view.remark)
    field.set(["b"])
    assert view.control.index == (1,)


def test_bounds_and_visibility_are_followed() -> None:
    field = Integer("root_gb", 20, 1000, 10)
    view = view_of(field, SAY)
    field.set(30)
    field.bounds = (50, 100, 10)
    assert view.control.value == "50"
    assert said(view.remark) == "30 is not possible any more"
    field.bounds = (50, 40, 10)
    assert view.control.disabled
    field.visible = False
    assert view.layout.display == "none"
    field.visible = True
    assert view.layout.display is None


def test_what_is_missing_is_said_when_it_is_asked_for_and_what_is_wrong_at_once() -> None:
    field = Text("name", longest=3)
    view = view_of(field, SAY)
    assert said(view.remark) == ""
    view.control.value = "long"
    assert said(view.remark) == f"{markup.WARNING} Name: has 4 characters, but at most 3 are allowed"
    other = view_of(Text("name"), SAY)
    other.asked = True
    other.show_remarks()
    assert said(other.remark) == f"{markup.WARNING} Name: is missing"


def test_a_defect_in_a_field_is_shown() -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a defect")

    view = view_of(Text("name"), SAY)
    view.field.watch(broken)
    view.control.value = "web"
    assert "RuntimeError: a defect" in said(view.remark)


# --- text ------------------------------------------------------------------------------------------------------------


@example("<b>bold</b>")
@example("<img src=x onerror=alert(1)>")
@example("&lt;script&gt;")
@given(st.text(st.characters() | st.sampled_from("<>&\"'\u202e\u200b\x00\ud800"), max_size=50))
def test_any_text_is_shown_as_text(text: str) -> None:
    row = Row("key", text, state=text)
    frame = pd.DataFrame({"name": pd.Series([text], dtype=object), "outcome": ["failed"]})
    for html in (markup.warning(text), markup.note(text), markup.table(frame, SAY), markup.heading(text, text)):
        parsed = Words(html)
        assert set(parsed.tags) <= {"p", "table", "thead", "tbody", "tr", "th", "td", "span", "div", "style", "h3"}
        assert markup.shown(text) in parsed.text
    progress = ProgressView(SAY)
    progress.show([row], busy=True)
    assert set(Words(progress.text.value).tags) <= {"div", "table", "thead", "tbody", "tr", "th", "td", "span"}
    assert markup.shown(text).isprintable()
    progress.close()


def test_long_text_is_cut_and_its_length_said() -> None:
    assert markup.shown("a" * 10_000) == "a" * 120 + "… (10,000)"
    assert markup.shown("a" * 120) == "a" * 120


def test_all_that_is_said_is_there_in_both_languages() -> None:
    english, korean = words.WORDS["en"], words.WORDS["ko"]
    assert english.keys() == korean.keys()
    same = {key for key in english if english[key] == korean[key]}
    assert same == {"resource.vcpus", "column.username"}


def test_an_error_is_what_was_said_the_code_in_words_and_what_to_do() -> None:
    error = tn.Conflict("the service answered 10409 (<b>no</b>)", code=10409, action="Stopping instance 5f0c")
    text = Words(latest(error, None, {}, SAY, stays=True)).text
    assert "Stopping instance 5f0c: the service answered 10409 (<b>no</b>)" in text
    assert "10409: not possible in the present state" in text
    assert error.hint in text
    assert "entries are as they were" in text


def test_of_many_rows_those_that_went_wrong_come_first_and_all_are_counted() -> None:
    rows = [Row(str(number), f"vm-{number}", "ACTIVE", 3.0, done=True) for number in range(50)]
    rows[40] = Row("40", "vm-40", "ERROR", 4.0, done=True)
    rows[41] = Row("41", "vm-41", "BUILD", 4.0)
    view = ProgressView(SAY)
    view.show(rows, busy=True)
    text = said(view.text)
    assert "ACTIVE 48 · ERROR 1 · BUILD 1" in text
    assert text.index("vm-40") < text.index("vm-41") < text.index("vm-0")
    assert "and 30 more" in text
    assert (view.bar.value, view.bar.max, view.bar.bar_style) == (49, 50, "danger")


# --- forms -----------------------------------------------------------------------------------------------------------


def test_however_often_the_button_is_clicked_one_request_is_sent(sandbox: tn.Sandbox, toast: tn.Toast) -> None:
    view = FormView(create_form(toast))
    for _ in range(3):
        view.button.click()
    ended(view.form)
    view.button.click()
    ended(view.form)
    assert sandbox.calls["POST instances"] == 1
    assert "✓ Done" in said(view.outcome)
    assert view.progress.bar.value == 1
    view.close()


def test_a_click_too_early_says_all_that_is_missing(console: Console, sandbox: tn.Sandbox) -> None:
    console.create.button.click()
    text = said(console.create.trouble)
    assert "Nothing was sent" in text
    assert "Fill in or put right: Name, Image, Flavor, Network, Availability zone, Keypair" in text
    for label in ("Name: is missing", "Image: is to be chosen", "Keypair: is to be chosen"):
        assert label not in text  # it is said once, beside the field
        assert any(label in said(view.remark) for view in console.create.views.values())
    assert sandbox.calls["POST instances"] == 0


def test_the_request_is_shown_once_it_is_opened(toast: tn.Toast) -> None:
    view = FormView(create_form(toast, name="web"))
    assert said(view.request.text) == ""
    view.request.opener.value = view.code.opener.value = True
    assert '"name": "web"' in said(view.request.text)
    assert "toast.create_instance(" in said(view.code.text)
    view.form.set(name="db")
    assert '"name": "db"' in said(view.request.text)
    view.form.set(name="not_allowed")
    assert said(view.request.text) == SAY("unready")
    view.close()


def test_lists_are_read_again_and_an_error_of_that_is_shown(
    console: Console, toast: tn.Toast, no_backoff: None
) -> None:
    toast.import_keypair("brand-new", toast.keypairs().public_key[0])
    view = console.create
    view.again.click()
    eventually(lambda: "brand-new" in options(view.views["keypair"]))
    eventually(lambda: view.again.description == SAY("refresh"))
    view.form._catalogue.read_again = raising(tn.ServiceFailure("it is closed", code=-2))
    view.again.click()
    eventually(lambda: "it is closed" in said(view.notice))
    eventually(lambda: view.again.description == SAY("refresh"))


def test_a_defect_in_showing_is_shown(console: Console) -> None:
    console.create.form.preview = raising(RuntimeError("a defect"))
    console.create.form.set(name="web")
    assert "RuntimeError: a defect" in said(console.create.notice)


def raising(error: Exception) -> Any:
    def raise_(*_: object) -> None:
        raise error

    return raise_


def test_instances_are_found_and_chosen(console: Console, toast: tn.Toast) -> None:
    picker, form = console.actions.views["instances"], console.actions.form
    vms = toast.instances_detail()
    picker.search.value = "WEB"
    picker.filters["status"].index = 1
    status = picker.filters["status"].value
    matching = vms[vms.name.str.contains("web") & (vms.status == status)]
    assert 1 < len(matching) < len(vms)
    assert len(options(picker)) == len(matching)
    picker.control.index = (0,)
    picker.search.value = "db"
    picker.control.index = (1,)
    assert form.fields["instances"].value == (
        matching.instance_id.iloc[0],
        vms[vms.name.str.contains("db") & (vms.status == status)].instance_id.iloc[1],
    )
    picker.clear.click()
    assert form.chosen.empty
    picker.search.value = ""
    picker.filters["status"].index = 0
    picker.all.click()
    assert form.fields["instances"].value == tuple(vms.instance_id)


def test_what_is_chosen_in_a_list_that_was_just_replaced_is_what_stood_there(console: Console) -> None:
    form, picker, actions = (console.actions.form, *(console.actions.views[name] for name in ("instances", "action")))
    first, all_of_them = picker.control.offered[0], picker.control
    picker.search.value = "db"
    assert first not in picker.control.offered
    all_of_them.set_state({"index": [0]})  # from a page that has not seen the new list yet
    assert form.fields["instances"].value == (first,)
    of_active = actions.control
    form.select(form.search(status="STOP").head(1))
    assert actions.control is not of_active
    names = [option.value for option in of_active.offered]
    of_active.set_state({"index": names.index("delete_instance") + 1})
    assert form.fields["action"].value == "delete_instance"
    assert actions.control.label == "Delete"
    of_active = actions._former
    of_active.set_state({"index": [option.value for option in of_active.offered].index("stop") + 1})
    assert "it is STOP" in form.problems()["action"]


def test_a_list_that_was_replaced_twice_is_taken_away(console: Console) -> None:
    before = console.actions.views["instances"].control
    for text in ("db", "web"):
        assert before.comm is not None
        console.actions.views["instances"].search.value = text
    assert before.comm is None
    assert before.layout.comm is None


def test_states_on_show_are_those_after_the_action(console: Console, toast: tn.Toast) -> None:
    picker, form = console.actions.views["instances"], console.actions.form
    stopped = toast.instances_detail().query("status == 'STOP'").iloc[0]
    picker.search.value = stopped.instance_id
    picker.control.index = (0,)
    form.set(action="start")
    console.actions.button.click()
    ended(form)
    [row] = options(picker)
    assert row.startswith(f"{stopped['name']} · ACTIVE")
    assert console.log[["what", "outcome"]].values.tolist() == [["start", "done"]]
    assert "Start" in said(console._logged)


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_secret_is_taken_and_in_no_widget(sandbox: tn.Sandbox) -> None:
    view = tn.forms.login("en")
    view.form.set(base_url=sandbox.base_url, username=sandbox.username)
    for name, secret in (("appkey", sandbox.appkey), ("password", sandbox.password)):
        control = view.secrets[name].control
        control.set_state({"value": secret})  # as it comes from the page
        assert control.value == ""
        assert control.trait_metadata("value", "echo_update") is False
    assert view.form.secrets == {"appkey": True, "password": True}
    assert [one.remark.value.count("✓") for one in view.secrets.values()] == [1, 1]
    view.request.opener.value = view.code.opener.value = True
    view.button.click()
    ended(view.form)
    assert view.toast is not None
    states = repr([widget.get_state() for widget in _instances.values()])
    assert sandbox.username in states
    assert sandbox.appkey not in states
    assert sandbox.password not in states
    view.toast.close()
    view.close()


def test_a_private_key_that_is_uploaded_by_mistake_is_in_no_widget(console: Console) -> None:
    view = console.keypairs
    view.form.set(action="import_keypair")
    content = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"
    file = {"name": "key", "type": "", "size": len(content), "last_modified": 0, "content": memoryview(content)}
    view.upload.set_state({"value": [file]})  # as it comes from the page
    assert view.upload.value == ()
    assert "that was a private key" in said(view.views["public_key"].remark)
    view.views["public_key"].control.set_state({"value": content.decode()})
    assert view.views["public_key"].control.value == ""
    assert "b3BlbnNz" not in repr([widget.get_state() for widget in _instances.values()])


# --- what it is made of, and its end ---------------------------------------------------------------------------------


def test_only_core_controls_are_used_and_none_takes_html_as_its_label(toast: tn.Toast) -> None:
    before = set(_instances)
    shown = [tn.forms.console(toast), tn.forms.actions(toast), tn.forms.login()]
    made = [widget for key, widget in _instances.items() if key not in before]
    assert {widget._model_module for widget in made} == {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
    assert not any(isinstance(widget, widgets.Output) for widget in made)
    assert not any(getattr(widget, "description_allow_html", False) for widget in made)
    for view in shown:
        view.close()


def test_a_closed_form_leaves_no_widget_and_no_thread(slow_toast: tn.Toast, slow_sandbox: tn.Sandbox) -> None:
    before, threads = set(_instances), threading.active_count()
    console = tn.forms.console(slow_toast)
    form = console.actions.form
    form.select(form.search(status="ACTIVE").instance_id.head(1)).set(action="stop")
    console.actions.button.click()
    eventually(lambda: "POWERING_OFF" in said(console.actions.progress.text))
    console.close()
    assert set(_instances) <= before
    assert form_threads() == []
    eventually(lambda: threading.active_count() <= threads + 1)
    login, actions = tn.forms.login(), tn.forms.actions(slow_toast)
    login.close()
    actions.close()
    assert set(_instances) <= before


def test_another_console_closes_the_former(toast: tn.Toast) -> None:
    former = tn.forms.console(toast)
    console = tn.forms.console(toast, lang="ko")
    assert former.children == ()
    assert former.create.form.problems()[""] == SAY("form.closed")
    assert console.create.form.problems()["name"]
    assert console._tab.titles == ("생성", "작업", "키페어", "기록")
    console.close()


def test_the_forms_of_a_frame_offer_its_instances_only(toast: tn.Toast) -> None:
    stopped = toast.instances_detail().query("status == 'STOP'")
    view = tn.forms.actions(toast, stopped, lang="en")
    assert len(options(view.views["instances"])) == len(stopped)
    assert len(view.form.chosen) == len(stopped)
    view.close()
