"""Carrying out one action on one instance or many."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from toastnb.connected import Connected
from toastnb.outcomes import Bulk, Ids, Tally, tally_of


class Acting(Connected):
    """A connection that acts: for one id a failure raises, for several it is an outcome."""

    def _act(self, action: str, ids: Ids, send: Callable[[str], object]) -> pd.DataFrame:
        self._refuse_if_read_only(f"The action {action}")
        tally = self._begun(action, ids)
        self._carry_out(tally, send)
        return tally.frame().copy()  # what a user does to it is not done to `last_outcome`

    def _begun(self, action: str, ids: Ids | Tally) -> Tally:
        """Check what is to be done, and keep from now on how it goes."""
        self._latest = tally = tally_of(action, ids)
        return tally

    def _carry_out(self, tally: Tally, send: Callable[[str], object]) -> None:
        if tally.single:
            (id_,) = tally.outcomes
            tally.once(id_, lambda: send(id_))
        else:
            Bulk(tally.action, tally.left(), send, tally.outcomes).run()
