"""What the studio makes of headers and spans of time."""

from datetime import timedelta

import pytest

from funnel.web.studio.browsers import browser_words
from funnel.web.studio.waits import retry_after, wait_words

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/142.0", "Edge on Windows"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME}", "Chrome on a Chromebook"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME}", "Chrome on Android"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/26.0 Safari/605.1.15",
            "Safari on a Mac",
        ),
        ("Something on Linux", "A browser on Linux"),
        ("Firefox", "Firefox"),
        ("curl/8.14.1", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)
def test_a_browser_has_the_name_that_its_owner_knows(user_agent: str, expected: str) -> None:
    assert browser_words(user_agent) == expected


@pytest.mark.parametrize(
    ("seconds", "words", "header"),
    [
        (0.2, "1 second", "1"),
        (29.5, "30 seconds", "30"),
        (119.1, "2 minutes", "120"),
        (240, "4 minutes", "240"),
        (241, "5 minutes", "241"),
        (3600, "60 minutes", "3600"),
    ],
)
def test_who_waits_as_long_as_is_said_is_let_try(seconds: float, words: str, header: str) -> None:
    wait = timedelta(seconds=seconds)
    assert wait_words(wait) == words
    assert retry_after(wait) == header
