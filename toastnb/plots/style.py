"""What all plots share: fonts, colours and hatches, names as they are, and room for what is written at the bars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from textwrap import fill
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation

from toastnb.plain import MARK
from toastnb.plots.words import number


class Look(NamedTuple):
    """How a series is drawn; the hatch tells it apart where colours do not."""

    colour: str
    hatch: str = ""


# The palette of Okabe and Ito, which is told apart with any colour vision.
BLUE, ORANGE, GREEN = Look("#0072B2"), Look("#E69F00", "//"), Look("#009E73", "\\\\")
VERMILION, SKY, GREY = Look("#D55E00", "xx"), Look("#56B4E9", "--"), Look("#767676", "..")
_INK = "black"

_BAR_INCHES = 0.32
_GAP = 4.0  # points between a bar and its text
_LEGEND_INCHES = 0.24
_LINE_INCHES = 0.17
_AXIS_INCHES = 0.55  # ticks and the name of the axis, which the legend is below
_FRAME_INCHES = 1.1  # title, ticks and the name of the axis
_WIDTH_INCHES = 8.0
_NAME_INCHES = 3.2  # what is wider makes the figure wider: bars keep their room
_TITLE_INCHES = 0.2  # a line of it
_RANGE = re.compile(r"[\d-]{7,10}(?: [\d:]{5})? to [\d-]{7,10}(?: [\d:]{5})?")  # "2026-10-25 to 2026-11-01"
_HANGUL_FONTS = ("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo")
_WHITE_PAGE = {
    **dict.fromkeys(("figure.facecolor", "axes.facecolor"), "white"),
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK),
    **dict.fromkeys(("xtick.labelcolor", "ytick.labelcolor", "axes.titlecolor"), _INK),
}


@cache
def _fonts() -> list[str]:
    known = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _HANGUL_FONTS if name in known)]


@cache
def _glyphs() -> frozenset[int]:
    """Return the characters that one of our fonts has."""
    fonts = (font_manager.get_font(font_manager.findfont(name)) for name in _fonts())
    return frozenset(char for font in fonts for char in font.get_charmap())


def ink() -> str:
    """Return the colour of lines and marks: black on our page, whatever texts have on the user's own."""
    return str(mpl.rcParams["text.color"])


@contextmanager
def drawing(
    ax: Axes | None, bars: float, *, upright: bool = False, legend: str = "", start: float = 0
) -> Iterator[Axes]:
    """Draw in the style of the house, on the axes given or on a new white figure that fits its bars.

    Parameters
    ----------
    ax : Axes or None
        Where to draw.
    bars : float
        How many bars of usual height lie above each other.
    upright : bool
        Whether bars stand.
    legend : str
        What stands above the legend.
    start : float
        Where the axis of numbers begins.

    Yields
    ------
    Axes
        At the end title and unit are broken where the axes end, it gets a legend, if anything has a label, and an axis
        of numbers that is long enough for what is written at the bars.
    """
    style: dict[Any, Any] = {
        "font.family": _fonts(),
        "text.parse_math": False,
        "text.usetex": False,
        "axes.unicode_minus": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": "large",  # not bold: not every Hangul font has a bold face
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "toastnb",
    }
    plt.draw_if_interactive()  # loads the backend: what a notebook's sets when it loads must outlive the context
    with mpl.rc_context(style if ax else style | _WHITE_PAGE):
        on = ax or _new_axes(bars)
        yield on
        figure = on.figure.canvas.figure
        if ax is None:
            figure.set_figwidth(_WIDTH_INCHES + max(0, _widest_name(on) - _NAME_INCHES))
        notes = [text for text in on.texts if isinstance(text, Annotation)]
        for text in notes:
            text.set_in_layout(False)
            text.set_bbox({"facecolor": on.get_facecolor(), "edgecolor": "none", "pad": 1})  # no line runs through it
        figure.draw_without_rendering()  # now the layout has said how long the axes are
        _break(on.xaxis.label, on.bbox.width)
        title = on.set_title(on.get_title(loc="left"), loc="left")
        _as_it_is(title)
        more = _TITLE_INCHES * _break(title, on.bbox.width) + _LEGEND_INCHES * _place_legend(on, legend)
        if ax is None:
            figure.set_figheight(figure.get_figheight() + more)
        _make_room(on, notes, upright, start)


