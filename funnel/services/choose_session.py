"""Take a date, or change it, after the confirmation: from an email or the preferences page."""

from uuid import UUID

from funnel.domain.consent import Topic
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.errors import NotFoundError
from funnel.domain.session import Session
from funnel.domain.signup import Visitor
from funnel.services.enroll import EnrollRequest, enroll
from funnel.storage import consents, runs, subscribers
from funnel.storage.audit import write_audit
from funnel.storage.consents import ConsentWord
from funnel.storage.transaction import Transactions

_SOURCE = "preferences"


def choose_session(
    enrollment_id: UUID,
    session_id: UUID,
    visitor: Visitor,
    transactions: Transactions,
    *,
    by: str = "",
) -> Session:
    """Give the person of a run a seat in a session, by the rule of PRODUCT, "Another date".

    Choosing a date is a yes to the emails of its seat, if the person does it: somebody who works
    here (``by``, for the audit log) says yes for nobody. Choosing the one that is held changes
    nothing.

    Raises:
        NotFoundError: No such run, or its person has left.
        InvalidInputError: The session is not one of the run's sequence.
        SessionUnavailableError: Full, over or cancelled; it carries the next dates.
    """
    with transactions.begin() as tx:
        run = runs.find(tx, enrollment_id)
        if run is None:
            raise NotFoundError("no such run")
        subscribers.lock(tx, [run.subscriber_id])
        person = subscribers.find(tx, run.subscriber_id)
        current = runs.find_latest(tx, run.subscriber_id, run.sequence_id)
        if person is None or current is None or current.state is EnrollmentState.LEFT:
            raise NotFoundError("the person has left; a new signup brings them back")
        if not by and not person.wants_seat_emails:
            word = ConsentWord(topic=Topic.SEAT, is_given=True, source=_SOURCE)
            consents.add(tx, person.id, word, visitor)
            subscribers.set_wanted(tx, person.id, Topic.SEAT, is_wanted=True)
        request = EnrollRequest(
            subscriber_id=person.id,
            email=person.email,
            sequence_id=run.sequence_id,
            session_id=session_id,
        )
        session = enroll(tx, request).session
        if session is None:
            raise NotFoundError("no such session")
        if by and session.id != current.session_id:
            detail = {"session": str(session.id)}
            write_audit(tx, by=by, action="seat changed", target=str(person.id), detail=detail)
        return session
