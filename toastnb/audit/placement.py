"""Applications that go down with one zone."""

from __future__ import annotations

import pandas as pd

from toastnb.audit.check import CannotRun
from toastnb.audit.findings import listed
from toastnb.audit.metadata_secrets import looks_secret
from toastnb.audit.texts import so_many
from toastnb.capacity import single_zone
from toastnb.capacity.applications import with_app
from toastnb.capacity.selection import MISSING, with_status
from toastnb.errors import InvalidInput
from toastnb.inventory import Inventory

METADATA = "metadata."
_HIDDEN = "***"


def single_zone_application(inventory: Inventory, *, min_instances: int = 2, key: str = "prefix") -> pd.DataFrame:
    """Find applications of so many running instances or more that live in one zone of several.

    `key` is "prefix" (the name up to its first ``-``), "metadata.KEY", or a regular expression with one group.
    """
    vms = with_app(_with_key(inventory, key).instances_detail, key)
    vms["app"] = vms["app"].mask(looks_secret(vms["app"]), _HIDDEN)
    if vms["zone"].nunique() < 2:
        return listed([])
    alone = single_zone(vms, "app")
    alone = alone[(alone["instances"] >= min_instances) & (alone.index != MISSING)]
    nowhere = with_status(vms[vms["zone"].isna()], "running")["app"].value_counts()
    rows = alone[["zone", "instances"]].itertuples(name=None)
    return listed([_row(app, zone, count, int(nowhere.get(app, 0))) for app, zone, count in rows], "confidence")


def _with_key(inventory: Inventory, key: str) -> Inventory:
    if not key.startswith(METADATA):
        return inventory
    try:
        return inventory.with_metadata(key.removeprefix(METADATA))
    except InvalidInput as error:  # no instance has it
        raise CannotRun(error.said) from None


def _row(app: str, zone: str, count: int, nowhere: int) -> tuple[str, str, str, str]:
    if nowhere:
        return app, app, f"{so_many(count, 'runs', 'run')} in {zone} or in a zone not known ({nowhere})", "possible"
    return app, app, f"{so_many(count, 'runs', 'run')} in {zone} alone", "likely"
