"""Days that were worked out for somebody are those of everybody who asks the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.planner import plan
from tests.domain.stories import DEFAULT, person, session

# Berlin and Tunis share their hours until the night of 30 March.
ZONES = ("Europe/Berlin", "Africa/Tunis", "Pacific/Kiritimati", "America/New_York")
ENROLLED = datetime(2031, 3, 17, 8, tzinfo=UTC)
DAYS = 14


def test_a_plan_is_the_same_whoever_was_planned_before() -> None:
    # Each twice: the second time the days are known, from people in other zones among them.
    for round_ in range(2):
        for number in range(DAYS * len(ZONES)):
            zone = ZoneInfo(ZONES[number % len(ZONES)])
            somebody = person(seat=session())
            at = ENROLLED + timedelta(days=number // len(ZONES), hours=5 * number % 24)
            enrollment = replace(somebody.enrollment, zone=zone, enrolled_at=at)
            known = plan(enrollment, DEFAULT, somebody.facts, frozenset(), at)
            # Another definition that says the same: nothing is kept for it yet.
            anew = plan(enrollment, replace(DEFAULT), somebody.facts, frozenset(), at)
            assert known == anew, f"{zone} {at} in round {round_}"
