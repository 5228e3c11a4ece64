"""The description itself: valid, whole, and true to the samples of the guide."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from tests.contract.test_samples import CALLS, SAMPLES
from tests.openapi import description
from tests.openapi.needs import SAMPLE_SCHEMAS


def test_it_is_openapi_3_1() -> None:
    assert description.document()["openapi"].startswith("3.1")
    schemathesis.openapi.from_path(description.FILE).validate()


def test_it_has_every_call_of_the_guide_once() -> None:
    numbers = [number for operation in description.operations() for number in operation.calls]
    assert sorted(numbers) == list(range(1, 24))


def test_every_operation_of_the_guide_names_its_section() -> None:
    guide = {operation.name for operation in description.operations() if operation.calls}
    assert guide == {o.name for o in description.operations() if o.definition.get("x-guide")}
    assert {"siblings"} == {
        tag for o in description.operations() if o.name not in guide for tag in o.definition["tags"]
    }


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'\$ref: "([^"]+)"', description.FILE.read_text(encoding="utf-8")))
    assert all(description.resolved({"$ref": reference}) for reference in references)
    named = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "parameters", "responses", "examples")
        for name in description.document()["components"][kind]
    }
    assert named == references


def test_every_example_fits_its_schema() -> None:
    pairs = list(description.examples(description.document()["paths"]))
    assert len(pairs) > 25
    for schema, example in pairs:
        description.validator(schema, closed=True).validate(example)


@pytest.mark.parametrize("name", SAMPLE_SCHEMAS)
def test_a_sample_of_the_guide_fits(name: str) -> None:
    sample = json.loads((SAMPLES / f"{name}.json").read_bytes())
    description.validator(description.named(SAMPLE_SCHEMAS[name]), closed=True).validate(sample)


def test_every_sample_is_checked() -> None:
    assert {path.stem for path in Path(SAMPLES).glob("*.json")} == SAMPLE_SCHEMAS.keys() == CALLS.keys()


@pytest.mark.parametrize(
    ("said", "code"),
    [(True, 10404), (False, 0), (False, 999), (False, -9), (None, 0), (1, 0), ("true", 0), (True, "0")],
)
def test_what_is_neither_success_nor_refusal_is_told(said: Any, code: Any) -> None:
    (operation,) = (o for o in description.operations() if o.name == "listFlavors")
    validator = description.validator(operation.answer)
    answer = {"header": {"isSuccessful": said, "resultCode": code, "resultMessage": "?"}, "flavors": []}
    assert not validator.is_valid(answer)
    for whole, right in [(True, 0), (False, -3), (False, 10404)]:
        assert validator.is_valid(
            {**answer, "header": {**answer["header"], "isSuccessful": whole, "resultCode": right}}
        )
