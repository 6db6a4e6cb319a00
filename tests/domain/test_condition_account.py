"""What is told of a condition agrees with what the planner is answered, whatever happened."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from funnel.domain.condition_account import account_of
from funnel.domain.condition_text import read_condition
from funnel.domain.conditions import Asked, ask
from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.facts import FactKind, Happening
from funnel.domain.known import Known
from funnel.domain.message import MessageStatus
from funnel.domain.sequence import DEFAULT_GOAL
from tests.fixtures.world import SHORT_SEQUENCE

NOON = datetime(2031, 3, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BEGINNINGS = {FactKind.CLICKED, FactKind.TAGGED, FactKind.BOOKED, FactKind.BOUGHT, FactKind.REPLIED}

_HAPPENINGS = st.builds(
    Happening,
    kind=st.sampled_from([*BEGINNINGS, FactKind.UNTAGGED, FactKind.BOOKING_CANCELLED]),
    at=st.integers(-10, 6).map(lambda days: NOON + days * DAY),
    name=st.sampled_from(["", "call", "Call", "study"]),
    step_key=st.sampled_from(["", "letter", "other"]),
    reference=st.sampled_from(["", "1", "2"]),
    replaces=st.sampled_from(["", "1", "2"]),
)
_CONDITIONS = st.sampled_from(
    [
        *("goal reached", "booked", "booked call", "booked within 2 days", "bought", "replied"),
        *("tag call", "clicked", "clicked link study", "clicked link study in letter"),
        *("clicked in letter within 2 days", "clicked within 3 days", "clicked in missing"),
    ]
).map(read_condition)


@given(condition=_CONDITIONS, happened=st.lists(_HAPPENINGS, max_size=6).map(tuple))
def test_what_is_told_is_what_the_planner_counts(condition, happened):
    enrollment = Enrollment(enrolled_at=NOON, zone=ZoneInfo("Europe/Berlin"))
    sent = PassedStep(
        key="letter", copy=0, status=MessageStatus.ACCEPTED, moment=NOON, settled_at=NOON
    )
    known = Known(enrollment, Facts(happened=happened), SHORT_SEQUENCE, {"letter": [sent]})
    told = account_of(condition, known, happened, counted_at=NOON, goal=DEFAULT_GOAL)

    later = NOON + 7 * DAY
    answer = ask([condition], known, Asked(later, later, later, NOON))
    assert (told.at is not None) is (answer.skip is None)
    if told.at is not None:
        assert len(told.told_by) == 1
        assert told.told_by[0].kind in BEGINNINGS
    elif told.told_by:
        begun, ended = told.told_by
        assert begun.kind in BEGINNINGS and ended.kind not in BEGINNINGS
        assert begun.at < ended.at
    assert told.can_happen is (condition.step_key != "missing")
