"""How wide things are, and taking all of it away: labels stand in a column, controls are as wide as there is room."""

from __future__ import annotations

import ipywidgets as widgets

_LABELS = "13em"
_WIDEST = "52em"


def control_layout() -> widgets.Layout:
    """Return the layout of a control with a label."""
    return widgets.Layout(width="auto", max_width=_WIDEST)


def button_layout(**more: str) -> widgets.Layout:
    """Return the layout of a button: as wide as its text."""
    return widgets.Layout(width="auto", max_width="100%", **more)


def beside_labels(**more: str) -> widgets.Layout:
    """Return the layout of what stands under a control."""
    return widgets.Layout(margin=f"0 0 0 calc({_LABELS} + 8px)", max_width=f"calc({_WIDEST} - {_LABELS})", **more)


def label_style(control: widgets.DOMWidget) -> None:
    """Give a control's label the width that all have."""
    control.style.description_width = _LABELS


def keep_room(remark: widgets.HTML, said: bool, *, always: bool) -> None:
    """Take a remark away when it says nothing, or keep its room.

    A remark that appears when its control is left would move the button from under the mouse key that is just being
    pressed, and the click would be lost.
    """
    remark.layout.display = None if said or always else "none"
    remark.layout.min_height = "1.7em" if always else None


def take_away(box: widgets.Box) -> None:
    """Close all that a box holds, with layouts and styles: ipywidgets keeps alive whatever is not closed."""
    inside, box.children = box.children, ()
    for widget in inside:
        if isinstance(widget, widgets.Box):
            take_away(widget)
        widget.close()
        widget.layout.close()
        if widget.has_trait("style"):
            widget.style.close()


def exchange(box: widgets.Box, before: widgets.Widget, after: widgets.Widget) -> None:
    """Put a control in the place of another, which is closed."""
    box.children = tuple(after if child is before else child for child in box.children)
    for part in (before, before.layout, before.style):
        part.close()
