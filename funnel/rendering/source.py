"""The file of a template: front matter in YAML, then a body in Markdown."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from funnel.domain.speech import say
from funnel.domain.template import Layout
from funnel.rendering.errors import TemplateError
from funnel.rendering.names import expression_variables, variables
from funnel.rendering.segments import Kind, segments

MAX_SOURCE = 64_000  # characters
MAX_SUBJECT = 78  # RFC 5322, 2.1.1: what a header line should not exceed
_FENCE = re.compile(r"-{3}[ \t]*")

_KEYS = frozenset({"subject", "preheader", "layout", "moment", "button"})
_MOMENT_KEYS = frozenset({"kicker", "large", "small", "when"})
_BUTTON_KEYS = frozenset({"label", "url", "when", "link"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The moment large at the top of a service email; every text is a Jinja source.

    ``when`` is an expression; where it is false the moment falls away.
    """

    large: str
    kicker: str = ""
    small: str = ""
    when: str = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """The one button of a service email; ``when`` as in ``Moment``, ``link`` names it."""

    label: str
    url: str
    when: str = "true"
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSource:
    """A template as its author wrote it, taken apart and checked name by name.

    ``body_offset`` is how many lines stand before the body.
    """

    subject: str
    preheader: str
    layout: Layout
    moment: Moment | None
    button: Button | None
    body: str
    body_offset: int
    variables: tuple[str, ...]


