"""Flavors and images that are in use and no longer offered."""

from __future__ import annotations

import pandas as pd

from toastnb.audit.findings import listed
from toastnb.audit.texts import among, so_many
from toastnb.inventory import Inventory


def flavor_disabled(inventory: Inventory) -> pd.DataFrame:
    """Find flavors in use that no new instance can have."""
    flavors = inventory.flavors
    disabled = flavors.loc[flavors["disabled"].fillna(False).astype(bool), "flavor_id"]
    return _flavors(inventory, disabled, listed_now=True, said="disabled")


def flavor_gone(inventory: Inventory) -> pd.DataFrame:
    """Find flavors in use that are not listed."""
    return _flavors(inventory, inventory.flavors["flavor_id"], listed_now=False, said="not listed any more")


def image_gone(inventory: Inventory) -> pd.DataFrame:
    """Find images that instances were made from and that are not listed."""
    used = inventory.instances_detail["image_id"].dropna().value_counts()
    gone = used[~used.index.isin(inventory.images["image_id"])]
    return listed([(image, None, f"not listed; {_made_from_it(count)}") for image, count in gone.items()])


def image_inactive(inventory: Inventory) -> pd.DataFrame:
    """Find images that instances were made from and that are in another state than active."""
    used = inventory.instances_detail["image_id"].dropna().value_counts()
    images = inventory.images[inventory.images["image_id"].isin(used.index)]
    inactive = images[images["status"].notna() & (images["status"].str.lower() != "active")]
    rows = inactive[["image_id", "name", "status"]].to_numpy().tolist()
    return listed([(image, name, f"{status}; {_made_from_it(used[image])}") for image, name, status in rows])


def _flavors(inventory: Inventory, ids: pd.Series, *, listed_now: bool, said: str) -> pd.DataFrame:
    vms = inventory.instances_detail
    are_listed = among(vms["flavor_id"], ids)
    used = vms[vms["flavor_id"].notna() & (are_listed if listed_now else ~are_listed)]
    counts = used["flavor_id"].value_counts()
    pairs = used[["flavor_id", "flavor_name"]].drop_duplicates().sort_values("flavor_name")
    names = dict(reversed(pairs.to_numpy().tolist()))  # of several, the first by name
    have_it = {flavor: so_many(count, "has it", "have it") for flavor, count in counts.items()}
    return listed([(flavor, names.get(flavor), f"{said}; {have}") for flavor, have in have_it.items()])


def _made_from_it(count: int) -> str:
    return so_many(count, "was made from it", "were made from it")
