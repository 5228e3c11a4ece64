"""The pulls that are compared. Run as ``python -m benchmarks.contenders NAME BASE_URL``: one pull in a fresh process.

It prints the seconds from the request to the finished frames (imports not counted) and the peak memory in MB.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable


def by_hand(base_url: str) -> None:
    """Read one table as one would write it otherwise: the three time columns parsed, the rest as it comes."""
    import pandas as pd
    import requests

    answer = requests.get(f"{base_url}/v1.0/appkeys/bench/instances-detail", timeout=600).json()
    frame = pd.json_normalize(answer["instances"])
    for name in ("launchedAt", "createdAt", "updatedAt"):
        frame[name] = pd.to_datetime(frame[name], format="ISO8601", utc=True)


def instances_detail(base_url: str) -> None:
    """Read one table."""
    with _toast(base_url) as toast:
        toast.instances_detail()


def tidy_tables(base_url: str) -> None:
    """Read one answer into `instances_detail` and the four tidy tables of an inventory."""
    from toastnb import frames

    with _toast(base_url) as toast:
        frames.instance_tables(toast._api.instances_detail())


def inventory(base_url: str) -> None:
    """Read all ten answers of an account, side by side, into all tables."""
    with _toast(base_url) as toast:
        toast.inventory()


def _toast(base_url: str):
    import toastnb as tn

    return tn.connect(appkey="bench", username="bench", password="bench", base_url=base_url)


CONTENDERS: dict[str, Callable[[str], None]] = {
    "by_hand": by_hand,
    "instances_detail": instances_detail,
    "tidy_tables": tidy_tables,
    "inventory": inventory,
}


def _import_all() -> None:
    import pandas  # noqa: F401
    import requests  # noqa: F401

    import toastnb.toast  # noqa: F401


if __name__ == "__main__":
    _import_all()
    start = time.perf_counter()
    CONTENDERS[sys.argv[1]](sys.argv[2])
    seconds = time.perf_counter() - start
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
