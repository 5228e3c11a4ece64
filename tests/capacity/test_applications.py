"""Applications: told by name or metadata, balanced, and living in one zone only."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables


def vms(*placed: tuple[str, str | None], **fields: Any) -> pd.DataFrame:
    """Return instances of these names and zones."""
    made = [instance(n, name=name, availabilityZone=zone, **fields) for n, (name, zone) in enumerate(placed)]
    return tables(made)["instances_detail"]


ACCOUNT = [("web-prod-01", "a"), ("web-prod-02", "b"), ("db-prod-01", "a"), ("db-prod-02", "a"), ("solo", "b")]


def test_an_application_that_lives_in_one_zone_goes_down_with_it() -> None:
    table = tn.capacity.single_zone(vms(*ACCOUNT), app="prefix")
    assert table.zone.to_dict() == {"db": "a", "solo": "b"}
    assert table.loc["db", ["instances", "vcpus", "ram_gb", "disk_gb", "unknown"]].tolist() == [2, 4, 8, 300, 0]


@pytest.mark.parametrize("app", [r"^([a-z]+)-prod", re.compile(r"(\w+)-PROD", re.IGNORECASE)])
def test_a_pattern_tells_applications_too(app: Any) -> None:
    """What the pattern does not fit is one application, (missing)."""
    table = tn.capacity.single_zone(vms(*ACCOUNT), app=app)
    assert table.zone.to_dict() == {"db": "a", "(missing)": "b"}


def test_a_column_tells_applications_too(toast: tn.Toast) -> None:
    account = toast.inventory().with_metadata("service")
    frame = account.instances_detail
    table = tn.capacity.single_zone(frame, app="metadata.service", status="allocated")
    zones = defaultdict(set)
    for service, zone in zip(frame["metadata.service"].fillna("(missing)"), frame.zone, strict=True):
        zones[service].add(zone)
    assert set(table.index) == {service for service, where in zones.items() if len(where) == 1}


def test_only_what_runs_counts_unless_asked_otherwise() -> None:
    frame = pd.concat([vms(("web-1", "a")), vms(("web-2", "b"), status="STOP")], ignore_index=True)
    assert tn.capacity.single_zone(frame, app="prefix").zone.to_dict() == {"web": "a"}
    assert len(tn.capacity.single_zone(frame, app="prefix", status="allocated")) == 0


def test_a_zone_that_is_not_known_is_counted() -> None:
    table = tn.capacity.single_zone(vms(("web-1", "a"), ("web-2", None)), app="prefix")
    assert (table.zone["web"], table.instances["web"], table.unknown["web"]) == ("a", 2, 1)
    assert len(tn.capacity.single_zone(vms(("web-1", None)), app="prefix")) == 0


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("metadata.team", "no column of df, and has 0 groups"),
        (r"(a)(b)", "has 2 groups"),
        ("(", "is no pattern"),
        (7, "is no"),
    ],
)
def test_what_is_no_application_is_named(app: Any, said: str) -> None:
    with pytest.raises(tn.InvalidInput, match=said):
        tn.capacity.single_zone(vms(*ACCOUNT), app=app)


def test_an_empty_account_gives_an_empty_table_with_the_same_columns() -> None:
    empty = tn.capacity.single_zone(vms(), app="prefix")
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == tn.capacity.single_zone(vms(*ACCOUNT), app="prefix").dtypes.to_dict()


def test_balance_within_an_application_counts_all_zones_of_the_account() -> None:
    table = tn.capacity.zone_balance(vms(*ACCOUNT), app="prefix")
    assert table.index.tolist() == [("db", "a"), ("solo", "b"), ("web", "a"), ("web", "b")]
    assert table.vcpus_share.tolist() == [1, 1, 0.5, 0.5]
    assert table.vcpus_skew.tolist() == [2, 2, 1, 1]


def test_shares_within_each_application_add_up_to_one(toast: tn.Toast) -> None:
    frame = toast.instances_detail()
    shares = tn.capacity.zone_balance(frame, app="prefix").vcpus_share
    sums = shares.groupby(level="app").sum()
    assert sums.to_numpy() == pytest.approx(1)
    raw: defaultdict[str, int] = defaultdict(int)
    for name, zone, vcpus in zip(frame.name, frame.zone, frame.vcpus, strict=True):
        raw[f"{name.split('-')[0]} {zone}"] += vcpus
    web = raw["web kr-pub-a"] / (raw["web kr-pub-a"] + raw["web kr-pub-b"])
    assert shares["web", "kr-pub-a"] == pytest.approx(web)


def raws() -> list[Raw]:
    return [instance(1, name="web-1"), instance(2, name="db-1", flavor=None)]


def test_an_application_of_which_nothing_is_known_has_no_share() -> None:
    table = tn.capacity.zone_balance(tables(raws())["instances_detail"], app="prefix")
    assert pd.isna(table.vcpus_share["db", "a"])
    assert table.vcpus_share["web", "a"] == 1
