"""Tables for people: units in the heads, thousands apart, numbers right, text escaped."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from toastnb.extras import needs
from toastnb.report.shapes import flat, kind_of

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
    if "." in column:
        return column
    words = [_WORDS.get(word, word) for word in column.split("_")]
    bounds = {"to": "≤", "above": ">"}
    if words[0] in bounds:
        words[0] = bounds[words[0]]
    elif words[0] == column.split("_")[0]:
        words[0] = words[0].capitalize()
    return " ".join(words)


def table(df: pd.DataFrame, title: str = "") -> Any:
    """Return a table to show in a notebook or report.

    Parameters
    ----------
    df : DataFrame
        Any result; its index is shown where it has names. Shares (columns that end in ``_share``) are in percent.
    title : str
        What stands above it.

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
    shown = _with_readable_times(flat(df))
    kinds = {name: kind_of(shown[name], str(name)) for name in shown.columns}
    by_kind = {kind: [name for name, is_kind in kinds.items() if is_kind == kind] for kind in set(kinds.values())}
    gt = GT(shown).cols_label({str(name): heading(str(name)) for name in shown.columns})
    gt = gt.fmt_integer(by_kind.get("integer", [])).fmt_number(by_kind.get("number", []), decimals=1)
    gt = gt.fmt_number(by_kind.get("skew", []), decimals=2).fmt_percent(by_kind.get("share", []), decimals=1)
    gt = gt.sub_missing(missing_text="–")
    if df.index.names[0] is not None and len(shown) and str(shown.iloc[-1, 0]) == "Total":
        gt = gt.tab_style(style.text(weight="bold"), loc.body(rows=[len(shown) - 1]))
    if title:
        gt = gt.tab_header(title=html(escape(title)))
    return gt.tab_options(table_font_size="13px", table_margin_left="0", data_row_padding="4px", heading_align="left")


def _with_readable_times(df: pd.DataFrame) -> pd.DataFrame:
    times = [name for name in df.columns if isinstance(df[name].dtype, pd.DatetimeTZDtype)]
    texts = {name: df[name].dt.tz_convert("UTC").dt.strftime("%Y-%m-%d %H:%M") for name in times}
    return df.assign(**texts).rename(columns={name: f"{name} (UTC)" for name in times})
