"""`make bench`: pulls and analyses against the hand-written way in time and memory, and what importing costs.

These machines are shared and noisy: the figures to quote are the ratios, each from pulls in turn within one run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import analyses
from benchmarks.contenders import CONTENDERS

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def main() -> None:
    """Run the benchmarks and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of instances")
    parser.add_argument("--rounds", type=int, default=3, help="rounds a size (one for a million)")
    arguments = parser.parse_args()
    imports()
    for size in arguments.sizes:
        pulls(size, 1 if size >= 1_000_000 else arguments.rounds)
    analyses.compare(max(arguments.sizes))


def imports() -> None:
    """Compare `import toastnb` with `import pandas`, both without the interpreter's own start."""
    statements = {"pass": "pass", "toastnb": "import toastnb", "pandas": "import pandas"}
    seconds = {name: [] for name in statements}
    for _ in range(7):
        for name, statement in statements.items():
            seconds[name].append(_seconds_of(statement))
    own = {name: statistics.median(values) - statistics.median(seconds["pass"]) for name, values in seconds.items()}
    print(
        f"\nimport toastnb {own['toastnb'] * 1000:.0f} ms, import pandas {own['pandas'] * 1000:.0f} ms:",
        end=" ",
    )
    print(f"ratio {own['toastnb'] / own['pandas']:.3f}")


def _seconds_of(statement: str) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(answer.stdout)


def pulls(size: int, rounds: int) -> None:
    """Compare the pulls of an account of some size, in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    megabytes: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with _server(size) as (base_url, body):
        for _ in range(rounds):
            for name in CONTENDERS:
                command = [sys.executable, "-m", "benchmarks.contenders", name, base_url]
                answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
                seconds[name].append(float(answer[0]))
                megabytes[name].append(float(answer[1]))
    print(f"\n{size:,} instances, {body / 1e6:.1f} MB of JSON, median of {rounds}")
    print(f"{'pull':<18} {'seconds':>8} {'ratio':>6} {'peak MB':>8} {'ratio':>6}")
    for name in CONTENDERS:
        ratio = statistics.median(own / other for own, other in zip(seconds[name], seconds["by_hand"], strict=True))
        memory = statistics.median(megabytes[name])
        of_memory = memory / statistics.median(megabytes["by_hand"])
        print(f"{name:<18} {statistics.median(seconds[name]):>8.2f} {ratio:>6.2f} {memory:>8.0f} {of_memory:>6.2f}")


@contextmanager
def _server(size: int) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "benchmarks.server", str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port, body = process.stdout.readline().split()
        try:
            yield f"http://127.0.0.1:{port}", int(body)
        finally:
            process.stdin.close()


if __name__ == "__main__":
    main()
