"""Ctrl-C at every moment at which Python looks for it in our own code: no secret shows, and no key file is left behind.

Python runs the handler of a signal as a function begins, and as one that is written in C returns. Here a profiler
breaks a call off at each of these moments, one after the other.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType

import pytest

import toastnb as tn
from tests.redaction.canary import APPKEY, ECHO, MARK, PASSWORD, PRIVATE_KEY, connect
from tests.redaction.public_calls import CALLS
from tests.transport.hostile import Hostile, Step, answer, nothing, refusal

OURS = str(Path(tn.__file__).parent)
KEY = answer(keypair={"name": "ops", "fingerprint": "9a:61", "privateKey": PRIVATE_KEY})


def broken_off(call: Callable[[], object], at: int) -> tuple[str, KeyboardInterrupt | None]:
    """Break a call off at the given moment of our code; return where that was ("" when it was over before)."""
    count, where = 0, ""

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal count, where
        if where or event not in ("call", "c_return") or not frame.f_code.co_filename.startswith(OURS):
            return
        count += 1
        if count == at:
            where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(watch)
    try:
        call()
    except KeyboardInterrupt as error:
        return where, error
    except (tn.ToastError, TypeError):
        return where, None
    finally:
        sys.setprofile(None)
    return where, None


def variables(error: BaseException | None) -> Iterator[str]:
    """Yield how an error's variables print, and those of what led to it; an object half made may not print at all."""
    while error is not None:
        yield repr(error) + repr(vars(error))
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            for value in trace.tb_frame.f_locals.values():
                try:
                    yield repr(value)
                except AttributeError:
                    continue
            trace = trace.tb_next
        error = error.__cause__ or error.__context__


SCENES: dict[str, tuple[str, Step, int]] = {
    "a read": ("flavors", nothing(), 1),
    "a refused read": ("flavors", refusal(-4, ECHO), 2),
    "the token": ("token_info", nothing(), 3),
    "a key": ("create_keypair", KEY, 1),
    "a refused key": ("create_keypair", refusal(-4, ECHO), 3),
    "an imported key": ("import_keypair", refusal(-4, ECHO), 3),
}


@pytest.mark.parametrize("scene", SCENES)
def test_an_interrupt_at_any_moment_shows_no_secret(hostile: Hostile, tmp_path: Path, scene: str) -> None:
    call, step, stride = SCENES[scene]
    hostile.on("*", step)
    hostile.on("GET tokens", KEY)
    moments, left, shown = 0, {}, []
    at = 1
    while True:
        with connect(hostile.base_url, timeout=20) as toast:
            where, error = broken_off(lambda: CALLS[call](toast, tmp_path), at)
            if any(MARK in text for text in variables(error)):
                shown.append(where)
        del error
        for file in tmp_path.glob("*.pem"):
            if file.read_text() != PRIVATE_KEY:  # the call may have been over, its key written whole
                left[where] = file.read_text()
            file.unlink()
        if not where:
            break
        moments, at = moments + 1, at + stride
        if not moments % 25:
            gc.collect()  # of what a broken call left, secrets would be looked for
    assert moments > 40
    assert set(shown) == set()
    # Between the system's making of a file and Python's knowing of it nothing can be done, and neither where what
    # removes it is broken off itself; there is no key in it.
    empty = {(where.split()[1], text.strip()) for where, text in left.items()}
    assert empty <= {("__init__", ""), ("discard", "")}, left


def test_an_interrupt_as_credentials_are_found_shows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOASTNB_APPKEY", APPKEY)
    monkeypatch.setenv("TOASTNB_PASSWORD", PASSWORD)
    monkeypatch.setenv("TOASTNB_USERNAME", "me@example.com")
    shown, at, where = [], 0, "begin"
    while where:
        at += 1
        where, error = broken_off(lambda: tn.connect().close(), at)
        if any(MARK in text for text in variables(error)):
            shown.append(where)
        del error
    assert at > 40
    assert set(shown) == set()
