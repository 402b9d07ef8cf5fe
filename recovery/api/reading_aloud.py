"""The description turned into what its page shows: sections, calls, and the fields that go in and out."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Spec = Mapping[str, Any]
METHODS = ("get", "post", "patch", "delete")
REFERENCE = "#/components/schemas/"


class Line(NamedTuple):
    name: str
    kind: str
    needed: bool
    words: str


class Call(NamedTuple):
    id: str
    method: str
    path: str
    summary: str
    more: str
    takes: list[Line]
    asks: list[Line]
    status: str
    gives: list[Line]
    refusals: list[tuple[str, str]]


class Section(NamedTuple):
    name: str
    words: str
    calls: list[Call]


def sections(spec: Spec) -> list[Section]:
    words = {tag["name"].removeprefix("api_").replace("_", " "): tag.get("description", "") for tag in spec["tags"]}
    found: dict[str, list[Call]] = {name: [] for name in words}
    for path, operations in spec["paths"].items():
        shared = operations.get("parameters", [])
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                found[operation["tags"][0]].append(_call(spec, method, path, operation, shared))
    return [Section(name, words[name], calls) for name, calls in found.items()]


def _call(spec: Spec, method: str, path: str, operation: Spec, shared: list[Spec]) -> Call:
    status, success = next((code, each) for code, each in operation["responses"].items() if code.startswith("2"))
    parameters = [*shared, *operation.get("parameters", [])]
    return Call(
        id=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        more=operation.get("description", ""),
        takes=_fields(spec, operation.get("requestBody", {})),
        asks=[
            Line(
                each["name"],
                f"{_kind(spec, each['schema'])}, in {each['in']}",
                bool(each.get("required")),
                _words(each),
            )
            for each in parameters
        ],
        status=status,
        gives=_fields(spec, success),
        refusals=[(code, each["description"]) for code, each in operation["responses"].items() if code > "299"],
    )


def _fields(spec: Spec, content: Spec) -> list[Line]:
    schema = content.get("content", {}).get("application/json", {}).get("schema")
    return list(_lines(spec, schema)) if schema else []


def _lines(spec: Spec, schema: Spec) -> Iterator[Line]:
    resolved = _resolved(spec, schema)
    needed = resolved.get("required", [])
    for name, field in resolved.get("properties", {}).items():
        yield Line(name, _kind(spec, field), name in needed, _words(field))


def _kind(spec: Spec, schema: Spec) -> str:
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"] if each is not None)
    for either in ("anyOf", "allOf", "oneOf"):
        if either in schema:
            return " or ".join(_kind(spec, each) for each in schema[either])
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REFERENCE)
    if schema.get("type") == "array":
        return f"list of {_kind(spec, schema['items'])}"
    kind = schema.get("type", "anything")
    spelled = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return spelled.replace("string", "time") if schema.get("format") == "date-time" else spelled


def _words(schema: Spec) -> str:
    return str(schema.get("description", ""))


def _resolved(spec: Spec, schema: Spec) -> Spec:
    if "$ref" in schema:
        found: Spec = spec["components"]["schemas"][schema["$ref"].removeprefix(REFERENCE)]
        return found
    return schema
