"""What somebody means who writes a time zone by hand."""

import pytest

from funnel.domain.zone_names import nearest_zone


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Berln", "Europe/Berlin"),
        ("Europa/Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("america/new york", "America/New_York"),
        ("auckland", "Pacific/Auckland"),
        ("Calcutta", "Asia/Kolkata"),
        ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
        ("qqqqqq", None),
        ("", None),
    ],
)
def test_the_nearest_zone(given: str, meant: str | None) -> None:
    assert nearest_zone(given) == meant
