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
from toastnb.forms.choosing import Filter, Instances, described, matching, names_of, typed
from toastnb.forms.errand import Errand
from toastnb.forms.form import Form
from toastnb.forms.noting import code_of, request_of
from toastnb.forms.order import Order
from toastnb.forms.verbs import ACTIONS, Action, why_not
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
        self._toast = copy(toast)  # with a last_outcome of its own
        self._only = None if df is None else df["instance_id"].dropna()
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
        self._ends.append(self._catalogue.watch(self._changed))

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
        """Return the instances that match all that is given; see `choosing.matching`."""
        return matching(self.instances, text, name=name, status=status, zone=zone, flavor=flavor)

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
        """What must be typed: how many instances; to delete one, its name (its id where that cannot be typed)."""
        chosen, action = self.chosen, self.fields["action"].value
        if action is None or chosen.empty:
            return ""
        if len(chosen) > 1:
            return str(len(chosen))
        return typed(names_of(chosen)[0], chosen["instance_id"].iloc[0]) if action == "delete_instance" else ""

    def refresh(self) -> None:
        """Read the account's instances and choices again."""
        super().refresh()
        self._catalogue.read_again(*_READ)

    def _follow(self) -> None:
        self._instances.offer(self.instances)
        chosen, field = self.chosen, self.fields["action"]
        _offer(
            field,
            [Option(name, self._say(f"action.{name}"), why_not(a, chosen, self._say)) for name, a in ACTIONS.items()],
        )
        action = None if field.problem() else ACTIONS[field.value]
        for name, field in self.fields.items():
            if name not in ("instances", "action"):
                if action is not self._offered_for:
                    field.clear()
                field.visible = action is not None and name in action.fields
        self._offered_for = action
        if action is not None:
            for name in action.fields:
                self._follow_one(name, action, chosen)

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
            field.note = offers.note(name, action.name, field.value, chosen, self._say)

    # --- sending -------------------------------------------------------------------------------------------------

    def _order(self) -> Order:
        values, chosen = self.values(), self.chosen
        action = ACTIONS[values["action"]]
        ids = chosen["instance_id"].tolist()
        errand = Errand(self._toast, self._catalogue, action, chosen, values, self._say)
        return Order(
            what=action.name,
            on_what=described(chosen),
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
