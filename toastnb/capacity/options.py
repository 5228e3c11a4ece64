"""Which root disk sizes are valid for a flavor and an image."""

from __future__ import annotations

from typing import Any

import pandas as pd

from toastnb.capacity.selection import require_columns
from toastnb.errors import InvalidInput
from toastnb.rules import ROOT_STEP_GB, check_ram, check_root_size, os_type_of, root_sizes

_FLAVOR = ["name", "ram_mb", "volume_gb", "max_volume_gb"]
_IMAGE = ["name", "os_type", "min_disk_gb", "min_ram_mb"]
_DTYPES = {
    "flavor_name": "str",
    "image_name": "str",
    "os_type": "str",
    "fixed": "boolean",
    "min_gb": "Int64",
    "max_gb": "Int64",
    "step_gb": "Int64",
    "sizes": "Int64",
    "reason": "str",
}


def disk_options(flavor: pd.DataFrame | pd.Series, image: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Show which root disk sizes are valid for flavors with images.

    Parameters
    ----------
    flavor : DataFrame or Series
        Rows of `Toast.flavors`, or one.
    image : DataFrame or Series
        Rows of `Toast.images`, or one.

    Returns
    -------
    DataFrame
        A row a pair: flavor_name, image_name, os_type (str), fixed (boolean: the disk comes with the flavor, and no
        size is to be given), min_gb, max_gb, step_gb, sizes (Int64: how many sizes are valid), reason (str: why
        none is; missing otherwise).

    Raises
    ------
    InvalidInput
        When something else is given, or a column is lacking.

    Examples
    --------
    >>> import toastnb as tn
    >>> flavors, images = toast.flavors(), toast.images()
    >>> options = tn.capacity.disk_options(flavors[flavors.name == "m2.c2m4"], images[images.name == "Debian 12"])
    >>> options[["min_gb", "max_gb", "step_gb", "sizes"]].iloc[0].tolist()
    [20, 1000, 10, 99]
    """
    flavors, images = _rows(flavor, _FLAVOR, "flavor"), _rows(image, _IMAGE, "image")
    rows = [_option(one, other) for one in flavors for other in images]
    table = pd.DataFrame(rows, columns=list(_DTYPES)).astype(_DTYPES)
    table.attrs = dict(flavor.attrs)
    return table


def _rows(given: pd.DataFrame | pd.Series, columns: list[str], what: str) -> list[dict[str, Any]]:
    """Return one or more rows as dicts, None for what is missing."""
    frame = given.to_frame().T if isinstance(given, pd.Series) else given
    require_columns(frame, columns, what)
    known = frame[columns].astype(object)
    rows = known.where(known.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


def _option(flavor: dict[str, Any], image: dict[str, Any]) -> dict[str, Any]:
    os_type = os_type_of(image["os_type"], None, image["name"])
    fixed = flavor["volume_gb"]
    sizes = root_sizes(image["min_disk_gb"], flavor["max_volume_gb"], os_type)
    reason = _why_none(flavor, image, os_type, sizes)
    offered = range(0) if reason else sizes if fixed is None else range(fixed, fixed + 1)
    return {
        "flavor_name": flavor["name"],
        "image_name": image["name"],
        "os_type": os_type,
        "fixed": fixed is not None,
        "min_gb": offered[0] if offered else None,
        "max_gb": offered[-1] if offered else None,
        "step_gb": ROOT_STEP_GB if offered and fixed is None else None,
        "sizes": len(offered),
        "reason": reason,
    }


def _why_none(flavor: dict[str, Any], image: dict[str, Any], os_type: str | None, sizes: range) -> str | None:
    fixed, least = flavor["volume_gb"], image["min_disk_gb"] or 0
    try:
        check_ram(flavor["ram_mb"], image["min_ram_mb"], os_type)
        check_root_size(None if fixed is not None else next(iter(sizes), least), sizes, fixed, os_type)
    except InvalidInput as error:
        return error.said
    if fixed is not None and fixed < least:
        return f"the flavor's disk has {fixed} GB, but the image needs {least} GB"
    return None
