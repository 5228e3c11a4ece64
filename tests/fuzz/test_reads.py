"""Damaged answers over a real socket, through every public read: a frame of what they say, or an error of ours."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import toastnb as tn
from tests.frames.conftest import LISTS, scripted_service
from tests.frames.test_values import address_rows, detail_row, disk_rows, group_rows, metadata_rows, rows_of
from tests.fuzz import mutants
from tests.fuzz.reader import Reading, read
from tests.transport.hostile import Hostile, http
from toastnb import codec, frames, wire

Row = dict[str, Any]
Rows = Callable[[Row], list[Row]]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def one(**columns: str | Callable[[Row], Any]) -> Rows:
    """Return the row of a thing: a column is a field of it, or made of it."""
    return lambda item: [{name: item.get(how) if isinstance(how, str) else how(item) for name, how in columns.items()}]


def inner(name: str, key: str) -> Callable[[Row], Any]:
    return lambda item: (item.get(name) or {}).get(key)


FLAVOR = {"flavor_id": "id", "ram_mb": "ram", "ephemeral_gb": "ephemeral", "volume_gb": "volumeSize"}
FLAVOR |= {"max_volume_gb": "maxVolumeSize", "is_public": "isPublic", "vcpus": "vcpus", "disabled": "disabled"}
# the public read -> the path it reads, and the columns to be compared, the numbers and flags among them
READS: dict[str, tuple[str, Rows]] = {
    "flavors": ("flavors", one(name="name", type="type", **FLAVOR)),
    "availability_zones": ("availability-zones", one(zone="zoneName", available=inner("zoneState", "available"))),
    "instances": ("instances", one(instance_id="id", name="name", status="status")),
    "instances_detail": ("instances-detail", lambda item: [detail_row({**item, **TIMELESS})]),
    "keypairs": ("keypairs", one(name="name", fingerprint="fingerprint", public_key="publicKey")),
    "images": (
        "images",
        one(image_id="id", size_bytes="size", min_disk_gb="minDisk", min_ram_mb="minRam", is_public="isPublic",
            protected="protected", os_type=inner("properties", "os_type")),
    ),
    "networks": ("networks", one(network_id="id", admin_up="adminStateUp", external="router:external")),
    "subnets": ("subnets", one(subnet_id="id", dhcp="enableDhcp", ip_version="ipVersion", cidr="cidr")),
    "security_groups": ("security-groups", one(security_group_id="id", name="name", description="description")),
    "floating_ips": ("floating-ips", one(floating_ip_id="id", status="status", pool=inner("pool", "name"))),
    "volumes": ("volumes", one(volume_id="id", size_gb="size", name="name", zone="availabilityZone")),
}  # fmt: skip
TIMELESS = dict.fromkeys(["launchedAt", "createdAt", "updatedAt"])
TIDY: dict[str, Rows] = {
    "addresses": address_rows,
    "disks": disk_rows,
    "instance_security_groups": group_rows,
    "metadata": metadata_rows,
}
SCHEMAS = {path: f"{''.join(word.title() for word in path.split('-'))}Answer" for path in LISTS}
SCHEMAS |= {"availability-zones": "ZonesAnswer"}


@pytest.fixture(scope="module")
def connected() -> Iterator[tuple[Hostile, tn.Toast]]:
    with scripted_service() as served:
        yield served


def frame_or_error(work: Callable[[], Any]) -> Any:
    """Return what was read, or None for an error of ours; anything else goes through."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            return work()
        except tn.ToastError:
            return None


def expected(body: bytes, path: str) -> tuple[Reading, list[Row]]:
    """Return the independent reading, and the items; there must be no fault in what was taken."""
    schema = SCHEMAS[path]
    reading = read(body, schema)
    assert not reading.faults
    items = reading.value[LISTS[path]]
    return reading, list({item["id"]: item for item in items}.values()) if path == "images" else items


def compare(frame: pd.DataFrame, rows: list[Row]) -> None:
    columns = [name for name in frame.columns if rows and name in rows[0] and not name.endswith("_at")]
    assert len(frame) == len(rows)
    assert rows_of(frame[columns]) == [{name: row[name] for name in columns} for row in rows]


SHAPE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z?")


def compare_times(frame: pd.DataFrame, items: list[Row]) -> None:
    """Compare each time of the usual shape; others are read or refused as tests/frames/test_times.py says."""
    for column, field in (("launched_at", "launchedAt"), ("created_at", "createdAt"), ("updated_at", "updatedAt")):
        if column in frame and len(frame) == len(items):
            for shown, item in zip(frame[column], items, strict=True):
                text = item.get(field)
                if text is None:
                    assert pd.isna(shown)
                elif SHAPE.fullmatch(text):
                    assert shown.tz_localize(None).to_pydatetime() == datetime.fromisoformat(text.rstrip("Z"))


def check(connected: tuple[Hostile, tn.Toast], name: str, body: bytes) -> bool:
    """Read a body through a public read; say whether it was taken."""
    service, toast = connected
    path, rows_of_item = READS[name]
    service.on(f"GET {path}", http(body))
    frame = frame_or_error(getattr(toast, name))
    if frame is None:
        return False
    _, items = expected(body, path)
    compare(frame, [row for item in items for row in rows_of_item(item)])
    compare_times(frame, items)
    return True


@pytest.mark.parametrize("name", READS)
@often
@given(data=st.data())
def test_a_read_shows_what_the_answer_says_or_is_an_error_of_ours(
    connected: tuple[Hostile, tn.Toast], name: str, data: st.DataObject
) -> None:
    schema = SCHEMAS[READS[name][0]]
    check(connected, name, data.draw(mutants.trees(schema) | mutants.damaged(schema)))


@pytest.mark.parametrize("name", READS)
def test_every_field_that_is_left_out_or_null_is_missing(connected: tuple[Hostile, tn.Toast], name: str) -> None:
    taken = 0
    for answer in mutants.ANSWERS[SCHEMAS[READS[name][0]]]:
        tree = mutants.paired(answer)
        for way in list(mutants.places(tree))[1:]:
            for damaged in (mutants.without(tree, way), mutants.changed(tree, way, lambda _: None)):
                taken += check(connected, name, mutants.written(damaged))
    assert taken


@often
@given(body=mutants.trees("InstancesDetailAnswer"))
def test_the_tidy_tables_show_what_the_answer_says(body: bytes) -> None:
    def tables() -> dict[str, pd.DataFrame]:
        answer = codec.decode(body, wire.InstancesDetailAnswer, action="Reading")
        raws = codec.Items(answer.instances, wire.InstanceDetail, name="instances", action="Reading")
        return frames.instance_tables(raws)

    found = frame_or_error(tables)
    if found is not None:
        _, items = expected(body, "instances-detail")
        compare(found["instances_detail"], [detail_row({**item, **TIMELESS}) for item in items])
        for table, rows in TIDY.items():
            compare(found[table], [row for item in items for row in rows(item)])
