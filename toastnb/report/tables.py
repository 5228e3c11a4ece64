"""Tables for people: units in the heads, thousands apart, numbers right, text escaped."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import pandas as pd

from toastnb.extras import needs
from toastnb.report.shapes import flat, kind_of, moment_text

_FIGURE = re.compile(r"[a-z0-9_]+")
_NAMES_OF_FIGURES = ("resource", "binding")
_LARGE = 99.95  # with a decimal it would say 100.0
_WORDS = {
    "vcpus": "vCPUs",
    "vcpu": "vCPU",
    "ram": "RAM",
    "gb": "GB",
    "mb": "MB",
    "ip": "IP",
    "id": "id",
    "at": "at",
}


def heading(column: str) -> str:
    """Return the words for a column: ``ram_gb`` is "RAM GB", ``vcpus_share`` is "vCPUs share".

    Examples
    --------
    >>> from toastnb.report.tables import heading
    >>> heading("ram_gb"), heading("to_50_gb"), heading("metadata.team")
    ('RAM GB', '≤ 50 GB', 'metadata.team')
    """
    if not _FIGURE.fullmatch(column):
        return column  # a name of the account's own, as a zone
    words = [_WORDS.get(word, word) for word in column.split("_")]
    bounds = {"to": "≤", "above": ">"}
    if words[0] in bounds:
        words[0] = bounds[words[0]]
    elif words[0] == column.split("_")[0]:
        words[0] = words[0].capitalize()
    return " ".join(words)


def table(df: pd.DataFrame, title: str = "", most: int = 200) -> Any:
    """Return a table to show in a notebook or report, with when its data was fetched.

    Parameters
    ----------
    df : DataFrame
        Any result; its index is shown where it has names. Shares (columns that end in ``_share``) are in percent.
        Figures have one decimal below 100, and none from 100 on.
    title : str
        What stands above it.
    most : int
        How many rows to show at most; how many there are is said.

    Returns
    -------
    great_tables.GT
        It shows itself. All text in it is escaped.

    Examples
    --------
    >>> import toastnb as tn
    >>> shown = tn.report.table(tn.capacity.totals(toast.instances_detail()), "By zone")
    >>> "<td" in shown.as_raw_html()
    True
    """
    with needs("report"):
        from great_tables import GT, html, loc, style
    shown = _with_words(_with_readable_times(flat(df).head(most)))
    kinds = {name: kind_of(shown[name], str(name)) for name in shown.columns}
    by_kind = {kind: [name for name, is_kind in kinds.items() if is_kind == kind] for kind in set(kinds.values())}
    gt = GT(shown).cols_label({str(name): heading(str(name)) for name in shown.columns})
    whole, broken = _whole_and_broken(shown, by_kind.get("number", []))
    gt = gt.fmt_integer([*by_kind.get("integer", []), *whole]).fmt_number(broken, decimals=1)
    for name in broken:
        gt = gt.fmt_number(name, rows=_undivided(shown[name]), decimals=0)
    gt = gt.fmt_number(by_kind.get("skew", []), decimals=2).fmt_percent(by_kind.get("share", []), decimals=1)
    gt = gt.fmt_tf(by_kind.get("flag", []), tf_style="yes-no").sub_missing(missing_text="–")
    if df.index.names[0] is not None and len(shown):
        totals = [row for row, label in enumerate(shown.iloc[:, 0]) if str(label) == "Total"]
        gt = gt.tab_style(style.text(weight="bold"), loc.body(rows=totals)) if totals else gt
    if title:
        gt = gt.tab_header(title=html(escape(title)))
    for note in _notes(df, most):
        gt = gt.tab_source_note(html(escape(note)))
    return gt.tab_options(table_font_size="13px", table_margin_left="0", data_row_padding="4px", heading_align="left")


def _notes(df: pd.DataFrame, most: int) -> list[str]:
    notes = [f"The first {most:,} of {len(df):,} rows are shown."] if len(df) > most else []
    fetched_at = df.attrs.get("fetched_at")
    return [*notes, f"Data fetched at {moment_text(str(fetched_at))}."] if fetched_at else notes


def _whole_and_broken(df: pd.DataFrame, columns: list[str]) -> tuple[list[str], list[str]]:
    """Tell columns that hold whole numbers alone from those with fractions; a ratio is one that may have them."""
    whole = [name for name in columns if "_per_" not in str(name) and (df[name].dropna() % 1 == 0).all()]
    return whole, [name for name in columns if name not in whole]


def _undivided(column: pd.Series) -> list[int]:
    """Return the rows whose figures need no decimal: nothing, and what is so large that it tells nobody anything."""
    return [row for row, value in enumerate(column) if pd.notna(value) and (abs(value) >= _LARGE or value == 0)]


def _with_words(df: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose cells that name figures (vcpus, ram_gb) say them in words."""
    if "check" in df:  # an audit's resources are names of the account's own
        return df
    named = [name for name in _NAMES_OF_FIGURES if name in df and not pd.api.types.is_bool_dtype(df[name])]
    return df.assign(**{name: df[name].map(_words_of, na_action="ignore") for name in named})


def _words_of(figure: str) -> str:
    name, *rest = figure.split(" ")
    return " ".join([heading(name), *rest])


def _with_readable_times(df: pd.DataFrame) -> pd.DataFrame:
    times = [name for name in df.columns if isinstance(df[name].dtype, pd.DatetimeTZDtype)]
    forms = {"day": "%Y-%m-%d", "time": "%Y-%m-%d %H:%M"}
    texts = {n: df[n].dt.tz_convert("UTC").dt.strftime(forms[kind_of(df[n], "")]) for n in times}
    return df.assign(**texts).rename(columns={name: f"{heading(str(name))} (UTC)" for name in times})
