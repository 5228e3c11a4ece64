"""A progress bar never holds anything up: where nobody looks there is none."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from tqdm.auto import tqdm

import toastnb as tn
from tests.support import eventually


@pytest.fixture
def stuck() -> Iterator[None]:
    """Hold tqdm's lock, as an interrupt at a bad moment leaves it."""
    held, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with tqdm.get_lock():
            held.set()
            enough.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    yield
    enough.set()
    holder.join()


@pytest.mark.usefixtures("stuck")
def test_a_bar_that_nobody_sees_takes_no_lock(toast: tn.Toast) -> None:
    done: list[object] = []
    ids = toast.instances().instance_id[:3]
    worker = threading.Thread(target=lambda: done.extend([toast.inventory(), toast.stop(ids)]), daemon=True)
    worker.start()
    eventually(lambda: len(done) == 2)


def test_the_lock_is_made_on_import_and_not_in_the_middle_of_a_call() -> None:
    code = "import toastnb.progress, tqdm.auto; assert '_lock' in vars(tqdm.auto.tqdm)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_bar_that_nobody_sees_prints_nothing(toast: tn.Toast, capfd: pytest.CaptureFixture[str]) -> None:
    toast.inventory()
    toast.stop(toast.instances().instance_id[:3])
    assert "".join(capfd.readouterr()) == ""


def test_a_terminal_sees_a_bar(
    toast: tn.Toast, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    toast.inventory()
    assert "Reading the account" in capsys.readouterr().err
