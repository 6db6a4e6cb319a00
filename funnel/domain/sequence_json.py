"""A sequence definition as plain values, for the row of its version, and back without loss."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import (
    DEFAULT_GOAL,
    Anchor,
    AnchorKind,
    Condition,
    ConditionKind,
    RunPolicy,
    SequenceDefinition,
    Step,
    StepKind,
    Timing,
    UnknownPolicy,
    Wait,
)
from funnel.domain.timing import Delay, SendWindow

# Counted up when the form changes; what reads rows then reads every form that was ever stored.
_FORM = 2
# Form 1 knew no goal, no end, no opens, and of a condition its kind only. What says none of that
# is still written in it, so that a program from before reads it, and nothing has changed.
_FIRST_FORM = 1
_MICROSECOND = timedelta(microseconds=1)

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def definition_to_json(definition: SequenceDefinition) -> dict[str, Any]:
    """Return the definition as values that JSON knows; durations are whole microseconds."""
    endings = _endings_to_json(definition)
    asked = [each for step in definition.steps for each in step.conditions]
    is_plain = not endings and all(_is_plain(each) for each in asked)
    return {
        "form": _FIRST_FORM if is_plain else _FORM,
        "slug": definition.slug,
        "title": definition.title,
        "brand": definition.brand,
        "runs": definition.runs.value,
        "on_unknown": definition.on_unknown.value,
        "days_between_letters": definition.days_between_letters,
        "blackout_dates": sorted(each.isoformat() for each in definition.blackout_dates),
        **endings,
        "steps": [_step_to_json(each) for each in definition.steps],
    }


def _endings_to_json(definition: SequenceDefinition) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if definition.goal != DEFAULT_GOAL:
        found["goal"] = [_condition_to_json(each) for each in definition.goal]
    if definition.exit_if:
        found["exit_if"] = [_condition_to_json(each) for each in definition.exit_if]
    if definition.tracks_opens:
        found["tracks_opens"] = True
    return found


def definition_from_json(stored: Mapping[str, Any]) -> SequenceDefinition:
    """Return the definition that ``definition_to_json`` gave these values for.

    Raises:
        InvalidInputError: They are not such values, or of a form that this version does not know.
    """
    try:
        if stored["form"] not in (_FIRST_FORM, _FORM):
            raise InvalidInputError(
                f"a stored sequence of form {stored['form']} is not known here",
                remedy="Run the version that stored it, or a later one.",
            )
        return _definition(stored)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError(f"not a stored sequence: {error!r}") from error


def _definition(stored: Mapping[str, Any]) -> SequenceDefinition:
    return SequenceDefinition(
        slug=stored["slug"],
        title=stored["title"],
        brand=stored["brand"],
        runs=RunPolicy(stored["runs"]),
        on_unknown=UnknownPolicy(stored["on_unknown"]),
        days_between_letters=stored["days_between_letters"],
        blackout_dates=frozenset(date.fromisoformat(each) for each in stored["blackout_dates"]),
        steps=tuple(_step(each) for each in stored["steps"]),
        goal=_conditions(stored["goal"]) if "goal" in stored else DEFAULT_GOAL,
        exit_if=_conditions(stored.get("exit_if", ())),
        tracks_opens=stored.get("tracks_opens", False),
    )


def _step_to_json(step: Step) -> dict[str, Any]:
    return {
        "key": step.key,
        # Only where there is one: what has none is stored as it always was.
        **({"name": step.name} if step.name else {}),
        "kind": step.kind.value,
        "timing": _timing_to_json(step.timing),
        "without_session": _optional(_timing_to_json, step.without_session),
        "window": _optional(_window_to_json, step.window),
        "grace": _duration_to_json(step.grace),
        "conditions": [_condition_to_json(each) for each in step.conditions],
        "wait": _optional(_wait_to_json, step.wait),
        "lead": _optional(_duration_to_json, step.lead),
        "apart_from": [[key, _duration_to_json(gap)] for key, gap in step.apart_from],
        "one_of": step.one_of,
        "repeats_when_moved": step.repeats_when_moved,
    }


def _step(stored: Mapping[str, Any]) -> Step:
    return Step(
        key=stored["key"],
        name=stored.get("name", ""),
        kind=StepKind(stored["kind"]),
        timing=_timing(stored["timing"]),
        without_session=_optional(_timing, stored["without_session"]),
        window=_optional(_window, stored["window"]),
        grace=_duration(stored["grace"]),
        conditions=_conditions(stored["conditions"]),
        wait=_optional(_wait, stored["wait"]),
        lead=_optional(_duration, stored["lead"]),
        apart_from=tuple((key, _duration(gap)) for key, gap in stored["apart_from"]),
        one_of=stored["one_of"],
        repeats_when_moved=stored["repeats_when_moved"],
    )


def _timing_to_json(timing: Timing) -> dict[str, Any]:
    anchor = timing.anchor
    return {
        "anchor": anchor.kind.value,
        "step_key": anchor.step_key,
        "fixed_at": _optional(_moment_to_json, anchor.fixed_at),
        "delay": _delay_to_json(timing.delay),
        "at": _optional(time.isoformat, timing.at),
    }


def _timing(stored: Mapping[str, Any]) -> Timing:
    return Timing(
        anchor=Anchor(
            kind=AnchorKind(stored["anchor"]),
            step_key=stored["step_key"],
            fixed_at=_optional(datetime.fromisoformat, stored["fixed_at"]),
        ),
        delay=_delay(stored["delay"]),
        at=_optional(time.fromisoformat, stored["at"]),
    )


def _wait_to_json(wait: Wait) -> dict[str, Any]:
    return {"delay": _delay_to_json(wait.delay), "at": _optional(time.isoformat, wait.at)}


def _wait(stored: Mapping[str, Any]) -> Wait:
    return Wait(delay=_delay(stored["delay"]), at=_optional(time.fromisoformat, stored["at"]))


def _window_to_json(window: SendWindow) -> dict[str, Any]:
    return {
        "weekdays": sorted(window.weekdays),
        "opens": window.opens.isoformat(),
        "closes": window.closes.isoformat(),
    }


def _window(stored: Mapping[str, Any]) -> SendWindow:
    return SendWindow(
        weekdays=frozenset(stored["weekdays"]),
        opens=time.fromisoformat(stored["opens"]),
        closes=time.fromisoformat(stored["closes"]),
    )


def _is_plain(condition: Condition) -> bool:
    return condition == Condition(kind=condition.kind, is_negated=condition.is_negated)


def _condition_to_json(condition: Condition) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": condition.kind.value, "is_negated": condition.is_negated}
    texts = ("name", "value", "step_key")
    said |= {each: getattr(condition, each) for each in texts if getattr(condition, each)}
    if condition.elapsed:
        said["elapsed"] = _duration_to_json(condition.elapsed)
    if condition.limit is not None:
        said["limit"] = _delay_to_json(condition.limit)
    return said


def _conditions(stored: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    return tuple(_condition(each) for each in stored)


def _condition(stored: Mapping[str, Any]) -> Condition:
    return Condition(
        kind=ConditionKind(stored["kind"]),
        is_negated=stored["is_negated"],
        name=stored.get("name", ""),
        value=stored.get("value", ""),
        step_key=stored.get("step_key", ""),
        elapsed=_duration(stored.get("elapsed", 0)),
        limit=_optional(_delay, stored.get("limit")),
    )


def _delay_to_json(delay: Delay) -> dict[str, Any]:
    return {"days": delay.days, "elapsed": _duration_to_json(delay.elapsed)}


def _delay(stored: Mapping[str, Any]) -> Delay:
    return Delay(days=stored["days"], elapsed=_duration(stored["elapsed"]))


def _duration_to_json(duration: timedelta) -> int:
    return duration // _MICROSECOND


def _duration(stored: int) -> timedelta:
    return stored * _MICROSECOND


def _moment_to_json(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _optional(make: Callable[[_Given], _Made], value: _Given | None) -> _Made | None:
    return None if value is None else make(value)
