"""As much of JSON Schema 2020-12 as the sequence's schema uses, by the words of the standard."""

import re
from collections.abc import Callable, Iterator
from typing import Any

TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
KNOWN = {
    *("$schema", "$id", "$defs", "$ref", "title", "description", "examples", "type", "enum"),
    *("const", "pattern", "minLength", "maxLength", "minimum", "maximum", "items", "minItems"),
    *("maxItems", "properties", "additionalProperties", "required", "anyOf", "allOf"),
    *("if", "then"),
}


def is_valid(value: Any, schema: Any, root: Any = None) -> bool:
    return not list(errors(value, schema, root))


def errors(value: Any, schema: Any, root: Any = None) -> Iterator[str]:
    """Yield which keyword refuses what."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        yield from () if schema else (f"nothing may be here: {value!r}",)
        return
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    yield from _of_itself(value, schema)
    if isinstance(value, list):
        for each in value:
            yield from errors(each, schema.get("items", True), root)
    if isinstance(value, dict):
        yield from _of_object(value, schema, root)
    yield from _of_others(value, schema, root)


def _of_others(value: Any, schema: dict[str, Any], root: Any) -> Iterator[str]:
    for each in schema.get("allOf", ()):
        yield from errors(value, each, root)
    if "$ref" in schema:
        yield from errors(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    if "anyOf" in schema and not any(is_valid(value, each, root) for each in schema["anyOf"]):
        yield f"anyOf: {value!r}"
    if "if" in schema and is_valid(value, schema["if"], root):
        yield from errors(value, schema["then"], root)


def _of_itself(value: Any, schema: dict[str, Any]) -> Iterator[str]:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    checks = {
        "type": not kinds or any(TYPES[each](value) for each in kinds),
        "enum": any(value == each and type(value) is type(each) for each in schema["enum"])
        if "enum" in schema
        else True,
        "const": value == schema.get("const", value),
    }
    if isinstance(value, str):
        checks["pattern"] = re.search(schema.get("pattern", ""), value) is not None
        checks["minLength"] = len(value) >= schema.get("minLength", 0)
        checks["maxLength"] = len(value) <= schema.get("maxLength", len(value))
    if TYPES["number"](value):
        checks["minimum"] = value >= schema.get("minimum", value)
        checks["maximum"] = value <= schema.get("maximum", value)
    if isinstance(value, list):
        checks["minItems"] = len(value) >= schema.get("minItems", 0)
        checks["maxItems"] = len(value) <= schema.get("maxItems", len(value))
    yield from (f"{name}: {value!r}" for name, holds in checks.items() if not holds)


def _of_object(value: dict[str, Any], schema: dict[str, Any], root: Any) -> Iterator[str]:
    properties = schema.get("properties", {})
    yield from (f"required: {name}" for name in schema.get("required", ()) if name not in value)
    for name, each in value.items():
        other = schema.get("additionalProperties", True)
        yield from errors(each, properties.get(name, other), root)
