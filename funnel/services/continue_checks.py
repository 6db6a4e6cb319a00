"""Look at everybody whom a publish would concern: in bounded batches, while nobody waits.

A batch only reads; how far it came, and what it found, is written under the lock of the check's
row. So whoever is killed in the middle has done a batch or none of it, and a second worker takes
another check.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from funnel.domain.errors import FunnelError
from funnel.domain.publish_check import CheckKind, CheckStatus, PublishCheck
from funnel.domain.version_switch import PublishPolicy
from funnel.rendering.errors import TemplateError
from funnel.services.check_readers import ReadersLooked, TextAsked, question_of
from funnel.services.count_affected import CountedPeople, question_about
from funnel.services.preview_template import Previewing, compile_confined
from funnel.services.read_affected import Proposal, candidate_for
from funnel.services.read_impact import PEOPLE_AT_ONCE, batches
from funnel.storage import checks, template_drafts, template_versions
from funnel.storage.checks import Progress
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    progress: Progress
    is_last: bool


class _OutdatedError(FunnelError):
    """What a check is about is no longer so: it would answer what nobody asks any more."""


def continue_checks(
    previewing: Previewing, *, most_batches: int | None = None
) -> PublishCheck | None:
    """Go on with what pages wait for, the one that is least far first.

    Safe to call at any time, from several workers, and after a crash at any point. A check of what
    has been changed meanwhile ends itself.

    Args:
        previewing: Renders what would be sent, in its confinement where people typed it.
        most_batches: Stop after so many; ``None``: go on until nobody is left.

    Returns:
        The one that was worked on last, as it stands now; ``None`` where none is under way.
    """
    left = sys.maxsize if most_batches is None else most_batches
    worked_on: UUID | None = None
    while left > 0:
        with previewing.transactions.begin() as tx:
            check = checks.lock_running(tx)
            if check is None:
                break
            _go_on(tx, check, previewing)
            worked_on = check.id
        left -= 1
    if worked_on is None:
        return None
    with previewing.transactions.begin_reading() as tx:
        return checks.get(tx, worked_on)


def forget_checks(transactions: Transactions) -> int:
    """Delete checks that are a day old, and return how many: nobody waits for them."""
    with transactions.begin() as tx:
        return checks.forget(tx, _KEPT)


def _go_on(tx: Transaction, check: PublishCheck, previewing: Previewing) -> None:
    """Do a batch; the check's row is locked, and what is read is read beside it."""
    try:
        batch = _KINDS[check.kind](check, previewing)
    except FunnelError as error:
        # A draft was changed or discarded, an email or the brand is gone: whoever looks asks anew.
        checks.end(tx, check.id, CheckStatus.OUTDATED)
        log.info("check.outdated", check_id=str(check.id), target=check.target, reason=str(error))
        return
    checks.advance(tx, check.id, batch.progress)
    if batch.is_last:
        checks.end(tx, check.id, CheckStatus.FINISHED)
        log.info("check.finished", check_id=str(check.id), target=check.target)


def _count(check: PublishCheck, previewing: Previewing) -> _Batch:
    policy = PublishPolicy(check.policy)
    proposal = Proposal(slug=check.target, policy=policy, to_number=check.number)
    with previewing.transactions.begin_reading() as tx:
        candidate = candidate_for(tx, proposal)
        if question_about(tx, candidate, policy).fingerprint != check.fingerprint:
            raise _OutdatedError("what would be published, or what it depends on, was changed")
    counted = CountedPeople.begin(candidate, policy, previewing.builder, check.result)
    reached, people = check.reached, 0
    with closing(batches(candidate, previewing.transactions, after=check.reached)) as people_left:
        for tx, runs in people_left:
            counted.add(tx, runs)
            people = len(runs)
            reached = runs[-1].id if runs else reached
            break
    return _Batch(
        progress=Progress(reached=reached, people=people, result=counted.to_json()),
        is_last=people < PEOPLE_AT_ONCE,
    )


def _render(check: PublishCheck, previewing: Previewing) -> _Batch:
    text = _text(check, previewing)
    looked = ReadersLooked(text=text, previewing=previewing)
    looked.go_on(check.result)
    try:
        reached = looked.next(check.reached)
    except TemplateError as error:
        return _Batch(progress=_stopped(check, error), is_last=True)
    return _Batch(
        progress=Progress(reached=reached, people=looked.looked_at, result=looked.to_json()),
        is_last=reached is None,
    )


def _text(check: PublishCheck, previewing: Previewing) -> TextAsked:
    with previewing.transactions.begin_reading() as tx:
        found = (
            template_drafts.find_draft(tx, check.target)
            if check.number is None
            else template_versions.find_version(tx, check.target, check.number)
        )
    if found is None:
        raise _OutdatedError("the draft was discarded")
    compiled = compile_confined(check.target, found.source, previewing)
    text = TextAsked(key=check.target, source=found.source, compiled=compiled, number=check.number)
    with previewing.transactions.begin_reading() as tx:
        if question_of(tx, text).fingerprint != check.fingerprint:
            raise _OutdatedError("the text, or what it depends on, was changed")
    return text


def _stopped(check: PublishCheck, error: TemplateError) -> Progress:
    """Note that rendering took too much: it would for the next people too."""
    stopped: Mapping[str, Any] = {"reason": error.reason, "remedy": error.remedy}
    result = {"people": 0, "failures": [], **check.result, "stopped": stopped}
    return Progress(reached=check.reached, people=0, result=result)


_KINDS: Mapping[CheckKind, Callable[[PublishCheck, Previewing], _Batch]] = {
    CheckKind.SEQUENCE: _count,
    CheckKind.TEMPLATE: _render,
}
