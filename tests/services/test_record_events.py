"""Providers' events against real rows: known once, moved in any order, heeded for good."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from funnel.domain.delivery_event import DeliveryEvent, DeliveryEventKind
from funnel.domain.signup import Visitor
from funnel.services.match_events import forget_events, match_events
from funnel.services.record_events import record_events
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.storage import counters
from tests.fixtures.posting import Post, assert_balanced, enrolled
from tests.fixtures.world import World

HASH_KEY = b"a-key-for-tests-only"
Kind = DeliveryEventKind
ANA = "ana@example.org"


@dataclass(slots=True, kw_only=True)
class Sent:
    """Somebody who got the first email of their run by Postmark."""

    post: Post
    person: UUID
    run: UUID
    message: UUID

    @property
    def world(self) -> World:
        return self.post.world

    def says(self, *events: DeliveryEvent, provider: str = "postmark") -> dict[str, int]:
        return dict(record_events(events, provider, self.world.transactions, hash_key=HASH_KEY))

    def row(self, columns: str = "status, delivery") -> tuple[object, ...]:
        named = f"select {columns} from messages where id = :id"  # noqa: S608  (of a test's own)
        asked = f"select row_to_json(r) from ({named}) r"  # noqa: S608  (of those)
        found = self.world.ask(asked, id=self.message)
        assert isinstance(found, dict)
        return tuple(found.values())

    def sum_of(self, status: str) -> object:
        return self.world.ask(
            "select coalesce(sum(total), 0) from counters where status = :status", status=status
        )

    def suppressed(self) -> object:
        return self.world.ask("select reason from suppressions where email_key = :key", key=ANA)

    def assert_sums(self) -> None:
        with self.world.transactions.begin() as tx:
            assert counters.differences(tx) == []
        assert_balanced(self.world)


@pytest.fixture
def sent(post: Post) -> Sent:
    person, run = enrolled(post.world, ANA)
    post.deliver()
    message = post.world.messages(run)[0].id
    post.world.execute(
        "update messages set provider = 'postmark', provider_id = 'pm-1' where id = :id",
        id=message,
    )
    return Sent(post=post, person=person, run=run, message=message)


def event(kind: DeliveryEventKind, event_id: str = "", **further: object) -> DeliveryEvent:
    values: dict[str, object] = {"occurred_at": datetime.now(UTC), **further}
    return DeliveryEvent(event_id=event_id or f"{kind}-{uuid4()}", kind=kind, **values)  # type: ignore[arg-type]  # of one test each


class TestMoves:
    @pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
    def test_in_any_order_the_same_end_and_the_sums_agree(
        self, sent: Sent, order: tuple[int, ...]
    ) -> None:
        now = datetime.now(UTC)
        events = [
            event(Kind.DEFERRED, message_id=sent.message, occurred_at=now),
            event(Kind.DELIVERED, message_id=sent.message, occurred_at=now + timedelta(minutes=1)),
            event(
                Kind.BOUNCED,
                message_id=sent.message,
                occurred_at=now + timedelta(minutes=2),
                code="452 4.2.2",
                reason="mailbox full",
            ),
        ]
        for number in order:
            assert sent.says(events[number]) == {"applied": 1}
        assert sent.row("status, delivery, delivery_reason") == (
            "accepted",
            "bounced",
            "452 4.2.2 mailbox full",
        )
        assert (sent.sum_of("delivered"), sent.sum_of("bounced")) == (0, 1)
        assert sent.suppressed() is None  # one soft bounce says little
        sent.assert_sums()

    def test_all_at_once_end_alike(self, sent: Sent) -> None:
        bounced = event(Kind.BOUNCED, message_id=sent.message)
        delivered = event(Kind.DELIVERED, message_id=sent.message)
        assert sent.says(bounced, delivered, bounced) == {"applied": 2}
        assert sent.row() == ("accepted", "bounced")
        sent.assert_sums()

    def test_a_repeat_is_known_and_moves_nothing(self, sent: Sent) -> None:
        said = event(Kind.DELIVERED, "same", message_id=sent.message)
        assert sent.says(said) == {"applied": 1}
        assert sent.says(said) == {"known": 1}
        # Of another provider the same number is another event.
        assert sent.says(said, provider="ses") == {"applied": 1}
        assert sent.sum_of("delivered") == 1
        sent.assert_sums()

    def test_two_at_once_count_once(self, sent: Sent) -> None:
        events = [
            event(Kind.DELIVERED, f"same-{number}", message_id=sent.message) for number in range(20)
        ]
        counted: list[dict[str, int]] = []
        threads = [
            threading.Thread(target=lambda: counted.append(sent.says(*events))) for _ in range(4)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sum(each.get("applied", 0) for each in counted) == 20
        assert sum(each.get("known", 0) for each in counted) == 60
        assert sent.sum_of("delivered") == 1
        sent.assert_sums()

    def test_by_the_providers_own_id(self, sent: Sent) -> None:
        assert sent.says(event(Kind.DELIVERED, provider_id="pm-1"), provider="ses") == {
            "waiting": 1
        }
        assert sent.says(event(Kind.DELIVERED, provider_id="pm-1")) == {"applied": 1}
        assert sent.row() == ("accepted", "delivered")

    def test_what_is_not_ours_is_kept_as_ignored(self, sent: Sent) -> None:
        opened = event(Kind.OPENED, message_id=sent.message, reason="by a phone")
        assert sent.says(opened) == {"ignored": 1}
        assert sent.row() == ("accepted", "none")
        assert sent.world.ask("select detail from delivery_events") == {}


class TestOurOwnSide:
    def test_before_our_outcome_is_recorded(self, sent: Sent) -> None:
        sent.world.execute("update messages set status = 'sending' where id = :id", id=sent.message)
        assert sent.says(event(Kind.DELIVERED, message_id=sent.message)) == {"applied": 1}
        assert sent.row() == ("sending", "delivered")

    @pytest.mark.parametrize("kind", [Kind.ACCEPTED, Kind.DELIVERED, Kind.BOUNCED, Kind.OPENED])
    def test_an_unknown_outcome_is_settled(self, sent: Sent, kind: DeliveryEventKind) -> None:
        self._make_unknown(sent)
        settled_at = sent.row("settled_at")
        assert sent.says(event(kind, message_id=sent.message, provider_id="pm-9")) == {"applied": 1}
        assert sent.row("status, provider_id, settled_at, ask_at, reason") == (
            "accepted",
            "pm-9",
            *settled_at,
            None,
            None,
        )
        assert (sent.sum_of("unknown"), sent.sum_of("accepted")) == (0, 1)
        sent.assert_sums()

    def test_what_waits_for_another_attempt_is_not_sent_again(self, sent: Sent) -> None:
        sent.world.execute(
            "update messages set status = 'queued', accepted_at = null, settled_at = null, "
            "provider_id = null, published_at = now(), epoch = 7 where id = :id",
            id=sent.message,
        )
        sent.world.execute(
            "update counters set total = total - 1 where status in ('accepted', 'passed')"
        )
        assert sent.says(event(Kind.DELIVERED, message_id=sent.message)) == {"applied": 1}
        assert sent.row("status, delivery, epoch, published_at") == (
            "accepted",
            "delivered",
            8,
            None,
        )
        assert sent.post.deliver() == {}
        sent.assert_sums()

    def test_what_was_never_handed_over_stays_queued(self, sent: Sent) -> None:
        sent.world.execute(
            "update messages set status = 'queued', attempts = 0, accepted_at = null, "
            "settled_at = null where id = :id",
            id=sent.message,
        )
        sent.says(event(Kind.DELIVERED, message_id=sent.message))
        assert sent.row() == ("queued", "delivered")

    def _make_unknown(self, sent: Sent) -> None:
        sent.world.execute(
            "update messages set status = 'unknown', reason = 'no answer', accepted_at = null, "
            "provider_id = null, ask_at = now() where id = :id",
            id=sent.message,
        )
        sent.world.execute("update counters set status = 'unknown' where status = 'accepted'")


class TestNoMore:
    def test_a_hard_bounce_suppresses(self, sent: Sent) -> None:
        sent.says(event(Kind.BOUNCED, message_id=sent.message, is_hard=True))
        assert sent.suppressed() == "bounced"
        assert sent.world.ask("select state from enrollments") == "active"

    def test_a_complaint_is_a_no_to_everything(self, sent: Sent) -> None:
        sent.says(event(Kind.COMPLAINED, message_id=sent.message, address="other@example.org"))
        assert sent.suppressed() == "complained"
        assert sent.row() == ("accepted", "complained")
        person = sent.world.ask(
            "select wants_letters or wants_seat_emails from subscribers where id = :id",
            id=sent.person,
        )
        assert person is False
        assert sent.world.ask("select state from enrollments") == "left"
        assert sent.world.ask("select count(*) from consents where not is_given") == 2
        sent.assert_sums()

    def test_a_complaint_is_stronger_than_an_unsubscribe(self, sent: Sent) -> None:
        word = Word(source="one-click", visitor=Visitor())
        unsubscribe(sent.person, None, word, sent.world.transactions)
        assert sent.suppressed() == "unsubscribed"
        sent.says(event(Kind.COMPLAINED, message_id=sent.message))
        assert sent.suppressed() == "complained"

    def test_who_said_no_at_the_provider_left_everything(self, sent: Sent) -> None:
        sent.says(event(Kind.UNSUBSCRIBED, address="ANA@example.org"))
        assert sent.suppressed() == "unsubscribed"
        assert sent.world.ask("select state from enrollments") == "left"
        sent.assert_sums()

    def test_by_address_alone_only_whom_we_know(self, sent: Sent) -> None:
        for address, state in (("ANA@example.org", "applied"), ("bea@example.org", "ignored")):
            said = event(Kind.BOUNCED, is_hard=True, address=address, reason=f"no {address}")
            assert sent.says(said) == {state: 1}
        assert sent.world.ask("select count(*) from suppressions") == 1
        assert sent.suppressed() == "bounced"
        kept = sent.world.ask("select string_agg(delivery_events::text, '') from delivery_events")
        assert "bea" not in str(kept)
        assert "ana" not in str(kept).lower()

    def test_five_soft_ones_in_a_row_over_a_week(self, sent: Sent) -> None:
        now = datetime.now(UTC)
        for days in (9, 7, 5, 3):
            self._came_back(sent, now - timedelta(days=days))
        sent.says(event(Kind.BOUNCED, message_id=sent.message, occurred_at=now))
        assert sent.suppressed() == "bounced"

    def test_one_that_was_delivered_in_between_begins_anew(self, sent: Sent) -> None:
        now = datetime.now(UTC)
        for days in (9, 7, 5, 3):
            self._came_back(sent, now - timedelta(days=days))
        sent.world.execute(
            "update messages set delivery = 'delivered' where delivery_at < now() - "
            "interval '6 days' and delivery_at > now() - interval '8 days'"
        )
        sent.says(event(Kind.BOUNCED, message_id=sent.message, occurred_at=now))
        assert sent.suppressed() is None

    def _came_back(self, sent: Sent, at: datetime) -> None:
        sent.world.execute(
            "insert into messages (id, kind, dedupe_key, subscriber_id, sequence_id, template_key, "
            "lane, priority, status, due_at, delivery, delivery_at) values (gen_random_uuid(), "
            "'notice', gen_random_uuid()::text, :person, :sequence, 'notices/welcome', 'other', 0, "
            "'accepted', plan_now(), 'bounced', :at)",
            person=sent.person,
            sequence=sent.world.sequence_id,
            at=at,
        )


class TestUnmatched:
    def test_it_waits_and_is_matched_once_the_message_is_known(self, sent: Sent) -> None:
        said = event(Kind.BOUNCED, provider_id="pm-2", is_hard=True, code="550", reason="gone")
        assert sent.says(said) == {"waiting": 1}
        assert self._match(sent) == 0
        sent.world.execute(
            "update messages set provider_id = 'pm-2' where id = :id", id=sent.message
        )
        assert self._match(sent) == 1
        assert sent.row("delivery, delivery_reason") == ("bounced", "550 gone")
        assert sent.suppressed() == "bounced"
        assert self._match(sent) == 0
        sent.assert_sums()

    def test_after_a_day_it_is_let_go_with_nothing_but_its_id(self, sent: Sent) -> None:
        said = event(Kind.BOUNCED, message_id=uuid4(), reason="bea@example.org is unknown")
        assert sent.says(said) == {"waiting": 1}
        sent.world.execute("update delivery_events set received_at = now() - interval '25 h'")
        assert self._match(sent) == 1
        assert sent.world.ask("select state from delivery_events") == "ignored"
        assert "within a day" in str(sent.world.ask("select note from delivery_events"))
        assert sent.world.ask("select detail from delivery_events") == {}
        assert sent.says(said) == {"known": 1}

    def test_old_ones_are_forgotten(self, sent: Sent) -> None:
        sent.says(event(Kind.DELIVERED, message_id=sent.message))
        assert forget_events(sent.world.transactions) == 0
        sent.world.execute("update delivery_events set received_at = now() - interval '401 days'")
        assert forget_events(sent.world.transactions) == 1

    def _match(self, sent: Sent) -> int:
        sent.world.execute("update delivery_events set tried_at = now() - interval '2 minutes'")
        return match_events(sent.world.transactions, hash_key=HASH_KEY)


class TestForgotten:
    def test_nothing_of_them_is_written_down_any_more(self, sent: Sent) -> None:
        sent.world.execute(
            "update subscribers set email = '', email_key = 'erased:' || id where id = :id",
            id=sent.person,
        )
        said = event(
            Kind.BOUNCED, message_id=sent.message, is_hard=True, reason="no ana@example.org here"
        )
        assert sent.says(said) == {"applied": 1}
        assert sent.row("delivery, delivery_reason") == ("bounced", None)
        assert sent.world.ask("select detail from delivery_events") == {}
        assert sent.world.ask("select count(*) from suppressions") == 0
