"""An account of one moment: what it holds when something is not served, and its way into a file and back."""

from __future__ import annotations

import io
import json
import pickle
import random
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import toastnb as tn
from tests.frames.dictionary import COLUMNS, TEXT
from tests.transport.hostile import Hostile, nothing


@pytest.fixture(scope="module")
def whole() -> Iterator[tn.Inventory]:
    with tn.Sandbox(instances=60, instant=True) as sandbox, tn.connect(sandbox, timeout=20) as toast:
        yield toast.inventory()


@pytest.fixture
def saved(whole: tn.Inventory, tmp_path: Path) -> Path:
    return whole.save(tmp_path / "account.zip")


def check_same(one: tn.Inventory, other: tn.Inventory) -> None:
    assert list(one.tables) == list(other.tables)
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(frame, other.tables[name])
        assert frame.attrs == other.tables[name].attrs
    assert (one.absent, one.fetched_at) == (other.absent, other.fetched_at)


# --- pulling ----------


def test_its_tables_agree_with_each_other(whole: tn.Inventory) -> None:
    detail = whole.instances_detail
    pd.testing.assert_frame_equal(whole.instances, detail[["instance_id", "name", "status"]])
    sizes = whole.disks.groupby("instance_id")["size_gb"].sum()
    assert sizes.to_dict() == detail.set_index("instance_id")["disk_gb"].to_dict()
    assert set(whole.disks.query("role == 'attached'").volume_id) == set(whole.volume_attachments.volume_id)
    joined = whole.instance_security_groups.groupby("instance_id")["security_group"].agg(lambda g: ",".join(sorted(g)))
    assert joined.to_dict() == detail.set_index("instance_id")["security_groups"].to_dict()
    first = whole.addresses.drop_duplicates("instance_id").set_index("instance_id")["ip_address"]
    assert first.to_dict() == detail.set_index("instance_id")["ip_address"].dropna().to_dict()