def read_source(text: str) -> TemplateSource:
    """Take a template's file apart.

    Raises:
        TemplateError: With the line and the reason; the name of the file is the caller's to add.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    _check_characters(text)
    front, body, offset = _parted(text)
    reader = _FrontMatter(front)
    reader.check_keys(_KEYS, required=("subject", "preheader", "layout"))
    layout = reader.layout()
    subject = reader.jinja("subject")
    _check_subject(subject, reader.line("subject"))
    return TemplateSource(
        subject=subject,
        preheader=reader.jinja("preheader"),
        layout=layout,
        moment=reader.moment(),
        button=reader.button(),
        body=body,
        body_offset=offset,
        variables=tuple(sorted({*reader.seen, *_body_variables(body, offset)})),
    )


def _check_characters(text: str) -> None:
    if len(text) > MAX_SOURCE:
        raise TemplateError(
            say("longer than {max_source} characters", max_source=f"{MAX_SOURCE:,}")
        )
    for number, line in enumerate(text.split("\n"), start=1):
        for character in line:
            if character != "\t" and unicodedata.category(character) in {"Cc", "Cs"}:
                raise TemplateError(
                    say(
                        "holds the control character U+{character}",
                        character=f"{ord(character):04X}",
                    ),
                    line=number,
                )


def _parted(text: str) -> tuple[str, str, int]:
    lines = text.split("\n")
    if not _FENCE.fullmatch(lines[0]):
        raise TemplateError(
            say("the first lines, between two lines of ---, are missing"),
            line=1,
            remedy=say(
                "They hold subject, preheader and layout: write --- above them and --- below."
            ),
        )
    for number, line in enumerate(lines[1:], start=1):
        if _FENCE.fullmatch(line):
            # An empty line in front, so that YAML's line numbers are the file's.
            return "\n".join(["", *lines[1:number]]), "\n".join(lines[number + 1 :]), number + 1
    raise TemplateError(
        say("the first lines have no end: the second line of --- is missing"),
        line=1,
        remedy=say("Write --- on a line of its own, between layout and text."),
    )


def _body_variables(body: str, offset: int) -> tuple[str, ...]:
    if not body.strip():
        raise TemplateError(say("the body is empty"), line=offset)
    try:
        return variables(body)
    except TemplateError as error:
        raise error.placed(name="", line_offset=offset) from error


def _check_subject(subject: str, line: int) -> None:
    fixed = sum(len(each.code) for each in segments(subject) if each.kind is Kind.TEXT)
    if fixed > MAX_SUBJECT:
        raise TemplateError(
            say(
                "the subject has {fixed} characters; {max_subject} are the most",
                fixed=fixed,
                max_subject=MAX_SUBJECT,
            ),
            line=line,
            field="subject",
            remedy=say("Under 45 it is read whole on a phone."),
        )


def _not_lines(node: yaml.Node | None, prefix: str) -> TemplateError:
    return TemplateError(
        say(
            "{it} is lines of “key: value”",
            it=prefix.rstrip(".") or say("what stands between the lines of ---"),
        ),
        line=node.start_mark.line + 1 if node else 1,
        remedy=say("A value that begins with { needs quotation marks."),
    )


class _FrontMatter:
    """The YAML of one file, each value with the line on which it stands."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        self.seen: set[str] = set()
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise TemplateError(
                say("the first lines cannot be read: {problem}", problem=error.problem),
                line=mark.line + 1 if mark else None,
                remedy=say("A value that begins with { or holds “: ” needs quotation marks."),
            ) from error
        except yaml.YAMLError as error:
            raise TemplateError(
                say("the first lines cannot be read: {reason}", reason=error)
            ) from error
        self._values = self._mapping(node, "")

    def _mapping(self, node: yaml.Node | None, prefix: str) -> dict[str, Any]:
        # One level of keys below the first, so that no alias can make it endless.
        if not isinstance(node, yaml.MappingNode) or prefix.count(".") > 1:
            raise _not_lines(node, prefix)
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _not_lines(key_node, prefix)
            path = f"{prefix}{key_node.value}"
            line = key_node.start_mark.line + 1
            if path in self._lines:
                raise TemplateError(
                    say("“{path}” stands there twice", path=path), line=line, field=path
                )
            self._lines[path] = line
            if isinstance(value_node, yaml.ScalarNode):
                values[key_node.value] = self._text(value_node, path)
            else:
                values[key_node.value] = self._mapping(value_node, f"{path}.")
        return values

    def _text(self, node: yaml.ScalarNode, path: str) -> str:
        value = " ".join(str(node.value).split())
        if any(unicodedata.category(each) in {"Cc", "Cs"} for each in value):
            raise TemplateError(
                say("“{path}” holds a control character", path=path), line=self._lines[path]
            )
        # "subject: ~" and "subject:" are empty to an author, whatever YAML calls them.
        return "" if node.tag.endswith(":null") else value

    def line(self, path: str) -> int:
        return self._lines.get(path, 1)

    def check_keys(self, known: frozenset[str], *, required: tuple[str, ...], of: str = "") -> None:
        values = self._values[of] if of else self._values
        prefix = f"{of}." if of else ""
        for key in values:
            if key not in known:
                raise TemplateError(
                    say("unknown key “{prefix}{key}”", prefix=prefix, key=key),
                    line=self.line(prefix + key),
                    field=prefix + key,
                    remedy=say("Known here: {names}.", names=", ".join(sorted(known))),
                )
        for key in required:
            if not values.get(key):
                raise TemplateError(
                    say("“{prefix}{key}” is missing", prefix=prefix, key=key),
                    line=self.line(of or key),
                    field=prefix + key,
                )

    def layout(self) -> Layout:
        value = self._values["layout"]
        try:
            layout = Layout(value)
        except ValueError as error:
            known = say(" or ").join(each.value for each in Layout)
            raise TemplateError(
                say("the layout is {known}, not “{value}”", known=known, value=value),
                line=self.line("layout"),
                field="layout",
            ) from error
        for key in ("moment", "button"):
            if layout is Layout.LETTER and key in self._values:
                raise TemplateError(
                    say("a letter has no {key} in its first lines", key=key),
                    line=self.line(key),
                    field=key,
                    remedy=say("In a letter, write [Label](url){.button} as a paragraph."),
                )
        return layout

    def jinja(self, path: str) -> str:
        return self._checked(path, variables)

    def moment(self) -> Moment | None:
        values = self._part("moment", _MOMENT_KEYS, ("large",))
        return None if values is None else Moment(**values)

    def button(self) -> Button | None:
        values = self._part("button", _BUTTON_KEYS, ("label", "url"))
        return None if values is None else Button(**values)

    def _part(
        self, name: str, known: frozenset[str], required: tuple[str, ...]
    ) -> Mapping[str, str] | None:
        if name not in self._values:
            return None
        if not isinstance(self._values[name], dict):
            raise TemplateError(
                say(
                    "“{name}” has lines of its own: {names}",
                    name=name,
                    names=", ".join(sorted(known)),
                ),
                line=self.line(name),
            )
        self.check_keys(known, required=required, of=name)
        values = {}
        for key in self._values[name]:
            check = expression_variables if key == "when" else variables
            values[key] = self._checked(f"{name}.{key}", check)
        return values

    def _checked(self, path: str, check: Callable[[str], tuple[str, ...]]) -> str:
        part, _, key = path.rpartition(".")
        value = (self._values[part] if part else self._values)[key]
        if not isinstance(value, str):
            raise TemplateError(
                say("“{path}” is one text", path=path), line=self.line(path), field=path
            )
        try:
            self.seen.update(check(value))
        except TemplateError as error:
            raise TemplateError(
                f"{path}: {error.reason}",
                line=self.line(path),
                remedy=error.remedy,
                field=error.field or path,
            ) from error
        return value
