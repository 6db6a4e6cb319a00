"""Letters: one a day at most, apart from each other, and never near the session."""

from datetime import date, datetime

from funnel.domain.condition_text import condition_text
from funnel.domain.conditions import Answer, Asked, ask, settles_at
from funnel.domain.letter_days import Slot, Wish
from funnel.domain.plan import PlannedStep, SkipReason
from funnel.domain.planning import DueStep, Planning

# Not from ``strftime``: the machine's locale must not change what a plan says.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_PAUSED = "the letters are paused until then"
_LIMIT = "waits until it is known what happened in time"


def decide_letter(due: DueStep, planning: Planning) -> PlannedStep:
    """Return the day of one letter, or why it does not come.

    A letter that could not leave on its day takes the next one, and asks what is still open there.
    What is decided against is settled at the moment of its first day, however long ago.
    """
    step = due.step
    over = _over(planning)
    if over is not None:
        planning.days.give_up(step.key)
        return due.skipped(min(due.moment, planning.now), *over)
    wish = _wish(due, planning)
    first = planning.days.first(wish)
    slot = first
    if first.closes_at < planning.now:
        slot = planning.days.first(wish, not_over_at=planning.now)
    answer = _answer(due, slot, planning)
    planning.days.give_up(step.key)
    if answer.skip is not None and not answer.skip.keeps_day:
        # It takes no day, so whoever stands below and has one meanwhile does not move its moment.
        first = planning.days.first(wish._replace(ignored=step.letters_below))
        return due.skipped(first.moment, answer.skip, *first.reasons, answer.reason)
    planning.days.use(slot.days, step.key)
    if answer.skip is not None:
        return due.skipped(slot.moment, answer.skip, *slot.reasons, answer.reason)
    planning.letter_days.update(slot.days)
    ask_at = answer.ask_at
    return due.sent(
        slot.moment,
        *slot.reasons,
        answer.reason,
        valid_until=slot.closes_at,
        ask_at=slot.moment if ask_at is not None and ask_at > slot.moment else ask_at,
    )


def _over(planning: Planning) -> tuple[SkipReason, str] | None:
    """Return why this run sends no more letters at all; ``None`` where it does."""
    if planning.enrollment.letters_end is not None:
        return SkipReason.SUPERSEDED, ""
    if planning.exit is not None:
        return SkipReason.EXIT, f"ended by {condition_text(planning.exit)}"
    return None


def _wish(due: DueStep, planning: Planning) -> Wish:
    not_before, why = planning.facts.letters_paused_until, _PAUSED
    if due.step.within:
        known_at = _settles_at(due, planning)
        if known_at > due.moment and (not_before is None or known_at > not_before):
            not_before, why = known_at, _LIMIT
    timing, step = due.timing, due.step
    slots = None if timing.at is None else step.slots
    return Wish(step.key, due.moment, timing.at, step.window, not_before, why, slots=slots)


def _settles_at(due: DueStep, planning: Planning) -> datetime:
    asked = Asked(due.moment, due.moment, planning.now, due.counted_at)
    return settles_at(due.step.within, planning.known, asked)


def _answer(due: DueStep, slot: Slot, planning: Planning) -> Answer:
    facts, step = planning.facts, due.step
    if not facts.wants_letters:
        return Answer(slot.moment, skip=SkipReason.NO_LETTERS)
    had_on = facts.had_letters.get(step.key) if facts.had_letters else None
    if had_on is not None:
        return Answer(slot.moment, skip=SkipReason.HAD_IT, reason=f"had it on {_day(had_on)}")
    answer = Answer(slot.moment)
    if step.conditions:
        asked = Asked(slot.moment, slot.moment, planning.now, due.counted_at)
        answer = ask(step.conditions, planning.known, asked)
    # Before the lack of a word: what is given up for its counterpart is known before its moment.
    if (answer.skip is None or answer.skip.keeps_day) and planning.has_counterpart(step):
        return Answer(slot.moment, skip=SkipReason.ONE_OF)
    return answer


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"
