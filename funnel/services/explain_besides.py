"""Why somebody got a notice or an announcement, or did not: emails that are no step's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from funnel.domain.calendar import notice_line
from funnel.domain.calendar_words import notice_name
from funnel.domain.consent import SuppressionReason, Topic
from funnel.domain.explanation import ExplainedDecision, Explanation, Reading, verdict_of
from funnel.domain.message import Notice
from funnel.domain.signup import SignupStatus
from funnel.domain.speech import mark, say
from funnel.domain.subscriber import Subscriber
from funnel.services.explain_decisions import answer_of, consent_of, suppression_of, throttle_of
from funnel.storage import explanations, other_emails
from funnel.storage.other_emails import OtherMessage, WrittenAnnouncement
from funnel.storage.transaction import Transaction

# They speak of the seat, and leave only to those who want to hear of it.
_ABOUT_SEAT: Final = frozenset({Notice.SESSION_MOVED, Notice.SESSION_CANCELLED})
_OCCASIONS: Final = {
    Notice.CONFIRM: mark(
        "Somebody signed up with this address on {moment}: it asks if it is them."
    ),
    Notice.CONFIRM_AGAIN: mark("Nobody had pressed the button: it asks a last time if it is them."),
    Notice.WELCOME: mark("They had confirmed their signup of {moment}."),
    Notice.SESSION_MOVED: mark("Their date was moved while they held a seat in it."),
    Notice.SESSION_CANCELLED: mark("Their date was called off while they held a seat in it."),
}
_WHEN_NEEDED: Final = mark("It was asked for on {moment}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBesides:
    """Whose email, which one, and in whose time moments are told.

    Attributes:
        key: A notice's, or an announcement's id.
        most_published: Messages of one lane that may be on the queue at once.
    """

    person: Subscriber
    key: str
    reading: Reading
    most_published: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedAnnouncement:
    """An announcement to a date of somebody's that they did not get; ``why`` has no full stop."""

    id: UUID
    title: str
    why: str


def explain_besides(tx: Transaction, asked: AskedBesides) -> Iterator[Explanation]:
    """Yield why for each message of a notice or an announcement, or why there is none.

    Nothing where the key is neither a notice's nor an announcement's id.
    """
    found = other_emails.messages_of(tx, asked.person.id, asked.key)
    for each in found:
        yield _sent_or_not(tx, asked, each)
    if found:
        return
    if asked.key in set(Notice):
        yield _no_reason_for(tx, asked)
        return
    written = _announcement(tx, asked)
    if written is not None:
        yield _missed(tx, asked, written)


def missed_by(tx: Transaction, subscriber_id: UUID) -> tuple[MissedAnnouncement, ...]:
    """Return the announcements to their dates that somebody did not get, with the reason."""
    return tuple(
        MissedAnnouncement(id=each.id, title=each.title, why=_why_missed(each))
        for each in other_emails.missed(tx, subscriber_id)
    )


def _sent_or_not(tx: Transaction, asked: AskedBesides, other: OtherMessage) -> Explanation:
    line = notice_line(other.row)
    return Explanation(
        title=say("{email}, to {address}", email=line.name, address=asked.person.email),
        lines=(
            _occasion(asked, other),
            *_consent(tx, asked, other),
            _suppression(tx, asked, other),
            throttle_of(tx, other.message, asked.reading, asked.most_published),
            answer_of(other.message, asked.reading),
        ),
        verdict=verdict_of(line, asked.reading),
    )


def _occasion(asked: AskedBesides, other: OtherMessage) -> ExplainedDecision:
    moment = asked.reading.moment(other.asked_at)
    if other.announcement_id is not None:
        return _written_by(other.by, moment, other.announcement_id)
    known = _OCCASIONS[Notice(asked.key)] if asked.key in set(Notice) else _WHEN_NEEDED
    evidence = say("message {id}", id=other.message.id)
    if other.signup_id is not None:
        evidence = say("signup {id}", id=other.signup_id)
    elif other.session_id is not None:
        evidence = say("session {id}", id=other.session_id)
    return ExplainedDecision(
        about=say("occasion"), says=say(known, moment=moment), evidence=evidence
    )


def _written_by(by: str, moment: str, announcement_id: UUID) -> ExplainedDecision:
    return ExplainedDecision(
        about=say("occasion"),
        says=say(
            "{who} wrote to everybody who held a seat in that date on {moment}.",
            who=by,
            moment=moment,
        ),
        evidence=say("announcement {id}", id=announcement_id),
    )


