"""Accept a signup: the hot path, one transaction, no Redis, no SMTP."""

from funnel.domain.errors import InvalidInputError
from funnel.domain.message import Notice
from funnel.domain.signup import (
    AcceptedSignup,
    SessionUnavailableError,
    SignupRequest,
    SignupRules,
    SignupStatus,
    Source,
)
from funnel.services.confirm_signup import confirm_within
from funnel.services.queue_notice import NoticeRequest, queue_notice
from funnel.storage import signup_accept, signups, suppressions
from funnel.storage.signup_accept import SignupRaceError, WrittenSignup
from funnel.storage.transaction import Transaction, Transactions


def accept_signup(
    request: SignupRequest, source: Source, transactions: Transactions, rules: SignupRules
) -> AcceptedSignup:
    """Write a signup and queue its confirmation; without double opt-in, confirm it at once.

    Idempotent for ever by ``external_id``. Whether the address is new, known, suppressed or was
    written to too often shows neither in the answer nor in the work done.

    Raises:
        InvalidInputError: Neither a date nor the letters, or a session that does not exist.
    """
    if request.session is None and not request.wants_letters:
        raise InvalidInputError(
            "neither a date nor the letters were chosen",
            field="session",
            remedy="Choose a date, the letters, or both.",
        )
    try:
        return _accept(request, source, transactions, rules)
    except SignupRaceError:
        # The same submission twice at one moment: by now the other one is there to be found.
        return _accept(request, source, transactions, rules)


def _accept(
    request: SignupRequest, source: Source, transactions: Transactions, rules: SignupRules
) -> AcceptedSignup:
    with transactions.begin() as tx:
        written = signup_accept.write(tx, request, source, rules)
        if written is None:
            raise InvalidInputError(
                "there is no such session ahead",
                field="session",
                remedy='Give the id of a session of this sequence, or "next" for the next one.',
            )
        if not source.is_double_opt_in:
            _confirm_at_once(tx, request, written, source)
    return AcceptedSignup(id=written.id, is_new=written.is_new)


def _confirm_at_once(
    tx: Transaction, request: SignupRequest, written: WrittenSignup, source: Source
) -> None:
    """Confirm what the source vouches for, unless its person must say so themselves."""
    is_open = written.status in (SignupStatus.PENDING, SignupStatus.MERGED)
    if not written.is_new or not is_open or written.pending_id is None or written.is_mailed:
        return
    # Also where nothing was mailed this time: coming back takes a word of the person's own.
    if suppressions.find(tx, request.address.key) is not None:
        return
    signup = signups.find(tx, written.pending_id)
    if signup is None or signup.subscriber_id is None:
        return
    try:
        with tx.connection.begin_nested():
            confirm_within(tx, written.pending_id, None, request.visitor)
    except SessionUnavailableError:
        # Full or over: the confirmation's page says so and offers the next dates.
        queue_notice(
            tx,
            NoticeRequest(
                notice=Notice.CONFIRM,
                subscriber_id=signup.subscriber_id,
                sequence_id=source.sequence_id,
                signup_id=written.pending_id,
                dedupe=str(written.pending_id),
            ),
        )
        signups.mark_mailed(tx, written.id)
