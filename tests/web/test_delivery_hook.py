"""Providers' webhooks over real HTTP: Postmark's and SES's, with real rows behind them."""

import base64
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import requests
import structlog

from funnel.bootstrap import Deps
from funnel.domain.errors import InvalidInputError, NotFoundError, SignatureError
from funnel.sending.sns import SUBSCRIPTION, UNSUBSCRIPTION
from funnel.sending.sns_fetch import confirm_subscription as follow_link
from funnel.services import keep_provider_words, record_events
from funnel.services.confirm_subscription import confirm_subscription, list_subscriptions
from funnel.web import request_log
from funnel.web.hooks import delivery
from tests.fixtures.posting import enrolled
from tests.fixtures.world import World
from tests.sending.sns_signed import SUBSCRIBE_URL, TOPIC, Sns, bounced
from tests.sending.test_postmark_events import BOUNCE, DELIVERY

SECRET = "a-secret-of-enough-length"  # noqa: S105 - of the tests
WRONG = "another-secret-of-length"
ANA = "ana@example.org"


@dataclass(slots=True, kw_only=True)
class EventsHook:
    """The running application, and somebody who got an email."""

    base_url: str
    world: World
    deps: Deps
    sns: Sns
    message: UUID

    def postmark(self, payload: object, *, secret: str | None = SECRET) -> requests.Response:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        basic = base64.b64encode(f"postmark:{secret}".encode()).decode()
        headers = {} if secret is None else {"authorization": f"Basic {basic}"}
        return self.post("postmark", body, headers)

    def ses(self, body: bytes) -> requests.Response:
        return self.post("ses", body, {"content-type": "text/plain; charset=UTF-8"})

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> requests.Response:
        url = f"{self.base_url}/webhooks/delivery/{path}"
        return requests.post(url, data=body, headers=headers, timeout=20)

    def about(self, payload: dict[str, object]) -> dict[str, object]:
        """Return a payload of Postmark's that is about our message."""
        return payload | {"Metadata": {"message": str(self.message)}}

    def delivery(self) -> object:
        return self.world.ask("select delivery from messages where id = :id", id=self.message)

    def events(self) -> object:
        return self.world.ask("select count(*) from delivery_events")

    def unread(self) -> object:
        return self.world.ask("select string_agg(reason, ' ' order by id) from delivery_payloads")


@pytest.fixture
def at(world: World) -> Iterator[EventsHook]:
    import uvicorn  # late: the tests of other floors need not load the web

    from funnel.bootstrap import build
    from funnel.sending.postmark_events import PostmarkEvents
    from funnel.sending.ses_events import SesEvents
    from funnel.settings import Settings
    from funnel.web.app import create_app

    sns = Sns()
    message = _sent(world)
    deps = build(
        Settings(
            database_url=world.url,
            link_keys=["a key for tests, and only for those"],  # type: ignore[list-item]
            log_level="error",
            base_url="http://127.0.0.1:1",
            allowed_hosts=("127.0.0.1",),
        ),
        role="web",
    )
    # What is fetched from SNS is handed over by the stand-in; all else is what runs.
    deps.__dict__["event_readers"] = {
        "postmark": PostmarkEvents([SECRET]),
        "ses": SesEvents([TOPIC], sns.fetch),
    }
    server = uvicorn.Server(
        uvicorn.Config(create_app(deps), log_level="error", timeout_graceful_shutdown=2)
    )
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield EventsHook(
        base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        world=world,
        deps=deps,
        sns=sns,
        message=message,
    )
    server.should_exit = True
    thread.join()
    listener.close()
    deps.close()


def _sent(world: World) -> UUID:
    """Write an email that its provider took."""
    person, run = enrolled(world, ANA)
    message = uuid4()
    world.execute(
        "insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id, "
        "step_key, template_key, topic, lane, priority, status, due_at, attempts, accepted_at, "
        "opened_at, settled_at) values (:id, 'sequence', 'one', :person, :run, :sequence, "
        "'your-seat', 'short/your-seat', 'seat', 'other', 1, 'accepted', plan_now(), 1, "
        "plan_now(), plan_now(), plan_now())",
        id=message,
        person=person,
        run=run,
        sequence=world.sequence_id,
    )
    return message


