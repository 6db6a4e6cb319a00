from dataclasses import replace
from datetime import timedelta

import pytest

from funnel.domain.status import (
    NEEDED_ROLES,
    Backlog,
    Broken,
    Broker,
    Lateness,
    Queue,
    Sign,
    StatusFigures,
    queue_note,
    verdict,
    words_of,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
ALIVE = tuple(Sign(role=role, processes=1, age=SECOND) for role in NEEDED_ROLES)
DAY = Lateness(emails=12_480, p50=SECOND / 4, p95=SECOND, p99=1.1 * SECOND, worst=2 * SECOND)
WELL = StatusFigures(
    backlog=Backlog(ahead=40), hour=Lateness(emails=0), day=DAY, broker=Broker(), signs=ALIVE
)
ON_TIME = (
    "On time: 99 % of the last day's 12,480 emails left within 1.1 s of the planned time. "
    "Every email is accounted for."
)


def with_signs(role, **changes):
    return tuple(replace(each, **changes) if each.role == role else each for each in ALIVE)


@pytest.mark.parametrize(
    ("case", "changes", "is_on_time", "text"),
    [
        ("all is well", {}, True, ON_TIME),
        (
            "nothing ever left",
            {"day": Lateness(emails=0)},
            True,
            "On time: nothing is due, and no email has left in the last day. "
            "Every email is accounted for.",
        ),
        (
            "paused",
            {
                "pauses": ("by anna, 4 min ago: a wrong link",),
                "backlog": Backlog(due=31, oldest_due=4 * MINUTE),
            },
            False,
            "Not on time: 31 emails are due, the oldest for 4 min, because sending is paused (by "
            "anna, 4 min ago: a wrong link); `funnel resume all` lets it go on; more is due than "
            "the workers have carried so far. Every email is accounted for.",
        ),
        (
            "the broker is away",
            {"broker": Broker(error="Connection refused")},
            False,
            "Not on time: nothing is due at the moment, but the broker does not do its work "
            "(Connection refused). Every email is accounted for.",
        ),
        (
            "no worker delivers",
            {
                "signs": with_signs("deliver", processes=0, age=3 * MINUTE),
                "backlog": Backlog(due=1, oldest_due=2 * MINUTE),
            },
            False,
            "Not on time: 1 email is due, the oldest for 2 min, because the worker that delivers "
            "has given no sign of life for 3 min; more is due than the workers have carried so "
            "far. Every email is accounted for.",
        ),
        (
            "a process that never lived",
            {"signs": ALIVE[1:]},
            False,
            "Not on time: nothing is due at the moment, but the scheduler has given no sign of "
            "life. Every email is accounted for.",
        ),
        (
            "the mail server refuses for now",
            {"backlog": Backlog(retrying=2, retry_reason="451 later", oldest_due=MINUTE)},
            False,
            "Not on time: 2 emails are due, the oldest for 60 s, because the mail server does not "
            'take 2 emails for now ("451 later"). Every email is accounted for.',
        ),
        (
            "timers that nobody asked",
            {"backlog": Backlog(runs_due=3, oldest_run=5 * MINUTE)},
            False,
            "Not on time: 3 timers of people came up 5 min ago and were not asked: more is due "
            "than the workers have carried so far. Every email is accounted for.",
        ),
        (
            "it was late within the hour",
            {"hour": replace(DAY, p99=5 * MINUTE)},
            False,
            "Not on time: nothing is due at the moment, but 1 % of the last hour's emails left "
            "5 min or more after their moment. Every email is accounted for.",
        ),
        (
            "due for a few seconds is on time",
            {"backlog": Backlog(due=3, oldest_due=5 * SECOND)},
            True,
            ON_TIME,
        ),
        (
            "a ledger that does not balance",
            {"broken": (Broken(name="sums equal the rows they count", offenders=2),)},
            True,
            "On time: 99 % of the last day's 12,480 emails left within 1.1 s of the planned time. "
            'The ledger does not balance: "sums equal the rows they count" (2).',
        ),
        (
            "what wants a person",
            {
                "backlog": Backlog(unknown=1, failed_today=2),
                "definition_errors": ("sequences/a.yaml",),
            },
            True,
            f"{ON_TIME} 1 email is held, because no answer came back after the hand-over. "
            "2 emails failed in the last day. sequences/a.yaml is not live as written: `funnel "
            "sequence load` says why.",
        ),
        (
            "a file that waits as a draft",
            {"drafts_of_files": ("short",)},
            True,
            f"{ON_TIME} The file of short has changed and waits as a draft, for what is live came "
            "from one: `funnel sequence diff short`.",
        ),
    ],
)
def test_the_sentence(case, changes, is_on_time, text):
    result = verdict(replace(WELL, **changes))
    assert result.text == text
    assert result.is_on_time is is_on_time
    assert result.is_balanced is ("broken" not in changes)


def broker(waiting, taken=0):
    queue = Queue(name="deliver", tasks=1, emails=waiting)
    return Broker(queues=(queue,), in_hands=1, in_hands_emails=taken)


@pytest.mark.parametrize(
    ("case", "backlog", "holds", "beginning"),
    [
        ("alike", Backlog(published=7, sending=1), broker(7, 1), "The broker and the database"),
        ("less there", Backlog(published=8), broker(7), "The broker holds 1 email less"),
        ("more there", Backlog(published=4), broker(7), "The broker holds 3 emails more"),
        (
            "away",
            Backlog(),
            Broker(error="timed out"),
            "The broker does not do its work: timed out.",
        ),
    ],
)
def test_the_difference_between_broker_and_database_is_explained(case, backlog, holds, beginning):
    assert queue_note(backlog, holds).startswith(beginning)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0.0 s"), (0.25, "0.2 s"), (9.9, "9.9 s"), (9.96, "10 s"), (119, "119 s"),
        (120, "2 min"), (3600, "60 min"), (7200, "2 h"), (172_800, "2 days"),
    ],
)  # fmt: skip
def test_durations_in_words(seconds, words):
    assert words_of(timedelta(seconds=seconds)) == words
