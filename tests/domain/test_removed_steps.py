"""Rows of steps that the version does not have: a publish took them out of the sequence."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, SkipReason
from funnel.domain.planner import plan
from funnel.domain.sequence import Anchor, AnchorKind, SequenceDefinition, Step, StepKind, Timing
from funnel.domain.timing import Delay, SendWindow

BERLIN = ZoneInfo("Europe/Berlin")
NINE = time(9)
MONDAY = datetime(2031, 3, 3, 8, 0, tzinfo=UTC)  # 09:00 in Berlin
DAY = timedelta(days=1)


def letter(key, days, after=""):
    anchor = (
        Anchor(kind=AnchorKind.STEP, step_key=after)
        if after
        else Anchor(kind=AnchorKind.ENROLLMENT)
    )
    return Step(
        key=key,
        kind=StepKind.LETTER,
        timing=Timing(anchor=anchor, delay=Delay(days=days), at=NINE),
        window=SendWindow(),
    )


VERSION = SequenceDefinition(
    slug="s", title="S", brand="default", steps=(letter("one", 1), letter("two", 2, "one"))
)
RUN = Enrollment(enrolled_at=MONDAY, zone=BERLIN)


def gone(status=MessageStatus.ACCEPTED, **fields):
    row = PassedStep(
        key="gone",
        copy=0,
        status=status,
        moment=MONDAY + DAY,
        settled_at=MONDAY + DAY if status.is_settled else None,
        is_letter=True,
    )
    return replace(row, **fields)


def planned(*rows):
    answer = plan(RUN, VERSION, Facts(passed=rows), frozenset(), MONDAY + timedelta(hours=3))
    return {line.key: line for line in answer.steps}


def test_a_row_of_an_unknown_key_is_no_line_of_the_plan():
    assert set(planned(gone())) == {"one", "two"}


def test_a_removed_letter_that_left_keeps_its_day():
    alone = planned()["one"].moment.astimezone(BERLIN).date()
    beside = planned(gone())["one"].moment.astimezone(BERLIN).date()
    assert (alone, beside) == (date(2031, 3, 4), date(2031, 3, 6))


def test_a_removed_letter_that_was_cancelled_gives_its_day_back():
    row = gone(MessageStatus.CANCELLED)
    assert planned(row)["one"].moment.astimezone(BERLIN).date() == date(2031, 3, 4)


def test_a_removed_service_email_takes_no_day():
    assert planned(gone(is_letter=False))["one"].moment.astimezone(BERLIN).date() == date(
        2031, 3, 4
    )


def test_a_run_does_not_end_while_a_removed_step_is_in_somebodys_hands():
    settled = tuple(
        PassedStep(key=key, copy=0, status=MessageStatus.ACCEPTED, moment=MONDAY, settled_at=MONDAY)
        for key in ("one", "two")
    )
    now = MONDAY + 9 * DAY
    in_hands = gone(MessageStatus.SENDING)
    held = plan(RUN, VERSION, Facts(passed=(*settled, in_hands)), frozenset(), now)
    over = plan(RUN, VERSION, Facts(passed=(*settled, gone())), frozenset(), now)
    assert (held.is_complete, over.is_complete) == (False, True)


def test_what_counts_from_a_step_that_came_too_late_for_somebody_counts_from_its_moment():
    first = PassedStep(
        key="one",
        copy=0,
        status=MessageStatus.SKIPPED,
        moment=MONDAY + DAY,
        settled_at=MONDAY + 20 * DAY,
        skip=SkipReason.ADDED_LATER,
    )
    now = MONDAY + 20 * DAY - timedelta(hours=1)
    line = plan(RUN, VERSION, Facts(passed=(first,)), frozenset(), now).steps[1]
    assert line.decision is Decision.SEND
    # Due on the third day, long ago: it takes today's hours, not those of two days on.
    assert line.moment.astimezone(BERLIN).date() == date(2031, 3, 23)


def test_a_step_that_is_back_in_the_sequence_comes_to_whom_it_was_cancelled_for():
    row = PassedStep(
        key="one",
        copy=0,
        status=MessageStatus.CANCELLED,
        moment=MONDAY + DAY,
        settled_at=MONDAY + DAY,
        is_letter=True,
        was_removed=True,
    )
    now = MONDAY + DAY + timedelta(hours=1)
    answer = plan(RUN, VERSION, Facts(passed=(row,)), frozenset(), now)
    one, again, two = answer.steps
    assert (one.decision, again.decision, again.copy) == (Decision.PASSED, Decision.SEND, 1)
    # What counts from it waits for the copy, not for the one that never left.
    assert two.moment >= again.moment + 2 * DAY - timedelta(minutes=1)
