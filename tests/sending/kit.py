"""What every mailer must do, whoever is behind it. A new one subclasses ``MailerKit`` and passes.

The subclass gives two fixtures: ``mailer``, and ``received``, which returns the messages that have
arrived on the other side, as bytes, in the order of their arrival. Where the provider composes the
message itself, from fields, it says ``keeps_bytes = False``.
"""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from uuid import UUID, uuid4

import pytest

from funnel.domain.errors import NotSentError
from funnel.domain.failure import FailureKind
from funnel.sending import mime
from funnel.sending.mailer import Attachment, Mailer, Outcome, OutcomeStatus, OutgoingEmail

SENT_AT = datetime(2026, 11, 10, 8, 0, tzinfo=UTC)
_ticks = itertools.count()


def an_email(**changes) -> OutgoingEmail:
    """Return a finished letter, planned after all before; name only what the test is about."""
    values = {
        "message_id": uuid4(),
        "message_id_domain": "example.com",
        "from_name": "Ana Brandt",
        "from_address": "ana@example.com",
        "to_name": "Zoë Müller",
        "to_address": "zoe@example.org",
        "reply_to": "ana@example.com",
        "subject": "The tables have turned",
        "text": "Hello Zoë,\n\nhave a look.\n",
        "html": "<p>Hello Zoë,</p><p>have a look.</p>",
        "sent_at": SENT_AT,
        "planned_at": SENT_AT + timedelta(microseconds=next(_ticks)),
        "list_unsubscribe_url": "https://example.com/u/abc",
        "list_id": "letters.example.com",
        "feedback_id": "tables-turned:disruption:letters:example",
        "topic": "letters",
        "lane": "other",
    }
    return OutgoingEmail(**(values | changes))


def a_calendar() -> Attachment:
    """Return a file as "your-seat" carries it."""
    return Attachment(
        filename="session.ics",
        content_type="text/calendar",
        content="BEGIN:VCALENDAR\r\nSUMMARY:Größe\r\nEND:VCALENDAR\r\n".encode(),
        params=(("method", "PUBLISH"),),
    )


def always(_: UUID) -> bool:
    return True


def send(mailer: Mailer, *emails: OutgoingEmail) -> list[Outcome]:
    return list(mailer.send_all(emails, may_begin=always))


Received = Callable[[], list[bytes]]

_SAME_HEADERS = (
    "Subject",
    "Message-ID",
    "Reply-To",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "Feedback-ID",
)


def meaning(raw: bytes) -> tuple[object, ...]:
    """Return all of a message that its reader, or their mail program, can tell apart."""
    message = message_from_bytes(raw, policy=policy.default)
    mailboxes = [
        (each.display_name, each.addr_spec)
        for name in ("From", "To")
        for each in message[name].addresses
    ]
    headers = [str(message[name]) for name in _SAME_HEADERS]
    texts = [message.get_body((kind,)).get_content().split("\n") for kind in ("plain", "html")]
    texts = ["\n".join(each.rstrip("\r") for each in lines).strip() for lines in texts]
    files = [
        (each.get_filename(), each.get_content_type(), each.get_payload(decode=True))
        for each in message.iter_attachments()
    ]
    return tuple(mailboxes), tuple(headers), tuple(texts), tuple(files)


class Notebook:
    """A journal that keeps what it was told, in its order."""

    def __init__(self, *, is_full: bool = False) -> None:
        self.is_full = is_full
        self.lines: list[tuple[str, UUID]] = []
        self.ids: dict[UUID, str | None] = {}

    def begin(self, message_id: UUID) -> None:
        if self.is_full:
            raise NotSentError("the journal cannot be written")
        self.lines.append(("begun", message_id))

    def accept(self, message_id: UUID, provider_id: str | None) -> None:
        self.lines.append(("accepted", message_id))
        self.ids[message_id] = provider_id


