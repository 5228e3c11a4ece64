"""What the forms say, in English and Korean."""

from __future__ import annotations

import os

from toastnb.errors import InvalidInput, ToastError
from toastnb.forms import english, korean

LANGUAGES = {"en": english.WORDS, "ko": korean.WORDS}
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_SENTENCE = "sentence."


def language(lang: str | None = None) -> str:
    """Return the language to use: as given, else the environment's (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), else English.

    Raises
    ------
    InvalidInput
        When another than "en" or "ko" is given.

    Examples
    --------
    >>> from toastnb.forms.words import language
    >>> language("ko")
    'ko'
    """
    if lang is not None:
        if lang not in LANGUAGES:
            raise InvalidInput(f"lang is {lang!r}, but must be one of {', '.join(LANGUAGES)}")
        return lang
    said = next((value for name in _VARIABLES if (value := os.environ.get(name))), "")
    preferred = [part[:2].lower() for part in said.split(":")]
    return next((one for one in preferred if one in LANGUAGES), "en")


def label(key: str, lang: str = "en", **parts: object) -> str:
    """Return the words of a key, its parts filled in.

    Examples
    --------
    >>> from toastnb.forms.words import label
    >>> label("button.create"), label("button.create", "ko")
    ('Create', '만들기')
    """
    words = LANGUAGES[lang][key]
    return words.format(**parts) if parts else words


def known_keys() -> frozenset[str]:
    """Return all keys."""
    return frozenset(english.WORDS)


def sentences(lang: str) -> dict[str, str]:
    """Return what fields say (see `fields.SENTENCES`)."""
    words = LANGUAGES[lang]
    return {key.removeprefix(_SENTENCE): text for key, text in words.items() if key.startswith(_SENTENCE)}


def of_error(error: ToastError, lang: str = "en") -> tuple[str, str, str]:
    """Return what went wrong, the service's code in words ("" without one), and what to do.

    Examples
    --------
    >>> import toastnb as tn
    >>> from toastnb.forms.words import of_error
    >>> of_error(tn.Conflict("the instance is ACTIVE", code=10409))[1]
    '10409: not possible in the present state'
    """
    said = f"{error.action}: {error.said}" if error.action else error.said
    fate = ""
    if error.may_have_happened and not error.carried_out:
        fate = label("error.fate_check" if error.check else "error.fate", lang, check=error.check)
    fate = f"{fate} {error.found}".strip()
    return said, _code(error.code, lang), " ".join(filter(None, [fate, _hint(error, lang)]))


def _code(code: int | None, lang: str) -> str:
    if code is None:
        return ""
    words = LANGUAGES[lang]
    known = [f"code.{code}", f"code.{code % 1000 if code >= 10_000 else 'other'}", "code.other"]
    return label("error.code", lang, code=code, words=next(words[key] for key in known if key in words))


def _hint(error: ToastError, lang: str) -> str:
    """Return what to do; what an error says beyond its kind is there in English only."""
    own = LANGUAGES[lang].get(f"hint.{type(error).__name__}", "")
    return own if error.hint == error.default_hint else error.hint