def _consent(
    tx: Transaction, asked: AskedBesides, other: OtherMessage
) -> tuple[ExplainedDecision, ...]:
    if other.topic is not None or asked.key in _ABOUT_SEAT:
        topic = Topic(other.topic or Topic.SEAT)
        return (consent_of(tx, asked.person, topic, asked.reading),)
    return (
        ExplainedDecision(
            about=say("consent"),
            says=say("It answers what they did themselves, so nobody is asked for it."),
        ),
    )


def _suppression(tx: Transaction, asked: AskedBesides, other: OtherMessage) -> ExplainedDecision:
    found = suppression_of(tx, asked.person, asked.reading)
    row = explanations.suppressed_since(tx, asked.person.email_key)
    is_let_through = other.signup_id is not None and other.announcement_id is None
    if row is None or row.reason != SuppressionReason.UNSUBSCRIBED or not is_let_through:
        return found
    return ExplainedDecision(
        about=found.about,
        says=say("They had left everything and asked again: a confirmation is let through."),
        evidence=found.evidence,
    )


def _no_reason_for(tx: Transaction, asked: AskedBesides) -> Explanation:
    verdict, lines = say("It was not sent: nothing has happened that it is sent for."), []
    for each in explanations.open_signups(tx, asked.person.id):
        why = _UNMAILED.get(SignupStatus(each.status))
        if each.mailed_at is None and why is not None and asked.key == Notice.CONFIRM:
            verdict = say(why)
            lines.append(
                ExplainedDecision(
                    about=say("occasion"),
                    says=say(
                        "Somebody signed up with this address on {moment}.",
                        moment=asked.reading.moment(each.received_at),
                    ),
                    evidence=say("signup {id}", id=each.id),
                )
            )
            break
    lines.append(suppression_of(tx, asked.person, asked.reading))
    name, address = notice_name(asked.key), asked.person.email
    title = say("{email}, to {address}", email=name, address=address)
    return Explanation(title=title, lines=tuple(lines), verdict=verdict)


_UNMAILED: Final = {
    SignupStatus.LIMITED: mark(
        "It was not sent: too many signups with this address came one after the other."
    ),
    SignupStatus.SUPPRESSED: mark("It was not sent: the address is on the do-not-email list."),
}


def _announcement(tx: Transaction, asked: AskedBesides) -> WrittenAnnouncement | None:
    try:
        found = UUID(asked.key)
    except ValueError:
        return None
    return other_emails.announcement(tx, asked.person.id, found)


def _missed(tx: Transaction, asked: AskedBesides, written: WrittenAnnouncement) -> Explanation:
    moment = asked.reading.moment(written.created_at)
    why = _why_missed(written)
    pattern = mark("It was not sent to them: {why}.")
    if written.finished_at is None:
        pattern = mark("It has not left yet: {why}.")
    return Explanation(
        title=say("{email}, to {address}", email=written.title, address=asked.person.email),
        lines=(
            _written_by(written.by, moment, written.id),
            _seat(asked, written),
            consent_of(tx, asked.person, Topic.SEAT, asked.reading),
            suppression_of(tx, asked.person, asked.reading),
        ),
        verdict=say(pattern, why=why),
    )


def _seat(asked: AskedBesides, written: WrittenAnnouncement) -> ExplainedDecision:
    about = say("date")
    if written.seat_from is None:
        evidence = say("session {id}", id=written.session_id)
        return ExplainedDecision(
            about=about, says=say("They never held a seat in it."), evidence=evidence
        )
    since = asked.reading.moment(written.seat_from)
    evidence = say("session {id}, registration {seat}", id=written.session_id, seat=written.seat_id)
    if written.seat_until is None:
        says = say("They hold a seat in it since {moment}.", moment=since)
    else:
        says = say(
            "They held a seat in it from {moment} until {end}.",
            moment=since,
            end=asked.reading.moment(written.seat_until),
        )
    return ExplainedDecision(about=about, says=says, evidence=evidence)


def _why_missed(written: WrittenAnnouncement) -> str:
    """Return why somebody has no message of an announcement, without a full stop."""
    if written.seat_from is None:
        return say("they held no seat in its date")
    if written.seat_from > written.created_at:
        return say("they took their seat after it was sent")
    if written.seat_until is not None:
        return say("they gave up their seat, or took another date, before it could leave")
    if written.stopped_at is not None:
        return say("it was stopped before their turn")
    return say("it is being sent, and their turn is still to come")
