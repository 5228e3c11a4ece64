"""Past one machine: Dask's workers say what pandas says, also when one of them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import pandas as pd
import pytest
from distributed import Client, Event, LocalCluster, Variable, get_worker

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables
from tests.history.stores import ROOT, days
from toastnb import frames
from toastnb.arrays import stacked
from toastnb.capacity.distributed import with_same_rows
from toastnb.history.moments import Moment
from toastnb.wire import Flavor

THEN, NOW = "2026-11-01T12:00:00Z", "2026-11-30"
PROJECTS = ["bare", "empty", "shop", *(f"team-{number:02}" for number in range(15))]
FLAVORS = [
    Flavor(id="f", name="m2.c2m4", type="general", vcpus=2, ram=4096, disabled=False),
    Flavor(id="old", name="c2.c4m4", type="compute", vcpus=4, ram=4096, disabled=True),
]
BIG = {"id": "old", "name": "c2.c4m4", "cpu": 4, "ram": 4096}
SECONDS = 60


def team(project: str, count: int, **fields: Any) -> list[Raw]:
    """Return instances of every kind that matters, with ids of their own."""
    odd: list[dict[str, Any]] = [
        {"status": "DELETING"},
        {"availabilityZone": None, "flavor": None},
        {"flavor": {"id": "gone", "name": "u2.c1m1", "cpu": 1, "ram": 1024}, "volumes": {"root": {"size": 20}}},
        {"status": "STOP", "launchedAt": "2026-09-01T00:00:00Z", "updatedAt": "2026-10-01T00:00:00Z"},
        {"status": "STOP", "flavor": BIG, "availabilityZone": "b"},
        {"status": None, "volumes": {"root": {"size": None}, "attachments": [{"id": f"{project}-v", "size": 700}]}},
    ]
    kinds = [*odd, *({} for _ in range(count))][:count]
    return [instance(n, **({"id": f"{project}-{n}"} | kind | fields)) for n, kind in enumerate(kinds)]


def later(instances: list[Raw]) -> list[Raw]:
    """Return what became of them: deleted, renamed, resized, renewed under the same name, created."""
    if len(instances) < 7:
        return instances
    _, one, two, three, *others, last = instances
    renewed = three | {"id": f"{three['id']}-renewed"}
    return [one | {"name": "other"}, two | {"flavor": BIG}, renewed, *others, last, last | {"id": f"{last['id']}-new"}]


def inventory(instances: list[Raw]) -> tn.Inventory:
    known = {"flavors": frames.flavors(FLAVORS)} | tables(instances)
    return tn.Inventory(known, {"images": "not served"}, "2026-11-01T00:00:00Z", "made")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a store of projects with and without instances and volumes, of two days or of many."""
    folder = str(tmp_path_factory.mktemp("history") / "store")
    for number, project in enumerate(PROJECTS):
        if project != "shop":
            fields = {"volumes": None} if project == "bare" else {}
            then = team(project, 0 if project == "empty" else 4 + number % 5, **fields)
            tn.history.record(inventory(then), folder, at="2026-11-01", project=project)
            tn.history.record(inventory(later(then)), folder, at="2026-11-08", project=project)
    for number, day in enumerate(days("2026-11-01", 22)):
        tn.history.record(inventory(team("shop", 8 + number)), folder, at=day, project="shop")
    return folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    options = {"processes": True, "protocol": "tcp", "dashboard_address": None, "memory_limit": 0}
    patient = {"distributed.deploy.lost-worker-timeout": "1 hour"}  # one that was killed is replaced
    with dask.config.set(patient), LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster:
        assert cluster.scheduler_address.startswith("tcp://")
        yield cluster


@pytest.fixture(scope="module")
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster) as client:
        yield client


@pytest.fixture
def history(store: str, client: Client) -> tn.history.History:
    client.wait_for_workers(2, timeout=SECONDS)
    return tn.history.open_store(store, engine="dask")


@pytest.fixture(scope="module")
def known(store: str) -> dict[str, pd.DataFrame]:
    """Return what pandas reads of all projects as of the newest moment."""
    return together(tn.history.open_store(store), NOW)


