"""`docs/openapi.yaml`, loaded: its operations, and validators of what is sent and answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import yaml

FILE = Path(__file__).parents[2] / "docs" / "openapi.yaml"
Json = dict[str, Any]


class Operation(NamedTuple):
    """One method of one path; `parameters` are those of the path too, resolved."""

    name: str
    method: str
    path: str
    parameters: list[Json]
    definition: Json

    @property
    def needs_token(self) -> bool:
        return bool(self.definition.get("security", document()["security"]))

    @property
    def calls(self) -> list[int]:
        """Return the numbers of the guide's calls that it is."""
        return list(self.definition.get("x-calls", []))

    @property
    def request(self) -> Json | None:
        """Return the schema of its body, if it has one."""
        body = self.definition.get("requestBody")
        return body and body["content"]["application/json"]["schema"]

    @property
    def answer(self) -> Json:
        """Return the schema of its answer: success or refusal."""
        schema: Json = resolved(self.definition["responses"]["200"])["content"]["application/json"]["schema"]
        return schema


@cache
def document() -> Json:
    loaded: Json = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def resolved(node: Json) -> Json:
    """Follow a reference; what stands beside it is added."""
    if "$ref" not in node:
        return node
    target: Any = document()
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**resolved(target), **{key: value for key, value in node.items() if key != "$ref"}}


@cache
def operations() -> list[Operation]:
    return list(_operations())


def _operations() -> Iterator[Operation]:
    for path, item in document()["paths"].items():
        for method in item.keys() & {"get", "post", "delete"}:
            parameters = [resolved(one) for one in [*item.get("parameters", []), *item[method].get("parameters", [])]]
            yield Operation(item[method]["operationId"], method.upper(), path, parameters, item[method])


def operation_of(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """Find the operation of a request, by its path below the appkey, and what stands in the path."""
    for operation in operations():
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path)
        match = re.fullmatch(pattern, path)
        if match and operation.method == method:
            return operation, match.groupdict()
    raise AssertionError(f"{method} {path} is not described")


def validator(schema: Json, *, closed: bool = False) -> Any:
    """Return a validator of a schema of the document; `closed` refuses fields that are not declared."""
    components = document()["components"]["schemas"]
    whole = {**schema, "components": {"schemas": components}}
    return jsonschema_rs.Draft202012Validator(_closed(whole) if closed else whole, validate_formats=True)


def named(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _closed(node: Any) -> Any:
    match node:
        case dict():
            inner = {key: _closed(value) for key, value in node.items()}
            if isinstance(node.get("properties"), dict) and node.get("type") == "object":
                inner.setdefault("additionalProperties", False)
            return inner
        case list():
            return [_closed(part) for part in node]
        case _:
            return node


def examples(node: Any, schema: Json | None = None) -> Iterator[tuple[Json, Any]]:
    """Yield every example of the document with the schema that it is to fit."""
    if isinstance(node, dict):
        if "schema" in node and ("example" in node or "examples" in node):
            if "example" in node:
                yield node["schema"], node["example"]
            for one in node.get("examples", {}).values():
                yield node["schema"], resolved(one)["value"]
        for value in node.values():
            yield from examples(value)
