"""Every text that comes from the service is in the frames as it is, and comes back from a saved inventory."""

from __future__ import annotations

import warnings
from pathlib import Path

import msgspec
import pandas as pd
import pytest

import toastnb as tn
from tests.untrusted.account import bodies, served
from tests.untrusted.names import TEXTS
from toastnb import codec, wire

PLACES = {
    "flavors": ["name", "type"],
    "availability_zones": ["zone"],
    "instances": ["name"],
    "instances_detail": ["name", "zone", "flavor_name", "keypair"],
    "keypairs": ["name"],
    "disks": ["type"],
    "images": ["name", "status", "disk_format", "os_type"],
    "networks": ["name", "status"],
    "subnets": ["name", "gateway_ip"],
    "security_groups": ["name", "description"],
    "security_group_rules": ["description"],
    "instance_security_groups": ["security_group"],
    "floating_ips": ["pool", "status"],
    "volumes": ["name", "description", "status", "zone", "type"],
    "volume_attachments": ["device"],
}
NOT_UNICODE = "The answer has text that is not valid Unicode"


@pytest.mark.parametrize(("table", "column"), [(table, one) for table, columns in PLACES.items() for one in columns])
def test_a_frame_has_each_text_as_it_is(table: str, column: str, account: tn.Inventory, texts: list[str]) -> None:
    values = account.tables[table][column].tolist()
    if table == "disks":  # a root and a volume each
        values = values[1::2]
    assert values == texts


def test_metadata_has_keys_and_values_as_they_are(account: tn.Inventory, texts: list[str]) -> None:
    rows = account.metadata
    for number, text in enumerate(texts):
        assert rows[rows.instance_id == f"id-{number}"][["key", "value"]].values.tolist()[0] == [text, text]


def test_a_public_keys_comment_is_as_it_is(account: tn.Inventory, texts: list[str]) -> None:
    assert [key.split(" ", 2)[2] for key in account.keypairs.public_key] == texts


@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "raw bytes"])
def test_lone_surrogates_are_mended_with_one_warning_an_answer(escaped: bool, texts: list[str]) -> None:
    with served(bodies(), escaped=escaped) as toast:
        for read in (toast.instances_detail, toast.keypairs, toast.volumes):
            with pytest.warns(UserWarning, match=NOT_UNICODE) as told:
                names = read()["name"].tolist()
            assert len(told) == 1
            assert [name for name in names if "\ufffd" not in name] == [text for text in texts if "\ufffd" not in text]
            assert len(names) == len(texts)


def test_many_broken_items_are_told_of_once() -> None:
    raws = [msgspec.Raw(b'{"id":"i","name":"\\ud800"}')] * 1200
    with pytest.warns(UserWarning, match=NOT_UNICODE) as told:
        names = {item.name for item in codec.Items(raws, wire.InstanceDetail, name="instances", action="Reading")}
    assert (names, len(told)) == ({"\ufffd"}, 1)


@pytest.mark.parametrize("char", [chr(code) for code in range(0x20)], ids=ascii)
def test_a_control_character_that_was_not_escaped_is_read_as_it_is(char: str) -> None:
    body = f'{{"header": {{"isSuccessful": true, "resultCode": 0}}, "keypairs": [{{"name": "a{char}\\"b"}}]}}'
    with warnings.catch_warnings(action="error"):
        answer = codec.decode(body.encode(), wire.KeypairsAnswer, action="Reading")
    assert answer.keypairs[0].name == f'a{char}"b'


def test_a_saved_inventory_is_the_same_again(account: tn.Inventory, tmp_path: Path) -> None:
    again = tn.load_inventory(account.save(tmp_path / "account.zip"))
    assert account.tables.keys() == again.tables.keys()
    for name, table in account.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_the_html_of_frames_and_inventories_has_no_tag_of_a_name(account: tn.Inventory) -> None:
    with pd.option_context("display.max_rows", None, "display.max_colwidth", None):
        pages = [account._repr_html_(), *(table._repr_html_() for table in account.tables.values())]
    for page in pages:
        for tag in ("<script", "<img", "<svg", "<iframe", "<b id", "<a id", "<!--"):
            assert tag not in page


def test_absent_tables_say_why_without_tags() -> None:
    bare = tn.Inventory({}, dict.fromkeys(("images", "volumes"), TEXTS["script: image"]), "2026-05-17T00:00:00Z")
    assert "<img" not in bare._repr_html_()
