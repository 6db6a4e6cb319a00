"""Fields of one YAML mapping set, added and taken away in its text; comments and quotes stay."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.resolver import VersionedResolver

_WIDEST = 1_000_000  # no line is folded
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)


class _OnlyTexts(VersionedResolver):
    """Takes every plain value as the text that it is: "no", "09:00" and "~" are written back so."""

    @property
    def versioned_resolver(self) -> dict[str, object]:
        """No form of a plain value means anything else than a text."""
        return {}


def safe_loader() -> Any:  # noqa: ANN401  (which of its two loaders a build of PyYAML has)
    """Return the loader that reads a file's structure and its places."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def edit_mapping(
    text: str, changes: Mapping[str, str | None], order: Sequence[str], *, indent: int = 2
) -> str:
    """Return the text of a mapping with some of its fields changed.

    Args:
        text: One mapping in block style, or nothing but comments.
        changes: By field, its value as YAML writes it (``mon-fri``, ``[a, b]``); ``None``: the
            field goes.
        order: All fields in the order in which a new one takes its place among the others.
        indent: How far lists and mappings below a field are indented.
    """
    editor = _editor(indent)
    mapping = editor.load(text)
    written = ""
    if mapping is None:
        written, mapping = text, CommentedMap()
    for name, value in changes.items():
        if value is None:
            mapping.pop(name, None)
        else:
            _set(mapping, name, _value(value), order)
    if not mapping:
        return written or "".join(f"{each}\n" for each in all_comments(text))
    out = StringIO()
    editor.dump(mapping, out)
    return _with_lost_comments(text, written + out.getvalue())


def all_comments(text: str) -> tuple[str, ...]:
    """Return every comment of a file, from its "#" on, in their order."""
    found: list[str] = []
    at = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        start, end = token.start_mark.index, token.end_mark.index
        if start > at:
            found += _COMMENT.findall(text[at:start])
        at = max(at, end)
    return tuple(each.rstrip() for each in (*found, *_COMMENT.findall(text[at:])))


def _editor(indent: int) -> YAML:
    editor = YAML(typ="rt")
    editor.Resolver = _OnlyTexts
    editor.preserve_quotes = True
    editor.width = _WIDEST
    editor.allow_unicode = True
    editor.indent(mapping=indent, sequence=indent + 2, offset=indent)
    return editor


def _value(text: str) -> object:
    return _editor(2).load(f"value: {text}\n")["value"]


def _set(mapping: CommentedMap, name: str, value: object, order: Sequence[str]) -> None:
    if name in mapping:
        mapping[name] = value
        return
    place = order.index(name)
    above = [at for at, key in enumerate(mapping) if key in order and order.index(key) < place]
    mapping.insert(above[-1] + 1 if above else 0, name, value)


def _with_lost_comments(before: str, after: str) -> str:
    """Put above the mapping what stood beside a field that is gone, or in a former list."""
    lost = Counter(all_comments(before)) - Counter(all_comments(after))
    kept = []
    for each in all_comments(before):
        if lost[each] > 0:
            lost[each] -= 1
            kept.append(f"{each}\n")
    return "".join(kept) + after
