"""One batch of an import: what its lines say is judged, and (not in a trial) written."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from funnel.domain.consent import Topic
from funnel.domain.import_rules import Changes, KnownHere, KnownPerson, SameLine, Verdict, judge
from funnel.domain.message import MessageStatus
from funnel.domain.people_import import (
    ImportedPerson,
    ImportOptions,
    LineNotTakenError,
    Outcome,
)
from funnel.domain.plan import Decision, PlannedStep, SkipReason
from funnel.domain.sequence import SequenceDefinition, Step
from funnel.domain.step_moments import timing_for
from funnel.domain.subscriber import ZoneChoice, ZoneSource
from funnel.intake.people_rows import read_person
from funnel.services.plan_enrollments import message_of, plan_claimed
from funnel.storage import (
    enrollments,
    imported_people,
    imports,
    messages,
    runs,
    sequences,
    signups,
    subscribers,
    suppressions,
)
from funnel.storage.imported_people import ImportedConsent, ImportedTag, NewPerson
from funnel.storage.imports import ImportRecord, LineRecord, LineVerdict
from funnel.storage.sequences import SequenceRecord
from funnel.storage.transaction import Transaction

SOURCE = "import"
_LEFT = "left"
_WANTED = {Topic.LETTERS: "wants_letters", Topic.SEAT: "wants_seat_emails"}


@dataclass(slots=True, kw_only=True)
class _Writing:
    """What a batch is to write at its end, in one statement a kind.

    Attributes:
        made: Whose row this batch has made.
        begun: Who begins in the sequence, and their address.
        touched: Whose plans may change.
    """

    options: ImportOptions
    made: set[UUID]
    consents: list[ImportedConsent] = field(default_factory=list)
    tags: list[ImportedTag] = field(default_factory=list)
    begun: dict[UUID, str] = field(default_factory=dict)
    touched: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line that could be read."""

    number: int
    person: ImportedPerson

    @property
    def key(self) -> str:
        return self.person.address.key


def judge_lines(
    tx: Transaction, record: ImportRecord, lines: Sequence[LineRecord], hash_key: bytes
) -> None:
    """Write beside each line what would become of it; nobody is locked, nothing else written."""
    options, said, verdicts = _read(tx, record, lines)
    keys = [each.key for each in said]
    people = _known(tx, keys, _sequence(tx, options))
    batch = _Batch(tx, record, keys, hash_key)
    for each in said:
        known = batch.known(each, people)
        verdict = judge(each.number, each.person, known, options)
        batch.remember(each, verdict)
        verdicts.append(_verdict(each, verdict, known.person.id if known.person else None))
    imports.save_verdicts(tx, record.id, verdicts)


def take_lines(
    tx: Transaction, record: ImportRecord, lines: Sequence[LineRecord], hash_key: bytes
) -> list[Outcome]:
    """Write the people of a batch and what became of each line, in this one transaction.

    Run again after a crash it finds the batch undone, or done and behind it.
    """
    options, said, verdicts = _read(tx, record, lines)
    keys = [each.key for each in said]
    batch = _Batch(tx, record, keys, hash_key)
    writing = _Writing(options=options, made=_make_people(tx, said, batch))
    sequence = _sequence(tx, options)
    # Statements of their own, after the locks: somebody may have left while these were waited for.
    batch.look_again(tx, keys)
    _unmake(tx, writing, batch)
    people = _known(tx, keys, sequence)
    for each in said:
        person = people.get(each.key)
        known = batch.known(each, {} if person and person.id in writing.made else people)
        verdict = judge(each.number, each.person, known, options)
        batch.remember(each, verdict)
        if person is not None:
            _write(tx, each, verdict, person, writing)
        verdicts.append(_verdict(each, verdict, person.id if person else None))
    _finish(tx, sequence, writing)
    imports.save_verdicts(tx, record.id, verdicts)
    return [each.outcome for each in verdicts]


def _finish(tx: Transaction, sequence: SequenceRecord | None, writing: _Writing) -> None:
    """Write what was gathered, and plan anew whomever it concerns."""
    imported_people.add_consents(tx, writing.consents)
    imported_people.add_tags(tx, writing.tags)
    if sequence is not None:
        _begin_runs(tx, sequence, writing)
    concerned = imported_people.runs_under_way(tx, writing.touched)
    enrollments.lock(tx, concerned)
    plan_claimed(tx, concerned)


