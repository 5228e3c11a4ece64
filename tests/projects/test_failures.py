"""A project that fails is a row of the failures, whatever it fails with, and the rest is there."""

from __future__ import annotations

import time
import traceback
import warnings

import pandas as pd
import pytest

import toastnb as tn
from tests.projects.conftest import KOREAN, Profiles, keys_of
from tests.projects.test_reads import READS, dtypes
from tests.support import eventually
from tests.transport.hostile import Hostile, nothing, refusal, silence
from tests.transport.test_interrupts import pulling

COLUMNS = {"project": "str", "call": "str", "kind": "str", "code": "Int64", "message": "str"}
TOLD = "the property failures says what failed, and why"


def of(hostile: Hostile) -> dict[str, object]:
    return {"base_url": hostile.base_url}


@pytest.fixture
def refusing() -> object:
    with Hostile() as hostile:
        hostile.on("POST tokens", refusal(-3, "wrong password: refuses-password"))
        yield hostile


@pytest.fixture
def hanging() -> object:
    with Hostile() as hostile:
        hostile.on("*", silence)
        yield hostile


@pytest.mark.usefixtures("no_backoff")
def test_each_kind_of_failure_is_a_row_and_the_rest_is_there(
    hostile: Hostile, refusing: Hostile, hanging: Hostile, shop: tn.Sandbox, nobody: tn.Sandbox, profiles: Profiles
) -> None:
    hostile.on("*", refusal(-7, "Not supported"))
    with Hostile() as gone:
        pass
    profiles(
        **{
            "hangs": of(hanging) | {"timeout": 1.0},
            "lacks": {"password": None},
            "refuses": of(refusing),
            "gone": of(gone),
            "unserved": of(hostile),
            KOREAN: keys_of(shop),
            "nobody": keys_of(nobody),
        }
    )
    names = ["hangs", "lacks", KOREAN, "refuses", "gone", "nobody", "unserved"]
    with tn.connect_many(names) as projects:
        said = f"5 of 7 projects did not answer in full: hangs, lacks, refuses, gone, unserved; {TOLD}"
        with pytest.warns(UserWarning, match=said) as warned:
            vms = projects.instances_detail()
        assert [warning.filename for warning in warned] == [__file__]
        failures = projects.failures
    assert vms.groupby("project").size().to_dict() == {KOREAN: 40}
    assert {name: str(dtype) for name, dtype in vms.dtypes.items()} == dtypes("instances_detail")
    assert {name: str(dtype) for name, dtype in failures.dtypes.items()} == COLUMNS
    assert failures[["project", "kind"]].values.tolist() == [
        ["hangs", "DeadlineExceeded"],
        ["lacks", "CredentialsError"],
        ["refuses", "CredentialsError"],
        ["gone", "NetworkFailure"],
        ["unserved", "ServiceFailure"],
    ]
    assert failures.call.eq("instances_detail").all()
    assert failures.code.fillna(0).tolist() == [0, 0, -3, 0, -7]
    assert failures.message.str.contains("within 1 s").tolist() == [True, False, False, False, False]
    assert "no password found" in failures.message[1]
    assert not failures.to_csv().count("-password")
    assert not failures.to_csv().count("-appkey")


@pytest.mark.parametrize("read", READS)
def test_where_all_fail_the_columns_are_there(read: str, refusing: Hostile, profiles: Profiles) -> None:
    profiles(a=of(refusing), b=of(refusing))
    with tn.connect_many(["a", "b"]) as projects, pytest.warns(UserWarning, match="2 of 2 projects"):
        table = getattr(projects, read)()
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == dtypes(read)
    assert table.empty
    assert table.attrs["fetched_at"]
    assert projects.failures.project.tolist() == ["a", "b"]


def test_where_all_fail_the_inventory_has_all_tables(refusing: Hostile, profiles: Profiles) -> None:
    profiles(a=of(refusing))
    with tn.connect_many(["a"]) as projects:
        with pytest.warns(UserWarning, match="1 of 1 project"):
            inventory = projects.inventory()
        with pytest.warns(UserWarning, match="1 of 1 project"):
            assert projects.inventories() == {}
    assert projects.failures[["project", "call"]].values.tolist() == [["a", "inventory"]]
    for name, table in inventory.tables.items():
        assert {column: str(dtype) for column, dtype in table.dtypes.items()} == dtypes(name)
        assert table.empty


