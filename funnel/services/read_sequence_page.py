"""A sequence as its page shows it: every email in words, the draft beside what is live, numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from funnel.domain.draft_changes import StepPair, StepState, pair_steps
from funnel.domain.errors import NotFoundError
from funnel.domain.sequence import SequenceDefinition, Step, StepKind
from funnel.domain.sequence_settings import SequenceForm, settings_of
from funnel.domain.speech import say
from funnel.domain.step_form import StepForm, form_of
from funnel.domain.step_words import (
    SequencePart,
    also_words,
    for_whom,
    late_words,
    part_of,
    when_words,
    without_seat_words,
)
from funnel.storage import brands, drafts, sequences, step_figures
from funnel.storage.drafts import Draft
from funnel.storage.sequences import SequenceRecord
from funnel.storage.step_figures import StepSums, TextState
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWas:
    """What is live of an email that the draft has otherwise; a part that is the same is ""."""

    name: str = ""
    timing: str = ""
    without_session: str = ""
    conditions: tuple[str, ...] = ()
    late: str = ""
    position: int | None = None
    form: StepForm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One email of the list.

    Attributes:
        part: The heading that it stands under.
        timing: When it leaves, in words.
        without_session: When it leaves for somebody without a seat, in words; "" alike for all.
        conditions: To whom, one phrase each; none: everybody who wants such emails.
        late: What becomes of it if it could not leave at its moment.
        also: The rest of what holds for it, one phrase each.
        state: How the draft has it beside what is live; ``SAME`` where there is no draft.
        was: What is live of it, where the draft differs.
        form: Its card, filled in.
        waiting: People in the sequence who have it ahead of them.
        sent: Emails that left; copies for another date count each.
        unknown: Handed over without an answer, held for a person.
        template_key: The text's.
        template: How the text stands; ``None``: nobody has written it.
    """

    key: str
    name: str
    kind: StepKind
    part: SequencePart
    timing: str
    without_session: str
    conditions: tuple[str, ...]
    late: str
    also: tuple[str, ...]
    state: StepState
    was: StepWas | None
    form: StepForm
    position: int | None
    waiting: int
    sent: int
    skipped: int
    failed: int
    unknown: int
    template_key: str
    template: TextState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencePage:
    """What the page shows.

    Attributes:
        live_number: The version that is live; ``None``: the sequence is a draft alone.
        live_at: When it went live, real time.
        draft_by: Who saved the draft; "": there is none.
        seen: What an edit of this page gives as ``seen``.
        base_number: The version that the draft was begun from.
        is_outdated: Another version went live since the draft was begun.
        differs: The draft says something else than what is live.
        people: Who is in the sequence.
        steps: The emails of the draft (of what is live without one), removed ones among them.
        settings: What holds for the whole sequence, as a form.
        needs: What keeps the draft from being published, a sentence each.
    """

    slug: str
    title: str
    live_number: int | None
    live_at: datetime | None
    draft_by: str
    draft_at: datetime | None
    seen: str
    base_number: int | None
    is_outdated: bool
    differs: bool
    people: int
    steps: tuple[StepLine, ...]
    settings: SequenceForm
    now: datetime
    needs: tuple[str, ...] = field(default=())


def read_sequence_page(slug: str, transactions: Transactions) -> SequencePage:
    """Return a sequence for its page; nothing is written, and no table of people is read whole.

    Raises:
        NotFoundError: There is neither a live version nor a draft.
    """
    with transactions.begin_reading() as tx:
        live = sequences.find_sequence(tx, slug)
        draft = drafts.find_draft(tx, slug)
        if live is None and draft is None:
            raise NotFoundError(say("There is no sequence “{slug}”", slug=slug))
        return _page(tx, slug, live, draft)


