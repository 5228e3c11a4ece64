"""The numbers in a frame are those of the answer, whatever the answer: checked against a plain computation."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toastnb as tn
from tests.frames.conftest import Serve
from tests.transport.hostile import SUCCESS

SAMPLE = Path(__file__).parents[1] / "contract" / "samples" / "instances-detail.json"
often = settings(max_examples=120, deadline=None, derandomize=True, database=None)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["null", "", "web", "한글"])
some_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
whole = st.integers(0, 2**40)
numbers = whole | whole.map(str)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))
times = st.builds(
    lambda moment, fraction, end: moment.isoformat(timespec="microseconds" if fraction else "seconds") + end,
    moments,
    st.booleans(),
    st.sampled_from(["", "Z", "+00:00", "+09:00", "-05:30"]),
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def thing(required: dict[str, Any] | None = None, **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for an object whose optional fields are absent, null or there."""
    fields = {name: maybe(strategy) for name, strategy in optional.items()}
    return st.fixed_dictionaries(required or {}, optional=fields)


instances = thing(
    {"id": texts},
    name=texts,
    status=st.sampled_from(["ACTIVE", "STOP", "SOMETHING_NEW"]),
    availabilityZone=texts,
    image=texts,
    keyName=texts,
    metadata=st.dictionaries(texts, maybe(texts), max_size=3),
    addresses=st.lists(thing(macAddress=texts, ipAddress=texts, version=numbers, floatingIpAddress=texts), max_size=3),
    flavor=thing(id=texts, name=texts, cpu=numbers, ram=numbers),
    volumes=thing(
        root=thing(size=numbers, type=texts),
        attachments=st.lists(thing(id=texts, name=texts, size=numbers, type=texts), max_size=3),
    ),
    securityGroups=st.lists(thing(name=texts), max_size=3),
    launchedAt=times,
    createdAt=times,
    updatedAt=times,
)


# --- the plain computation ----------


def number(value: Any) -> int | None:
    return None if value is None else int(value)


def moment(value: str | None) -> datetime | None:
    if value is None:
        return None
    read = datetime.fromisoformat(value)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def detail_row(i: dict[str, Any]) -> dict[str, Any]:
    flavor, volumes = i.get("flavor") or {}, i.get("volumes") or {}
    addresses, groups, attached = i.get("addresses") or [], i.get("securityGroups"), volumes.get("attachments")
    root = number((volumes.get("root") or {}).get("size"))
    sizes = None if attached is None else [number(volume.get("size")) for volume in attached]
    total = None if sizes is None or None in sizes else sum(sizes)
    return {
        "instance_id": i["id"],
        "name": i.get("name"),
        "status": i.get("status"),
        "zone": i.get("availabilityZone"),
        "flavor_id": flavor.get("id"),
        "flavor_name": flavor.get("name"),
        "vcpus": number(flavor.get("cpu")),
        "ram_mb": number(flavor.get("ram")),
        "root_gb": root,
        "attached_gb": total,
        "attached_count": None if attached is None else len(attached),
        "disk_gb": None if root is None or total is None else root + total,
        "image_id": i.get("image"),
        "keypair": i.get("keyName"),
        "ip_address": next((a["ipAddress"] for a in addresses if a.get("ipAddress")), None),
        "floating_ip": next((a["floatingIpAddress"] for a in addresses if a.get("floatingIpAddress")), None),
        "security_groups": None if groups is None else ",".join(sorted(g["name"] for g in groups if g.get("name"))),
        "launched_at": moment(i.get("launchedAt")),
        "created_at": moment(i.get("createdAt")),
        "updated_at": moment(i.get("updatedAt")),
    }


def address_rows(i: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "instance_id": i["id"],
            "mac_address": a.get("macAddress"),
            "ip_address": a.get("ipAddress") or None,
            "version": number(a.get("version")),
            "floating_ip": a.get("floatingIpAddress") or None,
        }
        for a in i.get("addresses") or []
    ]


