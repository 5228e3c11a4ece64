"""How wide things are, and taking all of it away: labels stand in a column, controls are as wide as there is room."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

_LABELS = "13em"
_WIDEST = "52em"
BESIDE = "toastnb-beside"  # where the page is narrow, `markup` lets it begin at the left


def control_layout() -> widgets.Layout:
    """Return the layout of a control with a label."""
    return widgets.Layout(width="auto", max_width=_WIDEST)


def button_layout(**more: str) -> widgets.Layout:
    """Return the layout of a button: as wide as its text."""
    return widgets.Layout(width="auto", max_width="100%", **more)


def beside_labels(*, wide: bool = False, **more: str) -> dict[str, Any]:
    """Return what makes a widget stand in the column of the controls; a wide one takes all the room that there is."""
    widest = "100%" if wide else f"calc({_WIDEST} - {_LABELS})"
    layout = widgets.Layout(margin=f"2px 2px 2px calc({_LABELS} + 8px)", max_width=widest, **more)
    return {"layout": layout, "_dom_classes": (BESIDE,)}


def label_style(control: widgets.DOMWidget) -> None:
    """Give a control's label the width that all have."""
    control.style.description_width = _LABELS


def take_away(box: widgets.Box) -> None:
    """Close all that a box holds, with layouts and styles: ipywidgets keeps alive whatever is not closed."""
    inside, box.children = box.children, ()
    for widget in inside:
        if isinstance(widget, widgets.Box):
            take_away(widget)
        end(widget)


def end(widget: widgets.DOMWidget) -> None:
    """Close a widget, with its layout and style."""
    widget.close()
    widget.layout.close()
    if widget.has_trait("style"):
        widget.style.close()


def exchange(box: widgets.Box, before: widgets.Widget, after: widgets.Widget) -> None:
    """Put a control in the place of another."""
    box.children = tuple(after if child is before else child for child in box.children)
