# ruff: noqa: E501 (a table is read by its rows)
"""Which bookings stand after some were moved and cancelled, in whatever order it became known."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.domain.facts import FactKind, Happening
from funnel.domain.happenings import happened_at
from funnel.domain.sequence import Condition, ConditionKind
from tests.domain.stories import moment

ENROLLED = moment("2026-11-02T12:00Z")
BOOKED = Condition(kind=ConditionKind.BOOKED)
INTRO = Condition(kind=ConditionKind.BOOKED, name="Intro call")
COFFEE = Condition(kind=ConditionKind.BOOKED, name="coffee")


def at(hours: int):
    return ENROLLED + timedelta(hours=hours)


def made(hours, reference="", *, name="intro call", replaces=""):
    return Happening(
        kind=FactKind.BOOKED, at=at(hours), name=name, reference=reference, replaces=replaces
    )


def cancelled(hours, reference="", *, name="intro call"):
    kind = FactKind.BOOKING_CANCELLED
    return Happening(kind=kind, at=at(hours), name=name, reference=reference)


def since(condition, words):
    return happened_at(condition, words, enrolled_at=ENROLLED)


STANDS = [
    ("two of a kind, the first cancelled", BOOKED, [made(1, "A"), made(2, "B"), cancelled(3, "A")], 2),
    ("two of a kind, the second cancelled", BOOKED, [made(1, "A"), made(2, "B"), cancelled(3, "B")], 1),
    ("both cancelled", BOOKED, [made(1, "A"), made(2, "B"), cancelled(3, "A"), cancelled(4, "B")], None),
    ("an end of a booking that nobody told of", BOOKED, [made(1, "A"), cancelled(3, "Z")], 1),
    ("an end under a kind that was renamed", INTRO, [made(1, "A"), cancelled(3, "A", name="first call")], None),
    ("an end without a kind", INTRO, [made(1, "A"), made(2, "B"), cancelled(3, "A", name="")], 2),
    ("an end without an id: those of its kind", BOOKED, [made(1, "A"), made(2, "B"), made(2, "C", name="coffee"), cancelled(3)], 2),
    ("and what is booked afterwards stands", BOOKED, [made(1, "A"), cancelled(3), made(4, "B")], 4),
    ("an end without id or kind: all of them", BOOKED, [made(1, "A"), made(2, "C", name="coffee"), cancelled(3, name="")], None),
    ("an end with an id leaves what has none", BOOKED, [made(1), made(2, "B"), cancelled(3, "B")], 1),
    ("the same id again after its end", BOOKED, [made(1, "A"), cancelled(2, "A"), made(3, "A")], 3),
    ("cancelled and made in the same moment", BOOKED, [made(1, "A"), cancelled(1, "A")], 1),
    ("another kind stands", COFFEE, [made(1, "A"), made(2, "B", name="Coffee"), cancelled(3, "A")], 2),
    ("only another kind stands", INTRO, [made(1, "A"), made(2, "B", name="coffee"), cancelled(3, "A")], None),
    ("moved: booked since it was first made", BOOKED, [made(1, "A"), made(5, "B", replaces="A")], 1),
    ("moved in the moment it was made", BOOKED, [made(1, "A"), made(1, "B", replaces="A"), cancelled(2, "B")], None),
    ("moved twice, then cancelled", BOOKED, [made(1, "A"), made(2, "B", replaces="A"), made(3, "C", replaces="B"), cancelled(4, "C")], None),
    ("moved, and the former one's end comes too", BOOKED, [made(1, "A"), cancelled(5, "A"), made(5, "B", replaces="A")], 5),
    ("moved, though nobody told of the first", BOOKED, [made(5, "B", replaces="A")], 5),
    ("moved under the id that it had", BOOKED, [made(1, "A"), made(5, "A", replaces="A")], 1),
    ("moved and cancelled, another stands", BOOKED, [made(1, "A"), made(2, "B", replaces="A"), made(3, "D"), cancelled(4, "B")], 3),
]  # fmt: skip


@pytest.mark.parametrize(("case", "condition", "words", "expected"), STANDS)
def test_which_bookings_stand_in_any_order_of_arrival(case, condition, words, expected):
    held = None if expected is None else at(expected)
    assert {since(condition, order) for order in permutations(words)} == {held}


references = st.sampled_from(["", "A", "B", "C"])
names = st.sampled_from(["", "intro call", "Coffee"])
hours = st.integers(-24 * 9, 8)
bookings = st.builds(
    lambda hour, reference, name, replaces: made(hour, reference, name=name, replaces=replaces),
    hours,
    references,
    names,
    references,
)
ends = st.builds(lambda hour, ref, name: cancelled(hour, ref, name=name), hours, references, names)


@given(st.lists(bookings | ends, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters(words, random):
    shuffled = random.sample(words, len(words))
    for condition in (BOOKED, INTRO, COFFEE):
        assert since(condition, words) == since(condition, shuffled)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6, unique=True), st.data())
def test_who_cancelled_some_of_their_bookings_holds_the_others(numbers, data):
    gone = data.draw(st.sets(st.sampled_from(numbers)))
    words = [made(each, str(each)) for each in numbers]
    words += [cancelled(each + data.draw(st.integers(1, 9)), str(each)) for each in gone]
    left = set(numbers) - gone
    assert since(BOOKED, words) == (at(min(left)) if left else None)
