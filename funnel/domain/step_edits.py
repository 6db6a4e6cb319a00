"""What a page does to a sequence's text: change an email, add, copy, move or take one out."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import SequenceDefinition, Step, StepKind, key_in_words
from funnel.domain.sequence_source import (
    SequenceSource,
    edit_block,
    read_source,
    write_anew,
)
from funnel.domain.sequence_text import house_fields, scalar, sequence_text, step_lines
from funnel.domain.speech import say
from funnel.domain.step_counts import RecountOffer, dependents, recounted
from funnel.domain.step_file import STEP_FIELDS
from funnel.domain.step_form import StepForm, TimingForm, changed_fields, yaml_fields
from funnel.domain.timing_text import LONGEST_KEY

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftText:
    """A sequence's text and what it says."""

    source: str
    definition: SequenceDefinition

    @property
    def pieces(self) -> SequenceSource:
        """The text in pieces; a file whose steps are not one to a line is written anew."""
        found = read_source(self.source)
        if found is None:
            found = read_source(write_anew(self.source, sequence_text(self.definition)))
        if found is None or len(found.blocks) != len(self.definition.steps):
            raise InvalidInputError(
                say("the text of this sequence cannot be edited email by email"),
                remedy=say("Edit it as a file: export it, change it, and bring it back."),
            )
        return found

    def position(self, key: str) -> int:
        """Return where a step stands.

        Raises:
            InvalidInputError: It is not in the sequence.
        """
        for position, step in enumerate(self.definition.steps):
            if step.key == key:
                return position
        raise InvalidInputError(
            say("“{name}” is not in this sequence any more", name=key_in_words(key)),
            remedy=say("Look at the list once more: somebody has changed it."),
        )


class StillCountedError(InvalidInputError):
    """An email cannot be taken out alone: others count from it.

    Attributes:
        offers: Each of them, with what it would count from instead.
    """

    def __init__(self, name: str, offers: tuple[RecountOffer, ...]) -> None:
        self.offers = offers
        others = ", ".join(f"“{each.name}”" for each in offers)
        super().__init__(
            say("These count from “{name}”: {others}", name=name, others=others),
            field="remove",
            remedy=say("Let them count from what “{name}” counts from, or change them.", name=name),
        )


def edit_step(text: DraftText, key: str, form: StepForm) -> str:
    """Return the text with the fields of one card changed.

    Raises:
        StepFormError: A field of the card is none; all else is found when the text is read.
        InvalidInputError: No such step.
    """
    position = text.position(key)
    changes = changed_fields(text.definition.steps[position], form)
    return _with_fields(text.pieces, position, changes).text


def add_step(text: DraftText, form: StepForm, after: str | None) -> tuple[str, str]:
    """Return the text with a new email, and its key.

    Args:
        text: As it is.
        form: The card; its key, or one made of its name.
        after: The step below which it stands; ``None``: it is the first.

    Raises:
        StepFormError: See ``edit_step``.
        InvalidInputError: There is no step ``after``.
    """
    position = 0 if after is None else text.position(after) + 1
    taken = {each.key for each in text.definition.steps}
    key = form.key.strip() or _free_key(form.name, taken)
    fields = {"key": scalar(key), **yaml_fields(form)}
    return _inserted(text, position, fields), key


def duplicate_step(text: DraftText, key: str) -> tuple[str, str]:
    """Return the text with a copy of an email below it, which counts as that one does; and its key.

    Raises:
        InvalidInputError: No such step.
    """
    position = text.position(key)
    step = text.definition.steps[position]
    taken = {each.key for each in text.definition.steps}
    copied = _free_key(f"{step.key}-copy"[:LONGEST_KEY], taken)
    names = {each.known_as.casefold() for each in text.definition.steps}
    name = _free_name(say("{name}, copy", name=step.known_as), names)
    fields = {**dict(house_fields(step)), "key": copied, "name": scalar(name)}
    return _inserted(text, position + 1, fields), copied