def _problem(answer: requests.Response, status: int, name: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{name}"
    assert answer.json()["detail"]


class TestPostmark:
    def test_what_it_says_moves_the_message(self, at: EventsHook) -> None:
        answer = at.postmark(at.about(DELIVERY))
        assert (answer.status_code, answer.json()) == (200, {"events": {"applied": 1}})
        assert at.delivery() == "delivered"
        assert at.postmark(at.about(BOUNCE)).json() == {"events": {"applied": 1}}
        assert at.delivery() == "bounced"
        assert at.world.ask("select reason from suppressions") == "bounced"

    def test_by_a_secret_in_the_path(self, at: EventsHook) -> None:
        body = json.dumps(at.about(DELIVERY)).encode()
        assert at.post(f"postmark/{SECRET}", body, {}).status_code == 200
        assert at.post(f"postmark/{WRONG}", body, {}).status_code == 401
        assert at.delivery() == "delivered"

    def test_repeated_and_two_at_once(self, at: EventsHook) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: at.postmark(at.about(BOUNCE)), range(16)))
        assert [each.status_code for each in answers] == [200] * 16
        told = [next(iter(each.json()["events"])) for each in answers]
        assert sorted(told) == ["applied", *["known"] * 15]
        assert at.events() == 1

    def test_about_a_message_that_nobody_knows(self, at: EventsHook) -> None:
        said = DELIVERY | {"Metadata": {"message": str(uuid4())}}
        assert at.postmark(said).json() == {"events": {"waiting": 1}}

    def test_of_a_kind_that_nobody_knows(self, at: EventsHook) -> None:
        assert at.postmark({"RecordType": "Telepathy"}).json() == {"events": {"ignored": 1}}

    @pytest.mark.parametrize("secret", [None, "", WRONG])
    def test_a_stranger_changes_nothing(self, at: EventsHook, secret: str | None) -> None:
        answer = at.postmark(at.about(BOUNCE), secret=secret)
        _problem(answer, 401, "wrong-signature")
        assert answer.headers["www-authenticate"].startswith("Basic")
        _problem(at.postmark(b"{", secret=secret), 401, "wrong-signature")
        assert (at.delivery(), at.events(), at.unread()) == ("none", 0, None)

    def test_what_cannot_be_read_is_kept_with_its_reason(self, at: EventsHook) -> None:
        truncated = json.dumps(at.about(BOUNCE)).encode()[:-20]
        many = json.dumps([DELIVERY] * 10_000).encode()
        for body in (truncated, truncated, many, b"\xff\x00"):
            _problem(at.postmark(body), 422, "unreadable-event")
        assert at.world.ask("select count(*) from delivery_payloads") == 3
        assert "the body is not a JSON object" in str(at.unread())
        assert at.world.ask("select max(length(body)) from delivery_payloads") == 20_000
        assert (at.delivery(), at.events()) == ("none", 0)

    def test_too_much(self, at: EventsHook) -> None:
        answer = at.postmark(b" " * (5 * 1024 * 1024 + 1))
        _problem(answer, 413, "body-too-large")

    def test_our_own_failure_is_500_and_the_next_try_counts(
        self, at: EventsHook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("ours")

        with monkeypatch.context() as broken:
            broken.setattr(record_events, "apply_resolved", fail)
            assert at.postmark(at.about(BOUNCE)).status_code == 500
        assert at.events() == 0
        assert at.postmark(at.about(BOUNCE)).json() == {"events": {"applied": 1}}

    def test_the_log_knows_no_secret_and_no_address(
        self, at: EventsHook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines: list[str] = []

        def keep(_: object, __: str, event: dict[str, object]) -> str:
            lines.append(str(event))
            raise structlog.DropEvent

        structlog.configure(
            processors=[keep], wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG)
        )
        for module in (record_events, keep_provider_words, delivery, request_log):
            monkeypatch.setattr(module, "log", structlog.get_logger())
        at.post(f"postmark/{SECRET}", json.dumps(at.about(BOUNCE)).encode(), {})
        at.post(f"postmark/{SECRET}", b"{", {})
        at.postmark(b"{", secret=WRONG)
        told = "\n".join(lines)
        for event in ("events.recorded", "events.unread", "events.unsigned"):
            assert event in told
        assert "/webhooks/delivery/{provider}/{secret}" in told
        for word in (SECRET, WRONG, ANA):
            assert word not in told

    def test_where_nothing_is_set_up_nobody_comes_in(self, at: EventsHook) -> None:
        del at.deps.__dict__["event_readers"]
        assert set(at.deps.event_readers) == {"postmark", "ses"}
        _problem(at.postmark(at.about(BOUNCE)), 401, "wrong-signature")
        _problem(at.postmark(at.about(BOUNCE), secret=""), 401, "wrong-signature")
        _problem(at.ses(at.sns.message(bounced(at.message))), 401, "wrong-signature")

    def test_other_ways_to_ask(self, at: EventsHook) -> None:
        _problem(at.post("sendgrid", b"{}", {}), 404, "no-such-provider")
        url = f"{at.base_url}/webhooks/delivery/postmark"
        for method in ("GET", "PUT", "DELETE"):
            assert requests.request(method, url, timeout=20).status_code in {404, 405}


class TestSes:
    def test_what_it_says_moves_the_message(self, at: EventsHook) -> None:
        said = at.sns.message(bounced(at.message), sent_at=datetime.now(UTC))
        assert at.ses(said).json() == {"events": {"applied": 1}}
        assert at.ses(said).json() == {"events": {"known": 1}}
        assert at.delivery() == "bounced"

    def test_stale_and_forged(self, at: EventsHook) -> None:
        old = datetime.now(UTC) - timedelta(minutes=66)
        _problem(at.ses(at.sns.message(bounced(at.message), sent_at=old)), 401, "wrong-signature")
        forged = at.sns.message(bounced(at.message), sent_at=datetime.now(UTC))
        forged = forged.replace(b"5.1.1", b"5.1.2")
        _problem(at.ses(forged), 401, "wrong-signature")
        assert (at.delivery(), at.events(), at.unread()) == ("none", 0, None)

    def test_what_cannot_be_verified_now_comes_again(self, at: EventsHook) -> None:
        at.sns.is_up = False
        said = at.sns.message(bounced(at.message), sent_at=datetime.now(UTC))
        answer = at.ses(said)
        _problem(answer, 503, "out-of-reach")
        assert answer.headers["retry-after"] == "30"
        at.sns.is_up = True
        assert at.ses(said).json() == {"events": {"applied": 1}}

    def test_10_000_recipients(self, at: EventsHook) -> None:
        people = [{"emailAddress": f"{each}@example.org"} for each in range(10_000)]
        said = at.sns.message(
            bounced(at.message, bouncedRecipients=people), sent_at=datetime.now(UTC)
        )
        _problem(at.ses(said), 422, "unreadable-event")
        assert "10,000" in str(at.unread())


class TestSubscriptions:
    def test_a_person_says_yes(self, at: EventsHook) -> None:
        answer = at.ses(self._ask(at))
        assert answer.status_code == 200
        (asked,) = list_subscriptions(at.world.transactions)
        assert (asked.topic, asked.state, asked.subscribe_url) == (TOPIC, "asked", SUBSCRIBE_URL)
        assert len(at.sns.fetched) == 1  # the certificate; never the link
        followed: list[tuple[str, str]] = []
        confirm_subscription(
            "", lambda *link: followed.append(link), at.world.transactions, by="mira"
        )
        assert followed == [(SUBSCRIBE_URL, TOPIC)]
        (confirmed,) = list_subscriptions(at.world.transactions)
        assert (confirmed.state, confirmed.subscribe_url, confirmed.changed_by) == (
            "confirmed",
            "",
            "mira",
        )
        assert at.world.ask("select action from audit") == "subscription confirmed"
        with pytest.raises(NotFoundError, match="no topic waits"):
            confirm_subscription("", follow_link, at.world.transactions, by="mira")

    def test_one_that_was_not_taken_waits_still(self, at: EventsHook) -> None:
        at.ses(self._ask(at))

        def refuse(_: str, __: str) -> None:
            raise InvalidInputError("not taken")

        with pytest.raises(InvalidInputError):
            confirm_subscription(TOPIC, refuse, at.world.transactions, by="mira")
        assert list_subscriptions(at.world.transactions)[0].state == "asked"

    def test_the_link_is_looked_at_again_before_it_is_followed(self) -> None:
        with pytest.raises(SignatureError):
            follow_link("https://example.org/?Action=ConfirmSubscription&Token=1", TOPIC)

    def test_one_that_ends_is_shown(self, at: EventsHook) -> None:
        at.ses(self._ask(at, UNSUBSCRIPTION))
        assert list_subscriptions(at.world.transactions)[0].state == "ended"

    def _ask(self, at: EventsHook, kind: str = SUBSCRIPTION) -> bytes:
        return at.sns.message("You have chosen to", kind=kind, sent_at=datetime.now(UTC))
