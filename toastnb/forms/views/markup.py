"""Text and tables as HTML that shows them and does nothing else: whatever comes from the service is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import pandas as pd

from toastnb.forms.views.words import Say

LONGEST = 120
MOST_ROWS = 20
_LONGEST_CODE = 100_000
_NAMED = 12
_SHORT = 36  # an id stays in one line
WARNING = "\N{WARNING SIGN}\N{VARIATION SELECTOR-15}"  # as text, not as a coloured picture
_STYLE = """<style>
.toastnb h3 { margin: 0.6em 0 0.4em; }
.toastnb h4 { margin: 0.6em 0 0.2em; }
.toastnb p, .toastnb ul { margin: 0.2em 0; line-height: 1.4; overflow-wrap: anywhere; }
.toastnb ul { padding-left: 1.4em; }
.toastnb pre { margin: 0; max-height: 24em; overflow: auto; font-family: var(--jp-code-font-family, monospace);
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.9em; line-height: 1.35; }
.toastnb table { border-collapse: collapse; line-height: 1.4; }
.toastnb { overflow-x: auto; }
.toastnb th, .toastnb td { padding: 0.15em 0.8em 0.15em 0; text-align: left; vertical-align: top; white-space: nowrap; }
.toastnb th { border-bottom: 1px solid currentcolor; font-weight: 600; }
.toastnb .number { text-align: right; font-variant-numeric: tabular-nums; }
.toastnb .long { display: inline-block; min-width: 12em; white-space: normal; overflow-wrap: anywhere; }
.toastnb .bad { border-left: 4px solid #c62828; padding-left: 0.6em; }
.toastnb .good { border-left: 4px solid #2e7d32; padding-left: 0.6em; }
.toastnb .before { border-left: 4px solid #9e9e9e; padding-left: 0.6em; color: var(--jp-ui-font-color2, #616161); }
.toastnb-heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 640px) {
  .toastnb-form .toastnb-beside { margin-left: 2px !important; max-width: 100% !important; }
  .toastnb-form .widget-inline-hbox:not(.widget-hprogress) { flex-wrap: wrap; height: auto; }
  .toastnb-form .widget-dropdown > select { height: 28px; }
  .toastnb-form .widget-inline-hbox > label { width: 100% !important; text-align: left; }
  .toastnb-form .jupyter-button { height: auto; min-height: 28px; white-space: normal; text-align: left; }
}
</style>"""


def shown(value: object, longest: int = LONGEST) -> str:
    """Return a text as it can be shown in one line: invisible and turning characters by number, and not too long."""
    text = str(value)
    seen = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[:longest])
    return seen if len(text) <= longest else f"{seen}\N{HORIZONTAL ELLIPSIS} ({len(text):,})"


def some(names: Sequence[str]) -> str:
    """Return the first of some names, and that there are more."""
    return ", ".join(shown(name, 60) for name in names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def html(value: object, longest: int = LONGEST) -> str:
    """Return a text for HTML: as `shown`, and escaped."""
    return escape(shown(value, longest))


def block(content: str, *, style: bool = False, role: str = "") -> str:
    """Wrap HTML in what gives it its looks; `role` tells screen readers of it (status, alert)."""
    if not content:
        return ""
    spoken = f' role="{role}"' if role else ""
    return f'{_STYLE if style else ""}<div class="toastnb"{spoken}>{content}</div>'


def region(content: str, role: str) -> str:
    """Wrap HTML in what tells screen readers of it, also while there is nothing to tell."""
    return f'<div class="toastnb" role="{role}">{content}</div>'


def heard(text: str) -> str:
    """Return a short text that screen readers tell when it changes, and that is not seen."""
    return f'<div class="toastnb-heard" role="status" aria-live="polite" aria-atomic="true">{html(text)}</div>'


def heading(text: str, remark: str = "") -> str:
    """Return a form's heading, with the style that its texts share, and what is wrong with the form as a whole."""
    return block(f"<h3>{html(text)}</h3>{warning(remark) if remark else ''}", style=True)


def warning(text: str) -> str:
    """Return a remark that something is wrong: a sign and words, so that it does not rely on colour."""
    return f'<p class="bad">{WARNING} {html(text, 4 * LONGEST)}</p>'


def note(text: str) -> str:
    """Return a remark."""
    return f"<p>{html(text, 4 * LONGEST)}</p>"


def code(text: str, cut: str = "") -> str:
    """Return text of several lines as it is; unseen characters other than line ends are shown by number.

    Of what is too long for a page only the beginning is shown, and `cut` under it, which says so.
    """
    lines = (html(line, _LONGEST_CODE) for line in text[:_LONGEST_CODE].split("\n"))
    said = warning(cut) if len(text) > _LONGEST_CODE else ""
    return block(f'{said}<pre tabindex="0">{"&#10;".join(lines)}</pre>{said}')


def trouble(title: str, problems: Iterable[str]) -> str:
    """Return what stands in the way of something, as a list under a title."""
    items = "".join(f"<li>{html(problem, 4 * LONGEST)}</li>" for problem in problems)
    return f'<div class="bad"><p><b>{WARNING} {html(title)}</b></p><ul>{items}</ul></div>'


def plain_table(head: Sequence[str], cells: Iterable[Sequence[str]], numbers: Sequence[bool] = ()) -> str:
    """Return a table; `head` is text, the cells are HTML already, `numbers` tells which columns stand right."""
    marks = [' class="number"' if number else "" for number in numbers] or [""] * len(head)
    top = "".join(f"<th{mark}>{html(name)}</th>" for mark, name in zip(marks, head, strict=True))
    rows = ("".join(f"<td{mark}>{content}</td>" for mark, content in zip(marks, row, strict=True)) for row in cells)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def table(frame: pd.DataFrame, say: Say) -> str:
    """Return the first rows of a frame as an HTML table, its named index levels as columns."""
    flat = frame if None in frame.index.names else frame.reset_index()
    numbers = [pd.api.types.is_numeric_dtype(dtype) for dtype in flat.dtypes]
    cells = ([cell(value) for value in row] for row in flat.head(MOST_ROWS).itertuples(index=False, name=None))
    more = len(flat) - MOST_ROWS
    rest = note(say("more_rows", count=f"{more:,}")) if more > 0 else ""
    return plain_table([say.column(name) for name in flat.columns], cells, numbers) + rest


def cell(value: object) -> str:
    """Return a value as HTML for a table: nothing for what is missing, long text so that it can break."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = html(value, 3 * LONGEST)
    return f'<span class="long">{text}</span>' if len(text) > _SHORT else text
