"""Markdown with Jinja in it, read into tokens that both parts of an email are written from."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from funnel.domain.speech import mark, say
from funnel.rendering.errors import TemplateError
from funnel.rendering.segments import STATEMENT, Hidden

JINJA = "jinja_statement"
_STATEMENT_LINE = re.compile(rf"(?:{STATEMENT.pattern}\s*)+")
_DIRECTIVE = re.compile(r"\{\.[\w-]+\}")
_DIRECTIVES = frozenset({"{.button}", "{.small}"})
_OPENING = frozenset({"if", "for"})
_MIDDLE = frozenset({"elif", "else"})
_CLOSING = frozenset({"endif", "endfor"})
_LISTS = frozenset({"bullet_list_open", "ordered_list_open"})


def parse_markdown(source: str, hidden: Hidden) -> list[Token]:
    """Read a body into Markdown tokens; Jinja statements are tokens of their own.

    A paragraph's role (``button``, ``small``) stands in ``meta["role"]`` of its opening token.
    Lists that only statements part become one list, so that a loop makes items, not lists.

    Args:
        source: Markdown with Jinja, without front matter.
        hidden: Keeps the tags; shows them again in what is written from the tokens.

    Raises:
        TemplateError: A statement is opened in one paragraph and closed in another, or a
            directive is unknown. Lines count from the beginning of ``source``.
    """
    tokens = _reader().parse(hidden.hide(source))
    _give_roles(tokens)
    _check_balance(tokens, hidden, line=1)
    return _with_whole_lists(tokens, hidden)


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "typographer": True, "linkify": True})
    reader.enable(["replacements", "smartquotes", "linkify"])
    # Indented text is text, "---" is a rule and never a heading, raw HTML is shown as text.
    reader.disable(["code", "fence", "lheading", "html_block", "html_inline", "backticks"])
    reader.disable(["reference"])
    if reader.linkify is not None:
        reader.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    # Addresses are checked by us, loudly; Markdown would print a bad link as plain text.
    reader.validateLink = _accept  # type: ignore[method-assign] # its documented hook
    reader.block.ruler.before(
        "blockquote", JINJA, _block_rule, {"alt": ["paragraph", "blockquote", "list"]}
    )
    reader.inline.ruler.before("escape", JINJA, _inline_rule)
    return reader


def _accept(url: str) -> bool:
    return bool(url)


def _block_rule(state: StateBlock, start: int, _end: int, silent: bool) -> bool:  # noqa: FBT001 # markdown-it's signature
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].strip()
    if not _STATEMENT_LINE.fullmatch(line):
        return False
    if not silent:
        for found in STATEMENT.finditer(line):
            token = state.push(JINJA, "", 0)
            token.meta = {"token": found.group(1)}
            token.map = [start, start + 1]
        state.line = start + 1
    return True


def _inline_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 # markdown-it's signature
    found = STATEMENT.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        # No content, so that a quotation mark behind it still opens (smartquotes reads content).
        state.push(JINJA, "", 0).meta = {"token": found.group(1)}
    state.pos = found.end()
    return True


def _give_roles(tokens: Sequence[Token]) -> None:
    for index, token in enumerate(tokens):
        if token.type == "inline" and token.children is not None:
            role = _take_directive(token)
            opening = tokens[index - 1]
            if role and opening.type != "paragraph_open":
                raise TemplateError(
                    say("{{.{role}}} belongs to a paragraph", role=role), line=_line(token)
                )
            opening.meta = {**opening.meta, "role": role}


def _take_directive(token: Token) -> str:
    children = [each for each in token.children or [] if each.type != "text" or each.content]
    for each in children:
        found = _DIRECTIVE.search(each.content) if each.type == "text" else None
        if found is not None and found.group() not in _DIRECTIVES:
            raise TemplateError(
                say("unknown directive {found}", found=found.group()), line=_line(token)
            )
    last = children[-1].content.strip() if children and children[-1].type == "text" else ""
    if last == "{.small}" and len(children) > 1 and children[-2].type == "softbreak":
        token.children = children[:-2]
        return "small"
    if last == "{.button}":
        return _button(token, children[:-1])
    if any("{.button}" in each.content or "{.small}" in each.content for each in children):
        raise TemplateError(
            say("{.button} and {.small} stand at the end of their paragraph"), line=_line(token)
        )
    return ""


def _button(token: Token, children: list[Token]) -> str:
    kinds = [each.type for each in children]
    is_one_link = kinds[:1] == ["link_open"] and kinds[-1:] == ["link_close"]
    if not is_one_link or kinds.count("link_open") > 1:
        raise TemplateError(
            say("a button is a paragraph of one link: [Label](url){.button}"), line=_line(token)
        )
    token.children = children
    return "button"


def _check_balance(tokens: Sequence[Token], hidden: Hidden, *, line: int) -> None:
    """Refuse a statement that opens in one paragraph, item or emphasis and closes in another."""
    depths = [0]
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        if token.type == JINJA:
            depths[-1] += _change_of_depth(statement_word(token, hidden))
        elif token.nesting > 0:
            depths.append(0)
        if token.children and token.type == "inline":
            _check_balance(token.children, hidden, line=line)
        if depths[-1] < 0 or (token.nesting < 0 and depths.pop() != 0):
            raise TemplateError(say(_UNBALANCED), line=line)
    if depths != [0]:
        raise TemplateError(say(_UNBALANCED), line=line)


_UNBALANCED = mark(
    "a {% … %} opens in one paragraph and closes in another; put both on "
    "lines of their own, or both inside one paragraph"
)


def _change_of_depth(word: str) -> int:
    return (word in _OPENING) - (word in _CLOSING)


def statement_word(token: Token, hidden: Hidden) -> str:
    """Return the first word of a Jinja statement, ``if`` for instance."""
    return hidden.tag(token.meta["token"]).code.split(maxsplit=1)[0]


def _line(token: Token) -> int | None:
    return token.map[0] + 1 if token.map else None


# --- lists that statements part ---------------------------------------------------------------


def _with_whole_lists(tokens: Sequence[Token], hidden: Hidden) -> list[Token]:
    chunks = list(_chunks(tokens))
    words = [statement_word(c[0], hidden) if c[0].type == JINJA else "" for c in chunks]
    whole: list[Token] = []
    start = 0
    while start < len(chunks):
        end = _end_of_list(chunks, words, start)
        whole.extend(_one_list(chunks[start:end]) if end > start + 1 else chunks[start])
        start = max(end, start + 1)
    return whole


def _chunks(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    chunk: list[Token] = []
    depth = 0
    for token in tokens:
        chunk.append(token)
        depth += token.nesting
        if depth == 0:
            yield chunk
            chunk = []


def _end_of_list(chunks: Sequence[list[Token]], words: Sequence[str], start: int) -> int:
    """Return where the longest run from ``start`` ends that may stand inside one list."""
    best, depth, lists, kind = start, 0, 0, ""
    has_loop = False
    for index in range(start, len(chunks)):
        opening = chunks[index][0].type
        if opening in _LISTS and kind in {"", opening}:
            kind, lists = opening, lists + 1
        elif not words[index] or (words[index] in _MIDDLE and depth == 0):
            break
        depth += _change_of_depth(words[index])
        has_loop = has_loop or words[index] == "for"
        if depth < 0:
            break
        # An {% if %} around everything stays outside: false, it would leave an empty list.
        wraps_all = words[start] == "if" and best == start and words[index] == "endif"
        if depth == 0 and lists and (lists > 1 or has_loop) and not wraps_all:
            best = index + 1
    return best


def _one_list(run: Sequence[list[Token]]) -> list[Token]:
    lists = [chunk for chunk in run if chunk[0].type in _LISTS]
    inner: list[Token] = []
    for chunk in run:
        inner.extend(chunk[1:-1] if chunk[0].type in _LISTS else chunk)
    return [lists[0][0], *inner, lists[-1][-1]]
