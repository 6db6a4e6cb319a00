"""Where events lead a message: alike in every order, and never back."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from funnel.domain.consent import SuppressionReason
from funnel.domain.delivery_event import (
    MOVES,
    SOFT_BOUNCES,
    Delivery,
    DeliveryEvent,
    DeliveryEventKind,
    DeliveryState,
    after,
    is_worn_out,
    settles_as_accepted,
    suppression_of,
)
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import MOVES as MESSAGE_MOVES
from funnel.domain.message import MessageStatus

NOON = datetime(2031, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Kind = DeliveryEventKind


def event(
    kind: DeliveryEventKind, *, minutes: float = 0, reason: str = "", is_hard: bool = False
) -> DeliveryEvent:
    return DeliveryEvent(
        event_id=f"{kind}-{minutes}-{reason}",
        kind=kind,
        occurred_at=NOON + timedelta(minutes=minutes),
        reason=reason,
        is_hard=is_hard,
    )


def led(*events: DeliveryEvent) -> DeliveryState:
    state = DeliveryState()
    for each in events:
        state = after(state, each)
    return state


@pytest.mark.parametrize(
    ("kinds", "ends"),
    [
        ((Kind.DELIVERED,), Delivery.DELIVERED),
        ((Kind.DEFERRED,), Delivery.DEFERRED),
        ((Kind.DEFERRED, Kind.DELIVERED), Delivery.DELIVERED),
        ((Kind.DEFERRED, Kind.BOUNCED), Delivery.BOUNCED),
        ((Kind.DELIVERED, Kind.BOUNCED), Delivery.BOUNCED),
        ((Kind.DELIVERED, Kind.COMPLAINED), Delivery.COMPLAINED),
        ((Kind.DEFERRED, Kind.DELIVERED, Kind.BOUNCED, Kind.COMPLAINED), Delivery.COMPLAINED),
        ((Kind.ACCEPTED, Kind.OPENED, Kind.CLICKED, Kind.OTHER, Kind.UNSUBSCRIBED), Delivery.NONE),
    ],
)
def test_every_order_of_arrival_ends_alike(
    kinds: tuple[DeliveryEventKind, ...], ends: Delivery
) -> None:
    events = [event(kind, minutes=number) for number, kind in enumerate(kinds)]
    states = {led(*order) for order in permutations(events)}
    assert {each.delivery for each in states} == {ends}
    assert len(states) == 1


def test_of_one_word_said_twice_the_later_moment_stays() -> None:
    early = event(Kind.DEFERRED, minutes=1, reason="greylisted")
    late = event(Kind.DEFERRED, minutes=9, reason="full")
    same_moment = event(Kind.DEFERRED, minutes=9, reason="busy")
    states = {led(*order) for order in permutations([early, late, same_moment])}
    assert [(each.at, each.reason) for each in states] == [(late.occurred_at, "full")]


def test_nothing_leads_back_to_where_it_came_from() -> None:
    for before, next_ones in MOVES.items():
        assert before not in next_ones
        assert all(before not in MOVES[each] for each in next_ones)


def test_an_event_settles_what_is_open_and_was_handed_over() -> None:
    open_ones = {
        status
        for status in MessageStatus
        if settles_as_accepted(status, 1, event(Kind.BOUNCED, is_hard=True))
    }
    assert open_ones == {MessageStatus.UNKNOWN, MessageStatus.QUEUED}
    for status in open_ones:
        assert MessageStatus.ACCEPTED in MESSAGE_MOVES[status]
        assert not settles_as_accepted(status, 0, event(Kind.DELIVERED))
        assert not settles_as_accepted(status, 1, event(Kind.OTHER))
        assert settles_as_accepted(status, 1, event(Kind.ACCEPTED))


def test_whom_nobody_must_write_to_any_more() -> None:
    assert suppression_of(event(Kind.BOUNCED, is_hard=True)) is SuppressionReason.BOUNCED
    assert suppression_of(event(Kind.COMPLAINED)) is SuppressionReason.COMPLAINED
    assert suppression_of(event(Kind.UNSUBSCRIBED)) is SuppressionReason.UNSUBSCRIBED
    harmless = [event(kind) for kind in Kind if kind not in {Kind.COMPLAINED, Kind.UNSUBSCRIBED}]
    assert [suppression_of(each) for each in harmless] == [None] * len(harmless)


@pytest.mark.parametrize(
    ("case", "days", "expected"),
    [
        ("never", (), False),
        ("five within a day", (0, 0.2, 0.4, 0.6, 0.8), False),
        ("four over a month", (0, 10, 20, 30), False),
        ("five within a week, not a whole one", (0, 2, 4, 6, 6.9), False),
        ("five over a week", (0, 2, 4, 6, 7), True),
        ("five over a week, in another order", (7, 2, 6, 4, 0), True),
    ],
)
def test_worn_out(
    case: str,
    days: tuple[float, ...],
    expected: bool,  # noqa: FBT001  (a column of the table above)
) -> None:
    assert is_worn_out([NOON + each * DAY for each in days]) is expected
    assert SOFT_BOUNCES == 5


def test_what_cannot_be_kept_is_refused_and_the_rest_cleaned() -> None:
    naive = datetime(2031, 3, 4)  # noqa: DTZ001 - that is the point
    with pytest.raises(InvalidInputError, match="time zone"):
        DeliveryEvent(event_id="1", kind=Kind.OTHER, occurred_at=naive)
    for wrong in ("", "x" * 256):
        with pytest.raises(InvalidInputError, match="characters"):
            DeliveryEvent(event_id=wrong, kind=Kind.OTHER, occurred_at=NOON)
    noisy = DeliveryEvent(
        event_id="1",
        kind=Kind.BOUNCED,
        occurred_at=NOON,
        reason="550\0 5.1.1\r\n" + "no such user " * 100,
    )
    assert noisy.reason.startswith("550 5.1.1 no such user")
    assert len(noisy.reason) <= 500
