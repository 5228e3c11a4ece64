"""What the parts of `Toast` share: the API of one account, and whether it may be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import pandas as pd

from toastnb.api import Api
from toastnb.config import Profile
from toastnb.errors import ReadOnly
from toastnb.outcomes import DONE, NOT_SENT, Outcome, Tally

T = TypeVar("T")


class Connected:
    """A connection to one account.

    Parameters
    ----------
    api : Api
        Its calls.
    profile : Profile
        Where it is, and who signs in.
    """

    _latest: Tally | None = None

    def __init__(self, api: Api, profile: Profile) -> None:
        self._api = api
        self._profile = profile

    def _refuse_if_read_only(self, action: str) -> None:
        """Raise before anything is looked up or written for a change that will not be sent."""
        if self._profile.read_only:
            raise ReadOnly("this connection only reads, nothing was sent", action=action)

    def _source(self) -> str:
        """Return in words which account this is."""
        host = urlsplit(self._profile.base_url).netloc
        return f"{self._profile.name or self._profile.username} at {host}"

    @property
    def last_outcome(self) -> pd.DataFrame | None:
        """The outcomes of the latest change, also when it failed or was interrupted; None before the first.

        It is made when it is asked for, from what is put down while the change goes on: no interrupt can come before
        it is kept.
        """
        return None if self._latest is None else self._latest.frame()

    def _once(
        self, action: str, thing: str, send: Callable[[], T], *, key: str = "instance_id", done: Outcome = DONE
    ) -> T:
        """Send one change, and keep how it went whatever happens: an interrupt leaves it unknown."""
        return self._keep(action, {thing: NOT_SENT}, key=key).once(thing, send, done)

    def _keep(self, action: str, outcomes: dict[str, Outcome], *, key: str = "instance_id") -> Tally:
        self._latest = tally = Tally(action, outcomes, key)
        return tally
