"""What providers said is shown where people look: results, a person's page, why, the status."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from funnel.domain.delivery_event import DeliveryEvent, DeliveryEventKind
from funnel.domain.status import ProviderWords
from funnel.services.explain_step import explain_step
from funnel.services.read_person import read_person
from funnel.services.read_results import read_results
from funnel.services.record_events import record_events
from funnel.storage import delivery_payloads
from funnel.web.studio.person_words import with_deliveries
from tests.fixtures.posting import enrolled
from tests.fixtures.world import World

ANA = "ana@example.org"
Kind = DeliveryEventKind


@pytest.fixture
def sent(world: World) -> tuple[World, UUID, UUID]:
    """Somebody who got the first email of their run."""
    person, run = enrolled(world, ANA)
    message = uuid4()
    world.execute(
        "insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id, "
        "step_key, template_key, topic, lane, priority, status, due_at, attempts, accepted_at, "
        "opened_at, settled_at, provider) values (:id, 'sequence', :key, :person, :run, :sequence, "
        "'your-seat', 'short/your-seat', 'seat', 'other', 1, 'accepted', plan_now(), 1, "
        "plan_now(), plan_now(), plan_now(), 'ses')",
        id=message,
        key=f"{run}:your-seat:0",
        person=person,
        run=run,
        sequence=world.sequence_id,
    )
    world.execute(
        "insert into counters select :sequence, 'your-seat', s, 1 "
        "from unnest(array['accepted', 'passed']) s",
        sequence=world.sequence_id,
    )
    return world, person, message


def said(world: World, message: UUID, kind: DeliveryEventKind, reason: str = "") -> None:
    event = DeliveryEvent(
        event_id=f"{kind}-{reason}",
        kind=kind,
        message_id=message,
        occurred_at=datetime(2031, 3, 4, 11, 30, tzinfo=UTC),
        code="550 5.1.1" if reason else "",
        reason=reason,
    )
    record_events([event], "ses", world.transactions, hash_key=b"key")


def test_results_know_what_is_told_and_say_nothing_of_the_rest(
    sent: tuple[World, UUID, UUID],
) -> None:
    world, _, message = sent
    page = read_results("short", world.transactions)
    assert page is not None
    assert not page.is_told
    assert {each.delivered for each in page.emails} == {None}
    for kind, numbers in (
        (Kind.DELIVERED, (1, 0, 0)),
        (Kind.BOUNCED, (0, 1, 0)),
        (Kind.COMPLAINED, (1, 0, 1)),
    ):
        said(world, message, kind)
        page = read_results("short", world.transactions)
        assert page is not None
        assert page.is_told
        first, *others = page.emails
        assert (first.delivered, first.bounced, first.complained) == numbers
        assert {each.delivered for each in others} == {None}


def test_a_person_and_the_reason_say_it_with_its_moment(sent: tuple[World, UUID, UUID]) -> None:
    world, person, message = sent
    said(world, message, Kind.BOUNCED, "no such user")
    (explained,) = explain_step(ANA, "your-seat", world.transactions, most_published=500)
    told = next(each.says for each in explained.lines if each.about == "answer")
    assert told.endswith(
        "then, on Tue 4 March 2031 12:30 in Berlin: it came back (550 5.1.1 no such user)."
    )
    found = read_person(person, world.transactions)
    assert found.calendar is not None
    shown = {each.key: each.why for each in with_deliveries(found.calendar, found).lines}
    assert "; it came back (550 5.1.1 no such user), Tuesday 4 March" in shown["your-seat"]
    assert [key for key, why in shown.items() if "came back" in why] == ["your-seat"]


def test_status_says_how_providers_events_end(sent: tuple[World, UUID, UUID]) -> None:
    world, _, message = sent
    said(world, message, Kind.DELIVERED)
    said(world, uuid4(), Kind.BOUNCED)
    with world.transactions.begin() as tx:
        delivery_payloads.keep(tx, "ses", reason="“eventType” is missing", body=b"{}")
        delivery_payloads.keep(tx, "ses", reason="“eventType” is missing", body=b"{}")
        (figures,) = delivery_payloads.read_figures(tx)
    words = ProviderWords(
        **{name: getattr(figures, name) for name in delivery_payloads.ProviderFigures.__slots__}
    )
    assert words.text == (
        "Events of ses in the last day: 1 applied, 1 waiting for their email, 1 that could not be "
        "read. Last: “eventType” is missing."
    )
    assert replace(words, newest_note="", waiting=0, unread=0).text == (
        "Events of ses in the last day: 1 applied."
    )


def test_unread_requests_are_bounded_and_forgotten(world: World) -> None:
    with world.transactions.begin() as tx:
        tx.connection.exec_driver_sql(
            "insert into delivery_payloads (provider, reason, body) "
            "select 'ses', 'x', n::text from generate_series(1, 1005) n"
        )
        delivery_payloads.keep(tx, "ses", reason="new", body=b"\xff\x00" + b"x" * 50_000)
        delivery_payloads.keep(tx, "postmark", reason="other", body=b"{}")
    assert world.ask("select count(*) from delivery_payloads where provider = 'ses'") == 1000
    assert world.ask("select max(length(body)) from delivery_payloads") == 20_000
    world.execute("update delivery_payloads set received_at = now() - :age", age=timedelta(days=31))
    with world.transactions.begin() as tx:
        assert delivery_payloads.forget_old(tx, 400) == 400
        assert delivery_payloads.forget_old(tx, 5000) == 601


def test_a_limit_holds_with_a_plan_that_looks_for_each_row_again(world: World) -> None:
    world.execute(
        "insert into delivery_payloads (provider, reason, body, received_at) "
        "select 'ses', 'x', n::text::bytea, now() - :age from generate_series(1, 1000) n",
        age=timedelta(days=31),
    )
    with world.transactions.begin() as tx:
        for kind in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            tx.connection.exec_driver_sql(f"set local enable_{kind} = off")
        assert delivery_payloads.forget_old(tx, 400) == 400
