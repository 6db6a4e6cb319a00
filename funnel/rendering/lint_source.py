"""What an author typed that readers will not see as it was meant."""

import re
import unicodedata
from collections.abc import Iterator

from funnel.domain.speech import say
from funnel.domain.template import BrandContext, RenderedEmail
from funnel.domain.template_draft import STAND_INS
from funnel.rendering.colours import READABLE, WHITE, contrast, on_paper, safe_colour
from funnel.rendering.finding import Finding, error, line_of, warning

_HTML = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)(?=[\s/>])[^<>]*>")
_PLAIN_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*(http://[^)\s]*)", re.IGNORECASE)
_EMPTY_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(\s*\)")
# Characters that turn the order of what stands around them; words in Hebrew or Arabic need none.
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset("\u200b\u2060\ufeff\u00ad\u180e\u3164\uffa0\u115f\u1160\u2800\u034f")
_LETTERS = re.compile(r"[^\W\d_]")
_STYLE = re.compile(r'style="([^"]*)"')
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*(#[0-9a-fA-F]{3,6})\s*(?:;|$)")
_GROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*(#[0-9a-fA-F]{3,6})\s*(?:;|$)")
_SHOUT_LETTERS = 8


def lint_source(source: str) -> Iterator[Finding]:
    """Yield what is wrong with a text as it was typed, line by line."""
    for number, line in enumerate(source.split("\n"), start=1):
        yield from _about_characters(line, number)
        yield from _about_html(line, number)
        for found in _PLAIN_IMAGE.finditer(line):
            yield warning(
                "image-not-secure",
                say("A picture comes from {address}, which is not secure.", address=found[1]),
                say("Use https://, or upload the picture here: many mail programs show no other."),
                line=number,
            )
        if any(each in line for each in STAND_INS):
            yield error(
                "text-unwritten",
                say("This line is what a new email begins with, not what anybody should read."),
                say("Write your own words in its place, or take it out."),
                line=number,
            )
        if _EMPTY_LINK.search(line):
            yield error(
                "link-empty",
                say("A link leads nowhere."),
                say("Write its address between the round brackets."),
                line=number,
            )


def lint_subject(email: RenderedEmail, source: str) -> Iterator[Finding]:
    """Yield what a spam filter, and a reader, thinks of a subject that shouts."""
    letters = _LETTERS.findall(email.subject)
    is_loud = len(letters) >= _SHOUT_LETTERS and all(each.isupper() for each in letters)
    if is_loud or "!!" in email.subject:
        yield warning(
            "subject-shouts",
            say("The subject shouts."),
            say("Write it as you would say it: no capitals throughout, one mark at most."),
            line=line_of(source, "subject:", begins=True),
        )


def lint_colours(email: RenderedEmail, brand: BrandContext) -> Iterator[Finding]:
    """Yield which colours cannot be read: WCAG 2.2, 1.4.3 asks for 4.5 to 1."""
    accent = safe_colour(brand.accent)
    ratio = contrast(accent, WHITE)
    if ratio < READABLE:
        yield warning(
            "accent-faint",
            say(
                "On white, the brand's accent {accent} has a contrast of {ratio} to 1; 4.5 is the "
                "least. Links are printed in {darker} instead.",
                accent=accent,
                ratio=f"{ratio:.1f}",
                darker=on_paper(accent),
            ),
            say("Choose a darker accent in the brand's settings."),
        )
    for ink, ground in sorted(set(_pairs(email.html))):
        ratio = contrast(safe_colour(ink), safe_colour(ground))
        if ratio < READABLE:
            yield warning(
                "colours-faint",
                say(
                    "Words in {ink} on {ground} have a contrast of {ratio} to 1; 4.5 is the least.",
                    ink=ink,
                    ground=ground,
                    ratio=f"{ratio:.1f}",
                ),
                say("Choose a darker colour in the layout."),
            )


def _pairs(html: str) -> Iterator[tuple[str, str]]:
    for style in _STYLE.findall(html):
        ink, ground = _COLOUR.search(style), _GROUND.search(style)
        # A ground of another element is not looked for: a button's stands round its words.
        if ink is not None and ground is not None:
            yield ink[1].upper(), ground[1].upper()


def _about_characters(line: str, number: int) -> Iterator[Finding]:
    turning = next((each for each in line if each in _TURNING), None)
    if turning is not None:
        yield error(
            "text-turned",
            say("{name} turns the order of the words after it.", name=_name(turning)),
            say("Take it out; words written from right to left need no such sign."),
            line=number,
        )
    unseen = next((each for each in line if each in _UNSEEN), None)
    if unseen is not None:
        yield warning(
            "text-unseen",
            say("{name} is there and cannot be seen.", name=_name(unseen)),
            say("Delete and type that line anew: spam filters count it against you."),
            line=number,
        )


def _about_html(line: str, number: int) -> Iterator[Finding]:
    for found in _HTML.finditer(line):
        yield warning(
            "html-shown",
            say(
                "{tag} is shown to readers as it stands: emails are written without HTML.",
                tag=found[0][:40],
            ),
            say("Use *emphasis*, **strong**, [links](https://…) or ![pictures](https://…)."),
            line=number,
        )
        return


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
