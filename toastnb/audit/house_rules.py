"""What users ask of their instances: metadata that must be there, and how names are made."""

from __future__ import annotations

import re

import pandas as pd

from toastnb.audit.findings import on_instances
from toastnb.audit.texts import among
from toastnb.inventory import Inventory


def required_metadata_missing(inventory: Inventory, *, required: tuple[str, ...]) -> pd.DataFrame:
    """Find instances that lack metadata with one of these keys; an empty value counts as lacking."""
    vms, metadata = inventory.instances_detail, inventory.metadata
    filled = metadata[metadata["value"].notna() & (metadata["value"].str.strip() != "")]
    lacking = pd.Series("", index=vms.index, dtype="str")
    for key in required:
        lacks = ~among(vms["instance_id"], filled.loc[filled["key"] == key, "instance_id"])
        lacking = lacking.mask(lacks, lacking + ", " + key)
    found = lacking != ""
    return on_instances(vms[found], "it lacks the metadata " + lacking[found].str.removeprefix(", "))


def name_pattern(inventory: Inventory, *, pattern: str) -> pd.DataFrame:
    """Find instances whose whole name does not fit a regular expression; a name that is not known is not judged."""
    vms = inventory.instances_detail
    named = vms[vms["name"].notna()]
    fits = named["name"].astype(object).str.fullmatch(re.compile(pattern)).astype(bool)
    return on_instances(named[~fits], f"its name does not fit {pattern}")
