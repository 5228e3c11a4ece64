"""Carrying out one action on one instance or many."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from toastnb.connected import Connected
from toastnb.outcomes import Bulk, Ids, Outcome, checked


class Acting(Connected):
    """A connection that acts: for one id a failure raises, for several it is an outcome."""

    def _act(self, action: str, ids: Ids, send: Callable[[str], object]) -> pd.DataFrame:
        self._refuse_if_read_only(f"The action {action}")
        return self._keep(action, self._carried_out(action, checked(ids), send))

    def _carried_out(self, action: str, ids: str | list[str], send: Callable[[str], object]) -> dict[str, Outcome]:
        if isinstance(ids, str):
            self._once(action, ids, lambda: send(ids))
            return {ids: Outcome("done")}
        bulk = Bulk(action, ids, send)
        try:
            bulk.run()
        finally:
            self._keep(action, bulk.outcomes)
        return bulk.outcomes
