"""One email's card as a form: texts in fields, turned into the words of the sequence file.

The form is no second model: what it says is written into the file's text, and the file is read.
Only what a file could not even say (a number that is none) is found here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from funnel.domain.condition_text import condition_text
from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import AnchorKind, Condition, Step, StepKind, Timing
from funnel.domain.sequence_text import flow_list, house_fields, line_scalar, scalar
from funnel.domain.speech import say
from funnel.domain.timing import EVERY_DAY, Delay
from funnel.domain.timing_text import anchor_text, duration_text

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AFTER, BEFORE = "after", "before"
_FIXED = "fixed"
_BARE_GRACE = timedelta(minutes=10)
_AMOUNT = re.compile(r"\d{1,4}")
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_OF_LETTERS = ("weekdays", "hours")
_OF_SERVICE = ("late", "wait", "lead", "apart_from", "repeats_when_moved")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingForm:
    """When an email leaves, as the fields of a card say it.

    Attributes:
        anchor: ``enrollment``, ``registration``, ``session start``, ``session end``,
            ``replay end``, ``fixed``, or the key of an email above.
        side: ``after`` or ``before``; means nothing where no amount is given.
        days: Calendar days; ``hours``, ``minutes``, ``seconds``: time that passes. "" is none.
        at: Local hour of that day, "09:00"; "": the anchor's own.
        moment: With ``fixed``: a moment with its offset, "2026-12-01T09:00+01:00".
    """

    anchor: str = AnchorKind.ENROLLMENT
    side: str = AFTER
    days: str = ""
    hours: str = ""
    minutes: str = ""
    seconds: str = ""
    at: str = ""
    moment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForm:
    """One email's card: what its fields hold, as texts.

    Attributes:
        key: Of a new email; "": made of its name. An email that exists keeps its own.
        name: What people read; "": the key in words.
        kind: ``letter`` or ``service``.
        without_session: For somebody without a seat; ``None``: not for them.
        weekdays: Of a letter, as ``DAY_NAMES``; none: every day.
        opens: Local hour from which a letter may leave, "09:00"; "" is that.
        closes: Local hour until which it may; "" is "17:00".
        only_if: Conditions in the words of the sequence file; empty ones are left out.
        skip_if: Likewise.
        late: Of a service email: how long after its moment it may still leave, "2 h"; "": 10
            minutes.
        wait, lead, apart_from, one_of, repeats_when_moved: As the sequence file writes them
            (``apart_from``: "your-seat: 2 h"), "" for none; ``None``: they stay as they are.
    """

    key: str = ""
    name: str = ""
    kind: str = StepKind.LETTER
    timing: TimingForm = field(default_factory=TimingForm)
    without_session: TimingForm | None = None
    weekdays: tuple[str, ...] = ()
    opens: str = ""
    closes: str = ""
    only_if: tuple[str, ...] = ()
    skip_if: tuple[str, ...] = ()
    late: str = ""
    wait: str | None = None
    lead: str | None = None
    apart_from: str | None = None
    one_of: str | None = None
    repeats_when_moved: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormProblem:
    """What is wrong with one field of a card.

    Attributes:
        field: Of the sequence file: "timing", "late", "only_if"; "days", "hours", "minutes" and
            "seconds" of a timing as "timing.days", "without_session.days"; "" for the whole step.
        step_key: The email that it concerns: another one than the card's where a change of this
            one makes that one wrong; "" for the sequence itself.
    """

    field: str
    reason: str
    remedy: str
    step_key: str = ""


class StepFormError(InvalidInputError):
    """A card cannot be saved; nothing was changed.

    Attributes:
        problems: Every mistake at its field.
    """

    def __init__(self, problems: tuple[FormProblem, ...]) -> None:
        self.problems = problems
        message = " ".join(f"{each.reason}." for each in problems)
        super().__init__(message, field=problems[0].field or None, remedy=problems[0].remedy)


def form_of(step: Step) -> StepForm:
    """Return the card of an email, each field filled in."""
    window = step.window
    has_days = window is not None and window.weekdays != EVERY_DAY
    fields = dict(house_fields(step))
    return StepForm(
        key=step.key,
        name=step.name,
        kind=step.kind,
        timing=_timing_form(step.timing),
        without_session=None
        if step.without_session is None
        else _timing_form(step.without_session),
        weekdays=tuple(DAY_NAMES[each] for each in sorted(window.weekdays))
        if window is not None and has_days
        else (),
        opens="" if window is None else f"{window.opens:%H:%M}",
        closes="" if window is None else f"{window.closes:%H:%M}",
        only_if=_words(step.conditions, is_negated=False),
        skip_if=_words(step.conditions, is_negated=True),
        late="" if step.grace == _BARE_GRACE else duration_text(step.grace),
        wait=fields.get("wait", ""),
        lead=fields.get("lead", ""),
        apart_from=fields.get("apart_from", "").strip("{}"),
        one_of=step.one_of,
        repeats_when_moved="yes" if step.repeats_when_moved else "",
    )


def yaml_fields(form: StepForm) -> dict[str, str | None]:
    """Return what a card says, field by field as YAML writes it; ``None``: the field is not there.

    A field that the form leaves as it is is left out.

    Raises:
        StepFormError: A number, a side or a day is none.
    """
    problems: list[FormProblem] = []
    kind = form.kind.strip()
    fields: dict[str, str | None] = {
        "name": scalar(form.name.strip()) if form.name.strip() else None,
        "kind": scalar(kind),
        "timing": line_scalar(_timing_text(form.timing, "timing", problems)),
        "without_session": None
        if form.without_session is None
        else line_scalar(_timing_text(form.without_session, "without_session", problems)),
        "weekdays": _weekdays(form, problems),
        "hours": _hours(form),
        "late": scalar(f"within {form.late.strip()}") if form.late.strip() else None,
        "only_if": _list(form.only_if),
        "skip_if": _list(form.skip_if),
        **{name: _snippet(name, value) for name, value in _kept(form)},
    }
    if problems:
        raise StepFormError(tuple(problems))
    not_its_own = _OF_SERVICE if kind == StepKind.LETTER else _OF_LETTERS
    return {**fields, **dict.fromkeys(not_its_own)}


def changed_fields(step: Step, form: StepForm) -> dict[str, str | None]:
    """Return the fields of an email that a card says otherwise than they are; see ``yaml_fields``.

    What means the same is no change: an author's own spelling of it stays in the file.

    Raises:
        StepFormError: See ``yaml_fields``.
    """
    before = yaml_fields(form_of(step))
    after = yaml_fields(_comparable(form))
    return {
        name: value for name, value in after.items() if name not in before or before[name] != value
    }


def _comparable(form: StepForm) -> StepForm:
    """A letter's hours are always in its card; none there means the usual ones."""
    if form.kind.strip() != StepKind.LETTER:
        return form
    return replace(form, opens=form.opens or "09:00", closes=form.closes or "17:00")


