"""The HTML of a body: Markdown tokens with their styles written beside them.

Mail clients drop style sheets, so every element carries its own; classes are for dark mode only.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from funnel.domain.speech import say
from funnel.domain.template import Layout
from funnel.rendering.addresses import Address, read_address
from funnel.rendering.counted import address_of
from funnel.rendering.errors import TemplateError
from funnel.rendering.literal import literal
from funnel.rendering.markdown import JINJA
from funnel.rendering.segments import Hidden

_SERIF = "Georgia,'Iowan Old Style','Noto Serif','Times New Roman',serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What differs between the layouts."""

    size: int
    gap: int


_LOOKS = {
    Layout.LETTER: _Look(size=17, gap=20),
    Layout.SERVICE: _Look(size=15, gap=16),
}


def html_part(tokens: Sequence[Token], hidden: Hidden, layout: Layout) -> str:
    """Write a body as HTML with Jinja in it.

    Args:
        tokens: From ``parse_markdown``.
        hidden: The tags that the tokens stand for.
        layout: Gives the size of the text and the space between paragraphs.

    Raises:
        TemplateError: A link's or an image's address is not one that an email may carry.
    """
    return _HtmlWriter(hidden, _LOOKS[layout]).write(tokens)


class _HtmlWriter:
    def __init__(self, hidden: Hidden, look: _Look) -> None:
        self._hidden = hidden
        self._look = look
        self._addresses: list[Address] = []
        self._role = ""
        self._line: int | None = None
        self._writers: Mapping[str, Callable[..., str]] = {
            "text": self._text,
            "softbreak": _fixed("\n"),
            "hardbreak": _fixed("<br>\n"),
            "paragraph_open": self._paragraph_open,
            "paragraph_close": self._paragraph_close,
            "heading_open": self._heading_open,
            "heading_close": _fixed("</h2>\n"),
            "bullet_list_open": self._list_open,
            "bullet_list_close": _fixed("</ul>\n"),
            "ordered_list_open": self._list_open,
            "ordered_list_close": _fixed("</ol>\n"),
            "list_item_open": self._item_open,
            "list_item_close": _fixed("</li>\n"),
            "blockquote_open": self._quote_open,
            "blockquote_close": _fixed("</blockquote>\n"),
            "hr": self._rule,
            "em_open": _fixed("<em>"),
            "em_close": _fixed("</em>"),
            "strong_open": _fixed('<strong style="font-weight:600">'),
            "strong_close": _fixed("</strong>"),
            "link_open": self._link_open,
            "link_close": self._link_close,
            "image": self._image,
        }

    def write(self, tokens: Sequence[Token]) -> str:
        return "".join(self._write(token, tokens, index) for index, token in enumerate(tokens))

    def _write(self, token: Token, tokens: Sequence[Token], index: int) -> str:
        self._line = token.map[0] + 1 if token.map else self._line
        if token.type == JINJA:
            return self._hidden.tag(token.meta["token"]).source
        if token.type == "inline":
            return self.write(token.children or [])
        special = self._writers.get(token.type)
        if special is not None:
            return special(token, tokens, index)
        raise TemplateError(
            say("“{type}” has no place in an email", type=token.type), line=self._line
        )

    def _text(self, token: Token, *_: object) -> str:
        return self._shown(literal(html.escape(token.content, quote=False)))

    def _shown(self, text: str) -> str:
        return self._hidden.show(text)

    def _paragraph_open(self, token: Token, tokens: Sequence[Token], index: int) -> str:
        if token.hidden:  # the paragraph of a tight list item
            return ""
        self._role = token.meta.get("role", "")
        if self._role == "button":
            return ""
        gap, size, extra = self._look.gap, self._look.size, ""
        if self._role == "small":
            gap, size, extra = 2 * self._look.gap, 15, "color:#5A6478;"
        if self._ends_its_box(tokens, index):
            gap = 0
        soft = ' class="soft"' if extra else ""
        return f'<p{soft} style="margin:0 0 {gap}px;{extra}font-size:{size}px;line-height:1.6">'

    def _ends_its_box(self, tokens: Sequence[Token], index: int) -> bool:
        rest = [each.type for each in tokens[index + 1 :] if each.type != JINJA]
        after = rest[rest.index("paragraph_close") + 1 :]
        return not after or after[0] in {"list_item_close", "blockquote_close"}

    def _paragraph_close(self, token: Token, *_: object) -> str:
        if token.hidden:
            return ""
        was, self._role = self._role, ""
        return "" if was == "button" else "</p>"

    def _heading_open(self, token: Token, *_: object) -> str:
        size = 21 if token.tag in {"h1", "h2"} else 17
        return (
            f'<h2 style="margin:{self._look.gap + 8}px 0 8px;font-weight:400;'
            f'font-family:{_SERIF};font-size:{size}px;line-height:1.3">'
        )

    def _list_open(self, token: Token, *_: object) -> str:
        tag = token.tag
        start = token.attrGet("start")
        begin = f' start="{int(start)}"' if start else ""
        return (
            f'<{tag}{begin} style="margin:0 0 {self._look.gap}px;padding:0 0 0 24px;'
            f'font-size:{self._look.size}px;line-height:1.6">'
        )

    def _item_open(self, *_: object) -> str:
        return '<li style="margin:0 0 8px;padding:0 0 0 4px">'

    def _quote_open(self, *_: object) -> str:
        return (
            f'<blockquote class="rule" style="margin:0 0 {self._look.gap}px;padding:0 0 0 16px;'
            'border-left:2px solid #E4E0D8">'
        )

    def _rule(self, *_: object) -> str:
        return (
            '<div class="rule" style="border-top:1px solid #E4E0D8;width:48px;'
            f'margin:{self._look.gap + 8}px 0;font-size:0;line-height:0">&nbsp;</div>'
        )

    def _link_open(self, token: Token, *_: object) -> str:
        address = self._placed(lambda: address_of(token, self._hidden))
        self._addresses.append(address)
        opening = self._button_open if self._role == "button" else _link_open
        begin = f"{{% if {address.given} %}}" if address.is_optional else ""
        # A button falls away whole, words and all; a link without an address leaves its words.
        end = "{% endif %}" if begin and self._role != "button" else ""
        return begin + opening(address) + end

    def _link_close(self, *_: object) -> str:
        address = self._addresses.pop()
        if self._role == "button":
            return "</a></td></tr></table>" + ("{% endif %}" if address.is_optional else "")
        return f"{{% if {address.given} %}}</a>{{% endif %}}" if address.is_optional else "</a>"

    def _button_open(self, address: Address) -> str:
        # A table, because Outlook pads cells and not links; its edge keeps it a plain button.
        return (
            '<table role="presentation" border="0" cellpadding="0" cellspacing="0" style="'
            f'border-collapse:separate;margin:{self._look.gap + 4}px 0 {self._look.gap + 8}px">'
            '<tr><td class="plain-button" style="border:1px solid {{ brand.accent|on_paper }};'
            'border-radius:8px">'
            f'<a class="link" href="{address.html_source}" style="display:inline-block;'
            "padding:0 24px;line-height:44px;font-weight:600;text-decoration:none;"
            'color:{{ brand.accent|on_paper }}">'
        )

    def _image(self, token: Token, *_: object) -> str:
        source = str(token.attrGet("src") or "")
        address = self._placed(lambda: read_address(source, self._hidden))
        alt = self._shown(literal(html.escape(token.content, quote=True)))
        begin, end = (
            (f"{{% if {address.given} %}}", "{% endif %}") if address.is_optional else ("", "")
        )
        return (
            f'{begin}<img src="{address.html_source}" alt="{alt}" '
            f'style="max-width:100%;height:auto;border:0">{end}'
        )

    def _placed(self, read: Callable[[], Address]) -> Address:
        try:
            return read()
        except TemplateError as error:
            raise TemplateError(error.reason, line=self._line, remedy=error.remedy) from error


def _link_open(address: Address) -> str:
    return (
        f'<a class="link" href="{address.html_source}" '
        'style="color:{{ brand.accent|on_paper }}">'
    )


def _fixed(text: str) -> Callable[..., str]:
    return lambda *_: text
