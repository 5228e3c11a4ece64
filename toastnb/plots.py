"""Plots of the analyses: from a table of `capacity` to matplotlib Axes, with units, sorted and labelled.

Names come from the service: they are drawn as they are, never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes

from toastnb.capacity.disks import class_columns
from toastnb.capacity.selection import require_columns
from toastnb.capacity.sums import TOTAL
from toastnb.errors import InvalidInput

__all__ = ["disk_sizes", "totals", "zone_balance"]

LABELS = {
    "instances": "Instances",
    "vcpus": "vCPUs",
    "ram_gb": "RAM (GB)",
    "root_gb": "Root disks (GB)",
    "attached_gb": "Attached disks (GB)",
    "disk_gb": "Disks (GB)",
}
# From the palette of Okabe and Ito, which is told apart with any colour vision.
_BLUE, _ORANGE, _GREY = "#0072B2", "#E69F00", "#767676"
_HANGUL_FONTS = ("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo")
_MOST_BARS = 30
_BAR_INCHES = 0.32


@cache
def _fonts() -> list[str]:
    known = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _HANGUL_FONTS if name in known)]


@contextmanager
def _style() -> Iterator[None]:
    style: dict[Any, Any] = {
        "font.family": _fonts(),
        "axes.unicode_minus": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": "large",  # not bold: not every Hangul font has a bold face
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "toastnb",
    }
    plt.draw_if_interactive()  # loads the backend: what a notebook's sets when it loads must outlive the context
    with mpl.rc_context(style):
        yield


def totals(table: pd.DataFrame, column: str = "vcpus", ax: Axes | None = None) -> Axes:
    """Draw one figure of `capacity.totals` as bars, the largest first.

    Parameters
    ----------
    table : DataFrame
        As `capacity.totals` answers; a Total row is left out.
    column : str
        The figure: instances, vcpus, ram_gb, root_gb, attached_gb or disk_gb.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        With the unit on its axis and the value at each bar. Groups of which nothing is known are named without a
        bar; past 30 groups the sum of the others is said below.

    Raises
    ------
    InvalidInput
        When the table lacks the column.

    Examples
    --------
    >>> import toastnb as tn
    >>> table = tn.capacity.totals(toast.instances_detail(), by="zone")
    >>> tn.plots.totals(table, "ram_gb").get_xlabel()
    'RAM (GB)'
    """
    require_columns(table, [column], "table")
    if None in table.index.names:
        raise InvalidInput("table has no groups", hint="Give what tn.capacity.totals answers.")
    values = _without_total(table)[column].astype("Float64").sort_values(ascending=False, na_position="last")
    shown, others = values.iloc[:_MOST_BARS], values.iloc[_MOST_BARS:]
    unit = LABELS.get(column, column)
    with _style():
        ax = ax or _new_axes(len(shown))
        bars = ax.barh(range(len(shown)), shown.fillna(0).astype(float), color=_BLUE)
        ax.bar_label(bars, [_number(value) for value in shown], padding=4)
        _name_rows(ax, [_name(key) for key in shown.index])
        rest = f"; {len(others):,} others: {_number(others.sum(min_count=1))}" if len(others) else ""
        _label(ax, f"{unit}{rest}", f"{unit} by {_by(table)}")
    return ax


def zone_balance(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each zone's share of vCPUs, RAM and disks beside an even spread.

    Parameters
    ----------
    table : DataFrame
        As `capacity.zone_balance` answers.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Three bars a zone in percent; the dashed line is an even share.

    Examples
    --------
    >>> import toastnb as tn
    >>> ax = tn.plots.zone_balance(tn.capacity.zone_balance(toast.instances_detail()))
    >>> ax.get_xlabel()
    'Share of what is allocated (%)'
    """
    series = {
        "vcpus_share": ("vCPUs", _BLUE, ""),
        "ram_share": ("RAM", _ORANGE, "//"),
        "disk_share": ("Disks", _GREY, ".."),
    }
    require_columns(table, [*series, "vcpus_skew"], "table")
    ordered = table.sort_values("vcpus_share", ascending=False, na_position="last")
    with _style():
        ax = ax or _new_axes(len(ordered) * 3)
        for position, (column, (label, colour, hatch)) in enumerate(series.items()):
            shares = ordered[column].astype("Float64") * 100
            rows = [row + (position - 1) * 0.27 for row in range(len(ordered))]
            bars = ax.barh(
                rows,
                shares.fillna(0).astype(float),
                height=0.25,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                label=label,
            )
            ax.bar_label(bars, [_number(share, " %") for share in shares], padding=4)
        zones = int(ordered["vcpus_skew"].notna().sum())
        if zones > 1:
            ax.axvline(
                100 / zones, color="black", linestyle="--", linewidth=1, zorder=0, label=f"even ({100 / zones:.0f} %)"
            )
        _name_rows(ax, [_name(key) for key in ordered.index])
        _label(ax, "Share of what is allocated (%)", "Balance of zones")
        if len(ordered):
            ax.legend(loc="upper left", bbox_to_anchor=(1.06, 1), frameon=False)
    return ax


