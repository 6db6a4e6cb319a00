"""Circuits, paces and the automatic pause, as values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from funnel.domain.provider_state import (
    Circuit,
    ProviderState,
    alarm,
    alarm_text,
    alarm_told_again,
    slowed,
    with_outcomes,
)
from funnel.domain.provider_tally import OutcomeTally
from funnel.domain.speech import speaking
from funnel.web.languages import catalogue

NOON = datetime(2031, 3, 4, 12, 0, tzinfo=UTC)
FRESH = ProviderState(counted_from=NOON, changed_at=NOON)
MINUTE = timedelta(minutes=1)


def down(number: int = 1) -> OutcomeTally:
    return OutcomeTally(deferred=number, provider_down=number, reason="connection refused")


def test_it_is_left_alone_after_five_failures_in_a_row() -> None:
    state = with_outcomes(FRESH, down(4), NOON)
    assert state.circuit is Circuit.CLOSED
    state = with_outcomes(state, down(1), NOON)
    assert (state.circuit, state.retry_at) == (Circuit.OPEN, NOON + timedelta(seconds=30))


def test_what_is_accepted_in_between_keeps_it_in_use() -> None:
    state = FRESH
    for _ in range(50):
        state = with_outcomes(state, down(4), NOON)
        state = with_outcomes(state, OutcomeTally(accepted=4), NOON)
    assert state.circuit is Circuit.CLOSED


def test_a_provider_that_fails_more_often_than_not_is_left_alone() -> None:
    state, batches = FRESH, 0
    while state.circuit is Circuit.CLOSED and batches < 50:
        state = with_outcomes(state, replace(down(3), accepted=1), NOON)
        batches += 1
    assert state.circuit is Circuit.OPEN
    assert batches == 10  # two more failures than acceptances each, until it is twenty


def test_no_answer_counts_as_a_failure_but_a_refusal_does_not() -> None:
    assert with_outcomes(FRESH, OutcomeTally(unknown=5), NOON).circuit is Circuit.OPEN
    refused = OutcomeTally(failed=50, deferred=50)
    assert with_outcomes(FRESH, refused, NOON).circuit is Circuit.CLOSED


def test_each_try_that_fails_waits_longer_and_one_that_works_closes_it() -> None:
    state, now, waits = with_outcomes(FRESH, down(5), NOON), NOON, []
    for _ in range(7):
        assert state.retry_at is not None
        waits.append(state.retry_at - now)
        now = state.retry_at
        trying = replace(state, circuit=Circuit.TRYING, retry_at=now + 2 * MINUTE)
        state = with_outcomes(trying, down(5), now)
    assert [each.total_seconds() for each in waits] == [30, 30, 60, 120, 240, 480, 600]
    closed = with_outcomes(replace(state, circuit=Circuit.TRYING), OutcomeTally(accepted=1), now)
    assert (closed.circuit, closed.retry_at, closed.failed) == (Circuit.CLOSED, None, 0)


def test_late_failures_of_batches_on_their_way_change_nothing() -> None:
    state = with_outcomes(FRESH, down(5), NOON)
    assert with_outcomes(state, down(25), NOON + MINUTE).retry_at == state.retry_at


def test_a_lane_is_halved_once_for_many_batches_that_say_the_same() -> None:
    rate = OutcomeTally(deferred=3, rate=3, reason="421 4.7.0 slow down")
    state = slowed(FRESH, rate, NOON)
    assert state.pace == 0.5
    assert slowed(state, rate, NOON + timedelta(seconds=5)).pace == 0.5
    assert slowed(state, rate, NOON + timedelta(seconds=20)).pace == 0.25


def test_a_pace_grows_back_slowly_and_never_above_the_usual() -> None:
    state = slowed(FRESH, OutcomeTally(deferred=1, rate=1), NOON)
    shares = [state.share(NOON + each * MINUTE) for each in (0, 4, 5, 10, 15, 20, 100_000)]
    assert shares == [0.5, 0.5, 0.625, 0.78125, 0.9765625, 1.0, 1.0]
    paced = state.paced(NOON, 120)
    assert paced is not None
    assert paced.per_minute == 60
    assert state.paced(NOON + 20 * MINUTE, 120) is None


def test_what_it_asks_to_wait_is_waited_an_hour_at_most() -> None:
    asked = OutcomeTally(deferred=1, rate=1, asked_to_wait=90 * MINUTE)
    assert slowed(FRESH, asked, NOON).retry_at == NOON + 60 * MINUTE
    shorter = replace(asked, asked_to_wait=2 * MINUTE)
    assert slowed(slowed(FRESH, asked, NOON), shorter, NOON).retry_at == NOON + 60 * MINUTE


@pytest.mark.parametrize(
    ("state", "number"),
    [
        pytest.param(replace(FRESH, accepted=0, refused=24), None, id="too few to say"),
        pytest.param(replace(FRESH, accepted=0, refused=25), 25, id="all refused"),
        pytest.param(replace(FRESH, accepted=900, refused=100), None, id="a tenth refused"),
        pytest.param(replace(FRESH, accepted=70, refused=30), 30, id="more than a quarter"),
        pytest.param(replace(FRESH, accepted=60, dead=40), None, id="a few dead addresses"),
        pytest.param(replace(FRESH, accepted=500, dead=50), None, id="dead, under a tenth"),
        pytest.param(replace(FRESH, accepted=400, dead=50), 50, id="dead, over a tenth"),
    ],
)
def test_when_everything_stops(state: ProviderState, number: int | None) -> None:
    found = alarm(state)
    assert (found and found.number) == number
    if found is not None:
        told = alarm_text(found, "smtp")
        assert f"{number} of the last" in told and alarm_told_again(told) == told
        with speaking(catalogue("de")):
            assert f"{number} der letzten" in alarm_told_again(told)


def test_a_reason_of_somebodys_own_stays_as_it_is() -> None:
    with speaking(catalogue("de")):
        assert alarm_told_again("wrong link in letter 3") == "wrong link in letter 3"


def test_what_was_counted_is_forgotten_after_an_hour() -> None:
    state = replace(FRESH, accepted=10, refused=30)
    later = with_outcomes(state, OutcomeTally(accepted=1), NOON + 61 * MINUTE)
    assert (later.accepted, later.refused, later.counted_from) == (1, 0, NOON + 61 * MINUTE)
