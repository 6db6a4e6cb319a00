"""How somebody gets an email: its first lines, its page in a frame, its text, and what to mend."""

from dataclasses import asdict, dataclass

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, JSONResponse, Response

from funnel.domain.errors import NotFoundError
from funnel.rendering.finding import Severity
from funnel.services.edit_brand import list_brands
from funnel.services.edit_template import read_template
from funnel.services.preview_template import Preview, preview_template
from funnel.services.read_template_versions import list_versions, marked_pages
from funnel.web.auth import Reader, ReaderForm
from funnel.web.forms import Posted
from funnel.web.mail_frame import frame_answer, look_of, looking
from funnel.web.site import Site, TheSite
from funnel.web.studio.template_address import key_of, number_of
from funnel.web.studio.template_readers import reader_of

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFinding:
    """One thing to mend, at its line where it has one."""

    message: str
    remedy: str
    line: int | None
    people: str
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPreview:
    """A preview as pages and scripts take it; ``problem``: why there is none."""

    subject: str
    preheader: str
    html: str
    text: str
    findings: tuple[ShownFinding, ...]
    problem: str
    problem_line: int | None


def preview_of(key: str, source: str, reader: str, site: Site) -> ShownPreview:
    """Return how the reader that a form names gets an email."""
    return _shown(preview_template(key, source, reader_of(reader), site.deps.previewing))


@router.get("/studio/templates/{folder}/{name}/frame")
def show_frame(folder: str, name: str, request: Request, _me: Reader, site: TheSite) -> Response:
    """Answer the kept text, or a version of it, as somebody gets it, for the frame.

    With ``beside`` what differs from that version is marked in it; ``side`` says which is older.
    """
    query, key = request.query_params, key_of(folder, name)
    if query.get("beside"):
        return _framed(_marked(key, query, site), query.get("look", ""), site)
    source = _kept_source(key, query.get("version", ""), site)
    shown = preview_of(key, source, query.get("reader", ""), site)
    return _framed(shown.html, query.get("look", ""), site)


def _marked(key: str, query: QueryParams, site: Site) -> str:
    numbers = [_number(query.get(each, "")) for each in ("version", "beside")]
    is_new = query.get("side") == "new"
    old, new = reversed(numbers) if is_new else numbers
    reader = reader_of(query.get("reader", ""))
    return marked_pages(key, old, new, reader, site.deps.previewing)[is_new]


def _number(text: str) -> int | None:
    """Return a version's number; ``None``: the draft."""
    number = number_of(text)
    if number is None and text != "draft":
        raise NotFoundError("no such version")
    return number


def _kept_source(key: str, version: str, site: Site) -> str:
    page = read_template(key, site.deps.transactions)
    if version in {"", "draft"}:
        return page.source
    versions = list_versions(key, site.deps.transactions).versions
    found = next((each.source for each in versions if str(each.number) == version), None)
    if found is None:
        raise NotFoundError("no such version")
    return found


@router.post("/studio/templates/{folder}/{name}/frame")
def show_typed_frame(
    folder: str, name: str, _me: ReaderForm, posted: Posted, site: TheSite
) -> Response:
    """Answer what was typed as somebody gets it, for the frame; nothing is kept."""
    source = posted.get("source").replace("\r\n", "\n")
    shown = preview_of(key_of(folder, name), source, posted.get("reader"), site)
    return _framed(shown.html, posted.get("look"), site)


@router.post("/studio/templates/{folder}/{name}/preview")
def answer_preview(
    folder: str, name: str, _me: ReaderForm, posted: Posted, site: TheSite
) -> Response:
    """Answer all of a preview to a script; nothing is kept."""
    source = posted.get("source").replace("\r\n", "\n")
    shown = preview_of(key_of(folder, name), source, posted.get("reader"), site)
    strip = site.part("studio/template_findings.html", preview=shown).body
    return JSONResponse({**asdict(shown), "strip": bytes(strip).decode()})


@router.post("/studio/templates/look")
def show_given(_me: ReaderForm, posted: Posted, site: TheSite) -> Response:
    """Answer a page that was given, framed: a script has it from a preview, rendered once.

    Whatever it is, the answer's policy lets it do nothing.
    """
    return _framed(posted.get("html"), posted.get("look"), site)


def _framed(html: str, look: str, site: Site) -> HTMLResponse:
    # Pictures of our own, and the brands' logos: nobody else learns that somebody looks.
    logos = [each.logo_url for each in list_brands(site.deps.transactions)]
    return frame_answer(looking(html, look_of(look)), images=logos)


def _shown(preview: Preview) -> ShownPreview:
    error = preview.error
    return ShownPreview(
        subject=preview.subject,
        preheader=preview.preheader,
        html=preview.html,
        text=preview.text,
        findings=tuple(
            ShownFinding(
                message=each.message,
                remedy=each.remedy,
                line=each.line,
                people=each.people,
                is_error=each.severity is Severity.ERROR,
            )
            for each in preview.findings
        ),
        problem=f"{_sentence(error.reason)} {error.remedy}".strip() if error else "",
        problem_line=error.line if error else None,
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