def disk_sizes(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many disks there are of each size class, root and attached apart.

    Parameters
    ----------
    table : DataFrame
        As `capacity.disk_sizing` answers, by role alone.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar a size class and role; classes are in GB, upper bounds included.

    Examples
    --------
    >>> import toastnb as tn
    >>> ax = tn.plots.disk_sizes(tn.capacity.disk_sizing(toast.inventory().disks))
    >>> ax.get_ylabel()
    'Disks'
    """
    require_columns(table, class_columns(), "table")
    if list(table.index.names) != ["role"]:
        raise InvalidInput("table is grouped by more than role", hint="Give disk_sizing(disks), without by.")
    styles = {"root": (_BLUE, ""), "attached": (_ORANGE, "//")}
    classes = [_class_label(column) for column in class_columns()]
    with _style():
        if ax is None:
            _, ax = plt.subplots(figsize=(8, 3.6))
        for position, (role, (colour, hatch)) in enumerate(styles.items()):
            if role not in table.index:
                continue
            counts = [int(table[column][role]) for column in class_columns()]
            columns = [column + (position - 0.5) * 0.4 for column in range(len(classes))]
            bars = ax.bar(
                columns,
                counts,
                width=0.38,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                label=f"{role} disks",
            )
            ax.bar_label(bars, [f"{count:,}" if count else "" for count in counts], padding=2)
        ax.set_xticks(range(len(classes)), classes)
        ax.set_xlabel("Size (GB)")
        ax.set_ylabel("Disks")
        ax.set_title("Disks by size")
        if len(table):
            ax.legend(frameon=False)
        else:
            _say_empty(ax, "no disks")
    return ax


# --- parts of a plot --------------------------------------------------------------------------------------------------


def _new_axes(bars: int) -> Axes:
    _, ax = plt.subplots(figsize=(8, 1.3 + _BAR_INCHES * max(bars, 1)))
    return ax


def _without_total(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:-1] if len(table) and _name(table.index[-1]) == TOTAL else table


def _name(key: object) -> str:
    if isinstance(key, tuple):
        return " · ".join(str(part) for part in key if part != "")
    return str(key)


def _by(table: pd.DataFrame) -> str:
    return " and ".join(str(name).replace("_", " ") for name in table.index.names)


def _number(value: object, unit: str = "") -> str:
    if value is pd.NA:
        return "not known"
    number = float(str(value))
    return f"{number:,.0f}{unit}" if number == round(number) or number >= 100 else f"{number:,.1f}{unit}"


def _class_label(column: str) -> str:
    bound, size, _ = column.split("_")
    return f"≤ {size}" if bound == "to" else f"> {size}"


def _name_rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), [name if len(name) <= 40 else f"{name[:39]}…" for name in names])
    for text in ax.get_yticklabels():
        text.set_parse_math(False)
    ax.invert_yaxis()
    ax.margins(x=0.12, y=0.02)
    if not names:
        _say_empty(ax, "no instances")


def _say_empty(ax: Axes, what: str) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.text(0.5, 0.5, what, transform=ax.transAxes, ha="center", va="center", color=_GREY)


def _label(ax: Axes, unit: str, title: str) -> None:
    ax.set_xlabel(unit)
    ax.set_title(title, parse_math=False)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def __dir__() -> list[str]:
    return __all__  # what Tab shows
