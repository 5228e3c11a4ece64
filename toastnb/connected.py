"""What the parts of `Toast` share: the API of one account, and whether it may be changed."""

from __future__ import annotations

from toastnb.api import Api
from toastnb.config import Profile
from toastnb.errors import ReadOnly


class Connected:
    """A connection to one account.

    Parameters
    ----------
    api : Api
        Its calls.
    profile : Profile
        Where it is, and who signs in.
    """

    def __init__(self, api: Api, profile: Profile) -> None:
        self._api = api
        self._profile = profile

    def _refuse_if_read_only(self, action: str) -> None:
        """Raise before anything is looked up or written for a change that will not be sent."""
        if self._profile.read_only:
            raise ReadOnly("this connection only reads, nothing was sent", action=action)
