"""Text and tables as HTML that shows them and does nothing else: whatever comes from the service is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import pandas as pd

from toastnb.forms.views.words import Say

LONGEST = 120
MOST_ROWS = 20
_LONGEST_CODE = 20_000
_SHORT = 36  # an id stays in one line
WARNING = "\N{WARNING SIGN}\N{VARIATION SELECTOR-15}"  # as text, not as a coloured picture
_STYLE = """<style>
.toastnb h3 { margin: 0.6em 0 0.4em; }
.toastnb h4 { margin: 0.6em 0 0.2em; }
.toastnb p, .toastnb ul { margin: 0.2em 0; line-height: 1.4; overflow-wrap: anywhere; }
.toastnb ul { padding-left: 1.4em; }
.toastnb pre { margin: 0; font-family: var(--jp-code-font-family, monospace);
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.9em; line-height: 1.35; }
.toastnb table { border-collapse: collapse; line-height: 1.4; }
.toastnb { overflow-x: auto; }
.toastnb th, .toastnb td { padding: 0.15em 0.8em 0.15em 0; text-align: left; vertical-align: top; white-space: nowrap; }
.toastnb th { border-bottom: 1px solid currentcolor; font-weight: 600; }
.toastnb .number { text-align: right; font-variant-numeric: tabular-nums; }
.toastnb .long { display: inline-block; min-width: 12em; white-space: normal; overflow-wrap: anywhere; }
.toastnb .bad { border-left: 4px solid #c62828; padding-left: 0.6em; }
.toastnb .good { border-left: 4px solid #2e7d32; padding-left: 0.6em; }
</style>"""


def shown(value: object, longest: int = LONGEST) -> str:
    """Return a text as it can be shown in one line: invisible and turning characters by number, and not too long."""
    text = str(value)
    seen = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[:longest])
    return seen if len(text) <= longest else f"{seen}\N{HORIZONTAL ELLIPSIS} ({len(text):,})"


def html(value: object, longest: int = LONGEST) -> str:
    """Return a text for HTML: as `shown`, and escaped."""
    return escape(shown(value, longest))


def block(content: str, *, style: bool = False, role: str = "") -> str:
    """Wrap HTML in what gives it its looks; `role` tells screen readers of it (status, alert)."""
    if not content:
        return ""
    spoken = f' role="{role}"' if role else ""
    return f'{_STYLE if style else ""}<div class="toastnb"{spoken}>{content}</div>'


def heading(text: str, remark: str = "") -> str:
    """Return a form's heading, with the style that its texts share, and what is wrong with the form as a whole."""
    return block(f"<h3>{html(text)}</h3>{warning(remark) if remark else ''}", style=True)


def warning(text: str) -> str:
    """Return a remark that something is wrong: a sign and words, so that it does not rely on colour."""
    return f'<p class="bad">{WARNING} {html(text, 4 * LONGEST)}</p>'


def note(text: str) -> str:
    """Return a remark."""
    return f"<p>{html(text, 4 * LONGEST)}</p>"


def code(text: str) -> str:
    """Return text of several lines as it is; unseen characters other than line ends are shown by number."""
    lines = (html(line, _LONGEST_CODE) for line in text[:_LONGEST_CODE].split("\n"))
    return block(f"<pre>{'&#10;'.join(lines)}</pre>")


def trouble(title: str, problems: Iterable[str]) -> str:
    """Return what stands in the way of something, as a list under a title."""
    items = "".join(f"<li>{html(problem, 4 * LONGEST)}</li>" for problem in problems)
    return block(f'<div class="bad"><p><b>{WARNING} {html(title)}</b></p><ul>{items}</ul></div>', role="alert")


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