def together(history: tn.history.History, when: str) -> dict[str, pd.DataFrame]:
    found = {project: history.at(when, project).tables for project in history.projects}
    return {name: stacked("project", {p: one[name] for p, one in found.items()}) for name in found["shop"]}


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    assert type(one) is type(other) is pd.DataFrame
    pd.testing.assert_frame_equal(one, other)


def test_the_frames_are_those_of_pandas(history: Any, store: str, known: dict[str, pd.DataFrame]) -> None:
    rows = history.table("instances_detail")
    expected = tn.history.open_store(store).table("instances_detail")
    assert rows.npartitions > 2
    assert rows.dtypes.to_dict() == expected.dtypes.to_dict()
    order = ["at", "project"]
    same(rows.compute().sort_values(order, kind="stable", ignore_index=True), expected)
    moment = history.at(NOW)
    assert isinstance(moment, Moment)
    assert moment.projects == PROJECTS
    assert moment.instances_detail.npartitions > 1
    for name, frame in moment.tables.items():
        assert frame.dtypes.to_dict() == known[name].dtypes.to_dict()
        same(frame.compute().reset_index(drop=True), known[name])
    assert history.at(NOW, "shop").projects == ["shop"]
    assert history.newest().projects == history.of(*PROJECTS).between("2026-11-01", NOW).newest().projects


def test_what_is_not_there_is_named(history: Any, store: str) -> None:
    with pytest.raises(tn.InvalidInput, match="engine is 'spark'"):
        tn.history.open_store(store, engine="spark")  # type: ignore[call-overload]
    with pytest.raises(tn.InvalidInput, match="no table 'servers'"):
        history.table("servers")
    with pytest.raises(tn.NotFound, match="no snapshot at 2020"):
        history.at("2020-01-01")
    with pytest.raises(tn.NotFound, match="not served"):
        history.at(NOW).images  # noqa: B018
    rows = history.at(NOW).instances_detail
    with pytest.raises(tn.InvalidInput, match="df lacks the columns team"):
        tn.capacity.totals(rows, by="team")
    with pytest.raises(tn.InvalidInput, match="status 'ASLEEP'"):
        tn.capacity.totals(rows, status="ASLEEP")
    with pytest.raises(tn.InvalidInput, match="at is missing"):
        tn.capacity.reclaimable(rows)
    with pytest.raises(tn.InvalidInput, match="df lacks the columns"):
        tn.capacity.reclaimable(rows[["instance_id"]], at=NOW)
    with pytest.raises(tn.InvalidInput, match="Moment stands beside Inventory"):
        tn.history.diff(history.at(NOW), tn.history.open_store(store).at(NOW, "shop"))


@pytest.mark.parametrize("by", ["zone", "family", "project", "vcpus", ["project", "zone"], ["status", "launched_at"]])
def test_totals(history: Any, known: dict[str, pd.DataFrame], by: Any) -> None:
    rows, expected = history.at(NOW).instances_detail, known["instances_detail"]
    same(tn.capacity.totals(rows, by=by), tn.capacity.totals(expected, by=by))
    same(tn.capacity.totals(rows, by, "running", total=False), tn.capacity.totals(expected, by, "running", total=False))


@pytest.mark.parametrize("where", ["project == 'team-14'", "project == 'bare'", "project == 'nobody'"])
def test_partitions_may_be_empty(history: Any, known: dict[str, pd.DataFrame], where: str) -> None:
    moment = history.at(NOW)
    rows, disks = moment.instances_detail.query(where), moment.disks.query(where)
    some, some_disks = known["instances_detail"].query(where), known["disks"].query(where)
    same(tn.capacity.totals(rows, by=["zone", "status"]), tn.capacity.totals(some, by=["zone", "status"]))
    same(tn.capacity.disk_sizing(disks), tn.capacity.disk_sizing(some_disks))
    same(tn.capacity.disk_sizing(disks, rows, by="zone"), tn.capacity.disk_sizing(some_disks, some, by="zone"))
    same(tn.capacity.flavor_mix(rows), tn.capacity.flavor_mix(some))
    same(tn.capacity.reclaimable(rows, at=NOW), tn.capacity.reclaimable(some, at=NOW))


@pytest.mark.parametrize("by", [None, "zone", "family", ["project", "flavor_name"]])
def test_disk_sizing(history: Any, known: dict[str, pd.DataFrame], by: Any) -> None:
    moment = history.at(NOW)
    expected = tn.capacity.disk_sizing(known["disks"], known["instances_detail"], by=by)
    same(tn.capacity.disk_sizing(moment.disks, moment.instances_detail, by=by), expected)


