"""What became of a submit, once: the error in words, or the result as a table, or both."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from toastnb.errors import ToastError
from toastnb.forms.views import markup
from toastnb.forms.views.words import Say
from toastnb.forms.words import of_error

_GOOD, _UNKNOWN, _NOT_SENT = "done", "unknown", "not_sent"
_LONGEST = 1000
_IDS = frozenset({"instance_id", "image_id"})  # wide, and seldom read: they come last


def latest(
    error: ToastError | None, result: pd.DataFrame | None, names: Mapping[str, str], say: Say, *, stays: bool = False
) -> str:
    """Return what became of the latest submit as HTML; `names` are those of ids, `stays` whether the entries stayed."""
    if error is None and result is None:
        return ""
    title, is_bad = _title(error, result, say)
    lines = "" if error is None else _lines(error, say)
    stay = markup.note(say("entries_stay")) if error is not None and stays else ""
    table = "" if result is None else _table(result, error, names, say)
    return _box(title, lines + table + stay, "bad" if is_bad else "good")


def former(error: ToastError | None, result: pd.DataFrame | None, what: str, say: Say) -> str:
    """Return in short what became of a submit after which entries were changed; `what` tells which one."""
    if error is None and result is None:
        return ""
    title, _ = _title(error, result, say)
    return _box(
        f"{markup.html(say('before', what=what))} · {title}", "" if error is None else _lines(error, say), "before"
    )


def failure(error: ToastError, title: str, say: Say) -> str:
    """Return an error of something else than a submit as HTML."""
    return _box(f"{markup.WARNING} {markup.html(title)}", _lines(error, say), "bad")


def _box(title: str, content: str, looks: str) -> str:
    return f'<div class="{looks}"><p><b>{title}</b></p>{content}</div>'


def _title(error: ToastError | None, result: pd.DataFrame | None, say: Say) -> tuple[str, bool]:
    """Return a title as HTML, with a sign, and whether it is a bad one."""
    outcomes = result["outcome"] if result is not None and "outcome" in result else pd.Series(dtype="str")
    bad = outcomes[outcomes.ne(_GOOD)]
    if error is None and bad.empty:
        return f"✓ {markup.html(say('done'))}", False
    if (error.may_have_happened and not error.carried_out) if error is not None else bad.eq(_UNKNOWN).all():
        title = say("not_known")
    elif len(outcomes) and outcomes.eq(_NOT_SENT).all():
        title = say("not_sent")
    elif len(outcomes) > 1 and len(bad):
        title = say("partly", bad=f"{len(bad):,}", total=f"{len(outcomes):,}")
    else:
        title = say("failed")
    return f"{markup.WARNING} {markup.html(title)}", True


def _lines(error: ToastError, say: Say) -> str:
    """Return what was said, its code in words, and what to do."""
    said, code, to_do = of_error(error, say.lang)
    lines = [(say("said"), said), (say("code"), code), (say("to_do"), to_do)]
    return "".join(f"<p><b>{markup.html(head)}:</b> {markup.html(text, _LONGEST)}</p>" for head, text in lines if text)


def _table(result: pd.DataFrame, error: ToastError | None, names: Mapping[str, str], say: Say) -> str:
    """Return a result as a table, what was not done first, without what the error has said already."""
    if "instance_id" in result and "name" not in result:
        result = result.copy()
        result.insert(0, "name", result["instance_id"].map(names))
    if "outcome" in result:
        done = result["outcome"].eq(_GOOD)
        result = pd.concat([result[~done], result[done]])
        result = result.assign(outcome=result["outcome"].map(say.state))
    if "message" in result and error is not None and all(error.said in text for text in result["message"].dropna()):
        result = result.drop(columns=["message", "code"], errors="ignore")
    if "code" in result:
        result = result.assign(code=result["code"].map(lambda code: _in_words(code, say), na_action="ignore"))
    shown = result.drop(columns="action", errors="ignore").dropna(axis="columns", how="all")
    return markup.table(shown[sorted(shown.columns, key=_IDS.__contains__)], say)


def _in_words(code: int, say: Say) -> str:
    return of_error(ToastError("", code=int(code)), say.lang)[1]
