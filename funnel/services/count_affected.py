"""Everybody in a large sequence, counted for a publish by a worker: asked for, kept, used.

A page would have to wait for minutes. So it asks (``ask_count``); a worker adds batch after batch
(``CountedPeople``, see ``continue_checks``); and what was found is good for whoever asks the same
for some minutes, and for the publish itself, which looks only at who came since.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from funnel.domain.impact import Change
from funnel.domain.impact_sums import ImpactSums
from funnel.domain.publish_check import (
    LASTS,
    LOOKED_AT_ONCE,
    NEWCOMERS,
    CheckKind,
    PublishCheck,
    Question,
)
from funnel.domain.sequence_text import definition_checksum
from funnel.domain.version_switch import PublishPolicy
from funnel.services.build_email import EmailBuilder
from funnel.services.check_renders import RenderCheck, RenderTally
from funnel.services.read_impact import (
    PEOPLE_AT_ONCE,
    Candidate,
    changes_of,
    empty_sums,
)
from funnel.storage import brands, checks, enrollments, merge_data, templates, version_runs
from funnel.storage.enrollments import Run
from funnel.storage.transaction import Transaction, Transactions

# So that the first page of the names behind a number is there at once.
NAMED = 26


@dataclass(slots=True)
class CountedPeople:
    """What a publish would mean for the people who were looked at so far.

    Attributes:
        first: The first runs behind each number: by email and kind of change.
    """

    candidate: Candidate
    policy: PublishPolicy
    sums: ImpactSums
    renders: RenderTally
    first: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @classmethod
    def begin(
        cls,
        candidate: Candidate,
        policy: PublishPolicy,
        builder: EmailBuilder,
        found: Mapping[str, Any],
    ) -> "CountedPeople":
        """Return what was ``found`` before; an empty mapping: nobody was looked at."""
        tally = RenderTally(candidate, builder)
        counted = cls(candidate, policy, empty_sums(candidate), tally)
        if found:
            counted.sums.go_on(found["sums"])
            tally.go_on(found["renders"])
            counted.first = found["first"]
        return counted

    def add(self, tx: Transaction, runs: Sequence[Run]) -> None:
        """Add some people: what changes for them, and whether it can be written."""
        changes = {run.id: changes_of(tx, run, self.candidate, self.policy) for run in runs}
        for run in runs:
            self.sums.add(changes[run.id], run.enrollment.zone, tx.now)
            for each in changes[run.id]:
                if each.change is not Change.UNCHANGED:
                    self._name(run.id, each.key, each.change)
        self.renders.add(tx, runs, changes)

    def to_json(self) -> dict[str, Any]:
        """Return all of it, for ``begin``."""
        return {
            "sums": self.sums.to_json(),
            "renders": self.renders.to_json(),
            "first": self.first,
        }

    def _name(self, run_id: UUID, key: str, change: Change) -> None:
        named = self.first.setdefault(key, {}).setdefault(change.value, [])
        # An email has several copies for whoever changed their date.
        if len(named) < NAMED and str(run_id) not in named[-1:]:
            named.append(str(run_id))


def ask_count(
    candidate: Candidate,
    policy: PublishPolicy,
    transactions: Transactions,
    *,
    number: int | None,
    by: str,
) -> PublishCheck | None:
    """Return the count that answers, or will answer, what a publish would mean.

    Args:
        candidate: What would be published.
        policy: What becomes of whoever is in the sequence.
        transactions: A count that nobody has asked for yet is written down.
        number: The former version that it is; ``None``: the draft.
        by: Who asks.

    Returns:
        ``None`` where so few are concerned that they are looked at at once.
    """
    live = candidate.live
    if live is None or policy is PublishPolicy.KEEP:
        return None
    with transactions.begin_reading() as tx:
        people = version_runs.count_people(tx, live.id)
        if people < LOOKED_AT_ONCE:
            return None
        question = question_about(tx, candidate, policy, number=number)
        found = find_answer(tx, question, candidate.definition.slug)
    if found is not None:
        return found
    with transactions.begin() as tx:
        return checks.begin(tx, question, total=people, by=by)


def question_about(
    tx: Transaction, candidate: Candidate, policy: PublishPolicy, *, number: int | None = None
) -> Question:
    """Return what is asked, with all that the answer depends on but the people."""
    definition = candidate.definition
    keys = [f"{definition.slug}/{step.key}" for step in definition.steps]
    texts = templates.live_template_ids(tx, keys)
    return Question(
        kind=CheckKind.SEQUENCE,
        target=definition.slug,
        policy=policy.value,
        number=number,
        fingerprint=fingerprint_of(
            definition_checksum(definition),
            candidate.live.live_version_id if candidate.live else None,
            sorted((key, str(version_id)) for key, version_id in texts.items()),
            brands.find_brand(tx, definition.brand),
            dates_said(tx, definition.slug),
        ),
    )


def fingerprint_of(*parts: object) -> str:
    """Return what is the same as long as all of these are."""
    said = json.dumps([str(each) for each in parts], ensure_ascii=False)
    return sha256(said.encode()).hexdigest()


def dates_said(tx: Transaction, slug: str) -> list[tuple[str, ...]]:
    """Return what emails say of a sequence's open dates."""
    sessions = [each.session for each in merge_data.load_open_dates(tx, slug)]
    return [
        (str(each.id), each.starts_at.isoformat(), each.ends_at.isoformat(), each.replay_url or "")
        for each in sessions
    ]


def find_answer(tx: Transaction, question: Question, slug: str) -> PublishCheck | None:
    """Return the look that is under way for a question, or has answered it a short time ago.

    Not one after which more people came to the sequence than a publish can look at by the way.
    """
    found = checks.find_latest(tx, question)
    if found is None or found.finished_at is None:
        return found
    if found.finished_at < tx.real_now - LASTS:
        return None
    came = checks.entered_since(tx, slug, found.began_at, limit=NEWCOMERS + 1)
    return None if len(came) > NEWCOMERS else found


def renders_counted(
    candidate: Candidate, policy: PublishPolicy, builder: EmailBuilder, transactions: Transactions
) -> RenderCheck | None:
    """Return what a count found that is still good, with who came since looked at.

    Returns:
        ``None`` where nobody counted, or it is not finished.

    Raises:
        NotFoundError: The brand or an email of the version does not exist.
    """
    slug = candidate.definition.slug
    with transactions.begin_reading() as tx:
        found = find_answer(tx, question_about(tx, candidate, policy), slug)
        if found is None or found.is_running:
            return None
        came = checks.entered_since(tx, slug, found.began_at, limit=NEWCOMERS)
    kept = CountedPeople.begin(candidate, policy, builder, found.result).renders.result()
    if kept.failed:
        return kept
    new = CountedPeople.begin(candidate, policy, builder, {})
    for start in range(0, len(came), PEOPLE_AT_ONCE):
        with transactions.begin_reading() as tx:
            version_runs.see_one_moment(tx)
            some = list(came[start : start + PEOPLE_AT_ONCE])
            new.add(tx, enrollments.load_runs(tx, some))
    later = new.renders.result()
    return later if later.failed else kept
