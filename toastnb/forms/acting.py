"""The form that acts on instances: start, stop, resize, attach, delete and so on."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import pandas as pd

from toastnb import rules
from toastnb.capacity.selection import require_columns
from toastnb.fields import Choice, Field, Option, Text
from toastnb.forms import offers
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.choosing import Filter, Instances, check_known, described, matching, names_of, typed
from toastnb.forms.errand import Errand
from toastnb.forms.form import Form
from toastnb.forms.noting import code_of, request_of
from toastnb.forms.order import Order
from toastnb.forms.previews import added_up
from toastnb.forms.verbs import ACTIONS, Action, why_not
from toastnb.outcomes import as_list
from toastnb.toast import Toast

_LISTED = {
    "flavor": "flavors",
    "address": "floating_ips",
    "security_group": "security_groups",
    "volume": "volumes",
}
_READ = ("instances", "images", *_LISTED.values())
_BY_NAME = {"address", "security_group"}


class ActionForm(Form):
    """Act on instances: instances, action, and what the action needs.

    Parameters
    ----------
    toast : Toast
        The account.
    df : DataFrame, optional
        Instances, with a column instance_id: only these can be chosen, and all of them are; all of the account's by
        default, and none is chosen.
    catalogue : Catalogue, optional
        What the account offers, shared with other forms.
    lang : str, optional
        "en" or "ko"; by default the environment's.

    Examples
    --------
    >>> from toastnb.forms.acting import ActionForm
    >>> form = ActionForm(toast)
    >>> stopped = form.search(status="STOP").head(2)
    >>> form.select(stopped.instance_id).set(action="start").problems()
    {'confirm': 'must be 2'}
    >>> form.set(confirm="2").submit().outcome.tolist()
    ['done', 'done']
    >>> form.close()
    """

    kind = "actions"

    def __init__(
        self,
        toast: Toast,
        df: pd.DataFrame | None = None,
        *,
        catalogue: Catalogue | None = None,
        lang: str | None = None,
    ) -> None:
        if df is not None:
            require_columns(df, ["instance_id"], "df")
            as_list(df["instance_id"].drop_duplicates())
        self._toast = copy(toast)  # with a last_outcome of its own
        self._only = None if df is None else df["instance_id"]
        self._catalogue = catalogue or Catalogue(toast._api)
        self._catalogue.read(*_READ)
        self._shown: tuple[pd.DataFrame, pd.DataFrame] | None = None
        self._instances = Instances("instances")
        self._offered_for: Action | None = None
        super().__init__(
            [
                self._instances,
                Choice("action"),
                Choice("reboot_type"),
                self._listed("flavor"),
                Text("image_name", check=lambda text: rules.check_text(text, "image_name")),
                self._listed("address"),
                Choice("ip_address"),
                self._listed("security_group"),
                self._listed("volume"),
            ],
            lang=lang,
            read_only=toast.account().read_only,
        )
        self._changed()
        if self._only is not None:
            self.select(self._only)
        self._ends.append(self._catalogue.watch(self._listed_anew))

    def _listed(self, name: str) -> Field:
        """Return a choice, or where the account is not served the listing, a text."""
        if self._catalogue.why_absent(_LISTED[name]):
            return Text(name, check=lambda text: rules.check_text(text, name))
        return Choice(name)

    # --- choosing instances --------------------------------------------------------------------------------------

    @property
    def instances(self) -> pd.DataFrame:
        """The instances that can be chosen, as they were seen last; the same object until they are read again."""
        everything = self._catalogue.tables()["instances_detail"]
        if self._only is None:
            return everything
        if self._shown is None or self._shown[0] is not everything:
            self._shown = everything, everything[everything["instance_id"].isin(self._only)]
        return self._shown[1]

    @property
    def chosen(self) -> pd.DataFrame:
        """The instances that are chosen."""
        return self._instances.chosen()

    def search(
        self, text: str = "", *, name: str = "", status: Filter = None, zone: Filter = None, flavor: Filter = None
    ) -> pd.DataFrame:
        """Return the instances that match all that is given; see `choosing.matching`.

        Raises
        ------
        InvalidInput
            When no instance has such a state, zone or flavor: most likely a slip of the pen.
        """
        vms = self.instances
        check_known(vms["status"], "status", status)
        check_known(vms["zone"], "zone", zone)
        check_known(vms["flavor_name"], "flavor", flavor)
        return matching(vms, text, name=name, status=status, zone=zone, flavor=flavor)

    def select(self, ids: Any) -> ActionForm:
        """Choose instances by id, or by a name that only one of them has: one, a list, a Series, or a whole frame."""
        return self.set(instances=ids)

    # --- what is asked -------------------------------------------------------------------------------------------

    @property
    def button(self) -> str:
        """What the button says that sends."""
        chosen, action = self.chosen, self.fields["action"].value
        if action not in ACTIONS or chosen.empty:
            return super().button
        words = self._say(f"action.{action}")
        if len(chosen) > 1:
            return self._say("button.several", action=words, count=f"{len(chosen):,}")
        return self._say("button.one", action=words, name=names_of(chosen)[0])

    @property
    def confirmation(self) -> str:
        """What must be typed: how many instances; to delete one, its name (its id where others have the name)."""
        chosen, action = self.chosen, self.fields["action"].value
        if action is None or chosen.empty:
            return ""
        if len(chosen) > 1:
            return str(len(chosen))
        if action != "delete_instance":
            return ""
        name, id_ = names_of(chosen)[0], str(chosen["instance_id"].iloc[0])
        namesakes = self._catalogue.tables()["instances_detail"]["name"].eq(name)
        return id_ if namesakes.sum() > 1 else typed(name, id_)

    def preview(self) -> pd.DataFrame | None:
        """Return what deleting or another flavor changes in the account, or None where nothing of that is asked.

        Returns
        -------
        DataFrame or None
            Rows instances, vcpus, ram_gb, disk_gb (allocated, not used): before, difference, after (Float64),
            unknown (Int64: instances whose figure is not known).
        """
        chosen, action, flavor = self.chosen, self.fields["action"], self.fields["flavor"]
        if chosen.empty or action.problem():
            return None
        ids = chosen["instance_id"].tolist()
        if action.value == "delete_instance":
            return added_up(self._catalogue, {"remove": ids})
        if action.value == "resize" and isinstance(flavor, Choice) and flavor.value and not flavor.problem():
            return added_up(self._catalogue, {"resize": ids, "flavor": flavor.value})
        return None

    def refresh(self) -> None:
        """Read the account's instances and choices again."""
        super().refresh()
        self._catalogue.read_again(*_READ)

    def _follow(self) -> None:
        self._instances.offer(self.instances)
        chosen, field = self.chosen, self.fields["action"]
        _offer(field, [self._option(action, chosen) for action in ACTIONS.values()])
        action = None if field.problem() else ACTIONS[field.value]
        if action is not None:
            field.note = offers.loss(chosen, self._say) if action.name == "delete_instance" else ""
        for name, field in self.fields.items():
            if name not in ("instances", "action"):
                if action is not self._offered_for:
                    field.clear()
                field.visible = action is not None and name in action.fields
        self._offered_for = action
        if action is not None:
            for name in action.fields:
                self._follow_one(name, action, chosen)

    def _option(self, action: Action, chosen: pd.DataFrame) -> Option:
        label, why = self._say(f"action.{action.name}"), why_not(action, chosen, self._say)
        return Option(action.name, label, why, action.called)

    def _follow_one(self, name: str, action: Action, chosen: pd.DataFrame) -> None:
        """Offer what fits the action and the instances."""
        field = self.fields[name]
        if name == "image_name":
            return
        if isinstance(field, Text):
            words = "form.not_listed_names" if name in _BY_NAME else "form.not_listed"
            field.note = self._say(words, why=self._catalogue.why_absent(_LISTED[name]))
            return
        offered = offers.of(name, action.name, self._catalogue, chosen, self._say)
        _offer(field, offered)
        if name in {"ip_address", "reboot_type"}:
            field.suggest(offers.usual(offered))
        if not field.is_empty and not field.problem():
            field.note = offers.note(name, action.name, field.value, self._catalogue, chosen, self._say)

    # --- sending -------------------------------------------------------------------------------------------------

    def _order(self) -> Order:
        values, chosen = self.values(), self.chosen
        action = ACTIONS[values["action"]]
        ids = chosen["instance_id"].tolist()
        errand = Errand(self._toast, self._catalogue, action, chosen, values, self._say)
        return Order(
            what=action.name,
            on_what=described(chosen, self._say),
            requests=lambda: [request_of(lambda api, id_=id_: action.send(api, id_, values)) for id_ in ids],  # type: ignore[misc] # mypy/15459
            code=lambda: self._code(action, ids),
            run=lambda progress: errand.run(progress, self.timeout),
            afterwards=lambda: self._catalogue.read_again("instances", *action.changes),
            used_up=("action",),
        )

    def _code(self, action: Action, ids: list[str]) -> str:
        flavor = self.fields["flavor"]
        called = {"flavor": flavor.called} if isinstance(flavor, Choice) else {}  # other things go by id only
        values = [called.get(name, self.fields[name].value) for name in action.fields]
        wait = {"wait": True} if action.target else {}
        return code_of(action.name, ids[0] if len(ids) == 1 else ids, *values, **wait)


def _offer(field: Field, offered: Sequence[Option]) -> None:
    if isinstance(field, Choice):
        field.options = tuple(offered)
