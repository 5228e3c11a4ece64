"""Following what was made or changed to its end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import pandas as pd

from toastnb import waiting
from toastnb.api import Api
from toastnb.arrays import texts
from toastnb.connection import is_given_up
from toastnb.errors import DeadlineExceeded, ServiceFailure, ToastError
from toastnb.forms.work import Progress
from toastnb.outcomes import Outcome, of_wait

_UNTOLD = Outcome("unknown", message="made, but the service's listing does not tell it apart")


def until_active(
    api: Api, made: pd.DataFrame, names: Sequence[str], progress: Progress, timeout: float
) -> tuple[pd.DataFrame, list[ToastError]]:
    """Follow new instances until they are ACTIVE.

    Parameters
    ----------
    api : Api
        Where to look.
    made : DataFrame
        As `Toast.create_instance` answers; an instance that cannot be told apart has no instance_id.
    names : sequence of str
        Of each row; the keys of `progress`.
    progress : Progress
        Hears of their states.
    timeout : float
        Seconds to wait at most.

    Returns
    -------
    DataFrame
        instance_id, name, status (the last that was seen), outcome, message (str).
    list of ToastError
        Why any of them is not ACTIVE.
    """
    ids = made["instance_id"].astype(object).where(made["instance_id"].notna(), None).tolist()
    name_of = {id_: name for id_, name in zip(ids, names, strict=True) if id_}
    last: dict[str, str | None] = dict(zip(ids, made["status"].where(made["status"].notna(), None), strict=True))

    def told(states: Mapping[str, str | None], ended: Collection[str]) -> None:
        last.update(states)
        progress.seen({name_of[id_]: state for id_, state in states.items()}, {name_of[id_] for id_ in ended})

    ends = waiting.watch(api, list(name_of), "ACTIVE", timeout, {}, told)
    failures = [end for end in ends.values() if isinstance(end, ToastError)]
    outcomes = [_UNTOLD if id_ is None else _outcome(ends[id_]) for id_ in ids]
    progress.seen(
        {name: row.outcome for name, row in zip(names, outcomes, strict=True) if row.outcome != "done"}, names
    )
    frame = texts(
        instance_id=ids,
        name=list(names),
        status=[last.get(id_) for id_ in ids],
        outcome=[row.outcome for row in outcomes],
        message=[row.message for row in outcomes],
    )
    return frame, failures


def _outcome(end: str | ToastError) -> Outcome:
    return of_wait(end) if isinstance(end, ToastError) else Outcome("done")


def until_status(
    look: Callable[[], str | None],
    wanted: str,
    broken: Collection[str],
    *,
    what: str,
    key: str,
    progress: Progress,
    timeout: float,
) -> None:
    """Follow an image or a volume until it has a status.

    Parameters
    ----------
    look : callable
        Returns its status, None where that is not known.
    wanted : str
        What is waited for.
    broken : collection of str
        What it does not leave any more.
    what : str
        What is being done, for errors.
    key : str
        Of `progress`.
    progress : Progress
        Hears of its status.
    timeout : float
        Seconds to wait at most.

    Raises
    ------
    ServiceFailure
        When it has a status that it does not leave.
    DeadlineExceeded
        When the time is over.
    """
    status: str | None = None
    trouble: ToastError | None = None
    for _ in waiting.polls(timeout):
        try:
            status, trouble = look(), None
        except ToastError as error:
            trouble = error
            if not error.passing:
                break
        if status == wanted:
            progress.seen({key: status}, {key})
            return
        progress.seen({key: status})
        if status in broken:
            raise ServiceFailure(f"its status is {status}", action=what)
    if is_given_up():
        trouble = waiting.given_up(what)
    if trouble is not None:
        trouble.may_have_happened = True
        raise trouble
    said = f"after {timeout:g} s it is {status or 'not to be seen'}"
    raise DeadlineExceeded(said, action=what, may_have_happened=True, hint="It may still get there: look again.")
