"""Any sequence that a file could describe, as a strategy."""

from datetime import time, timedelta

from hypothesis import strategies as st

from funnel.domain.sequence import (
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
)
ATTENDANCE = (
    ConditionKind.ATTENDED,
    ConditionKind.MISSED,
    ConditionKind.ATTENDANCE_UNKNOWN,
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
    )


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
        conditions=draw(_conditions()),
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
def _conditions(draw: st.DrawFn) -> tuple[Condition, ...]:
    found = []
    if draw(st.booleans()):
        kind = draw(st.sampled_from(ATTENDANCE))
        found.append(Condition(kind=kind, is_negated=draw(st.booleans())))
    if draw(st.booleans()):
        kind = draw(st.sampled_from([each for each in ConditionKind if each not in ATTENDANCE]))
        found.append(Condition(kind=kind, is_negated=draw(st.booleans())))
    return tuple(found)


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
