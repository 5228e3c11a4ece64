"""Each call of the API under each fault, over real sockets: the right error in time, and no write twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

import toastnb as tn
from tests.faults import __main__ as page
from tests.faults import matrix
from tests.faults.calls import Account, calls
from tests.faults.faults import ALL, DESYNC, Fault
from tests.faults.matrix import Bench, Cell, Site
from toastnb.api import Api

SLACK = 3.0  # seconds that a busy machine may take longer than the deadline


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with matrix.bench() as bench:
        yield bench


@pytest.fixture(scope="module")
def cells(bench: Bench) -> list[Cell]:
    return matrix.run(bench)


def unlike(cells: list[Cell], attribute: str, expected: object) -> list[str]:
    return [f"{c.call}: {getattr(c, attribute)}: {c.message}" for c in cells if getattr(c, attribute) != expected]


def of(cells: list[Cell], fault: Fault, *, write: bool) -> list[Cell]:
    found = [cell for cell in cells if cell.fault == fault and cell.write is write]
    assert len(found) == 16
    return found


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_the_error_is_of_the_right_kind_and_says_what_was_being_done(cells: list[Cell], fault: Fault) -> None:
    found = [*of(cells, fault, write=False), *of(cells, fault, write=True)]
    assert unlike(found, "kind", fault.kind.__name__) == []
    for cell in found:
        action, _, rest = cell.message.partition(": ")
        assert action.split()[0].endswith("ing")
        assert len(rest) > 20


@pytest.mark.parametrize("fault", [fault for fault in ALL if fault.waits], ids=lambda fault: fault.name)
def test_it_ends_by_the_deadline(cells: list[Cell], fault: Fault) -> None:
    assert max(cell.late for cell in cells if cell.fault == fault) < SLACK


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_write_arrives_at_most_once(cells: list[Cell], fault: Fault) -> None:
    assert unlike(of(cells, fault, write=True), "reached", fault.reached[1]) == []
    assert fault.reached[1] <= 1


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_write_says_whether_it_may_have_happened_and_how_to_look(cells: list[Cell], fault: Fault) -> None:
    found = of(cells, fault, write=True)
    assert unlike(found, "fate_open", fault.fate_open) == []
    for cell in found:
        said = "It may have been carried out all the same: check with toast." in cell.message
        assert said is fault.fate_open, cell.message
    assert unlike(of(cells, fault, write=False), "fate_open", False) == []


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_read_recovers_when_the_fault_passes(cells: list[Cell], fault: Fault) -> None:
    found = of(cells, fault, write=False)
    assert unlike(found, "recovers", fault.recovers) == []
    assert unlike(found, "reached", fault.reached[0]) == []


def test_the_service_counted_what_the_proxies_handed_on(cells: list[Cell], bench: Bench) -> None:
    assert len(cells) == 32 * len(ALL)
    handed_on = Counter(call.split(" ")[0] for proxy in bench.proxies for call in proxy.total)
    counted: Counter[str] = Counter()
    for call, times in bench.sandbox.calls.items():
        counted[call.split(" ")[0]] += times
    assert counted == handed_on


def test_the_table_in_the_docs_is_the_one_that_was_measured(cells: list[Cell]) -> None:
    assert page.written(page.PAGE.read_text("utf-8")) == page.shown(cells), "run `make reliability`"


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_write_whose_sign_in_is_hit_is_not_sent(bench: Bench, fault: Fault) -> None:
    with Site(bench, tls=fault.name.startswith("TLS")) as site:
        site.strikes(fault, None, spared="")
        transport = site.connected(matrix.HURRY if fault.waits else matrix.PATIENCE)
        error = matrix.error_of(lambda: Api(transport).stop("some-instance"))
        assert type(error) is fault.kind, repr(error)
        assert error.action == "Signing in"
        assert not error.may_have_happened
        assert set(site.proxy.seen.forwarded) <= {"POST tokens"}
        site.rest()
        matrix.signed_in(transport)


def test_an_answer_that_nobody_asked_for_is_given_to_nobody(bench: Bench) -> None:
    with Site(bench) as site:
        site.strikes(DESYNC, None)
        assert {zone.zone_name for zone in site.api.availability_zones()} >= {"kr-pub-a", "kr-pub-b"}
        assert site.api.flavors()
        with pytest.raises(tn.NotFound):  # the answer that was left over says that all is well
            site.api.stop("no-such-instance")
        assert site.proxy.seen.connections == 3


def test_each_call_of_the_guide_is_in_it_and_is_carried_out_where_there_is_no_fault() -> None:
    with matrix.bench() as bench, Site(bench) as site:
        listed = calls(Account(site.api, bench.sandbox))
        numbers = {int(call.name.split()[0]) for call in listed if call.name[0].isdigit()}
        assert numbers == set(range(1, 24))
        for call in listed:
            call.do(site.api, call.ready())
