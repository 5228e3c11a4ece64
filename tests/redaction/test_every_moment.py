"""Ctrl-C at every moment at which Python looks for it in our own code: no secret shows, and no key file is left behind.

Python runs the handler of a signal as a function begins, and as one that is written in C returns. Here a profiler
breaks a call off at each place of the code where that is, as the call comes to it for the first and for the last time.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType

import pytest

import toastnb as tn
from tests.redaction.canary import APPKEY, ECHO, MARK, PASSWORD, PRIVATE_KEY, connect
from tests.redaction.public_calls import CALLS
from tests.transport.hostile import Hostile, Step, answer, nothing, refusal
from toastnb.connection import Deadline

OURS = str(Path(tn.__file__).parent)
KEY = answer(keypair={"name": "ops", "fingerprint": "9a:61", "privateKey": PRIVATE_KEY})


Moment = tuple[str, int]
NEVER: Moment = ("", 0)


def broken_off(call: Callable[[], object], at: Moment) -> tuple[list[str], KeyboardInterrupt | None]:
    """Break a call off as it comes to a place of our code for the nth time; return the places it came to until then."""
    places: list[str] = []

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event not in ("call", "c_return") or not frame.f_code.co_filename.startswith(OURS):
            return
        places.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}")
        if places[-1] == at[0] and places.count(at[0]) == at[1]:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(watch)
    try:
        call()
    except KeyboardInterrupt as error:
        return places, error
    except (tn.ToastError, TypeError):
        return places, None
    finally:
        sys.setprofile(None)
    return places, None


def first_and_last(places: list[str]) -> list[Moment]:
    """Return the moments at which a call came to each place for the first and for the last time.

    They are not numbers of all: how often a reader looks up before depends on the machine.
    """
    times = Counter(places)
    return sorted({(place, time) for place in times for time in (1, times[place])})


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


def others_go_on(toast: tn.Toast) -> bool:
    """Tell whether another thread gets a token: what is left of a call that was broken off holds nothing up."""
    got: list[object] = []
    other = threading.Thread(target=lambda: got.append(toast._transport._tokens.current(Deadline(2))))
    other.start()
    other.join()
    return bool(got)


def tells_of_the_key(toast: tn.Toast, folder: Path) -> bool:
    """Tell whether of a keypair that was made the key is in its file, or the account says that it is not."""
    kept = toast.last_outcome
    if kept is None or kept.outcome.item() != "done":
        return True
    whole = [file for file in folder.glob("*.pem") if file.read_text() == PRIVATE_KEY]
    return bool(whole) or "its private key is lost, unless" in str(kept.message.item())


SCENES: dict[str, tuple[str, Step]] = {
    "a read": ("flavors", nothing()),
    "a refused read": ("flavors", refusal(-4, ECHO)),
    "the token": ("token_info", nothing()),
    "a key": ("create_keypair", KEY),
    "a refused key": ("create_keypair", refusal(-4, ECHO)),
    "an imported key": ("import_keypair", refusal(-4, ECHO)),
}


@pytest.mark.parametrize("scene", SCENES)
def test_an_interrupt_at_any_moment_shows_no_secret(hostile: Hostile, tmp_path: Path, scene: str) -> None:
    call, step = SCENES[scene]
    hostile.on("*", step)
    hostile.on("GET tokens", KEY)
    left, shown, stuck, untold = {}, [], [], []

    def begun(at: int) -> list[str]:
        with connect(hostile.base_url, timeout=20) as toast:
            places, error = broken_off(lambda: CALLS[call](toast, tmp_path), at)
            if any(MARK in text for text in variables(error)):
                shown.append(places[-1])
            if not others_go_on(toast):
                stuck.append(places[-1])
            if step is KEY and error is not None and not tells_of_the_key(toast, tmp_path):
                untold.append(places[-1])
            if places[-1].endswith(" write") and error is not None and "key is lost" not in str(error.__notes__):
                untold.append(f"{places[-1]} said no word of it")
        for file in tmp_path.glob("*.pem"):
            if file.read_text() != PRIVATE_KEY:  # the call may have been over, its key written whole
                left[places[-1]] = file.read_text()
            file.unlink()
        return places

    moments = first_and_last(begun(NEVER))
    for number, at in enumerate(moments, 1):
        begun(at)
        if not number % 25:
            gc.collect()  # of what a broken call left, secrets would be looked for
    assert len(moments) > 40
    assert set(shown) == set()
    assert set(stuck) == set()
    assert set(untold) == set()
    # Between the system's making of a file and Python's knowing of it nothing can be done, and neither where what
    # removes it (`discard`, and `_is_there` that it asks) is broken off itself; there is no key in it.
    empty = {(where.split()[1], text.strip()) for where, text in left.items()}
    assert empty <= {("__init__", ""), ("discard", ""), ("_is_there", "")}, left


def test_an_interrupt_as_credentials_are_found_shows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOASTNB_APPKEY", APPKEY)
    monkeypatch.setenv("TOASTNB_PASSWORD", PASSWORD)
    monkeypatch.setenv("TOASTNB_USERNAME", "me@example.com")
    shown = []
    places, _ = broken_off(lambda: tn.connect().close(), NEVER)
    moments = first_and_last(places)
    for at in moments:
        places, error = broken_off(lambda: tn.connect().close(), at)
        if any(MARK in text for text in variables(error)):
            shown.append(places[-1])
        del error
    assert len(moments) > 40
    assert set(shown) == set()
