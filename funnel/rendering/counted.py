"""Which links of an email are counted, and what they are called.

Counted is what leads elsewhere: a fixed web address, or the one that the brand has for it. Links
to our own pages are not (a seat, a preference and an unsubscribe are no news), and an address
built from a person's values is left as it is: the list of links would hold what belongs to them.
"""

import re
import unicodedata
from collections.abc import Sequence

from markdown_it.token import Token

from funnel.domain.speech import say
from funnel.domain.template import TemplateLink
from funnel.rendering.addresses import Address, read_address
from funnel.rendering.errors import TemplateError
from funnel.rendering.segments import EXPRESSION, Hidden

NAME_LIMIT = 40  # characters
_NAME = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{NAME_LIMIT - 2}}}[a-z0-9])?")
_TITLE = re.compile(r"link:(.*)", re.DOTALL)
_LOOKS_LIKE_ADDRESS = re.compile(r"(?:https?://|www\.)", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


class CountedLinks:
    """The links of one email, in the order in which they are met.

    Attributes:
        links: What is counted; a link's place in this list is its spot in the sources.
        uncounted: Words of links that lead elsewhere and are not counted.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.links: list[TemplateLink] = []
        self.uncounted: list[str] = []

    def take(self, address: Address, *, words: str, name: str = "") -> Address:
        """Return the address to write: counted where it can be.

        Args:
            address: As the author wrote it.
            words: What the reader presses on.
            name: The name that the author gave the link; without one, it is made from the
                brand's field or from the words.

        Raises:
            TemplateError: The name cannot be one, or the link cannot be counted and has one.
        """
        if name and not _NAME.fullmatch(name):
            raise TemplateError(
                say("a link cannot be called “{name}”", name=name),
                remedy=say(
                    "Small letters, digits and hyphens, {name_limit} at most: booking-page.",
                    name_limit=NAME_LIMIT,
                ),
            )
        # Mail programs warn of words that are one address and lead to another.
        is_countable = address.target and not _LOOKS_LIKE_ADDRESS.match(words)
        if not is_countable:
            return self._left_alone(address, words, name)
        link = TemplateLink(name=name or _name_of(address.target, words), target=address.target)
        if link not in self.links:
            self.links.append(link)
        return address.counted(self.links.index(link))

    def _left_alone(self, address: Address, words: str, name: str) -> Address:
        if name:
            raise TemplateError(
                say("the link “{name}” cannot be counted", name=name),
                remedy=say(
                    "Counted are fixed addresses behind words of their own, and a brand's, "
                    "as {{ brand.booking_url }}."
                ),
            )
        if address.leads_elsewhere:
            self.uncounted.append(words or address.source)
        return address


def count_links(tokens: Sequence[Token], hidden: Hidden, counted: CountedLinks) -> None:
    """Read the address of each link of a body once, for both parts, into ``meta["address"]``.

    Raises:
        TemplateError: With the line in the body: an address that an email may not carry, or a
            name that no link can have.
    """
    line: int | None = None
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        children = token.children or []
        for index, child in enumerate(children):
            if child.type != "link_open":
                continue
            try:
                child.meta = {**child.meta, "address": _address(children, index, hidden, counted)}
            except TemplateError as error:
                raise TemplateError(error.reason, line=line, remedy=error.remedy) from error


def address_of(token: Token, hidden: Hidden) -> Address:
    """Return where a link leads, as ``count_links`` left it or as it stands.

    Raises:
        TemplateError: Not an address that an email may carry.
    """
    known = token.meta.get("address")
    if isinstance(known, Address):
        return known
    return read_address(str(token.attrGet("href") or ""), hidden)


def _address(
    children: Sequence[Token], index: int, hidden: Hidden, counted: CountedLinks
) -> Address:
    token = children[index]
    address = read_address(str(token.attrGet("href") or ""), hidden)
    named = _TITLE.fullmatch(str(token.attrGet("title") or "").strip())
    if named is not None and not named.group(1).strip():
        raise TemplateError(say("a link's name is missing behind “link:”"))
    words = _words(children[index + 1 :])
    return counted.take(address, words=words, name=named.group(1).strip() if named else "")


def _words(rest: Sequence[Token]) -> str:
    """Return the words up to the link's end, without values and marks."""
    words = []
    for token in rest:
        if token.type == "link_close":
            break
        words.append(" " if token.type == "softbreak" else token.content)
    return " ".join(EXPRESSION.sub(" ", "".join(words)).split())


def _name_of(target: str, words: str) -> str:
    if target.startswith("brand."):
        return target.removeprefix("brand.").removesuffix("_url").replace("_", "-")
    return _slug(words) or _slug(target.partition("//")[2]) or "link"


def _slug(text: str) -> str:
    """Return small ASCII letters, digits and single hyphens, cut between words where it can be."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    slug = _NOT_IN_NAMES.sub("-", plain).strip("-")
    if len(slug) <= NAME_LIMIT:
        return slug
    cut = slug[: NAME_LIMIT + 1]
    return cut.rpartition("-")[0] or slug[:NAME_LIMIT]