def _known(
    tx: Transaction, keys: Sequence[str], sequence: SequenceRecord | None
) -> dict[str, KnownPerson]:
    return imported_people.known(tx, keys, sequence.id if sequence else None)


def _read(
    tx: Transaction, record: ImportRecord, lines: Sequence[LineRecord]
) -> tuple[ImportOptions, list[_Line], list[LineVerdict]]:
    """Return the options, what lines say, and the verdict on those that say nothing of use."""
    options = ImportOptions.from_json(record.options)
    said: list[_Line] = []
    refused: list[LineVerdict] = []
    for each in lines:
        if each.outcome is Outcome.BROKEN:
            continue
        try:
            person = read_person(each.cells, record.columns, options, tx.now)
        except LineNotTakenError as error:
            refused.append(
                LineVerdict(line=each.line, outcome=Outcome.REFUSED, reason=str(error.reason))
            )
        else:
            said.append(_Line(number=each.line, person=person))
    return options, said, refused


class _Batch:
    """What is known beside the people: the do-not-email list, and the file's other lines."""

    def __init__(
        self, tx: Transaction, record: ImportRecord, keys: Sequence[str], hash_key: bytes
    ) -> None:
        self._hash_key = hash_key
        self.suppressed = imported_people.suppressed(tx, keys, hash_key)
        self._same: defaultdict[str, dict[int, Outcome]] = defaultdict(dict)
        for key, line, outcome in imports.same_addresses(tx, record.id, keys):
            self._same[key][line] = outcome

    def look_again(self, tx: Transaction, keys: Sequence[str]) -> None:
        """Read the do-not-email list anew."""
        self.suppressed = imported_people.suppressed(tx, keys, self._hash_key)

    def known(self, line: _Line, people: Mapping[str, KnownPerson]) -> KnownHere:
        """Return all that is known of a line's address."""
        others = self._same[line.key].items()
        return KnownHere(
            suppressed=self.suppressed.get(line.key),
            person=people.get(line.key),
            same_lines=[
                SameLine(line=number, outcome=outcome)
                for number, outcome in sorted(others)
                if number != line.number
            ],
        )

    def remember(self, line: _Line, verdict: Verdict) -> None:
        """Let later lines of this batch know what became of one."""
        self._same[line.key][line.number] = verdict.outcome


def _verdict(line: _Line, verdict: Verdict, person_id: UUID | None) -> LineVerdict:
    return LineVerdict(
        line=line.number,
        outcome=verdict.outcome,
        reason=str(verdict.reason) if verdict.reason else "",
        email_key=line.key,
        subscriber_id=person_id,
    )


def _sequence(tx: Transaction, options: ImportOptions) -> SequenceRecord | None:
    return sequences.find_sequence(tx, options.sequence) if options.sequence else None


def _make_people(tx: Transaction, said: Sequence[_Line], batch: _Batch) -> set[UUID]:
    """Write a bare row for each address that nobody has and that may be written to, and lock all.

    Return who is new. Somebody who signs up at this very moment is either found, or finds.
    """
    keys = sorted({each.key for each in said})
    there = imported_people.ids_of(tx, keys)
    emails = {each.key: each.person.address.email for each in said}
    missing = [each for each in keys if each not in there and each not in batch.suppressed]
    made = [NewPerson(id=uuid4(), email=emails[each], email_key=each) for each in missing]
    imported_people.add(tx, made)
    found = imported_people.ids_of(tx, keys)
    subscribers.lock(tx, list(found.values()))
    return {each.id for each in made} & set(found.values())


def _unmake(tx: Transaction, writing: _Writing, batch: _Batch) -> None:
    """Take back the row of whoever was erased, or stopped, while this batch waited for locks."""
    stopped = writing.made & set(imported_people.ids_of(tx, list(batch.suppressed)).values())
    imported_people.remove(tx, stopped)
    writing.made -= stopped


def _write(
    tx: Transaction, line: _Line, verdict: Verdict, person: KnownPerson, writing: _Writing
) -> None:
    if verdict.outcome is Outcome.TO_LIST:
        _put_on_list(tx, line, person, writing)
    elif verdict.outcome.is_person:
        _write_changes(tx, line, verdict.changes, person, writing)


