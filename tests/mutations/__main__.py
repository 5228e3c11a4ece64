"""Carry out mutations: ``python -m tests.mutations [SUBJECT ...] [--write PAGE]``.

Every protection is taken out of a copy of the tree, one at a time, and its test must fail then: "killed". One that
passes all the same has SURVIVED: it does not show what it says. One that does not import or hangs is INVALID.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests.mutations import ROOT, Mutation, all_mutations, with_table

J = TypeVar("J")
R = TypeVar("R")

KILLED, SURVIVED, INVALID = "killed", "SURVIVED", "INVALID"
_AT_ONCE = 12  # how many tests have the time of one
_PASSED, _FAILED = 0, 1  # pytest's exit codes; the others are no verdict of a test
_NOT_COPIED = shutil.ignore_patterns(".*", "build", "dist", "__pycache__", "*.egg-info", "tutorials")


@dataclass(frozen=True)
class Result:
    """What became of a mutation."""

    mutation: Mutation
    verdict: str
    seconds: float
    said: str


class Copy:
    """A copy of a tree, in which one mutation at a time is carried out, each in so many seconds at most."""

    def __init__(self, root: Path, folder: Path, seconds: float = 300) -> None:
        self._folder = folder
        self._seconds = seconds
        shutil.copytree(root, folder, ignore=_NOT_COPIED)

    def tested(self, arguments: list[str], *, cached: bool = False) -> tuple[int | None, str]:
        """Run tests; return pytest's exit code, None when it hangs, and what it printed."""
        options = ["-q", "-x", "--no-header", "--tb=short", "-p", "no:cacheprovider"]
        needs_plugins = any(argument.startswith("tests/openapi") for argument in arguments)  # they take seconds to load
        return self._python("-m", "pytest", *options, *arguments, cached=cached, plugins=needs_plugins)

    def result(self, mutation: Mutation) -> Result:
        """Carry out a mutation and run its test."""
        start = time.monotonic()
        verdict, said = INVALID, mutation.problem(self._folder)
        if not said:
            with self._mutated(mutation):
                verdict, said = self._verdict(mutation)
        return Result(mutation, verdict, time.monotonic() - start, said)

    @contextmanager
    def _mutated(self, mutation: Mutation) -> Iterator[None]:
        files = {self._folder / edit.file for edit in mutation.edits}
        before = {file: (file.stat(), file.read_bytes()) for file in files}
        try:
            for edit in mutation.edits:
                file = self._folder / edit.file
                file.write_text(file.read_text("utf-8").replace(edit.old, edit.new), "utf-8")
            for file, (stat, _) in before.items():
                os.utime(file, (stat.st_atime, stat.st_mtime + 2))  # what was compiled of it is of another second
            yield
        finally:
            for file, (stat, content) in before.items():
                file.write_bytes(content)
                os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # what was compiled of it is good again

    def _verdict(self, mutation: Mutation) -> tuple[str, str]:
        code, said = self.tested(mutation.arguments)
        if code == _PASSED:
            return SURVIVED, said
        if code != _FAILED:
            return INVALID, said
        python = [edit.file for edit in mutation.edits if edit.file.endswith(".py")]
        modules = [file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in python]
        code, said = self._python("-c", "".join(f"import {module}\n" for module in modules))
        if code != _PASSED:
            return INVALID, said
        return KILLED, ""

    def _python(self, *arguments: str, cached: bool = False, plugins: bool = True) -> tuple[int | None, str]:
        environment = {
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "" if plugins else "1",
            "CI": "true",  # the same examples each time, and no test that is skipped
            "PYTHONPATH": str(self._folder),
            "PYTHONDONTWRITEBYTECODE": "" if cached else "1",
        }
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(self._seconds)
            except subprocess.TimeoutExpired:
                return None, f"it did not end within {self._seconds:g} s"
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with all that its tests have started
                process.wait()
            output.seek(0)
            return code, output.read().decode(errors="replace")


def failing(copies: Sequence[Copy], mutations: Sequence[Mutation]) -> str:
    """Run the tests of all mutations on copies that are as they were; return what the failing ones say."""
    ids = sorted({entry.test for entry in mutations if len(entry.arguments) == 1})
    jobs = [ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE)]
    jobs += sorted(
        {tuple(entry.arguments): entry.arguments for entry in mutations if len(entry.arguments) > 1}.values()
    )
    outcomes = _shared_out(copies, lambda copy, job: copy.tested(job, cached=True), jobs)
    return "\n".join(said for code, said in outcomes if code != _PASSED)


def results(copies: Sequence[Copy], mutations: Sequence[Mutation]) -> Iterator[Result]:
    """Carry out mutations, one at a time on each copy; yield what became of them, in their order."""
    return _shared_out(copies, Copy.result, mutations)


def _shared_out(copies: Sequence[Copy], work: Callable[[Copy, J], R], jobs: Sequence[J]) -> Iterator[R]:
    idle: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        idle.put(copy)

    def one(job: J) -> R:
        copy = idle.get()
        try:
            return work(copy, job)
        finally:
            idle.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        yield from pool.map(one, jobs)


def carried_out(root: Path, mutations: Sequence[Mutation], workers: int) -> bool:
    """Carry out mutations on copies of a tree and print what became of them; tell whether all were killed."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copies = [Copy(root, Path(folder, str(number))) for number in range(workers)]
        said = failing(copies, mutations)
        if said:
            print(said, "Without any mutation these fail already; nothing was mutated.", sep="\n")
            return False
        print(f"{len({entry.test for entry in mutations})} tests pass unmutated ({time.monotonic() - start:.0f} s)\n")
        print(f"{'protects':70}  {'file':40}  {'':8}  seconds")
        found = []
        for result in results(copies, mutations):
            entry = result.mutation
            print(f"{entry.protects[:70]:70}  {entry.file[-40:]:40}  {result.verdict:8}  {result.seconds:7.1f}")
            sys.stdout.flush()
            found.append(result)
    alive = [result for result in found if result.verdict != KILLED]
    for result in alive:
        print(f"\n{result.verdict}: {result.mutation.protects}\n{result.mutation.test}\n{result.said[-3000:]}")
    print(f"\n{len(found) - len(alive)} of {len(found)} mutations killed ({time.monotonic() - start:.0f} s)")
    return not alive


def main() -> int:
    """Run the command."""
    everything = all_mutations()
    subjects = sorted({entry.subject for entry in everything})
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"{', '.join(subjects)}; all by default")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="when all are killed, put their list into a page")
    parser.add_argument("--workers", type=int, default=2, help="how many at once")
    asked = parser.parse_args()
    if unknown := set(asked.subjects) - set(subjects):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if asked.write and asked.subjects:
        parser.error("--write is for all subjects")
    chosen = [entry for entry in everything if not asked.subjects or entry.subject in asked.subjects]
    if not carried_out(ROOT, chosen, asked.workers):
        return 1
    if asked.write:
        asked.write.write_text(with_table(asked.write.read_text("utf-8"), everything), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
