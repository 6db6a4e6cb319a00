"""Judge what was seen, afterwards: a person's click becomes a fact, a machine's never does."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from funnel.domain.facts import FactKind, FactReport
from funnel.domain.judgement import EvidenceKind, judge
from funnel.services.record_facts import record_in
from funnel.storage import evidence, signups
from funnel.storage.evidence import Unjudged, Verdict
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

# A transaction locks the people of that many clicks while it plans them anew.
_AT_ONCE = 100
# One call ends after that many: a flood is worked off over several, and holds up nothing else.
_MOST_BATCHES = 20
_FORGOTTEN_AT_ONCE = 5_000


def judge_evidence(transactions: Transactions) -> int:
    """Judge what was fetched long enough ago (plan time); return how much was judged.

    Writes the verdict and its reasons beside the evidence. A click judged human becomes the fact
    "clicked" of its run, once for each link; a join link opened in the window of a session whose
    setting says so becomes "attended"; the confirmation page's first opening is noted at its
    signup. Safe to run twice and at once: one judges at a time, each piece in one transaction
    with what follows from it.
    """
    judged = 0
    for _ in range(_MOST_BATCHES):
        # Apart: who writes to signups locks them before their people's runs.
        of_signups = _judge_batch(transactions, is_of_signups=True)
        of_runs = _judge_batch(transactions, is_of_signups=False)
        judged += of_signups + of_runs
        if max(of_signups, of_runs) < _AT_ONCE:
            break
    return judged


def forget_evidence(transactions: Transactions) -> int:
    """Forget what was seen 90 days ago or earlier, a bounded number at a time; return how much."""
    with transactions.begin() as tx:
        return evidence.forget_old(tx, limit=_FORGOTTEN_AT_ONCE)


def _judge_batch(transactions: Transactions, *, is_of_signups: bool) -> int:
    with transactions.begin() as tx:
        if not evidence.is_judge(tx):
            return 0
        # A second statement: what another judge committed before is seen now.
        found = evidence.to_judge(tx, is_of_signups=is_of_signups, limit=_AT_ONCE)
        if not found:
            return 0
        verdicts = _verdicts(tx, found)
        human = {each.id for each in verdicts if each.is_human}
        believed = [each for each in found if each.id in human]
        if is_of_signups:
            signups.note_opened(tx, _first_openings(believed))
        else:
            _record(tx, believed)
        # Last: whoever erases a person holds the person's lock by now, or waits for ours.
        evidence.write_verdicts(tx, verdicts)
        log.info("evidence.judged", number=len(found), human=len(human))
        return len(found)


def _verdicts(tx: Transaction, found: Sequence[Unjudged]) -> list[Verdict]:
    beside = evidence.beside(tx, found)
    verdicts = []
    for each in found:
        judgement = judge(each.fetch, beside.get(each.whose, ()), mailed_at=each.mailed_at)
        verdicts.append(Verdict(id=each.id, is_human=judgement.is_human, reasons=judgement.reasons))
    return verdicts


def _first_openings(believed: Sequence[Unjudged]) -> dict[UUID, datetime]:
    # The earliest last, so that it stays.
    return {each.signup_id: each.fetch.at for each in reversed(believed) if each.signup_id}


def _record(tx: Transaction, believed: Sequence[Unjudged]) -> None:
    reports = list(_reports(believed))
    if not reports:
        return
    for each in record_in(tx, reports).unmatched:
        # A seat given up since, a person erased meanwhile: the evidence stays what it is.
        log.info("evidence.not_recorded", kind=each.report.kind.value, reason=each.reason)


def _reports(believed: Sequence[Unjudged]) -> Iterator[FactReport]:
    for each in believed:
        if each.enrollment_id is None:
            continue
        if each.kind is EvidenceKind.LINK_OPENED:
            yield FactReport(
                kind=FactKind.CLICKED,
                source="link",
                enrollment_id=each.enrollment_id,
                at=each.fetch.at,
                name=each.link_name,
                step_key=each.step_key,
                dedupe=f"{each.enrollment_id}:{each.link_id}",
            )
        elif each.counts_as_attended:
            yield FactReport(
                kind=FactKind.ATTENDED,
                source="join link",
                enrollment_id=each.enrollment_id,
                session_id=each.session_id,
                at=each.fetch.at,
                dedupe=f"{each.enrollment_id}:{each.session_id}",
            )