def _put_on_list(tx: Transaction, line: _Line, person: KnownPerson, writing: _Writing) -> None:
    """Suppress an address, and end all that its person has here, as their own leaving would."""
    said = line.person
    reason = said.state.suppression
    if reason is None:
        return
    suppressions.add(tx, line.key, reason, source=SOURCE)
    ended = [topic for topic, word in person.words.items() if word.is_given]
    for topic in ended:
        writing.consents.append(
            _consent(person.id, topic, line, writing.options, at=tx.now, is_given=False)
        )
    changes: dict[str, Any] = {"wants_letters": False, "wants_seat_emails": False}
    if person.id in writing.made:
        changes |= _names(said.first_name, said.last_name)
        if said.agreed_at is not None:
            changes["confirmed_at"] = said.agreed_at
    imported_people.change(tx, person.id, changes)
    signups.expire(tx, signups.pending_of(tx, person.id))
    runs.leave(tx, person.id)
    queued = messages.queued_of_person(tx, person.id)
    messages.settle_queued(tx, dict.fromkeys(queued, _LEFT), MessageStatus.CANCELLED)


def _write_changes(
    tx: Transaction, line: _Line, changes: Changes, person: KnownPerson, writing: _Writing
) -> None:
    at = line.person.agreed_at or tx.now
    values = _names(changes.first_name, changes.last_name)
    if changes.zone is not None:
        values |= _zone(changes.zone, writing.options)
    if changes.locale:
        values["locale"] = changes.locale
    if changes.confirmed_at is not None:
        values["confirmed_at"] = changes.confirmed_at
    if changes.fields:
        values["fields"] = dict(changes.fields)
    for topic in changes.topics:
        values[_WANTED[topic]] = True
        writing.consents.append(_consent(person.id, topic, line, writing.options, at=at))
    imported_people.change(tx, person.id, values)
    writing.tags.extend(
        ImportedTag(subscriber_id=person.id, name=each, at=at) for each in changes.tags
    )
    if changes.begins:
        writing.begun[person.id] = line.person.address.email
    if changes != Changes():
        writing.touched.append(person.id)


def _names(first_name: str, last_name: str) -> dict[str, Any]:
    is_said = bool(first_name or last_name)
    return {"first_name": first_name, "last_name": last_name} if is_said else {}


def _zone(choice: ZoneChoice, options: ImportOptions) -> dict[str, Any]:
    """Return the zone of somebody: what is no zone is kept as it was given, and the usual used."""
    source = choice.source if choice.name else ZoneSource.DEFAULT
    name = choice.name or options.zone
    return {"zone": name, "zone_source": source, "zone_given": choice.given}


def _consent(
    person_id: UUID,
    topic: Topic,
    line: _Line,
    options: ImportOptions,
    *,
    at: datetime,
    is_given: bool = True,
) -> ImportedConsent:
    return ImportedConsent(
        subscriber_id=person_id,
        topic=topic,
        is_given=is_given,
        wording=options.wording if is_given else "",
        source=SOURCE,
        at=at,
        ip=line.person.ip if is_given else None,
    )


def _begin_runs(tx: Transaction, sequence: SequenceRecord, writing: _Writing) -> None:
    """Put people into a sequence: no welcome is sent, for they have just signed up for nothing.

    What stands before the email that they begin with is settled as skipped, so that the planner
    goes on from there. What counts from a seat stays open: they may take one later.
    """
    version = sequences.read_definition(tx, sequence.live_version_id)
    begun = [
        runs.add(tx, person_id, email, sequence.id, 1) for person_id, email in writing.begun.items()
    ]
    before = _steps_before(version, writing.options.step)
    rows = [
        message_of(_skipped(step, tx.now), run, tx.now)
        for run in (enrollments.load_runs(tx, begun) if before else ())
        for step in before
    ]
    messages.add(tx, rows)


def _steps_before(version: SequenceDefinition, key: str) -> list[Step]:
    keys = [each.key for each in version.steps]
    place = keys.index(key) if key in keys else 0
    return [each for each in version.steps[:place] if timing_for(each, None) is not None]


def _skipped(step: Step, now: datetime) -> PlannedStep:
    return PlannedStep(
        key=step.key,
        kind=step.kind,
        copy=0,
        decision=Decision.SKIP,
        moment=now,
        skip=SkipReason.BEFORE_IMPORT,
        reasons=("they came with an import that begins at a later email",),
    )
