"""What became of a submit: the result as a table, or the error in words."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from toastnb.errors import ToastError
from toastnb.forms.views import markup
from toastnb.forms.views.words import Say
from toastnb.forms.words import of_error

_GOOD = "done"
_LONGEST = 1000
_IDS = frozenset({"instance_id", "image_id"})  # wide, and seldom read: they come last


def failure(error: ToastError, say: Say) -> str:
    """Return an error as HTML: what was said, its code in words, and what to do."""
    said, code, to_do = of_error(error, say.lang)
    lines = [(say("said"), said), (say("code"), code), (say("to_do"), to_do)]
    parts = [f"<p><b>{markup.html(head)}:</b> {markup.html(text, _LONGEST)}</p>" for head, text in lines if text]
    title = f"<p><b>{markup.WARNING} {markup.html(say('failed'))}</b></p>"
    stay = f"<p>{markup.html(say('entries_stay'))}</p>"
    return markup.block(f'<div class="bad">{title}{"".join(parts)}{stay}</div>', role="alert")


def success(result: pd.DataFrame, names: Mapping[str, str], say: Say) -> str:
    """Return a result as HTML: what was not done first, and said in the title; `names` are those of ids."""
    bad = 0
    if "instance_id" in result and "name" not in result:
        result = result.copy()
        result.insert(0, "name", result["instance_id"].map(names))
    if "outcome" in result:
        done = result["outcome"].eq(_GOOD)
        bad = int((~done).sum())
        result = pd.concat([result[~done], result[done]])
        result = result.assign(outcome=result["outcome"].map(say.state))
    if "code" in result:
        result = result.assign(code=result["code"].map(lambda code: _in_words(code, say), na_action="ignore"))
    title = say("partly", bad=f"{bad:,}", total=f"{len(result):,}") if bad else say("done")
    sign, looks = (markup.WARNING, "bad") if bad else ("✓", "good")
    shown = result.drop(columns="action", errors="ignore").dropna(axis="columns", how="all")
    table = markup.table(shown[sorted(shown.columns, key=_IDS.__contains__)], say)
    content = f'<div class="{looks}"><p><b>{sign} {markup.html(title)}</b></p>{table}</div>'
    return markup.block(content, role="status")


def _in_words(code: int, say: Say) -> str:
    return of_error(ToastError("", code=int(code)), say.lang)[1]
