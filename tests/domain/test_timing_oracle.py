"""Our arithmetic against that of ``whenever``, which shares no code with ``zoneinfo``'s."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant, PlainDateTime, ZonedDateTime

from funnel.domain.timing import Delay, SendWindow, due_at, local_day

ZONES = tuple(files("tzdata").joinpath("zones").read_text().split())

zones = st.sampled_from(ZONES)
moments = st.timedeltas(timedelta(0), timedelta(days=17 * 365)).map(
    lambda after: datetime(2024, 1, 1, tzinfo=UTC) + after
)
days = st.integers(-400, 400)
elapsed = st.timedeltas(timedelta(days=-40), timedelta(days=40))
hours = st.none() | st.times().map(lambda at: at.replace(microsecond=0))
windows = st.builds(
    lambda weekdays, ends: SendWindow(weekdays=weekdays, opens=min(ends), closes=max(ends)),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sets(st.times(), min_size=2, max_size=2),
)


def oracle_moment(day: date, at: time, zone: str) -> datetime:
    plain = PlainDateTime(datetime.combine(day, at))
    zoned = plain.assume_tz(zone, disambiguation="compatible")
    return zoned.to_instant().to_stdlib()


def oracle_due(anchor_at: datetime, delay: Delay, at: time | None, zone: str) -> datetime:
    local: ZonedDateTime = Instant(anchor_at).to_tz(zone)
    if delay.days or at is not None:
        plain = local.to_plain().to_stdlib() + timedelta(days=delay.days)
        return oracle_moment(plain.date(), at or plain.time(), zone) + delay.elapsed
    return local.to_instant().to_stdlib() + delay.elapsed


@settings(max_examples=1500, deadline=None)
@given(anchor_at=moments, delay=st.builds(Delay, days=days, elapsed=elapsed), at=hours, zone=zones)
def test_due_at_agrees_with_the_oracle_everywhere(anchor_at, delay, at, zone):
    ours = due_at(anchor_at, delay, at=at, window=None, zone=ZoneInfo(zone))
    assert ours == oracle_due(anchor_at, delay, at, zone)


def transitions(zone: str) -> list[datetime]:
    """The moments between 2024 and 2040 at which the clocks of a zone are changed."""
    found = []
    moment = Instant(datetime(2024, 1, 1, tzinfo=UTC)).to_tz(zone)
    while (moment := moment.next_transition()) is not None and moment.year <= 2040:
        found.append(moment.to_instant().to_stdlib())
    return found


AROUND = [timedelta(minutes=minutes) for minutes in range(-150, 151, 50)]
DELAYS = [Delay(), Delay(days=1), Delay(days=-1), Delay(elapsed=timedelta(hours=-1))]


def crossings(zone: str) -> Iterator[tuple[datetime, Delay, time | None]]:
    """What to count across every change of the clocks of a zone, from the hours around it."""
    for change in transitions(zone):
        for around in AROUND:
            moment = change + around
            at = moment.astimezone(ZoneInfo(zone)).time()
            for delay in DELAYS:
                yield moment, delay, None
                yield moment, delay, at


@pytest.mark.parametrize("region", sorted({zone.partition("/")[0] for zone in ZONES}))
def test_every_change_of_the_clocks_is_crossed_as_the_oracle_does(region):
    for zone in (each for each in ZONES if each.partition("/")[0] == region):
        ours = ZoneInfo(zone)
        for moment, delay, at in crossings(zone):
            due = due_at(moment, delay, at=at, window=None, zone=ours)
            assert due == oracle_due(moment, delay, at, zone), (zone, moment, delay, at)


def test_the_oracle_sees_changes_of_the_clocks():
    assert len(transitions("Europe/Berlin")) == 34


@settings(max_examples=500, deadline=None)
@given(moment=moments, window=windows, zone=zones)
def test_the_first_moment_in_a_window_is_inside_and_nothing_earlier_is(moment, window, zone):
    ours = ZoneInfo(zone)
    first = window.first_in(moment, ours)
    assert first >= moment
    assert first.astimezone(ours).weekday() in window.weekdays
    opens_at, closes_at = window.hours_on(local_day(first, ours), ours)
    assert opens_at <= first < closes_at
    assert window.first_in(first, ours) == first
    # Either it is open at once, or the first moment is an opening with no open day before it.
    if first != moment:
        assert first == opens_at
        day = local_day(moment, ours)
        while day < local_day(first, ours):
            day_opens_at, day_closes_at = window.hours_on(day, ours)
            assert (
                day.weekday() not in window.weekdays or max(day_opens_at, moment) >= day_closes_at
            )
            day += timedelta(days=1)