def test_the_failures_are_those_of_the_latest_read(sandbox: tn.Sandbox) -> None:
    sandbox.fault("GET flavors", "code", code=-7, message="Not supported")
    with tn.connect_many({"a": sandbox}) as projects:
        assert projects.failures.empty
        assert {name: str(dtype) for name, dtype in projects.failures.dtypes.items()} == COLUMNS
        with pytest.warns(UserWarning, match="1 of 1"):
            projects.flavors()
        assert projects.failures.code.tolist() == [-7]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(projects.flavors())
        assert projects.failures.empty


def test_a_table_that_is_not_served_is_told_and_the_others_have_theirs(sandbox: tn.Sandbox, lab: tn.Sandbox) -> None:
    sandbox.fault("GET volumes", "code", code=-7, message="Not supported", times=None)
    with tn.connect_many({"a": sandbox, "lab": lab}) as projects:
        with pytest.warns(UserWarning, match=f"1 of 2 projects did not answer in full: a; {TOLD}"):
            inventory = projects.inventory()
        failures = projects.failures
        assert inventory.volumes.project.unique().tolist() == ["lab"]
        assert inventory.disks.project.unique().tolist() == ["a", "lab"]
        assert inventory.absent == {}
    assert failures[["project", "call", "kind"]].values.tolist() == [
        ["a", "volumes", "AbsentTable"],
        ["a", "volume_attachments", "AbsentTable"],
    ]
    assert failures.message.str.contains("-7").all()


def test_a_table_that_is_served_nowhere_is_absent(sandbox: tn.Sandbox) -> None:
    sandbox.fault("GET volumes", "code", code=-7, message="Not supported", times=None)
    with tn.connect_many({"a": sandbox, "b": sandbox}) as projects, pytest.warns(UserWarning, match="2 of 2"):
        inventory = projects.inventory()
    assert inventory.absent.keys() == {"volumes", "volume_attachments"}
    assert not hasattr(inventory, "volumes")


def test_one_that_hangs_holds_up_none_of_the_others(hanging: Hostile, shop: tn.Sandbox, profiles: Profiles) -> None:
    profiles(hangs=of(hanging), **{f"p{number}": keys_of(shop) for number in range(6)})
    start = time.monotonic()
    with tn.connect_many(["hangs", *(f"p{number}" for number in range(6))], at_once=2, timeout=3) as projects:
        with pytest.warns(UserWarning, match="1 of 7 projects did not answer in full: hangs"):
            inventories = projects.inventories()
        assert projects.failures.kind.tolist() == ["DeadlineExceeded"]
    assert list(inventories) == [f"p{number}" for number in range(6)]
    assert time.monotonic() - start < 60
    eventually(lambda: not pulling())


def test_a_form_that_listens_hears_of_it_instead_of_a_warning(refusing: Hostile, profiles: Profiles) -> None:
    from toastnb.remarks import heard

    profiles(a=of(refusing))
    said: list[str] = []
    with tn.connect_many(["a"]) as projects, heard(said):
        projects.flavors()
    assert said == [f"1 of 1 project did not answer in full: a; {TOLD}"]


def test_a_stranger_answer_is_a_row_too(hostile: Hostile, shop: tn.Sandbox, profiles: Profiles) -> None:
    hostile.on("*", nothing(instances=[{"id": 7}]))
    profiles(odd=of(hostile), shop=keys_of(shop))
    with tn.connect_many(["odd", "shop"]) as projects, pytest.warns(UserWarning, match="1 of 2"):
        vms = projects.instances_detail()
    assert projects.failures.kind.tolist() == ["BadAnswer"]
    assert isinstance(vms, pd.DataFrame)
    assert len(vms) == 40


def test_a_failure_that_comes_again_and_again_keeps_nothing_of_the_times_before(profiles: Profiles) -> None:
    profiles(lacks={"password": None})
    with tn.connect_many(["lacks"]) as projects, warnings.catch_warnings(action="ignore"):
        frames = []
        for _ in range(3):
            projects.flavors()
            [error] = projects._connections.values()
            assert isinstance(error, tn.CredentialsError)
            frames.append(len(list(traceback.walk_tb(error.__traceback__))))
    assert frames == [frames[0]] * 3


@pytest.mark.usefixtures("no_backoff")
def test_many_that_fail_hold_nobody_up_by_what_is_taken_out_of_their_errors(profiles: Profiles) -> None:
    with Hostile() as gone:
        pass
    names = [f"project-{number:03}" for number in range(150)]
    profiles(**{name: of(gone) | {"appkey": f"key-{name}-é+%&=", "timeout": 5.0} for name in names})
    with tn.connect_many(names) as projects, warnings.catch_warnings(action="ignore"):
        projects.flavors()
        assert projects.failures.kind.tolist() == ["NetworkFailure"] * 150