class MailerKit:
    """The behaviour of the contract in ``funnel/sending/mailer.py``, each point once."""

    keeps_bytes = True

    @pytest.fixture
    def mailer(self):
        raise AssertionError("the subclass gives a `mailer` fixture")

    @pytest.fixture
    def received(self):
        raise AssertionError("the subclass gives a `received` fixture")

    def assert_arrived(self, received: Received, *emails: OutgoingEmail) -> None:
        """Each once, in any order: several connections may carry them."""
        arrived, wanted = received(), [mime.build(each) for each in emails]
        if not self.keeps_bytes:
            arrived, wanted = (
                [meaning(each) for each in arrived],
                [meaning(each) for each in wanted],
            )
        assert sorted(map(repr, arrived)) == sorted(map(repr, wanted))

    def test_one_outcome_each(self, mailer: Mailer, received: Received):
        emails = [an_email() for _ in range(5)]
        outcomes = send(mailer, *emails)
        assert sorted(each.message_id for each in outcomes) == sorted(
            each.message_id for each in emails
        )
        assert {each.status for each in outcomes} == {OutcomeStatus.ACCEPTED}
        assert {each.failure for each in outcomes} == {None}
        self.assert_arrived(received, *emails)

    def test_an_empty_batch_has_no_outcome(self, mailer: Mailer, received: Received):
        assert send(mailer) == []
        assert received() == []

    def test_outcomes_come_as_they_happen(self, mailer: Mailer, received: Received):
        emails = [an_email() for _ in range(2 * mailer.connections + 2)]
        outcomes = mailer.send_all(emails, may_begin=always)
        assert received() == []
        next(outcomes)
        # More than one may be on its way, but not the whole batch.
        assert 1 <= len(received()) < len(emails)
        assert len(list(outcomes)) == len(emails) - 1
        assert len(received()) == len(emails)

    def test_time_is_counted_from_the_call(self, mailer: Mailer, received: Received):
        first, second = send(mailer, an_email(), an_email())
        assert timedelta(0) <= first.elapsed <= second.elapsed

    def test_what_may_not_begin_does_not_leave(self, mailer: Mailer, received: Received):
        emails = [an_email() for _ in range(4)]
        held = {emails[1].message_id, emails[3].message_id}
        outcomes = list(
            mailer.send_all(emails, may_begin=lambda message_id: message_id not in held)
        )
        assert {each.message_id for each in outcomes} == {
            emails[0].message_id,
            emails[2].message_id,
        }
        self.assert_arrived(received, emails[0], emails[2])

    def test_permission_is_asked_only_when_the_email_is_next(
        self, mailer: Mailer, received: Received
    ):
        asked = []
        emails = [an_email() for _ in range(2 * mailer.connections + 2)]
        outcomes = mailer.send_all(emails, may_begin=lambda each: asked.append(each) or True)
        assert asked == []
        next(outcomes)
        assert emails[-1].message_id not in asked
        list(outcomes)
        assert set(asked) == {each.message_id for each in emails}

    def test_the_journal_knows_before_it_leaves_and_as_it_is_taken(
        self, mailer: Mailer, received: Received
    ):
        book = Notebook()
        emails = [an_email() for _ in range(3)]
        broken = an_email(reply_to="x\ny@example.com")
        outcomes = list(mailer.send_all([*emails, broken], may_begin=always, journal=book))
        for each in emails:
            lines = [word for word, message_id in book.lines if message_id == each.message_id]
            assert lines == ["begun", "accepted"]
        assert not any(message_id == broken.message_id for _, message_id in book.lines)
        assert book.ids == {
            each.message_id: each.provider_id
            for each in outcomes
            if each.status is OutcomeStatus.ACCEPTED
        }

    def test_nothing_leaves_that_the_journal_cannot_write_down(
        self, mailer: Mailer, received: Received
    ):
        book = Notebook(is_full=True)
        (outcome,) = mailer.send_all([an_email()], may_begin=always, journal=book)
        assert outcome.status is OutcomeStatus.DEFERRED
        assert received() == []
        (outcome,) = send(mailer, an_email())
        assert outcome.status is OutcomeStatus.ACCEPTED

    @pytest.mark.parametrize(
        "broken",
        [
            {"to_address": "nobody"},
            {"to_address": "a@b@c@"},
            {"to_address": "zoe@example.org\r\nBcc: eve@example.net"},
            {"to_address": "zoe@example.org>\r\nRCPT TO:<eve@example.net"},
            {"from_address": "ana@exa mple.com"},
            {"reply_to": "x\ny@example.com"},
            {"list_unsubscribe_url": "https://example.com/u\r\nBcc: eve@example.net"},
            {"list_id": "letters\r\n.example.com"},
            {"headers": (("Subject", "again"),)},
            {"headers": (("X-Note\r\nBcc", "eve@example.net"),)},
        ],
    )
    def test_a_broken_email_is_refused_and_the_others_go_on(
        self, mailer: Mailer, received: Received, broken
    ):
        before, wrong, after = an_email(), an_email(**broken), an_email()
        outcomes = {each.message_id: each for each in send(mailer, before, wrong, after)}
        assert outcomes[before.message_id].status is OutcomeStatus.ACCEPTED
        assert outcomes[after.message_id].status is OutcomeStatus.ACCEPTED
        outcome = outcomes[wrong.message_id]
        assert outcome.status is OutcomeStatus.REFUSED
        assert outcome.failure is FailureKind.OURS
        assert outcome.reason
        assert not outcome.is_address_dead
        self.assert_arrived(received, before, after)

    def test_nothing_in_a_text_makes_a_header(self, mailer: Mailer, received: Received):
        poison = "Eve\r\nBcc: eve@example.net\r\n\r\n.\r\nQUIT\x00\x0b\x0c\x1c\x1e\x85\u2028\u2029"
        email = an_email(
            from_name=poison,
            to_name=poison,
            subject=poison,
            feedback_id=poison,
            headers=(("X-Note", poison),),
            text=poison,
            html=poison,
        )
        (outcome,) = send(mailer, email)
        assert outcome.status is OutcomeStatus.ACCEPTED
        (raw,) = received()
        message = message_from_bytes(raw, policy=policy.default)
        assert message["Bcc"] is None
        assert message["To"].addresses[0].addr_spec == "zoe@example.org"
        assert b"\0" not in raw

    def test_dots_and_long_lines_arrive_as_they_left(self, mailer: Mailer, received: Received):
        text = ".\r\n..\r\n.hidden\r\n" + "long " * 500 + "\r\n.\r\n"
        (outcome,) = send(mailer, an_email(text=text))
        assert outcome.status is OutcomeStatus.ACCEPTED
        message = message_from_bytes(received()[0], policy=policy.default)
        assert message.get_body(("plain",)).get_content().split() == text.split()

    def test_files_travel(self, mailer: Mailer, received: Received):
        email = an_email(attachments=(a_calendar(),))
        send(mailer, email)
        self.assert_arrived(received, email)
        message = message_from_bytes(received()[0], policy=policy.default)
        (file,) = message.iter_attachments()
        assert file.get_payload(decode=True) == a_calendar().content

    def test_a_second_attempt_makes_the_same_bytes(self, mailer: Mailer, received: Received):
        email = an_email(attachments=(a_calendar(),))
        send(mailer, email)
        send(mailer, email)
        first, second = received()
        assert first == second or not self.keeps_bytes
        assert meaning(first) == meaning(second) == meaning(mime.build(email))

    def test_it_may_be_closed_and_used_again(self, mailer: Mailer, received: Received):
        send(mailer, an_email())
        mailer.close()
        mailer.close()
        (outcome,) = send(mailer, an_email())
        assert outcome.status is OutcomeStatus.ACCEPTED
        assert len(received()) == 2

    def test_the_probe_sends_nothing(self, mailer: Mailer, received: Received):
        mailer.check()
        assert received() == []
