"""Every table has the columns and dtypes of the column dictionary, in its order, full or empty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import toastnb as tn
from tests.frames.conftest import Serve
from tests.frames.dictionary import COLUMNS, TIME
from toastnb.columns import TABLES

READS: dict[str, Callable[[tn.Toast], pd.DataFrame]] = {
    "flavors": tn.Toast.flavors,
    "availability_zones": tn.Toast.availability_zones,
    "instances": tn.Toast.instances,
    "instances_detail": tn.Toast.instances_detail,
    "keypairs": tn.Toast.keypairs,
    "images": tn.Toast.images,
    "networks": tn.Toast.networks,
    "subnets": tn.Toast.subnets,
    "security_groups": tn.Toast.security_groups,
    "floating_ips": tn.Toast.floating_ips,
    "volumes": tn.Toast.volumes,
}


def check(table: str, frame: pd.DataFrame) -> None:
    assert frame.columns.tolist() == list(COLUMNS[table])
    assert dict(frame.dtypes) == COLUMNS[table]
    assert frame.index.equals(pd.RangeIndex(len(frame)))
    assert type(frame) is pd.DataFrame


def test_the_dictionary_in_the_code_is_that_of_the_design() -> None:
    assert list(TABLES) == list(COLUMNS)
    for table, columns in TABLES.items():
        assert [column.name for column in columns] == list(COLUMNS[table])
        assert all(column.meaning for column in columns)


@pytest.mark.parametrize("table", READS)
def test_a_read(toast: tn.Toast, table: str) -> None:
    frame = READS[table](toast)
    assert len(frame)
    check(table, frame)


@pytest.mark.parametrize("table", READS)
def test_a_read_of_nothing(serve: Serve, table: str) -> None:
    frame = READS[table](serve())
    assert len(frame) == 0
    check(table, frame)


def test_an_inventory_has_every_table(toast: tn.Toast) -> None:
    inventory = toast.inventory()
    assert list(inventory.tables) == list(COLUMNS)
    assert inventory.absent == {}
    for table, frame in inventory.tables.items():
        assert len(frame)
        check(table, frame)


def test_an_inventory_of_nothing_has_every_table_empty(serve: Serve) -> None:
    inventory = serve().inventory()
    assert list(inventory.tables) == list(COLUMNS)
    for table, frame in inventory.tables.items():
        assert len(frame) == 0
        check(table, frame)


def test_full_and_empty_frames_go_together_without_a_change_of_dtype(toast: tn.Toast, serve: Serve) -> None:
    full, empty = toast.inventory().tables, serve().inventory().tables
    for table in COLUMNS:
        assert dict(pd.concat([empty[table], full[table]]).dtypes) == COLUMNS[table]


def test_items_of_which_nothing_is_known_have_the_same_dtypes(serve: Serve) -> None:
    names = ["instances", "flavors", "images", "networks", "subnets", "floatingips", "volumes"]
    bare = {name: [{"id": "x"}] for name in names}
    groups = [{"id": "g", "securityGroupRules": [{"id": "r"}]}]
    inventory = serve(**bare, zones=[{"zoneName": "z"}], keypairs=[{"name": "k"}], securityGroups=groups).inventory()
    for table, frame in inventory.tables.items():
        check(table, frame)
    known = {
        "instances_detail": {"instance_id": "x"},
        "flavors": {"flavor_id": "x"},
        "images": {"image_id": "x"},
        "networks": {"network_id": "x"},
        "subnets": {"subnet_id": "x"},
        "floating_ips": {"floating_ip_id": "x"},
        "volumes": {"volume_id": "x"},
        "availability_zones": {"zone": "z"},
        "keypairs": {"name": "k"},
        "security_groups": {"security_group_id": "g"},
        "security_group_rules": {"rule_id": "r", "security_group_id": "g"},
    }
    for table, values in known.items():
        (row,) = inventory.tables[table].to_dict("records")
        assert {name: value for name, value in row.items() if not pd.isna(value)} == values
    for table in ("addresses", "disks", "instance_security_groups", "metadata", "volume_attachments"):
        assert len(inventory.tables[table]) == 0


def test_a_token_has_a_row(toast: tn.Toast) -> None:
    info = toast.token_info()
    assert info.columns.tolist() == ["user_id", "roles", "issued_at", "expires"]
    assert [info[name].dtype for name in ("issued_at", "expires")] == [TIME, TIME]
    assert info.roles.item() == "ADMIN"
    life = (info.expires - info.issued_at).item()
    assert timedelta(hours=1) - timedelta(seconds=2) <= life <= timedelta(hours=1)


@pytest.mark.parametrize("table", [*READS, "inventory", "token_info"])
def test_every_read_says_when_it_was(toast: tn.Toast, table: str) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    answer = getattr(toast, table)()
    frames = answer.tables.values() if table == "inventory" else [answer]
    for frame in frames:
        fetched_at = frame.attrs["fetched_at"]
        assert fetched_at.endswith("+00:00")
        assert before <= datetime.fromisoformat(fetched_at) <= datetime.now(UTC)
    if table == "inventory":
        assert {frame.attrs["fetched_at"] for frame in frames} == {answer.fetched_at}


def test_a_frame_survives_parquet_with_dtypes_and_time(toast: tn.Toast, tmp_path: Path) -> None:
    for table, frame in toast.inventory().tables.items():
        frame.to_parquet(tmp_path / "frame.parquet")
        again = pd.read_parquet(tmp_path / "frame.parquet")
        check(table, again)
        pd.testing.assert_frame_equal(again, frame)
        assert again.attrs == frame.attrs


def test_rows_keep_the_services_order_and_cross_the_chunks(serve: Serve) -> None:
    ids = [f"i-{(number * 7919) % 1201}" for number in range(1201)]
    volumes = {"attachments": [{"id": "v", "size": 1}]}
    toast = serve(instances=[{"id": id_, "volumes": volumes} for id_ in ids])
    assert toast.instances_detail().instance_id.tolist() == ids
    assert toast.instances().instance_id.tolist() == ids
    inventory = toast.inventory()
    assert inventory.disks.instance_id.tolist() == ids
    assert inventory.instances.instance_id.tolist() == ids


def test_a_broken_item_beyond_the_first_chunk_is_named_by_its_place(serve: Serve) -> None:
    instances = [{"id": f"i-{number}", "flavor": {"cpu": 1}} for number in range(1000)]
    instances[777]["flavor"]["cpu"] = "four"
    with pytest.raises(tn.BadAnswer, match=r"instances\[777\]\.flavor\.cpu"):
        serve(instances=instances).instances_detail()
