"""What can be done with instances: the table of actions, and why one does not fit those that are chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toastnb import rules, waiting
from toastnb.api import Api
from toastnb.capacity.selection import LOCAL_DISK_FAMILY, family_of
from toastnb.forms.options import Say

Values = Mapping[str, Any]
_MANY = 5


@dataclass(frozen=True)
class Action:
    """One action.

    Attributes
    ----------
    name : str
        The method of `Toast`.
    send : callable
        Sends it for one instance: called with the API, the id and the values of the fields.
    fields : tuple of str
        What it asks for, in the order of the method's arguments.
    several : bool
        Whether it is for several instances at once.
    target : str or None
        The state in which it ends.
    changes : tuple of str
        The listings that are other ones afterwards, beside the instances.
    """

    name: str
    send: Callable[[Api, str, Values], object]
    fields: tuple[str, ...] = ()
    several: bool = False
    target: str | None = None
    changes: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """What `set` also takes for it."""
        return {"delete_instance": "delete", "upload_image": "create_image"}.get(self.name, self.name)


ACTIONS = {
    action.name: action
    for action in (
        Action("start", lambda api, id_, _: api.start(id_), several=True, target="ACTIVE"),
        Action("stop", lambda api, id_, _: api.stop(id_), several=True, target="STOP"),
        Action(
            "reboot",
            lambda api, id_, values: api.reboot(id_, values["reboot_type"]),
            ("reboot_type",),
            several=True,
            target="ACTIVE",
        ),
        Action(
            "resize",
            lambda api, id_, values: api.resize(id_, values["flavor"]),
            ("flavor",),
            several=True,
            target="STOP",
        ),
        Action(
            "upload_image",
            lambda api, id_, values: api.upload_image(id_, values["image_name"]),
            ("image_name",),
            changes=("images",),
        ),
        Action(
            "add_floating_ip",
            lambda api, id_, values: api.add_floating_ip(id_, values["address"], values["ip_address"]),
            ("address", "ip_address"),
            changes=("floating_ips",),
        ),
        Action(
            "remove_floating_ip",
            lambda api, id_, values: api.remove_floating_ip(id_, values["address"]),
            ("address",),
            changes=("floating_ips",),
        ),
        Action(
            "add_security_group",
            lambda api, id_, values: api.add_security_group(id_, values["security_group"]),
            ("security_group",),
            several=True,
        ),
        Action(
            "remove_security_group",
            lambda api, id_, values: api.remove_security_group(id_, values["security_group"]),
            ("security_group",),
            several=True,
        ),
        Action(
            "attach_volume",
            lambda api, id_, values: api.attach_volume(id_, values["volume"]),
            ("volume",),
            changes=("volumes",),
        ),
        Action(
            "detach_volume",
            lambda api, id_, values: api.detach_volume(id_, values["volume"]),
            ("volume",),
            changes=("volumes",),
        ),
        Action(
            "delete_instance",
            lambda api, id_, _: api.delete_instance(id_),
            several=True,
            target=waiting.GONE,
            changes=("floating_ips", "volumes"),
        ),
    )
}


def why_not(action: Action, chosen: pd.DataFrame, say: Say) -> str:
    """Return why an action does not fit the instances that are chosen; "" when it does."""
    if chosen.empty:
        return say("why.none_chosen")
    if len(chosen) > 1 and not action.several:
        return say("why.one_only")
    unfit = state_unfit(action.name, chosen["status"], say)
    if unfit or action.name != "resize":
        return unfit
    return say("why.u2") if (family_of(chosen["flavor_name"]) == LOCAL_DISK_FAMILY).any() else ""


def state_unfit(action: str, states: pd.Series, say: Say) -> str:
    """Return why an action ("reboot SOFT" is one too) does not fit some states; one that is not known fits."""
    allowed = rules.states_for(action)
    wrong = states[states.notna() & ~states.isin(allowed)]
    if wrong.empty:
        return ""
    counts = {"unfit": f"{len(wrong):,}", "count": f"{len(states):,}"}
    if len(allowed) > _MANY:
        return say("why.deleting") if len(states) == 1 else say("why.some_deleting", **counts)
    needed = ", ".join(state for state in rules.STATES if state in allowed)
    if len(states) == 1:
        return say("why.state", states=needed, status=wrong.iloc[0])
    return say("why.states", states=needed, **counts)
