"""The host's note: at seven in their zone, once a day, of what happened since the last one."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from funnel.domain.facts import FactKind, FactReport
from funnel.services.record_facts import record_facts
from funnel.services.send_test import list_tests
from funnel.services.send_test_emails import send_test_emails
from funnel.services.write_daily_notes import write_daily_notes
from funnel.storage.daily_notes import NEEDS, NEXT, SUMS
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.signups import Door
from tests.fixtures.world import World

BERLIN = ZoneInfo("Europe/Berlin")
TO = "mira@muster.example"
DAY = timedelta(days=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2031, 3, day, hour, minute, tzinfo=BERLIN)


def write(post: Post) -> int:
    return write_daily_notes(post.world.transactions, post.delivery.builder)


@pytest.fixture
def morning(post: Post, door: Door) -> Iterator[tuple[Post, Door]]:
    """Somebody asked for notes on Tuesday at noon; a date lies ten days ahead."""
    post.world.add_session(at(14, 18), seats=30)
    post.world.execute("update brands set daily_note_to = :to", to=TO)
    assert write(post) == 0
    yield post, door
    assert_balanced(post.world)


def sent(post: Post) -> tuple[str, str]:
    """Deliver the note; return its subject and its plain text."""
    before = len(post.server.accepted)
    assert send_test_emails(post.delivery, most=3) == {"accepted": 1}
    (raw,) = post.server.accepted[before:]
    mail = message_from_bytes(raw, policy=default)
    plain = mail.get_body(("plain",))
    assert mail["To"] == TO and plain is not None
    assert mail["List-Unsubscribe"] is None and mail["Auto-Submitted"] == "auto-generated"
    return mail["Subject"], plain.get_content()


def test_it_tells_once_what_happened_since_the_last_one(morning: tuple[Post, Door]) -> None:
    post, door = morning
    world = post.world
    date = world.ask("select id from sessions")
    for name in ("ana", "ben"):
        door.confirm(door.sign_up(f"{name}@example.org", date))  # type: ignore[arg-type]
    door.sign_up("cleo@example.org")
    record_facts(
        [FactReport(kind=FactKind.BOOKED, source="x", email="ana@example.org")],
        world.transactions,
    )
    world.travel_to(at(5, 6, 59))
    assert write(post) == 0
    world.travel_to(at(5, 7, 1))
    assert (write(post), write(post)) == (1, 0)
    subject, words = sent(post)
    assert subject == "Good morning: 1 person booked"
    assert "Hello Mira," in words
    assert "This has happened since Tuesday 4 March, 12:00 in Berlin:" in words
    for line in ("3 people signed up.", "2 people confirmed.", "1 person booked a call."):
        assert line in words
    assert "Next: Friday 14 March, 18:00 in Berlin. 2 of 30 seats are taken." in words
    assert "needs a hand" not in words and "[Test]" not in subject
    assert "https://funnel.example.org/studio/brands/default" in words
    # It is no test, no message, and counted nowhere.
    assert list_tests(world.transactions) == ()
    door.sign_up("dora@example.org")
    world.travel_to(at(6, 7, 1))
    assert write(post) == 1
    subject, words = sent(post)
    assert subject == "Good morning: 1 person signed up"
    assert "since Wednesday 5 March, 07:01" in words and "0 people confirmed." in words


def test_a_day_without_anything_has_none_but_the_day_of_the_session_has(
    morning: tuple[Post, Door],
) -> None:
    post, _ = morning
    for day in range(5, 14):
        post.world.travel_to(at(day, 7, 1))
        assert write(post) == 0
    post.world.travel_to(at(14, 7, 1))
    assert write(post) == 1
    subject, words = sent(post)
    assert subject == "Good morning from your masterclass"
    assert "today is the day of the masterclass" in words
    assert "1 date of the coming week has no join link yet." in words


def test_days_that_were_missed_are_told_in_one(morning: tuple[Post, Door]) -> None:
    post, door = morning
    door.sign_up("ana@example.org")
    post.world.travel_to(at(9, 15))
    assert (write(post), write(post)) == (1, 0)
    assert "since Tuesday 4 March" in sent(post)[1]


def test_who_wants_it_again_is_told_nothing_of_the_time_between(
    morning: tuple[Post, Door],
) -> None:
    post, door = morning
    world = post.world
    world.execute("update brands set daily_note_to = ''")
    write(post)
    door.sign_up("ana@example.org")
    world.travel_to(at(10, 8))
    world.execute("update brands set daily_note_to = :to", to=TO)
    for moment in (at(10, 8), at(11, 8)):
        world.travel_to(moment)
        assert write(post) == 0


def test_an_address_that_must_not_be_written_to_gets_none(morning: tuple[Post, Door]) -> None:
    post, door = morning
    post.world.execute(
        "insert into suppressions (email_key, reason) values (:to, 'bounced')", to=TO
    )
    door.sign_up("ana@example.org")
    post.world.travel_to(at(5, 8))
    assert write(post) == 0


def test_two_workers_write_one(morning: tuple[Post, Door]) -> None:
    post, door = morning
    door.sign_up("ana@example.org")
    post.world.travel_to(at(5, 8))
    builder = post.delivery.builder
    done = door.at_once([lambda each: write_daily_notes(each, builder)] * 6)
    assert sorted(done, key=str) == [0, 0, 0, 0, 0, 1]


def test_it_reads_sums_and_not_people(world: World) -> None:
    world.execute(
        """
        with people as (
          insert into subscribers (id, email, email_key)
          select gen_random_uuid(), n || '@example.org', n || '@example.org'
          from generate_series(1, 20000) n returning id
        ),
        source as (
          insert into sources (id, slug, sequence_id) values (gen_random_uuid(), 's', :sequence)
          returning id
        )
        insert into signups (id, source_id, external_id, sequence_id, subscriber_id, status,
          address_hash, wants_letters, expires_at)
        select gen_random_uuid(), source.id, people.id, :sequence, people.id, 'confirmed', '',
          true, plan_now() from people, source
        """,
        sequence=world.sequence_id,
    )
    world.execute("analyze")
    with world.transactions.begin_reading() as tx:
        brand = tx.connection.execute(text("select id from brands")).scalar()
        for statement in (SUMS, NEEDS, NEXT):
            values = {"brand": brand, "now": tx.now}
            asked = {name: values[name] for name in statement.compile().params}
            rows = tx.connection.execute(text(f"explain {statement.text}"), asked).scalars()
            plan = "\n".join(rows)
            assert "Seq Scan on signups" not in plan, plan
