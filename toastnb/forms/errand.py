"""Carrying out an action on instances, and following it to its end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from toastnb import rules, waiting
from toastnb.errors import Conflict, ToastError
from toastnb.forms.catalogue import Catalogue
from toastnb.forms.choosing import names_of
from toastnb.forms.following import until_status
from toastnb.forms.options import Say
from toastnb.forms.verbs import Action, Values
from toastnb.forms.work import Progress
from toastnb.outcomes import of_wait
from toastnb.toast import Toast

_NAMED = 3
_BROKEN = {
    "images": frozenset({"killed", "deleted", "pending_delete", "deactivated"}),
    "volumes": frozenset({"error", "error_deleting", "deleting"}),
}


@dataclass(frozen=True)
class Errand:
    """An action on instances as they were chosen.

    Attributes
    ----------
    toast : Toast
        The account.
    catalogue : Catalogue
        Which listings it is served; what the action changes is read again.
    action : Action
        What to do.
    chosen : DataFrame
        With which instances, as they were shown.
    values : mapping
        What the action asks for.
    say : callable
        Gives the words of a key in the form's language.
    """

    toast: Toast
    catalogue: Catalogue
    action: Action
    chosen: pd.DataFrame
    values: Values
    say: Say

    def run(self, progress: Progress, timeout: float) -> pd.DataFrame:
        """Carry it out, and return what became of it."""
        progress.expect(dict(zip(self._ids, names_of(self.chosen), strict=True)))
        before = self.toast.last_outcome
        try:
            frame = self._carried_out(progress, timeout)
        except BaseException:
            if progress.result is None and self.toast.last_outcome is not before:
                progress.result = self.toast.last_outcome
            if progress.result is not None:
                progress.result = self._named(progress.result)
            raise
        if "outcome" in frame and "instance_id" in frame:
            progress.seen(dict(zip(frame["instance_id"], frame["outcome"], strict=True)), frame["instance_id"].tolist())
        return self._named(frame)

    def _named(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what became of the instances with their names, beside the ids."""
        if "instance_id" not in frame or "name" in frame:
            return frame
        names = self.chosen.set_index("instance_id")["name"].reindex(frame["instance_id"]).array
        named = frame.copy()
        named.insert(list(frame.columns).index("instance_id") + 1, "name", names)
        return named

    @property
    def _ids(self) -> list[str]:
        return list(self.chosen["instance_id"])

    def _carried_out(self, progress: Progress, timeout: float) -> pd.DataFrame:
        action, toast = self.action, self.toast
        one_or_all = self._ids[0] if len(self._ids) == 1 else self._ids
        send = self._sender(progress)
        if action.target:
            verb, told = action.name.removesuffix("_instance"), self._listener(progress)
            return toast._lifecycle(verb, action.target, one_or_all, send, wait=True, timeout=timeout, told=told)
        seen = waiting.look(toast._api, self._ids)
        self._refuse_if_changed({id_: found.status for id_, found in seen.items()})
        if action.name == "upload_image":
            progress.sent(self._ids[0])
            made = toast.upload_image(self._ids[0], self.values["image_name"])
            return self._followed(made, "images", made["image_id"].item(), "active", progress, timeout)
        if action.name == "attach_volume":
            progress.sent(self._ids[0])
            made = toast.attach_volume(self._ids[0], self.values["volume"])
            return self._followed(made, "volumes", self.values["volume"], "in-use", progress, timeout)
        done = toast._act(action.name, one_or_all, send)
        if action.name == "detach_volume":
            return self._followed(done, "volumes", self.values["volume"], "available", progress, timeout)
        return done

    def _sender(self, progress: Progress) -> Callable[[str], object]:
        def send(id_: str) -> object:
            progress.sent(id_)
            return self.action.send(self.toast._api, id_, self.values)

        return send

    def _listener(self, progress: Progress) -> waiting.Told:
        """Return what hears of states: first of those before anything is sent, then of what follows."""
        looked: list[bool] = []

        def told(states: Mapping[str, str | None], ended: Collection[str]) -> None:
            if looked:
                progress.seen(states, ended)
            else:
                looked.append(True)
                self._refuse_if_changed(states)

        return told

    def _refuse_if_changed(self, states: Mapping[str, str | None]) -> None:
        """Raise where instances have left the states in which the action was offered."""
        allowed = rules.states_for(f"{self.action.name} {self.values.get('reboot_type', '')}".strip())
        changed = []
        for id_, name in zip(self._ids, names_of(self.chosen), strict=True):
            if id_ not in states:
                changed.append(self.say("changed.gone", name=name))
            elif states[id_] is not None and states[id_] not in allowed:
                changed.append(self.say("changed.state", name=name, status=states[id_]))
        if changed:
            what = self.say(f"action.{self.action.name}")
            raise Conflict(_some(changed), action=what, hint=self.say("form.nothing_sent"))

    def _followed(
        self, frame: pd.DataFrame, listing: str, thing: str, wanted: str, progress: Progress, timeout: float
    ) -> pd.DataFrame:
        """Follow an image or a volume, where the account is served its listing, and return the frame."""
        progress.result = frame
        if self.catalogue.listing(listing) is None:
            return frame

        def look() -> str | None:
            api = self.toast._api
            things = api.images() if listing == "images" else api.volumes()
            return next((one.status for one in things if one.id == thing), None)

        key, what = self._ids[0], self.say(f"action.{self.action.name}")
        try:
            until_status(look, wanted, _BROKEN[listing], what=what, key=key, progress=progress, timeout=timeout)
        except ToastError as error:
            ended = of_wait(error)
            progress.result = frame.assign(outcome=ended.outcome, message=ended.message)
            raise
        return frame


def _some(texts: Sequence[str]) -> str:
    more = f"; +{len(texts) - _NAMED}" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more
