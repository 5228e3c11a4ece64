"""What the parts of `Toast` share: the API of one account, and whether it may be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import pandas as pd

from toastnb.api import Api
from toastnb.config import Profile
from toastnb.errors import ReadOnly, ToastError
from toastnb.outcomes import ON_ITS_WAY, Outcome, of_error, outcome_frame

T = TypeVar("T")


class Connected:
    """A connection to one account.

    Parameters
    ----------
    api : Api
        Its calls.
    profile : Profile
        Where it is, and who signs in.

    Attributes
    ----------
    last_outcome : DataFrame or None
        The outcomes of the latest change, also when it failed or was interrupted.
    """

    last_outcome: pd.DataFrame | None = None

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

    def _once(self, action: str, thing: str, send: Callable[[], T], *, key: str = "instance_id") -> T:
        """Send one change, and keep how it went whatever happens: an interrupt leaves it unknown."""
        self._keep(action, {thing: ON_ITS_WAY}, key=key)
        try:
            answer = send()
        except ToastError as error:
            self._keep(action, {thing: of_error(error)}, key=key)
            raise
        self._keep(action, {thing: Outcome("done")}, key=key)
        return answer

    def _keep(self, action: str, outcomes: dict[str, Outcome], *, key: str = "instance_id") -> pd.DataFrame:
        self.last_outcome = outcome_frame(action, outcomes, key=key)
        return self.last_outcome
