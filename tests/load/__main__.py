"""The sandbox under load, with figures: `python -m tests.load --seconds 60`."""

from __future__ import annotations

import argparse
import sys

from tests.load.clients import Load
from tests.load.invariants import violations
from tests.load.server import Server


def main() -> int:
    """Run it, print the figures, and return 1 when something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.load")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=64)
    options = parser.parse_args()
    with Server() as server:
        with Load(server, options.clients) as load:
            figures = load.run(options.seconds)
            found = violations(load)
        code, said = server.end()
    seconds, warm, at_the_end = figures.seconds, figures.warm_mb, figures.end_mb
    ledger = load.ledger
    writes = sum(times for what, times in ledger.acknowledged.items() if what not in {"reading", "looking"})
    lines = [
        ("clients", f"{options.clients}"),
        ("calls", f"{ledger.calls:,} in {seconds:.0f} s, {ledger.calls / seconds:,.0f} a second"),
        ("writes acknowledged", f"{writes:,}"),
        (
            "refused, for another client was first",
            f"{sum(ledger.refused.values()):,} {dict(sorted(ledger.refused.items()))}",
        ),
        ("connections that broke", f"{sum(ledger.broken.values())}"),
        ("what does not hold", "; ".join(found) or "nothing"),
        ("memory", f"{warm:.1f} MB after warm-up, {at_the_end:.1f} MB at the end ({at_the_end / warm - 1:+.1%})"),
        ("end", f"exit code {code}, {len(said)} characters on stderr"),
    ]
    for name, value in lines:
        sys.stdout.write(f"{name:<38} {value}\n")
    return int(bool(found or ledger.broken or code or said))


if __name__ == "__main__":
    sys.exit(main())
