"""How far a history goes: what is written and read a second, what a day weighs, what a question costs as it grows.

Run as ``python -m benchmarks.history [--full]``: a year of 3 and 27 projects of 1,000 instances, which are 1 and 10
million rows of instances; with ``--full`` of 274 too, 100 million (some 5 GB of disk for a while, and half an
hour). Each question is asked in a process of its own, by pyarrow (the methods of History), in SQL with a limit of
memory, and some by Dask on two workers, which are processes reached over TCP and started before the clock. The figures
to quote are the ratios within a run: how times grow with the rows, and peaks against the limit.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import toastnb as tn
from benchmarks.history_stores import DAYS, INSTANCES, a_month_recorded, written

MEMORY_GB = 0.5
PROJECTS = {"1 M": 3, "10 M": 27, "100 M": 274}
ROUNDS = 3
_ONE, _FIRST, _LAST = "project-0001", DAYS[200], DAYS[-1]
_DAY = f"SELECT * FROM instances_detail WHERE project = '{_ONE}' AND \"at\" = '{_FIRST}'"
_ZONES = f"""SELECT zone, count(*) AS instances, sum(vcpus) AS vcpus FROM instances_detail
    WHERE "at" = '{_LAST}' AND status <> 'DELETING' GROUP BY zone"""
_AMOUNTS = """SELECT project, "at", count(*) AS instances, sum(vcpus) AS vcpus, sum(ram_mb) AS ram_mb,
    sum(disk_gb) AS disk_gb FROM instances_detail WHERE status <> 'DELETING' GROUP BY ALL"""
_CHANGES = """SELECT status, before, count(*) AS changes FROM (
    SELECT status, lag(status) OVER (PARTITION BY project, instance_id ORDER BY "at") AS before FROM instances_detail
    ) WHERE status <> before GROUP BY ALL"""

# of each question, the ways to ask it; the instance that is looked for is of the project that is
QUESTIONS: dict[str, dict[str, Callable[[Any, str], Any]]] = {
    "one day of one project": {
        "pyarrow": lambda history, one: history.of(_ONE).between(_FIRST, _FIRST).table("instances_detail"),
        "sql": lambda history, one: history.of(_ONE).between(_FIRST, _FIRST).sql(_DAY, MEMORY_GB),
        "sql, unchosen": lambda history, one: history.sql(_DAY, MEMORY_GB),
    },
    "zones of the newest day": {
        "pyarrow": lambda history, one: history.between(_LAST, _LAST).amounts(by="zone").groupby("zone").vcpus.sum(),
        "sql": lambda history, one: history.between(_LAST, _LAST).sql(_ZONES, MEMORY_GB),
        "dask": lambda history, one: tn.capacity.totals(history.at(_LAST).instances_detail, by="zone"),
    },
    "a year of amounts": {
        "pyarrow": lambda history, one: history.amounts(),
        "sql": lambda history, one: history.sql(_AMOUNTS, MEMORY_GB),
        "dask": lambda history, one: history.amounts(),
    },
    "timeline of an instance": {
        "pyarrow": lambda history, one: history.timeline(one),
        "sql": lambda history, one: history.sql(f"FROM instances_detail WHERE instance_id = '{one}'", MEMORY_GB),
    },
    "the same, its project known": {
        "pyarrow": lambda history, one: history.of(_ONE).timeline(one),
        "sql": lambda history, one: history.of(_ONE).sql(
            f"FROM instances_detail WHERE instance_id = '{one}'", MEMORY_GB
        ),
    },
    "changes of state, row by row": {"sql": lambda history, one: history.sql(_CHANGES, MEMORY_GB)},
}


def measure(sizes: list[str], folder: Path) -> None:
    """Print the tables: of recording, of stores of each size, and of each question."""
    if not (folder / "recorded").exists():
        _show_recording(_in_a_process("--record", folder / "recorded"))
    stores = {}
    print(f"\n{'store':<6} {'rows':>12} {'seconds':>8} {'rows/s':>10} {'MB':>7} {'bytes a row':>12} {'peak MB':>8}")
    for size in sizes:
        stores[size] = folder / str(PROJECTS[size])
        if stores[size].exists():
            continue
        rows, seconds, weight, peak = _in_a_process("--write", stores[size], str(PROJECTS[size]))
        print(
            f"{size:<6} {rows:>12,.0f} {seconds:>8.1f} {rows / seconds:>10,.0f} {weight / 1e6:>7.0f}"
            f" {weight / rows:>12.1f} {peak:>8.0f}",
            flush=True,
        )
    heads = " ".join(f"{f'{size}: s':>9} {'peak MB':>8}" for size in sizes)
    print(f"\nmemory_gb={MEMORY_GB} for SQL; the peak is of the whole process, of Dask of all three together")
    print(f"{'question':<44} {heads} growth")
    for question, ways in {"open_store": {"": lambda history, one: history}, **QUESTIONS}.items():
        for way in ways:
            asked = {size: _asked(stores[size], size, question, way) for size in sizes}
            cells = " ".join(f"{seconds:>9.2f} {peak:>8.0f}" for seconds, peak in asked.values())
            print(f"{question:<29} {way:<14} {cells} {_growth([one[0] for one in asked.values()], sizes)}", flush=True)


def _asked(store: Path, size: str, question: str, way: str) -> tuple[float, float]:
    rounds = [_in_a_process("--ask", store, question, way) for _ in range(1 if size == "100 M" else ROUNDS)]
    return statistics.median(one[0] for one in rounds), max(one[1] for one in rounds)


def _growth(seconds: list[float], sizes: list[str]) -> str:
    """Return the exponents: 1 where ten times the rows take ten times as long, 0 where they take as long."""
    rows = [PROJECTS[size] for size in sizes]
    pairs = zip(seconds, seconds[1:], rows, rows[1:], strict=False)
    return " ".join(f"{math.log(after / before) / math.log(more / less):>5.2f}" for before, after, less, more in pairs)


def _show_recording(figures: list[float]) -> None:
    snapshots, seconds, weight, detail, merging, merged, merged_detail, reading = figures
    rows = snapshots * INSTANCES
    print(f"\n{snapshots:.0f} snapshots of {INSTANCES:,} instances, all tables, a project and day after the other")
    print(f"record   {seconds / snapshots * 1000:>6.0f} ms a snapshot, {rows / seconds:>9,.0f} instances/s")
    print(f"compact  {merging / snapshots * 1000:>6.0f} ms a snapshot, {rows / merging:>9,.0f} instances/s")
    print(f"at       {reading * 1000:>6.0f} ms a snapshot, {INSTANCES / reading:>9,.0f} instances/s, once it is merged")
    print(f"bytes an instance-day: recorded {weight / rows:.0f} (instances_detail {detail / rows:.0f}),", end=" ")
    print(f"merged {merged / rows:.1f} (instances_detail {merged_detail / rows:.1f})")


def _in_a_process(*arguments: object) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.history", *map(str, arguments)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [float(text) for text in answer.split()]


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _write(store: str, projects: str) -> None:
    start = time.perf_counter()
    rows = written(Path(store), int(projects))
    seconds = time.perf_counter() - start
    weight = sum(file.stat().st_size for file in Path(store).glob("instances_detail/*/*"))
    print(rows, seconds, weight, _peak())


def _ask(store: str, question: str, way: str) -> None:
    if question == "open_store":
        start = time.perf_counter()
        tn.history.open_store(store)
        print(time.perf_counter() - start, _peak())
    elif way == "dask":
        _ask_workers(store, question)
    else:
        print(_seconds(tn.history.open_store(store), store, question, way), _peak())


def _ask_workers(store: str, question: str) -> None:
    from distributed import Client, LocalCluster  # only where it is asked for: its memory counts

    options = {"processes": True, "protocol": "tcp", "dashboard_address": ":0"}
    with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        seconds = _seconds(tn.history.open_store(store, engine="dask"), store, question, "dask")
        print(seconds, _peak() + sum(client.run(_peak).values()))


def _seconds(history: tn.history.History, store: str, question: str, way: str) -> float:
    one = (Path(store) / "one").read_text()
    start = time.perf_counter()
    answer = QUESTIONS[question][way](history, one)
    seconds = time.perf_counter() - start
    assert len(answer), question
    return seconds


def main() -> None:
    """Measure, or do a part of it in this process."""
    parts = {"--write": _write, "--ask": _ask, "--record": lambda store: print(*a_month_recorded(Path(store)))}
    if sys.argv[1:2] and sys.argv[1] in parts:
        parts[sys.argv[1]](*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="100 million rows too")
    parser.add_argument("--folder", help="where stores are kept for another run; what is there is not written again")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="toastnb-benchmark-") as folder:
        measure(list(PROJECTS)[: 3 if arguments.full else 2], Path(arguments.folder or folder))


if __name__ == "__main__":
    main()
