"""What the client sends for every call, and what it makes of the answers, held against the description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from tests.contract.test_requests import CALLS
from tests.openapi import description
from tests.openapi.description import Json
from tests.openapi.needs import ANSWERS, UNREAD, needed
from tests.transport.hostile import APPKEY, Hostile, Received, nothing
from toastnb import wire, wire_siblings
from toastnb.api import Api
from toastnb.config import Profile
from toastnb.redaction import Secret
from toastnb.transport import Transport

SIBLINGS: dict[str, Callable[[Api], object]] = {
    "images": Api.images,
    "networks": Api.networks,
    "subnets": Api.subnets,
    "security-groups": Api.security_groups,
    "floating-ips": Api.floating_ips,
    "volumes": Api.volumes,
}
SENT: dict[str, Callable[[Api], object]] = {**{name: call for name, (call, _, _) in CALLS.items()}, **SIBLINGS}
# What HTTP itself needs; nothing else is sent that the description does not have.
OF_HTTP = {"host", "user-agent", "accept", "accept-encoding", "connection", "content-length"}


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[Received]]:
    """Make every call once, and return what arrived: the sign-in too where there was one."""
    arrived: dict[str, list[Received]] = {}
    access = {"token": {"id": "t", "issued_at": "2017-05-16T02:17:50", "expires": "2017-05-16T03:17:50"}}
    made = {"instance": {"id": "i"}, "attachment": {}, "createdImage": {"id": "i"}, "keypair": {"name": "k"}}
    with Hostile() as service:
        service.on("*", nothing(access=access, **made))
        for name, call in SENT.items():
            secrets = {"appkey": Secret(APPKEY), "password": Secret("the-password")}
            transport = Transport(Profile(name="", base_url=service.base_url, username="me@example.com", **secrets))
            before = len(service.received)
            call(Api(transport))
            transport.close()
            arrived[name] = service.received[before:]
    return arrived


def check(request: Received) -> description.Operation:
    """Hold a request against the description."""
    prefix = f"/compute/v1.0/appkeys/{APPKEY}"
    assert request.target.startswith(prefix + "/")
    path, _, query = request.target.removeprefix(prefix).partition("?")
    operation, in_path = description.operation_of(request.method, path)
    check_parameters(operation, "path", in_path.items())
    check_parameters(operation, "query", parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    check_headers(operation, request)
    if operation.request is None:
        assert request.body == b""
    else:
        description.validator(operation.request, closed=True).validate(request.json)
    return operation


def check_parameters(operation: description.Operation, where: str, given: Any) -> None:
    declared = {one["name"]: one for one in operation.parameters if one["in"] == where}
    names = [name for name, _ in given]
    assert len(names) == len(set(names))
    assert {name for name, one in declared.items() if one.get("required")} <= set(names) <= declared.keys()
    for name, text in given:
        schema = declared[name]["schema"]
        value = int(text) if schema.get("type") == "integer" else text
        description.validator(schema).validate(value)


def check_headers(operation: description.Operation, request: Received) -> None:
    scheme = description.document()["components"]["securitySchemes"]["token"]
    wanted = {scheme["name"].lower()} if operation.needs_token else set()
    if operation.request is not None:
        wanted.add("content-type")
        assert request.headers["content-type"] == "application/json;charset=UTF-8"
    assert request.headers.keys() - OF_HTTP == wanted


@pytest.mark.parametrize("name", SENT)
def test_what_is_sent_is_described(recorded: dict[str, list[Received]], name: str) -> None:
    assert recorded[name]
    for request in recorded[name]:
        check(request)


def test_every_operation_is_sent_and_every_call_of_the_guide_made(recorded: dict[str, list[Received]]) -> None:
    sent = {check(request).name for requests in recorded.values() for request in requests}
    assert sent == {operation.name for operation in description.operations()}
    actions = {r.json["action"] for requests in recorded.values() for r in requests if r.target.endswith("/action")}
    assert len(actions) == 9
    assert {str(number) for operation in description.operations() for number in operation.calls} <= SENT.keys()


# --- the structures, field by field ----------

REQUESTS: list[tuple[type[wire.Body], str]] = [
    (wire.TokenRequest, "TokenRequest"),
    (wire.CreateInstanceRequest, "CreateInstanceRequest"),
    (wire.AttachRequest, "AttachRequest"),
    (wire.KeypairRequest, "KeypairRequest"),
]
LATE = {"InstancesDetailAnswer.instances[]": wire.InstanceDetail, "VolumesAnswer.volumes[]": wire_siblings.Volume}
"""What is decoded an item at a time."""
Field = tuple[str, msgspec.inspect.Field, Json, bool]


def fields(struct: type, schema: Json, path: str, unread: set[str]) -> Iterator[Field]:
    """Yield every field at every depth with its schema and whether that is required; collect what is not decoded."""
    schema = description.resolved(schema)
    info: Any = msgspec.inspect.type_info(struct)
    known = {field.encode_name: field for field in info.fields}
    assert known.keys() <= schema["properties"].keys(), path
    unread |= {f"{path}.{name}" for name in schema["properties"].keys() - known.keys()}
    for name, field in known.items():
        here, inner = f"{path}.{name}", description.resolved(schema["properties"][name])
        yield here, field, inner, name in schema.get("required", [])
        yield from deeper(field.type, inner, here, unread)


def deeper(kind: Any, schema: Json, path: str, unread: set[str]) -> Iterator[Field]:
    kind = bare(kind)
    if isinstance(kind, msgspec.inspect.ListType):
        path, schema, kind = f"{path}[]", description.resolved(schema["items"]), bare(kind.item_type)
    if isinstance(kind, msgspec.inspect.StructType):
        yield from fields(kind.cls, schema, path, unread)
    elif isinstance(kind, msgspec.inspect.RawType):
        yield from fields(LATE[path], schema, path, unread)


def bare(kind: Any) -> Any:
    """Return a type without its None and its metadata."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return bare(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        (kind,) = (one for one in kind.types if not isinstance(bare(one), msgspec.inspect.NoneType))
        return bare(kind)
    return kind


