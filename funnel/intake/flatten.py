"""Nested JSON as names and values, the shape that forms have anyway."""

from collections.abc import Iterator

from funnel.intake.strict_json import JsonValue

Scalar = str | int | float | bool | None

_LABELS = ("name", "label", "title", "key", "ref", "id")


def flatten(value: JsonValue, prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yield each plain value with its dotted name, shallow ones before deep ones.

    A list of labelled values (``{"label": "Email", "value": "…"}``, Typeform's answers) yields
    them under their labels; other lists count from 0.
    """
    deeper: list[tuple[str, JsonValue]] = []
    for name, each in _children(value):
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(each, dict | list):
            deeper.append((path, each))
        else:
            yield path, each
    for path, each in deeper:
        yield from flatten(each, path)


def _children(value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        for index, each in enumerate(value):
            labelled = _labelled(each) or _answer(each)
            yield labelled or (str(index), each)


def _labelled(item: JsonValue) -> tuple[str, JsonValue] | None:
    if not isinstance(item, dict) or "value" not in item:
        return None
    label = next((item[each] for each in _LABELS if isinstance(item.get(each), str)), None)
    return (label, item["value"]) if isinstance(label, str) and label else None


def _answer(item: JsonValue) -> tuple[str, JsonValue] | None:
    """Return an answer as Typeform sends it: named by its field, its value under its type."""
    if not isinstance(item, dict):
        return None
    field, kind = item.get("field"), item.get("type")
    if not isinstance(field, dict) or not isinstance(kind, str) or kind not in item:
        return None
    name = field.get("ref") or field.get("id")
    return (name, item[kind]) if isinstance(name, str) and name else None
