"""What holds for a whole sequence, as a card on its page: kept in the draft like any other."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import DraftConflictError, InvalidInputError
from funnel.domain.sequence_settings import SequenceForm
from funnel.services.edit_steps import edit_settings
from funnel.web.auth import Me, NeedsForm
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import TheSite
from funnel.web.studio.faults import fault_of
from funnel.web.studio.sequence import Asked, Shown, sequence_page
from funnel.web.studio.sequence_words import sequence_path
from funnel.web.studio.shell import done

_LONGEST: Final = 300  # characters of a line
_MOST_LINES: Final = 100

Edits = Annotated[Me, Depends(NeedsForm(Permission.EDIT))]

router = APIRouter(prefix="/studio/sequences/{slug}/settings")


@router.post("")
def save(request: Request, slug: str, me: Edits, posted: Posted, site: TheSite) -> Response:
    """Keep the settings of a sequence in its draft."""
    form = posted_settings(posted)
    seen, by, transactions = posted.get("seen"), me.user.email, site.deps.transactions
    try:
        edited = edit_settings(slug, form, seen=seen, by=by, transactions=transactions)
    except InvalidInputError as error:
        asked = Asked(site=site, request=request, me=me, slug=slug)
        status = 409 if isinstance(error, DraftConflictError) else 422
        fault = fault_of(error, status=status)
        # What was typed stays in the fields, also where a colleague was faster.
        return sequence_page(asked, Shown(fault=fault, settings=form))
    return done(sequence_path(slug), "saved" if edited.is_changed else "same")


def posted_settings(posted: PostedForm) -> SequenceForm:
    """Return the settings as somebody filled them in; the domain says what is wrong."""

    def get(name: str) -> str:
        return posted.get(name)[:_LONGEST].strip()

    def lines(name: str) -> tuple[str, ...]:
        written = (each.strip()[:_LONGEST] for each in posted.get(name).splitlines())
        return tuple(each for each in written if each)[:_MOST_LINES]

    return SequenceForm(
        title=get("title"),
        brand=get("brand"),
        runs=get("runs"),
        on_unknown=get("on_unknown"),
        days_between_letters=get("days_between_letters"),
        no_letters_on=lines("no_letters_on"),
        goal=lines("goal"),
        exit_if=lines("exit_if"),
        opens="yes" if get("opens") else "",
    )
