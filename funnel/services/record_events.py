"""What a provider says of emails: each event once, its message moved, its address heeded.

An event is proof: what a provider delivered, returned or was told off for, it had taken from us.
So it also settles our own side of a message whose outcome is not known, and takes a message back
that waits for another attempt: a further copy would be a second one.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import structlog

from funnel.domain.consent import SuppressionReason
from funnel.domain.delivery_event import (
    DeliveryEvent,
    DeliveryEventKind,
    after,
    is_worn_out,
    settles_as_accepted,
    suppression_of,
)
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import MessageStatus
from funnel.domain.signup import Visitor
from funnel.domain.subscriber import Subscriber, address_hash, email_key
from funnel.services.plan_enrollments import plan_enrollments
from funnel.services.unsubscribe import Word, leave_everything
from funnel.storage import (
    delivery_events,
    delivery_moves,
    enrollments,
    runs,
    subscribers,
    suppressions,
)
from funnel.storage.delivery_events import APPLIED, IGNORED, WAITING, Verdict
from funnel.storage.delivery_moves import EventTarget, FoundMessage
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

_NO_MESSAGE: Final = "no email of ours has this id (yet)"
_NOBODY: Final = "it names no email of ours, and nobody here has its address"
_NOT_OURS: Final = "nothing that is ours to know"
_BY_ADDRESS: Final = "it names no email of ours; the address is known here"

# A no to everything ends what is queued and every run; a dead address is asked at the opening.
_ENDS: Final = frozenset({SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED})
_SAYS_NOTHING: Final = frozenset(
    {DeliveryEventKind.OPENED, DeliveryEventKind.CLICKED, DeliveryEventKind.OTHER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Events with their messages and people, all of them locked.

    Attributes:
        targets: The messages, by id.
        people: Whom an event concerns, by its id.
    """

    verdicts: Sequence[Verdict]
    targets: Mapping[UUID, EventTarget]
    people: Mapping[str, Subscriber]


def record_events(
    events: Sequence[DeliveryEvent], provider: str, transactions: Transactions, *, hash_key: bytes
) -> Counter[str]:
    """Keep events, move their messages, and say what became of them: state to number.

    One transaction. An event that is known changes nothing ("known"), so a provider may repeat
    what it likes, in any order, two at once.

    Args:
        events: A bounded number, verified and read.
        provider: Who says so: "postmark", "ses".
        transactions: On the database.
        hash_key: The secret under which addresses are remembered where no message names them.
    """
    with transactions.begin() as tx:
        resolved = resolve(tx, provider, events, hash_key=hash_key)
        new = delivery_events.add(tx, provider, resolved.verdicts)
        apply_resolved(tx, provider, resolved, only=new)
    counts = Counter(
        each.state if each.event.event_id in new else "known" for each in resolved.verdicts
    )
    log.info("events.recorded", provider=provider, **{key: counts[key] for key in sorted(counts)})
    return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Concern:
    """One event and whom it seems to concern, before anything is locked.

    Attributes:
        may_move: It may end or plan more than its own message.
    """

    event: DeliveryEvent
    message_id: UUID | None
    run_id: UUID | None
    person_id: UUID | None
    may_move: bool


def resolve(
    tx: Transaction, provider: str, events: Sequence[DeliveryEvent], *, hash_key: bytes
) -> Resolved:
    """Find, lock and judge: whose events these are, and what is to become of each."""
    distinct = list({each.event_id: each for each in events}.values())
    found = delivery_moves.find_messages(tx, provider, distinct)
    concerns = [_concern(tx, each, found.get(each.event_id)) for each in distinct]
    _lock(tx, concerns)
    # Second statements: what changed while we waited for the locks is read here.
    targets = delivery_moves.read_targets(
        tx, {each.message_id for each in concerns if each.message_id is not None}
    )
    ids = {each.person_id for each in concerns if each.person_id is not None}
    standing = {each: subscribers.find(tx, each) for each in sorted(ids)}
    people: dict[str, Subscriber] = {}
    for each in concerns:
        person = standing.get(each.person_id) if each.person_id else None
        if person is not None and person.email:  # not forgotten
            people[each.event.event_id] = person
    verdicts = [
        _judge(
            each.event,
            targets.get(each.message_id) if each.message_id else None,
            is_known=each.event.event_id in people,
            hash_key=hash_key,
        )
        for each in concerns
    ]
    return Resolved(verdicts=verdicts, targets=targets, people=people)


