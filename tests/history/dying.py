"""A program that records or merges again and again, and dies at its first change to a file, its second, ...

`python -m tests.history.dying record|compact FOLDER [slow://]`: FOLDER/store is the store as it was; FOLDER/0001 and so
on are copies of it, each as the process left it that died there. The last one is of a process that came to its end.
With slow:// it reaches them through a file system that has a file under its name before it has all of its content.
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

import fsspec
from fsspec.implementations.local import LocalFileSystem

import toastnb as tn
from tests.history.stores import account

CHANGES = {"os.mkdir", "os.rename", "os.remove"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
KEEP = {"all": 0, "monthly": None}
LATE = "2025-05-01"
SLOW = "slow://"
HALF_WRITTEN = "tests.history.half_written"


class Slow(LocalFileSystem):  # type: ignore[misc] # fsspec has no types
    """Files of this machine as one has them over SFTP or FTP: a process may be ended in the middle of one."""

    protocol = SLOW.removesuffix("://")

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        stripped: str = super()._strip_protocol(path.removeprefix(SLOW))
        return stripped

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        with open(path, "wb", buffering=0) as file:  # noqa: PTH123 - as fsspec opens it
            file.write(value[: len(value) // 2])
            sys.audit(HALF_WRITTEN, path)
            file.write(value[len(value) // 2 :])


fsspec.register_implementation("slow", Slow)


def record(store: Path | str) -> None:
    tn.history.record(account(5), store, at=LATE, project="shop")


def compact(store: Path | str) -> None:
    tn.history.compact(store, keep=KEEP, grace=0)


def die_at(number: int, store: Path) -> None:
    """End this process by SIGKILL just before its n-th change to a file of the store.

    Dying while it reads leaves what dying before the next change leaves, and dying while it writes a file that has not
    its name yet what dying before it gets it leaves.
    """
    passed = itertools.count(1)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        is_change = event in {*CHANGES, HALF_WRITTEN} or (event == "open" and arguments[2] & WRITES)
        if is_change and str(arguments[0]).startswith(str(store)) and next(passed) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def run(work: Callable[[str], None], folder: Path, scheme: str = "") -> None:
    with TemporaryDirectory() as other:  # what work imports is there already in each process that dies
        record(f"{scheme}{other}")
        compact(f"{scheme}{other}")
    for number in itertools.count(1):
        store = folder / f"{number:04}"
        shutil.copytree(folder / "store", store) if (folder / "store").exists() else store.mkdir()
        child = os.fork()
        if not child:
            die_at(number, store)
            work(f"{scheme}{store}")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    run({"record": record, "compact": compact}[sys.argv[1]], Path(sys.argv[2]), *sys.argv[3:])
