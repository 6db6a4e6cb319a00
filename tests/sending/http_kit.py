"""What every provider by HTTP must get right besides ``MailerKit``: each way in which HTTP breaks.

The subclass gives ``server``, a ``ProviderServer``, and ``open_mailer``, which returns a mailer for
a base address with further ``ApiSettings``.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.failure import FailureKind
from funnel.sending.mailer import Attachment, Mailer, MailerCheckError, OutcomeStatus
from tests.sending import provider_server as acts
from tests.sending.kit import SENT_AT, MailerKit, Notebook, always, an_email, send
from tests.sending.provider_server import ProviderServer

_MINUTE_LATER = "Tue, 10 Nov 2026 08:01:00 GMT"

OpenMailer = Callable[..., Mailer]


def a_file(size: int) -> Attachment:
    return Attachment(filename="big", content_type="application/x-big", content=bytes(size))


class HttpMailerKit(MailerKit):
    """The boundary of "The SMTP boundary", in HTTP, and what a hostile other side may try."""

    @pytest.fixture
    def server(self) -> Iterator[ProviderServer]:
        raise AssertionError("the subclass gives a `server` fixture")

    @pytest.fixture
    def open_mailer(self) -> OpenMailer:
        raise AssertionError("the subclass gives an `open_mailer` fixture")

    @pytest.fixture
    def mailer(self, server, open_mailer):
        mailer = open_mailer(server.base_url)
        yield mailer
        mailer.close()

    @pytest.fixture
    def received(self, server):
        return lambda: list(server.taken)

    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            ({}, None),
            ({"Retry_After": "17"}, timedelta(seconds=17)),
            ({"Retry_After": _MINUTE_LATER}, timedelta(minutes=1)),
            ({"Retry_After": "Mon, 09 Nov 2026 08:00:00 GMT"}, timedelta(0)),
            ({"Retry_After": "99999999999999999999"}, timedelta(days=1)),
            ({"Retry_After": "soon"}, None),
            ({"Retry_After": "-5"}, None),
        ],
        ids=["silent", "seconds", "date", "past", "ages", "words", "negative"],
    )
    def test_slow_down_is_heeded_by_the_whole_batch(self, server, open_mailer, headers, wait):
        server.now = lambda: SENT_AT
        server.script[:] = [acts.says(429, {}, **headers)]
        mailer = open_mailer(server.base_url, connections=1)
        outcomes = send(mailer, *[an_email() for _ in range(4)])
        mailer.close()
        assert {each.status for each in outcomes} == {OutcomeStatus.DEFERRED}
        assert {each.failure for each in outcomes} == {FailureKind.RATE}
        assert {each.retry_after for each in outcomes} == {wait}
        assert len(server.requests) == 1  # told once, it is not asked three times more
        assert server.taken == []

    @pytest.mark.parametrize(
        "act",
        [
            acts.fails_after_taking(500, {"message": "oops"}),
            acts.fails_after_taking(502, b"<h1>Bad Gateway</h1>"),
            acts.fails_after_taking(503),
            acts.fails_after_taking(504),
            acts.fails_after_taking(303),
            acts.hangs_up_after_taking,
            acts.cuts_its_answer,
            acts.says_half_json,
            acts.says_too_much,
            acts.says_no_status,
            acts.says_other_json,
        ],
        ids=[
            "500",
            "502",
            "503",
            "504",
            "303",
            "hang-up",
            "cut",
            "half-json",
            "too-much",
            "no-status",
            "other-json",
        ],
    )
    def test_what_may_have_been_taken_is_unknown(self, server, mailer, act):
        server.script[:] = [act]
        book = Notebook()
        email = an_email()
        (outcome,) = mailer.send_all([email], may_begin=always, journal=book)
        assert outcome.status is OutcomeStatus.UNKNOWN
        assert outcome.reason
        assert outcome.provider_id is None
        assert book.lines == [("begun", email.message_id)]
        assert len(server.taken) == len(server.requests) == 1  # never posted again
        (outcome,) = send(mailer, an_email())
        assert outcome.status is OutcomeStatus.ACCEPTED

    def test_silence_after_the_body_is_unknown(self, server, open_mailer):
        server.script[:] = [acts.silent_after_taking]
        mailer = open_mailer(server.base_url, answer_seconds=0.2)
        (outcome,) = send(mailer, an_email())
        mailer.close()
        assert outcome.status is OutcomeStatus.UNKNOWN
        assert len(server.requests) == 1

    def test_an_answer_that_never_ends_is_given_up(self, server, open_mailer, monkeypatch):
        monkeypatch.setattr("funnel.sending.http_mailer._PATIENCE_SECONDS", 0.1)
        server.script[:] = [acts.drips_after_taking]
        mailer = open_mailer(server.base_url, connections=1, longest_seconds=0.2)
        first, second = send(mailer, an_email(), an_email())
        assert first.status is OutcomeStatus.UNKNOWN
        assert second.status is OutcomeStatus.DEFERRED
        (outcome,) = send(mailer, an_email())  # by a thread of its own: the other is still there
        mailer.close()
        assert outcome.status is OutcomeStatus.ACCEPTED

    def test_a_provider_gone_silent_makes_no_more_unknowns_than_are_under_way(
        self, server, open_mailer
    ):
        server.script[:] = [acts.hangs_up_after_taking] * 9
        mailer = open_mailer(server.base_url, connections=2)
        outcomes = send(mailer, *[an_email() for _ in range(9)])
        mailer.close()
        statuses = [each.status for each in outcomes]
        assert 1 <= statuses.count(OutcomeStatus.UNKNOWN) <= 2
        assert statuses.count(OutcomeStatus.DEFERRED) == 9 - len(server.taken)

    def test_hanging_up_before_all_of_the_body_was_sent_is_not_sent(self, server, open_mailer):
        server.script[:] = [acts.hangs_up]
        mailer = open_mailer(server.base_url)
        # More than the buffers of both sides hold, so that the last of it cannot have left.
        (outcome,) = send(mailer, an_email(attachments=(a_file(3_000_000),)))
        mailer.close()
        assert outcome.status is OutcomeStatus.DEFERRED
        assert server.taken == []

    def test_a_connection_that_does_not_come_about_defers_the_batch(self, open_mailer):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        mailer = open_mailer(f"http://127.0.0.1:{port}")
        outcomes = send(mailer, *[an_email() for _ in range(20)])
        mailer.close()
        assert len(outcomes) == 20
        assert {each.status for each in outcomes} == {OutcomeStatus.DEFERRED}
        assert {each.failure for each in outcomes} == {FailureKind.PROVIDER_DOWN}

    def test_no_tls_is_not_sent(self, server, open_mailer):
        mailer = open_mailer(server.base_url.replace("http://", "https://"))
        (outcome,) = send(mailer, an_email())
        mailer.close()
        assert outcome.status is OutcomeStatus.DEFERRED
        assert outcome.failure is FailureKind.PROVIDER_DOWN
        assert server.requests == []

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_never_followed(self, server, mailer, status):
        server.script[:] = [acts.says(status, {}, Location=f"{server.base_url}/email")]
        (outcome,) = send(mailer, an_email())
        assert outcome.status is OutcomeStatus.DEFERRED
        assert outcome.failure is FailureKind.PROVIDER_DOWN
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("status", "body"),
        [(400, b"<h1>Bad Request</h1>"), (403, b"<html>Forbidden</html>"), (422, b'{"Err')],
    )
    def test_a_refusal_that_cannot_be_read_fails_nobody(self, server, mailer, status, body):
        server.script[:] = [acts.says(status, body)]
        (outcome,) = send(mailer, an_email())
        assert outcome.status is OutcomeStatus.DEFERRED

    def test_too_large_is_refused(self, server, mailer):
        server.script[:] = [acts.says(413, b"<h1>Payload Too Large</h1>")]
        (outcome,) = send(mailer, an_email())
        assert outcome.status is OutcomeStatus.REFUSED
        assert outcome.failure is FailureKind.TOO_LARGE

    def test_several_are_on_their_way_at_once_and_no_more_than_it_says(self, server, open_mailer):
        gate = threading.Barrier(3, timeout=30)

        def meets(handler):
            gate.wait()
            acts.well_behaved(handler)

        server.script[:] = [meets] * 6
        mailer = open_mailer(server.base_url, connections=3)
        outcomes = send(mailer, *[an_email() for _ in range(6)])
        mailer.close()
        assert {each.status for each in outcomes} == {OutcomeStatus.ACCEPTED}
        assert server.most_at_once == mailer.connections == 3
        assert server.connections == 3  # each kept for the next email

    def test_the_callers_functions_are_called_by_one_thread_at_a_time(self, server, mailer):
        lock = threading.Lock()

        def alone() -> bool:
            assert lock.acquire(blocking=False)
            threading.Event().wait(0.001)
            lock.release()
            return True

        class Book(Notebook):
            def begin(self, message_id):
                alone()
                super().begin(message_id)

            def accept(self, message_id, provider_id):
                alone()
                super().accept(message_id, provider_id)

        book = Book()
        emails = [an_email() for _ in range(16)]
        outcomes = list(mailer.send_all(emails, may_begin=lambda _: alone(), journal=book))
        assert len(outcomes) == 16
        assert len(book.ids) == 16

    def test_a_caller_that_goes_away_leaves_a_journal_that_knows(self, server, open_mailer):
        book = Notebook()
        mailer = open_mailer(server.base_url, connections=3)
        outcomes = mailer.send_all([an_email() for _ in range(9)], may_begin=always, journal=book)
        next(outcomes)
        outcomes.close()
        mailer.close()
        assert len(book.ids) == len(server.taken) < 9

    def test_the_probe_says_what_to_do(self, server, open_mailer):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        mailer = open_mailer(f"http://127.0.0.1:{port}")
        with pytest.raises(MailerCheckError) as caught:
            mailer.check()
        assert caught.value.remedy

    @pytest.mark.parametrize(
        "address",
        [
            "http://api.example.com",
            "https://user@api.example.com",
            "https://api.example.com/path",
            "ftp://127.0.0.1",
            "api.example.com",
            "https://",
        ],
    )
    def test_an_address_that_would_give_secrets_away_is_none(self, open_mailer, address):
        with pytest.raises(InvalidInputError, match="https"):
            open_mailer(address)
