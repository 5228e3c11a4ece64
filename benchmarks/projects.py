"""How long it takes to read many projects side by side, against one after the other.

Run as ``python -m benchmarks.projects [PROJECTS [INSTANCES]]``: 100 projects of 1,000 instances by default, each call
taking 100 ms longer than the sandbox needs. The sandbox is a process of its own, and each way is read in a fresh
process, which signs in anew; the figures to quote are the ratios of one round.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

LATENCY = 0.1
WAYS = (1, 8, 16, 32)
ROUNDS = 3


def compare(projects: int, instances: int) -> None:
    """Print what each way takes, with the one after the other in the same round as 1."""
    rounds = []
    with _sandbox(instances) as account:
        for _ in range(ROUNDS):
            rounds.append({at_once: _measured(account, projects, at_once) for at_once in WAYS})
    print(f"\n{projects} projects of {instances:,} instances, {LATENCY * 1000:.0f} ms latency, median of {ROUNDS}")
    print(f"{'at once':>8} {'seconds':>8} {'ratio':>6} {'peak MB':>8}")
    for at_once in WAYS:
        seconds = statistics.median(one[at_once][0] for one in rounds)
        ratio = statistics.median(one[at_once][0] / one[1][0] for one in rounds)
        megabytes = statistics.median(one[at_once][1] for one in rounds)
        print(f"{at_once:>8} {seconds:>8.2f} {ratio:>6.3f} {megabytes:>8.0f}")


def _measured(account: dict[str, str], projects: int, at_once: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.projects", "--read", str(projects), str(at_once)]
    answer = subprocess.run(command, input=json.dumps(account), capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, answer.stdout.split())
    return seconds, megabytes


def read(projects: int, at_once: int) -> None:
    """Read all projects in this process; print the seconds and the peak memory in MB."""
    import toastnb as tn

    account = json.load(sys.stdin)
    keys = {name: account[name] for name in ("appkey", "username", "password", "base_url")}
    with tn.connect(**keys) as toast, tn.connect_many(dict.fromkeys(_names(projects), toast), at_once=at_once) as many:
        start = time.perf_counter()
        vms = many.instances_detail()
        seconds = time.perf_counter() - start
    assert vms["project"].nunique() == projects
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _names(projects: int) -> list[str]:
    return [f"project-{number:03}" for number in range(projects)]


@contextmanager
def _sandbox(instances: int) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "toastnb", "sandbox", "--port", "0", "--instances", str(instances), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            account = json.loads(process.stdout.readline())
            control = account["base_url"].replace("/compute", "/_sandbox/latency")
            requests.post(control, json={"seconds": LATENCY}, timeout=60).raise_for_status()
            yield account
        finally:
            process.terminate()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(int(sys.argv[2]), int(sys.argv[3]))
    else:
        numbers = [int(text) for text in sys.argv[1:]]
        compare(*(numbers + [100, 1_000][len(numbers) :]))