def test_disk_sizing_of_disks_alone_and_beside_a_pandas_frame(history: Any, known: dict[str, pd.DataFrame]) -> None:
    disks, vms = history.at(NOW).disks, known["instances_detail"]
    same(tn.capacity.disk_sizing(disks), tn.capacity.disk_sizing(known["disks"]))
    same(tn.capacity.disk_sizing(disks, vms), tn.capacity.disk_sizing(known["disks"], vms))
    with pytest.raises(tn.InvalidInput, match="an instance twice"):
        tn.capacity.disk_sizing(disks, history.table("instances_detail"))


@pytest.mark.parametrize("by", ["flavor_name", "family", "type"])
def test_flavor_mix(history: Any, known: dict[str, pd.DataFrame], by: str) -> None:
    moment = history.at(NOW)
    expected = tn.capacity.flavor_mix(known["instances_detail"], known["flavors"], by=by)
    same(tn.capacity.flavor_mix(moment.instances_detail, moment.flavors, by=by), expected)
    same(tn.capacity.flavor_mix(moment.instances_detail, known["flavors"], by=by), expected)


def test_reclaimable(history: Any, store: str, known: dict[str, pd.DataFrame]) -> None:
    rows = history.at(NOW).instances_detail
    expected = tn.capacity.reclaimable(known["instances_detail"], at=NOW)
    assert len(expected) > len(PROJECTS)
    same(tn.capacity.reclaimable(rows, at=NOW), expected)
    pandas = tn.history.open_store(store)
    expected = tn.capacity.reclaimable(known["instances_detail"], at=NOW, history=pandas)
    assert set(expected["evidence"]) == {"history", "updated_at, launched_at"}
    same(tn.capacity.reclaimable(rows, at=NOW, history=history), expected)


@pytest.fixture(scope="module")
def changed(store: str) -> pd.DataFrame:
    """Return what pandas says of each project."""
    history = tn.history.open_store(store)
    return stacked("project", {p: tn.history.diff(history.at(THEN, p), history.at(NOW, p)) for p in PROJECTS})


def test_diff(history: Any, changed: pd.DataFrame) -> None:
    changes = tn.history.diff(history.at(THEN), history.at(NOW))
    same(changes, changed)
    assert set(changes["change"]) == {"created", "deleted", "renamed", "resized"}
    lacking = tn.history.not_compared(changes)
    assert set(lacking["project"]) == set(PROJECTS)
    assert "images" in set(lacking["table"])
    less = tn.history.diff(history.of("shop", "bare").at(THEN), history.at(NOW), tables=["disks"])
    same(less, changed.query("table == 'disks' and project in ['shop', 'bare']").reset_index(drop=True))
    alone = tn.history.not_compared(less).query("project == 'empty'")
    assert alone.values.tolist() == [["empty", "disks", "not there before: no snapshot of the project"]]


@pytest.mark.parametrize("by", [None, ["zone", "status"]])
def test_waterfall(history: Any, store: str, by: Any) -> None:
    shop = tn.history.open_store(store)
    same(
        tn.history.waterfall(history.at(THEN, "shop"), history.at(NOW, "shop"), by=by),
        tn.history.waterfall(shop.at(THEN, "shop"), shop.at(NOW, "shop"), by=by),
    )
    levels = tn.history.waterfall(history.at(THEN), history.at(NOW), by=by)
    for step, when in (("before", THEN), ("after", NOW)):
        vms = together(tn.history.open_store(store), when)["instances_detail"]
        level = levels[levels.index.get_level_values("step") == step]
        assert level["instances"].sum() == len(vms.query("status != 'DELETING'"))


@pytest.mark.parametrize("by", [None, "zone", ["family", "status"]])
def test_amounts(history: Any, store: str, by: Any) -> None:
    same(history.amounts(by=by), tn.history.open_store(store).amounts(by=by))


