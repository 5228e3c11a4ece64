"""State files."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.sandbox.support import Client, serving
from toastnb.sandbox import Sandbox, StateFileError

READS = ("instances-detail", "flavors", "keypairs", "images", "networks", "subnets", "security-groups", "volumes")


def test_an_account_goes_on_where_it_was_saved(timed: Client, tmp_path: Path) -> None:
    stopped = timed.create_in("STOP")
    timed.attach(stopped, timed.free_volume())
    building = timed.create()
    image = timed.act(stopped, "uploadImage", name="mine")["createdImage"]["id"]
    file = tmp_path / "state.json"
    timed.sandbox.save(file)
    before = {read: timed.ok("GET", read) for read in READS}
    with serving(state=file) as client:
        assert {read: client.ok("GET", read) for read in READS} == before
        assert client.status(building) == "BUILD"
        client.sandbox.advance(60)
        assert client.detail(building)["addresses"]
        (found,) = [i for i in client.ok("GET", "images", limit=1000)["images"] if i["id"] == image]
        assert found["status"] == "active"
        client.sandbox.reset()
        client.sign_in()
        assert client.status(building) == "BUILD"


def test_addresses_that_are_reserved_stay_reserved(timed: Client, tmp_path: Path) -> None:
    lab = [{"id": timed.network("lab-net")}]
    timed.create(networks=lab, count=3)
    timed.sandbox.save(tmp_path / "state.json")
    with serving(state=tmp_path / "state.json") as client:
        client.refused(20001, "POST", "instances", client.new_instance(networks=lab))


def test_the_file_is_the_owners_and_holds_no_secrets(timed: Client, tmp_path: Path) -> None:
    private = timed.ok("POST", "keypairs", {"keypair": {"name": "mine"}})["keypair"]["privateKey"]
    file = tmp_path / "state.json"
    file.write_text("older")
    file.chmod(0o644)
    timed.sandbox.save(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_text()
    token = str(timed.session.headers["X-Auth-Token"])
    for secret in (timed.sandbox.appkey, timed.sandbox.password, token, private.splitlines()[1]):
        assert secret not in content
    assert [path.name for path in tmp_path.iterdir() if "state" in path.name] == ["state.json"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(timed: Client, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        timed.sandbox.save(tmp_path / "nowhere" / "state.json")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"):
        timed.sandbox.save(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "home"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b'{"format": "toastnb-sandbox-state"}', b'{"format":"other","version":1,"state":{}}'],
)
def test_a_file_that_is_no_state(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(StateFileError, match=r"bad\.json") as caught:
        Sandbox(state=file)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("part", ["volumes", "instances", "zones"])
def test_a_state_with_a_part_missing(timed: Client, tmp_path: Path, part: str) -> None:
    identifier = timed.create_in("ACTIVE")
    timed.attach(identifier, timed.free_volume())
    timed.act(identifier, "stop")
    file = tmp_path / "bad.json"
    timed.sandbox.save(file)
    content = json.loads(file.read_bytes())
    content["state"][part] = [] if part != "zones" else None
    file.write_text(json.dumps(content))
    with pytest.raises(StateFileError, match=r"bad\.json"):
        Sandbox(state=file)


def test_a_state_has_its_own_account_and_time(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    Sandbox(instances=2).save(file)
    assert "2 instances" in repr(Sandbox(state=file))
    for other in ({"start": "2026-01-01"}, {"inventory": file}):
        with pytest.raises(ValueError, match="own account and time"):
            Sandbox(state=file, **other)
    with pytest.raises(FileNotFoundError):
        Sandbox(state=tmp_path / "none.json")
