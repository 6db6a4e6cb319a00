"""What is known of a person, and what happened to them, in sentences for their page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from funnel.domain.calendar import CalendarLine, PersonCalendar
from funnel.domain.calendar_words import notice_name
from funnel.domain.consent import SuppressionReason
from funnel.domain.delivery_words import delivery_in_words
from funnel.domain.facts import FactKind
from funnel.domain.import_words import OUTCOMES, why
from funnel.domain.message import MessageKind
from funnel.domain.people_import import Reason
from funnel.domain.signup import SignupStatus
from funnel.domain.speech import mark, say
from funnel.domain.subscriber import Subscriber, ZoneSource
from funnel.services.read_person import PersonPage, Standing
from funnel.storage.person_story import OtherEmail, SaidAfter, StoryRow
from funnel.web.calendar_view import Form, Moment
from funnel.web.moments import day_of, hour_of, place_of, where_of

_ZONES: Final = {
    ZoneSource.DEFAULT: mark("guessed: they named none"),
    ZoneSource.WEBHOOK: mark("came with their signup"),
    ZoneSource.FORM: mark("chosen as they signed up"),
    ZoneSource.IMPORT: mark("came with them from another tool"),
    ZoneSource.PERSON: mark("they chose it"),
    ZoneSource.STUDIO: mark("written down here"),
}
SUPPRESSED: Final = {
    SuppressionReason.UNSUBSCRIBED: mark("they left everything"),
    SuppressionReason.BOUNCED: mark("emails to it came back"),
    SuppressionReason.COMPLAINED: mark("an email was reported as spam"),
    SuppressionReason.ERASED: mark("they asked to be forgotten"),
    SuppressionReason.BY_HAND: mark("put on the list by hand"),
}
_SIGNUPS: Final = {
    SignupStatus.PENDING: mark("not confirmed yet"),
    SignupStatus.MERGED: mark("changed the one before"),
    SignupStatus.LIMITED: mark("kept, not mailed: too many in a row"),
    SignupStatus.SUPPRESSED: mark("kept, not mailed: on the do-not-email list"),
    SignupStatus.CONFIRMED: mark("confirmed"),
    SignupStatus.EXPIRED: mark("never confirmed"),
}
_HAPPENED: Final = {
    FactKind.CONFIRMED: mark("Confirmed"),
    FactKind.REGISTERED_THERE: mark("Got a way into the room of their own"),
    FactKind.ATTENDED: mark("Attended"),
    FactKind.MISSED: mark("Missed the masterclass"),
    FactKind.JOINED: mark("Came into the room"),
    FactKind.LEFT_ROOM: mark("Left the room"),
    FactKind.WATCHED: mark("Watched the replay"),
    FactKind.CLICKED: mark("Clicked"),
    FactKind.TAGGED: mark("Tagged"),
    FactKind.UNTAGGED: mark("Tag taken off"),
    FactKind.BOOKED: mark("Booked"),
    FactKind.BOOKING_CANCELLED: mark("Booking cancelled"),
    FactKind.BOUGHT: mark("Bought"),
    FactKind.REPLIED: mark("Replied"),
    FactKind.GOAL: mark("Reached the goal"),
}
# Acts that leave no other row of their own; what does is told by that row.
_ACTS: Final = {
    "letters paused": mark("Letters paused"),
    "letters resumed": mark("Letters go on"),
    "letters stopped": mark("Letters stopped"),
    "seat stopped": mark("Emails about their seat stopped"),
    "everything stopped": mark("Everything stopped"),
    "zone changed": mark("Time zone changed"),
    "name changed": mark("Name changed"),
    "enrolled by hand": mark("Put into a sequence"),
    "seat changed": mark("Another date"),
    "seat given up": mark("Seat given up"),
    "email skipped": mark("An email was taken out"),
    "email put back": mark("An email was put back"),
    "email sent again": mark("An email was sent again"),
    "person exported": mark("Their data was given out"),
    "do-not-email added": mark("Put on the do-not-email list"),
    "do-not-email taken off": mark("Taken off the do-not-email list"),
}
# Where a word came from, as rows name it; the name of a form or a platform is said as it is.
_SOURCES: Final = {
    "signup": mark("their signup"),
    "studio": mark("somebody here"),
    "by hand": mark("somebody here"),
    "import": mark("a file"),
    "link": mark("a link in an email"),
    "join link": mark("the join link"),
    "replay page": mark("the replay's page"),
    "preferences": mark("their preferences"),
    "unsubscribe page": mark("the unsubscribe page"),
    "one-click": mark("the unsubscribe button of their mail program"),
}
_LONGEST_NOTE: Final = 120  # characters of a note in the line of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One thing that is known: "Letters", "wanted", "since Tuesday 4 March, landing form"."""

    about: str
    says: str
    detail: str = ""
    is_warm: bool = False


