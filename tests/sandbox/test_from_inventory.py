"""Accounts from saved inventories, written here as the format says."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.sandbox.support import Client, serving
from toastnb.sandbox import InventoryFileError, Sandbox

Tables = dict[str, list[dict[str, Any]]]
MANIFEST: dict[str, Any] = {
    "format": "toastnb-inventory",
    "version": 1,
    "fetched_at": "2026-01-01T00:00:00Z",
    "absent": {},
}
OPTIONAL = {
    "flavors": "flavors",
    "availability_zones": "availability-zones",
    "keypairs": "keypairs",
    "images": "images",
    "networks": "networks",
    "subnets": "subnets",
    "security_groups": "security-groups",
    "floating_ips": "floating-ips",
    "volumes": "volumes",
}


def when(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


def write(path: Path, tables: Tables, manifest: object = MANIFEST) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        if manifest is not None:
            archive.writestr("manifest.json", manifest if isinstance(manifest, bytes) else json.dumps(manifest))
        for name, rows in tables.items():
            sink = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows), sink)
            archive.writestr(f"{name}.parquet", sink.getvalue())
    return path


def tables_of(client: Client) -> Tables:
    """The whole account, in the columns of a saved inventory."""
    ok = client.ok
    details = ok("GET", "instances-detail")["instances"]
    groups = ok("GET", "security-groups")["securityGroups"]
    volumes = ok("GET", "volumes")["volumes"]
    return {
        "flavors": [
            {"flavor_id": f["id"], "name": f["name"], "type": f["type"], "vcpus": f["vcpus"], "ram_mb": f["ram"]}
            | {"ephemeral_gb": f["ephemeral"], "volume_gb": f.get("volumeSize"), "disabled": f["disabled"]}
            | {"max_volume_gb": f.get("maxVolumeSize"), "is_public": f["isPublic"]}
            for f in ok("GET", "flavors")["flavors"]
        ],
        "availability_zones": [
            {"zone": z["zoneName"], "available": z["zoneState"]["available"]}
            for z in ok("GET", "availability-zones")["zones"]
        ],
        "instances_detail": [instance_row(instance) for instance in details],
        "keypairs": [
            {"name": k["name"], "fingerprint": k["fingerprint"], "public_key": k["publicKey"], "created_at": None}
            for k in ok("GET", "keypairs")["keypairs"]
        ],
        "addresses": [
            {"instance_id": i["id"], "mac_address": a["macAddress"], "ip_address": a["ipAddress"]}
            | {"version": a["version"], "floating_ip": a.get("floatingIpAddress")}
            for i in details
            for a in i["addresses"]
        ],
        "disks": [row for instance in details for row in disk_rows(instance)],
        "instance_security_groups": [
            {"instance_id": i["id"], "security_group": g["name"]} for i in details for g in i["securityGroups"]
        ],
        "metadata": [
            {"instance_id": i["id"], "key": key, "value": value}
            for i in details
            for key, value in i["metadata"].items()
        ],
        "images": [
            {"image_id": i["id"], "name": i["name"], "status": i["status"], "os_type": i["properties"]["os_type"]}
            | {"size_bytes": i["size"], "disk_format": i["diskFormat"], "min_disk_gb": i["minDisk"]}
            | {"min_ram_mb": i["minRam"], "is_public": i["isPublic"], "protected": i["protected"]}
            | {"created_at": when(i["createdAt"]), "updated_at": when(i["updatedAt"])}
            for i in ok("GET", "images", limit=1000)["images"]
        ],
        "networks": [
            {"network_id": n["id"], "name": n["name"], "status": n["status"], "admin_up": n["adminStateUp"]}
            | {"external": n["router:external"]}
            for n in ok("GET", "networks")["networks"]
        ],
        "subnets": [
            {"subnet_id": s["id"], "name": s["name"], "network_id": s["networkId"], "cidr": s["cidr"]}
            | {"gateway_ip": s["gatewayIp"], "dhcp": s["enableDhcp"], "ip_version": s["ipVersion"]}
            for s in ok("GET", "subnets")["subnets"]
        ],
        "security_groups": [
            {"security_group_id": g["id"], "name": g["name"], "description": g["description"]} for g in groups
        ],
        "security_group_rules": [
            {"rule_id": r["id"], "security_group_id": g["id"], "direction": r["direction"]}
            | {"ethertype": r["ethertype"], "protocol": r["protocol"], "port_min": r["portRangeMin"]}
            | {"port_max": r["portRangeMax"], "remote_ip_prefix": r["remoteIpPrefix"]}
            | {"remote_group_id": r["remoteGroupId"], "description": r["description"]}
            for g in groups
            for r in g["securityGroupRules"]
        ],
        "floating_ips": [
            {"floating_ip_id": f["id"], "floating_ip": f["floatingIpAddress"], "fixed_ip": f["fixedIpAddress"]}
            | {"pool_id": f["pool"]["id"], "pool": f["pool"]["name"], "status": f["status"]}
            for f in ok("GET", "floating-ips")["floatingips"]
        ],
        "volumes": [
            {"volume_id": v["id"], "name": v["name"], "description": v["description"], "size_gb": v["size"]}
            | {"status": v["status"], "zone": v["availabilityZone"], "type": v["volumeType"]}
            | {"created_at": when(v["createdAt"])}
            for v in volumes
        ],
        "volume_attachments": [
            {"volume_id": v["id"], "instance_id": a["instanceId"], "attachment_id": a["attachmentId"]}
            | {"device": a["device"]}
            for v in volumes
            for a in v["attachments"]
        ],
    }


def instance_row(instance: dict[str, Any]) -> dict[str, Any]:
    flavor = instance["flavor"]
    return {
        "instance_id": instance["id"],
        "name": instance["name"],
        "status": instance["status"],
        "zone": instance["availabilityZone"],
        "flavor_id": flavor["id"],
        "flavor_name": flavor["name"],
        "vcpus": flavor["cpu"],
        "ram_mb": flavor["ram"],
        "root_gb": instance["volumes"]["root"]["size"],
        "image_id": instance["image"],
        "keypair": instance["keyName"],
        "launched_at": when(instance.get("launchedAt")),
        "created_at": when(instance["createdAt"]),
        "updated_at": when(instance["updatedAt"]),
        "metadata.team": None,  # columns that are not in the dictionary do not matter
    }


def disk_rows(instance: dict[str, Any]) -> list[dict[str, Any]]:
    root = {"volume_id": None, "name": None, "role": "root", "size_gb": instance["volumes"]["root"]["size"]}
    attached = [
        {"volume_id": v["id"], "name": v["name"], "role": "attached", "size_gb": v["size"]}
        for v in instance["volumes"]["attachments"]
    ]
    return [{"instance_id": instance["id"], **row, "type": None} for row in (root, *attached)]


@pytest.fixture
def tables(instant: Client) -> Tables:
    return tables_of(instant)


def test_the_same_account_is_served(instant: Client, tables: Tables, tmp_path: Path) -> None:
    before = instant.details()
    with serving(inventory=write(tmp_path / "inv.zip", tables)) as client:
        assert client.details() == before
        assert tables_of(client) == tables


def test_every_kind_of_call_works_on_it(tables: Tables, tmp_path: Path) -> None:
    with serving(inventory=write(tmp_path / "inv.zip", tables), instant=True) as client:
        identifier, volume = client.create(), client.free_volume()
        client.attach(identifier, volume)
        detail = client.detail(identifier)
        taken = {row["ip_address"] for row in tables["addresses"]}
        assert detail["addresses"][0]["ipAddress"] not in taken
        public = client.free_floating_ip()["floatingIpAddress"]
        client.act(identifier, "addFloatingIp", address=public, ipAddress=detail["addresses"][0]["ipAddress"])
        client.act(identifier, "addSecurityGroup", name="web")
        client.act(identifier, "stop")
        client.act(identifier, "uploadImage", name="mine")
        client.act(identifier, "resize", flavor=client.flavor("m2.c4m8"))
        client.ok("DELETE", "instances", id=identifier)
        for instance in client.details():
            client.ok("DELETE", "instances", id=instance["id"])
        assert {v["status"] for v in client.ok("GET", "volumes")["volumes"]} == {"available"}
        assert {f["status"] for f in client.ok("GET", "floating-ips")["floatingips"]} == {"DOWN"}


@pytest.mark.parametrize("absent", OPTIONAL)
def test_a_read_that_was_absent_is_not_served_and_the_rest_works(tables: Tables, tmp_path: Path, absent: str) -> None:
    kept = {name: rows for name, rows in tables.items() if name != absent}
    flavor = next(row["flavor_id"] for row in tables["flavors"] if row["name"] == "m2.c2m4")
    instance = next(
        row for row in tables["instances_detail"] if row["flavor_id"] == flavor and row["zone"] == "kr-pub-a"
    )
    with serving(inventory=write(tmp_path / "inv.zip", kept), instant=True) as client:
        client.refused(-7, "GET", OPTIONAL[absent])
        for other in OPTIONAL.values():
            if other != OPTIONAL[absent]:
                client.ok("GET", other)
        network = next(row["network_id"] for row in tables["networks"] if row["name"] == "prod-net")
        body = {
            "name": "x",
            "image": instance["image_id"],
            "flavor": flavor,
            "networks": [{"id": network}],
            "availabilityZone": "kr-pub-a",
            "keyName": "ops-shared",
            "securityGroups": [{"name": "default"}],
            "volume": {"size": 100},
        }
        if absent == "keypairs":
            client.ok("POST", "keypairs", {"keypair": {"name": "ops-shared"}})
        client.ok("POST", "instances", {"instance": body})


def test_volumes_and_floating_ips_are_made_up_from_where_they_are_used(tables: Tables, tmp_path: Path) -> None:
    kept = {
        name: rows for name, rows in tables.items() if name not in ("volumes", "volume_attachments", "floating_ips")
    }
    with serving(inventory=write(tmp_path / "inv.zip", kept), instant=True) as client:
        used = next(i for i in client.details() if i["volumes"]["attachments"] and i["status"] != "ERROR")
        volume = used["volumes"]["attachments"][0]["id"]
        client.ok("DELETE", f"instances/{used['id']}/attachments", volumeId=volume)
        client.attach(used["id"], volume)
        public = next(i for i in client.details() if i["addresses"] and "floatingIpAddress" in i["addresses"][0])
        client.act(public["id"], "removeFloatingIp", address=public["addresses"][0]["floatingIpAddress"])


def test_without_networks_and_subnets_there_is_one(tables: Tables, tmp_path: Path) -> None:
    kept = {name: rows for name, rows in tables.items() if name not in ("networks", "subnets")}
    with serving(inventory=write(tmp_path / "inv.zip", kept)) as client:
        client.refused(-7, "GET", "networks")
        client.refused(-7, "GET", "subnets")


def test_a_root_disk_that_is_listed_as_a_volume_is_not_detached(tables: Tables, tmp_path: Path) -> None:
    instance = next(row for row in tables["instances_detail"] if row["status"] == "ACTIVE")
    root = {**tables["volumes"][0], "volume_id": "root-volume", "status": "in-use"}
    tables["volumes"].append(root)
    tables["volume_attachments"].append(
        {"volume_id": "root-volume", "instance_id": instance["instance_id"], "attachment_id": "a", "device": "/dev/vda"}
    )
    with serving(inventory=write(tmp_path / "inv.zip", tables)) as client:
        path = f"instances/{instance['instance_id']}/attachments"
        assert "root disk" in client.refused(40409, "DELETE", path, volumeId="root-volume")


def test_missing_values_stay_missing(tables: Tables, tmp_path: Path) -> None:
    for column in ("zone", "flavor_name", "vcpus", "ram_mb", "root_gb", "image_id", "keypair", "created_at"):
        tables["instances_detail"][0][column] = None
    with serving(inventory=write(tmp_path / "inv.zip", tables), instant=True) as client:
        detail = client.details()[0]
        assert detail["flavor"] == {"id": tables["instances_detail"][0]["flavor_id"]}
        assert detail["volumes"]["root"] == {}
        assert not {"availabilityZone", "image", "keyName", "createdAt"} & detail.keys()


def test_an_empty_account(tables: Tables, tmp_path: Path) -> None:
    file = tmp_path / "inv.zip"
    columns = {name: pa.Table.from_pylist(rows).schema.empty_table() for name, rows in tables.items()}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", json.dumps(MANIFEST))
        for name, table in columns.items():
            sink = io.BytesIO()
            pq.write_table(table, sink)
            archive.writestr(f"{name}.parquet", sink.getvalue())
    with serving(inventory=file) as client:
        for read in ("instances", "instances-detail", *OPTIONAL.values()):
            client.ok("GET", read)


def test_a_file_that_is_no_zip(tmp_path: Path) -> None:
    file = tmp_path / "bad.zip"
    file.write_bytes(b"not a zip")
    with pytest.raises(InventoryFileError, match=r"bad\.zip.*zip file"):
        Sandbox(inventory=file)
    with pytest.raises(FileNotFoundError):
        Sandbox(inventory=tmp_path / "none.zip")


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "lacks manifest.json"),
        (b"{", "manifest.json cannot be read"),
        (b"\xff", "manifest.json cannot be read"),
        ({"format": "toastnb-inventory"}, "version"),
        ({**MANIFEST, "version": 2}, "of version 2"),
        ({**MANIFEST, "format": "other"}, "holds other"),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, tables: Tables, manifest: object, message: str) -> None:
    with pytest.raises(InventoryFileError, match=message) as caught:
        Sandbox(inventory=write(tmp_path / "bad.zip", tables, manifest))
    assert "bad.zip" in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_tables_that_are_none(tmp_path: Path, tables: Tables) -> None:
    file = tmp_path / "bad.zip"
    with pytest.raises(InventoryFileError, match=r"bad\.zip.*lacks instances_detail"):
        Sandbox(inventory=write(file, {"flavors": tables["flavors"]}))
    for row in tables["instances_detail"]:
        del row["status"]
    with pytest.raises(InventoryFileError, match=r"bad\.zip.*lacks the column status"):
        Sandbox(inventory=write(file, tables))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", json.dumps(MANIFEST))
        archive.writestr("instances_detail.parquet", b"PAR1 not parquet")
    with pytest.raises(InventoryFileError, match=r"bad\.zip.*instances_detail\.parquet cannot be read"):
        Sandbox(inventory=file)
