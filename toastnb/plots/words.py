"""What is written in plots: names from the service as they are, numbers with thousands apart, units."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from toastnb.capacity.selection import MISSING
from toastnb.plain import many

NOT_KNOWN = "not known"
UNITS = {
    "instances": "Instances",
    "vcpus": "vCPUs",
    "ram_gb": "RAM (GB)",
    "root_gb": "Root disks (GB)",
    "attached_gb": "Attached disks (GB)",
    "disk_gb": "Disks (GB)",
}
NOUNS = {
    "instances": "instances",
    "vcpus": "vCPUs",
    "ram_gb": "GB RAM",
    "root_gb": "GB root disks",
    "attached_gb": "GB attached disks",
    "disk_gb": "GB disks",
}
_LONGEST_NAME = 40


def name(key: Hashable, mark: str = "") -> str:
    """Return a key of a table on one line, 40 characters at most; a mark comes after it, uncut.

    Examples
    --------
    >>> from toastnb.plots.words import name
    >>> name(("kr-pub-a", "m2.c2m4")), name("m1.c2m4", " (gone)"), len(name("a" * 90))
    ('kr-pub-a · m2.c2m4', 'm1.c2m4 (gone)', 40)
    """
    parts = key if isinstance(key, tuple) else (key,)
    text = " · ".join(MISSING if pd.isna(part) else str(part) for part in parts if part != "")
    # An end of line, or a mark that turns the writing direction, would take a name out of its row.
    line = "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)
    return f"{line if len(line) <= _LONGEST_NAME else f'{line[: _LONGEST_NAME - 1]}…'}{mark}"


def number(value: Any, unit: str = "") -> str:
    """Return a number as it is read; what is small but not zero does not become it.

    Examples
    --------
    >>> from toastnb.plots.words import number
    >>> number(12345.0), number(3.5, " %"), number(0.01), number(None)
    ('12,345', '3.5 %', '< 0.1', 'not known')
    """
    if pd.isna(value):
        return NOT_KNOWN
    amount = round(float(str(value)), 6)
    if amount.is_integer() or abs(amount) >= 100:
        return f"{amount:,.0f}{unit}"
    if abs(amount) < 0.05:
        return f"< 0.1{unit}" if amount > 0 else f"> -0.1{unit}"
    return f"{amount:,.1f}{unit}"


def signed(value: Any, unit: str = "") -> str:
    """Return a difference with its sign."""
    text = number(value, unit)
    return f"+{text}" if text[0].isdecimal() and text != number(0, unit) else text


def titled(what: str, whose: str = "", when: str = "") -> str:
    """Return the title of a plot: what it shows, of whom and when, as far as that is known.

    Examples
    --------
    >>> from toastnb.plots.words import titled
    >>> titled("Growth", "shop", "2026-08-01 to 2026-10-31"), titled("Growth")
    ('Growth: shop, 2026-08-01 to 2026-10-31', 'Growth')
    """
    known = ", ".join(part for part in (whose, when) if part)
    return f"{what}: {known}" if known else what


def by(table: pd.DataFrame, without: str = "") -> str:
    """Return what a table is grouped by, in words."""
    levels = [str(level).replace("_", " ") for level in table.index.names if level != without]
    return name(" and ".join(levels))


def rest(others: pd.Series) -> str:
    """Return what is said of the rows that are not drawn: how many, and the sum of what is known of them."""
    if others.empty:
        return ""
    known = others.sum(min_count=1)
    return f"; {many(len(others), 'other')}: {number(known)}{gaps(known, int(others.isna().sum()))}"


def gaps(figure: Any, lacking: int) -> str:
    """Return what is said beside a figure that leaves so many out; one that is not known says it all."""
    return f" ({lacking:,} {NOT_KNOWN})" if lacking and pd.notna(figure) else ""
