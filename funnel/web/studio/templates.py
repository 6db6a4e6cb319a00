"""``/studio/templates``: every email in the order of its sequence, notices, the latest tests."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.speech import mark, say
from funnel.services.read_templates import TemplateGroup, TemplateLine, list_templates
from funnel.services.send_test import list_tests
from funnel.storage.test_emails import EmailTest
from funnel.web.auth import Me, Reader
from funnel.web.moments import iso, moment_here
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault
from funnel.web.studio.shell import studio_page
from funnel.web.studio.template_address import PLACE, path_of
from funnel.web.studio.template_readers import chosen_reader

LIST = "/studio/templates"
_TESTS_SHOWN = 20
TEST_STATES = {
    "queued": mark("waiting"),
    "sending": mark("being sent"),
    "accepted": mark("sent"),
    "failed": mark("failed"),
    "unknown": mark("handed over, no answer"),
}
_DONE = {"tests": mark("The tests are on their way, in the order of the sequence.")}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One email of the list, in words."""

    name: str
    path: str
    live: str
    published: str
    draft: str
    is_planned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    slug: str
    title: str
    lines: list[_Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    subject: str
    to: str
    at: str
    at_iso: str
    by: str
    state: str
    reason: str
    is_bad: bool


@router.get("/studio/templates")
def show_templates(request: Request, me: Reader, site: TheSite) -> Response:
    """Show every email."""
    said = _DONE.get(request.query_params.get("done", ""), "")
    return list_page(site, request, me, said=say(said) if said else "")


def list_page(
    site: Site, request: Request, me: Me, *, said: str = "", fault: Fault = NONE
) -> Response:
    """Return the list; ``fault``: why tests were not sent."""
    groups = [_group(each) for each in list_templates(site.deps.transactions)]
    return studio_page(
        site,
        request,
        "templates.html",
        me=me,
        place=PLACE,
        status=fault.status,
        said=said,
        fault=fault,
        groups=groups,
        reader=chosen_reader(request, site),
        tests=[_test(each) for each in list_tests(site.deps.transactions, limit=_TESTS_SHOWN)],
        may_edit=me.user.may(Permission.EDIT),
    )


def _group(group: TemplateGroup) -> _Group:
    return _Group(
        slug=group.slug or "", title=group.title, lines=[_line(each) for each in group.lines]
    )


def _line(line: TemplateLine) -> _Line:
    return _Line(
        name=line.name,
        path=path_of(line.key),
        live=say("live v{number}", number=line.live_number) if line.live_number else "",
        published=_by(moment_here(line.published_at), line.published_by)
        if line.published_at
        else "",
        draft=say("draft by {name}, {at}", name=line.draft_by, at=moment_here(line.draft_at))
        if line.draft_at
        else "",
        is_planned=line.is_planned,
    )


def _by(at: str, by: str) -> str:
    return say("{at}, by {name}", at=at, name=by) if by else say("{at}, from its file", at=at)


def _test(test: EmailTest) -> _Test:
    state = TEST_STATES.get(test.status, test.status)
    return _Test(
        subject=test.subject,
        to=test.to_address,
        at=moment_here(test.created_at),
        at_iso=iso(test.created_at),
        by=test.by,
        state=say(state),
        reason=test.reason,
        is_bad=test.status in {"failed", "unknown"},
    )
