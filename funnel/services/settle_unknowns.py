"""Find out what became of emails to which no answer came; a few at a time, best way first."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import UnknownPolicy
from funnel.domain.unknown import FIRST_ASKED_AFTER, Answer, UnknownFacts, Verdict, next_step
from funnel.sending.mailer import Found, Mailer, OutcomeStatus, OutgoingEmail
from funnel.services.kept_email import restored_email
from funnel.services.settle_unknown import settle_unknown
from funnel.storage import outbox_open, sequences, unknowns
from funnel.storage.transaction import Transactions
from funnel.storage.unknowns import Unknown

log = structlog.get_logger()

# Longer than one of them may take, and than a maintenance task may run.
_LEASE: Final = timedelta(minutes=2)
# A key must not run out on the way.
_KEY_MARGIN: Final = timedelta(minutes=1)
# SMTP has no way to report, and the built-in inbox needs none.
_SILENT: Final = frozenset({None, "smtp", "mailbox"})
_REPEATED: Final = {
    OutcomeStatus.ACCEPTED: Answer.HAS_IT,
    OutcomeStatus.REFUSED: Answer.REFUSED_IT,
}

MailerOf = Callable[[str], Mailer]


def settle_unknowns(
    transactions: Transactions,
    mailer_of: MailerOf,
    *,
    most: int,
    lasts: timedelta = timedelta(seconds=8),
    first_asked_after: timedelta = FIRST_ASKED_AFTER,
) -> Counter[str]:
    """Ask for unknown messages whose turn it is, and settle what is found out; return how many.

    Several at once are harmless: each message is in one process's hands, by its row, and is settled
    only while it still is unknown. So a provider's event may come at any time.

    Args:
        transactions: Short ones; none is open while a provider is asked.
        mailer_of: Returns the way by which a provider was handed to.
        most: At most so many now.
        lasts: Nothing more is asked after that long.
        first_asked_after: Real time that a provider is given before it is asked.
    """
    ends_at = monotonic() + lasts.total_seconds()
    with transactions.begin() as tx:
        unknowns.schedule(tx, after=first_asked_after)
    tally: Counter[str] = Counter()
    while tally.total() < most and monotonic() < ends_at:
        with transactions.begin() as tx:
            due = unknowns.take_due(tx, limit=1, lease=_LEASE)
        if not due:
            break
        tally[_settle(transactions, due[0], _mailer(due[0], mailer_of))] += 1
    if tally:
        log.info("unknowns.asked", **{key.replace(" ", "_"): tally[key] for key in tally})
    return tally


def _mailer(unknown: Unknown, mailer_of: MailerOf) -> Mailer | None:
    if unknown.provider is None:
        return None
    try:
        return mailer_of(unknown.provider)
    except InvalidInputError:
        return None  # it left by a provider that is no longer set up here


def _settle(transactions: Transactions, unknown: Unknown, mailer: Mailer | None) -> str:
    answer, provider_id = _ask(transactions, unknown, mailer)
    with transactions.begin() as tx:
        facts = UnknownFacts(
            answer=answer,
            asks=unknown.asks,
            age=unknown.age,
            attempts=unknown.attempts,
            reports=unknown.provider not in _SILENT,
            policy=(
                sequences.read_definition(tx, unknown.version_id).on_unknown
                if unknown.version_id is not None
                else UnknownPolicy.HOLD
            ),
        )
        step = next_step(facts)
        if step.verdict is None:
            if unknowns.lock(tx, unknown.id):
                unknowns.ask_again(tx, unknown.id, after=step.ask_after)
            return "asked later"
        status = settle_unknown(
            tx, unknown.id, step.verdict, evidence=step.reason, provider_id=provider_id
        )
    if step.verdict is Verdict.HELD:
        return Verdict.HELD.value
    return "settled already" if status is None else status.value


def _ask(
    transactions: Transactions, unknown: Unknown, mailer: Mailer | None
) -> tuple[Answer, str | None]:
    """Return what the provider says of a message now, and its id of it where it named one."""
    if mailer is None:
        return Answer.CANNOT_BE_ASKED, None
    if unknown.kept is not None and _may_repeat(transactions, unknown, mailer):
        return _repeat(restored_email(unknown.kept), mailer)
    found = mailer.look_up(
        unknown.id, provider_id=unknown.provider_id, since=unknown.handed_over_at
    )
    if found is None:
        return Answer.CANNOT_BE_ASKED, None
    answers = {
        Found.ACCEPTED: Answer.HAS_IT,
        Found.NOT_FOUND: Answer.NOT_FOUND,
        Found.CANNOT_SAY: Answer.CANNOT_SAY,
    }
    return answers[found.found], found.provider_id


def _may_repeat(transactions: Transactions, unknown: Unknown, mailer: Mailer) -> bool:
    """Say whether the same bytes may be handed over again: one email by the provider's key.

    It may be the first that arrives, so all that is asked before a message is opened is asked here.
    """
    lasts = mailer.repeats_safely
    if lasts is None or unknown.age + _KEY_MARGIN > lasts:
        return False
    with transactions.begin() as tx:
        return unknowns.lock(tx, unknown.id) and not outbox_open.judge(tx, [unknown.id])


def _repeat(email: OutgoingEmail, mailer: Mailer) -> tuple[Answer, str | None]:
    ends_at = monotonic() + _LEASE.total_seconds() / 2
    for outcome in mailer.send_all([email], may_begin=lambda _: monotonic() < ends_at):
        return _REPEATED.get(outcome.status, Answer.CANNOT_SAY), outcome.provider_id
    return Answer.CANNOT_SAY, None
