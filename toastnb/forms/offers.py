"""What an action on instances can be given: flavors that the rules allow, free addresses, volumes of the zone."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from toastnb import rules
from toastnb.fields import Option
from toastnb.forms import options
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.options import Say
from toastnb.forms.verbs import state_unfit
from toastnb.wire import Flavor
from toastnb.wire_siblings import Image, Volume


def of(name: str, action: str, catalogue: Catalogue, chosen: pd.DataFrame, say: Say) -> list[Option]:
    """Return the options of a field for an action on the instances that are chosen."""
    one = chosen["instance_id"].iloc[0]
    if name == "reboot_type":
        states = chosen["status"]
        unfit = {"SOFT": state_unfit("reboot SOFT", states, say), "HARD": state_unfit("reboot", states, say)}
        return [Option(kind, say(f"reboot.{kind}"), unfit[kind]) for kind in rules.REBOOT_TYPES]
    if name == "flavor":
        return _flavors(catalogue, chosen, say)
    if name == "address":
        if action == "add_floating_ip":
            return options.of_free_addresses(catalogue.listing("floating_ips"))
        return options.of_texts(_of_one(catalogue, "addresses", one)["floating_ip"].dropna().unique())
    if name == "ip_address":
        return options.of_own_addresses(_of_one(catalogue, "addresses", one), say)
    if name == "security_group":
        return _security_groups(action, catalogue, chosen, say)
    if action == "attach_volume":
        return _free_volumes(catalogue.listing("volumes"), chosen["zone"].iloc[0], say)
    disks = _of_one(catalogue, "disks", one)
    attached = disks[(disks["role"] == "attached") & disks["volume_id"].notna()][["volume_id", "name", "size_gb"]]
    rows = attached.astype(object).where(attached.notna(), None).itertuples(index=False, name=None)
    return options.of_volumes(((*row, "") for row in rows), say)


def usual(offered: Sequence[Option]) -> object:
    """Return the first, where it can be chosen: an address, or the gentler way to reboot, never the other."""
    return offered[0].value if offered and not offered[0].why_not else None


def note(name: str, action: str, value: str, catalogue: Catalogue, chosen: pd.DataFrame, say: Say) -> str:
    """Return what is to be said of a choice that not all of the instances can have."""
    if name == "flavor":
        some = int((chosen["flavor_id"] == value).sum())
        return say("some.have", some=some, count=len(chosen)) if some else ""
    if name != "security_group":
        return ""
    has = _has_group(catalogue, chosen, value)
    if action == "add_security_group":
        return say("some.have", some=int(has.sum()), count=len(chosen)) if has.any() else ""
    return "" if has.all() else say("some.lack", some=int((~has).sum()), count=len(chosen))


def loss(chosen: pd.DataFrame, say: Say) -> str:
    """Return what goes with instances that are deleted, and what stays."""
    root = chosen["root_gb"]
    parts = [say("delete.root", root_gb=f"{int(root.sum()):,}")]
    if root.isna().any():
        parts.append(say("delete.root_unknown", count=int(root.isna().sum())))
    volumes = chosen["attached_count"]
    if volumes.sum() or volumes.isna().any():
        parts.append(say("delete.volumes", count=f"{int(volumes.sum()):,}"))
    return "; ".join(parts)


def _of_one(catalogue: Catalogue, table: str, instance_id: str) -> pd.DataFrame:
    rows = catalogue.tables()[table]
    return rows[rows["instance_id"] == instance_id]


def _flavors(catalogue: Catalogue, chosen: pd.DataFrame, say: Say) -> list[Option]:
    used = set(chosen["image_id"].dropna().unique())
    images = [image for image in catalogue.listing("images") or () if image.id in used]
    return [
        Option(flavor.id, options.flavor_label(flavor, say), _unfit(flavor, images, chosen, say), flavor.name or "")
        for flavor in catalogue.flavors()
    ]


def _unfit(flavor: Flavor, images: Sequence[Image], chosen: pd.DataFrame, say: Say) -> str:
    if flavor.disabled:
        return say("why.disabled")
    if flavor.volume_size is not None:
        return say("why.to_u2")
    if (chosen["flavor_id"] == flavor.id).all():
        return say("why.present")
    lacking = next((image for image in images if options.lacks_ram(flavor, image)), None)
    return say("why.ram", image=lacking.name or lacking.id) if lacking else ""


def _security_groups(action: str, catalogue: Catalogue, chosen: pd.DataFrame, say: Say) -> list[Option]:
    if action == "remove_security_group":
        return options.of_texts(sorted(_groups_of(catalogue, chosen)["security_group"].unique()))
    offered = options.of_security_groups(catalogue.listing("security_groups"))
    return [
        Option(one.value, one.label, say("why.all_have") if _has_group(catalogue, chosen, one.value).all() else "")
        for one in offered
    ]


def _groups_of(catalogue: Catalogue, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the security groups of instances, a row each: a name may have a comma in it."""
    rows = catalogue.tables()["instance_security_groups"]
    return rows[rows["instance_id"].isin(chosen["instance_id"])].dropna()


def _has_group(catalogue: Catalogue, chosen: pd.DataFrame, name: str) -> pd.Series:
    """Tell which instances have a security group; where that is not known, they have it not."""
    held = _groups_of(catalogue, chosen)
    return chosen["instance_id"].isin(held[held["security_group"] == name]["instance_id"])


def _free_volumes(volumes: Sequence[Volume], zone: object, say: Say) -> list[Option]:
    free = [volume for volume in volumes if volume.status == "available"]
    elsewhere = {
        volume.id: say("why.other_zone", zone=volume.availability_zone)
        for volume in free
        if isinstance(zone, str) and volume.availability_zone and volume.availability_zone != zone
    }
    return options.of_volumes(((one.id, one.name, one.size, elsewhere.get(one.id, "")) for one in free), say)
