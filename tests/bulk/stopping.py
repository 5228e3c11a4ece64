"""A process that stops instances, round after round, and says after each what became of them.

It reads a line with the ids of a round, says when it begins, and writes a line with the outcomes, whether Ctrl-C came
or not.
"""

from __future__ import annotations

import json
import signal
import sys
import threading

import toastnb as tn


def main() -> None:
    with tn.connect(timeout=30) as toast:
        toast.flavors()
        say("ready")
        for line in sys.stdin:
            toast.flavors()  # with a token that is accepted: the sandbox is another one each round
            say("begins")
            say(json.dumps(a_round(toast, json.loads(line))))


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def a_round(toast: tn.Toast, ids: list[str]) -> dict[str, object]:
    frame, interrupted, before = None, False, toast.last_outcome
    try:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            frame = toast.stop(ids)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the second may have come before the first was
        interrupted = True
    kept = toast.last_outcome if toast.last_outcome is not before else None  # Ctrl-C came before the bulk
    return {
        "interrupted": interrupted,
        "same": frame is None or frame.equals(kept),
        "outcomes": [] if kept is None else kept[["instance_id", "outcome"]].values.tolist(),
        "threads": [one.name for one in threading.enumerate() if one.name.startswith("toastnb-bulk")],
    }


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # between the rounds it comes too late
    main()
