"""Render a text for everybody who is still to get it: strictly, with their own data, unsent.

Few people are looked at while somebody waits, many by a worker: it adds batch after batch (see
``continue_checks``), and what it found is good for some minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from funnel.domain.publish_check import LOOKED_AT_ONCE, NEWCOMERS, CheckKind, PublishCheck, Question
from funnel.domain.speech import number, say_many
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.confinement import Failure, Tried
from funnel.rendering.empty_values import empty_finding
from funnel.rendering.errors import TemplateError
from funnel.rendering.finding import Finding
from funnel.services.count_affected import dates_said, find_answer, fingerprint_of
from funnel.services.preview_template import Previewing
from funnel.services.read_reader import EmailDesk, ReaderData
from funnel.storage import checks, template_readers
from funnel.storage.merge_data import MergeData
from funnel.storage.transaction import Transaction

_PEOPLE_AT_ONCE = 100
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFailure:
    """Somebody (or several) who is to get the email and for whom it cannot be rendered.

    Attributes:
        subscriber_id: The first of them, and their ``name`` or address.
        variable: The value that they lack; empty where the error names none.
        people: How many they are.
    """

    subscriber_id: UUID
    name: str
    variable: str
    reason: str
    people: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyValue:
    """A value that is printed for some though they have none: the first of them, and how many."""

    name: str
    people: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAsked:
    """A text that would be published.

    Attributes:
        number: The former version that it is; ``None``: the draft.
    """

    key: str
    source: str
    compiled: CompiledTemplate
    number: int | None = None


def check_readers(text: TextAsked, previewing: Previewing) -> "ReadersLooked":
    """Return for how many people a text was rendered, for whom it cannot be, and what they lack.

    Where a worker has just looked at everybody, that counts, and only who came since is looked at.

    Raises:
        NotFoundError: There is no such email.
        TemplateError: Rendering was stopped.
    """
    looked = ReadersLooked(text=text, previewing=previewing)
    if not looked.take_answer():
        after = looked.next(None)
        while after is not None:
            after = looked.next(after)
    return looked


def ask_readers(text: TextAsked, previewing: Previewing, *, by: str) -> PublishCheck | None:
    """Return the look at everybody that a publish has to wait for; it is asked for, if nobody has.

    Returns:
        ``None`` where nothing has to be waited for: few are concerned, or it has been made.

    Raises:
        NotFoundError: There is no such email.
    """
    with previewing.transactions.begin_reading() as tx:
        desk = EmailDesk.open(tx, text.key)
        if desk.sequence is None or desk.place.sequence_slug is None:
            return None
        # Counted only so far: who has had it is looked up for each of them.
        some = template_readers.next_without(
            tx, desk.sequence.id, desk.step_key, after=None, limit=LOOKED_AT_ONCE
        )
        if len(some) < LOOKED_AT_ONCE:
            return None
        question = question_of(tx, text)
        found = find_answer(tx, question, desk.sequence.slug)
        if found is not None:
            return found if found.is_running else None
        total = template_readers.count_without(tx, desk.sequence.id, desk.step_key)
    with previewing.transactions.begin() as tx:
        return checks.begin(tx, question, total=total, by=by)


def question_of(tx: Transaction, text: TextAsked) -> Question:
    """Return what is asked, with all that the answer depends on but the people.

    Raises:
        NotFoundError: There is no such email.
    """
    desk = EmailDesk.open(tx, text.key)
    live = None if desk.sequence is None else desk.sequence.live_version_id
    slug = desk.place.sequence_slug or ""
    return Question(
        kind=CheckKind.TEMPLATE,
        target=text.key,
        number=text.number,
        fingerprint=fingerprint_of(text.source, live, desk.brand, dates_said(tx, slug)),
    )


@dataclass(slots=True, kw_only=True)
class ReadersLooked:
    """What was found of the people who were looked at so far.

    Attributes:
        people: For how many it was rendered.
        looked_at: How many were looked at by the last call: those too whose plan does not send it.
        empties: By the value's name, what is printed though somebody has none.
    """

    text: TextAsked
    previewing: Previewing
    people: int = 0
    looked_at: int = 0
    failures: dict[str, TemplateFailure] = field(default_factory=dict)
    empties: dict[str, EmptyValue] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is printed for people who have no such value, and for how many."""
        found = (
            empty_finding(variable, self.text.source, who=self._who(each))
            for variable, each in sorted(self.empties.items())
        )
        return tuple(each for each in found if each is not None)

    def _who(self, empty: EmptyValue) -> str:
        return say_many(
            "{name}, one of {people} who are to get it",
            "{name} and others: {count} of {people} who are to get it",
            empty.people,
            name=empty.name,
            people=number(self.people),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what was found so far, for ``go_on``."""
        failures = [asdict(each) for each in self.failures.values()]
        return {
            "people": self.people,
            "failures": [
                {**each, "subscriber_id": str(each["subscriber_id"])} for each in failures
            ],
            "empties": {name: asdict(each) for name, each in self.empties.items()},
        }

    def go_on(self, found: Mapping[str, Any]) -> None:
        """Begin with what was found before; an empty mapping: nobody was looked at."""
        if not found:
            return
        self.people = found["people"]
        for kept in found["failures"]:
            failure = TemplateFailure(**{**kept, "subscriber_id": UUID(kept["subscriber_id"])})
            self.failures[failure.reason] = failure
        for variable, kept in found.get("empties", {}).items():
            self.empties[variable] = EmptyValue(**kept)

    def take_answer(self) -> bool:
        """Take what a worker found, and look at who came since; ``False``: there is none.

        Raises:
            NotFoundError: There is no such email.
            TemplateError: Rendering was stopped.
        """
        with self.previewing.transactions.begin_reading() as tx:
            desk = EmailDesk.open(tx, self.text.key)
            slug = desk.place.sequence_slug
            if slug is None:
                return False
            found = find_answer(tx, question_of(tx, self.text), slug)
            if found is None or found.is_running:
                return False
            came = list(checks.entered_since(tx, slug, found.began_at, limit=NEWCOMERS))
        stopped = found.result.get("stopped")
        if stopped:
            raise TemplateError(
                stopped["reason"], name=self.text.key, line=None, remedy=stopped["remedy"]
            )
        self.go_on(found.result)
        for start in range(0, len(came), _PEOPLE_AT_ONCE):
            self._look(came[start : start + _PEOPLE_AT_ONCE])
        return True

    def next(self, after: UUID | None) -> UUID | None:
        """Render for the next people behind a run; return the last one, ``None``: all are done."""
        with self.previewing.transactions.begin_reading() as tx:
            desk = EmailDesk.open(tx, self.text.key)
            if desk.sequence is None or desk.place.sequence_slug is None:
                self.looked_at = 0
                return None  # notices have no one waiting for them
            run_ids = template_readers.next_without(
                tx, desk.sequence.id, desk.step_key, after=after, limit=_PEOPLE_AT_ONCE
            )
        self._look(run_ids)
        return run_ids[-1] if len(run_ids) == _PEOPLE_AT_ONCE else None

    def _look(self, run_ids: list[UUID]) -> None:
        self.looked_at = len(run_ids)
        if not run_ids:
            return
        with self.previewing.transactions.begin_reading() as tx:
            desk = EmailDesk.open(tx, self.text.key)
            readers = list(desk.of_runs(run_ids, only_due=True))
            names = template_readers.names_of(tx, run_ids)
        # Rendered when the connection is given back: another process takes its time.
        self._try(readers, names)

    def _try(self, readers: Sequence[ReaderData], names: Mapping[UUID, str]) -> None:
        self.people += len(readers)
        contexts = [each.context(self.previewing.builder) for each in readers]
        if not contexts:
            return
        tried = self.previewing.confinement.try_compiled(
            self.text.compiled, name=self.text.key, others=contexts
        )
        for failure in tried.failures:
            data = readers[failure.index].data
            self._note(failure, data, names.get(data.enrollment_id or data.subscriber_id, ""))
        self._note_empty(tried, readers, names)

    def _note_empty(
        self, tried: Tried, readers: Sequence[ReaderData], names: Mapping[UUID, str]
    ) -> None:
        for each in tried.empties:
            data = readers[each.index].data
            name = names.get(data.enrollment_id or data.subscriber_id, "")
            known = self.empties.get(each.variable, EmptyValue(name=name, people=0))
            self.empties[each.variable] = replace(known, people=known.people + 1)

    def _note(self, failure: Failure, data: MergeData, name: str) -> None:
        known = self.failures.get(failure.reason)
        if known is not None:
            self.failures[failure.reason] = replace(known, people=known.people + 1)
        elif len(self.failures) < _SHOWN:
            self.failures[failure.reason] = TemplateFailure(
                subscriber_id=data.subscriber_id,
                name=name,
                variable=failure.variable,
                reason=failure.reason,
            )