def takes_none(kind: Any) -> bool:
    return isinstance(kind, msgspec.inspect.UnionType) and kind.includes_none


def json_type(kind: Any) -> str:
    match bare(kind):
        case msgspec.inspect.IntType():
            return "integer"
        case msgspec.inspect.BoolType():
            return "boolean"
        case msgspec.inspect.StrType():
            return "string"
        case msgspec.inspect.CustomType(cls) if cls is Secret:
            return "string"
        case msgspec.inspect.ListType():
            return "array"
        case msgspec.inspect.DictType() | msgspec.inspect.StructType():
            return "object"
        case other:
            raise AssertionError(f"no JSON type for {other}")


def types_of(schema: Json) -> set[str]:
    kinds = schema["type"]
    return {kinds} if isinstance(kinds, str) else set(kinds)


ALL = [*ANSWERS, *REQUESTS]


@pytest.mark.parametrize(("struct", "name"), ALL, ids=[f"{s.__name__}-{n}" for s, n in ALL])
def test_a_structure_has_the_described_fields_of_the_described_types(struct: type, name: str) -> None:
    unread: set[str] = set()
    for path, field, schema, _ in fields(struct, description.named(name), name, unread):
        assert types_of(schema) - {"null"} == {json_type(field.type)}, path
        assert "null" not in types_of(schema) or takes_none(field.type), path
        if json_type(field.type) == "integer" and struct in dict(ANSWERS):
            kind = next(one for one in getattr(field.type, "types", [field.type]) if bare(one) is not None)
            inner = kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
            assert (inner.ge, inner.le) == (-(2**63), 2**63 - 1), path
            assert schema.get("format") == "int64" or "const" in schema, path
    missing = {"ActionAnswer.createdImage"} if struct is wire.Answer else set()
    assert unread - missing == {path for path in UNREAD if path.startswith(f"{name}.")}


@pytest.mark.parametrize(("struct", "name"), REQUESTS, ids=[name for _, name in REQUESTS])
def test_a_request_has_what_is_required_and_may_lack_what_is_not(struct: type, name: str) -> None:
    for path, field, _, required in fields(struct, description.named(name), name, set()):
        # A root disk without a size says nothing: the client leaves out the whole.
        assert field.required is (required or path == "CreateInstanceRequest.instance.volume.size"), path


@pytest.mark.parametrize(("struct", "name"), ANSWERS, ids=[f"{s.__name__}-{n}" for s, n in ANSWERS])
def test_an_answer_must_have_what_nothing_goes_without_and_the_rest_may_be_missing(struct: type, name: str) -> None:
    for path, field, _, required in fields(struct, description.named(name), name, set()):
        assert not field.required or required or path == "ActionAnswer.createdImage", f"{path} is not promised"
        if required and not field.required:
            assert takes_none(field.type), path
            assert field.default is None, path
        assert field.required is needed(path), path
