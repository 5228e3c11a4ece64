"""A program that records or merges again and again, and dies at its first change to a file, its second, ...

`python -m tests.history.dying record|compact FOLDER`: FOLDER/store is the store as it was; FOLDER/0001 and so on are
copies of it, each as the process left it that died there. The last one is of a process that came to its end.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import toastnb as tn
from tests.history.stores import account

CHANGES = {"os.mkdir", "os.rename", "os.remove"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
KEEP = {"all": 0, "monthly": None}
LATE = "2025-05-01"


def record(store: Path) -> None:
    tn.history.record(account(5), store, at=LATE, project="shop")


def compact(store: Path) -> None:
    tn.history.compact(store, keep=KEEP, grace=0)


def die_at(number: int, store: Path) -> None:
    """End this process by SIGKILL just before its n-th change to a file of the store.

    Dying while it reads leaves what dying before the next change leaves, and dying while it writes a file that has not
    its name yet what dying before it gets it leaves.
    """
    passed = itertools.count(1)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        is_change = event in CHANGES or (event == "open" and arguments[2] & WRITES)
        if is_change and str(arguments[0]).startswith(str(store)) and next(passed) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def run(work: Callable[[Path], None], folder: Path) -> None:
    with TemporaryDirectory() as other:  # what work imports is there already in each process that dies
        record(Path(other))
        compact(Path(other))
    for number in itertools.count(1):
        store = folder / f"{number:04}"
        shutil.copytree(folder / "store", store) if (folder / "store").exists() else store.mkdir()
        child = os.fork()
        if not child:
            die_at(number, store)
            work(store)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    run({"record": record, "compact": compact}[sys.argv[1]], Path(sys.argv[2]))