def place_step(text: DraftText, key: str, position: int) -> str:
    """Return the text with a step at another place of the list, counted from 0.

    Raises:
        InvalidInputError: No such step, or something would count from what stands below it.
    """
    now = text.position(key)
    position = min(max(position, 0), len(text.definition.steps) - 1)
    order = list(text.definition.steps)
    order.insert(position, order.pop(now))
    _refuse_forward(text.definition, order)
    return text.source if now == position else text.pieces.moved(now, position).text


def remove_step(text: DraftText, key: str, *, recount: bool) -> str:
    """Return the text without a step.

    Args:
        text: As it is.
        key: The step.
        recount: Whoever counts from it counts from its own anchor instead, as much later.

    Raises:
        StillCountedError: Others count from it, and they are not to be counted anew.
        InvalidInputError: No such step, it is the only one, or a condition asks about it.
    """
    position = text.position(key)
    step = text.definition.steps[position]
    if len(text.definition.steps) == 1:
        raise InvalidInputError(
            say("“{name}” is the only email", name=step.known_as),
            remedy=say("Add another one first."),
        )
    offers = dependents(text.definition, step)
    if offers and not recount:
        raise StillCountedError(step.known_as, offers)
    pieces = text.pieces
    for other, changes in recounted(text.definition, step):
        pieces = _with_fields(pieces, text.position(other), changes)
    return pieces.removed(position).text


def _with_fields(
    pieces: SequenceSource, position: int, changes: Mapping[str, str | None]
) -> SequenceSource:
    if not changes:
        return pieces
    block = edit_block(pieces.blocks[position], changes, STEP_FIELDS)
    return pieces.with_block(position, block)


def _inserted(text: DraftText, position: int, fields: Mapping[str, str | None]) -> str:
    pieces = text.pieces
    given = ((name, value) for name in STEP_FIELDS if (value := fields.get(name)) is not None)
    return pieces.inserted(position, step_lines(given, indent=pieces.indent) + "\n").text


def _refuse_forward(definition: SequenceDefinition, order: list[Step]) -> None:
    above: set[str] = set()
    keys = {each.key for each in order}
    for step in order:
        below = next((key for key in named_keys(step) if key in keys - above), None)
        if below is not None:
            name, other = step.known_as, definition.name_of(below)
            raise InvalidInputError(
                say("“{name}” needs “{other}”, which would stand below it", name=name, other=other),
                field="position",
                remedy=say("Move “{other}” above “{name}” first.", name=name, other=other),
            )
        above.add(step.key)


def named_keys(step: Step) -> Iterator[str]:
    """Yield the keys of the steps that a step counts from, keeps apart from, or asks about."""
    for timing in (step.timing, step.without_session):
        if timing is not None and timing.anchor.step_key:
            yield timing.anchor.step_key
    yield from (key for key, _ in step.apart_from)
    yield from (each.step_key for each in step.conditions if each.step_key)


def _free_key(name: str, taken: set[str]) -> str:
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain)[: LONGEST_KEY - 4].strip("-") or "email"
    return _numbered(lambda number: f"{stem}-{number}" if number > 1 else stem, taken)


def _free_name(name: str, taken: set[str]) -> str:
    short = name[: _LONGEST_NAME - 4].strip()
    return _numbered(
        lambda number: f"{short} {number}" if number > 1 else short, taken, fold=str.casefold
    )


def _numbered(
    word: Callable[[int], str], taken: set[str], *, fold: Callable[[str], str] = str
) -> str:
    number = 1
    while fold(word(number)) in taken:
        number += 1
    return word(number)


def new_letter(name: str, after: Step | None) -> StepForm:
    """Return the card of a letter that is to be added: two days after the one above it."""
    timing = TimingForm(days="1", at="09:00")
    if after is not None:
        timing = TimingForm(anchor=after.key, days="2", at="09:00")
    return StepForm(name=name, kind=StepKind.LETTER, timing=timing)
