"""Any sequence that a file could describe, as a strategy."""

from dataclasses import replace
from datetime import time, timedelta

from hypothesis import strategies as st

from funnel.domain.sequence import (
    DEFAULT_GOAL,
    Anchor,
    AnchorKind,
    Condition,
    ConditionKind,
    SequenceDefinition,
    Step,
    StepKind,
    Timing,
    Wait,
)
from funnel.domain.timing import Delay, SendWindow

HOUR = timedelta(hours=1)
WINDOWS = (
    SendWindow(),
    SendWindow(weekdays=frozenset(range(5))),
    SendWindow(weekdays=frozenset({6})),
    SendWindow(opens=time(2), closes=time(2, 30)),
    SendWindow(weekdays=frozenset({1, 3}), opens=time(0), closes=time(23, 59)),
    SendWindow(opens=time(20), closes=time(2)),
    SendWindow(weekdays=frozenset(range(5)), opens=time(23), closes=time(0)),
    SendWindow(weekdays=frozenset({4}), opens=time(8), closes=time(7)),
)
ROOM = (ConditionKind.LEFT_BEFORE, ConditionKind.STAYED_UNTIL)
ATTENDANCE = (
    ConditionKind.ATTENDED,
    ConditionKind.MISSED,
    ConditionKind.ATTENDANCE_UNKNOWN,
    *ROOM,
)
HAPPEN = (
    ConditionKind.CLICKED,
    ConditionKind.TAG,
    ConditionKind.BOOKED,
    ConditionKind.BOUGHT,
    ConditionKind.REPLIED,
)
SIMPLE = (
    ConditionKind.REGISTERED,
    ConditionKind.REPLAY_WATCHED,
    ConditionKind.REPLAY_AVAILABLE,
    ConditionKind.GOAL_REACHED,
)
NAMES = ("book", "Notes")
LIMITS = (Delay(days=2), Delay(elapsed=HOUR), Delay(days=1, elapsed=36 * HOUR))
ENDINGS = (
    Condition(kind=ConditionKind.ATTENDED),
    Condition(kind=ConditionKind.MISSED),
    Condition(kind=ConditionKind.STAYED_UNTIL, elapsed=HOUR),
    Condition(kind=ConditionKind.FIELD, name="company"),
)
UNHURRIED = (
    AnchorKind.SESSION_START,
    AnchorKind.SESSION_END,
    AnchorKind.REPLAY_END,
)


@st.composite
def definitions(draw: st.DrawFn) -> SequenceDefinition:
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 9))):
        steps.append(draw(_steps(f"step-{number}", [each.key for each in steps])))
    return SequenceDefinition(
        slug="any",
        title="Any",
        brand="default",
        steps=tuple(steps),
        days_between_letters=draw(st.integers(1, 4)),
        goal=draw(_endings([each.key for each in steps])),
        exit_if=draw(st.just(()) | st.just(()) | _endings([each.key for each in steps])),
    )


@st.composite
def _endings(draw: st.DrawFn, keys: list[str]) -> tuple[Condition, ...]:
    if draw(st.integers(0, 2)):
        return DEFAULT_GOAL
    return (draw(_happenings(keys) | st.sampled_from(ENDINGS)),)


@st.composite
def _steps(draw: st.DrawFn, key: str, earlier: list[str]) -> Step:
    kind = draw(st.sampled_from(StepKind))
    timing = draw(_timings(earlier))
    without = _timings(earlier).filter(lambda each: not each.anchor.kind.needs_session)
    is_letter = kind is StepKind.LETTER
    window = draw(st.sampled_from(WINDOWS)) if is_letter else None
    service = {} if is_letter else draw(_service_fields(timing, earlier))
    return Step(
        key=key,
        kind=kind,
        timing=timing,
        without_session=draw(st.none() | without),
        window=window,
        conditions=_sensible(draw(_conditions(earlier)), timing),
        one_of=draw(st.sampled_from(["", "", "group"])),
        **service,
    )


@st.composite
def _timings(draw: st.DrawFn, earlier: list[str]) -> Timing:
    named = [each for each in AnchorKind if each not in {AnchorKind.STEP, AnchorKind.FIXED}]
    anchors = [Anchor(kind=each) for each in named]
    anchors += [Anchor(kind=AnchorKind.STEP, step_key=key) for key in earlier]
    anchor = draw(st.sampled_from(anchors))
    days = draw(st.integers(0, 4))
    elapsed = draw(st.integers(1 if anchor.step_key else 0, 30)) * HOUR / 2
    if anchor.kind in UNHURRIED and draw(st.booleans()):
        days, elapsed = -days, -elapsed
    at = draw(st.sampled_from([None, time(9), time(2, 15), time(0)]))
    return Timing(anchor=anchor, delay=Delay(days=days, elapsed=elapsed), at=at)


@st.composite
def _conditions(draw: st.DrawFn, earlier: list[str]) -> tuple[Condition, ...]:
    found = []
    if draw(st.booleans()):
        kind = draw(st.sampled_from(ATTENDANCE))
        elapsed = HOUR if kind in ROOM else timedelta(0)
        found.append(Condition(kind=kind, is_negated=draw(st.booleans()), elapsed=elapsed))
    if draw(st.booleans()):
        kind = draw(st.sampled_from(SIMPLE))
        found.append(Condition(kind=kind, is_negated=draw(st.booleans())))
    if draw(st.booleans()):
        happening = draw(_happenings(earlier))
        found.append(replace(happening, is_negated=draw(st.booleans())))
    return tuple(found)


def _sensible(conditions: tuple[Condition, ...], timing: Timing) -> tuple[Condition, ...]:
    """Before the session nobody has left it, and no limit that counts from it has passed."""
    is_before = timing.delay.days < 0 or timing.delay.elapsed < timedelta(0)
    if timing.anchor.kind is not AnchorKind.SESSION_START or not is_before:
        return conditions
    kept = (each for each in conditions if each.kind not in ROOM)
    return tuple(each if each.step_key else replace(each, limit=None) for each in kept)


@st.composite
def _happenings(draw: st.DrawFn, earlier: list[str]) -> Condition:
    """Something that may happen, perhaps in an email further up, perhaps within a time."""
    kind = draw(st.sampled_from([*HAPPEN, ConditionKind.CLICKED]))
    names = {ConditionKind.TAG: NAMES, ConditionKind.REPLIED: ("",)}
    name = draw(st.sampled_from(names.get(kind, ("", "", *NAMES))))
    step_key = ""
    if kind is ConditionKind.CLICKED and earlier:
        step_key = draw(st.sampled_from(["", *earlier]))
    limit = draw(st.none() | st.sampled_from(LIMITS))
    return Condition(kind=kind, name=name, step_key=step_key, limit=limit)


@st.composite
def _service_fields(draw: st.DrawFn, timing: Timing, earlier: list[str]) -> dict[str, object]:
    wait = Wait(delay=Delay(days=timing.delay.days + draw(st.integers(0, 3))), at=time(9))
    return {
        "grace": draw(st.sampled_from([timedelta(0), HOUR / 6, 2 * HOUR, 20 * HOUR])),
        "wait": draw(st.sampled_from([None, wait])),
        "lead": draw(st.sampled_from([None, 3 * HOUR])),
        "apart_from": tuple((key, 2 * HOUR) for key in earlier[:1] if draw(st.booleans())),
        "repeats_when_moved": timing.anchor.kind is AnchorKind.SESSION_START
        and draw(st.booleans()),
    }