def disk_rows(i: dict[str, Any]) -> list[dict[str, Any]]:
    volumes = i.get("volumes") or {}
    root, attached = volumes.get("root"), volumes.get("attachments") or []
    rows = [] if root is None else [{"volume_id": None, "name": None, "role": "root", **root}]
    rows += [{"volume_id": v.get("id"), "name": v.get("name"), "role": "attached", **v} for v in attached]
    return [
        {
            "instance_id": i["id"],
            **{key: row.get(key) for key in ("volume_id", "name", "role")},
            "size_gb": number(row.get("size")),
            "type": row.get("type"),
        }
        for row in rows
    ]


def group_rows(i: dict[str, Any]) -> list[dict[str, Any]]:
    groups = i.get("securityGroups") or []
    return [{"instance_id": i["id"], "security_group": group.get("name")} for group in groups]


def metadata_rows(i: dict[str, Any]) -> list[dict[str, Any]]:
    pairs = (i.get("metadata") or {}).items()
    return [{"instance_id": i["id"], "key": key, "value": value} for key, value in pairs]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()} for row in frame.to_dict("records")
    ]


# --- the comparison ----------


@settings(often, max_examples=70)
@given(items=st.lists(instances, max_size=4))
def test_instances_are_what_the_answer_says(serve: Serve, items: list[dict[str, Any]]) -> None:
    inventory = serve(instances=items).inventory()
    assert rows_of(inventory.instances_detail) == [detail_row(i) for i in items]
    for table, rows in {
        "addresses": address_rows,
        "disks": disk_rows,
        "instance_security_groups": group_rows,
        "metadata": metadata_rows,
    }.items():
        assert rows_of(inventory.tables[table]) == [row for i in items for row in rows(i)], table


flavors = thing(
    {"id": texts},
    name=texts,
    type=texts,
    vcpus=numbers,
    ram=numbers,
    ephemeral=numbers,
    volumeSize=numbers,
    maxVolumeSize=numbers,
    disabled=st.sampled_from([True, False, "true", "false"]),
    isPublic=st.booleans(),
)
FLAGS = {True: True, False: False, "true": True, "false": False, None: None}


@often
@given(items=st.lists(flavors, max_size=4))
def test_flavors_are_what_the_answer_says(serve: Serve, items: list[dict[str, Any]]) -> None:
    assert rows_of(serve(flavors=items).flavors()) == [
        {
            "flavor_id": f["id"],
            "name": f.get("name"),
            "type": f.get("type"),
            "vcpus": number(f.get("vcpus")),
            "ram_mb": number(f.get("ram")),
            "ephemeral_gb": number(f.get("ephemeral")),
            "volume_gb": number(f.get("volumeSize")),
            "max_volume_gb": number(f.get("maxVolumeSize")),
            "disabled": FLAGS[f.get("disabled")],
            "is_public": f.get("isPublic"),
        }
        for f in items
    ]


def test_siblings_are_what_the_answer_says(serve: Serve) -> None:
    rule = {"id": "r", "portRangeMin": "22", "portRangeMax": None, "protocol": None, "remoteIpPrefix": "0.0.0.0/0"}
    held = {"attachmentId": "a", "instanceId": "i", "device": "/dev/vdb"}
    inventory = serve(
        images=[{"id": "m", "size": "5", "minDisk": 20, "properties": {"os_type": "Linux"}, "createdAt": None}],
        networks=[{"id": "n", "router:external": "true", "adminStateUp": False}],
        subnets=[{"id": "s", "networkId": "n", "enableDhcp": True, "ipVersion": "4", "gatewayIp": None}],
        securityGroups=[{"id": "g", "name": "web", "securityGroupRules": [rule]}, {"id": "h"}],
        floatingips=[{"id": "f", "floatingIpAddress": "1.2.3.4", "fixedIpAddress": "", "pool": {"name": "p"}}],
        volumes=[{"id": "v", "size": 10, "attachments": [held, {}]}, {"id": "w"}],
    ).inventory()

    def known(table: str) -> list[dict[str, Any]]:
        return [
            {key: value for key, value in row.items() if value is not None} for row in rows_of(inventory.tables[table])
        ]

    assert known("images") == [{"image_id": "m", "size_bytes": 5, "min_disk_gb": 20, "os_type": "Linux"}]
    assert known("networks") == [{"network_id": "n", "external": True, "admin_up": False}]
    assert known("subnets") == [{"subnet_id": "s", "network_id": "n", "dhcp": True, "ip_version": 4}]
    assert known("security_groups") == [{"security_group_id": "g", "name": "web"}, {"security_group_id": "h"}]
    assert known("security_group_rules") == [
        {"rule_id": "r", "security_group_id": "g", "port_min": 22, "remote_ip_prefix": "0.0.0.0/0"}
    ]
    assert known("floating_ips") == [{"floating_ip_id": "f", "floating_ip": "1.2.3.4", "pool": "p"}]
    assert known("volumes") == [{"volume_id": "v", "size_gb": 10}, {"volume_id": "w"}]
    assert known("volume_attachments") == [
        {"volume_id": "v", "attachment_id": "a", "instance_id": "i", "device": "/dev/vdb"},
        {"volume_id": "v"},
    ]


