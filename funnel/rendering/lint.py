"""What is right for the machine and still wrong for the reader: findings, not errors."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import unescape

from funnel.domain.template import EmailContext, Layout, RenderedEmail
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.renderer import Renderer

SUBJECT_LENGTH = 45  # characters; more is cut on a phone
LETTER_WORDS = (120, 350)
SERVICE_WORDS = 80
PAGE_BYTES = 60_000  # ours
PAGE_BYTES_CUT = 102_000  # Gmail cuts off what is longer, and the footer with it

_IMAGE = re.compile(r"<img\b[^>]*>")
_ALT = re.compile(r'\balt="\s*[^"\s]')


class Severity(StrEnum):
    """``ERROR`` must not be published; ``WARNING`` is for the author to weigh."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend: what it is, and what to do about it."""

    code: str
    severity: Severity
    message: str
    remedy: str


def lint(
    compiled: CompiledTemplate,
    context: EmailContext,
    *,
    renderer: Renderer | None = None,
    is_notice: bool = False,
) -> tuple[Finding, ...]:
    """Return what is wrong with an email as one reader would get it.

    Args:
        compiled: The template.
        context: The reader, a sample or a real one.
        renderer: One that already knows the template; a new one where left out.
        is_notice: Whether this is a notice, which carries no unsubscribe link.

    Raises:
        RenderError: The email cannot be rendered for this reader at all.
    """
    renderer = renderer or Renderer()
    email = renderer.render(compiled, context)
    words = renderer.body_words(compiled, context)
    return (
        *_about_the_first_lines(email),
        *_about_the_footer(email, context, is_notice=is_notice),
        *_about_the_length(compiled.layout, words),
        *_about_the_page(email),
        *_about_the_links(compiled),
    )


def _about_the_first_lines(email: RenderedEmail) -> Iterator[Finding]:
    if not email.subject:
        yield _error("subject-missing", "The subject is empty.", "Give it one.")
    elif len(email.subject) >= SUBJECT_LENGTH:
        yield _warning(
            "subject-long",
            f"The subject has {len(email.subject)} characters.",
            f"Under {SUBJECT_LENGTH} a phone shows all of it.",
        )
    if not email.preheader:
        yield _warning(
            "preheader-missing",
            "The line beside the subject is empty.",
            "Say in one sentence what the email brings.",
        )
    elif email.preheader == email.subject:
        yield _warning(
            "preheader-repeats", "The preheader repeats the subject.", "Let it go on from there."
        )


def _about_the_footer(
    email: RenderedEmail, context: EmailContext, *, is_notice: bool
) -> Iterator[Finding]:
    parts = (unescape(email.html), email.text)
    if not context.brand.postal_address.strip() or not _says(email, context.brand.postal_address):
        yield _error(
            "address-missing",
            "No postal address stands in this email.",
            "Give the brand one; mail law asks for it.",
        )
    if not context.why.strip() or not _says(email, context.why):
        yield _error(
            "reason-missing",
            "The email does not say why this person gets it.",
            "Print {{ why }} in the layout's footer.",
        )
    link = context.links.unsubscribe
    if not is_notice and not (link and all(link in part for part in parts)):
        yield _error(
            "unsubscribe-missing",
            "There is no link to unsubscribe.",
            "Print {{ links.unsubscribe }} in both parts of the layout.",
        )


def _about_the_length(layout: Layout, words: int) -> Iterator[Finding]:
    least, most = LETTER_WORDS if layout is Layout.LETTER else (0, SERVICE_WORDS)
    if words < least:
        yield _warning(
            "too-short",
            f"The letter has {words} words.",
            f"{least} are the least; give it one idea.",
        )
    if words > most:
        yield _warning("too-long", f"The text has {words} words.", f"{most} are the most.")


def _about_the_page(email: RenderedEmail) -> Iterator[Finding]:
    size = len(email.html.encode())
    if size > PAGE_BYTES:
        severity = Severity.ERROR if size > PAGE_BYTES_CUT else Severity.WARNING
        yield Finding(
            code="page-large",
            severity=severity,
            message=f"The HTML has {size / 1000:.0f} KB.",
            remedy="Under 60 KB; Gmail cuts off what is over 102 KB.",
        )
    for image in _IMAGE.findall(email.html):
        if not _ALT.search(image):
            yield _error(
                "image-without-words",
                "An image has no words for readers who do not see it.",
                "Write ![what it shows](address).",
            )


def _about_the_links(compiled: CompiledTemplate) -> Iterator[Finding]:
    for words in compiled.uncounted:
        yield _warning(
            "link-not-counted",
            f"Nobody will see who opened the link “{words}”.",
            "Counted are a fixed address behind words of its own, and {{ brand.booking_url }} or "
            "{{ brand.notes_url }} alone.",
        )
    names = Counter(each.name for each in compiled.links)
    for name in sorted(name for name, times in names.items() if times > 1):
        yield _warning(
            "links-named-alike",
            f"{names[name]} links to different pages are called “{name}”.",
            'Name them: [words](address "link: a-name"), or “link:” below the button.',
        )


def _says(email: RenderedEmail, sentence: str) -> bool:
    """Whether both parts hold the sentence, wherever its lines break."""
    wanted = " ".join(sentence.split())
    return all(wanted in " ".join(part.split()) for part in (unescape(email.html), email.text))


def _error(code: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, message=message, remedy=remedy)


def _warning(code: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, message=message, remedy=remedy)
