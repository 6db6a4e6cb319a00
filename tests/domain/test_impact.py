"""Two plans side by side, a case a line; and what their differences come to in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.impact import Change, StepChange, compare
from funnel.domain.impact_sums import ImpactSums, sentence_for_keep
from funnel.domain.plan import Decision, Plan, PlannedStep, SkipReason
from funnel.domain.sequence import StepKind

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2031, 3, 4, 8, 0, tzinfo=UTC)  # 09:00 in Berlin
DAY = timedelta(days=1)


def line(decision, moment=TUESDAY, *, key="bias", copy=0, skip=None, is_open=False):
    return PlannedStep(
        key=key,
        kind=StepKind.LETTER,
        copy=copy,
        decision=decision,
        moment=moment,
        skip=skip,
        is_open=is_open,
    )


def passed(status, *, copy=0, skip=None):
    """A row of a step, as the planner shows it."""
    return line(Decision.PASSED, copy=copy, skip=skip)._replace(reasons=(status,))


def planned(*lines):
    return Plan(
        steps=tuple(each for each in lines if each is not None),
        next_due_at=None,
        letter_days=frozenset(),
        is_complete=False,
    )


SENT = passed("accepted")
COMES = line(Decision.SEND)
COMES_THURSDAY = line(Decision.SEND, TUESDAY + 2 * DAY)
WAITS = line(Decision.WAIT, is_open=True)
GOAL = line(Decision.SKIP, skip=SkipReason.GOAL)
LATE = line(Decision.SKIP, skip=SkipReason.LATE)
ADDED = line(Decision.PASSED, skip=SkipReason.ADDED_LATER)
NO_SEAT = line(Decision.NOT_COUNTED, None, skip=SkipReason.NO_SESSION)


@pytest.mark.parametrize(
    ("case", "before", "after", "change"),
    [
        ("comes as before", COMES, COMES, Change.UNCHANGED),
        ("comes on another day", COMES, COMES_THURSDAY, Change.MOVES),
        ("is new and comes", None, COMES, Change.WILL_GET),
        ("is new and waits for a word", None, WAITS, Change.WILL_GET),
        ("is new and came too late", None, ADDED, Change.WILL_NOT_GET),
        ("is new and counts from a seat that is not held", None, NO_SEAT, Change.WILL_NOT_GET),
        ("would have been skipped and comes", GOAL, COMES, Change.WILL_GET),
        ("did not count and comes", NO_SEAT, COMES, Change.WILL_GET),
        ("would have come and is skipped", COMES, GOAL, Change.WILL_NOT_GET),
        ("was waiting and is skipped", WAITS, LATE, Change.WILL_NOT_GET),
        ("is skipped as before", GOAL, GOAL, Change.UNCHANGED),
        ("is skipped for another reason", GOAL, LATE, Change.REASON_CHANGES),
        ("counts now, and is skipped", NO_SEAT, LATE, Change.REASON_CHANGES),
        ("would have come and is gone", COMES, None, Change.REMOVED),
        ("would have been skipped and is gone", GOAL, None, Change.UNCHANGED),
        ("was sent and is gone", SENT, None, Change.UNCHANGED),
        ("was sent, and stays so", SENT, SENT, Change.UNCHANGED),
        ("comes back and was sent", None, SENT, Change.HAD_IT),
        ("comes back and is in a worker's hands", None, passed("sending"), Change.HAD_IT),
        ("comes back and may be with them", None, passed("unknown"), Change.HAD_IT),
        ("comes back and had failed", None, passed("failed"), Change.WILL_NOT_GET),
        (
            "comes back and had been skipped",
            None,
            passed("skipped", skip=SkipReason.GOAL),
            Change.WILL_NOT_GET,
        ),
    ],
)
def test_compare(case, before, after, change):
    (found,) = compare(planned(before), planned(after))
    assert found.change is change
    comes = after in (COMES, COMES_THURSDAY, WAITS)
    assert found.after == (after.moment if comes else None)


def test_a_renamed_key_is_a_removal_and_an_addition():
    renamed = line(Decision.SEND, key="about-bias")
    changes = compare(planned(COMES), planned(renamed))
    assert [(each.key, each.change) for each in changes] == [
        ("about-bias", Change.WILL_GET),
        ("bias", Change.REMOVED),
    ]


def test_each_copy_stands_for_itself():
    again = line(Decision.SEND, TUESDAY + DAY, copy=1)
    changes = compare(planned(SENT), planned(SENT, again))
    assert [(each.copy, each.change) for each in changes] == [
        (0, Change.UNCHANGED),
        (1, Change.WILL_GET),
    ]


def test_of_a_step_that_comes_back_only_its_last_copy_is_told():
    cancelled = passed("cancelled")
    again = line(Decision.SEND, TUESDAY + DAY, copy=1)
    for last, change in ((again, Change.WILL_GET), (passed("accepted", copy=1), Change.HAD_IT)):
        changes = compare(planned(), planned(cancelled, last))
        assert [(each.copy, each.change) for each in changes] == [
            (0, Change.UNCHANGED),
            (1, change),
        ]


def change(kind, *, key="check-in", before=None, after=None, skip=None, is_open=False):
    return StepChange(
        key=key,
        kind=StepKind.LETTER,
        copy=0,
        change=kind,
        before=before,
        after=after,
        skip=skip,
        is_open=is_open,
    )


def sums(*people, new=("check-in",)):
    found = ImpactSums(new, {"bias": "Everybody has some"})
    for changes in people:
        found.add(changes, BERLIN, TUESDAY)
    return found


def test_the_sentence_says_who_gets_what_and_who_does_not():
    past = [change(Change.WILL_NOT_GET, skip=SkipReason.ADDED_LATER)]
    today = [change(Change.WILL_GET, after=TUESDAY + timedelta(hours=2))]
    moved = [change(Change.MOVES, key="bias", before=TUESDAY, after=TUESDAY + 2 * DAY)]
    found = sums(*[past] * 1412, *[today] * 96, *[moved] * 31)
    assert found.sentence(8) == (
        "Publishing v8: 1,412 people past this point will not get the new email, "
        "96 get the new email today, 31 move from Tue to Thu (“Everybody has some”)."
    )


def test_who_had_a_new_email_already_loses_nothing():
    found = sums([change(Change.HAD_IT)], [change(Change.WILL_GET, after=TUESDAY)])
    (step,) = found.steps
    assert (found.changed, step.had, step.misses.total()) == (1, 1, 0)
    assert found.sentence(3) == (
        "Publishing v3: 1 person gets the new email today, 1 had the new email already."
    )
    only = sums([change(Change.HAD_IT)], [change(Change.HAD_IT)])
    assert only.sentence(3) == "Publishing v3: 2 people had the new email already."


def test_what_failed_is_called_so():
    found = sums([replace(change(Change.WILL_NOT_GET), why="failed")])
    assert found.sentence(3) == (
        "Publishing v3: 1 person will not get the new email (sending it failed)."
    )


def test_a_person_for_whom_nothing_changes_is_counted_and_not_mentioned():
    found = sums([change(Change.UNCHANGED)], [change(Change.REMOVED, key="bias")])
    assert (found.people, found.changed) == (2, 1)
    assert (
        found.sentence(2) == "Publishing v2: 1 person will not get “Everybody has some” any more."
    )


def test_without_a_change_the_sentence_says_so():
    assert sums([]).sentence(3) == "Publishing v3: nothing changes for 1 person in it."


@pytest.mark.parametrize(
    ("case", "after", "said"),
    [
        ("another hour", TUESDAY + timedelta(hours=1), "1 person moves to 10:00 on the same day"),
        ("the next day", TUESDAY + DAY, "1 person moves from Tue to Wed"),
        ("days before", TUESDAY - 3 * DAY, "1 person moves from Tue to Sat"),
        ("weeks on", TUESDAY + 15 * DAY, "1 person moves by 2 weeks or more later"),
        ("a week before", TUESDAY - 7 * DAY, "1 person moves by 1 week or more earlier"),
    ],
)
def test_a_move_is_said_in_days_of_the_reader(case, after, said):
    found = sums([change(Change.MOVES, before=TUESDAY, after=after)])
    assert said in found.sentence(2)


def test_what_is_not_known_yet_is_not_promised():
    found = sums([change(Change.WILL_GET, after=TUESDAY, is_open=True)])
    assert "1 person gets the new email if its condition turns out so" in found.sentence(2)


def test_many_ways_of_moving_are_summed_up():
    hours = [
        [change(Change.MOVES, before=TUESDAY, after=TUESDAY + timedelta(hours=each))]
        for each in range(1, 9)
    ]
    assert sums(*hours).sentence(2) == (
        "Publishing v2: 8 people get other emails at other moments."
    )


def test_keeping_names_who_finishes_on_the_old_version():
    assert sentence_for_keep(1, 2).startswith("Publishing v2: 1 person in it keep")
