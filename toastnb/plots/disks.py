"""Disks: their sizes, the largest, and how many an instance has."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from toastnb.capacity.sizes import class_columns
from toastnb.errors import InvalidInput
from toastnb.plain import many
from toastnb.plots import style, words
from toastnb.plots.tables import MOST_BARS, check_table, largest_first

_ROLES = {"root": style.BLUE, "attached": style.ORANGE, "local": style.GREEN}


def disk_sizes(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many disks there are of each size class: root, attached and local ones apart.

    Parameters
    ----------
    table : DataFrame
        As `capacity.disk_sizing` answers, by role alone.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar a size class and role; classes are in GB, upper bounds included. Disks whose size is not known are
        counted below.

    Raises
    ------
    InvalidInput
        When the table is another one, or grouped by more than role.

    Examples
    --------
    >>> import toastnb as tn
    >>> ax = tn.plots.disk_sizes(tn.capacity.disk_sizing(toast.inventory().disks))
    >>> ax.get_ylabel()
    'Disks'
    """
    check_table(table, "capacity.disk_sizing", [*class_columns(), "unknown"], ["role"])
    if list(table.index.names) != ["role"]:
        raise InvalidInput("table is grouped by more than role", hint="Give disk_sizing(disks), without by.")
    roles = {role: look for role, look in _ROLES.items() if role in table.index}
    classes = [_class_label(column) for column in class_columns()]
    width = 0.8 / max(len(roles), 2)
    with style.drawing(ax, 7, upright=True) as ax:
        for position, (role, look) in enumerate(roles.items()):
            counts = table.loc[role, class_columns()]
            columns = [column + (position - (len(roles) - 1) / 2) * width for column in range(len(classes))]
            bars = ax.bar(
                columns,
                counts.astype(int),
                width=width * 0.95,
                color=look.colour,
                hatch=look.hatch,
                edgecolor="white",
                label=f"{role} disks",
            )
            texts = [f"{count:,}" if count else "" for count in counts]
            ax.bar_label(bars, texts, padding=2, rotation=90 if max(map(len, texts)) * width > 1 else 0)
        ax.set_xticks(range(len(classes)), classes)
        unknown = int(table["unknown"].sum())
        rest = f"; {many(unknown, 'disk')} of a size not known" if unknown else ""
        ax.set_xlabel(f"Size (GB){rest}")
        ax.set_ylabel("Disks")
        ax.yaxis.set_major_formatter(style.thousands())
        ax.set_title("Disks by size")
        if table.empty:
            style.say_empty(ax, "no disks")
    return ax


def _class_label(column: str) -> str:
    bound, size, _ = column.split("_")
    return f"{'≤' if bound == 'to' else '>'} {int(size):,}"


def largest_disks(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the largest disks as bars, each with its instance.

    Parameters
    ----------
    table : DataFrame
        As `capacity.largest_disks` answers.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar a disk, the largest first, root and attached ones apart by colour and hatch; past 30 the sum of the
        others is said below.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> account = toast.inventory()
    >>> ax = tn.plots.largest_disks(tn.capacity.largest_disks(account.disks, account.instances_detail, top=3))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['iis-p-01', 'web-prod-07', 'iis-d-04']
    """
    check_table(table, "capacity.largest_disks", ["instance_id", "instance", "name", "role", "size_gb"])
    ordered = largest_first(table, "size_gb").reset_index(drop=True)
    shown, others = ordered.iloc[:MOST_BARS], ordered.iloc[MOST_BARS:]
    with style.drawing(ax, len(shown)) as ax:
        for role, look in _ROLES.items():
            disks = shown[shown["role"] == role]
            if len(disks):
                texts = [words.number(size) for size in disks["size_gb"]]
                style.bars(ax, disks.index.tolist(), disks["size_gb"], texts, look=look, label=f"{role} disks")
        style.name_rows(ax, _disk_names(shown), empty="no disks")
        style.describe(ax, f"Size (GB){words.rest(others['size_gb'])}", "Largest disks")
    return ax


def _disk_names(disks: pd.DataFrame) -> list[str]:
    """Return the disks' owners, with the disk's own name where it has one."""
    owners = disks["instance"].fillna(disks["instance_id"])
    return [words.name((owner, "" if pd.isna(own) else own)) for owner, own in zip(owners, disks["name"], strict=True)]


def volumes_per_instance(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many instances have no attached volume, one, two, ...

    Parameters
    ----------
    table : DataFrame
        As `capacity.volumes_per_instance` answers.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A bar a number of volumes, the least first; past 30 the sum of the others is said below.

    Raises
    ------
    InvalidInput
        When the table is another one.

    Examples
    --------
    >>> import toastnb as tn
    >>> ax = tn.plots.volumes_per_instance(tn.capacity.volumes_per_instance(toast.instances_detail()))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['0 volumes', '1 volume', '2 volumes', '3 volumes', '4 volumes']
    """
    check_table(table, "capacity.volumes_per_instance", ["instances", "instances_share"], ["volumes"])
    shown, others = table.iloc[:MOST_BARS], table.iloc[MOST_BARS:]
    with style.drawing(ax, len(shown)) as ax:
        pairs = zip(shown["instances"], shown["instances_share"].astype("Float64") * 100, strict=True)
        texts = [f"{words.number(count)} ({words.number(share, ' %')})" for count, share in pairs]
        style.bars(ax, range(len(shown)), shown["instances"], texts)
        style.name_rows(ax, [_volumes(number) for number in shown.index])
        style.describe(ax, f"Instances{words.rest(others['instances'])}", "Attached volumes of an instance")
    return ax


def _volumes(number: int) -> str:
    return words.NOT_KNOWN if pd.isna(number) else many(number, "volume")
