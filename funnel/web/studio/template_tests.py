"""Tests: one email, or all of a sequence, to a colleague; marked, and counted nowhere."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.errors import InvalidInputError
from funnel.services.edit_template import read_template
from funnel.services.send_test import send_test, send_tests_of_sequence
from funnel.web.auth import EditorForm
from funnel.web.forms import Posted
from funnel.web.site import TheSite
from funnel.web.studio.faults import fault_of
from funnel.web.studio.shell import done
from funnel.web.studio.template_address import key_of, path_of
from funnel.web.studio.template_editor import Shown, editor_page
from funnel.web.studio.template_readers import reader_of
from funnel.web.studio.templates import LIST, list_page

router = APIRouter()


@router.post("/studio/templates/{folder}/{name}/test")
def send_one(
    folder: str, name: str, request: Request, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Send a test of one email: its draft if it has one, as the chosen reader gets it."""
    key = key_of(folder, name)
    try:
        send_test(
            key,
            reader_of(posted.get("reader")),
            to=posted.get("to"),
            by=me.user.email,
            transactions=site.deps.transactions,
            previewing=site.deps.previewing,
        )
    except InvalidInputError as error:
        page = read_template(key, site.deps.transactions)
        return editor_page(site, request, me, page, Shown(fault=fault_of(error)))
    return done(path_of(key), "test")


@router.post("/studio/templates/tests")
def send_all(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Send a test of every email of a sequence, in its order."""
    try:
        send_tests_of_sequence(
            posted.get("sequence"),
            reader_of(posted.get("reader")),
            to=posted.get("to"),
            by=me.user.email,
            transactions=site.deps.transactions,
            previewing=site.deps.previewing,
        )
    except InvalidInputError as error:
        return list_page(site, request, me, fault=fault_of(error))
    return done(LIST, "tests")
