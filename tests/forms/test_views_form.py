"""What a form says of a submit, before it, meanwhile and afterwards: each thing once, in its place, and of its time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.forms.support import create_form, ended
from tests.forms.views_support import Words, said
from tests.support import eventually
from toastnb.forms.views import markup
from toastnb.forms.views.concrete import ActionView, KeypairView
from toastnb.forms.views.form import FormView
from toastnb.forms.views.outcome import latest
from toastnb.forms.views.progress import ProgressView
from toastnb.forms.views.words import WORDS, Say
from toastnb.forms.work import Row

SAY = Say("en")
ACTION = "POST instances/*/action"


@pytest.fixture
def actions(toast: tn.Toast) -> Iterator[ActionView]:
    view = tn.forms.actions(toast, lang="en")
    yield view
    view.close()


def choose(view: ActionView, action: str, status: str = "ACTIVE", count: int = 1, **entries: Any) -> list[str]:
    """Choose instances that no other choice had, and an action; return the instances' names."""
    vms = view.form.instances
    fits = vms[(vms.status == status) & ~vms.flavor_name.str.startswith("u2")].head(count)
    view.form.set(instances=fits.instance_id, action=action, **entries)
    return fits.name.tolist()


def click(view: FormView) -> None:
    view.button.click()
    ended(view.form)


def roles(widget: Any) -> list[str]:
    return Words(widget.value).roles


# --- the outcome (V8, V9, V10) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_result_is_of_before_once_something_else_is_entered(toast: tn.Toast, lang: str) -> None:
    view, words = tn.forms.actions(toast, lang=lang), Say(lang)
    [name] = choose(view, "stop")
    click(view)
    assert said(view.outcome).startswith(f"✓ {words('done')}")
    assert "good" in view.outcome.value
    view.form.set(action="delete_instance")
    text = said(view.outcome)
    assert text.startswith(words("before", what=f"{words.action('stop')} · {name}"))
    assert text.endswith(words("done"))
    assert "good" not in view.outcome.value
    assert "before" in view.outcome.value
    assert view.progress.opener.layout.display == "none"
    assert view.progress.text.layout.display == "none"
    view.close()


def test_what_was_made_is_of_before_once_another_name_is_typed(toast: tn.Toast) -> None:
    view = FormView(create_form(toast))
    click(view)
    assert said(view.outcome).startswith("✓ Done")
    view.views["name"].control.set_state({"value": "web-2"})  # as it comes from the page
    assert said(view.outcome) == "Before: Create · web · ✓ Done"
    assert view.progress.opener.layout.display == "none"
    view.close()


def test_an_error_of_before_is_muted_and_can_still_be_read(actions: ActionView, sandbox: tn.Sandbox) -> None:
    sandbox.fault(ACTION, "code", code=10409, message="not now")
    [name] = choose(actions, "stop")
    click(actions)
    assert "bad" in actions.outcome.value
    actions.form.set(action="reboot")
    text = said(actions.outcome)
    assert text.startswith(f"Before: Stop · {name}")
    assert "not now" in text
    assert "bad" not in actions.outcome.value
    assert roles(actions.outcome) == ["note"]  # it was told already


def test_what_stands_in_the_way_goes_when_something_is_entered(actions: ActionView) -> None:
    choose(actions, "stop", count=2)
    actions.button.click()
    assert "Confirm: must be 2" in said(actions.trouble)
    actions.confirm.control.value = "1"
    assert said(actions.trouble) == ""
    actions.button.click()
    assert "Confirm: must be 2" in said(actions.trouble)
    actions.form.set(action="reboot")
    assert said(actions.trouble) == ""


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_what_may_have_been_carried_out_has_not_failed_and_is_said_once(
    toast: tn.Toast, sandbox: tn.Sandbox, lang: str
) -> None:
    view = tn.forms.actions(toast, lang=lang)
    sandbox.fault(ACTION, "reset", after=True)
    choose(view, "stop")
    click(view)
    words, text = WORDS[lang], said(view.outcome)
    assert view.form.error is not None
    assert view.form.error.may_have_happened
    assert text.startswith(f"{markup.WARNING} {words['not_known']}")
    assert words["failed"] not in text
    assert text.count(view.form.error.said) == 1
    assert view.outcome.value.count('class="bad"') == 1
    assert roles(view.outcome) == ["alert"]
    view.close()