def _new_axes(bars: float) -> Axes:
    _, ax = plt.subplots(figsize=(_WIDTH_INCHES, _FRAME_INCHES + _BAR_INCHES * max(bars, 1)))
    ax.tick_params(color=_INK, labelcolor=_INK)  # ticks that are made later, when somebody zooms, too
    return ax


def _widest_name(ax: Axes) -> float:
    return max((text.get_window_extent().width for text in ax.get_yticklabels()), default=0) / ax.figure.dpi


def _break(text: Text, room: float) -> int:
    """Break a text into lines that have room, but not within a range of dates; return how many follow the first."""
    lines = _RANGE.sub(lambda found: found[0].replace(" ", "\xa0"), text.get_text()).split("\n")
    width = max(map(len, lines))
    while text.get_window_extent().width > room and width > 1:
        width -= 1
        text.set_text("\n".join(fill(line, width) for line in lines).replace("\xa0", " "))
    return text.get_text().count("\n")


def _place_legend(ax: Axes, title: str) -> int:
    """Put a legend below the bars, bars first, and return how many lines it has.

    It has as many columns as are not wider than the bars: a wider one would make the layout squeeze them.
    """
    handles, labels = ax.get_legend_handles_labels()
    if not handles or not ax.yaxis.get_visible():  # nothing to tell apart
        return 0
    entries = sorted(zip(handles, labels, strict=True), key=lambda entry: not isinstance(entry[0], BarContainer))
    room, widths = ax.bbox.width / ax.figure.dpi, [0.085 * len(label) + 0.7 for label in labels]
    below = _AXIS_INCHES + _LINE_INCHES * ax.get_xlabel().count("\n")
    columns = len(labels) if sum(widths) <= room else max(int(room / max(widths)), 1)
    ax.legend(
        *zip(*entries, strict=True),
        title=title,
        ncols=columns,
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=ax.transAxes + ScaledTranslation(0, -below, ax.figure.dpi_scale_trans),
        borderaxespad=0,
        borderpad=0,
        frameon=False,
        alignment="left",
    )
    return -(-len(labels) // columns) + bool(title)


def _make_room(ax: Axes, notes: Sequence[Annotation], upright: bool, start: float) -> None:
    """End the axis of numbers where the texts at the bars end."""
    side = 1 if upright else 0
    axis, limit = (ax.yaxis, ax.set_ylim) if upright else (ax.xaxis, ax.set_xlim)
    room = ax.bbox.size[side]
    length = max(float(ax.dataLim.max[side]) - start, 0) * 1.02 if ax.has_data() else 0
    for note in notes:
        taken = (note.get_window_extent().size[side] + 12) / room
        length = max(length, (float(note.xy[side]) - start) / max(1 - taken, 0.25))
    length = length or 1
    end = start + length
    limit(start, end)
    inches = 0.5 if upright else 0.1 * len(number(end)) + 0.2
    ticks = min(max(int(room / ax.figure.dpi / inches), 1), 8)
    axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10], integer=length >= 1))


# --- parts of a plot --------------------------------------------------------------------------------------------------


def bars(
    ax: Axes,
    rows: Sequence[float],
    values: pd.Series,
    texts: Sequence[str] = (),
    *,
    look: Look = BLUE,
    label: str = "",
    left: pd.Series | None = None,
    height: float = 0.8,
) -> None:
    """Draw lying bars, each with its text; what is not known has none."""
    drawn = ax.barh(
        rows,
        lengths(values),
        left=0 if left is None else lengths(left),
        height=height,
        color=look.colour,
        hatch=look.hatch,
        edgecolor="white",
        label=label,
    )
    if texts:
        ax.bar_label(drawn, texts, padding=_GAP)


