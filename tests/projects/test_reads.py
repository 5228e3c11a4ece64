"""What many projects answer: the tables of each, one below the other, and nothing that changes anything."""

from __future__ import annotations

import inspect
import threading
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

import toastnb as tn
from tests.projects.conftest import KOREAN, Profiles, keys_of
from tests.redaction.public_calls import WRITES
from tests.support import raw_call
from toastnb.columns import TABLES
from toastnb.gathering import gather, in_short

READS = {
    "flavors": ("flavors", "flavors"),
    "availability_zones": ("availability-zones", "zones"),
    "instances": ("instances", "instances"),
    "instances_detail": ("instances-detail", "instances"),
    "keypairs": ("keypairs", "keypairs"),
    "images": ("images", "images"),
    "networks": ("networks", "networks"),
    "subnets": ("subnets", "subnets"),
    "security_groups": ("security-groups", "securityGroups"),
    "floating_ips": ("floating-ips", "floatingips"),
    "volumes": ("volumes", "volumes"),
}


def dtypes(table: str) -> dict[str, str]:
    """Return the dtypes of a table of many projects, in order."""
    return {"project": "str"} | {column.name: str(column.kind) for column in TABLES[table]}


@pytest.mark.parametrize("read", READS)
def test_a_read_has_the_rows_of_each_project_in_the_order_given(
    read: str, shop: tn.Sandbox, lab: tn.Sandbox, nobody: tn.Sandbox
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    given = {KOREAN: shop, "nobody": nobody, "Lab": lab}
    with tn.connect_many(given, timeout=20) as projects:
        table = getattr(projects, read)()
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == dtypes(read)
    assert before <= datetime.fromisoformat(table.attrs["fetched_at"]) <= datetime.now(UTC)
    path, key = READS[read]
    path += "?limit=1000" if read == "images" else ""  # they come in pages
    counts = {name: len(raw_call(sandbox, "GET", path)[key]) for name, sandbox in given.items()}
    assert table["project"].tolist() == [name for name, count in counts.items() for _ in range(count)]
    assert table.index.equals(pd.RangeIndex(len(table)))
    for name, sandbox in given.items():
        with tn.connect(sandbox) as toast:
            alone = getattr(toast, read)()
        mine = table[table.project == name].drop(columns="project").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone)
    assert projects.failures.empty


def test_totals_over_all(shop: tn.Sandbox, lab: tn.Sandbox) -> None:
    given = {"shop": shop, "lab": lab}
    counted: Counter[tuple[str, str]] = Counter()
    for name, sandbox in given.items():
        for vm in raw_call(sandbox, "GET", "instances-detail")["instances"]:
            if vm["status"] not in {"DELETED", "DELETING"}:
                counted[name, vm["availabilityZone"]] += 1
    with tn.connect_many(given) as projects:
        table = tn.capacity.totals(projects.instances_detail(), by=["project", "zone"])
    found = table["instances"].to_dict()
    assert {key: count for key, count in found.items() if key in counted} == counted
    assert found["Total", ""] == counted.total()


def test_there_are_no_writes_and_the_connections_only_read(shop: tn.Sandbox) -> None:
    public = {name for name in dir(tn.Projects) if not name.startswith("_")}
    others = {"names", "failures", "close", "inventory", "inventories", "audit", "record"}
    assert public == READS.keys() | others
    assert not public & WRITES.keys()
    with tn.connect(shop) as toast, tn.connect_many({"a": shop, "b": toast, "c": "sandbox"}) as projects:
        for connection in projects._connections.values():
            assert isinstance(connection, tn.Toast)
            with pytest.raises(tn.ReadOnly):
                connection.stop("5f0c")


def test_all_arguments_of_the_reads_are_those_that_suit_many() -> None:
    for read in READS:
        assert list(inspect.signature(getattr(tn.Projects, read)).parameters) == ["self"]


def test_profiles_by_name_and_under_names_of_ones_own(shop: tn.Sandbox, profiles: Profiles) -> None:
    profiles(prod=keys_of(shop), 개발=keys_of(shop))
    with tn.connect_many(["개발", "prod"]) as projects:
        assert projects.names == ["개발", "prod"]
        assert projects.instances().groupby("project", sort=False).size().to_dict() == {"개발": 40, "prod": 40}
        assert repr(projects) == "<Projects 개발, prod; read-only>"
    with tn.connect_many({"Seoul": "prod", "demo": "sandbox"}) as projects:
        assert projects.instances().groupby("project", sort=False).size().to_dict() == {"Seoul": 40, "demo": 250}


