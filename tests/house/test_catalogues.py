"""Every text of the studio is in every language: marked, translated, and none left over."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po
from jinja2 import Environment

from funnel.web.languages import CATALOGUES_FOLDER, LANGUAGE_NAMES

ROOT = Path(__file__).parents[2]
TRANSLATED = sorted(set(LANGUAGE_NAMES) - {"en"})
PAGES = sorted(
    path
    for folder in ("studio", "calendar")
    for path in (ROOT / "funnel" / "templates" / "web" / folder).glob("*.html")
)
_PLACEHOLDER = re.compile(r"\{[a-z_]+\}|%\([a-z_]+\)s")
# Code, and words of files and commands that are quoted: the same in every language.
_QUOTED = re.compile(
    r"`[^`]*`|„[^“]*“|\"[^\"]*\"|\{%.*?%\}|\{\{.*?\}\}|\[[^\]]*\]|FUNNEL_\S+|<[^>]*>"
)
_ENGLISH = re.compile(
    r"\b(the|and|you|your|with|are|this|that|from|not|has|have)\b(?!-)", re.IGNORECASE
)
# Attributes that people read or hear.
_SHOWN = re.compile(r"\b(?:title|alt|placeholder|aria-label|aria-description|label)=\"([^\"]*)\"")
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
# Attributes that a page puts into a tag by a value of its own.
_ATTRIBUTES = re.compile(
    r"(?<=\x00) ?aria-invalid=\"true\" aria-describedby=\"[a-z-]+\"?(?:\x00? autofocus)?"
)
_GAP = "\x00"  # where the page prints a value or asks something
# What is no text: our name, commands, what a field takes as it is, and the form to copy.
_NO_TEXT = frozenset(
    {"Funnel", "DKIM", "diff", "funnel sequence load", "10 min", "2 days", "readonly"}
)
_COPIED = re.compile(r"&lt;.*?&gt;|&[a-z]+;", re.DOTALL)


@cache
def _extracted() -> dict[str, Message]:
    """All texts as ``make catalogues`` takes them, with its own words for what marks one."""
    makefile = (ROOT / "Makefile").read_text()
    command = next(
        line for line in makefile.splitlines() if "pybabel" in line and "extract" in line
    )
    ignored = re.search(r"--ignore-dirs \"([^\"]*)\"", command)
    assert ignored is not None
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    skipped = re.compile("|".join(f"({_as_regex(each)})" for each in ignored[1].split()))
    catalog = Catalog()
    for _, _, message, _, context in extract_from_dir(
        ROOT,
        method_map=[(each["pattern"], each["method"]) for each in mappings],
        options_map={each["pattern"]: _options(each) for each in mappings},
        keywords=parse_keywords(re.findall(r"-k (\S+)", command)) | _usual_keywords(),
        directory_filter=lambda path: (
            _is_ours(Path(path)) and not skipped.fullmatch(Path(path).name)
        ),
    ):
        catalog.add(message, context=context)
    return {_key(each): each for each in catalog if each.id}


def _is_ours(path: Path) -> bool:
    return path.relative_to(ROOT).parts[0] == "funnel"


def _as_regex(glob: str) -> str:
    return re.escape(glob).replace(r"\*", ".*")


def _options(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in {"pattern", "method"}}


def _usual_keywords() -> dict[str, Any]:
    return parse_keywords(["_", "gettext", "ngettext:1,2"])


@cache
def _catalogue(language: str) -> dict[str, Message]:
    with (CATALOGUES_FOLDER / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    assert not catalog.obsolete
    return {_key(each): each for each in catalog if each.id}


def _key(message: Message) -> str:
    return "\n".join(_forms(message.id))


def _forms(words: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _pairs(language: str) -> Iterator[tuple[str, str]]:
    """Every form of every text, beside its translation."""
    for message in _catalogue(language).values():
        yield from zip(_forms(message.id), _forms(message.string), strict=True)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_what_is_said_and_nothing_else(language: str) -> None:
    said, kept = set(_extracted()), set(_catalogue(language))
    assert not said - kept, "run `make catalogues`, and translate what is new"
    assert not kept - said, "run `make catalogues`: nobody says this any more"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_by_somebody(language: str) -> None:
    fuzzy = [key for key, each in _catalogue(language).items() if each.fuzzy]
    assert not fuzzy, "a machine's guess is not said"
    missing = [original for original, translation in _pairs(language) if not translation.strip()]
    assert not missing


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_names_the_values_of_its_text(language: str) -> None:
    wrong = [
        (original, translation)
        for original, translation in _pairs(language)
        if set(_PLACEHOLDER.findall(original)) != set(_PLACEHOLDER.findall(translation))
    ]
    assert not wrong


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_can_be_said_as_its_text_is(language: str) -> None:
    """Where the page writes values with ``%`` another one is doubled, and braces are in pairs."""
    broken = []
    for original, translation in _pairs(language):
        names = re.findall(r"\{([a-z_]+)\}", original)
        try:
            if "%(" in original or "%%" in original:
                translation % dict.fromkeys(_names(original), "1")
            elif names and "{%" not in original.replace("{{%", ""):
                translation.format(**dict.fromkeys(names, "1"))
        except (ValueError, KeyError, IndexError, TypeError):
            broken.append(translation)
    assert not broken


def _names(text: str) -> list[str]:
    return re.findall(r"%\(([a-z_]+)\)s", text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_english_is_left_in_a_translation(language: str) -> None:
    left = [text for _, text in _pairs(language) if _ENGLISH.search(_QUOTED.sub("", text))]
    assert not left


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_no_text_of_a_page_is_outside_the_catalogue(page: Path) -> None:
    source = page.read_text()
    shown = _COPIED.sub(_GAP, _unmarked(source))
    attributes = (found[1] for found in _SHOWN.finditer(shown))
    pieces = (*_TAG.sub(_GAP, shown).split(_GAP), *(x for a in attributes for x in a.split(_GAP)))
    left = [each for each in (piece.strip(" \n·") for piece in pieces) if _WORD.search(each)]
    assert [each for each in left if each not in _NO_TEXT] == []


def _unmarked(source: str) -> str:
    """What a page prints as it stands: without its code, and without what is marked."""
    kept, statement, is_marked = [], "", False
    for _, kind, value in _lexer().lex(source):
        if kind == "data":
            kept.append("" if is_marked else value)
        elif kind == "name" and not statement:
            statement = value
        elif kind == "block_begin":
            statement = ""
        elif kind in {"block_end", "variable_end"}:
            if kind == "block_end" and statement in {"trans", "endtrans"}:
                is_marked = statement == "trans"
            kept.append(_GAP)
            statement = ""
    return _ATTRIBUTES.sub(_GAP, "".join(kept))


@cache
def _lexer() -> Environment:
    return Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("<p>Save it</p>", "Save it"),
        ('<p>{{ _("Save it") }}</p>', ""),
        ("<p>{% trans name=x %}Save {{ name }}{% pluralize %}Save all{% endtrans %}</p>", ""),
        ("<p>{% if x %}Save it{% endif %}</p>", "Save it"),
    ],
)
def test_what_is_not_marked_is_found(source: str, left: str) -> None:
    assert _TAG.sub("", _unmarked(source)).replace(_GAP, "").strip() == left