def test_growth_and_what_only_history_knows(history: Any, store: str, client: Client) -> None:
    pandas = tn.history.open_store(store)
    rows = history.of("shop").table("instances_detail")
    same(tn.capacity.growth(rows, by="zone"), tn.capacity.growth(pandas.of("shop"), by="zone"))
    same(tn.capacity.growth(history.of("shop")), tn.capacity.growth(pandas.of("shop").amounts()))
    assert any(client.run(lambda: "statsmodels" in sys.modules).values())  # it is fitted there
    limits = {"*": {"vcpus": 500, "disk_gb": 9000}, "b": {"vcpus": 90}}
    same(tn.capacity.forecast(history.of("shop"), limits, 30), tn.capacity.forecast(pandas.of("shop"), limits, 30))
    same(tn.capacity.growth_series(history, "zone", total=True), tn.capacity.growth_series(pandas, "zone", total=True))
    same(history.churn(), pandas.churn())
    same(history.lifetimes(), pandas.lifetimes())


def test_merged_files_say_the_same(
    store: str, client: Client, tmp_path: Path, known: dict[str, pd.DataFrame], changed: pd.DataFrame
) -> None:
    subprocess.run(["cp", "-r", store, tmp_path / "merged"], check=True)
    tn.history.compact(tmp_path / "merged", grace=0)
    history = tn.history.open_store(tmp_path / "merged", engine="dask")
    assert history.table("instances_detail").npartitions == 1
    vms = known["instances_detail"]
    same(tn.capacity.totals(history.at(NOW).instances_detail), tn.capacity.totals(vms))
    disks = changed.query("table == 'disks'").reset_index(drop=True)
    same(tn.history.diff(history.at(THEN), history.at(NOW), tables=["disks"]), disks)


def test_a_damaged_store_is_an_error_of_ours(store: str, client: Client, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", store, tmp_path / "damaged"], check=True)
    for path in (tmp_path / "damaged" / "disks").rglob("*.parquet"):
        path.write_bytes(b"PAR1")
    history = tn.history.open_store(tmp_path / "damaged", engine="dask")
    with pytest.raises(tn.InvalidInput, match=r"Using the history .*cannot be read"):
        tn.capacity.disk_sizing(history.at(NOW).disks)
    with pytest.raises(tn.InvalidInput, match=r"Using the history .*cannot be read"):
        tn.history.diff(history.at(THEN), history.at(NOW))


def test_threads_that_ask_at_once_get_the_same_types_and_leave_dask_as_it_was(store: str) -> None:
    history = tn.history.open_store(store, engine="dask")
    beside = tn.history.open_store(store).at(NOW, "shop").instances_detail[["instance_id", "name"]]
    before, switched = dict(dask.config.config["dataframe"]), sys.getswitchinterval()

    def made(_: int) -> list[dd.DataFrame]:
        rows = history.table("disks", ["instance_id"])
        return with_same_rows("instance_id", (rows, ["instance_id"]), (beside, ["instance_id", "name"]))

    kept = made(0)  # Dask's own expressions are made again by their name: none goes away while another asks for it
    try:
        sys.setswitchinterval(1e-6)  # threads take turns in the midst of things
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(made, range(24)))
    finally:
        sys.setswitchinterval(switched)
    for frames_made in [kept, *found]:
        assert [dtype for frame in frames_made for dtype in frame.dtypes] == [beside.dtypes.iloc[0], *beside.dtypes]
    assert dask.config.config["dataframe"] == before


def held_up(rows: pd.DataFrame) -> pd.DataFrame:
    """Say where this is worked on, and wait until it may go on."""
    if (rows["project"] == "team-14").any():
        Variable("where").set(get_worker().address)
        assert Event("go on").wait(timeout=SECONDS)
    return rows


def test_a_worker_killed_in_the_middle_of_a_partition_changes_no_figure(
    history: Any, client: Client, known: dict[str, pd.DataFrame]
) -> None:
    rows = history.at(NOW).instances_detail
    slow = rows.map_partitions(held_up, meta=rows._meta)
    pids = client.run(os.getpid)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(tn.capacity.totals, slow, by=["project", "zone"])
        where = Variable("where").get(timeout=SECONDS)
        os.kill(pids[where], signal.SIGKILL)
        Event("go on").set()
        same(answer.result(SECONDS), tn.capacity.totals(known["instances_detail"], by=["project", "zone"]))
    assert Variable("where").get(timeout=SECONDS) != where  # it was worked on again, by another


