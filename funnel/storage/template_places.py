"""Where each email stands: which step of which sequence it is, or which notice."""

from collections.abc import Iterator
from dataclasses import dataclass

from funnel.domain.message import Notice
from funnel.domain.sequence import SequenceDefinition, StepKind
from funnel.domain.speech import mark, say
from funnel.domain.template_draft import NOTICES
from funnel.storage import drafts, sequences
from funnel.storage.transaction import Transaction

# What people read of the emails that belong to no sequence.
NOTICE_NAMES = {
    Notice.CONFIRM: mark("Confirm the seat"),
    Notice.CONFIRM_AGAIN: mark("Confirm the seat, once more"),
    Notice.WELCOME: mark("Welcome"),
    Notice.SESSION_MOVED: mark("The date has moved"),
    Notice.SESSION_CANCELLED: mark("The date is called off"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One email that there is, or that a step asks for.

    Attributes:
        name: What people read of it.
        sequence_slug: ``None`` for a notice.
        is_live: Whether the live version of its sequence has the step; notices are always live.
    """

    key: str
    name: str
    kind: StepKind
    sequence_slug: str | None
    sequence_title: str = ""
    brand: str = ""
    is_live: bool = True


def find_place(tx: Transaction, key: str) -> Place | None:
    """Return where an email stands; ``None``: no step and no notice asks for it."""
    folder, _, name = key.partition("/")
    if folder == NOTICES:
        return next((each for each in notice_places() if each.key == key), None)
    return next((each for each in places_of(tx, folder) if each.key == f"{folder}/{name}"), None)


def list_places(tx: Transaction) -> list[Place]:
    """Return every email: by sequence, in the order of its steps, and the notices last."""
    slugs = {each.slug: each.title for each in sequences.list_sequences(tx)}
    slugs |= {each.slug: each.definition.title for each in drafts.list_drafts(tx)}
    in_order = sorted(slugs, key=lambda slug: (slugs[slug].casefold(), slug))
    found = [place for slug in in_order for place in places_of(tx, slug)]
    return [*found, *notice_places()]


def places_of(tx: Transaction, slug: str) -> list[Place]:
    """Return the emails of a sequence: of its live steps, then of those only its draft has."""
    live = sequences.find_sequence(tx, slug)
    draft = drafts.find_draft(tx, slug)
    found: dict[str, Place] = {}
    if live is not None:
        definition = sequences.read_definition(tx, live.live_version_id)
        found |= {each.key: each for each in _places(definition, is_live=True)}
    if draft is not None:
        for each in _places(draft.definition, is_live=False):
            found.setdefault(each.key, each)
    return list(found.values())


def notice_places() -> list[Place]:
    """Return the emails that belong to no sequence."""
    return [
        Place(key=f"{NOTICES}/{notice}", name=say(name), kind=StepKind.SERVICE, sequence_slug=None)
        for notice, name in NOTICE_NAMES.items()
    ]


def _places(definition: SequenceDefinition, *, is_live: bool) -> Iterator[Place]:
    for step in definition.steps:
        yield Place(
            key=f"{definition.slug}/{step.key}",
            name=step.known_as,
            kind=step.kind,
            sequence_slug=definition.slug,
            sequence_title=definition.title,
            brand=definition.brand,
            is_live=is_live,
        )