def _page(
    tx: Transaction, slug: str, live: SequenceRecord | None, draft: Draft | None
) -> SequencePage:
    live_definition = None if live is None else sequences.read_definition(tx, live.live_version_id)
    shown = draft.definition if draft is not None else live_definition
    if shown is None:
        raise NotFoundError(say("There is no sequence “{slug}”", slug=slug))
    pairs = pair_steps(shown, live_definition)
    figures = _figures(tx, live, slug, [each.step.key for each in pairs])
    base_id = None if draft is None else draft.base_version_id
    live_id = None if live is None else live.live_version_id
    return SequencePage(
        slug=slug,
        title=shown.title,
        live_number=None if live is None else live.number,
        live_at=None if live_id is None else sequences.published_at(tx, live_id),
        draft_by="" if draft is None else draft.updated_by,
        draft_at=None if draft is None else draft.updated_at,
        seen="" if draft is None else draft.checksum,
        base_number=None if base_id is None else sequences.version_number(tx, base_id),
        is_outdated=draft is not None and base_id != live_id,
        differs=draft is not None and draft.definition != live_definition,
        people=sum(figures.on_version.values()),
        steps=tuple(_line(each, shown, live_definition, slug, figures) for each in pairs),
        settings=settings_of(shown),
        now=tx.now,
        needs=_needs(tx, shown, figures) if draft is not None else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """All numbers of the page; ``on_version``: who is in the sequence, by their version."""

    sums: Mapping[str, StepSums]
    on_version: Mapping[UUID, int]
    keys_of: Mapping[UUID, frozenset[str]]
    texts: Mapping[str, TextState]

    def waiting(self, key: str) -> int:
        """Return how many have this email in their version and not behind them."""
        has_it = sum(
            people for version, people in self.on_version.items() if key in self.keys_of[version]
        )
        return max(has_it - self.sums.get(key, StepSums()).passed, 0)


def _figures(
    tx: Transaction, live: SequenceRecord | None, slug: str, keys: Sequence[str]
) -> _Figures:
    on_version = {} if live is None else step_figures.count_by_version(tx, live.id)
    return _Figures(
        sums={} if live is None else step_figures.read_sums(tx, live.id),
        on_version=on_version,
        keys_of={
            version: frozenset(step.key for step in sequences.read_definition(tx, version).steps)
            for version in on_version
        },
        texts=step_figures.text_states(tx, [f"{slug}/{key}" for key in keys]),
    )


def _line(
    pair: StepPair,
    shown: SequenceDefinition,
    live: SequenceDefinition | None,
    slug: str,
    figures: _Figures,
) -> StepLine:
    step = pair.step
    version = live if pair.state is StepState.REMOVED and live is not None else shown
    sums = figures.sums.get(step.key, StepSums())
    return StepLine(
        key=step.key,
        name=step.known_as,
        kind=step.kind,
        part=part_of(step, version),
        timing=when_words(step, version),
        without_session=without_seat_words(step, version),
        conditions=for_whom(step, version),
        late=late_words(step),
        also=also_words(step, version),
        state=pair.state,
        was=_was(pair, shown, live),
        form=form_of(step),
        position=pair.position,
        waiting=figures.waiting(step.key),
        sent=sums.sent,
        skipped=sums.skipped,
        failed=sums.failed,
        unknown=sums.unknown,
        template_key=f"{slug}/{step.key}",
        template=figures.texts.get(f"{slug}/{step.key}"),
    )


def _was(
    pair: StepPair, shown: SequenceDefinition, live: SequenceDefinition | None
) -> StepWas | None:
    was, now = pair.was, pair.step
    if was is None or live is None or pair.state not in (StepState.CHANGED, StepState.MOVED):
        return None
    return StepWas(
        name=_differing(was.known_as, now.known_as),
        timing=_differing(when_words(was, live), when_words(now, shown)),
        without_session=_differing(without_seat_words(was, live), without_seat_words(now, shown)),
        conditions=() if was.conditions == now.conditions else _conditions(was, live),
        late=_differing(late_words(was), late_words(now)),
        position=pair.was_position if pair.was_position != pair.position else None,
        form=form_of(was),
    )


def _conditions(was: Step, live: SequenceDefinition) -> tuple[str, ...]:
    return for_whom(was, live) or (say("to everybody"),)


def _differing(was: str, now: str) -> str:
    if was == now:
        return ""
    return was or say("nothing")


def _needs(tx: Transaction, definition: SequenceDefinition, figures: _Figures) -> tuple[str, ...]:
    found = []
    for step in definition.steps:
        text = figures.texts.get(f"{definition.slug}/{step.key}")
        if text is None or text.live_number is None:
            name = step.known_as
            found.append(
                say("“{name}” has no text yet: write it and publish it.", name=name)
                if text is None
                else say("The text of “{name}” is not published yet.", name=name)
            )
    if brands.find_brand_id(tx, definition.brand) is None:
        found.append(say("There is no brand “{name}”: choose another.", name=definition.brand))
    return tuple(found)
