"""A write of a form that certainly never left: the form says so, and another click sends it, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import toastnb as tn
from tests.forms.support import action_form, create_form, log
from toastnb.forms.form import Form
from toastnb.forms.keys import KeypairForm
from toastnb.forms.views import outcome
from toastnb.forms.views.words import Say
from toastnb.forms.words import label

ATTEMPTS = 4


def keypair_form(toast: tn.Toast, folder: Path) -> Form:
    return KeypairForm(toast, lang="en").set(action="create_keypair", name="ops", path=str(folder))


FORMS: dict[str, tuple[Callable[[tn.Toast, Path], Form], str]] = {
    "create": (lambda toast, _: create_form(toast), "POST instances"),
    "stop": (lambda toast, _: action_form(toast, action="stop"), "POST instances/*/action"),
    "keypair": (keypair_form, "POST keypairs"),
}


def test_of_what_was_carried_out_it_is_not_said_that_it_may_have_been() -> None:
    error = tn.ServiceFailure("the keypair was made, but its private key is lost", carried_out=True)
    assert error.may_have_happened
    for lang in ("en", "ko"):
        shown, say = outcome.latest(error, None, {}, Say(lang)), Say(lang)
        assert say("failed") in shown
        assert say("not_known") not in shown
        assert label("error.fate", lang) not in shown


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("which", FORMS)
def test_without_a_sign_in_it_was_not_sent_and_another_click_sends_it(
    toast: tn.Toast, sandbox: tn.Sandbox, tmp_path: Path, which: str
) -> None:
    make, call = FORMS[which]
    with make(toast, tmp_path) as form:
        toast._transport._tokens._held = None  # as when it has expired
        sandbox.fault("POST tokens", "status", status=503, times=ATTEMPTS)
        with pytest.raises(tn.ServiceFailure, match="Signing in"):
            form.submit()
        assert [said for *_, said in log(form)] == ["not_sent"]
        assert sandbox.calls[call] == 0
        shown = {lang: outcome.latest(form.error, form.result, {}, Say(lang), stays=True) for lang in ("en", "ko")}
        assert "Not known whether" not in shown["en"]
        assert "may have been" not in shown["en"]
        if form.result is not None:
            assert form.result.outcome.tolist() == ["not_sent"]
            assert "It was not sent" in shown["en"]
            assert "보내지 않았습니다" in shown["ko"]
        assert form.problems() == {}
        form.submit()
        assert [said for *_, said in log(form)] == ["not_sent", "done"]
        assert sandbox.calls[call] == 1
