"""Emails to which no answer came: each way to find out, and each with an answer that came late."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import UUID

import pytest

from funnel.domain.delivery_event import DeliveryEvent, DeliveryEventKind
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.sequence import UnknownPolicy
from funnel.domain.unknown import Verdict
from funnel.sending.mailer import (
    NO_JOURNAL,
    Found,
    Journal,
    LookUp,
    Mailer,
    MayBegin,
    Outcome,
    OutcomeStatus,
    OutgoingEmail,
)
from funnel.services.record_events import record_events
from funnel.services.settle_unknown import list_unknowns, mark_unknown
from funnel.services.settle_unknowns import settle_unknowns
from tests.fixtures.posting import Post, assert_balanced, enrolled
from tests.fixtures.world import SHORT_SEQUENCE, World

HASH_KEY = b"0" * 32
NOW = timedelta(0)
KEY_LASTS = timedelta(minutes=15)


class Provider(ThreadingHTTPServer):
    """A provider by HTTP that takes each id once, and may then fall silent.

    Attributes:
        taken: How often it has each message; twice would be a second copy.
        asked: Ids that were looked up.
        falls_silent: It takes what comes, and hangs up without an answer.
        loses: It hangs up before it takes anything.
        finds: What its search answers; ``None``: what is true.
    """

    daemon_threads = True

    def __init__(self, *, has_keys: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[str] = []
        self.asked: list[str] = []
        self.has_keys = has_keys
        self.falls_silent = self.loses = False
        self.finds: str | None = None


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        key = self.path.rpartition("/")[2]
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.loses:
            self.close_connection = True
            return
        if not (self.server.has_keys and key in self.server.taken):
            self.server.taken.append(key)
        if self.server.falls_silent:
            self.close_connection = True
            return
        self._answer({"id": f"theirs-{key}"})

    def do_GET(self) -> None:
        key = self.path.rpartition("/")[2]
        self.server.asked.append(key)
        true = Found.ACCEPTED if key in self.server.taken else Found.NOT_FOUND
        self._answer({"found": self.server.finds or true, "id": f"theirs-{key}"})

    def _answer(self, said: dict[str, str]) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class AskedMailer:
    """Speaks to ``Provider``; can be asked, or repeats safely, as its provider does."""

    connections = 1

    def __init__(self, provider: Provider, *, can_look_up: bool) -> None:
        self.provider = provider
        self.can_look_up = can_look_up
        self.repeats_safely = KEY_LASTS if provider.has_keys else None

    def send_all(
        self,
        emails: Sequence[OutgoingEmail],
        *,
        may_begin: MayBegin,
        journal: Journal = NO_JOURNAL,
    ) -> Iterator[Outcome]:
        for email in emails:
            if may_begin(email.message_id):
                journal.begin(email.message_id)
                yield self._send(email)

    def _send(self, email: OutgoingEmail) -> Outcome:
        outcome = Outcome(
            message_id=email.message_id,
            status=OutcomeStatus.UNKNOWN,
            elapsed=NOW,
            reason="no answer",
        )
        try:
            said = self._ask("POST", email.message_id, email.subject.encode())
        except OSError:
            return outcome
        return outcome._replace(status=OutcomeStatus.ACCEPTED, reason="", provider_id=said["id"])

    def look_up(
        self, message_id: UUID, *, provider_id: str | None, since: datetime
    ) -> LookUp | None:
        if not self.can_look_up:
            return None
        said = self._ask("GET", message_id, None)
        return LookUp(found=Found(said["found"]), provider_id=said["id"])

    def _ask(self, verb: str, message_id: UUID, body: bytes | None) -> dict[str, str]:
        host, port = self.provider.server_address[:2]
        with closing(HTTPConnection(str(host), port, timeout=10)) as connection:
            connection.request(verb, f"/{message_id}", body)
            answer: dict[str, str] = json.loads(connection.getresponse().read())
            return answer

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass


class Case:
    """One email whose hand-over fell silent, and all that may settle it."""

    def __init__(self, post: Post, provider: Provider, mailer: AskedMailer) -> None:
        self.post, self.world = post, post.world
        self.provider, self.mailer = provider, mailer
        post.delivery.mailer = mailer
        post.delivery.provider = "postmark"
        _, self.run = enrolled(post.world)

    def fall_silent(self, *, takes: bool = True) -> UUID:
        self.provider.falls_silent, self.provider.loses = takes, not takes
        assert self.post.deliver() == {"unknown": 1}
        self.provider.falls_silent = self.provider.loses = False
        return next(each.id for each in self.world.messages(self.run) if each.status == "unknown")

    def settle(self, *, minutes: int = 0) -> dict[str, int]:
        """Let so many minutes of real time pass for what is unknown, then ask."""
        self.world.execute(
            "update messages set ask_at = ask_at - :by, opened_at = opened_at - :by"
            " where status = 'unknown'",
            by=timedelta(minutes=minutes),
        )
        found = settle_unknowns(
            self.world.transactions, self._mailer_of, most=5, first_asked_after=NOW
        )
        return dict(found)

    def _mailer_of(self, name: str) -> Mailer:
        if name != "postmark":
            raise InvalidInputError("there is no such provider")
        return self.mailer

    def event(self, message_id: UUID) -> None:
        with self.world.transactions.begin() as tx:
            now = tx.real_now
        said = DeliveryEvent(
            event_id=f"delivered-{message_id}",
            kind=DeliveryEventKind.DELIVERED,
            message_id=message_id,
            provider_id="theirs",
            occurred_at=now,
        )
        record_events([said], "postmark", self.world.transactions, hash_key=HASH_KEY)

    def status(self) -> str:
        return self.world.statuses(self.run)["your-seat"]

    def deliver_again(self) -> dict[str, int]:
        self.post.retry_now()
        return self.post.deliver()


@pytest.fixture
def case(post: Post, request: pytest.FixtureRequest) -> Iterator[Case]:
    """By default its provider can be looked up; ``"key"`` and ``"mute"`` as parameters."""
    kind = getattr(request, "param", "look-up")
    provider = Provider(has_keys=kind == "key")
    thread = Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Case(post, provider, AskedMailer(provider, can_look_up=kind == "look-up"))
    provider.shutdown()
    thread.join()
    provider.server_close()


def choose(world: World, policy: UnknownPolicy) -> None:
    assert SHORT_SEQUENCE.on_unknown is UnknownPolicy.HOLD
    world.execute(
        "update sequence_versions set definition ="
        " jsonb_set(definition, '{on_unknown}', to_jsonb(cast(:policy as text)))",
        policy=policy.value,
    )


def test_what_the_provider_has_is_accepted(case: Case) -> None:
    message = case.fall_silent()
    assert case.settle() == {"accepted": 1}
    assert case.provider.asked == [str(message)]
    assert case.world.ask("select provider_id from messages where status = 'accepted'") == (
        f"theirs-{message}"
    )
    assert case.settle(minutes=60) == {}
    assert_balanced(case.world)


def test_it_is_given_time_before_it_is_asked(case: Case) -> None:
    case.fall_silent()
    transactions = case.world.transactions
    assert settle_unknowns(transactions, case._mailer_of, most=5) == {}
    assert case.provider.asked == []
    assert case.world.ask("select ask_at > now() + interval '1 minute' from messages limit 1")


def test_what_it_never_had_is_sent_again_after_it_said_so_twice(case: Case) -> None:
    case.fall_silent(takes=False)
    assert case.settle() == {"asked later": 1}
    assert case.settle() == {}  # not at once
    assert case.settle(minutes=3) == {"queued": 1}
    assert case.deliver_again() == {"accepted": 1}
    assert len(case.provider.taken) == 1
    assert_balanced(case.world)


def test_a_late_event_after_not_found_stops_the_second_copy(case: Case) -> None:
    message = case.fall_silent()
    case.provider.finds = Found.NOT_FOUND  # its search lags behind for long
    case.settle()
    assert case.settle(minutes=3) == {"queued": 1}
    case.event(message)
    assert case.status() == "accepted"
    assert case.deliver_again() == {}
    assert case.provider.taken == [str(message)]
    assert_balanced(case.world)


def test_an_event_after_the_second_copy_makes_no_third(case: Case) -> None:
    message = case.fall_silent()
    case.provider.finds = Found.NOT_FOUND
    case.settle()
    case.settle(minutes=3)
    assert case.deliver_again() == {"accepted": 1}
    case.event(message)
    assert case.deliver_again() == {}
    assert case.settle(minutes=90) == {}
    assert case.provider.taken == [str(message)] * 2  # what its wrong answer cost, and no more
    assert_balanced(case.world)


def test_an_event_that_comes_first_settles_it(case: Case) -> None:
    message = case.fall_silent()
    case.event(message)
    assert case.status() == "accepted"
    assert case.settle(minutes=90) == {}
    assert case.provider.asked == []


@pytest.mark.parametrize("case", ["mute"], indirect=True)
def test_without_any_answer_it_is_held_and_an_event_still_settles_it(case: Case) -> None:
    message = case.fall_silent()
    assert case.settle() == {"asked later": 1}
    assert case.settle(minutes=31) == {"held": 1}
    assert case.settle(minutes=600) == {}
    assert case.deliver_again() == {}
    assert case.status() == "unknown"
    case.event(message)
    assert case.status() == "accepted"
    assert case.provider.taken == [str(message)]
    assert_balanced(case.world)


@pytest.mark.parametrize("case", ["mute"], indirect=True)
def test_who_chose_to_send_again_does_so_after_the_event_had_its_time(case: Case) -> None:
    choose(case.world, UnknownPolicy.RESEND)
    case.fall_silent(takes=False)
    assert case.settle() == {"asked later": 1}
    assert case.settle(minutes=31) == {"queued": 1}
    assert case.deliver_again() == {"accepted": 1}
    assert len(case.provider.taken) == 1
    assert_balanced(case.world)


@pytest.mark.parametrize("case", ["key"], indirect=True)
@pytest.mark.parametrize("then", ["it had it", "it had not"])
def test_the_same_bytes_under_its_key_are_one_email(case: Case, then: str) -> None:
    message = case.fall_silent(takes=then == "it had it")
    case.provider.falls_silent = True
    assert case.settle() == {"asked later": 1}  # silent again
    case.provider.falls_silent = False
    assert case.settle(minutes=3) == {"accepted": 1}
    assert case.provider.taken == [str(message)]
    assert_balanced(case.world)


@pytest.mark.parametrize("case", ["key"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "minutes"),
    [
        ("select 1", 16),
        (
            "insert into suppressions (email_key, reason) values ('ana@example.org', 'complained')",
            0,
        ),
        ("update subscribers set wants_seat_emails = false", 0),
    ],
    ids=["the key is over", "suppressed", "unsubscribed"],
)
def test_nothing_is_repeated_when_the_key_is_over_or_it_is_unwanted(
    case: Case, statement: str, minutes: int
) -> None:
    case.fall_silent(takes=False)
    case.world.execute(statement)
    case.settle(minutes=minutes)
    if minutes:
        case.world.execute("update messages set ask_at = now()")
        case.settle()
    assert case.provider.taken == []
    assert case.status() == "unknown"


def test_what_is_sent_again_is_asked_as_anything_else(case: Case) -> None:
    case.fall_silent(takes=False)
    case.settle()
    case.world.execute("update subscribers set wants_seat_emails = false")
    case.settle(minutes=3)
    case.deliver_again()
    assert case.provider.taken == []
    assert case.status() == "skipped"
    assert_balanced(case.world)


def test_a_run_that_had_ended_goes_on_until_it_is_settled(case: Case) -> None:
    case.fall_silent(takes=False)
    case.world.execute("update enrollments set state = 'left', next_due_at = null")
    case.settle()
    assert case.settle(minutes=3) == {"failed": 1}
    assert "left meanwhile" in str(
        case.world.ask("select reason from messages where status='failed'")
    )
    assert case.deliver_again() == {}


def test_a_provider_that_is_gone_is_not_asked(case: Case) -> None:
    case.fall_silent()
    case.world.execute("update messages set provider = 'ses' where status = 'unknown'")
    assert case.settle() == {"asked later": 1}
    assert case.settle(minutes=31) == {"held": 1}


def test_a_person_settles_what_is_held(case: Case) -> None:
    message = case.fall_silent(takes=False)
    assert [each.id for each in list_unknowns(case.world.transactions)] == [message]
    status = mark_unknown(message, Verdict.NOT_SENT, case.world.transactions, by="ops")
    assert status == "queued"
    with pytest.raises(NotFoundError):
        mark_unknown(message, Verdict.SENT, case.world.transactions, by="ops")
    assert case.deliver_again() == {"accepted": 1}
    assert case.world.ask("select count(*) from audit where action = 'unknown email settled'") == 1
    assert list_unknowns(case.world.transactions) == []
    assert_balanced(case.world)
