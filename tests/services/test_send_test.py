"""A test of an email: marked, harmless, sent soon, and counted nowhere."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import uuid4

import pytest

from funnel.domain.consent import SuppressionReason
from funnel.domain.email_test import MOST_AN_HOUR
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.readers import MadeUp, MadeUpReader, PersonReader, Reader
from funnel.services.edit_template import save_template_draft
from funnel.services.send_test import list_tests, send_test, send_tests_of_sequence
from funnel.services.send_test_emails import send_test_emails, settle_lost_tests
from funnel.storage.test_emails import EmailTest
from tests.fixtures.posting import Post, assert_balanced, enrolled
from tests.fixtures.world import EMAIL
from tests.sending.scripted_server import hang_up, say

BY = "mira@example.org"
TO = "colleague@example.net"
USUAL = MadeUpReader(kind=MadeUp.USUAL)


def ask(post: Post, key: str, reader: Reader = USUAL, *, to: str = TO, source: str | None = None):
    return send_test(
        key,
        reader,
        to=to,
        by=BY,
        transactions=post.world.transactions,
        previewing=post.previewing,
        source=source,
    )


def ask_all(
    post: Post, slug: str = "short", *, to: str = TO, patience: timedelta = timedelta(minutes=1)
) -> int:
    return send_tests_of_sequence(
        slug,
        USUAL,
        to=to,
        by=BY,
        transactions=post.world.transactions,
        previewing=replace(post.previewing, patience=patience),
    )


def listed(post: Post) -> tuple[EmailTest, ...]:
    return list_tests(post.world.transactions)


def arrived(post: Post) -> list[EmailMessage]:
    found = [message_from_bytes(each, policy=default) for each in post.server.accepted]
    return [each for each in found if isinstance(each, EmailMessage)]


def parts(mail: EmailMessage) -> Iterator[str]:
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        yield body.get_content().replace("\r\n", "\n")


def source(text: str) -> str:
    return EMAIL.format(subject="As it is typed", layout="letter", text=text)


def test_a_test_is_marked_and_its_links_act_for_nobody(post: Post) -> None:
    person, run = enrolled(post.world)
    ask(post, "short/your-seat", PersonReader(subscriber_id=person, enrollment_id=run))
    assert send_test_emails(post.delivery, most=5) == {"accepted": 1}
    (mail,) = arrived(post)
    assert mail["Subject"] == "[Test] Subject of your-seat"
    assert mail["To"] == TO
    assert [mail[name] for name in ("List-Unsubscribe", "List-Id", "Feedback-ID")] == [None] * 3
    plain, page = parts(mail)
    note = "This is a test of “Your seat”, as Ana would get it. Its links lead nowhere."
    assert plain.startswith(f"{note}\n\nHello Ana,")
    assert page.count(note) == 1
    assert page.index("About" if "About" in page else "A line of its own") < page.index(note)
    assert "https://funnel.example.org/test-link#join" in plain
    assert page.count("/test-link#") >= 3
    raw = post.server.accepted[0].decode()
    links = post.delivery.builder.links
    for link in (links.join(run), links.preferences(person), links.calendar(run)):
        assert link.rpartition("/")[2].removesuffix(".ics") not in raw.replace("=\r\n", "")
    (test,) = listed(post)
    assert (test.status, test.to_address, test.by) == ("accepted", TO, BY)
    assert test.settled_at is not None


def test_a_test_touches_no_sum_no_message_no_fact_and_no_evidence(post: Post) -> None:
    person, _ = enrolled(post.world)
    tables = ("messages", "counters", "facts", "evidence", "links", "enrollments", "consents")
    rows = "select coalesce(json_agg(t order by t::text)::text, '') from {} t"
    post.claim()
    before = [post.world.ask(rows.format(each)) for each in tables]
    ask(post, "short/first", PersonReader(subscriber_id=person))
    assert ask_all(post) == 4
    post.world.execute("update test_emails set available_at = now()")
    assert send_test_emails(post.delivery, most=9) == {"accepted": 5}
    assert [post.world.ask(rows.format(each)) for each in tables] == before
    # One line a press: one email, and then a sequence's four.
    assert post.world.ask("select count(*) from audit where action = 'test.send'") == 2
    assert post.world.ask("select count(*) from audit where detail::text like '%@%'") == 0
    assert_balanced(post.world)


def test_a_sequence_comes_in_its_order_some_seconds_apart_and_drafts_before_what_is_live(
    post: Post,
) -> None:
    save_template_draft(
        "short/first",
        source("Written anew."),
        seen=0,
        by=BY,
        transactions=post.world.transactions,
    )
    with pytest.raises(InvalidInputError, match="too long to be made: 0 of 4 were"):
        ask_all(post, patience=timedelta(0))
    assert listed(post) == ()
    assert ask_all(post) == 4
    assert send_test_emails(post.delivery, most=9) == {"accepted": 1}
    post.world.execute("update test_emails set available_at = available_at - interval '9 seconds'")
    assert send_test_emails(post.delivery, most=9) == {"accepted": 3}
    assert [mail["Subject"] for mail in arrived(post)] == [
        "[Test] Subject of your-seat",
        "[Test] As it is typed",
        "[Test] Subject of one-hour",
        "[Test] Subject of second",
    ]
    assert "Written anew." in next(parts(arrived(post)[1]))
    assert [each.template_key for each in listed(post)] == [
        *("short/your-seat", "short/first", "short/one-hour", "short/second")
    ]


@pytest.mark.parametrize("kind", list(MadeUp))
def test_everybody_made_up_can_read_one(post: Post, kind: MadeUp) -> None:
    ask(post, "short/your-seat", MadeUpReader(kind=kind))
    send_test_emails(post.delivery, most=1)
    plain = next(parts(arrived(post)[0]))
    assert plain.startswith("This is a test of “Your seat”, made for nobody real.")


def test_what_is_typed_is_tested_as_it_is_and_what_cannot_be_is_said(post: Post) -> None:
    ask(post, "short/first", source=source("Typed just now."))
    send_test_emails(post.delivery, most=1)
    assert "Typed just now." in next(parts(arrived(post)[0]))
    for text, words in [
        ("{{ nonsense }}", "nonsense"),
        (
            "{% for a in person.email * 999 %}{% for b in person.email * 999 %}x{% endfor %}"
            "{% endfor %}",
            "cannot be written",
        ),
    ]:
        with pytest.raises(InvalidInputError, match=words) as refused:
            ask(post, "short/first", source=source(text))
        assert refused.value.field == "short/first"
    with pytest.raises(NotFoundError):
        ask(post, "short/nowhere")
    with pytest.raises(NotFoundError):
        ask(post, "short/first", PersonReader(subscriber_id=uuid4()))
    with pytest.raises(NotFoundError):
        ask_all(post, "nowhere")
    assert len(listed(post)) == 1


@pytest.mark.parametrize("reason", list(SuppressionReason))
def test_an_address_on_the_do_not_email_list_gets_none(
    post: Post, reason: SuppressionReason
) -> None:
    post.world.execute(
        "insert into suppressions (email_key, reason) values ('colleague@example.net', :reason)",
        reason=reason,
    )
    with pytest.raises(InvalidInputError, match="do-not-email list") as refused:
        ask(post, "short/first", to="Colleague@Example.net")
    assert refused.value.field == "to"
    assert "Give another address." in refused.value.remedy
    assert listed(post) == ()


def test_there_is_a_most_an_hour_and_an_address_must_be_one(post: Post) -> None:
    ask(post, "short/first")
    post.world.execute(
        "insert into test_emails (id, to_address, template_key, email, by) "
        "select gen_random_uuid(), to_address, template_key, email, by "
        "from test_emails, generate_series(1, :more)",
        more=MOST_AN_HOUR - 4,
    )
    with pytest.raises(InvalidInputError, match="100 tests in an hour"):
        ask_all(post)
    ask(post, "short/first")
    post.world.execute("update test_emails set created_at = now() - interval '61 minutes'")
    assert ask_all(post) == 4
    for wrong in ("", "nobody", "a@b", "a@example.org\nBcc: b@example.org"):
        with pytest.raises(InvalidInputError) as refused:
            ask(post, "short/first", to=wrong)
        assert refused.value.field == "to"


@pytest.mark.parametrize(
    ("post", "status", "reason", "attempts"),
    [
        ({"RCPT": [say("450 4.2.1 later")]}, "queued", "4.2.1", 1),
        ({"RCPT": [say("550 5.1.1 no such mailbox")]}, "failed", "5.1.1", 1),
        ({"dot": [hang_up]}, "unknown", "", 1),
    ],
    indirect=["post"],
    ids=["deferred", "refused", "no answer"],
)
def test_each_outcome_stands_in_its_row_and_suppresses_nobody(
    post: Post, status: str, reason: str, attempts: int
) -> None:
    ask(post, "short/first")
    assert send_test_emails(post.delivery, most=5) == {status: 1}
    (test,) = listed(post)
    assert (test.status, test.attempts) == (status, attempts)
    assert reason in test.reason
    assert post.world.ask("select count(*) from suppressions") == 0
    assert send_test_emails(post.delivery, most=5) == {}, "later, or never again"
    if status == "queued":
        post.world.execute("update test_emails set available_at = now()")
        assert send_test_emails(post.delivery, most=5) == {"accepted": 1}


@pytest.mark.parametrize(
    "post", [{"RCPT": [say("450 4.2.1 later")] * 9}], indirect=True, ids=["never taken"]
)
def test_it_gives_up_visibly(post: Post) -> None:
    ask(post, "short/first")
    for _ in range(5):
        post.world.execute("update test_emails set available_at = now()")
        send_test_emails(post.delivery, most=1)
    (test,) = listed(post)
    assert (test.status, test.attempts) == ("failed", 5)
    assert test.reason.startswith("gave up after 5 attempts")


def test_what_died_in_a_workers_hands_is_unknown_and_a_late_answer_changes_nothing(
    post: Post,
) -> None:
    ask(post, "short/first")
    post.world.execute(
        "update test_emails set status = 'sending', attempts = 1, "
        "lease_until = now() - interval '1 second'"
    )
    settle_lost_tests(post.world.transactions)
    (test,) = listed(post)
    assert (test.status, test.reason) == ("unknown", "the worker was lost while it sent")
    assert send_test_emails(post.delivery, most=5) == {}
    post.world.execute("update test_emails set created_at = now() - interval '8 days'")
    settle_lost_tests(post.world.transactions)
    assert listed(post) == ()


def test_the_brake_holds_tests_as_well(post: Post) -> None:
    ask(post, "short/first")
    post.world.execute("insert into pauses (scope, reason, by) values ('all', 'stop', 'ops')")
    assert send_test_emails(post.delivery, most=5) == {}
    post.world.execute("delete from pauses")
    assert send_test_emails(post.delivery, most=5) == {"accepted": 1}


def test_the_calendar_file_of_a_test_replaces_nobodys_entry(post: Post) -> None:
    person, run = enrolled(post.world)
    post.world.publish_email("your-seat", "[Add it]({{ links.calendar }})", layout="service")
    ask(post, "short/your-seat", PersonReader(subscriber_id=person, enrollment_id=run))
    send_test_emails(post.delivery, most=1)
    (file,) = arrived(post)[0].iter_attachments()
    assert "BEGIN:VEVENT" in str(file.get_content())
    assert str(run) not in str(file.get_content())
