"""What is right for the machine and still wrong for the reader: findings, not errors."""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape

from funnel.domain.speech import say
from funnel.domain.template import EmailContext, Layout, RenderedEmail
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.finding import Finding, Severity, error, line_of, warning
from funnel.rendering.lint_source import lint_colours, lint_source, lint_subject
from funnel.rendering.renderer import Renderer

__all__ = ["Finding", "Severity", "lint"]

SUBJECT_LENGTH = 45  # characters; more is cut on a phone
LETTER_WORDS = (120, 350)
SERVICE_WORDS = 80
PAGE_BYTES = 60_000  # ours
PAGE_BYTES_CUT = 102_000  # Gmail cuts off what is longer, and the footer with it

_IMAGE = re.compile(r"<img\b[^>]*>")
_ALT = re.compile(r'\balt="\s*[^"\s]')


def lint(
    compiled: CompiledTemplate,
    context: EmailContext,
    *,
    renderer: Renderer | None = None,
    is_notice: bool = False,
    source: str = "",
) -> tuple[Finding, ...]:
    """Return what is wrong with an email as one reader would get it.

    Args:
        compiled: The template.
        context: The reader, a sample or a real one.
        renderer: One that already knows the template; a new one where left out.
        is_notice: Whether this is a notice, which carries no unsubscribe link.
        source: The text as it was typed; without it no line is named, and less is seen.

    Raises:
        RenderError: The email cannot be rendered for this reader at all.
    """
    renderer = renderer or Renderer()
    email = renderer.render(compiled, context)
    words = renderer.body_words(compiled, context)
    return (
        *_about_the_first_lines(email, source),
        *lint_subject(email, source),
        *_about_the_footer(email, context, is_notice=is_notice),
        *_about_the_length(compiled.layout, words),
        *_about_the_page(email, source),
        *lint_colours(email, context.brand),
        *_about_the_links(compiled, source),
        *lint_source(source),
    )


def _about_the_first_lines(email: RenderedEmail, source: str) -> Iterator[Finding]:
    subject_line = line_of(source, "subject:", begins=True)
    preheader_line = line_of(source, "preheader:", begins=True)
    if not email.subject:
        yield error(
            "subject-missing", say("The subject is empty."), say("Give it one."), line=subject_line
        )
    elif len(email.subject) >= SUBJECT_LENGTH:
        yield warning(
            "subject-long",
            say("The subject has {length} characters.", length=len(email.subject)),
            say("Under {limit} a phone shows all of it.", limit=SUBJECT_LENGTH),
            line=subject_line,
        )
    if not email.preheader:
        yield warning(
            "preheader-missing",
            say("The line beside the subject is empty."),
            say("Say in one sentence what the email brings."),
            line=preheader_line,
        )
    elif email.preheader == email.subject:
        yield warning(
            "preheader-repeats",
            say("The preheader repeats the subject."),
            say("Let it go on from there."),
            line=preheader_line,
        )


def _about_the_footer(
    email: RenderedEmail, context: EmailContext, *, is_notice: bool
) -> Iterator[Finding]:
    parts = (unescape(email.html), email.text)
    if not context.brand.postal_address.strip() or not _says(email, context.brand.postal_address):
        yield error(
            "address-missing",
            say("No postal address stands in this email."),
            say("Give the brand one; mail law asks for it."),
        )
    if not context.why.strip() or not _says(email, context.why):
        yield error(
            "reason-missing",
            say("The email does not say why this person gets it."),
            say("Print {{ why }} in the layout's footer."),
        )
    link = context.links.unsubscribe
    if not is_notice and not (link and all(link in part for part in parts)):
        yield error(
            "unsubscribe-missing",
            say("There is no link to unsubscribe."),
            say("Print {{ links.unsubscribe }} in both parts of the layout."),
        )


def _about_the_length(layout: Layout, words: int) -> Iterator[Finding]:
    least, most = LETTER_WORDS if layout is Layout.LETTER else (0, SERVICE_WORDS)
    if words < least:
        yield warning(
            "too-short",
            say("The letter has {words} words.", words=words),
            say("{least} are the least; give it one idea.", least=least),
        )
    if words > most:
        yield warning(
            "too-long",
            say("The text has {words} words.", words=words),
            say("{most} are the most.", most=most),
        )


def _about_the_page(email: RenderedEmail, source: str) -> Iterator[Finding]:
    size = len(email.html.encode())
    if size > PAGE_BYTES:
        yield Finding(
            code="page-large",
            severity=Severity.ERROR if size > PAGE_BYTES_CUT else Severity.WARNING,
            message=say("The HTML has {size} KB.", size=f"{size / 1000:.0f}"),
            remedy=say("Under 60 KB; Gmail cuts off what is over 102 KB."),
        )
    for image in _IMAGE.findall(email.html):
        if not _ALT.search(image):
            yield error(
                "image-without-words",
                say("An image has no words for readers who do not see it."),
                say("Write ![what it shows](address)."),
                line=line_of(source, "![]("),
            )


def _about_the_links(compiled: CompiledTemplate, source: str) -> Iterator[Finding]:
    for words in compiled.uncounted:
        yield warning(
            "link-not-counted",
            say("Nobody will see who opened the link “{words}”.", words=words),
            say(
                "Counted are a fixed address behind words of its own, and {{ brand.booking_url }} "
                "or {{ brand.notes_url }} alone."
            ),
            line=line_of(source, words),
        )
    names = Counter(each.name for each in compiled.links)
    for name in sorted(name for name, times in names.items() if times > 1):
        yield warning(
            "links-named-alike",
            say(
                "{count} links to different pages are called “{name}”.",
                count=names[name],
                name=name,
            ),
            say('Name them: [words](address "link: a-name"), or “link:” below the button.'),
            line=line_of(source, f"link: {name}"),
        )


def _says(email: RenderedEmail, sentence: str) -> bool:
    """Whether both parts hold the sentence, wherever its lines break."""
    wanted = " ".join(sentence.split())
    return all(wanted in " ".join(part.split()) for part in (unescape(email.html), email.text))