Answer = Callable[[Any], pd.DataFrame]
ANSWERS: dict[str, Answer] = {
    "disk_sizing": lambda history: tn.capacity.disk_sizing(history.at(NOW).disks, history.at(NOW).instances_detail),
    "flavor_mix": lambda history: tn.capacity.flavor_mix(history.at(NOW).instances_detail),
    "reclaimable": lambda history: tn.capacity.reclaimable(history.at(NOW).instances_detail, at=NOW),
    "diff": lambda history: tn.history.diff(history.at(THEN), history.at(NOW), tables=["instances_detail"]),
    "amounts": lambda history: history.amounts(by="zone"),
}


def test_a_worker_killed_with_work_to_do_changes_no_figure(history: Any, client: Client) -> None:
    expected = {name: answer(history) for name, answer in ANSWERS.items()}
    where, pid = next(iter(client.run(os.getpid).items()))
    os.kill(pid, signal.SIGSTOP)  # what it is given is not done before it is killed
    with ThreadPoolExecutor(len(ANSWERS)) as pool:
        answers = {name: pool.submit(answer, history) for name, answer in ANSWERS.items()}
        while not client.processing().get(where):
            assert not all(answer.done() for answer in answers.values())
        os.kill(pid, signal.SIGKILL)
        for name, answer in answers.items():
            same(answer.result(SECONDS), expected[name])
    assert where not in client.scheduler_info()["workers"]


def test_dask_is_not_imported_unless_it_is_asked_for(store: str) -> None:
    code = (
        f"import sys, toastnb as tn; history = tn.history.open_store({store!r});"
        " tn.capacity.totals(history.newest('shop').instances_detail);"
        " assert 'dask' not in sys.modules; sys.modules['dask'] = None;"
        f" tn.history.open_store({store!r}, engine='dask')"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (
        "MissingExtra: the package dask is not installed. Install it with: pip install 'toastnb[dask]'" in done.stderr
    )


def test_any_frame_of_dask_will_do(client: Client, known: dict[str, pd.DataFrame]) -> None:
    vms = known["instances_detail"]
    own = dd.from_pandas(vms, npartitions=3, sort=False)
    same(tn.capacity.totals(own).reset_index().astype({"zone": "str"}), tn.capacity.totals(vms).reset_index())


@pytest.mark.usefixtures("client")
def test_sums_from_workers_are_where_arrow_wants_them(history: Any, capfd: pytest.CaptureFixture[str]) -> None:
    tn.capacity.growth(history.of("shop"), by="zone")
    assert "poorly aligned" not in capfd.readouterr().err


OF_PANDAS: dict[str, Callable[[Any], object]] = {
    "headroom": lambda df: tn.capacity.headroom(df, {"vcpus": 1}),
    "zone_failure": lambda df: tn.capacity.zone_failure(df),
    "zone_balance": lambda df: tn.capacity.zone_balance(df),
    "single_zone": lambda df: tn.capacity.single_zone(df, "name"),
    "cost": lambda df: tn.capacity.cost(df, pd.DataFrame({"flavor_name": ["a"], "hourly": [1]})),
    "what_if": lambda df: tn.capacity.what_if(df, []),
    "largest_disks": lambda df: tn.capacity.largest_disks(df),
    "volumes_per_instance": lambda df: tn.capacity.volumes_per_instance(df),
    "price_template": lambda df: tn.capacity.price_template(df),
    "disk_options": lambda df: tn.capacity.disk_options(df, df),
}


@pytest.mark.parametrize("name", OF_PANDAS)
def test_an_analysis_of_pandas_frames_says_that_it_got_one_of_dask(store: str, name: str) -> None:
    frame = tn.history.open_store(store, engine="dask").newest("shop").instances_detail
    with pytest.raises(tn.InvalidInput, match=r"is a Dask DataFrame, .*\.compute\(\)\."):
        OF_PANDAS[name](frame)


def test_a_moment_is_no_inventory(store: str, tmp_path: Path) -> None:
    moment: Any = tn.history.open_store(store, engine="dask").newest()
    for use in (tn.report.write, tn.history.record):
        with pytest.raises(tn.InvalidInput, match=r"inventory is Moment, .* without Dask\."):
            use(moment, tmp_path / "out")
    assert not (tmp_path / "out").exists()