def bars_beside(
    ax: Axes, position: int, of: int, values: pd.Series, texts: Sequence[str], *, look: Look, label: str
) -> None:
    """Draw one of several bars a row, each with its text; position 0 is the uppermost."""
    step = 0.8 / of
    rows = [row + (position - (of - 1) / 2) * step for row in range(len(values))]
    bars(ax, rows, values, texts, look=look, label=label, height=step * 0.95)


def stacked(ax: Axes, parts: pd.DataFrame, looks: Mapping[str, Look]) -> None:
    """Draw a bar a row, made of its columns in the order of the looks; what no row has is in no legend either."""
    start = pd.Series(0.0, index=parts.index)
    for name, look in looks.items():
        part = pd.Series(lengths(parts[name]), index=parts.index) if name in parts else start * 0
        if part.any():
            bars(ax, range(len(parts)), part, look=look, label=name, left=start)
        start = start + part


def lengths(values: pd.Series) -> list[float]:
    """Return how long bars are: none where the value is missing or has no end."""
    amounts = values.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    return [float(amount) for amount in np.where(np.isfinite(amounts), amounts, 0)]


def note(ax: Axes, rows: Iterable[float], ends: Iterable[float], texts: Iterable[str], gap: float = _GAP) -> None:
    """Write a text at the end of each bar, so many points away."""
    for row, end, text in zip(rows, ends, texts, strict=True):
        ax.annotate(text, (end, row), xytext=(gap, 0), textcoords="offset points", va="center")


def name_rows(ax: Axes, names: Sequence[str], empty: str = "no instances") -> None:
    """Name the rows, the first above; where there is none, say so."""
    ax.set_yticks(range(len(names)), [_with_glyphs(name) for name in names])
    for text in ax.get_yticklabels():
        _as_it_is(text)
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    if not names:
        say_empty(ax, empty)


def _as_it_is(text: Text) -> None:
    """Have a text drawn as it is, whatever the user's settings were when it was made: neither as formula nor by TeX."""
    text.set_parse_math(False)
    text.set_usetex(False)


def _with_glyphs(text: str) -> str:
    """Return a text in which no character lacks a picture: matplotlib would warn of each, whenever it draws."""
    return text if text.isascii() else "".join(char if ord(char) in _glyphs() else MARK for char in text)


def tear(ax: Axes, rows: Iterable[float]) -> None:
    """Show that these bars, and the axis of numbers, do not begin at zero: two strokes near their beginning."""
    slanted: dict[str, Any] = {"marker": [(-0.35, -1), (0.35, 1)], "linestyle": "", "clip_on": False}
    for row in rows:
        ax.plot(
            [0.025, 0.04], [row, row], transform=ax.get_yaxis_transform(), color=ax.get_facecolor(),
            markersize=30, markeredgewidth=2.5, **slanted,
        )  # fmt: skip
    ax.plot([0.025, 0.04], [0, 0], transform=ax.transAxes, color=ink(), markersize=10, **slanted)


def say_empty(ax: Axes, what: str) -> None:
    """Say in the middle that there is nothing to draw."""
    ax.xaxis.set_visible(False)
    ax.yaxis.set_visible(False)
    ax.text(0.5, 0.5, what, transform=ax.transAxes, ha="center", va="center", color=GREY.colour)


def describe(ax: Axes, unit: str, title: str) -> None:
    """Name the axis of numbers and the plot."""
    _as_it_is(ax.set_xlabel(_with_glyphs(unit)))
    _as_it_is(ax.set_title(_with_glyphs(title)))
    ax.xaxis.set_major_formatter(thousands())


def thousands() -> FuncFormatter:
    """Return what writes the ticks of an axis of numbers."""
    return FuncFormatter(lambda value, _: f"{value:,.10g}")
