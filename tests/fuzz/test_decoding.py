"""Damaged answers: never another error than ours, and never a number that the answer does not have."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import toastnb as tn
from tests.fuzz import mutants
from tests.fuzz.oracle import check
from tests.openapi.needs import ANSWERS
from toastnb import codec, wire

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
KINDS = {schema: kind for kind, schema in ANSWERS}
often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("schema", KINDS)
def test_a_valid_answer_is_taken(schema: str) -> None:
    for tree in mutants.ANSWERS[schema]:
        assert check(mutants.written(mutants.paired(tree)), KINDS[schema], schema)


@pytest.mark.parametrize("schema", KINDS)
@often
@given(data=st.data())
def test_a_changed_tree_is_read_as_it_is_or_refused_by_name(schema: str, data: st.DataObject) -> None:
    check(data.draw(mutants.trees(schema)), KINDS[schema], schema)


@pytest.mark.parametrize("schema", KINDS)
@often
@given(data=st.data())
def test_damaged_bytes_are_read_as_they_are_or_refused(schema: str, data: st.DataObject) -> None:
    check(data.draw(mutants.damaged(schema)), KINDS[schema], schema)


@pytest.mark.parametrize("literal", sorted({*mutants.NUMBERS, *mutants.NO_NUMBERS, *mutants.BROKEN, *mutants.OTHERS}))
@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("field", ["vcpus", "disabled", "name", "unknown"])
def test_every_literal_in_every_kind_of_field(field: str, literal: str, quoted: bool) -> None:
    text = f'"{literal}"' if quoted and '"' not in literal else literal
    header = '{"isSuccessful": true, "resultCode": 0}'
    body = f'{{"header": {header}, "flavors": [{{"id": "f", "{field}": {text}}}]}}'.encode()
    check(body, KINDS["FlavorsAnswer"], "FlavorsAnswer")


def read_as_vcpus(literal: str) -> int | None:
    body = f'{{"header": {{"isSuccessful": true, "resultCode": 0}}, "flavors": [{{"id": "f", "vcpus": {literal}}}]}}'
    return codec.decode(body.encode(), wire.FlavorsAnswer, action="Reading").flavors[0].vcpus


@pytest.mark.parametrize(("text", "number"), [("4", 4), ("4.0", 4), ("1e3", 1000), ("-0.0", 0), ("1.5", None)])
def test_a_number_may_have_a_fraction_or_an_exponent_if_it_is_whole(text: str, number: int | None) -> None:
    for literal in (text, f'"{text}"'):
        if number is None:
            with pytest.raises(tn.BadAnswer):
                read_as_vcpus(literal)
        else:
            assert read_as_vcpus(literal) == number


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740993.0",
        "99999999999999999999999e-10",
        "4.0000000000000000001",
        "4.00000000000000000010e0",
        "0.99999999999999999999",
        "1e-400",
        "4.5",
        "1e400",
        "1e19",
        "9223372036854775807.0",
    ],
)
@pytest.mark.parametrize("form", ["{}", '"{}"', " {} ", '"\\u00{:x}{}"'])
def test_a_number_that_a_float_would_round_is_an_error_that_names_the_field(text: str, form: str) -> None:
    literal = form.format(ord(text[0]), text[1:]) if "x" in form else form.format(text)
    with pytest.raises(tn.BadAnswer, match=r"field flavors\[0\]\.vcpus is unreadable"):
        read_as_vcpus(literal)


def test_an_item_that_is_nested_too_deeply_for_the_stack_that_is_left_is_an_error_of_ours() -> None:
    deep = b"[" * 600 + b"]" * 600
    body = b'{"header": {"isSuccessful": true, "resultCode": 0}, "instances": [{"id": "i", "later": %s}]}' % deep
    answer = codec.decode(body, wire.InstancesDetailAnswer, action="Reading")

    def read_below(frames: int) -> str:
        if frames:
            return read_below(frames - 1)
        items = codec.Items(answer.instances, wire.InstanceDetail, name="instances", action="Reading")
        try:
            return next(iter(items)).id  # where C has a stack of its own
        except tn.BadAnswer as error:
            return str(error)

    said = read_below(450)
    assert said == "i" or "nested too deeply" in said


@pytest.mark.parametrize("start", ['"', '{"header": {"resultMessage": "'])
@pytest.mark.parametrize("part", ['\\"', '"', "\\", "\\u", '\\\\"', '"x\n', ": 1.", "[", ",  "])
def test_no_answer_that_is_cut_makes_reading_it_slow(start: str, part: str) -> None:
    """What is not linear in the length takes a minute here."""
    body = (start + part * 80_000).encode()
    begun = time.perf_counter()
    with pytest.raises(tn.BadAnswer):
        codec.decode(body, wire.Answer, action="Reading")
    assert time.perf_counter() - begun < 15
