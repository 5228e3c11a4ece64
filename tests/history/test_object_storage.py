"""A store on object storage: what it says when it fails, what a killed process leaves, and what is asked of it."""

from __future__ import annotations

import os
import pickle
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator

import cloudpickle
import dask
import fsspec
import fsspec.config
import pytest
import s3fs

import toastnb as tn
from tests.capacity.builders import instance
from tests.history.stores import ROOT, account, counts, of_instances, rows_by_toastnb
from toastnb.history import layout
from toastnb.history.places import Place
from toastnb.history.reading import files_of

DYING = """
import itertools, os, signal, sys
import s3fs
import toastnb as tn
from tests.history.stores import account
work, store, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
calls, plain = itertools.count(1), s3fs.S3FileSystem._call_s3
async def call(self, method, *arguments, **options):
    if method in ("put_object", "delete_object", "delete_objects") and next(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return await plain(self, method, *arguments, **options)
s3fs.S3FileSystem._call_s3 = call
if work == "record":
    tn.history.record(account(5), store, at="2025-05-01", project="shop")
else:
    tn.history.compact(store, keep={"monthly": None}, grace=0)
"""


def deaths(work: str, store: str, every: int = 1) -> Iterator[int]:
    """Run a process that is killed before its first change to the storage, then one that comes further, ..."""
    for number in range(1, 60, every):
        command = [sys.executable, "-c", DYING, work, store, str(number)]
        done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120, check=False)
        assert done.returncode in (0, -signal.SIGKILL)
        yield number
        if done.returncode == 0:
            return


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, object_storage: str) -> Iterator[pytest.MonkeyPatch]:
    """Let a file system be made anew, as the environment says then, and leave none of it behind."""
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield monkeypatch
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_a_recorder_that_is_killed(object_storage: str) -> None:
    tn.history.record(account(2), object_storage, at="2025-04-01", project="shop")
    before = rows_by_toastnb(object_storage)
    found = [rows_by_toastnb(object_storage) for _ in deaths("record", object_storage)]
    assert len(found) == 4  # two tables and the snapshot; the fourth was not killed
    assert found[:3] == [before] * 3
    assert found[3] == before | {max(found[3]): counts(account(5))}


def test_a_compactor_that_is_killed(object_storage: str) -> None:
    for day, count in (("2025-04-01", 2), ("2025-04-02", 3)):
        tn.history.record(account(count), object_storage, at=day, project="shop")
    before = rows_by_toastnb(object_storage)
    newest = {max(before): before[max(before)]}
    found = [rows_by_toastnb(object_storage) for _ in deaths("compact", object_storage, every=3)]
    assert len(found) > 2
    assert all(newest.items() <= one.items() <= before.items() for one in found)
    assert found[-1] == newest
    tn.history.compact(object_storage, grace=0)
    files, root = fsspec.core.url_to_fs(object_storage)
    files.invalidate_cache()
    names = {name.removeprefix(f"{root}/").split("/")[0] for name in files.find(root)}
    assert len(files.find(root)) == len(names) == 3


@pytest.mark.parametrize("engine", ["pandas", "dask"])
def test_a_column_of_a_day_reads_its_share_and_no_more(
    object_storage: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is not read ahead of what is asked for."""
    for day in range(1, 5):
        instances = [instance(number, id=secrets.token_hex(64)) for number in range(2000)]
        tn.history.record(of_instances(instances), object_storage, at=f"2025-04-0{day}", project="shop")
    monkeypatch.setattr(layout, "ROWS_A_GROUP", 2000)
    tn.history.compact(object_storage)
    history = tn.history.open_store(object_storage, engine=engine).between("2025-04-02", "2025-04-02")
    [path] = files_of(history._place, "instances_detail", history._chosen)
    size = history._place.files.size(path)
    read: list[int] = []
    plain = s3fs.S3File._fetch_range

    def fetch(file: s3fs.S3File, start: int, end: int) -> bytes:
        content: bytes = plain(file, start, end)
        read.append(len(content))
        return content

    monkeypatch.setattr(s3fs.S3File, "_fetch_range", fetch)
    rows = history.table("instances_detail", ["instance_id"])
    assert len(rows if engine == "pandas" else dask.compute(rows, scheduler="sync")[0]) == 2000
    assert 0 < sum(read) < size / 2
    assert len(read) < 12


def test_a_bucket_that_is_not_there(object_storage: str) -> None:
    nowhere = "s3://no-such-bucket-4711/prefix"
    for work in (tn.history.open_store, tn.history.compact, lambda store: tn.history.record(account(), store)):
        with pytest.raises(tn.InvalidInput, match="it cannot be listed: The specified bucket does not exist"):
            work(nowhere)


def test_a_service_that_is_not_reached_shows_no_secret(object_storage: str, fresh: pytest.MonkeyPatch) -> None:
    fresh.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9/")
    for work in (tn.history.open_store, tn.history.compact, lambda store: tn.history.record(account(), store)):
        with pytest.raises(tn.ServiceFailure, match=r"it cannot be listed: .*127\.0\.0\.1:9") as caught:
            work(object_storage)
        assert caught.value.__cause__ is caught.value.__context__ is None
        for secret in ("a-secret-access-key", "an-access-key"):
            assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        "Could not connect to the endpoint URL: 'https://someone:Xk7-geheim@host/bucket'",
        "GET https://host/bucket/key?X-Amz-Credential=geheim&X-Amz-Signature=geheim: 403",
        "GET https://host/key?sig=geheim&AWSAccessKeyId=geheim",
    ],
)
def test_what_a_library_says_is_shown_without_its_secrets(said: str) -> None:
    def fail() -> None:
        raise OSError(said)

    with pytest.raises(tn.ServiceFailure, match="host") as caught:
        Place("folder").attempt("read", fail)
    assert "geheim" not in str(caught.value)


def test_without_keys_it_says_so(object_storage: str, fresh: pytest.MonkeyPatch) -> None:
    fresh.delenv("AWS_ACCESS_KEY_ID")
    fresh.delenv("AWS_SECRET_ACCESS_KEY")
    fresh.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(tn.ToastError, match=r"it cannot be listed: .*credentials"):
        tn.history.open_store(object_storage)


def test_keys_of_the_librarys_own_settings_are_in_nothing_that_is_shown_or_sent(
    object_storage: str, fresh: pytest.MonkeyPatch
) -> None:
    fresh.setitem(fsspec.config.conf, "s3", {"key": "an-access-key", "secret": "Xk7-geheim"})
    tn.history.record(account(), object_storage, at="2025-04-01", project="shop")
    history = tn.history.open_store(object_storage)
    spread = tn.history.open_store(object_storage, engine="dask")
    assert history._place.files.secret == "Xk7-geheim"  # it is used
    for one in (history, spread, spread.at("2025-04-01"), spread.table("disks")):
        assert b"Xk7-geheim" not in cloudpickle.dumps(one)
        assert "Xk7-geheim" not in repr(one)
    for one in (history, history._place):
        assert "Xk7-geheim" not in repr(vars(one))
    again = pickle.loads(pickle.dumps(history))
    assert counts(again.newest()) == counts(account())
