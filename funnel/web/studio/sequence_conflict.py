"""Two people changed one card: what was to be saved, beside what stands there by now."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from funnel.domain.speech import mark, say
from funnel.domain.step_form import StepForm, TimingForm

_NAMES: Final = {
    "name": mark("Called"),
    "kind": mark("Kind"),
    "timing": mark("Leaves"),
    "without_session": mark("Without a seat"),
    "weekdays": mark("On"),
    "opens": mark("From"),
    "closes": mark("Until"),
    "only_if": mark("Only if"),
    "skip_if": mark("Skipped if"),
    "late": mark("If late, within"),
    "wait": mark("Waits for a word"),
    "lead": mark("Skipped unless ahead by"),
    "apart_from": mark("Not soon after"),
    "one_of": mark("One of a group"),
    "repeats_when_moved": mark("Sent again for a new date"),
}


def posted_fields(form: StepForm) -> list[tuple[str, str]]:
    """Return the fields that post a card as it is."""
    return list(_posted(form))


def differences(theirs: StepForm, yours: StepForm) -> list[tuple[str, str, str]]:
    """Return what two cards say otherwise: about what, theirs, yours."""
    pairs = ((name, _words(getattr(theirs, name)), _words(getattr(yours, name))) for name in _NAMES)
    return [(say(_NAMES[name]), one, other) for name, one, other in pairs if one != other]


def _posted(form: StepForm) -> Iterator[tuple[str, str]]:
    for each in fields(StepForm):
        value = getattr(form, each.name)
        if isinstance(value, TimingForm):
            for part in fields(TimingForm):
                yield f"{each.name}.{part.name}", getattr(value, part.name)
        elif isinstance(value, tuple):
            yield from ((each.name, item) for item in value)
        elif value is not None:
            yield each.name, value
    if form.without_session is not None:
        yield "without", "yes"


def _words(value: object) -> str:
    if isinstance(value, TimingForm):
        return _timing_words(value)
    if isinstance(value, tuple):
        return ", ".join(each for each in value if each)
    return str(value or "")


def _timing_words(timing: TimingForm) -> str:
    """In the words of the file, which both have before them on the card."""
    units = ((timing.days, "days"), (timing.hours, "h"), (timing.minutes, "min"))
    amount = " ".join(f"{number} {unit}" for number, unit in units if number)
    words = f"{amount} {timing.side} {timing.anchor}" if amount else f"on {timing.anchor}"
    if timing.moment:
        words = f"{words} {timing.moment}"
    return f"{words}, {timing.at}" if timing.at else words
