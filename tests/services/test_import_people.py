"""People from another tool: what becomes of each line, and what never changes."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from funnel.domain.consent import SuppressionReason, Topic
from funnel.domain.errors import InvalidInputError
from funnel.domain.people_import import Column, ImportStatus
from funnel.domain.signup import Visitor
from funnel.domain.subscriber import ZoneChoice, ZoneSource
from funnel.services.continue_imports import continue_imports
from funnel.services.explain_step import explain_step
from funnel.services.import_people import (
    discard_import,
    forget_imports,
    lines_of_address,
    read_import,
    start_import,
    stop_import,
    try_import,
)
from funnel.services.read_person import read_person
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.storage import subscribers, suppressions
from tests.fixtures.posting import assert_balanced
from tests.fixtures.signups import RULES, Door, MakeDoor
from tests.fixtures.world import World
from tests.services.importing import WORDS, kit, lines, rows, sums, take, told, upload

THEN = datetime(2025, 3, 1, 10, tzinfo=UTC)
ANA = '1,Ana,ana@example.org,active,2025-03-01 10:00:00 UTC,"vip, early",City'
BEA = "2,Bea,bea@example.org,cancelled,2025-03-02 10:00:00 UTC,,"


def _person(world: World, key: str = "ana@example.org") -> tuple[object, ...]:
    found = rows(
        world,
        "select first_name, wants_letters, wants_seat_emails, confirmed_at, fields "
        "from subscribers where email_key = :key",
        key=key,
    )
    return tuple(found[0])


def _id(world: World, key: str = "ana@example.org") -> UUID:
    found = world.ask("select id from subscribers where email_key = :key", key=key)
    assert isinstance(found, UUID)
    return found


def test_confirmed_people_come_in_with_their_day_their_words_and_no_second_opt_in(
    world: World,
) -> None:
    import_id = take(world, kit(ANA))
    assert told(world, import_id) == [(2, "new", "")]
    assert _person(world) == ("Ana", True, False, THEN, {"company": "City"})
    words = rows(world, "select topic, is_given, wording, source, at from consents")
    assert words == [("letters", True, WORDS, "import", THEN)]
    tags = rows(world, "select name, kind, at from facts order by name")
    assert tags == [("early", "tagged", THEN), ("vip", "tagged", THEN)]
    assert world.ask("select count(*) from messages") == 0
    assert world.ask("select count(*) from enrollments") == 0
    assert lines(world, import_id)[0].subscriber_id == _id(world)


def test_a_trial_says_the_same_as_the_import_and_writes_nobody(world: World) -> None:
    content = kit(ANA, BEA, "3,Cy,no-address,active,2025-03-01,,", "4,,d@example.org,active,,,")
    import_id = upload(world, content)
    tried = told(world, import_id)
    assert world.ask("select count(*) from subscribers") == 0
    assert world.ask("select count(*) from suppressions") == 0
    assert tried == [
        (2, "new", ""),
        (3, "to the list", "state: unsubscribed"),
        (4, "refused", "wrong address: no-address"),
        (5, "refused", "no date"),
    ]
    start_import(import_id, by="mira", transactions=world.transactions)
    continue_imports(world.transactions, hash_key=RULES.hash_key)
    assert told(world, import_id) == tried
    assert sums(world, import_id) == {"new": 1, "to the list": 1, "refused": 2}
    assert read_import(import_id, world.transactions).record.status is ImportStatus.FINISHED


@pytest.mark.parametrize(
    ("word", "reason"),
    [("cancelled", "unsubscribed"), ("bounced", "bounced"), ("complained", "complained")],
)
def test_who_must_not_be_written_to_goes_onto_the_list_by_their_own_reason(
    world: World, word: str, reason: str
) -> None:
    take(world, kit(f"1,Ana,ana@example.org,{word},2025-03-01 10:00:00 UTC,,"))
    assert rows(world, "select email_key, reason, source from suppressions") == [
        ("ana@example.org", reason, "import")
    ]
    # Found by name, so that somebody can ask why they get nothing.
    assert _person(world) == ("Ana", False, False, THEN, {})
    assert world.ask("select count(*) from consents") == 0


def test_an_import_overwrites_no_suppression_and_lifts_none(world: World) -> None:
    for key in ("ana@example.org", "bea@example.org"):
        with world.transactions.begin() as tx:
            suppressions.add(tx, key, SuppressionReason.COMPLAINED, source="event")
    import_id = take(world, kit(ANA, BEA))
    assert [each[1:] for each in told(world, import_id)] == [
        ("on the list", "suppressed: complained")
    ] * 2
    found = rows(world, "select distinct reason, source from suppressions")
    assert found == [("complained", "event")]
    assert world.ask("select count(*) from subscribers") == 0


def test_who_said_something_here_is_left_as_they_said_it(world: World, make_door: MakeDoor) -> None:
    door = make_door()
    person = door.seat("ana@example.org").subscriber_id
    unsubscribe(
        person, Topic.LETTERS, Word(source="preferences", visitor=Visitor()), world.transactions
    )
    with world.transactions.begin() as tx:
        subscribers.set_zone(tx, person, ZoneChoice(name="Asia/Tokyo", source=ZoneSource.PERSON))
    before = rows(world, "select * from subscribers")
    content = kit(
        "1,Anna,ana@example.org,active,2025-03-01,,Other,Europe/Paris",
        header="id,first_name,email,state,created_at,tags,company,time_zone",
    )
    import_id = take(world, content, sequence="short")
    assert told(world, import_id) == [(2, "unchanged", "in the sequence")]
    assert rows(world, "select * from subscribers") == before
    assert world.ask("select count(*) from consents where source = 'import'") == 0


def test_what_nobody_said_yet_is_filled_in(world: World) -> None:
    person = world.add_person("ana@example.org")
    world.execute(
        "update subscribers set first_name = '', last_name = '', zone = 'UTC', "
        "zone_source = 'default', fields = '{\"company\": \"Old\"}', confirmed_at = plan_now()"
    )
    content = kit(
        "1,Anna,ana@example.org,active,2025-03-01,,New,Europe/Paris,7",
        header="id,first_name,email,state,created_at,tags,company,time_zone,shoe",
    )
    import_id = take(world, content)
    assert told(world, import_id) == [(2, "updated", "")]
    found = rows(world, "select first_name, zone, zone_source, fields from subscribers")
    assert found == [("Anna", "Europe/Paris", "import", {"company": "Old", "shoe": "7"})]
    assert _id(world) == person


def test_a_no_from_elsewhere_ends_what_runs_here_unless_the_yes_here_is_newer(
    world: World, make_door: MakeDoor
) -> None:
    door = make_door()
    for name in ("ana", "bea"):
        door.seat(f"{name}@example.org")
    header = "email,unsub_time"
    import_id = take(
        world,
        kit("ana@example.org,2030-01-01 10:00:00", "bea@example.org,yes", header=header),
    )
    assert told(world, import_id) == [
        (2, "unchanged", "agreed later: unsubscribed"),
        (3, "to the list", "state: unsubscribed"),
    ]
    states = rows(
        world,
        "select p.email_key, e.state, p.wants_letters from enrollments e "
        "join subscribers p on p.id = e.subscriber_id order by 1",
    )
    assert states == [("ana@example.org", "active", True), ("bea@example.org", "left", False)]
    assert (
        world.ask(
            "select count(*) from messages where status = 'queued' and subscriber_id = :bea",
            bea=_id(world, "bea@example.org"),
        )
        == 0
    )
    assert_balanced(world)


def test_the_same_address_twice_is_one_person_and_a_no_counts_wherever_it_stands(
    world: World,
) -> None:
    content = kit(
        ANA,
        BEA.replace("cancelled", "active"),
        ANA.replace("ana@", "ANA@"),
        BEA,
        "5,Cy,cy@example.org,active,2025-03-01,,",
    )
    import_id = upload(world, content)
    expected = [
        (2, "new", ""),
        (3, "twice", "left in another line: 5"),
        (4, "twice", "same address: 2"),
        (5, "to the list", "state: unsubscribed"),
        (6, "new", ""),
    ]
    assert told(world, import_id) == expected
    start_import(import_id, by="mira", transactions=world.transactions)
    continue_imports(world.transactions, hash_key=RULES.hash_key)
    assert told(world, import_id) == expected
    assert world.ask("select count(*) from subscribers") == 3
    assert world.ask("select count(*) from consents") == 2


def test_one_may_begin_at_a_later_email_and_nobody_gets_a_burst(world: World) -> None:
    import_id = take(world, kit(ANA), sequence="short", step="second")
    assert told(world, import_id) == [(2, "new", "")]
    found = rows(world, "select step_key, status, reason from messages order by step_key")
    assert found == [("first", "skipped", "was before their import")]
    due = world.ask("select next_due_at from enrollments")
    # Two days after the Tuesday of the import, at nine in the zone that was chosen for all.
    assert due == datetime(2031, 3, 6, 9, tzinfo=UTC)
    assert_balanced(world)


def test_from_the_beginning_no_welcome_is_sent_and_a_second_import_begins_nobody_again(
    world: World,
) -> None:
    for _ in range(2):
        import_id = take(world, kit(ANA), sequence="short")
    assert told(world, import_id) == [(2, "unchanged", "in the sequence")]
    assert world.ask("select count(*) from enrollments") == 1
    assert world.ask("select count(*) from messages") == 0
    assert world.ask("select next_due_at from enrollments") == datetime(2031, 3, 5, 9, tzinfo=UTC)


def test_a_day_for_all_stands_in_for_dates_that_the_file_does_not_have(world: World) -> None:
    content = kit("ana@example.org", header="E-Mail")
    assert told(world, upload(world, content)) == [(2, "refused", "no date")]
    take(world, content, agreed_on=date(2024, 5, 1), zone="Europe/Berlin")
    assert _person(world)[3] == datetime(2024, 5, 1, 10, tzinfo=UTC)
    zone = rows(world, "select zone, zone_source from subscribers")
    assert zone == [("Europe/Berlin", "default")]


def test_stopped_it_goes_on_where_it_was_and_keeps_its_options(world: World) -> None:
    people = [f"{n},P,p{n:03}@example.org,active,2025-03-01,," for n in range(250)]
    import_id = upload(world, kit(*people))
    start_import(import_id, by="mira", transactions=world.transactions)
    continue_imports(world.transactions, hash_key=RULES.hash_key, most_batches=1)
    stop_import(import_id, by="mira", transactions=world.transactions)
    assert continue_imports(world.transactions, hash_key=RULES.hash_key) == 0
    page = read_import(import_id, world.transactions)
    assert (page.record.status, page.record.done) == (ImportStatus.STOPPED, 100)
    assert world.ask("select count(*) from subscribers") == 100
    with pytest.raises(InvalidInputError):
        try_import(import_id, page.options, by="mira", transactions=world.transactions)
    with pytest.raises(InvalidInputError):
        discard_import(import_id, by="mira", transactions=world.transactions)
    start_import(import_id, by="mira", transactions=world.transactions)
    continue_imports(world.transactions, hash_key=RULES.hash_key)
    assert world.ask("select count(*) from subscribers") == 250
    assert sums(world, import_id) == {"new": 250}
    acts = rows(world, "select action from audit order by id")
    assert [each[0] for each in acts] == [
        "people uploaded",
        "import tried",
        "import started",
        "import stopped",
        "import started",
    ]


def test_options_that_say_nothing_are_refused(world: World) -> None:
    import_id = upload(world, kit(ANA))
    page = read_import(import_id, world.transactions)

    def refused(**changes: object) -> str:
        with pytest.raises(InvalidInputError) as caught:
            upload(world, kit(ANA), **changes)
        assert caught.value.remedy
        return str(caught.value.field)

    assert refused(wording=" ") == "wording"
    assert refused(topics=()) == "topics"
    assert refused(zone="Berlin/Nowhere") == "zone"
    assert refused(sequence="nowhere") == "start"
    assert refused(sequence="short", step="one-hour") == "start"
    assert refused(columns=(Column.FIELD,) * len(page.record.columns)) == "columns"
    assert refused(agreed_on=date(2031, 4, 1)) == "agreed_on"


def test_lines_say_where_somebody_came_from_and_go_after_thirty_days(world: World) -> None:
    import_id = take(world, kit(ANA, BEA))
    found = lines_of_address("Bea@example.org", world.transactions)
    assert [(each.file_name, each.line, each.reason) for each in found] == [
        ("kit.csv", 3, "state: unsubscribed")
    ]
    assert forget_imports(world.transactions) == 0
    world.execute("update imports set created_at = now() - interval '31 days'")
    assert forget_imports(world.transactions) == 2
    assert lines(world, import_id) == []
    assert sums(world, import_id) == {"new": 1, "to the list": 1}


def test_two_workers_take_nobody_twice(world: World, make_door: MakeDoor) -> None:
    people = [f"{n},P,p{n:03}@example.org,active,2025-03-01,," for n in range(420)]
    import_id = upload(world, kit(*people), sequence="short")
    start_import(import_id, by="mira", transactions=world.transactions)
    door: Door = make_door()
    while not read_import(import_id, world.transactions).record.finished_at:
        done = door.at_once(
            [lambda t: continue_imports(t, hash_key=RULES.hash_key, most_batches=2)] * 2
        )
        assert all(isinstance(each, int) for each in done), done
    assert sums(world, import_id) == {"new": 420}
    assert world.ask("select count(*) from enrollments") == 420
    assert world.ask("select count(*) from consents") == 420
    assert_balanced(world)


def test_why_somebody_got_nothing_names_the_import(world: World) -> None:
    take(world, kit(BEA))
    found = explain_step("bea@example.org", "first", world.transactions, most_published=10)
    told = {each.about: each.says for each in found[0].lines}
    assert told["import"] == (
        "They came by an import, line 2 of “kit.csv”: Onto the do-not-email list. "
        "Nothing is sent to them: they had unsubscribed there."
    )
    page = read_person(_id(world, "bea@example.org"), world.transactions)
    assert [each.line for each in page.imported] == [2]
