"""Waiting for instances to reach a state: with a deadline, and ending at once when they cannot reach it any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from toastnb.api import Api
from toastnb.connection import ending_by, is_given_up, pause
from toastnb.errors import (
    Conflict,
    DeadlineExceeded,
    InvalidInput,
    NetworkFailure,
    NotFound,
    ServiceFailure,
    ToastError,
)
from toastnb.rules import STATES
from toastnb.wire import InstanceDetail

GONE = "GONE"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_FEW = 5
_LAST_LOOK_SECONDS = 1.0
_LONGEST_WAIT = 7 * 86_400


Told = Callable[[Mapping[str, str | None], Collection[str]], object]


def unheard(_: Mapping[str, str | None], __: Collection[str]) -> None:
    """Tell nobody in which states things were seen, and which have come to an end."""


@dataclass(frozen=True)
class Before:
    """What an instance was like before an action, so that its change can be told from standing still."""

    status: str | None
    mark: tuple[str | None, ...]


def look(api: Api, ids: list[str]) -> dict[str, Before]:
    """Return what instances are like now; one that does not exist is not in it."""
    return {instance.id: Before(instance.status, _mark(instance)) for instance in _details(api, ids)}


def check_timeout(timeout: float) -> None:
    """Check how long a wait may take: seconds, above 0, at most a week."""
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= _LONGEST_WAIT:
        raise InvalidInput(f"timeout is {timeout!r}, but must be seconds above 0 and at most a week")


def watch(
    api: Api,
    ids: list[str],
    target: str,
    timeout: float,
    before: Mapping[str, Before] | None = None,
    told: Told = unheard,
) -> dict[str, str | ToastError]:
    """Wait until every instance is in a state, or it is clear that it will not be.

    Parameters
    ----------
    api : Api
        Where to look.
    ids : list of str
        The instances.
    target : str
        A state of the guide, or "GONE".
    timeout : float
        Seconds until the wait ends anyhow.
    before : mapping, optional
        As `look` found them before an action: then only a change counts as having reached the target.
    told : callable, optional
        Called after each look with the states in which those that were waited for were seen, and all ids that have
        come to an end.

    Returns
    -------
    dict of str to str or ToastError
        For each id the state that was waited for, or why it was not reached.
    """
    if target != GONE and target not in STATES:
        raise InvalidInput(f"{target!r} is no state", hint=f"States are {', '.join(STATES)} and {GONE}.")
    check_timeout(timeout)
    progress = _Progress(ids, target, before)
    trouble: ToastError | None = None
    with ending_by(time.monotonic() + timeout + _LAST_LOOK_SECONDS):
        for _ in polls(timeout):
            try:
                states, trouble = progress.look(api), None
            except ToastError as error:
                states, trouble = {}, error
                if not (error.passing or isinstance(error, DeadlineExceeded)):
                    break
            told(states, progress.ended.keys())
            if not progress.waiting:
                return progress.ended
    if is_given_up():
        trouble = given_up("Waiting for instances")
    for id_ in progress.waiting:
        progress.ended[id_] = _not_seen(trouble) if trouble else _too_late(id_, target, timeout, progress.last.get(id_))
    return progress.ended


class _Progress:
    """How far each instance has come."""

    def __init__(self, ids: list[str], target: str, before: Mapping[str, Before] | None) -> None:
        self.ended: dict[str, str | ToastError] = {}
        self.last: dict[str, str | None] = {}
        self._ids = ids
        self._target = target
        self._after_action = before is not None
        self._at_start = dict(before or {})
        self._moved: set[str] = set()  # seen in another state than at the start

    @property
    def waiting(self) -> list[str]:
        return [id_ for id_ in self._ids if id_ not in self.ended]

    def look(self, api: Api) -> dict[str, str | None]:
        """Look at those that are waited for, put down which have come to an end, and return their states."""
        waiting = self.waiting
        found = {instance.id: instance for instance in _details(api, waiting)}
        for id_ in waiting:
            instance = found.get(id_)
            now = None if instance is None else Before(instance.status, _mark(instance))
            if now is not None:
                start = self._at_start.get(id_) if self._after_action else self._at_start.setdefault(id_, now)
                if start is None or now.status != start.status:
                    self._moved.add(id_)
                self.last[id_] = now.status
            changed = not self._after_action or id_ in self._moved or now != self._at_start.get(id_)
            end = _verdict(id_, self._target, now, changed=changed, moved=id_ in self._moved)
            if end is not None:
                self.ended[id_] = end
        return {id_: found[id_].status if id_ in found else GONE for id_ in waiting}


def _verdict(id_: str, target: str, now: Before | None, *, changed: bool, moved: bool) -> str | ToastError | None:
    """Return the end of the wait for one instance, or None while it goes on."""
    action = f"Waiting for instance {id_} to be {target}"
    if now is None:
        return target if target == GONE else NotFound("the instance does not exist", action=action)
    if now.status == target and changed:
        return target
    if now.status == "ERROR" and target != "ERROR" and moved:  # one that was in ERROR from the start may leave it
        return ServiceFailure("the instance is in ERROR", action=action, hint="See it in the console, or delete it.")
    if now.status == "DELETING" and target not in {GONE, "DELETING"}:
        return Conflict("the instance is being deleted", action=action)
    return None


def _not_seen(trouble: ToastError) -> ToastError:
    """Return the error of a wait that could not look: what it waits for may have happened."""
    trouble.may_have_happened = True
    return trouble


def given_up(action: str) -> ToastError:
    """Return the error of a wait that ended before its time, as when a form is closed."""
    return NetworkFailure("it was broken off", action=action, may_have_happened=True)


def _too_late(id_: str, target: str, timeout: float, last: str | None) -> ToastError:
    return DeadlineExceeded(
        f"after {timeout:g} s the instance is {last or 'not to be seen'}",
        action=f"Waiting for instance {id_} to be {target}",
        hint="It may still get there: wait again, with a longer timeout.",
    )


def polls(timeout: float) -> Iterator[None]:
    """Yield at once and then in growing intervals until the time is over, the last time at its very end.

    It ends at once when nobody waits for this thread's work any more.
    """
    end = time.monotonic() + timeout
    seconds = _FIRST_PAUSE
    yield
    while not is_given_up() and (left := end - time.monotonic()) > 0:
        pause(min(seconds, left))
        seconds = min(seconds * 1.5, _LONGEST_PAUSE)
        yield


def _details(api: Api, ids: list[str]) -> list[InstanceDetail]:
    """Read instances: a few one by one, many with the whole listing, for a call takes one id or none."""
    if len(ids) > _FEW:
        wanted = set(ids)
        return [instance for instance in api.instances_detail() if instance.id in wanted]
    found: list[InstanceDetail] = []
    for id_ in ids:
        try:
            found += [instance for instance in api.instances_detail(id_) if instance.id == id_]
        except NotFound:
            continue
    return found


def _mark(instance: InstanceDetail) -> tuple[str | None, ...]:
    """Return what proves that a boot or a resize is over, though the state is the same as before.

    `updated_at` proves nothing: accepting the action may change it before anything has begun.
    """
    return instance.launched_at, instance.flavor.id if instance.flavor else None
