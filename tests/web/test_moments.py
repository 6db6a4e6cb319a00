"""Days as pages show them: the year only where it is another one, and no calendar that ends."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from funnel.domain.session import Session
from funnel.web.moments import day_of, span_of
from tests.web.served import Served

NEW_YEAR = datetime(2027, 1, 1, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("Europe/Berlin", datetime(2027, 8, 1, tzinfo=UTC), "Friday 1 January"),
        ("Europe/Berlin", datetime(2026, 8, 1, tzinfo=UTC), "Friday 1 January 2027"),
        ("America/New_York", datetime(2026, 8, 1, tzinfo=UTC), "Thursday 31 December"),
        ("America/New_York", datetime(2027, 8, 1, tzinfo=UTC), "Thursday 31 December 2026"),
    ],
)
def test_the_year_is_shown_where_it_is_another_one_in_that_zone(
    zone: str, now: datetime, expected: str
) -> None:
    assert day_of(NEW_YEAR, zone, now) == expected


def test_the_end_of_the_calendar_is_no_error() -> None:
    last = datetime(9999, 12, 31, 22, tzinfo=UTC)
    session = Session(
        id=uuid4(), title="x", starts_at=last, ends_at=last + timedelta(minutes=90), zone="UTC"
    )
    assert "9999" in span_of(session, "Pacific/Auckland", NEW_YEAR).day


def test_the_landing_page_names_the_year_of_a_date_in_another_one(own_served: Served) -> None:
    own_served.execute(
        "update sessions set starts_at = starts_at + :year, ends_at = ends_at + :year",
        year=timedelta(days=366),
    )
    page = own_served.get("/").text
    year = own_served.ask("select extract(year from min(starts_at))::int from sessions")[0]
    assert f"{year}</span>" in page or f"{year}</p>" in page
    assert 'data-now="' in page
