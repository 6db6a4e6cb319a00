"""The plain text of a body: the same Markdown, as somebody would type it.

Values are only known when an email is rendered, so lines are broken then. Until then the text is
*marked*: control characters say where a block begins and where a link stands. No value can forge
a mark, as merge values hold no control characters.
"""

from collections.abc import Callable, Mapping, Sequence

from markdown_it.token import Token

from funnel.rendering.addresses import Address
from funnel.rendering.counted import address_of
from funnel.rendering.errors import TemplateError
from funnel.rendering.literal import literal
from funnel.rendering.markdown import JINJA
from funnel.rendering.segments import Hidden

BLOCK, FIELD, BODY = "\x1e", "\x1f", "\x1d"
LINK, TARGET, END = "\x02", "\x03", "\x04"
WIDTH = 72

_PARAGRAPH, _HEADING, _RULE, _BULLET, _NUMBER, _GO_ON = "p", "h", "r", "b", "n", "c"


def block(content: str, *, kind: str = _PARAGRAPH, prefix: str = "") -> str:
    """Return one marked block; ``content`` may hold line breaks and Jinja."""
    return f"{BLOCK}{kind}{FIELD}{prefix}{FIELD}{content}"


def link(label: str, target: str) -> str:
    """Return a marked link; an empty ``target`` leaves the words alone."""
    return f"{LINK}{label}{TARGET}{target}{END}"


def marked_text(tokens: Sequence[Token], hidden: Hidden) -> str:
    """Write a body as marked text with Jinja in it.

    Args:
        tokens: From ``parse_markdown``.
        hidden: The tags that the tokens stand for.

    Raises:
        TemplateError: A link's address is not one that an email may carry.
    """
    return _TextWriter(hidden).write(tokens)


class _TextWriter:
    def __init__(self, hidden: Hidden) -> None:
        self._hidden = hidden
        self._quotes = 0
        self._lists: list[str] = []
        self._item_begins = False
        self._addresses: list[Address] = []
        self._is_button = False
        self._line: int | None = None
        self._writers: Mapping[str, Callable[..., str]] = {
            "text": self._text,
            "softbreak": _fixed(" "),
            "hardbreak": _fixed("\n"),
            "paragraph_open": self._paragraph,
            "heading_open": self._heading,
            "bullet_list_open": self._list_open,
            "bullet_list_close": self._list_close,
            "ordered_list_open": self._list_open,
            "ordered_list_close": self._list_close,
            "list_item_open": self._item_open,
            "blockquote_open": self._quote_open,
            "blockquote_close": self._quote_close,
            "hr": self._rule,
            "em_open": _fixed("_"),
            "em_close": _fixed("_"),
            "strong_open": _fixed("*"),
            "strong_close": _fixed("*"),
            "link_open": self._link_open,
            "link_close": self._link_close,
            "image": self._image,
        }

    def write(self, tokens: Sequence[Token]) -> str:
        return "".join(map(self._write, tokens))

    def _write(self, token: Token) -> str:
        self._line = token.map[0] + 1 if token.map else self._line
        if token.type == JINJA:
            return self._hidden.tag(token.meta["token"]).source
        if token.type == "inline":
            return self.write(token.children or [])
        special = self._writers.get(token.type)
        return special(token) if special is not None else ""

    def _text(self, token: Token) -> str:
        return self._hidden.show(literal(token.content))

    def _paragraph(self, token: Token) -> str:
        self._is_button = token.meta.get("role") == "button"
        if self._is_button:  # its link begins the block, as the whole falls away without one
            return ""
        kind = _PARAGRAPH
        if self._lists:
            kind = self._lists[-1] if self._item_begins else _GO_ON
            self._item_begins = False
        return block("", kind=kind, prefix=self._prefix())

    def _prefix(self) -> str:
        return "> " * self._quotes + "  " * (len(self._lists) - 1)

    def _heading(self, _token: Token) -> str:
        return block("", kind=_HEADING, prefix=self._prefix())

    def _rule(self, _token: Token) -> str:
        return block("", kind=_RULE, prefix=self._prefix())

    def _list_open(self, token: Token) -> str:
        self._lists.append(_NUMBER if token.type == "ordered_list_open" else _BULLET)
        return ""

    def _list_close(self, _token: Token) -> str:
        self._lists.pop()
        return ""

    def _item_open(self, _token: Token) -> str:
        self._item_begins = True
        return ""

    def _quote_open(self, _token: Token) -> str:
        self._quotes += 1
        return ""

    def _quote_close(self, _token: Token) -> str:
        self._quotes -= 1
        return ""

    def _link_open(self, token: Token) -> str:
        try:
            address = address_of(token, self._hidden)
        except TemplateError as error:
            raise TemplateError(error.reason, line=self._line, remedy=error.remedy) from error
        self._addresses.append(address)
        if not self._is_button:
            return LINK
        return (_if(address) if address.is_optional else "") + block(LINK, prefix=self._prefix())

    def _link_close(self, _token: Token) -> str:
        address = self._addresses.pop()
        if not address.is_optional:
            return f"{TARGET}{address.source}{END}"
        if self._is_button:
            return f"{TARGET}{address.source}{END}{{% endif %}}"
        return f"{TARGET}{_if(address)}{address.source}{{% endif %}}{END}"

    def _image(self, token: Token) -> str:
        return self._hidden.show(literal(token.content))


def _if(address: Address) -> str:
    return f"{{% if {address.given} %}}"


def _fixed(text: str) -> Callable[..., str]:
    return lambda *_: text