def known_of(found: PersonPage) -> Iterator[Known]:
    """Yield what is known of a person, what is to be heeded first."""
    person = found.person
    if found.suppressed:
        yield _suppressed(found, found.suppressed.reason, found.suppressed.source)
    yield _standing(found, say("Letters"), found.letters)
    if found.letters_paused_until:
        until = moment_in_words(found.letters_paused_until, person.zone, found.now)
        says = say("until {moment}", moment=until)
        yield Known(about=say("Letters paused"), says=says, is_warm=True)
    yield _standing(found, say("Emails about their seat"), found.seat)
    yield _zone(person)
    for name, value in found.fields.items():
        yield Known(about=name, says=value or say("(empty)"))
    for each in found.signups:
        day = _day(found, each.received_at)
        yield Known(
            about=say("Signed up"),
            says=say("{day}, by “{source}”", day=day, source=each.source),
            detail=f"{each.sequence_title}: {say(_SIGNUPS[SignupStatus(each.status)])}",
        )
    for line in found.imported:
        yield Known(
            about=say("Came by an import"),
            says=say("{file}, line {line}", file=line.file_name, line=line.line),
            detail=f"{say(OUTCOMES[line.outcome])}. {why(Reason.read(line.reason))}".strip(),
        )


def besides_of(found: PersonPage) -> tuple[Moment, ...]:
    """Return what happened besides the emails of the runs, for the line of time."""
    told = [*_happened(found.story, found), *_others(found.other_emails, found)]
    return tuple(each for each in told if each.at <= found.now)


def with_deliveries(calendar: PersonCalendar, found: PersonPage) -> PersonCalendar:
    """Return the calendar with what the provider said of each email that has left."""
    said = {(each.key, each.left_at): each for each in found.said_after}
    lines = tuple(
        each if each.at is None else _with_delivery(each, said.get((each.key, each.at)), found)
        for each in calendar.lines
    )
    return replace(calendar, lines=lines)


def _with_delivery(line: CalendarLine, said: SaidAfter | None, found: PersonPage) -> CalendarLine:
    if said is None:
        return line
    why = say(
        "{why}; {later}, {moment}",
        why=line.why,
        later=delivery_in_words(said.delivery, said.reason),
        moment=moment_in_words(said.at, found.person.zone, found.now),
    )
    return replace(line, why=why)


def moment_in_words(at: datetime, zone: str, now: datetime) -> str:
    """Return "Tuesday 4 March 09:00 in Berlin"."""
    return f"{day_of(at, zone, now)} {hour_of(at, zone)} {where_of(zone)}"


def _suppressed(found: PersonPage, reason: str, source: str) -> Known:
    day = _day(found, found.suppressed.at) if found.suppressed else ""
    return Known(
        about=say("On the do-not-email list"),
        says=say(SUPPRESSED[SuppressionReason(reason)]),
        detail=say("since {day}, by {source}; nothing is sent", day=day, source=source)
        if source
        else say("since {day}; nothing is sent", day=day),
        is_warm=True,
    )


def _zone(person: Subscriber) -> Known:
    about = say("Time zone")
    if person.confirmed_at is None:
        return Known(about=about, says=say("not known before they confirm"))
    how = say(_ZONES[ZoneSource(person.zone_source)])
    if person.zone_given:
        how = say("{how}; “{given}” was given, which is no zone", how=how, given=person.zone_given)
    return Known(
        about=about, says=place_of(person.zone), detail=how, is_warm=bool(person.zone_given)
    )