def test_another_connection_is_not_ours_to_close(shop: tn.Sandbox) -> None:
    with tn.connect(shop) as toast:
        with tn.connect_many({"a": toast}, timeout=20) as projects:
            assert len(projects.instances()) == 40
        assert len(toast.instances()) == 40


def test_after_close_reads_are_refused(shop: tn.Sandbox, tmp_path: Path) -> None:
    with tn.connect_many({"a": shop, "b": shop}) as projects:
        pass
    for read in (projects.instances, projects.inventories, projects.audit, lambda: projects.record(tmp_path / "store")):
        with pytest.raises(tn.NetworkFailure, match=r"the projects are closed\. Connect again"):
            read()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["prod", "nope"], "there is no profile nope (known: prod)"),
        ({"a": "nope"}, "there is no profile nope"),
        (["prod", "prod"], "project 'prod' is given twice"),
        ([], "projects is empty"),
        ({}, "projects is empty"),
        ("prod", "projects is str"),
        (7, "projects is int"),
        ([7], "a list is of names only"),
        ([["prod"]], "a list is of names only"),
        ({"": "prod"}, "project is empty"),
        ({"a\nb": "prod"}, "project has characters"),
        ({"a": 7}, "the profile of a is int"),
        ({"a": None}, "the profile of a is NoneType, but must be a name, a Sandbox or a connection"),
    ],
)
def test_a_mistake_is_found_before_anything_is_sent(
    given: object, said: str, sandbox: tn.Sandbox, profiles: Profiles
) -> None:
    profiles(prod=keys_of(sandbox))
    with pytest.raises(tn.InvalidInput) as caught:
        tn.connect_many(given)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert sandbox.calls == {}


@pytest.mark.parametrize("at_once", [0, 65, -1, True, 2.0, "8"])
def test_at_once_is_checked(at_once: object, shop: tn.Sandbox) -> None:
    with pytest.raises(tn.InvalidInput, match="at_once is"):
        tn.connect_many({"a": shop}, at_once=at_once)  # type: ignore[arg-type]


@pytest.mark.parametrize("at_once", [1, 64])
def test_at_once_at_its_ends(at_once: int, shop: tn.Sandbox) -> None:
    with tn.connect_many({"a": shop, "b": shop}, at_once=at_once) as projects:
        assert len(projects.instances()) == 80


def test_no_more_are_under_way_than_at_once_and_no_fewer() -> None:
    both, lock, most = threading.Barrier(2, timeout=20), threading.Lock(), 0
    active: set[int] = set()

    def read(number: int, _: object) -> int:
        nonlocal most
        with lock:
            active.add(number)
            most = max(most, len(active))
        both.wait()  # nobody comes past it alone
        with lock:
            active.discard(number)
        return number * number

    found = dict(gather({str(number): number for number in range(8)}, read, at_once=2))
    assert found == {str(number): number * number for number in range(8)}
    assert most <= 3  # one that is over may not have said so yet, for it leaves the barrier after the next came


def test_a_slow_taker_does_not_pile_answers_up() -> None:
    begun: list[int] = []

    def read(number: int, _: object) -> None:
        begun.append(number)

    answers = gather({str(number): number for number in range(20)}, read, at_once=3)
    next(answers)
    assert len(begun) <= 3
    answers.close()


def test_a_defect_is_not_a_failure_of_a_project() -> None:
    def read(number: int, _: object) -> float:
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        list(gather({"a": 1, "b": 0}, read, at_once=2))


def test_a_terminal_sees_a_bar_a_project(
    shop: tn.Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with tn.connect_many({KOREAN: shop, "lab": shop}) as projects:
        projects.inventory()
        assert "".join(capsys.readouterr()) == ""
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        projects.inventory()
    shown = capsys.readouterr().err
    assert all(f"{name}:" in shown for name in ("Reading the projects", KOREAN, "lab"))
    assert "Reading the account" not in shown


def test_many_names_are_told_in_short() -> None:
    names = [f"p{number}" for number in range(1, 8)]
    assert in_short(names[:5]) == "p1, p2, p3, p4, p5"
    assert in_short(names) == "p1, p2, p3, p4, p5 and 2 more"


def test_a_hundred_projects(nobody: tn.Sandbox, shop: tn.Sandbox) -> None:
    given = {f"p{number}": shop if number % 10 == 0 else nobody for number in range(100)}
    with ExitStack() as stack:
        projects = stack.enter_context(tn.connect_many(given, timeout=60))
        counts = projects.instances().groupby("project", sort=False).size()
    assert counts.to_dict() == {f"p{number}": 40 for number in range(0, 100, 10)}
