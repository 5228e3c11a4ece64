"""Audit: findings about an inventory, from one table of checks; pure.

`run` answers findings; `summary`, `waived` and `waivers` tell of the same run which checks ran and what was waived.
Absence is not cleanliness: a check that could not run is listed with the reason. What no check can know is in
`unknowable`.
"""

from toastnb.audit.catalogue import catalogue
from toastnb.audit.exports import as_json, sarif
from toastnb.audit.limits import unknowable
from toastnb.audit.results import fails, summary, waived, waivers
from toastnb.audit.runner import run

__all__ = ["as_json", "catalogue", "fails", "run", "sarif", "summary", "unknowable", "waived", "waivers"]


def __dir__() -> list[str]:
    return __all__  # what Tab shows
