"""Words: both languages say the same things, with the same parts, and nothing is left unsaid."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import toastnb as tn
from tests.forms.support import action_form, create_form
from toastnb import errors, fields, rules
from toastnb.forms import english, korean
from toastnb.forms.keys import KeypairForm
from toastnb.forms.signing_in import LoginForm
from toastnb.forms.verbs import ACTIONS
from toastnb.forms.words import known_keys, label, language, of_error, sentences

VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
FOLDER = Path(english.__file__).parent


def parts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_parts() -> None:
    assert english.WORDS.keys() == korean.WORDS.keys() == known_keys()
    for key, text in english.WORDS.items():
        assert parts(korean.WORDS[key]) == parts(text), key
        assert text.strip()
        assert korean.WORDS[key].strip()


def test_korean_is_korean() -> None:
    same = {"button.one", "error.code", "keypair.kind_only", "volume.label"}  # numbers and names only
    for key, text in korean.WORDS.items():
        assert re.search("[가-힣]", text) or key in same, key


def test_every_key_that_the_code_asks_for_is_there() -> None:
    asked = re.compile(r"""(?:say|_in_words|label)\(\s*f?["']([a-z_]+\.[\w.{}\-]+)["']""")
    found = {key for path in FOLDER.glob("*.py") for key in asked.findall(path.read_text("utf-8"))}
    assert len(found) > 40
    for key in found:
        pattern = re.compile(re.sub(r"\\\{.*?\\\}", ".+", re.escape(key)))
        assert any(pattern.fullmatch(known) for known in known_keys()), key


def test_every_field_action_state_and_button_has_words(toast: tn.Toast) -> None:
    with create_form(toast) as one, action_form(toast) as two, KeypairForm(toast) as three, LoginForm() as four:
        for form in (one, two, three, four):
            assert {f"field.{name}" for name in form.fields} <= known_keys()
            assert f"title.{form.kind}" in known_keys()
            assert form.title
            assert form.button
        assert {f"field.{name}" for name in four.secrets} <= known_keys()
    assert {f"action.{name}" for name in ACTIONS} <= known_keys()
    assert {f"reboot.{kind}" for kind in rules.REBOOT_TYPES} <= known_keys()
    outcomes = ("sent", "GONE", "done", "failed", "unknown", "not_sent", "partly", "running")
    assert {f"state.{name}" for name in outcomes} <= known_keys()


def test_labels_are_short_enough_to_stand_beside_their_fields() -> None:
    for key in known_keys():
        if key.startswith("field."):
            assert len(english.WORDS[key]) <= 22, key
            assert len(korean.WORDS[key]) <= 13, key


def test_what_fields_say_is_there_in_both() -> None:
    assert sentences("en") == fields.SENTENCES
    assert sentences("ko").keys() == fields.SENTENCES.keys()


def test_what_to_do_is_the_errors_own_hint_in_english() -> None:
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.ToastError) and kind.default_hint:
            assert english.WORDS[f"hint.{kind.__name__}"] == kind.default_hint


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_GB", "LC_ALL": "ko_KR"}, "ko"),
        ({"LANG": "ko_KR", "LC_ALL": "en_GB"}, "en"),
        ({"LANGUAGE": "de:ko:en", "LC_ALL": "en_GB"}, "ko"),
        ({"LANGUAGE": "", "LANG": "ko_KR"}, "ko"),
    ],
)
def test_the_language_is_the_environments(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], wanted: str
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == wanted
    assert language("en") == "en"


def test_another_language_is_refused() -> None:
    with pytest.raises(tn.InvalidInput, match=r"'de'.*en, ko"):
        language("de")


# --- errors ----------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-1, "-1: not possible in the present state, or the sign-in failed"),
        (-4, "-4: a value is missing or malformed"),
        (10404, "10404: there is no such thing"),
        (30401, "30401: not allowed for this user, appkey or token"),
        (20001, "20001: the network has no free address"),
        (20004, "20004: there is no such network, or none that can be used"),
        (10500, "10500: a failure of the service"),
        (77, "77: a failure of the service"),
        (None, ""),
    ],
)
def test_a_code_in_words(code: int | None, words: str) -> None:
    assert of_error(tn.ServiceFailure("it said", code=code))[1] == words


def test_an_error_is_what_was_said_and_what_to_do() -> None:
    error = tn.Conflict("it is ACTIVE", action="Starting instance x", code=10409, may_have_happened=True)
    said, code, todo = of_error(error)
    assert said == "Starting instance x: it is ACTIVE"
    assert todo == f"{label('error.fate')} {tn.Conflict.default_hint}"
    said, code, todo = of_error(error, "ko")
    assert code == "10409: 현재 상태에서는 할 수 없습니다"
    assert todo == f"{label('error.fate', 'ko')} {korean.WORDS['hint.Conflict']}"
    assert of_error(tn.InvalidInput("it is wrong", hint="Do it right."), "ko")[2] == "Do it right."
    assert of_error(tn.InvalidInput("it is wrong"), "ko")[2] == ""
