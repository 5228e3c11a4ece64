"""The back test of growth and forecasts: simulated histories, of which the end is kept back.

Run as ``python -m benchmarks.forecast [HISTORIES] [--processes N]``: 250 histories of each of twelve kinds by
default, 30 to 365 days long. Of each, the intervals for 7, 30, 90 and 180 days ahead are held against what was kept
back, the growth against the one that was simulated, the steps that were found against those that were made, and "full
on" against the day on which the limit was reached. The seed is fixed: the figures of docs/growth.md are what this
prints.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from toastnb.capacity.forecasts import NOT_WITHIN
from toastnb.capacity.steps import shaped
from toastnb.capacity.trend import Floats, fitted, quantiles

LEADS = (7, 30, 90, 180)
SEED = 20_261_123
KEPT_BACK = max(LEADS)
_SHARES = [0.025, 0.1, 0.5, 0.9, 0.975]
_FLAVORS = ((1, 1), (1, 2), (2, 2), (2, 4), (2, 8), (4, 4), (4, 8), (4, 16), (8, 8), (8, 16), (8, 64), (16, 128))
_COMMON = (12, 7, 6, 73, 30, 12, 60, 24, 15, 6, 2, 3)  # how many have each of them in the sandbox


@dataclass(frozen=True)
class Simulated:
    """A history and what became of it; the growth a day and the steps that it was made with."""

    values: Floats
    growth: float
    steps: dict[int, float]
    missing: float = 0.0
    unit: float = 1.0
    all_days: int = 0  # how many of the newest days have a snapshot each, where those before have one a week


def _start(rng: np.random.Generator) -> float:
    return float(np.round(np.exp(rng.uniform(np.log(50), np.log(3000)))))


def _events(rng: np.random.Generator, days: int) -> tuple[Floats, float]:
    """Return creations less deletions: the growth is up to half of the churn either way."""
    churn = np.exp(rng.uniform(np.log(0.3), np.log(8)))
    growth = churn * rng.uniform(-0.15, 0.5)
    made, deleted = churn / 2 + max(growth, 0), churn / 2 - min(growth, 0)
    return (rng.poisson(made, days) - rng.poisson(deleted, days)).astype(float), growth


def walk(rng: np.random.Generator, days: int) -> Simulated:
    """Make and delete instances at random, at rates that stay."""
    changes, growth = _events(rng, days)
    return Simulated(_start(rng) + changes.cumsum(), growth, {})


def noise(rng: np.random.Generator, days: int) -> Simulated:
    """Draw a straight line with what comes and is gone the next day."""
    growth, spread = rng.uniform(-1, 3), rng.uniform(2, 20)
    return Simulated(_start(rng) + growth * np.arange(days) + rng.normal(0, spread, days).round(), growth, {})


def memory(rng: np.random.Generator, days: int) -> Simulated:
    """Draw a straight line with what comes and is gone some days later."""
    growth, left, spread = rng.uniform(-1, 3), rng.uniform(0.3, 0.9), rng.uniform(2, 10)
    jolts, level = rng.normal(0, spread, days + 60), np.zeros(days + 60)
    for day in range(1, len(level)):
        level[day] = left * level[day - 1] + jolts[day]
    return Simulated(_start(rng) + growth * np.arange(days) + level[60:].round(), growth, {})


def both(rng: np.random.Generator, days: int) -> Simulated:
    """Draw a walk with noise on it."""
    made = walk(rng, days)
    return Simulated(made.values + rng.normal(0, rng.uniform(1, 15), days).round(), made.growth, {})


def week(rng: np.random.Generator, days: int) -> Simulated:
    """Draw a walk with what is deleted for the weekend, and a little noise."""
    made = walk(rng, days)
    weekend = (np.arange(days) + rng.integers(7)) % 7 >= 5
    spread = rng.normal(0, 2, days).round()
    return Simulated(made.values - round(rng.uniform(5, 40)) * weekend + spread, made.growth, {})


def batches(rng: np.random.Generator, days: int) -> Simulated:
    """Make and delete instances up to 20 at a time."""
    often, growing = rng.uniform(0.1, 0.8), rng.uniform(0.5, 1)
    up = rng.poisson(often, days) * rng.integers(1, 21, days)
    down = rng.poisson(often * growing, days) * rng.integers(1, 21, days)
    return Simulated(_start(rng) + 500 + (up - down).cumsum(), often * (1 - growing) * 10.5, {})


def steps(rng: np.random.Generator, days: int) -> Simulated:
    """Draw a walk with one to three migrations, of 10 to 60 % each, in what is seen of it."""
    made = walk(rng, days)
    values, found = made.values + 150, {}
    for day in sorted(rng.choice(np.arange(5, days - KEPT_BACK - 3), rng.integers(1, 4), replace=False)):
        size = round(float(values[day] * rng.uniform(0.1, 0.6) * rng.choice([-1, 1, 1])))
        values[day:] += size
        found[int(day)] = float(size)
    return Simulated(values, made.growth, found)


def gaps(rng: np.random.Generator, days: int) -> Simulated:
    """Draw a walk with noise, of which a tenth to half of the days have no snapshot."""
    made = both(rng, days)
    return Simulated(made.values, made.growth, {}, rng.uniform(0.1, 0.5))


def thinned(rng: np.random.Generator, days: int) -> Simulated:
    """Draw a walk with noise, of which `compact` with all=35,weekly=365 has kept what it keeps."""
    made = both(rng, days)
    return Simulated(made.values, made.growth, {}, all_days=35)


def lumps(rng: np.random.Generator, days: int) -> Simulated:
    """Make and delete instances of a small group, one here and there, and sum the vCPUs or the RAM of their flavors."""
    sizes = np.array(_FLAVORS, dtype=float)[:, rng.integers(2)]
    there = rng.choice(len(sizes), rng.integers(2, len(sizes) + 1), replace=False, p=np.array(_COMMON) / sum(_COMMON))
    sizes, common = sizes[there], np.array(_COMMON)[there] / sum(np.array(_COMMON)[there])
    group = list(rng.choice(sizes, rng.integers(3, 41), p=common))
    made = np.exp(rng.uniform(np.log(0.05), np.log(0.5)))
    deleted = made * rng.uniform(0.3, 1.0)
    values, count = np.zeros(days), 0
    for day in range(days):
        for _ in range(min(rng.poisson(deleted), len(group))):
            group.pop(rng.integers(len(group)))
        group += list(rng.choice(sizes, rng.poisson(made), p=common))
        values[day], count = sum(group), len(group) if day < days - KEPT_BACK else count
    unit = max(1.0, values[-KEPT_BACK - 1] / count) if count else 1.0
    return Simulated(values, (made - deleted) * float(sizes @ common), {}, unit=unit)


def rare(rng: np.random.Generator, days: int) -> Simulated:
    """Make an instance once in two weeks to three months, and delete one less often."""
    made = rng.uniform(0.01, 0.08)
    deleted = made * rng.uniform(0, 1)
    changes = rng.poisson(made, days) - rng.poisson(deleted, days)
    return Simulated(np.maximum(rng.integers(5, 61) + changes.cumsum(), 0).astype(float), made - deleted, {})


def compound(rng: np.random.Generator, days: int) -> Simulated:
    """Make and delete instances in proportion to those there are, so that it grows by 3 to 8 % a month."""
    growth, churn = rng.uniform(0.03, 0.08) / 30, 0.01
    values = np.empty(days)
    values[0] = rng.integers(100, 501)
    for day in range(1, days):
        made, deleted = rng.poisson(values[day - 1] * (growth + churn)), rng.poisson(values[day - 1] * churn)
        values[day] = values[day - 1] + made - deleted
    return Simulated(values, growth * values[days - KEPT_BACK - 1], {})


KINDS: dict[str, Callable[[np.random.Generator, int], Simulated]] = {
    kind.__name__: kind
    for kind in (walk, noise, memory, both, week, batches, steps, gaps, thinned, lumps, rare, compound)
}


def back_test(kind: str, number: int) -> dict[str, object]:
    """Return what came true of one history."""
    rng = np.random.default_rng([SEED, list(KINDS).index(kind), number])
    days = int(rng.integers(30, 366))
    made = KINDS[kind](rng, days + KEPT_BACK)
    seen, later = made.values[:days].copy(), made.values[days:]
    seen[1:-1][rng.random(days - 2) < made.missing] = np.nan
    if made.all_days:
        seen[1 : -made.all_days][np.arange(1, days - made.all_days) % 7 != 0] = np.nan
    model = shaped(seen, int(rng.integers(7)), made.unit)
    fit = fitted(model, KEPT_BACK)
    ahead = quantiles(fit.weights, fit.means, fit.errors, fit.freedom, _SHARES)
    growths, errors = fit.growth
    low, high = quantiles(fit.weights, growths[:, None], errors[:, None], fit.freedom, [0.1, 0.9])[:, 0]
    told: dict[str, object] = {"kind": kind, "growth": low <= made.growth <= high}
    for lead in LEADS:
        ends, value = ahead[:, lead - 1], later[lead - 1]
        told |= {f"80 % at {lead}": ends[1] <= value <= ends[3], f"95 % at {lead}": ends[0] <= value <= ends[4]}
    found = set(model.steps)
    told |= {"made": len(made.steps), "missed": len(set(made.steps) - found), "false": len(found - set(made.steps))}
    return told | _full(seen[-1], ahead, later, rng)


def _full(newest: float, ahead: Floats, later: Floats, rng: np.random.Generator) -> dict[str, object]:
    """Hold "full on" against the first day above a limit that is up to a third above the newest value."""
    limit = newest + max(newest, 10) * rng.uniform(0.01, 0.33)
    first = [int(np.flatnonzero(line >= limit)[0]) if (line >= limit).any() else 10**6 for line in (*ahead, later)]
    earliest, latest, truly = first[3], first[1], first[5]
    word = NOT_WITHIN if earliest == 10**6 else "a range"
    return {"said": word, "in range": earliest <= truly <= latest, "early": truly < earliest, "late": truly > latest}


def run(histories: int, processes: int = 1) -> pd.DataFrame:
    """Return a row a history, so many of each kind."""
    jobs = [(kind, number) for kind in KINDS for number in range(histories)]
    if processes == 1:
        return pd.DataFrame([back_test(*job) for job in jobs])
    with ProcessPoolExecutor(processes) as pool:
        return pd.DataFrame(list(pool.map(back_test, *zip(*jobs, strict=True), chunksize=10)))


def coverage(told: pd.DataFrame) -> pd.DataFrame:
    """Return the share that came true in percent, a row a kind and one for all."""
    shares = [name for name in told.columns if " at " in name or name in {"growth", "in range", "early", "late"}]
    by_kind = told.groupby("kind", sort=False)[shares].mean()
    return (pd.concat([by_kind, told[shares].mean().to_frame("all").T]) * 100).astype(float).round(1)


def step_errors(told: pd.DataFrame) -> pd.DataFrame:
    """Return how many steps were made, missed and seen where there were none, a row a kind."""
    kinds = told.groupby("kind", sort=False)
    return kinds[["made", "missed", "false"]].sum().assign(histories=kinds.size())


def main() -> None:
    """Run the back test and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("histories", nargs="?", type=int, default=250, help="histories of each kind")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    told = run(arguments.histories, arguments.processes)
    print(f"{len(told):,} histories: what came true, in percent\n{coverage(told).to_string()}\n")
    print(f"steps\n{step_errors(told).to_string()}")


if __name__ == "__main__":
    main()
