"""Person or machine: a table of what was seen, and properties of the judgement."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.domain.judgement import LONGEST_BURST, SETTLES_AFTER, Fetch, judge

MAILED = datetime(2031, 3, 4, 11, 0, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 Safari/604.1"
CUBOT = "Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/142.0 Mobile Safari/537.36"
HOUR = timedelta(hours=1)


def fetch(after, place="booking", *, ip="192.0.2.1", agent=CHROME, method="GET"):
    later = after if isinstance(after, timedelta) else timedelta(seconds=after)
    return Fetch(at=MAILED + later, place=place, ip=ip, user_agent=agent, method=method)


@pytest.mark.parametrize(
    ("case", "seen", "is_human"),
    [
        ("a browser, an hour later", fetch(HOUR), True),
        ("a phone", fetch(HOUR, agent=PHONE), True),
        ("a telephone called CUBOT", fetch(HOUR, agent=CUBOT), True),
        ("seen before methods were kept", fetch(HOUR, method=""), True),
        ("a reader behind no address", fetch(HOUR, ip=None), True),
        ("9 s after the email", fetch(9), False),
        ("10 s after it", fetch(10), True),
        ("while it was handed over", fetch(-0.2), False),
        ("asked with HEAD", fetch(HOUR, method="HEAD"), False),
        ("no program named", fetch(HOUR, agent=None), False),
        ("an empty name", fetch(HOUR, agent=""), False),
        *(
            (agent, fetch(HOUR, agent=agent), False)
            for agent in (
                "Barracuda Sentinel (EE)",
                "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
                "python-requests/2.32.3",
                "Go-http-client/1.1",
                "curl/8.5.0",
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
                "facebookexternalhit/1.1",
                "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/142.0.0.0 Safari/537.36",
                "Microsoft Office Existence Discovery",
                "Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via ggpht.com GoogleImageProxy)",
                "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
            )
        ),
    ],
)
def test_one_fetch_alone(case, seen, is_human):
    judgement = judge(seen, [seen], mailed_at=MAILED)
    assert judgement.is_human is is_human, case
    assert judgement.reasons


@pytest.mark.parametrize(
    ("case", "beside", "is_human"),
    [
        ("the same link again", [fetch(HOUR + timedelta(seconds=1))], True),
        ("another link 1 s after it", [fetch(HOUR + timedelta(seconds=1), "notes")], False),
        ("another link 1 s before it", [fetch(HOUR - timedelta(seconds=1), "notes")], False),
        ("another link 3 s after it", [fetch(HOUR + timedelta(seconds=3), "notes")], True),
        (
            "three links within 5 s, this one in the middle",
            [
                fetch(HOUR - timedelta(seconds=2.5), "notes"),
                fetch(HOUR + timedelta(seconds=2.5), "join"),
            ],
            False,
        ),
        (
            "three links within 8 s",
            [
                fetch(HOUR - timedelta(seconds=4), "notes"),
                fetch(HOUR + timedelta(seconds=4), "join"),
            ],
            True,
        ),
        (
            "another link at once by somebody else",
            [fetch(HOUR, "notes", ip="198.51.100.9", agent=PHONE)],
            True,
        ),
        (
            "by one program from many addresses",
            [fetch(HOUR, "notes", ip="198.51.100.9")],
            False,
        ),
        ("by two programs from one address", [fetch(HOUR, "notes", agent=PHONE)], False),
    ],
)
def test_what_came_beside_it(case, beside, is_human):
    assert judge(fetch(HOUR), beside, mailed_at=MAILED).is_human is is_human, case


def test_the_same_person_later_and_calmly_by_a_browser_is_believed():
    scan = [fetch(1, place) for place in ("booking", "notes", "join")]
    later = fetch(HOUR)
    everything = [*scan, later]
    assert not any(judge(each, everything, mailed_at=MAILED).is_human for each in scan)
    assert judge(later, everything, mailed_at=MAILED).is_human


@pytest.mark.parametrize(
    ("case", "seconds", "are_human"),
    [
        ("all links of a letter at once", {"booking": 0, "stop": 0.3, "preferences": 0.7}, "---"),
        ("one after another", {"booking": 0, "stop": 2.2, "preferences": 4.4}, "---"),
        ("into the room, then the calendar", {"join": 0, "calendar": 20}, "++"),
        ("two tabs, one after the other", {"booking": 0, "preferences": 3}, "++"),
        ("two tabs at once", {"booking": 0, "preferences": 1}, "--"),
        ("a page, and its link to another", {"preferences": 0, "booking": 2.5}, "++"),
    ],
)
def test_own_pages_count_like_any_other_link(case, seconds, are_human):
    seen = [fetch(HOUR + timedelta(seconds=each), place) for place, each in seconds.items()]
    said = "".join("+" if judge(each, seen, mailed_at=MAILED).is_human else "-" for each in seen)
    assert said == are_human, case


def test_a_mail_program_that_fetches_everything_first_hides_no_calm_click():
    ahead = [fetch(HOUR, place) for place in ("booking", "stop", "preferences")]
    click = fetch(HOUR + timedelta(seconds=6))
    assert judge(click, [*ahead, click], mailed_at=MAILED).is_human
    assert not any(judge(each, [*ahead, click], mailed_at=MAILED).is_human for each in ahead)


def test_without_the_email_s_moment_nothing_is_too_soon():
    assert judge(fetch(1), [], mailed_at=None).is_human


def test_every_reason_is_named():
    seen = fetch(1, method="HEAD", agent="curl/8.5.0")
    reasons = judge(seen, [fetch(1, "notes")], mailed_at=MAILED).reasons
    text = " | ".join(reasons)
    assert len(reasons) == 4
    for word in ("HEAD", "curl/", "1 s after the email left", "2 different links within 2 s"):
        assert word in text


_FETCHES = st.builds(
    fetch,
    st.integers(-5, 60),
    st.sampled_from(["booking", "notes", "join", "replay"]),
    ip=st.sampled_from([None, "192.0.2.1", "198.51.100.9"]),
    agent=st.sampled_from([None, CHROME, PHONE, "curl/8.5.0"]),
    method=st.sampled_from(["GET", "HEAD"]),
)


@given(seen=_FETCHES, beside=st.lists(_FETCHES, max_size=8), data=st.data())
def test_the_order_of_what_was_seen_does_not_matter(seen, beside, data):
    shuffled = data.draw(st.permutations(beside))
    first = judge(seen, beside, mailed_at=MAILED)
    assert judge(seen, shuffled, mailed_at=MAILED) == first
    assert judge(seen, [*beside, seen], mailed_at=MAILED) == first


@given(seen=_FETCHES, beside=st.lists(_FETCHES, max_size=8), further=_FETCHES)
def test_more_evidence_makes_nobody_human(seen, beside, further):
    before = judge(seen, beside, mailed_at=MAILED).is_human
    assert before or not judge(seen, [*beside, further], mailed_at=MAILED).is_human


@given(seen=_FETCHES, beside=st.lists(_FETCHES, max_size=8))
def test_what_comes_after_the_settling_time_changes_nothing(seen, beside):
    near = [each for each in beside if abs(each.at - seen.at) <= SETTLES_AFTER]
    assert SETTLES_AFTER > LONGEST_BURST
    assert judge(seen, near, mailed_at=MAILED) == judge(seen, beside, mailed_at=MAILED)