def test_it_asks_once_for_each_thing(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    toast.inventory()
    pages = sandbox.calls["GET images"]
    assert {**sandbox.calls, "GET images": 1} == {
        "POST tokens": 1,
        "GET instances-detail": 1,
        "GET flavors": 1,
        "GET availability-zones": 1,
        "GET keypairs": 1,
        "GET images": 1,
        "GET networks": 1,
        "GET subnets": 1,
        "GET security-groups": 1,
        "GET floating-ips": 1,
        "GET volumes": 1,
    }
    assert pages == 2


SIBLINGS = {
    "images": ["images"],
    "networks": ["networks"],
    "subnets": ["subnets"],
    "security-groups": ["security_groups", "security_group_rules"],
    "floating-ips": ["floating_ips"],
    "volumes": ["volumes", "volume_attachments"],
}


@pytest.mark.parametrize("code", [-7, 10403, -5, -4])
@pytest.mark.parametrize("path", SIBLINGS)
def test_what_is_not_served_is_absent_and_says_why(
    toast: tn.Toast, sandbox: tn.Sandbox, path: str, code: int, tmp_path: Path
) -> None:
    sandbox.fault(f"GET {path}", "code", code=code, message="not for you", times=None)
    inventory = toast.inventory()
    assert sorted(inventory.absent) == sorted(SIBLINGS[path])
    for name in SIBLINGS[path]:
        assert "not for you" in inventory.absent[name]
        assert name not in inventory.tables
        assert not hasattr(inventory, name)
        with pytest.raises(tn.NotFound, match=f"has no {name}: .*not for you"):
            getattr(inventory, name)
        assert f"absent: {name}" in repr(inventory) or f", {name}" in repr(inventory)
        assert name in inventory._repr_html_()
    assert len(inventory.tables) == len(COLUMNS) - len(SIBLINGS[path])
    check_same(tn.load_inventory(inventory.save(tmp_path / "part.zip")), inventory)


@pytest.mark.parametrize("fault", ["status", "body"])
@pytest.mark.usefixtures("no_backoff")
def test_a_sibling_behind_a_broken_gateway_is_absent_too(toast: tn.Toast, sandbox: tn.Sandbox, fault: str) -> None:
    sandbox.fault("GET volumes", fault, times=None)
    assert sorted(toast.inventory().absent) == ["volume_attachments", "volumes"]


@pytest.mark.parametrize("path", ["instances-detail", "flavors", "availability-zones", "keypairs"])
def test_the_guides_own_calls_must_answer(toast: tn.Toast, sandbox: tn.Sandbox, path: str) -> None:
    sandbox.fault(f"GET {path}", "code", code=-7, message="not for you", times=None)
    with pytest.raises(tn.ServiceFailure, match="not for you"):
        toast.inventory()


@pytest.mark.usefixtures("no_backoff")
def test_a_network_that_breaks_is_no_absence(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    sandbox.fault("GET volumes", "reset", times=None)
    with pytest.raises(tn.NetworkFailure):
        toast.inventory()


def test_an_unknown_attribute_is_an_attribute_error(whole: tn.Inventory) -> None:
    with pytest.raises(AttributeError, match="no attribute 'servers'"):
        _ = whole.servers


def test_html_of_what_the_service_said_is_escaped(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    sandbox.fault("GET images", "code", code=-7, message="<script>alert(1)</script>", times=None)
    assert "<script>" not in toast.inventory()._repr_html_()


# --- saving and loading ----------


def test_saved_and_loaded_it_is_the_same(whole: tn.Inventory, saved: Path) -> None:
    check_same(tn.load_inventory(saved), whole)
    check_same(tn.load_inventory(str(saved)), whole)
    check_same(pickle.loads(pickle.dumps(whole)), whole)


def test_its_file_is_the_owners_and_replaces_an_older_one(whole: tn.Inventory, tmp_path: Path) -> None:
    file = tmp_path / "account.zip"
    file.write_text("older")
    assert whole.save(file) == file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["account.zip"]
    check_same(tn.load_inventory(file), whole)


def test_a_save_that_fails_leaves_what_was_there(whole: tn.Inventory, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    places = ["no-such-folder/account.zip", "folder", ".", "a\x00b", "a" * 300]
    for target in (*(tmp_path / place for place in places), "~nobody-like-this/a.zip", None):
        with pytest.raises(tn.InvalidInput, match="cannot be written"):
            whole.save(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "home"]


def test_empty_tables_survive(tmp_path: Path) -> None:
    with tn.Sandbox(instances=0) as sandbox, tn.connect(sandbox, timeout=20) as toast:
        inventory = toast.inventory()
    assert len(inventory.instances_detail) == 0
    again = tn.load_inventory(inventory.save(tmp_path / "empty.zip"))
    check_same(again, inventory)
    assert dict(again.disks.dtypes) == COLUMNS["disks"]


def rewritten(file: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """Change the members of an archive by name."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def manifest(members: dict[str, bytes], **changes: object) -> None:
    members["manifest.json"] = json.dumps({**json.loads(members["manifest.json"]), **changes}).encode()


def parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def without_a_column(members: dict[str, bytes]) -> None:
    table = pq.read_table(io.BytesIO(members["instances_detail.parquet"]))
    buffer = io.BytesIO()
    pq.write_table(table.drop_columns(["vcpus"]), buffer)
    members["instances_detail.parquet"] = buffer.getvalue()


def with_text_for_numbers(members: dict[str, bytes]) -> None:
    table = pq.read_table(io.BytesIO(members["flavors.parquet"]))
    at = table.column_names.index("ram_mb")
    buffer = io.BytesIO()
    pq.write_table(table.set_column(at, "ram_mb", pa.array(["much"] * len(table))), buffer)
    members["flavors.parquet"] = buffer.getvalue()


ALIEN: dict[str, Callable[[dict[str, bytes]], object]] = {
    "no manifest": lambda members: members.pop("manifest.json"),
    "a manifest that is no JSON": lambda members: members.update({"manifest.json": b"{"}),
    "a manifest that is no text": lambda members: members.update({"manifest.json": b"\xff\xfe\x00"}),
    "a manifest that is a list": lambda members: members.update({"manifest.json": b"[]"}),
    "a manifest that is a number": lambda members: members.update({"manifest.json": b"1"}),
    "a manifest nested deeply": lambda members: members.update({"manifest.json": b"[" * 100_000}),
    "another format": lambda members: manifest(members, format="other"),
    "a later version": lambda members: manifest(members, version=2),
    "absent is a number": lambda members: manifest(members, absent=5),
    "absent is text": lambda members: manifest(members, absent="images"),
    "the time is a number": lambda members: manifest(members, fetched_at=5),
    "the time is none": lambda members: manifest(members, fetched_at="yesterday"),
    "no instances": lambda members: members.pop("instances_detail.parquet"),
    "a table that is no Parquet": lambda members: members.update({"flavors.parquet": b"PAR1 not PAR1"}),
    "a table that is empty": lambda members: members.update({"flavors.parquet": b""}),
    "another table": lambda members: members.update({"flavors.parquet": parquet(a=[1])}),
    "a column less": without_a_column,
    "text for numbers": with_text_for_numbers,
}


@pytest.mark.parametrize("how", ALIEN)
def test_an_alien_file_is_refused(saved: Path, how: str) -> None:
    rewritten(saved, ALIEN[how])
    with pytest.raises(tn.InvalidInput, match=r"Loading an inventory: .*account\.zip"):
        tn.load_inventory(saved)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "account.zip"
    for content in (b"", b"hello", b"PK\x03\x04", b"PK\x05\x06" + b"\x00" * 18, b"\x00" * 1000):
        file.write_bytes(content)
        with pytest.raises(tn.InvalidInput):
            tn.load_inventory(file)


@pytest.mark.parametrize("where", ["nowhere.zip", ".", "nowhere/account.zip", "a\x00b", "~nobody-like-this/a.zip"])
def test_a_place_without_a_file_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(tn.InvalidInput):
        tn.load_inventory(tmp_path / where if where[0] != "~" else where)


def test_a_file_cut_short_is_refused(saved: Path) -> None:
    content = saved.read_bytes()
    for size in range(0, len(content), len(content) // 40):
        saved.write_bytes(content[:size])
        with pytest.raises(tn.InvalidInput):
            tn.load_inventory(saved)


def test_a_damaged_file_is_refused_or_read(saved: Path) -> None:
    content, draw = saved.read_bytes(), random.Random(7)
    directory = content.rindex(b"PK\x01\x02", 0, content.index(b"PK\x05\x06"))
    places = [*range(60), *range(directory, directory + 46), *(draw.randrange(len(content)) for _ in range(60))]
    refused = 0
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << draw.randrange(8)
        saved.write_bytes(damaged)
        try:
            tn.load_inventory(saved)
        except tn.InvalidInput:
            refused += 1
    assert refused > 60


@pytest.mark.parametrize(("at", "value"), [(8, 1), (10, 99), (10, 12), (10, 14), (10, 8)])
def test_an_archive_that_is_encrypted_or_packed_in_another_way_is_refused(saved: Path, at: int, value: int) -> None:
    content = bytearray(saved.read_bytes())
    start = 0
    while (start := content.find(b"PK\x01\x02", start)) >= 0:
        struct.pack_into("<H", content, start + at, value)
        start += 4
    start = 0
    while (start := content.find(b"PK\x03\x04", start)) >= 0:
        struct.pack_into("<H", content, start + at - 2, value)
        start += 4
    saved.write_bytes(content)
    with pytest.raises(tn.InvalidInput):
        tn.load_inventory(saved)


def test_columns_beyond_the_dictionary_are_kept(whole: tn.Inventory, tmp_path: Path) -> None:
    wider = whole.with_metadata("team")
    again = tn.load_inventory(wider.save(tmp_path / "wider.zip"))
    check_same(again, wider)
    assert "metadata.team" in again.instances_detail


# --- metadata ----------


def test_metadata_become_columns_of_the_detail(whole: tn.Inventory) -> None:
    wider = whole.with_metadata("team", "os_type")
    detail = wider.instances_detail
    assert detail.columns.tolist() == [*COLUMNS["instances_detail"], "metadata.team", "metadata.os_type"]
    assert detail["metadata.team"].dtype == TEXT
    told = whole.metadata.query("key == 'team'").set_index("instance_id")["value"].to_dict()
    assert detail.set_index("instance_id")["metadata.team"].dropna().to_dict() == told
    assert detail.instance_id.tolist() == whole.instances_detail.instance_id.tolist()
    assert detail.attrs == whole.instances_detail.attrs


def test_an_instance_without_the_key_is_missing_it() -> None:
    instances = [{"id": "a", "metadata": {"k": "v"}}, {"id": "b", "metadata": {"k": None}}, {"id": "c"}]
    account = {"appkey": "an-appkey", "username": "me@example.com", "password": "a-password"}
    with Hostile() as service, tn.connect(**account, base_url=service.base_url) as toast:
        service.on("*", nothing(instances=instances))
        column = toast.inventory().with_metadata("k").instances_detail["metadata.k"]
    assert column.dtype == TEXT
    assert column.isna().tolist() == [False, True, True]
    assert column[0] == "v"


def test_the_inventory_itself_stays_as_it_is(whole: tn.Inventory) -> None:
    whole.with_metadata("team")
    assert whole.instances_detail.columns.tolist() == list(COLUMNS["instances_detail"])


def test_a_key_that_no_instance_has_is_refused_with_those_that_are(whole: tn.Inventory) -> None:
    with pytest.raises(tn.InvalidInput, match=r"'taem'.*team"):
        whole.with_metadata("taem")
    check_same(whole.with_metadata(), whole)


def test_no_instances_have_no_metadata_and_that_is_no_mistake() -> None:
    with tn.Sandbox(instances=0) as sandbox, tn.connect(sandbox, timeout=20) as toast:
        column = toast.inventory().with_metadata("team").instances_detail["metadata.team"]
    assert len(column) == 0
    assert column.dtype == TEXT


def test_a_file_that_lacks_a_table_is_not_taken_for_whole(toast: tn.Toast, tmp_path: Path) -> None:
    whole = toast.inventory().save(tmp_path / "whole.zip")
    part = tmp_path / "part.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(part, "w") as target:
        for name in source.namelist():
            if name != "volumes.parquet":
                target.writestr(name, source.read(name))
    with pytest.raises(tn.InvalidInput, match="it has no volumes"):
        tn.load_inventory(part)


def test_names_of_absent_tables_come_from_the_dictionary_only(toast: tn.Toast, tmp_path: Path) -> None:
    whole = toast.inventory().save(tmp_path / "whole.zip")
    crafted = tmp_path / "crafted.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(crafted, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                content = json.dumps(json.loads(content) | {"absent": {"<img src=x>": "why"}}).encode()
            target.writestr(name, content)
    with pytest.raises(tn.InvalidInput, match="damaged"):
        tn.load_inventory(crafted)