def _timing_form(timing: Timing) -> TimingForm:
    delay, anchor = timing.delay, timing.anchor
    hours, rest = divmod(abs(delay.elapsed), _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    seconds = rest // timedelta(seconds=1)
    is_fixed = anchor.kind is AnchorKind.FIXED
    return TimingForm(
        anchor=_FIXED if is_fixed else anchor_text(anchor),
        side=BEFORE if _is_before(delay) else AFTER,
        days=str(abs(delay.days) or ""),
        hours=str(hours or ""),
        minutes=str(minutes or ""),
        seconds=str(seconds or ""),
        at="" if timing.at is None else f"{timing.at:%H:%M}",
        moment=anchor_text(anchor) if is_fixed else "",
    )


def _is_before(delay: Delay) -> bool:
    return delay.days < 0 or (not delay.days and delay.elapsed < timedelta(0))


def _timing_text(form: TimingForm, name: str, problems: list[FormProblem]) -> str:
    given = ((form.days, "days"), (form.hours, "hours"), (form.minutes, "minutes"))
    amounts = []
    for text, unit in (*given, (form.seconds, "seconds")):
        number = _number(text, f"{name}.{unit}", problems)
        if number:
            amounts.append(f"{number} {unit if number != 1 else unit.removesuffix('s')}")
    anchor = form.moment.strip() if form.anchor == _FIXED else form.anchor.strip()
    if not anchor:
        problems.append(
            FormProblem(
                field=f"{name}.moment" if form.anchor == _FIXED else name,
                reason=say("It is not said what this counts from"),
                remedy=say("Choose what it counts from, or write the moment."),
            )
        )
    if amounts and form.side not in (AFTER, BEFORE):
        reason = say("It is neither before nor after what it counts from")
        problems.append(
            FormProblem(field=f"{name}.side", reason=reason, remedy=say("Choose before or after."))
        )
    words = f"{' '.join(amounts)} {form.side} {anchor}" if amounts else f"on {anchor}"
    return f"{words}, {form.at.strip()}" if form.at.strip() else words


def _number(text: str, name: str, problems: list[FormProblem]) -> int:
    text = text.strip()
    if not text:
        return 0
    if _AMOUNT.fullmatch(text) is None or not text.isascii():
        reason = say("“{text}” is no number", text=text[:20])
        remedy = say("Write a whole number from 0 to 9999.")
        problems.append(FormProblem(field=name, reason=reason, remedy=remedy))
        return 0
    return int(text)


def _weekdays(form: StepForm, problems: list[FormProblem]) -> str | None:
    days = [each.strip() for each in form.weekdays if each.strip()]
    if any(each not in DAY_NAMES for each in days):
        reason = say("A weekday is not known here")
        problems.append(
            FormProblem(field="weekdays", reason=reason, remedy=say("Choose from the list."))
        )
        return None
    chosen = [each for each in DAY_NAMES if each in days]
    if not chosen or len(chosen) == len(DAY_NAMES):
        return None
    return _in_runs(chosen)


def _in_runs(days: list[str]) -> str:
    """Return "mon-fri" for days in a row, as the file writes them, else "tue, thu"."""
    first, last = DAY_NAMES.index(days[0]), DAY_NAMES.index(days[-1])
    shortest = 3
    if last - first + 1 == len(days) and len(days) >= shortest:
        return f"{days[0]}-{days[-1]}"
    return ", ".join(days)


def _hours(form: StepForm) -> str | None:
    opens, closes = form.opens.strip() or "09:00", form.closes.strip() or "17:00"
    return None if (opens, closes) == ("09:00", "17:00") else line_scalar(f"{opens}-{closes}")


def _list(texts: tuple[str, ...]) -> str | None:
    words = [each.strip() for each in texts if each.strip()]
    return flow_list(words) if words else None


def _kept(form: StepForm) -> Iterator[tuple[str, str]]:
    """Yield the fields that a card may leave as they are, where it does not."""
    given: Mapping[str, str | None] = {
        "wait": form.wait,
        "lead": form.lead,
        "apart_from": form.apart_from,
        "one_of": form.one_of,
        "repeats_when_moved": form.repeats_when_moved,
    }
    for name, value in given.items():
        if value is not None:
            yield name, value.strip()


def _snippet(name: str, value: str) -> str | None:
    if not value or (name == "repeats_when_moved" and value == "no"):
        return None
    if name != "apart_from":
        return line_scalar(value)
    pairs = [each.partition(":") for each in value.strip("{}").split(",")]
    return f"{{{', '.join(f'{scalar(a.strip())}: {scalar(b.strip())}' for a, _, b in pairs)}}}"


def _words(conditions: tuple[Condition, ...], *, is_negated: bool) -> tuple[str, ...]:
    return tuple(condition_text(each) for each in conditions if each.is_negated is is_negated)
