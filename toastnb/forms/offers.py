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
    """Return the first that can be chosen: the only address, or the gentler way to reboot."""
    return next((option.value for option in offered if not option.why_not), None)


def note(name: str, action: str, value: str, chosen: pd.DataFrame, say: Say) -> str:
    """Return what is to be said of a choice that not all of the instances can have."""
    if name == "flavor":
        some = int((chosen["flavor_id"] == value).sum())
        return say("some.have", some=some, count=len(chosen)) if some else ""
    if name != "security_group":
        return ""
    has = _has_group(chosen, value)
    if action == "add_security_group":
        return say("some.have", some=int(has.sum()), count=len(chosen)) if has.any() else ""
    return "" if has.all() else say("some.lack", some=int((~has).sum()), count=len(chosen))


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
        held = chosen["security_groups"].dropna().str.split(",").explode().replace("", None).dropna()
        return options.of_texts(sorted(held.unique()))
    offered = options.of_security_groups(catalogue.listing("security_groups"))
    return [
        Option(one.value, one.label, say("why.all_have") if _has_group(chosen, one.value).all() else "")
        for one in offered
    ]


def _has_group(chosen: pd.DataFrame, name: str) -> pd.Series:
    """Tell which instances have a security group; where that is not known, they have it not."""
    return ("," + chosen["security_groups"].fillna("") + ",").str.contains(f",{name},", regex=False)


def _free_volumes(volumes: Sequence[Volume], zone: object, say: Say) -> list[Option]:
    free = [volume for volume in volumes if volume.status == "available"]
    elsewhere = {
        volume.id: say("why.other_zone", zone=volume.availability_zone)
        for volume in free
        if isinstance(zone, str) and volume.availability_zone and volume.availability_zone != zone
    }
    return options.of_volumes(((one.id, one.name, one.size, elsewhere.get(one.id, "")) for one in free), say)
