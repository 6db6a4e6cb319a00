"""What moving a session would do, before anybody does it; nothing is written."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.errors import NotFoundError
from funnel.domain.pace import find_jams, jam_text, reminder_loads
from funnel.domain.plan import Decision, PlannedStep, SkipReason
from funnel.domain.planner import plan
from funnel.domain.sequence import SequenceDefinition, StepKind
from funnel.domain.session import Registration, Session
from funnel.domain.session_dates import check_movable
from funnel.services.move_session import check_room
from funnel.storage import coming_seats, date_lines, seat_changes, sequences, sessions
from funnel.storage.seat_changes import HolderGroup
from funnel.storage.transaction import Transaction, Transactions

# Somebody who has held a seat for that long: nothing of theirs is about the seat itself any more.
_HELD_FOR = timedelta(days=30)
_FORTNIGHT = timedelta(days=14)
_WAKES_AT, _RESTS_AT = 7, 22  # hours of the day, in somebody's own zone


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMovePreview:
    """What a move comes to.

    Attributes:
        people: Who holds a seat and has not left.
        repeated: Reminders that left for the date before, and come again: key to people.
        late: Reminders whose time for the new date is over already: key to people.
        moving: Service emails that count from it and get another moment: key to people.
        perhaps: Emails of those that wait for something, as who came; it may turn out otherwise.
        names: How the emails of these keys are called.
        nights: Of the people, how many for whom it would begin between 22:00 and 07:00.
        beside: What else is held on that day, of any sequence: up to three.
        jams: Which reminders the provider's hour cannot carry in time, as sentences.
    """

    session: Session
    moved: Session
    people: int
    repeated: dict[str, int]
    late: dict[str, int]
    moving: dict[str, int]
    perhaps: tuple[str, ...]
    names: dict[str, str]
    nights: int
    beside: tuple[Session, ...]
    jams: tuple[str, ...] = ()


def preview_session_move(
    session_id: UUID,
    starts_at: datetime,
    transactions: Transactions,
    *,
    length: timedelta | None = None,
    per_hour: int | None = None,
) -> SessionMovePreview:
    """Return what moving the session would do now; cost follows zones and reminders sent.

    Args:
        session_id: Of one that has not begun.
        starts_at: Aware, plan time.
        transactions: One is opened, to read.
        length: Elapsed time from start to end; ``None`` keeps it.
        per_hour: Emails that the provider takes in an hour; ``None``: not known.

    Raises:
        NotFoundError: No such session.
        InvalidInputError: What ``move_session`` would refuse.
    """
    with transactions.begin() as tx:
        session = sessions.find(tx, session_id)
        if session is None:
            raise NotFoundError("no such session")
        length = session.ends_at - session.starts_at if length is None else length
        check_movable(session, starts_at, length, tx.now)
        moved = replace(session, starts_at=starts_at, ends_at=starts_at + length)
        check_room(tx, sessions.sequence_of(tx, session_id), moved)
        groups = _known(tx, seat_changes.holder_groups(tx, session_id))
        sent = seat_changes.sent_for(tx, session_id, session.starts_at)
        return _preview(tx, session, moved, groups, sent, per_hour)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """People of one zone and one version, who hold a seat."""

    version: SequenceDefinition
    zone: ZoneInfo
    people: int


def _known(tx: Transaction, groups: list[HolderGroup]) -> list[_Group]:
    versions = {
        each: sequences.read_definition(tx, each) for each in {one.version_id for one in groups}
    }
    return [
        _Group(version=versions[each.version_id], zone=ZoneInfo(each.zone), people=each.people)
        for each in groups
    ]


def _preview(
    tx: Transaction,
    session: Session,
    moved: Session,
    groups: list[_Group],
    sent: dict[str, int],
    per_hour: int | None,
) -> SessionMovePreview:
    late, moving, perhaps = _account(groups, session, moved, tx.now)
    repeating = {key for each in groups for key in _repeating(each.version)}
    names = {step.key: step.known_as for each in groups for step in each.version.steps}
    return SessionMovePreview(
        session=session,
        moved=moved,
        people=sum(each.people for each in groups),
        repeated={key: people for key, people in sent.items() if key in repeating},
        late=late,
        moving={
            key: people - sent.get(key, 0)
            for key, people in moving.items()
            if people > sent.get(key, 0)
        },
        perhaps=perhaps,
        names=names,
        nights=sum(each.people for each in groups if _is_night(moved.starts_at, each.zone)),
        beside=tuple(date_lines.same_day(tx, session, moved.starts_at)),
        jams=_jams(tx, groups, moved, names, per_hour),
    )


def _repeating(version: SequenceDefinition) -> frozenset[str]:
    return frozenset(each.key for each in version.steps if each.repeats_when_moved)


def _account(
    groups: list[_Group], session: Session, moved: Session, now: datetime
) -> tuple[dict[str, int], dict[str, int], tuple[str, ...]]:
    """Ask the planner twice for each zone and version: what is late then, and what moves.

    Service emails count from the session alone; letters depend on each person's own days.
    """
    late: Counter[str] = Counter()
    moving: Counter[str] = Counter()
    perhaps: dict[str, None] = {}
    for group in groups:
        before, after = (_planned(group, each, now) for each in (session, moved))
        repeating = _repeating(group.version)
        for key, line in after.items():
            was = before.get(key)
            if key in repeating and line.skip is SkipReason.LATE:
                late[key] += group.people
            elif was is not None and _leaves(was) and _leaves(line) and was.moment != line.moment:
                if line.is_open:
                    perhaps[key] = None
                else:
                    moving[key] += group.people
    return dict(late), dict(moving), tuple(perhaps)


def _planned(group: _Group, session: Session, now: datetime) -> dict[str, PlannedStep]:
    began_at = now - _HELD_FOR
    answer = plan(
        Enrollment(enrolled_at=began_at, zone=group.zone),
        group.version,
        Facts(registration=Registration(session=session, registered_at=began_at)),
        frozenset(),
        now,
    )
    services = {each.key for each in group.version.steps if each.kind is StepKind.SERVICE}
    return {line.key: line for line in answer.steps if line.key in services}


def _leaves(line: PlannedStep) -> bool:
    return line.decision in {Decision.SEND, Decision.WAIT}


def _is_night(moment: datetime, zone: ZoneInfo) -> bool:
    return not _WAKES_AT <= moment.astimezone(zone).hour < _RESTS_AT


def _jams(
    tx: Transaction,
    groups: list[_Group],
    moved: Session,
    names: dict[str, str],
    per_hour: int | None,
) -> tuple[str, ...]:
    """Say what the hour cannot carry, beside the reminders of the other coming sessions."""
    if per_hour is None:
        return ()
    loads = [
        load
        for each in groups
        for load in reminder_loads(each.version, moved, each.zone, each.people, now=tx.now)
    ]
    for other in coming_seats.read_coming_seats(tx, within=_FORTNIGHT):
        if other.session.id != moved.id:
            version = sequences.read_definition(tx, other.version_id)
            loads += reminder_loads(
                version, other.session, ZoneInfo(other.zone), other.people, now=tx.now
            )
    zone = ZoneInfo(moved.zone)
    found = find_jams(loads, per_hour)
    return tuple(jam_text(each, zone, name=names[each.key]) for each in found if each.key in names)
