"""What must hold between the fields of a step, and between steps, before a sequence can run."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.condition_checks import Finding, check_conditions, may_still_come
from funnel.domain.marked_yaml import Fields
from funnel.domain.sequence import AnchorKind, Step, StepKind, Timing
from funnel.domain.speech import say
from funnel.domain.timing import due_at

_NO_TIME = timedelta(0)
_UTC = ZoneInfo("UTC")
_RESERVED = frozenset(each.value for each in AnchorKind)


def check_steps(steps: Sequence[tuple[Step, Fields]], positions: Mapping[str, int]) -> None:
    """Note at their fields all that would keep these steps from running as their author meant.

    Args:
        steps: The steps that could be read, in list order, each with its fields.
        positions: Where each key of the file stands, those of steps that could not be read
            included, so that one mistake is not reported again by every step that counts from it.
    """
    groups = Counter(step.one_of for step, _ in steps if step.one_of)
    counted_from = {step.key: _counted_keys(step) for step, _ in steps}
    named: dict[str, str] = {}
    for step, fields in steps:
        findings = [
            *_key(step),
            *_name(step, named),
            *_anchors(step, positions, counted_from),
            *_delays(step),
            *check_conditions(step, positions),
            *_wait(step),
            *_neighbours(step, positions),
            *_seat_fields(step),
            *_hours(step),
        ]
        if groups[step.one_of] == 1:
            reason = say('nobody else is in the group "{one_of}"', one_of=step.one_of)
            findings.append(_finding("one_of", reason, say("Name a group of two steps or more.")))
        for each in findings:
            fields.wrong(each.name, each.reason, each.remedy, entry=each.entry)


def _finding(name: str, reason: str, remedy: str) -> Finding:
    return Finding(name=name, reason=reason, remedy=remedy)


def _key(step: Step) -> Iterator[Finding]:
    if step.key in _RESERVED:
        yield _finding(
            "key", say('"{key}" is a word of timings', key=step.key), say("Choose another key.")
        )


def _name(step: Step, named: dict[str, str]) -> Iterator[Finding]:
    """Note a name that a step above has as well, however it is spelt."""
    other = named.setdefault(step.known_as.casefold(), step.key)
    if other != step.key:
        reason = say(
            'people could not tell it from "{other}": both are called "{known_as}"',
            other=other,
            known_as=step.known_as,
        )
        # Keys in words always differ, so that one of the two has a name; not always this one.
        field = "name" if step.name else "key"
        yield _finding(field, reason, say("Give one of the two another name."))


def _timings(step: Step) -> Iterator[tuple[str, Timing]]:
    yield "timing", step.timing
    if step.without_session is not None:
        yield "without_session", step.without_session


def _counted_keys(step: Step) -> list[str]:
    return [each.anchor.step_key for _, each in _timings(step) if each.anchor.step_key]


def _anchors(
    step: Step, positions: Mapping[str, int], counted_from: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    for name, timing in _timings(step):
        other = timing.anchor.step_key
        if not other:
            continue
        if other not in positions:
            reason = say('"{other}" is no step of this sequence', other=other)
            yield _finding(name, reason, say("Count from the key of a step above."))
        elif positions[other] >= positions[step.key]:
            circle = _circle(step.key, other, counted_from)
            reason = (
                say("the steps count in a circle: {circle}", circle=circle)
                if circle
                else say('"{other}" comes later', other=other)
            )
            yield _finding(name, reason, say("Count from a step that stands above this one."))
    without = step.without_session
    if without is not None and without.anchor.kind.needs_session:
        reason = say('nobody without a seat has a "{kind}"', kind=without.anchor.kind)
        yield _finding("without_session", reason, say("Count from enrollment or a letter."))


def _circle(start: str, other: str, counted_from: Mapping[str, Sequence[str]]) -> str:
    """Return the way from ``other`` back to ``start`` in words; empty where there is none."""
    ways = [[start, other]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == start:
            return " after ".join(way)
        if way[-1] not in seen:
            seen.add(way[-1])
            ways.extend([*way, each] for each in counted_from.get(way[-1], ()))
    return ""


def _delays(step: Step) -> Iterator[Finding]:
    for name, timing in _timings(step):
        delay, kind = timing.delay, timing.anchor.kind
        is_before = delay.days < 0 or delay.elapsed < _NO_TIME
        if kind.happens_first and is_before:
            reason = say("nobody knows beforehand when {kind} comes", kind=kind)
            if kind is AnchorKind.STEP:
                reason = say("nobody knows beforehand when another step leaves")
            yield _finding(name, reason, 'Write "after".')
        elif kind is AnchorKind.STEP and not delay.days and not delay.elapsed:
            reason = say("two emails would leave at the same moment")
            yield _finding(name, reason, say('Say how long after the other one: "1 h after …".'))


def _wait(step: Step) -> Iterator[Finding]:
    if step.wait is None:
        return
    if not any(may_still_come(each) for each in step.conditions):
        remedy = say("Add only_if: attended, missed or replay available, or delete the wait.")
        yield _finding("wait", say("there is no word to wait for"), remedy)
    if not _ends_after_its_step(step):
        yield _finding(
            "wait", say("the wait is over before it begins"), say("Let it end after the timing.")
        )


def _ends_after_its_step(step: Step) -> bool:
    """Whether the wait ends after the step's moment, for an anchor at some hour of the day."""
    wait = step.wait
    for hour in range(24):
        anchor_at = datetime(2026, 1, 15, hour, tzinfo=UTC)
        timing = step.timing
        begins = due_at(anchor_at, timing.delay, at=timing.at, window=None, zone=_UTC)
        if wait and due_at(anchor_at, wait.delay, at=wait.at, window=None, zone=_UTC) > begins:
            return True
    return False


def _neighbours(step: Step, positions: Mapping[str, int]) -> Iterator[Finding]:
    for key, _ in step.apart_from:
        if key not in positions:
            reason = say('"{key}" is no step of this sequence', key=key)
            yield _finding("apart_from", reason, say("Name the key of a step above."))
        elif positions[key] >= positions[step.key]:
            reason = say('"{key}" does not stand above this step', key=key)
            yield _finding("apart_from", reason, say("Name the key of a step above."))


def _seat_fields(step: Step) -> Iterator[Finding]:
    kind = step.timing.anchor.kind
    if step.lead is not None and kind.happens_first:
        reason = say("a lead is a distance before the session")
        yield _finding("lead", reason, say("Count from session start, or delete the lead."))
    if step.repeats_when_moved and kind is not AnchorKind.SESSION_START:
        reason = say("only what counts from the session's start is planned again for another date")
        yield _finding("repeats_when_moved", reason, say("Count from session start."))


def _hours(step: Step) -> Iterator[Finding]:
    window = step.window
    if window is None or step.kind is not StepKind.LETTER:
        return
    for name, timing in _timings(step):
        if timing.at is not None and not window.contains(timing.at):
            hours = f"{window.opens:%H:%M}-{window.closes:%H:%M}"
            reason = say(
                "{at} lies outside the hours {hours}", at=f"{timing.at:%H:%M}", hours=hours
            )
            yield _finding(name, reason, say("Change the hour, or add hours: with a wider window."))
