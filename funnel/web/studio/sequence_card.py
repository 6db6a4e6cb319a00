"""One email's card: what was posted as a ``StepForm``, and a ``StepForm`` as the card shows it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from funnel.domain.condition_text import condition_text
from funnel.domain.draft_changes import StepState
from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import AnchorKind, Condition, ConditionKind
from funnel.domain.speech import mark, say
from funnel.domain.step_form import DAY_NAMES, FormProblem, StepForm, TimingForm
from funnel.domain.timing import Delay
from funnel.domain.timing_text import read_delay, read_duration
from funnel.services.read_condition_names import ConditionNames
from funnel.services.read_sequence_page import SequencePage, StepLine, StepWas
from funnel.web.forms import PostedForm

_LONGEST: Final = 300  # characters of any field; what is longer says nothing that a card can say
_ANCHORS: Final = {
    AnchorKind.ENROLLMENT: mark("they joined"),
    AnchorKind.REGISTRATION: mark("they took their seat"),
    AnchorKind.SESSION_START: mark("the masterclass begins"),
    AnchorKind.SESSION_END: mark("the masterclass ends"),
    AnchorKind.REPLAY_END: mark("the replay ends"),
    AnchorKind.FIXED: mark("a fixed moment"),
}
_DAYS: Final = {
    "mon": mark("Mon"),
    "tue": mark("Tue"),
    "wed": mark("Wed"),
    "thu": mark("Thu"),
    "fri": mark("Fri"),
    "sat": mark("Sat"),
    "sun": mark("Sun"),
}
_KINDS: Final = {
    ConditionKind.REGISTERED: mark("they hold a seat"),
    ConditionKind.ATTENDED: mark("they came to the masterclass"),
    ConditionKind.MISSED: mark("they did not come"),
    ConditionKind.ATTENDANCE_UNKNOWN: mark("nobody knows whether they came"),
    ConditionKind.LEFT_BEFORE: mark("they left before (a time from its start)"),
    ConditionKind.STAYED_UNTIL: mark("they stayed until (a time from its start)"),
    ConditionKind.REPLAY_AVAILABLE: mark("there is a replay"),
    ConditionKind.REPLAY_WATCHED: mark("they watched the replay"),
    ConditionKind.CLICKED: mark("they clicked a link"),
    ConditionKind.TAG: mark("they have the tag"),
    ConditionKind.FIELD: mark("a field of theirs is filled in"),
    ConditionKind.BOOKED: mark("they booked"),
    ConditionKind.BOUGHT: mark("they bought"),
    ConditionKind.REPLIED: mark("they replied"),
    ConditionKind.GOAL_REACHED: mark("they reached the goal"),
}
NO_NAMES: Final = ConditionNames()
_IN_ROOM: Final = (ConditionKind.LEFT_BEFORE, ConditionKind.STAYED_UNTIL)
_KEPT: Final = ("wait", "lead", "apart_from", "one_of", "repeats_when_moved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a picker."""

    value: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that the card of one email shows.

    Attributes:
        form: What its fields hold.
        differs: Names of the fields that hold something else than what is live.
        live: What is live where it differs, in words: "live: 2 days after Listening, 09:00".
        problems: What is wrong, by field; a problem of another email stands under "".
        anchors: What it may count from: moments, then the emails above it by their names.
        emails: Every other email above it, for "clicked … in".
    """

    line: StepLine
    form: StepForm
    position: int
    last: int
    anchors: tuple[Choice, ...]
    emails: tuple[Choice, ...]
    links: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    differs: frozenset[str] = frozenset()
    live: tuple[str, ...] = ()
    problems: Mapping[str, tuple[FormProblem, ...]] = field(default_factory=dict)

    @property
    def without(self) -> TimingForm:
        """The fields for somebody without a seat; filled with the usual ones while unused."""
        return self.form.without_session or TimingForm(days="1", at="09:00")


def weekday_choices() -> tuple[Choice, ...]:
    """Return the days of a week."""
    return tuple(Choice(value=each, says=say(_DAYS[each])) for each in DAY_NAMES)


def condition_choices() -> tuple[Choice, ...]:
    """Return what a condition may ask."""
    return tuple(Choice(value=each.value, says=say(words)) for each, words in _KINDS.items())


def posted_card(posted: PostedForm) -> StepForm:
    """Return the card that somebody filled in, as it stands; the domain says what is wrong."""

    def get(name: str) -> str:
        return posted.get(name)[:_LONGEST].strip()

    def every(name: str) -> tuple[str, ...]:
        return tuple(value[:_LONGEST] for key, value in posted.items if key == name)

    side, words = _built(posted)
    return StepForm(
        key=get("key"),
        name=get("name"),
        kind=get("kind"),
        timing=_posted_timing(posted, "timing"),
        without_session=_posted_timing(posted, "without_session") if get("without") else None,
        weekdays=every("weekdays"),
        opens=get("opens"),
        closes=get("closes"),
        only_if=(*every("only_if"), *((words,) if side == "only_if" else ())),
        skip_if=(*every("skip_if"), *((words,) if side == "skip_if" else ())),
        late=get("late"),
        **{name: _or_none(posted, name) for name in _KEPT},
    )


def _or_none(posted: PostedForm, name: str) -> str | None:
    is_there = any(key == name for key, _ in posted.items)
    return posted.get(name)[:_LONGEST] if is_there else None


def _posted_timing(posted: PostedForm, name: str) -> TimingForm:
    return TimingForm(
        **{
            each.name: posted.get(f"{name}.{each.name}")[:_LONGEST].strip()
            for each in fields(TimingForm)
        }
    )


def _built(posted: PostedForm) -> tuple[str, str]:
    """Return the side and the words of a condition that was put together from pickers."""
    kind, side = posted.get("new.kind"), posted.get("new.side")
    if kind not in set(ConditionKind) or side not in {"only_if", "skip_if"}:
        return "", ""
    name = posted.get("new.name").strip()[:_LONGEST]
    amount = posted.get("new.time").strip()[:_LONGEST]
    try:
        return side, condition_text(_condition(ConditionKind(kind), name, amount, posted))
    except InvalidInputError:
        # As it was said: what is wrong with it is told when the card is read.
        return side, " ".join(filter(None, (kind, name, "within" if amount else "", amount)))


def _condition(kind: ConditionKind, name: str, amount: str, posted: PostedForm) -> Condition:
    if kind in _IN_ROOM:
        return Condition(kind=kind, elapsed=read_duration(amount))
    limit: Delay | None = read_delay(amount) if amount else None
    return Condition(
        kind=kind,
        name=name,
        value=posted.get("new.value").strip()[:_LONGEST] if kind is ConditionKind.FIELD else "",
        step_key=posted.get("new.email") if kind is ConditionKind.CLICKED else "",
        limit=limit,
    )


def card_of(
    page: SequencePage,
    key: str,
    *,
    form: StepForm | None = None,
    problems: Iterable[FormProblem] = (),
    names: ConditionNames = NO_NAMES,
) -> Card | None:
    """Return the card of an email; ``None`` where it is not in what is edited.

    Args:
        page: The sequence.
        key: The email.
        form: What was typed; ``None``: what is kept.
        problems: What is wrong with it.
        names: What a condition can name.
    """
    lines = [each for each in page.steps if each.state is not StepState.REMOVED]
    line = next((each for each in lines if each.key == key), None)
    if line is None:
        return None
    position = lines.index(line)
    above = tuple(Choice(value=each.key, says=each.name) for each in lines[:position])
    shown, former = form or line.form, _live_form(line)
    differs = frozenset(_different(shown, former)) if former else frozenset[str]()
    return Card(
        line=line,
        form=shown,
        position=position,
        last=len(lines) - 1,
        anchors=(*_moments(), *above),
        emails=above,
        links=_with(names.links, _names(lines, "clicked link ")),
        tags=_with(names.tags, _names(lines, "tag ")),
        differs=differs,
        live=tuple(_live_words(line, differs)),
        problems=_by_field(problems, key),
    )


def _live_form(line: StepLine) -> StepForm | None:
    if line.state is StepState.NEW:
        return None
    return line.was.form if line.was and line.was.form else line.form


def _moments() -> Iterator[Choice]:
    for kind, words in _ANCHORS.items():
        yield Choice(value=kind.value, says=say(words))


def _with(known: Iterable[str], named: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*known, *named}))


def _names(lines: Iterable[StepLine], begins: str) -> tuple[str, ...]:
    """Return the links or tags that conditions here name already, to choose again."""
    said = (words for line in lines for words in (*line.form.only_if, *line.form.skip_if))
    found = {
        each.removeprefix(begins).partition(" in ")[0] for each in said if each.startswith(begins)
    }
    return tuple(sorted(each.partition(" within ")[0] for each in found))


def _different(form: StepForm, live: StepForm) -> Iterator[str]:
    for each in fields(StepForm):
        if each.name in {"timing", "without_session", "key"}:
            continue
        if _said(getattr(form, each.name)) != _said(getattr(live, each.name)):
            yield each.name
    for name in ("timing", "without_session"):
        yield from _different_timing(getattr(form, name), getattr(live, name), name)


def _different_timing(form: TimingForm | None, live: TimingForm | None, name: str) -> Iterator[str]:
    if form is None or live is None:
        if form is not live:
            yield name
        return
    for each in fields(TimingForm):
        if getattr(form, each.name) != getattr(live, each.name):
            yield f"{name}.{each.name}"


def _said(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(each for each in value if each)
    return value or ""


def _live_words(line: StepLine, differs: frozenset[str]) -> Iterator[str]:
    """Yield what is live of an email, each part that differs: "live: 2 days after Listening"."""
    was = line.was or StepWas()
    if any(each.startswith("timing") for each in differs):
        yield say("live: {words}", words=was.timing or line.timing)
    if differs & {"late", "opens", "closes", "weekdays"} and was.late:
        yield say("live: {words}", words=was.late)
    if differs & {"only_if", "skip_if"}:
        told = was.conditions or line.conditions or (say("to everybody"),)
        yield say("live: {words}", words="; ".join(told))
    if "name" in differs:
        yield say("live: “{words}”", words=was.name or line.name)
    if was.without_session:
        yield say("live, without a seat: {words}", words=was.without_session)
    if was.position is not None:
        yield say("live: email {number} of the list", number=was.position + 1)


def _by_field(problems: Iterable[FormProblem], key: str) -> Mapping[str, tuple[FormProblem, ...]]:
    found: dict[str, tuple[FormProblem, ...]] = {}
    for each in problems:
        own = each.field if each.step_key in {"", key} else ""
        found[own] = (*found.get(own, ()), each)
    return found
