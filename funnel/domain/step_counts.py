"""What counts from an email that is taken out, and what it may count from instead."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from funnel.domain.condition_text import condition_text
from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import AnchorKind, SequenceDefinition, Step, Timing
from funnel.domain.sequence_text import house_fields, line_scalar
from funnel.domain.speech import say
from funnel.domain.timing import Delay
from funnel.domain.timing_text import timing_text


@dataclass(frozen=True, slots=True, kw_only=True)
class RecountOffer:
    """An email that counts from one that is to go, and its timing instead.

    Attributes:
        now: Its timing as it is.
        instead: Counted from what the other one counts from, as much later.
    """

    key: str
    name: str
    now: Timing
    instead: Timing


def dependents(definition: SequenceDefinition, gone: Step) -> tuple[RecountOffer, ...]:
    """Return the emails whose timing counts from ``gone``, in list order."""
    return tuple(
        RecountOffer(
            key=each.key,
            name=each.known_as,
            now=timing,
            instead=_instead(timing, gone.without_session or gone.timing)
            if timing is each.without_session
            else _instead(timing, gone.timing),
        )
        for each in definition.steps
        if (timing := _counting(each, gone)) is not None
    )


def recounted(
    definition: SequenceDefinition, gone: Step
) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Yield the steps that name ``gone``, each with the fields that no longer do.

    Raises:
        InvalidInputError: A condition asks what happened in ``gone``.
    """
    for step in definition.steps:
        asked = next((each for each in step.conditions if each.step_key == gone.key), None)
        if asked is not None:
            name, words = step.known_as, condition_text(asked)
            raise InvalidInputError(
                say("“{name}” asks about it: {words}", name=name, words=words),
                field="remove",
                remedy=say("Take that condition out of “{name}” first.", name=name),
            )
        changes = {**_timings(step, gone), **_apart(step, gone), **_group(definition, step, gone)}
        if changes and step is not gone:
            yield step.key, changes
    ending = next(
        (each for each in (*definition.goal, *definition.exit_if) if each.step_key == gone.key),
        None,
    )
    if ending is not None:
        raise InvalidInputError(
            say("The sequence's goal or end asks about it: {words}", words=condition_text(ending)),
            field="remove",
            remedy=say("Change the goal or the end first."),
        )


def _counting(step: Step, gone: Step) -> Timing | None:
    for timing in (step.timing, step.without_session):
        if timing is not None and timing.anchor.step_key == gone.key:
            return timing
    return None


def _instead(timing: Timing, gone: Timing) -> Timing:
    """Return a timing from another's anchor: after both delays, where they go the same way."""
    days = timing.delay.days + gone.delay.days
    elapsed = timing.delay.elapsed + gone.delay.elapsed
    delay = Delay(days=days, elapsed=elapsed)
    is_back = gone.delay.days < 0 or gone.delay.elapsed < timedelta(0)
    return Timing(
        anchor=gone.anchor, delay=timing.delay if is_back else delay, at=timing.at or gone.at
    )


def _timings(step: Step, gone: Step) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    without = step.without_session
    if step.timing.anchor.step_key == gone.key:
        changes["timing"] = line_scalar(timing_text(_instead(step.timing, gone.timing)))
        if without is None and gone.without_session is not None:
            instead = _instead(step.timing, gone.without_session)
            changes["without_session"] = line_scalar(timing_text(instead))
    if without is not None and without.anchor.step_key == gone.key:
        basis = gone.without_session or gone.timing
        is_for_them = not basis.anchor.kind.needs_session
        instead = _instead(without, basis)
        changes["without_session"] = line_scalar(timing_text(instead)) if is_for_them else None
    return changes


def _apart(step: Step, gone: Step) -> dict[str, str | None]:
    kept = tuple(each for each in step.apart_from if each[0] != gone.key)
    if kept == step.apart_from:
        return {}
    return {"apart_from": dict(house_fields(replace(step, apart_from=kept))).get("apart_from")}


def _group(definition: SequenceDefinition, step: Step, gone: Step) -> dict[str, str | None]:
    """A group of one is no group."""
    if not gone.one_of or step.one_of != gone.one_of:
        return {}
    left = [each for each in definition.steps if each.one_of == gone.one_of and each is not gone]
    return {"one_of": None} if len(left) == 1 else {}


def root_anchor(definition: SequenceDefinition, step: Step) -> AnchorKind:
    """Return what an email counts from in the end, through all the emails between."""
    known = {each.key: each for each in definition.steps}
    anchor = step.timing.anchor
    while anchor.kind is AnchorKind.STEP and anchor.step_key in known:
        anchor = known[anchor.step_key].timing.anchor
    return anchor.kind
