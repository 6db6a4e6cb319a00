"""What those who may change people do to one: letters, name, time zone, tags, notes, seat."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import SessionUnavailableError, Visitor
from funnel.domain.speech import say
from funnel.services.change_zone import change_zone
from funnel.services.choose_session import choose_session
from funnel.services.enroll_by_hand import HandConsent, HandEnrollment, enroll_by_hand
from funnel.services.give_up_seat import give_up_seat
from funnel.services.name_person import name_person
from funnel.services.note_person import add_note, remove_note
from funnel.services.pause_letters import PauseLength, pause_letters, resume_letters
from funnel.services.read_person import read_person
from funnel.services.tag_person import tag_person
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.web.auth import EditorForm, Me
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import Fault, fault_of
from funnel.web.studio.person import Shown, id_of, person_page
from funnel.web.studio.person_done import done_to

# Whose browser it was says nothing about the person, so the consent names none.
_WORD = Word(source="studio", visitor=Visitor())
_ENDS = {"letters": Topic.LETTERS, "seat": Topic.SEAT, "everything": None}

router = APIRouter()


@router.post("/studio/people/{person_id}/pause")
def pause(person_id: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Let no letter leave to somebody for a while."""
    person, length = id_of(person_id), posted.get("length")
    if length not in set(PauseLength):
        raise HTTPException(status_code=422)
    pause_letters(person, PauseLength(length), site.deps.transactions, by=me.user.email)
    return done_to(person, "paused")


@router.post("/studio/people/{person_id}/resume")
def resume(person_id: str, me: EditorForm, site: TheSite) -> Response:
    """End a pause."""
    person = id_of(person_id)
    resume_letters(person, site.deps.transactions, by=me.user.email)
    return done_to(person, "resumed")


@router.post("/studio/people/{person_id}/stop")
def stop(person_id: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """End the letters to somebody, the emails about their seat, or everything."""
    person, what = id_of(person_id), posted.get("what")
    if what not in _ENDS:
        raise HTTPException(status_code=422)
    unsubscribe(person, _ENDS[what], _WORD, site.deps.transactions, by=me.user.email)
    return done_to(person, f"{what}-stopped")


@router.post("/studio/people/{person_id}/name")
def name(person_id: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Write somebody's name as it should stand."""
    person = id_of(person_id)
    names = (posted.get("first_name"), posted.get("last_name"))
    has_changed = name_person(person, *names, site.deps.transactions, by=me.user.email)
    return done_to(person, "named" if has_changed else "same")


@router.post("/studio/people/{person_id}/zone")
def zone(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Move somebody to another time zone."""
    person = id_of(person_id)
    was = read_person(person, site.deps.transactions).person.zone
    form = Form(request, site, me, person, posted)

    def change() -> Response:
        given = posted.get("zone")
        has_changed = change_zone(person, given, site.deps.transactions, by=me.user.email)
        return done_to(person, "zone", was=was) if has_changed else done_to(person, "same")

    return form.answer("zone", change)


@router.post("/studio/people/{person_id}/tag")
def tag(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Give somebody a tag."""
    return _tag(Form(request, site, me, id_of(person_id), posted), is_on=True)


@router.post("/studio/people/{person_id}/untag")
def untag(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Take a tag off somebody."""
    return _tag(Form(request, site, me, id_of(person_id), posted), is_on=False)


@router.post("/studio/people/{person_id}/note")
def note(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Write a note about somebody."""
    form = Form(request, site, me, id_of(person_id), posted)

    def write() -> Response:
        add_note(form.person, posted.get("note"), site.deps.transactions, by=me.user.email)
        return done_to(form.person, "noted")

    return form.answer("note", write)


@router.post("/studio/people/{person_id}/note/remove")
def unnote(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Take a note of one's own away."""
    form = Form(request, site, me, id_of(person_id), posted)

    def remove() -> Response:
        remove_note(id_of(posted.get("note")), site.deps.transactions, by=me.user.email)
        return done_to(form.person, "unnoted")

    return form.answer("note", remove)


@router.post("/studio/people/{person_id}/enroll")
def put_into(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Put somebody into a sequence, with or without a date."""
    form = Form(request, site, me, id_of(person_id), posted)
    sequence, _, date = posted.get("into").partition(":")
    into = HandEnrollment(sequence_id=id_of(sequence), session_id=id_of(date) if date else None)
    given = HandConsent(
        wants_letters=posted.get("letters") == "yes",
        wording=posted.get("wording"),
        source=posted.get("source"),
    )

    def enroll() -> Response:
        enroll_by_hand(form.person, into, given, site.deps.transactions, by=me.user.email)
        return done_to(form.person, "enrolled")

    return form.answer("enroll", enroll)


@router.post("/studio/people/{person_id}/seat")
def seat(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Give somebody a seat on another date."""
    form = Form(request, site, me, id_of(person_id), posted)
    run, date = id_of(posted.get("run")), id_of(posted.get("date"))
    held = read_person(form.person, site.deps.transactions, run_id=run).held

    def change() -> Response:
        choose_session(run, date, Visitor(), site.deps.transactions, by=me.user.email)
        was = {"was": str(held.id), "in": str(run)} if held else {}
        return done_to(form.person, "seat", **was)

    return form.answer("seat", change)


@router.post("/studio/people/{person_id}/seat/give-up")
def no_seat(person_id: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Free somebody's seat."""
    person, run = id_of(person_id), id_of(posted.get("run"))
    read_person(person, site.deps.transactions, run_id=run)  # a run of theirs, or 404
    freed = give_up_seat(run, site.deps.transactions, by=me.user.email)
    return done_to(person, "given-up" if freed else "same")


class Form:
    """One form of a person's page that was posted; what is wrong with it stands beside it."""

    def __init__(
        self, request: Request, site: Site, me: Me, person: UUID, posted: PostedForm
    ) -> None:
        """Keep what the page needs when it is shown again."""
        self.request = request
        self.site = site
        self.me = me
        self.person = person
        self.posted = posted

    def answer(self, form: str, act: Callable[[], Response]) -> Response:
        """Return what ``act`` answers, or the page with what was wrong at ``form``."""
        try:
            return act()
        except InvalidInputError as error:
            fault = fault_of(error)
        except SessionUnavailableError:
            text = say("That date has no seat any more. Choose another one.")
            fault = Fault(text=text, field="date")
        shown = Shown(fault=fault, form=form, given=self.posted)
        return person_page(self.request, self.site, self.me, self.person, shown)


def _tag(form: Form, *, is_on: bool) -> Response:
    given = form.posted.get("tag")

    def change() -> Response:
        transactions, by = form.site.deps.transactions, form.me.user.email
        if not tag_person(form.person, given, transactions, by=by, is_on=is_on):
            return done_to(form.person, "same")
        return done_to(form.person, "tagged" if is_on else "untagged", of=given)

    return form.answer("tag", change)
