"""Erased: nothing in the whole database names the person any more, and the books still balance."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from funnel.domain.consent import SuppressionReason
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signup import SignupStatus
from funnel.domain.subscriber import address_hash
from funnel.services.erase_person import erase_person
from funnel.services.export_person import export_person
from funnel.services.note_person import add_note
from funnel.services.tag_person import tag_person
from funnel.storage import outbox_open, suppressions
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.signups import RULES, Door
from tests.fixtures.world import TUESDAY_NOON, World

ADDRESS = "Ana.Xylander@Beispiel.example"
KEY = ADDRESS.lower()
# What is looked for everywhere, in any case: the address, its parts, the names.
NAMES = (KEY, "ana.xylander", "xylander", "zdenka", "beispiel.example")
HASH_KEY = b"a-key-for-tests-only"
BY = "coach@example.org"
PAYLOADS = (
    f'{{"email": "{ADDRESS}", "name": "Zdenka"}}',
    "email=Ana.Xylander%40Beispiel.example",
)


def erase(world: World, person: UUID, typed: str = ADDRESS) -> None:
    erase_person(person, typed, world.transactions, hash_key=HASH_KEY, by=BY)


@pytest.fixture
def known(post: Post) -> tuple[Post, UUID, UUID]:
    """Somebody of whom each table holds something."""
    world = post.world
    person = world.add_person(ADDRESS)
    session = world.add_session(TUESDAY_NOON + timedelta(days=2))
    run = world.enroll(person, session)
    post.deliver()
    world.execute(
        "update subscribers set email_key = :key, first_name = 'Zdenka', last_name = 'Xylander', "
        "fields = cast(:fields as jsonb), confirmed_at = plan_now() where id = :id",
        key=KEY,
        fields=json.dumps({"company": "Xylander & Co"}),
        id=person,
    )
    add_note(person, "Zdenka called.", world.transactions, by=BY)
    tag_person(person, "xylander family", world.transactions, by=BY)
    for statement in _filled(person, run, session):
        world.execute(statement[0], **statement[1])
    return post, person, run


def _filled(person: UUID, run: UUID, session: UUID) -> Iterator[tuple[str, dict[str, object]]]:
    source, fact_source, signup, imported = (uuid4() for _ in range(4))
    yield (
        "insert into sources (id, slug, sequence_id) select :id, 's', id from sequences",
        {"id": source},
    )
    yield (
        "insert into fact_sources (id, slug, preset) values (:id, 'f', 'zoom')",
        {"id": fact_source},
    )
    yield (
        "insert into signups (id, source_id, external_id, sequence_id, subscriber_id, status, "
        "address_hash, first_name, last_name, zone_given, wants_letters, utm, fields, payload, ip, "
        "user_agent, expires_at, enrollment_id) select :id, :source, 'typeform:' || :address, "
        "q.id, :person, 'confirmed', '\\x01', 'Zdenka', 'Xylander', 'Xylander', true, "
        '\'{"utm_source": "xylander"}\', \'{"x": "Xylander"}\', :payload, \'192.0.2.7\', '
        "'Xylander browser', plan_now(), :run from sequences q",
        {
            "id": signup,
            "source": source,
            "address": ADDRESS,
            "person": person,
            "payload": PAYLOADS[0].encode(),
            "run": run,
        },
    )
    for payload in PAYLOADS:
        yield (
            "insert into refused_signups (id, source_id, reason, payload, ip, user_agent) "
            "values (gen_random_uuid(), :source, 'no such field', :payload, '192.0.2.7', 'x')",
            {"source": source, "payload": payload.encode()},
        )
    for number, payload in enumerate(PAYLOADS):
        yield (
            "insert into received_facts (id, source_id, event_id, email_key, reports, status, "
            "payload) values (gen_random_uuid(), :source, :event, :key, cast(:reports as jsonb), "
            "'waiting', :payload)",
            {
                "source": fact_source,
                "event": f"{ADDRESS}-{number}",
                "key": KEY if number else None,
                "reports": json.dumps([{"email": KEY}]),
                "payload": payload.encode(),
            },
        )
    yield (
        "insert into evidence (kind, subscriber_id, enrollment_id, signup_id, ip, user_agent) "
        "values ('link opened', :person, :run, null, '192.0.2.7', 'Xylander browser'), "
        "('confirmation page fetched', null, null, :signup, '192.0.2.7', 'Xylander browser')",
        {"person": person, "run": run, "signup": signup},
    )
    yield (
        "insert into consents (id, subscriber_id, topic, is_given, source, wording, ip, user_agent)"
        " values (gen_random_uuid(), :person, 'letters', true, 'by hand: Xylander fair', 'x', "
        "'192.0.2.7', 'Xylander browser')",
        {"person": person},
    )
    yield (
        "update messages set context = cast(:kept as jsonb), data = cast(:kept as jsonb), "
        "provider_id = 'xylander-1' where subscriber_id = :person",
        {"kept": json.dumps({"to": ADDRESS}), "person": person},
    )
    yield (
        "insert into messages (id, kind, dedupe_key, subscriber_id, sequence_id, template_key, "
        "lane, priority, status, reason, due_at, settled_at) select gen_random_uuid(), 'notice', "
        "'welcome:' || :person, :person, id, 'notices/welcome', 'notices', 0, 'failed', "
        "'550 5.1.1 <Ana.Xylander@Beispiel.example> unknown', plan_now(), plan_now() "
        "from sequences",
        {"person": person},
    )
    yield (
        "update messages set delivery = 'bounced', delivery_at = now(), delivery_reason = "
        "'550 5.1.1 <Ana.Xylander@Beispiel.example> unknown' where kind = 'notice'",
        {},
    )
    hashed = address_hash(KEY, HASH_KEY).hex()
    for event_id, of_message in (("known", True), ("waiting", False)):
        yield (
            "insert into delivery_events (provider, event_id, kind, message_id, provider_id, "
            "address_hash, state, occurred_at, detail) select 'postmark', :event, 'bounced', "
            "case when :of_message then (select id from messages where kind = 'notice') end, "
            "'xylander-1', :hash, 'waiting', now(), cast(:detail as jsonb)",
            {
                "event": event_id,
                "of_message": of_message,
                "hash": None if of_message else hashed,
                "detail": json.dumps({"reason": "Xylander is away" if of_message else "x"}),
            },
        )
    for payload in PAYLOADS:
        yield (
            "insert into delivery_payloads (provider, reason, body) values ('ses', 'x', :body)",
            {"body": payload},
        )
    yield (
        "insert into counters (sequence_id, step_key, status, total) "
        "select id, 'notices/welcome', s, 1 from sequences, unnest(array['failed', 'bounced']) s",
        {},
    )
    yield (
        "update registrations set join_url = 'https://zoom.example/w/1?uname=Xylander' "
        "where session_id = :session",
        {"session": session},
    )
    yield (
        "insert into test_emails (id, to_address, subscriber_id, template_key, email, by) values "
        "(gen_random_uuid(), 'coach@example.org', :person, 'short/first', "
        "'{\"text\": \"Hello Zdenka\"}', 'coach@example.org')",
        {"person": person},
    )
    yield (
        "insert into imports (id, file_name, columns, total, by) "
        "values (:id, 'kit.csv', array['email', 'name'], 1, 'coach@example.org')",
        {"id": imported},
    )
    yield (
        "insert into import_lines (import_id, line, cells, reason) "
        "values (:id, 2, array[:address, 'Zdenka'], 'Ana.Xylander: known')",
        {"id": imported, "address": ADDRESS},
    )


def found_anywhere(world: World) -> list[str]:
    """Return where the person is still named: every column of every table, as text."""
    places = []
    with world.transactions.begin() as tx:
        columns = tx.connection.execute(
            text(
                "select table_name, column_name, data_type from information_schema.columns "
                "where table_schema = 'public' order by 1, 2"
            )
        ).all()
        assert len(columns) > 200
        for table, column, kind in columns:
            value = f"encode({column}, 'escape')" if kind == "bytea" else f'"{column}"::text'
            statement = f'select lower({value}) from "{table}"'  # noqa: S608  (of the catalogue)
            rows = tx.connection.execute(text(statement)).scalars()
            for row in rows:
                places += [f"{table}.{column}: {row}" for name in NAMES if row and name in row]
    return places


def test_nothing_in_the_database_names_them(known: tuple[Post, UUID, UUID]) -> None:
    post, person, run = known
    world = post.world
    tables = {each.partition(".")[0] for each in found_anywhere(world)}
    assert len(tables) >= 13, tables  # or the test would find nothing that is to be forgotten
    assert_balanced(world)
    erase(world, person)
    assert found_anywhere(world) == []
    assert world.ask("select count(*) from signups where ip is not null") == 0
    assert world.ask("select count(*) from evidence") == 0
    assert world.ask("select reason from messages where status = 'failed'") == "550 5.1.1"
    assert world.statuses(run) == {"your-seat": "accepted"}
    assert_balanced(world)
    audit = world.ask("select array_agg(action order by id) from audit")
    assert audit == ["note written", "tagged", "erased"]
    assert world.ask("select count(*) from registrations where status = 'registered'") == 0


def test_what_is_queued_is_cancelled_and_nothing_leaves_any_more(
    known: tuple[Post, UUID, UUID],
) -> None:
    post, person, run = known
    post.world.travel_to(TUESDAY_NOON + timedelta(hours=21))
    batch = post.claim()
    assert batch
    erase(post.world, person)
    assert post.deliver(batch) == {"stale": 1}
    assert post.world.statuses(run)["first"] == "cancelled"
    post.world.travel_to(TUESDAY_NOON + timedelta(days=5))
    assert post.deliver() == {}
    assert_balanced(post.world)


def test_while_an_email_is_leaving_nothing_is_erased(known: tuple[Post, UUID, UUID]) -> None:
    post, person, run = known
    post.world.travel_to(TUESDAY_NOON + timedelta(hours=21))
    (claimed,) = post.claim()
    version = post.world.ask("select live_version_id from templates where key = 'short/first'")
    assert isinstance(version, UUID)
    with post.world.transactions.begin() as tx:
        assert outbox_open.lock_claimed(tx, [claimed]) == [0]
        outbox_open.open_messages(
            tx, [(claimed.id, version)], owner="t", lease=timedelta(seconds=60)
        )
    with pytest.raises(InvalidInputError, match="at this very moment"):
        erase(post.world, person)
    assert post.world.ask("select email from subscribers") == ADDRESS
    assert post.world.statuses(run)["first"] == "sending"
    assert post.world.ask("select count(*) from suppressions") == 0


@pytest.mark.parametrize("typed", ["", "ana", "ana@example.org", "Zdenka Xylander"])
def test_the_address_has_to_be_typed(known: tuple[Post, UUID, UUID], typed: str) -> None:
    post, person, _ = known
    with pytest.raises(InvalidInputError, match="not the address"):
        erase(post.world, person, typed)
    assert post.world.ask("select email from subscribers") == ADDRESS


def test_erased_twice_there_is_nobody(known: tuple[Post, UUID, UUID]) -> None:
    post, person, _ = known
    erase(post.world, person, KEY.upper())
    with pytest.raises(NotFoundError):
        erase(post.world, person)
    with pytest.raises(NotFoundError):
        export_person(person, post.world.transactions, by=BY)


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (None, SuppressionReason.ERASED),
        (SuppressionReason.UNSUBSCRIBED, SuppressionReason.ERASED),
        (SuppressionReason.COMPLAINED, SuppressionReason.COMPLAINED),
        (SuppressionReason.BY_HAND, SuppressionReason.BY_HAND),
    ],
)
def test_the_list_keeps_a_hash_and_what_stood_there_for_good(
    known: tuple[Post, UUID, UUID], before: SuppressionReason | None, kept: SuppressionReason
) -> None:
    post, person, _ = known
    with post.world.transactions.begin() as tx:
        if before is not None:
            suppressions.add(tx, KEY, before, source="xylander")
    erase(post.world, person)
    hashed = address_hash(KEY, HASH_KEY)
    with post.world.transactions.begin() as tx:
        assert suppressions.is_erased(tx, hashed)
        assert not suppressions.is_erased(tx, address_hash(KEY, b"another key"))
        assert suppressions.find(tx, suppressions.erased_key(hashed)) is kept
        (line,) = suppressions.list_newest(tx, limit=5)
        assert line.address == line.source == ""
    assert found_anywhere(post.world) == []


def test_an_export_has_all_that_is_kept(known: tuple[Post, UUID, UUID]) -> None:
    post, person, _ = known
    kept = export_person(person, post.world.transactions, by=BY)
    json.dumps(kept)
    assert kept["profile"][0]["email"] == ADDRESS
    assert {name: len(rows) for name, rows in kept.items() if isinstance(rows, list)} == {
        "profile": 1,
        "do_not_email": 0,
        "consents": 1,
        "signups": 1,
        "runs": 1,
        "seats": 1,
        "emails": 2,
        "facts": 1,
        "seen": 1,
        "notes": 1,
        "reports": 1,
        "imports": 0,
        "what_was_done": 2,
    }
    assert kept["signups"][0]["payload"] == PAYLOADS[0]
    assert "address_hash" not in kept["signups"][0]
    assert post.world.ask("select action from audit order by id desc limit 1") == "person exported"


@pytest.mark.parametrize(
    ("before", "becomes"),
    [
        (None, SignupStatus.PENDING),
        (SuppressionReason.UNSUBSCRIBED, SignupStatus.PENDING),
        (SuppressionReason.COMPLAINED, SignupStatus.SUPPRESSED),
    ],
)
def test_a_new_signup_of_their_own_comes_in_as_somebody_new(
    door: Door, before: SuppressionReason | None, becomes: SignupStatus
) -> None:
    world = door.world
    door.confirm(door.accept(door.request(ADDRESS)).id)
    person = world.ask("select id from subscribers")
    assert isinstance(person, UUID)
    if before is not None:
        world.execute(
            "insert into suppressions (email_key, reason) values (:key, :why)", key=KEY, why=before
        )
    erase_person(person, ADDRESS, world.transactions, hash_key=RULES.hash_key, by=BY)
    signup = door.accept(door.request(ADDRESS)).id
    assert world.ask("select status from signups where id = :id", id=signup) == becomes
    now = world.ask("select id from subscribers where email_key = :key", key=KEY)
    assert now not in (None, person)
    assert_balanced(world)
