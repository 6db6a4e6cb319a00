"""Both providers' webhooks over HTTP, and everything that may be wrong with what comes.

What each is, and where it is tested besides:

=================  ==========================================  ====================================
                   Postmark                                    SES by SNS
=================  ==========================================  ====================================
wrong signature    test_delivery_hook (a stranger, the path)   test_delivery_hook (stale and forged)
                   test_postmark_events (who does not)         test_ses_events (not believed)
stale              signs no moment: a repeat is known, below   test_delivery_hook (stale and forged)
replayed           below                                       below
truncated          test_delivery_hook (cannot be read)         below
reordered          below, test_record_events (in any order)    below
two at once        test_delivery_hook (two at once)            below
unknown type       test_delivery_hook                          below
10,000 in one      test_delivery_hook (cannot be read)         test_delivery_hook (recipients)
odd characters     below                                       below
=================  ==========================================  ====================================
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests

from tests.sending.sns_signed import bounced
from tests.sending.test_postmark_events import BOUNCE, CHANGE, DELIVERY
from tests.web.test_delivery_hook import EventsHook, at

__all__ = ["at"]

# PostgreSQL's text refuses NUL, UTF-8 a lone half of a pair; JSON may hold both.
ODD = "a\0b\ud800c\u202ed\u2028" + "e" * 100_000
Say = Callable[[EventsHook, str], requests.Response]


def by_ses(at: EventsHook, message: object) -> requests.Response:
    return at.ses(at.sns.message(message, sent_at=datetime.now(UTC)))


def postmark_says(at: EventsHook, kind: str) -> requests.Response:
    payloads = {"delivery": DELIVERY, "bounce": BOUNCE, "unknown": {"RecordType": "Telepathy"}}
    return at.postmark(at.about(payloads[kind]))


def ses_says(at: EventsHook, kind: str) -> requests.Response:
    said = bounced(at.message)
    if kind == "delivery":
        at_ = {"timestamp": "2031-03-04T12:00:05.000Z", "smtpResponse": "250 ok"}
        said = {key: value for key, value in said.items() if key != "bounce"}
        said |= {"eventType": "Delivery", "delivery": at_}
    if kind == "unknown":
        said |= {"eventType": "Telepathy"}
    return by_ses(at, said)


BOTH = pytest.mark.parametrize("say", [postmark_says, ses_says], ids=["postmark", "ses"])


@BOTH
def test_what_comes_in_the_wrong_order_and_again_ends_alike(at: EventsHook, say: Say) -> None:
    assert say(at, "bounce").json() == {"events": {"applied": 1}}
    late = say(at, "delivery")
    assert late.status_code == 200, late.text
    assert at.delivery() == "bounced"
    assert at.world.ask("select count(*) from suppressions") == 1
    assert at.world.ask("select total from counters where status = 'bounced'") == 1


@BOTH
def test_what_nobody_knows_yet_is_none_of_ours(at: EventsHook, say: Say) -> None:
    assert say(at, "unknown").json() == {"events": {"ignored": 1}}
    assert at.delivery() == "none"
    assert at.world.ask("select state = 'ignored' and note <> '' from delivery_events")


def test_the_same_message_of_sns_several_times_at_once_counts_once(at: EventsHook) -> None:
    said = at.sns.message(bounced(at.message), sent_at=datetime.now(UTC))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: at.ses(said), range(12)))
    assert [each.status_code for each in answers] == [200] * 12
    told = sorted(next(iter(each.json()["events"])) for each in answers)
    assert told == ["applied", *["known"] * 11]
    assert (at.events(), at.delivery()) == (1, "bounced")


def test_what_came_from_postmark_long_ago_and_comes_again_is_known(at: EventsHook) -> None:
    at.postmark(at.about(BOUNCE))
    at.world.execute("update delivery_events set received_at = received_at - interval '300 days'")
    assert at.postmark(at.about(BOUNCE)).json() == {"events": {"known": 1}}


def test_a_message_of_sns_that_is_cut_short(at: EventsHook) -> None:
    whole = at.sns.message(bounced(at.message), sent_at=datetime.now(UTC))
    cut = at.ses(whole[:-40])  # on its way: nobody's signature
    assert (cut.status_code, at.unread()) == (401, None)
    half = by_ses(at, json.dumps(bounced(at.message))[:-40])  # rightly signed
    assert (half.status_code, half.json()["type"]) == (422, "/problems/unreadable-event")
    assert at.unread()
    assert (at.delivery(), at.events()) == ("none", 0)
    assert at.ses(whole).json() == {"events": {"applied": 1}}


POSTMARK_ODD = {
    "the words": BOUNCE | {"Description": ODD, "Details": ODD},
    "the type": BOUNCE | {"Type": ODD},
    "their id": BOUNCE | {"MessageID": ODD},
    "the address": BOUNCE | {"Email": ODD},
    "a huge number": BOUNCE | {"ID": 10**40},
    "the record": {"RecordType": ODD},
    "the recipient": CHANGE | {"Recipient": ODD, "MessageID": None},
    "a reason": CHANGE | {"SuppressionReason": ODD},
    "the year one": DELIVERY | {"DeliveredAt": "0001-01-01T00:00:00Z"},
    "the last year": DELIVERY | {"DeliveredAt": "9999-12-31T23:59:59Z"},
}


@pytest.mark.parametrize("case", POSTMARK_ODD)
def test_odd_characters_and_numbers_of_postmark_are_no_failure_of_ours(
    at: EventsHook, case: str
) -> None:
    answer = at.postmark(at.about(POSTMARK_ODD[case]))
    assert answer.status_code in (200, 422), answer.text
    assert at.events() or at.unread()


SES_ODD = {
    "the words": {"bouncedRecipients": [{"emailAddress": "a@example.org", "diagnosticCode": ODD}]},
    "the address": {"bouncedRecipients": [{"emailAddress": ODD}]},
    "the status": {"bouncedRecipients": [{"emailAddress": "a@example.org", "status": ODD}]},
    "no objects": {"bouncedRecipients": [None, 7, "x", []]},
    "nobody": {"bouncedRecipients": []},
    "the type": {"bounceType": ODD},
    "the year one": {"timestamp": "0001-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("case", SES_ODD)
def test_odd_characters_of_ses_are_no_failure_of_ours(at: EventsHook, case: str) -> None:
    answer = by_ses(at, bounced(at.message, **SES_ODD[case]))
    assert answer.status_code in (200, 422), answer.text
    assert at.events() or at.unread()