def _concern(tx: Transaction, event: DeliveryEvent, found: FoundMessage | None) -> _Concern:
    ends = suppression_of(event) in _ENDS
    if found is not None:
        return _Concern(
            event=event,
            message_id=found.id,
            run_id=found.enrollment_id,
            person_id=found.subscriber_id,
            may_move=ends or found.is_open,
        )
    person = _by_address(tx, event)
    return _Concern(
        event=event,
        message_id=None,
        run_id=None,
        person_id=person.id if person else None,
        may_move=ends and person is not None,
    )


def _lock(tx: Transaction, concerns: Sequence[_Concern]) -> None:
    """Lock people, their runs, their messages: in the order that everybody keeps."""
    people = {each.person_id for each in concerns if each.person_id is not None}
    moved = {each.person_id for each in concerns if each.may_move and each.person_id is not None}
    subscribers.lock(tx, sorted(people))
    run_ids = {each.run_id for each in concerns if each.run_id is not None}
    run_ids.update(run for person in sorted(moved) for run in runs.active_ids(tx, person))
    enrollments.lock(tx, sorted(run_ids))
    delivery_moves.lock_messages(
        tx,
        {each.message_id for each in concerns if each.message_id is not None},
        queued_of=moved,
    )


def apply_resolved(
    tx: Transaction, provider: str, resolved: Resolved, *, only: Collection[str]
) -> None:
    """Do what these events come to: move messages, settle ours, suppress, plan anew."""
    targets = dict(resolved.targets)
    to_plan: set[UUID] = set()
    for each in resolved.verdicts:
        if each.event.event_id not in only or each.state != APPLIED:
            continue
        target = targets.get(each.message_id) if each.message_id else None
        if target is not None:
            targets[target.id] = _move(tx, provider, target, each.event)
            if targets[target.id].status is not target.status and target.enrollment_id is not None:
                to_plan.add(target.enrollment_id)
        person = resolved.people.get(each.event.event_id)
        if person is not None:
            _heed(tx, provider, person, each.event)
    # After all of them: who left meanwhile has no run that is planned.
    plan_enrollments(tx, sorted(to_plan))


def _by_address(tx: Transaction, event: DeliveryEvent) -> Subscriber | None:
    """Return whom an event concerns that names no message: only where it says "no more"."""
    if suppression_of(event) is None or not event.address:
        return None
    try:
        return subscribers.find_by_key(tx, email_key(event.address))
    except InvalidInputError:
        return None  # another system's idea of an address


def _judge(
    event: DeliveryEvent, target: EventTarget | None, *, is_known: bool, hash_key: bytes
) -> Verdict:
    if target is not None:
        return _judge_found(event, target)
    if is_known:
        return Verdict(event=event, state=APPLIED, note=_BY_ADDRESS, keeps_words=False)
    if event.kind in _SAYS_NOTHING:
        return Verdict(event=event, state=IGNORED, note=_NOT_OURS, keeps_words=False)
    hashed = _hash_of(event, hash_key)
    if event.message_id is None and not event.provider_id:
        return Verdict(
            event=event, state=IGNORED, note=_NOBODY, address_hash=hashed, keeps_words=False
        )
    return Verdict(event=event, state=WAITING, note=_NO_MESSAGE, address_hash=hashed)


def _judge_found(event: DeliveryEvent, target: EventTarget) -> Verdict:
    is_news = event.kind not in _SAYS_NOTHING
    if is_news or settles_as_accepted(target.status, target.attempts, event):
        return Verdict(
            event=event, state=APPLIED, message_id=target.id, keeps_words=target.has_person
        )
    return Verdict(
        event=event, state=IGNORED, note=_NOT_OURS, message_id=target.id, keeps_words=False
    )


def _hash_of(event: DeliveryEvent, hash_key: bytes) -> str | None:
    try:
        return address_hash(email_key(event.address), hash_key).hex() if event.address else None
    except InvalidInputError:
        return None


def _move(tx: Transaction, provider: str, target: EventTarget, event: DeliveryEvent) -> EventTarget:
    state = after(target.state, event)
    if state != target.state:
        delivery_moves.move(tx, target, state)
        target = replace(target, state=state)
    if settles_as_accepted(target.status, target.attempts, event):
        delivery_moves.accept(tx, target, event, provider=provider)
        return replace(target, status=MessageStatus.ACCEPTED)
    return target


def _heed(tx: Transaction, provider: str, person: Subscriber, event: DeliveryEvent) -> None:
    reason = suppression_of(event)
    if reason is None and event.kind is DeliveryEventKind.BOUNCED:
        bounces = delivery_moves.newest_bounces(tx, person.id)
        reason = SuppressionReason.BOUNCED if is_worn_out(bounces) else None
    if reason is None:
        return
    if reason in _ENDS:
        word = Word(source=provider, visitor=Visitor())
        leave_everything(tx, person, word, reason=reason)
    else:
        suppressions.strengthen(tx, person.email_key, reason, source=provider)
