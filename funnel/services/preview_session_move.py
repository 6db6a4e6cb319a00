"""What moving a session would do, before anybody does it; nothing is written."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.errors import NotFoundError
from funnel.domain.plan import SkipReason
from funnel.domain.planner import plan
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.session import Registration, Session
from funnel.domain.session_dates import check_movable
from funnel.services.move_session import check_room
from funnel.storage import seat_changes, sequences, sessions
from funnel.storage.seat_changes import HolderGroup
from funnel.storage.transaction import Transaction, Transactions

# Somebody who has held a seat for that long: nothing of theirs is about the seat itself any more.
_HELD_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMovePreview:
    """What a move comes to.

    Attributes:
        people: Who holds a seat and has not left.
        repeated: Reminders that left for the date before, and come again: key to people.
        late: Reminders whose time for the new date is over already: key to people.
    """

    session: Session
    moved: Session
    people: int
    repeated: dict[str, int]
    late: dict[str, int]


def preview_session_move(
    session_id: UUID,
    starts_at: datetime,
    transactions: Transactions,
    *,
    length: timedelta | None = None,
) -> SessionMovePreview:
    """Return what moving the session would do now; cost follows zones and reminders sent.

    Args:
        session_id: Of one that has not begun.
        starts_at: Aware, plan time.
        transactions: One is opened, to read.
        length: Elapsed time from start to end; ``None`` keeps it.

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
        groups = seat_changes.holder_groups(tx, session_id)
        versions = {each.version_id for each in groups}
        repeating = {
            key
            for version_id in versions
            for key in _repeating(sequences.read_definition(tx, version_id))
        }
        sent = seat_changes.sent_for(tx, session_id, session.starts_at)
        return SessionMovePreview(
            session=session,
            moved=moved,
            people=sum(each.people for each in groups),
            repeated={key: people for key, people in sent.items() if key in repeating},
            late=_late(tx, groups, moved),
        )


def _repeating(version: SequenceDefinition) -> frozenset[str]:
    return frozenset(each.key for each in version.steps if each.repeats_when_moved)


def _late(tx: Transaction, groups: list[HolderGroup], moved: Session) -> dict[str, int]:
    """Ask the planner once for each zone and version: reminders count from the session alone."""
    late: Counter[str] = Counter()
    for group in groups:
        version = sequences.read_definition(tx, group.version_id)
        began_at = tx.now - _HELD_FOR
        answer = plan(
            Enrollment(enrolled_at=began_at, zone=ZoneInfo(group.zone)),
            version,
            Facts(registration=Registration(session=moved, registered_at=began_at)),
            frozenset(),
            tx.now,
        )
        repeating = _repeating(version)
        for line in answer.steps:
            if line.key in repeating and line.skip is SkipReason.LATE:
                late[line.key] += group.people
    return dict(late)