def test_entries_that_stayed_are_said_to_and_others_are_not(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    stay = WORDS["en"]["entries_stay"]
    view = FormView(create_form(toast))
    sandbox.fault("POST instances", "code", code=20001, message="No more addresses")
    click(view)
    assert "It failed" in said(view.outcome)
    assert stay in said(view.outcome)
    sandbox.fault("POST instances", "code", code=20001, message="No more addresses")
    sandbox.fault("POST instances", "delay", seconds=0.5)
    view.form.set(name="web-2")
    view.button.click()
    view.form.set(name="web-3")
    ended(view.form)
    assert stay not in said(view.outcome)
    view.close()


def test_a_confirmation_that_was_used_up_has_not_stayed(actions: ActionView, sandbox: tn.Sandbox) -> None:
    sandbox.fault("DELETE *", "reset", after=True)
    [name] = choose(actions, "delete_instance")
    actions.form.set(confirm=name)
    click(actions)
    assert actions.form.confirm.value == ""
    assert WORDS["en"]["not_known"] in said(actions.outcome)
    assert WORDS["en"]["entries_stay"] not in said(actions.outcome)


def test_of_several_it_is_said_how_many_were_not_carried_out() -> None:
    def title(*outcomes: str) -> str:
        frame = pd.DataFrame({"name": list(map(str, range(len(outcomes)))), "outcome": list(outcomes)})
        return Words(latest(None, frame, {}, SAY)).text.split("Name")[0].strip(f"{markup.WARNING} ✓")

    assert title("done", "done") == "Done"
    assert title("failed", "done") == "Not carried out to the end: 1 of 2"
    assert title("failed") == "It failed"
    assert title("unknown", "done") == "Not known whether it was carried out: look first"


def test_lists_that_cannot_be_read_again_leave_an_error_where_it_is(
    toast: tn.Toast, sandbox: tn.Sandbox, no_backoff: None
) -> None:
    view = FormView(create_form(toast))
    sandbox.fault("POST instances", "code", code=20001, message="No more addresses")
    click(view)
    before = view.outcome.value
    sandbox.fault("GET flavors", "code", code=-6, message="the database is gone", times=None)
    view.again.click()
    eventually(lambda: WORDS["en"]["not_read"] in said(view.notice))
    assert view.outcome.value == before
    sandbox.clear_faults()
    view.again.click()
    eventually(lambda: view.again.description == SAY("refresh") and said(view.notice) == "")
    assert view.outcome.value == before
    view.close()


# --- what will be sent (V2) ------------------------------------------------------------------------------------------


def test_code_is_shown_whole_or_said_to_be_cut(actions: ActionView, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(actions, "stop", count=8)
    actions.code.opener.value = True
    assert said(actions.code.text) == actions.form.code()
    ast.parse(said(actions.code.text))
    monkeypatch.setattr(markup, "_LONGEST_CODE", 100)
    actions.form.set(action="reboot")
    text, whole = said(actions.code.text), actions.form.code()
    assert text.count(f"Cut off here: {len(whole):,} characters in all. form.code() returns all of it.") == 2
    assert whole[:100] in text
    assert whole not in text


def test_the_code_for_two_thousand_is_whole() -> None:
    code = f"toast.stop({[str(number) * 9 for number in range(1000, 3000)]!r})"
    assert len(code) > 20_000
    assert Words(markup.code(code, "cut")).text == code


# --- progress (V6, V12) ----------------------------------------------------------------------------------------------


def test_progress_is_told_in_a_short_line() -> None:
    view = ProgressView(SAY)
    rows = [Row("a", "web-1", "ACTIVE", 3.0, done=True), Row("b", "web-2", "BUILD"), Row("c", "web-3", "BUILD")]
    assert (said(view.heard), roles(view.heard)) == ("", ["status"])
    view.show([], busy=True)
    assert said(view.heard) == "Under way …"
    assert view.opener.layout.display is None
    view.show(rows, busy=True)
    assert said(view.heard) == "1 of 3 done"
    rows[1] = Row("b", "web-2", "ERROR", 3.0, done=True)
    view.show(rows, busy=True)
    assert (said(view.heard), view.bar.value) == ("1 of 3 done, 1 not", 2)
    assert 'aria-live="polite"' in view.heard.value
    assert roles(view.heard) == ["status"]
    view.opener.value = False
    assert (view.opener.description, view.text.layout.display) == ("▸ 1 of 3 done, 1 not", "none")


def test_regions_are_there_before_they_are_filled(actions: ActionView) -> None:
    assert [roles(one) for one in (actions.notice, actions.trouble, actions.outcome)] == [
        ["alert"],
        ["alert"],
        ["status"],
    ]
    actions.button.click()
    assert roles(actions.trouble) == ["alert"]
    assert "Nothing was sent" in said(actions.trouble)


def test_the_focus_goes_to_the_progress_when_the_button_goes_off(
    slow_toast: tn.Toast, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, told = FormView(create_form(slow_toast)), []
    monkeypatch.setattr(
        view.progress.opener, "send", lambda content: told.append((content, view.progress.opener.layout.display))
    )
    view.form.start()
    eventually(lambda: view.form.rows and view.form.rows[0].state == "BUILD")
    assert told == []  # nobody clicked
    view.button.click()
    assert told == []
    view.close()
    other = FormView(create_form(slow_toast, name="db"))
    monkeypatch.setattr(
        other.progress.opener, "send", lambda content: told.append((content, other.progress.opener.layout.display))
    )
    other.button.click()
    assert told == [({"do": "focus"}, None)]
    assert other.button.disabled
    other.close()


# --- looks (V11, V13) ------------------------------------------------------------------------------------------------


def test_what_cannot_be_undone_looks_so_and_says_so(actions: ActionView) -> None:
    choose(actions, "stop")
    assert (actions.button.button_style, said(actions.caution)) == ("primary", "")
    actions.form.set(action="delete_instance")
    assert (actions.button.button_style, said(actions.caution)) == (
        "danger",
        f"{markup.WARNING} This cannot be undone.",
    )
    actions.form.set(action="reboot", reboot_type="SOFT")
    assert (actions.button.button_style, said(actions.caution)) == ("primary", "")
    actions.form.set(reboot_type="HARD")
    assert actions.button.button_style == "danger"
    assert "not written to disk" in said(actions.caution)


def test_deleting_a_keypair_cannot_be_undone(toast: tn.Toast) -> None:
    console = tn.forms.console(toast, "en")
    view: KeypairView = console.keypairs
    assert view.button.button_style == "primary"
    view.form.set(action="delete_keypair")
    assert (view.button.button_style, said(view.caution)) == ("danger", f"{markup.WARNING} This cannot be undone.")
    console.close()


def test_a_view_has_the_log_and_the_result_of_its_form(actions: ActionView) -> None:
    assert actions.result is None
    choose(actions, "stop")
    click(actions)
    assert actions.log.what.tolist() == ["stop"]
    assert actions.result is actions.form.result


def test_what_is_missing_is_said_once(toast: tn.Toast) -> None:
    view = tn.forms.login("en")
    view.button.click()
    missing = [one for one in [*view.views.values(), *view.secrets.values()] if "is missing" in said(one.remark)]
    assert [one.name for one in missing] == ["username", "appkey", "password"]
    assert "is missing" not in said(view.trouble)
    assert "TOAST ID (e-mail), Appkey, API password" in said(view.trouble)
    view.close()
