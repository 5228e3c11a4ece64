"""What can be read from a plot, and what it is made of."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from tests.capacity.builders import instance, tables


def vms(**counts: int) -> pd.DataFrame:
    """Return instances of 2 vCPUs, 4 GB and 150 GB of disks, as many in each zone as is said."""
    zones = [zone for zone, count in counts.items() for _ in range(count)]
    return tables([instance(number, availabilityZone=zone) for number, zone in enumerate(zones)])["instances_detail"]


def names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def notes(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def unit(ax: Axes) -> str:
    return " ".join(ax.get_xlabel().split())


def legend(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def widths(ax: Axes, label: str) -> list[float]:
    """Return how long the bars of one series are."""
    return [bar.get_width() for drawn in ax.containers if drawn.get_label() == label for bar in drawn]


def starts(ax: Axes, label: str) -> list[float]:
    """Return where the bars of one series begin."""
    return [bar.get_x() for drawn in ax.containers if drawn.get_label() == label for bar in drawn]


def collisions(ax: Axes) -> list[tuple[str, str]]:
    """Return pairs of texts that cover each other, and texts that leave the figure."""
    ax.figure.canvas.draw()
    frame = ax.figure.bbox
    axes = [axis for axis in (ax.xaxis, ax.yaxis) if axis.get_visible()]
    texts = [ax._left_title, *ax.texts, *(text for axis in axes for text in (axis.label, *_ticks(axis)))]
    if ax.get_legend() is not None:
        texts += [*ax.get_legend().get_texts(), ax.get_legend().get_title()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text() and text.get_visible()]
    covered = [(one, other) for (one, box), (other, beside) in combinations(boxes, 2) if _cover(box, beside)]
    outside = [
        (text, "outside")
        for text, box in boxes
        if box.x0 < -1 or box.y0 < -1 or box.x1 > frame.x1 + 1 or box.y1 > frame.y1 + 1
    ]
    return covered + outside


def _ticks(axis: Axis) -> list[Text]:
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]


def _cover(one: Bbox, other: Bbox) -> bool:
    """Tell whether two boxes cover each other by more than a hair."""
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    along = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > 1 and along > 1
