"""Letters: one a day at most, apart from each other, and never near the session."""

from datetime import date

from funnel.domain.conditions import Answer, Asked, ask
from funnel.domain.letter_days import Slot, Wish
from funnel.domain.plan import PlannedStep, SkipReason
from funnel.domain.planning import DueStep, Planning
from funnel.domain.timing import SendWindow

_DEFAULT_WINDOW = SendWindow()
# Not from ``strftime``: the machine's locale must not change what a plan says.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def decide_letter(due: DueStep, planning: Planning) -> PlannedStep:
    """Return the day of one letter, or why it does not come.

    A letter that could not leave on its day takes the next one, and asks what is still open there.
    What is decided against is settled at the moment of its first day, however long ago.
    """
    step = due.step
    if planning.enrollment.letters_end is not None:
        planning.days.give_up(step.key)
        return due.skipped(min(due.moment, planning.now), SkipReason.SUPERSEDED)
    wish = Wish(
        key=step.key,
        due=due.moment,
        at=due.timing.at,
        window=step.window or _DEFAULT_WINDOW,
    )
    first = planning.days.first(wish)
    slot = first
    if first.closes_at < planning.now:
        slot = planning.days.first(wish, not_over_at=planning.now)
    answer = _answer(due, slot, planning)
    planning.days.give_up(step.key)
    if answer.skip is not None and not answer.skip.keeps_day:
        return due.skipped(first.moment, answer.skip, *first.reasons, answer.reason)
    planning.days.use(slot.day, step.key)
    if answer.skip is not None:
        return due.skipped(slot.moment, answer.skip, *slot.reasons, answer.reason)
    planning.letter_days.add(slot.day)
    return due.sent(
        slot.moment,
        *slot.reasons,
        answer.reason,
        valid_until=slot.closes_at,
        is_open=answer.is_open,
    )


def _answer(due: DueStep, slot: Slot, planning: Planning) -> Answer:
    facts = planning.facts
    if not facts.wants_letters:
        return Answer(at=slot.moment, skip=SkipReason.NO_LETTERS)
    had_on = facts.had_letters.get(due.step.key)
    if had_on is not None:
        return Answer(at=slot.moment, skip=SkipReason.HAD_IT, reason=f"had it on {_day(had_on)}")
    answer = ask(
        due.step.conditions,
        facts,
        Asked(moment=slot.moment, until=slot.moment, now=planning.now),
    )
    if answer.skip is None and planning.has_counterpart(due.step):
        return Answer(at=slot.moment, skip=SkipReason.ONE_OF)
    return answer


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"
