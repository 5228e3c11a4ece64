"""The summary's sentences, each against plain arithmetic."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.capacity.builders import Raw, instance, tables
from toastnb.columns import TABLES

FETCHED_AT = "2026-11-01T00:00:00+00:00"


def account(*instances: Raw, zones: tuple[str, ...] = (), **fields: Any) -> tn.Inventory:
    """Return an inventory of these instances; other tables are absent but for zones that are given."""
    made = tables(list(instances))
    if zones:
        flags = pd.array([True] * len(zones), dtype="boolean")
        made["availability_zones"] = pd.DataFrame({"zone": pd.array(zones, dtype="str"), "available": flags})
    absent = {name: "not served" for name in TABLES if name not in made}
    return tn.Inventory(made, fields.get("absent", absent), FETCHED_AT)


def said(*instances: Raw, zones: tuple[str, ...] = (), **given: Any) -> str:
    return str(tn.report.summary(account(*instances, zones=zones), **given))


def in_zone(zone: str | None, *numbers: int, **fields: Any) -> list[Raw]:
    return [instance(number, availabilityZone=zone, **fields) for number in numbers]


def test_what_is_allocated() -> None:
    text = said(*in_zone("a", 1, 2), *in_zone("b", 3, status="STOP"))
    assert "Account: not known. The data was fetched at 2026-11-01 00:00 UTC." in text
    assert "3 instances in 2 zones have allocated 6 vCPUs, 12 GB of RAM and 450 GB of disk." in text
    assert "By state: 2 ACTIVE, 1 STOP." in text
    assert "a holds 67% of the vCPUs, 1.33 times an even share." in text
    assert "1 instance in 1 zone has allocated 2 vCPUs" in said(instance(1))


def test_what_is_lost_with_a_zone() -> None:
    text = said(*in_zone("a", 1, 2, 3), *in_zone("b", 4))
    assert "If a is lost, the other zone must absorb 6 vCPUs, 300% of what it runs today, and 12 GB of RAM." in text
    three = said(*in_zone("a", 1, 2), *in_zone("b", 3), *in_zone("c", 4))
    assert "If a is lost, the 2 other zones must absorb 4 vCPUs, 100% of what they run today" in three
    assert "All of it is in a: if that zone is lost, nothing survives." in said(*in_zone("a", 1))
    empty = said(*in_zone("a", 1), zones=("a", "b"))
    assert "If a is lost, the other zone must absorb 2 vCPUs, and 4 GB of RAM." in empty


def test_limits_say_what_binds_and_what_falls_short() -> None:
    text = said(*in_zone("a", 1, 2), *in_zone("b", 3), limits={"b": {"vcpus": 5}, "*": {"vcpus": 5}})
    without = (
        "Without a, b falls short of 1 vCPUs against its limit, and 5 vCPUs are lacking against the limit in all, "
    )
    assert f"{without}until what was there is deleted." in text
    assert "In b, closest to its limit today: 2 of 5 vCPUs are allocated (40%), 3 remain." in text
    assert "In all, full today: 6 of 5 vCPUs are allocated (120%), 1 too many." in text


def test_all_that_is_full_in_a_place_is_one_sentence_the_fullest_first() -> None:
    text = said(*in_zone("a", 1, 2), *in_zone("b", 3), limits={"a": {"vcpus": 4, "ram_gb": 6, "disk_gb": 900}})
    full = "8 of 6 GB of RAM are allocated (133%), 2 too many; 4 of 4 vCPUs are allocated (100%), 0 remain."
    assert f"In a, full today: {full}" in text
    assert "In a, closest" not in text


def test_each_loss_of_a_zone_is_one_sentence() -> None:
    zones = [*in_zone("a", 1, 2, 3, 4), *in_zone("b", 5), *in_zone("c", 6)]
    text = said(*zones, limits={"b": {"vcpus": 4, "ram_gb": 9}, "c": {"vcpus": 5}})
    assert "Without a, b falls short of 2 vCPUs and 3 GB of RAM, c of 1 vCPUs against their limits." in text
    assert text.count("Without a") == 1
    many = [raw for number in range(9) for raw in in_zone(f"z{number}", number)]
    few = said(*many, limits={f"z{number}": {"vcpus": 2} for number in range(9)})
    assert few.count("Without z") == 5
    assert "Limits do not suffice without 4 other zones either." in few


def test_what_is_urgent_comes_first() -> None:
    made = account(*in_zone("a", 1, 2, 3), *in_zone("b", 4, 5, status="STOP"))
    limits = {"a": {"vcpus": 5}, "b": {"vcpus": 9}}
    sentences = tn.report.summary(made, limits, findings=tn.audit.run(made))
    starts = [
        "Account:",
        "In a, full",
        "If a is lost",
        "Without a",
        "The audit",
        "2 instances in STOP",
        "In b, closest",
    ]
    starts += ["5 instances in 2 zones", "By state:"]
    places = [next(n for n, sentence in enumerate(sentences) if sentence.startswith(start)) for start in starts]
    assert places == sorted(places)


def test_what_is_not_known_is_said_so() -> None:
    text = said(instance(1, flavor=None))
    assert "have allocated" not in text
    assert "has allocated an unknown number of vCPUs, an unknown number of GB of RAM and 150 GB of disk." in text
    assert "1 instance lacks a figure" in text
    gaps = said(*in_zone("a", 1, 2), *in_zone("b", 3), *in_zone("b", 4, flavor=None), limits={"b": {"vcpus": 12}})
    assert (
        "If a is lost, the other zone must absorb 4 vCPUs, 200% of what it runs today, and 8 GB of RAM (1 not" in gaps
    )
    assert "2 of 12 vCPUs are allocated (17%), 10 remain (1 not known)." in gaps
    assert "By state: 1 ACTIVE, 1 not known." in said(instance(1), instance(2, status=None))
    idle = said(instance(1, status="STOP"), instance(2, status="STOP", volumes=None))
    assert "hold 4 vCPUs, 8 GB of RAM and 150 GB of disk (1 not known)." in idle
    assert "This account is not served flavors, availability_zones, instances, " in text


def test_names_from_the_service_are_text_in_a_notebook() -> None:
    sentences = tn.report.summary(account(*in_zone("<script>", 1)))
    assert "<script>" in str(sentences)
    assert "<script>" not in sentences._repr_html_()
    assert "&lt;script&gt;" in sentences._repr_html_()


def test_what_stopped_instances_hold(toast: tn.Toast) -> None:
    inventory = toast.inventory()
    vms = inventory.instances_detail
    idle = vms[vms.status.isin(["STOP", "ERROR"])]
    text = str(tn.report.summary(inventory, findings=tn.audit.run(inventory)))
    assert f"{len(idle):,} instances in STOP or ERROR hold {idle.vcpus.sum():,} vCPUs" in text
    counts = tn.audit.run(inventory).severity.value_counts()
    assert f"The audit found {counts['high']:,} high, {counts['medium']:,} medium" in text


def test_prices_say_what_it_costs(toast: tn.Toast) -> None:
    inventory = toast.inventory()
    prices = tn.capacity.price_template(inventory.instances_detail).assign(price=1.0)
    text = str(tn.report.summary(inventory, prices=prices))
    whole = tn.capacity.cost(inventory.instances_detail, prices).loc["Total"]
    assert f"By the given prices it costs {whole.total_low:,.0f}" in text
    nothing = str(tn.report.summary(inventory, prices=prices.assign(price=pd.NA)))
    assert "No price that was given is for what is allocated" in nothing


def test_an_empty_account_has_a_summary() -> None:
    assert "0 instances in 0 zones have allocated 0 vCPUs" in said()


@pytest.mark.parametrize("flavor", ["disabled", "gone"])
def test_flavors_that_are_no_longer_on_offer_are_named(flavor: str, toast: tn.Toast) -> None:
    inventory = toast.inventory()
    name = inventory.instances_detail.flavor_name.iloc[0]
    flavors = inventory.flavors
    inventory.flavors = (
        flavors[flavors.name != name] if flavor == "gone" else flavors.assign(disabled=flavors.name == name)
    )
    assert f"Flavors in use that are no longer on offer: {name}." in str(tn.report.summary(inventory))
