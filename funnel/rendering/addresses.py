"""Where a link of a template leads: a fixed address, a value, or one behind a fixed beginning."""

import re
from dataclasses import dataclass, replace

from funnel.domain.speech import say
from funnel.rendering.errors import TemplateError
from funnel.rendering.filters import is_safe_address
from funnel.rendering.segments import EXPRESSION, Hidden, Kind, html_source

_FIXED_BEGINNING = re.compile(r"(?:https?://[^/]|mailto:)", re.IGNORECASE)
_BRAND_FIELD = re.compile(r"brand\.\w+_url")
_OWN_PAGE = re.compile(r"\blinks\.|\.url\b")
_ANY_STATEMENT = re.compile(rf"(?:\{{|%7B)({EXPRESSION.pattern})(?:\}}|%7D)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address as Jinja source.

    Attributes:
        source: What prints the address; schemes of values are checked when rendered.
        given: A Jinja expression that says whether there is one, "true" where it is fixed.
        target: Where it leads if that is elsewhere and the same for everybody: a web address, or
            the brand's field that holds one. Else empty.
        leads_elsewhere: Whether it leaves our pages, as far as its source tells.
    """

    source: str
    given: str = "true"
    target: str = ""
    leads_elsewhere: bool = False

    @property
    def is_optional(self) -> bool:
        """Whether a reader may have none, so that the link falls away."""
        return self.given != "true"

    def counted(self, spot: int) -> "Address":
        """Return the address as one that is counted where an email has numbers for its links."""
        address = f"{self.target}|href({self.target!r})" if self.is_optional else repr(self.target)
        return replace(self, source=f"{{{{ {address}|counted({spot}) }}}}")

    @property
    def html_source(self) -> str:
        """The source for an attribute of an HTML page."""
        return html_source(self.source)


def read_address(text: str, hidden: Hidden) -> Address:
    """Read the url of a Markdown link whose tags are hidden.

    Raises:
        TemplateError: The address is empty, of another scheme, or begins with a value and goes on.
    """
    statement = _ANY_STATEMENT.search(text)
    if statement is not None and hidden.tag(statement.group(1)).kind is Kind.STATEMENT:
        raise TemplateError(
            say("a link's address may hold {{ … }} only"),
            remedy=say("Write {{ one if condition else other }}."),
        )
    if EXPRESSION.fullmatch(text):
        code = hidden.tag(text).code
        return Address(
            source=f"{{{{ ({code})|href({code!r}) }}}}",
            given=f"({code})",
            target=code if _BRAND_FIELD.fullmatch(code) else "",
            leads_elsewhere=not _OWN_PAGE.search(code),
        )
    is_mail = text.lower().startswith("mailto:")
    if EXPRESSION.search(text):
        if not _FIXED_BEGINNING.match(text):
            raise TemplateError(
                say("an address is one whole {{ value }}, or begins with https:// or mailto:")
            )
        return Address(
            source=hidden.show(text, expression=lambda tag: f"{{{{ ({tag.code})|address_part }}}}"),
            leads_elsewhere=not is_mail,
        )
    if not is_safe_address(text):
        raise TemplateError(
            say("a link must begin with https:, http: or mailto:, not “{text}”", text=text)
        )
    return Address(source=text, target="" if is_mail else text, leads_elsewhere=not is_mail)


def read_plain_address(source: str) -> Address:
    """Read an address that stands by itself, as in the front matter.

    Raises:
        TemplateError: As ``read_address``; or Jinja would take its end for a comment.
    """
    if "{#" in source:
        raise TemplateError(
            say("a link's address may hold {{ … }} only"),
            remedy=say("Write %7B in place of the brace."),
        )
    hidden = Hidden()
    return read_address(hidden.hide(source), hidden)
