"""Ctrl-C at any moment of a bulk in a process of its own: real signals, real sockets."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import toastnb as tn
from tests.bulk.accounts import ACTION, active, check_outcomes, stopped
from tests.support import eventually
from tests.transport.hostile import APPKEY, Hostile, silence

ROOT = Path(__file__).parents[2]
MOMENTS = 40
IDS = 60


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tn.Sandbox]:
    with tn.Sandbox(instances=100, instant=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def stopper(sandbox: tn.Sandbox) -> Iterator[subprocess.Popen[str]]:
    account = {
        "TOASTNB_APPKEY": sandbox.appkey,
        "TOASTNB_USERNAME": sandbox.username,
        "TOASTNB_PASSWORD": sandbox.password,
        "TOASTNB_BASE_URL": sandbox.base_url,
    }
    command = [sys.executable, "-m", "tests.bulk.stopping"]
    environment = os.environ | account | {"PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_at_any_moment_leaves_an_account_of_every_id(
    sandbox: tn.Sandbox, stopper: subprocess.Popen[str], times: int
) -> None:
    moments, seen, broken_off = random.Random(times), Counter(), 0
    for moment in range(MOMENTS):
        sandbox.reset()
        sandbox.latency = 0.004
        wanted = active(sandbox)[:IDS]
        stopper.stdin.write(json.dumps(wanted) + "\n")
        stopper.stdin.flush()
        assert stopper.stdout.readline() == "begins\n"
        # The n-th call and a little later: at the very start, between two calls, near the end.
        sandbox_has_seen = moment * IDS // MOMENTS
        eventually(lambda n=sandbox_has_seen: sandbox.calls[ACTION] >= n)
        for _ in range(times):
            time.sleep(moments.uniform(0, 0.006))  # not to wait for anything: the moment itself is at random
            stopper.send_signal(signal.SIGINT)
        answer = json.loads(stopper.stdout.readline())
        outcomes = dict(answer["outcomes"])
        assert answer["same"]
        assert list(outcomes) == wanted or (answer["interrupted"] and moment == 0)  # the first may come before the bulk
        sent = sandbox.calls[ACTION]
        eventually(lambda: not under_way(sandbox))
        check_outcomes({id_: outcomes[id_] for id_ in wanted if id_ in outcomes}, stopped(sandbox))
        assert times == 2 or "unknown" not in outcomes.values()
        assert times == 2 or answer["threads"] == [] or sandbox.calls[ACTION] == sent
        seen += Counter(outcomes.values())
        broken_off += answer["interrupted"]
    assert broken_off > MOMENTS // 2
    assert seen["done"]
    assert seen["not_sent"]


def under_way(sandbox: tn.Sandbox) -> bool:
    """Tell whether calls still come in."""
    before = sandbox.calls[ACTION]
    time.sleep(0.02)
    return sandbox.calls[ACTION] != before


def test_a_second_interrupt_breaks_off_what_is_on_its_way(hostile: Hostile) -> None:
    """The service stays silent: a thread that waited for it would wait for a minute."""
    hostile.on("*", silence)
    main = threading.main_thread().ident

    def press_twice() -> None:
        eventually(lambda: len(hostile.received) == 9)  # the sign-in and eight stops
        for _ in range(2):
            signal.pthread_kill(main, signal.SIGINT)
            threading.Event().wait(0.2)

    presser = threading.Thread(target=press_twice)
    with tn.connect(appkey=APPKEY, username="u", password="a-password", base_url=hostile.base_url) as toast:
        presser.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                toast.stop([f"i-{number}" for number in range(20)])
        finally:
            presser.join()
        eventually(lambda: not [one for one in threading.enumerate() if one.name.startswith("toastnb-bulk")])
        assert toast.last_outcome.outcome.value_counts().to_dict() == {"not_sent": 12, "unknown": 8}
