"""Add a sitting of the masterclass."""

from uuid import uuid4

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.mistakes import Mistakes
from funnel.domain.session import Session
from funnel.domain.session_plan import NewSession, check_session, clean_platform_id
from funnel.domain.speech import say
from funnel.domain.subscriber import known_zone
from funnel.storage import launches, sessions
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions


def add_session(
    new: NewSession, transactions: Transactions, *, by: str = "", mistakes: Mistakes | None = None
) -> Session:
    """Write a session and return it.

    Args:
        new: As it is asked for.
        transactions: One is opened.
        by: Who asks, for the audit.
        mistakes: What could not be read of it: said with all else that is wrong.

    Raises:
        NotFoundError: No such sequence.
        InvalidInputError: It cannot be held: in the past, too long, on top of another one.
    """
    with transactions.begin() as tx:
        check_session(new, tx.now, mistakes)
        sequence_id = launches.find_id(tx, new.sequence_slug)
        if sequence_id is None:
            raise NotFoundError(f"there is no sequence “{new.sequence_slug}”")
        # Two that are added at once must see each other, or both find the hour free.
        sessions.lock_sequence(tx, sequence_id)
        other = sessions.overlapping(tx, sequence_id, new.starts_at, new.ends_at)
        if other is not None:
            raise InvalidInputError(
                say("“{title}” is held at that time", title=other.title),
                field="start",
                remedy=say("Give a start after its end, or cancel that one first."),
            )
        session = Session(
            id=uuid4(),
            title=new.title,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            zone=known_zone(new.zone) or new.zone,
            seats=new.seats,
            join_url=new.join_url,
            replay_url=new.replay_url,
        )
        sessions.add(
            tx,
            sequence_id,
            session,
            clicks_count=new.clicks_count,
            platform_id=clean_platform_id(new.platform_id),
        )
        write_audit(tx, by=by, action="session.add", target=str(session.id))
        return session