def _standing(found: PersonPage, about: str, standing: Standing) -> Known:
    word = standing.word
    if word is None:
        detail = say("no word was written down")
    else:
        detail = say(
            "said {day}, by {source}", day=_day(found, word.at), source=_source(word.source)
        )
    if standing.is_wanted:
        says = say("wanted")
    else:
        says = say("not wanted") if word else say("not agreed to")
    return Known(about=about, says=says, detail=detail)


def _source(named: str) -> str:
    """Return where a word came from: "their preferences", "zoom", "somebody here: on paper"."""
    kind, _, rest = named.partition(": ")
    if kind not in _SOURCES:
        return named
    return f"{say(_SOURCES[kind])}: {rest}" if rest else say(_SOURCES[kind])


def _happened(rows: Iterable[StoryRow], found: PersonPage) -> Iterator[Moment]:
    for row in rows:
        told = _told(row, found)
        if told is not None:
            yield _moment(row.at, *told, found)


def _told(row: StoryRow, found: PersonPage) -> tuple[str, str] | None:
    """Return what a row says and by whom; ``None`` for what another row says better."""
    tell = _TELLING.get(row.kind)
    if tell is not None:
        return tell(row, found)
    if row.what not in _ACTS:
        return None
    who = say("by themselves") if row.by == "the person" else say("by {who}", who=row.by)
    return say(_ACTS[row.what]), who


def _signup(row: StoryRow, _: PersonPage) -> tuple[str, str]:
    status = say(_SIGNUPS[SignupStatus(row.what)])
    return say("Signed up"), say("by “{source}”: {status}", source=row.by, status=status)


def _note(row: StoryRow, _: PersonPage) -> tuple[str, str]:
    text = row.name if len(row.name) <= _LONGEST_NOTE else f"{row.name[:_LONGEST_NOTE]}…"
    return say("Note"), say("{text} (by {who})", text=text, who=row.by)


def _seat(row: StoryRow, found: PersonPage) -> tuple[str, str]:
    starts_at = datetime.fromisoformat(row.by)
    zone, now = found.person.zone, found.now
    day = f"{day_of(starts_at, zone, now)} {hour_of(starts_at, zone)}"
    return say("Took a seat"), say("“{title}”, {day}", title=row.name, day=day)


def _fact(row: StoryRow, _: PersonPage) -> tuple[str, str] | None:
    kind = FactKind(row.what)
    if kind not in _HAPPENED:
        return None
    what = say(_HAPPENED[kind])
    named = f"{what}: {row.name}" if row.name else what
    return named, say("known from {source}", source=_source(row.by))


_TELLING: Final = {"signup": _signup, "fact": _fact, "note": _note, "seat": _seat}


def _others(emails: Iterable[OtherEmail], found: PersonPage) -> Iterator[Moment]:
    """What was sent outside of runs: those of a run stand in its calendar."""
    for each in emails:
        is_announcement = each.kind == MessageKind.ANNOUNCEMENT
        name = each.subject if is_announcement else notice_name(each.key)
        what = say("an announcement") if is_announcement else say("a notice")
        why = say("{what}: {status}", what=what, status=say(_STATUSES.get(each.status, "")))
        yield _moment(each.at, name, why, found, key=each.key)


_STATUSES: Final = {
    "queued": mark("on its way"),
    "sending": mark("on its way"),
    "accepted": mark("sent"),
    "skipped": mark("not sent"),
    "cancelled": mark("not sent"),
    "failed": mark("refused by their mail system"),
    "unknown": mark("handed over, and no answer came back"),
}


def _moment(at: datetime, name: str, why: str, found: PersonPage, *, key: str = "") -> Moment:
    return Moment(
        id=f"happened-{at.isoformat()}-{name}",
        at=at,
        hour=hour_of(at, found.person.zone),
        name=name,
        why=why,
        form=Form.HAPPENED,
        key=key,
    )


def _day(found: PersonPage, at: datetime) -> str:
    return day_of(at, found.person.zone, found.now)