def test_an_empty_list_is_a_fact_and_an_absent_one_is_missing(serve: Serve) -> None:
    empty = {"id": "e", "volumes": {"root": {"size": 20}, "attachments": []}, "securityGroups": [], "addresses": []}
    absent = {"id": "a", "volumes": {"root": {"size": 20}}}
    partly = {"id": "p", "volumes": {"root": {"size": 20}, "attachments": [{"size": 5}, {}]}}
    frame = serve(instances=[empty, absent, partly]).instances_detail().set_index("instance_id")
    columns = ["attached_gb", "attached_count", "disk_gb", "security_groups", "ip_address"]
    assert rows_of(frame[columns]) == [
        dict(zip(columns, [0, 0, 20, "", None], strict=True)),
        dict.fromkeys(columns),
        dict(zip(columns, [None, 2, None, None, None], strict=True)),
    ]


def test_numbers_at_the_edge_of_int64_are_exact(serve: Serve) -> None:
    frame = serve(instances=[{"id": "i", "flavor": {"cpu": 2**63 - 1, "ram": str(-(2**63))}}]).instances_detail()
    assert (frame.vcpus.item(), frame.ram_mb.item()) == (2**63 - 1, -(2**63))
    many = [{"id": str(n), "flavor": {"ram": 2**53 + n}} for n in range(3)] + [{"id": "missing"}]
    assert serve(instances=many).instances_detail().ram_mb[:3].tolist() == [2**53, 2**53 + 1, 2**53 + 2]


def test_a_sum_beyond_int64_is_an_error_and_no_number(serve: Serve) -> None:
    huge = {"size": 2**63 - 1}
    for volumes in ({"attachments": [huge, huge]}, {"root": huge, "attachments": [{"size": 1}]}):
        with pytest.raises(tn.BadAnswer):
            serve(instances=[{"id": "i", "volumes": volumes}]).instances_detail()


# --- what is no answer ----------


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    body = bytearray(SAMPLE.read_bytes())
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(body) - 1)), draw(st.integers(0, 4))
        body[at : at + length] = draw(st.binary(max_size=4) | st.sampled_from([b"null", b'"', b"{", b"[", b"\\ud800"]))
    return bytes(body)


@settings(often, max_examples=300)
@given(body=mutated())
def test_a_damaged_answer_is_read_or_an_error_of_ours(serve: Serve, body: bytes) -> None:
    toast = serve(raw=body)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            frame = toast.instances_detail()
        except tn.ToastError:
            return
    assert len(frame) <= 4


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["id", "name", "addresses", "flavor", "volumes", "metadata", "securityGroups", "createdAt"])


@often
@given(items=json_values | st.lists(st.dictionaries(FIELDS, json_values, max_size=4), max_size=3))
def test_any_json_is_read_or_an_error_of_ours(serve: Serve, items: Any) -> None:
    toast = serve(raw=json.dumps({"header": SUCCESS, "instances": items}).encode())
    try:
        frame = toast.instances_detail()
    except tn.ToastError:
        return
    assert len(frame) == len(items)


def test_the_plain_computation_knows_offsets() -> None:
    kst = timezone(timedelta(hours=9))
    assert moment("2017-05-16T12:00:00+09:00") == datetime(2017, 5, 16, 12, tzinfo=kst)
