"""What those who work here change about a person: zone, name, tags, notes, sequence, seat, list."""

from datetime import timedelta
from uuid import UUID

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signup import SessionUnavailableError, Visitor
from funnel.services.change_zone import UnknownZoneError, change_zone
from funnel.services.choose_session import choose_session
from funnel.services.edit_do_not_email import allow_address, read_do_not_email, stop_address
from funnel.services.enroll_by_hand import HandConsent, HandEnrollment, enroll_by_hand
from funnel.services.give_up_seat import give_up_seat
from funnel.services.name_person import name_person
from funnel.services.note_person import add_note, remove_note
from funnel.services.read_person import read_person
from funnel.services.tag_person import tag_person
from funnel.services.unsubscribe import Word, unsubscribe
from tests.fixtures.signups import RULES
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
BY = "coach@example.org"
WORD = Word(source="test", visitor=Visitor())
BY_PHONE = HandConsent(wants_letters=True, wording="yes, send me those", source="by phone")


def acts(world: World) -> object:
    return world.ask("select array_agg(action order by id) from audit where by = :by", by=BY)


@pytest.fixture
def person(world: World) -> UUID:
    person = world.add_person(letters=False)
    world.execute(
        "update subscribers set confirmed_at = plan_now(), wants_seat_emails = false, "
        "zone_source = 'webhook'"
    )
    return person


def consents(world: World) -> object:
    return world.ask(
        "select array_agg(topic || ': ' || source || ': ' || wording order by topic) from consents"
    )


def test_a_zone_by_hand_counts_until_the_person_says_another(world: World, person: UUID) -> None:
    assert change_zone(person, "america/new_york", world.transactions, by=BY)
    row = "select array[zone, zone_source] from subscribers"
    assert world.ask(row) == ["America/New_York", "studio"]
    assert acts(world) == ["zone changed"]
    change_zone(person, "Asia/Tokyo", world.transactions)
    assert world.ask(row) == ["Asia/Tokyo", "person"]
    with pytest.raises(UnknownZoneError):
        change_zone(person, "Europe/Berlon", world.transactions, by=BY)


def test_a_name_is_cleaned_and_written(world: World, person: UUID) -> None:
    assert name_person(person, " Ana\u202e\n Maria ", "O'Neill", world.transactions, by=BY)
    names = "select array[first_name, last_name] from subscribers"
    assert world.ask(names) == ["Ana Maria", "O'Neill"]
    assert not name_person(person, "Ana Maria", "O'Neill", world.transactions, by=BY)
    assert acts(world) == ["name changed"]
    assert world.ask("select detail from audit") == {}


def test_tags_are_given_once_and_taken_off(world: World, person: UUID) -> None:
    assert tag_person(person, " VIP ", world.transactions, by=BY)
    assert not tag_person(person, "vip", world.transactions, by=BY)
    tag_person(person, "alumni", world.transactions, by=BY)
    assert read_person(person, world.transactions).tags == ("alumni", "VIP")
    assert tag_person(person, "vip", world.transactions, by=BY, is_on=False)
    assert not tag_person(person, "vip", world.transactions, by=BY, is_on=False)
    assert read_person(person, world.transactions).tags == ("alumni",)
    assert acts(world) == ["tagged", "tagged", "untagged"]
    with pytest.raises(InvalidInputError, match="no name"):
        tag_person(person, "\u200b ", world.transactions, by=BY)


def test_a_note_is_written_and_only_its_writer_takes_it_away(world: World, person: UUID) -> None:
    note = add_note(person, " One\r\n\r\n\r\n\r\ntwo\u202e ", world.transactions, by=BY)
    assert note.text == "One\n\ntwo"
    with pytest.raises(InvalidInputError, match="wrote this note"):
        remove_note(note.id, world.transactions, by="other@example.org")
    assert remove_note(note.id, world.transactions, by=BY) == note
    with pytest.raises(NotFoundError):
        remove_note(note.id, world.transactions, by=BY)
    for text in (" \n", "x" * 2001):
        with pytest.raises(InvalidInputError):
            add_note(person, text, world.transactions, by=BY)
    assert acts(world) == ["note written", "note taken away"]


def test_enrolled_by_hand_with_the_words_by_which_they_agreed(world: World, person: UUID) -> None:
    date = world.add_session(TUESDAY_NOON + 9 * DAY)
    into = HandEnrollment(sequence_id=world.sequence_id, session_id=date)
    enrolled = enroll_by_hand(person, into, BY_PHONE, world.transactions, by=BY)
    assert enrolled.is_new_run and enrolled.session is not None
    assert consents(world) == [
        "letters: by hand: by phone: yes, send me those",
        "seat: by hand: by phone: yes, send me those",
    ]
    assert world.ask("select wants_letters and wants_seat_emails from subscribers") is True
    assert world.ask("select next_due_at is not null from enrollments") is True
    with pytest.raises(InvalidInputError, match="in this sequence already"):
        enroll_by_hand(person, into, HandConsent(), world.transactions, by=BY)
    assert acts(world) == ["enrolled by hand"]


@pytest.mark.parametrize(
    ("given", "dates", "said"),
    [
        (HandConsent(), 0, "have not asked for the letters"),
        (HandConsent(wants_letters=True), 0, "not said by which words"),
        (HandConsent(wants_letters=True, wording="yes"), 0, "not said by which words"),
        (HandConsent(source="by phone"), 1, "not said by which words"),
    ],
    ids=str,
)
def test_no_consent_is_made_from_nothing(
    world: World, person: UUID, given: HandConsent, dates: int, said: str
) -> None:
    date = world.add_session(TUESDAY_NOON + 9 * DAY) if dates else None
    into = HandEnrollment(sequence_id=world.sequence_id, session_id=date)
    with pytest.raises(InvalidInputError, match=said):
        enroll_by_hand(person, into, given, world.transactions, by=BY)
    assert consents(world) is None
    assert world.ask("select count(*) from enrollments") == 0


def test_what_they_agreed_to_before_needs_no_words(world: World, person: UUID) -> None:
    world.execute("update subscribers set wants_letters = true")
    into = HandEnrollment(sequence_id=world.sequence_id)
    world.publish_notice("welcome")
    enroll_by_hand(person, into, HandConsent(), world.transactions, by=BY)
    assert consents(world) is None


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced", "complained", "by hand"])
def test_nobody_on_the_list_is_enrolled(world: World, person: UUID, reason: str) -> None:
    world.execute(
        "insert into suppressions (email_key, reason) values ('ana@example.org', :why)", why=reason
    )
    into = HandEnrollment(sequence_id=world.sequence_id)
    with pytest.raises(InvalidInputError) as caught:
        enroll_by_hand(person, into, BY_PHONE, world.transactions, by=BY)
    assert "do-not-email list" in caught.value.remedy
    assert world.ask("select count(*) from suppressions") == 1
    assert consents(world) is None


def test_who_has_not_confirmed_is_not_enrolled(world: World, person: UUID) -> None:
    world.execute("update subscribers set confirmed_at = null")
    into = HandEnrollment(sequence_id=world.sequence_id)
    with pytest.raises(InvalidInputError, match="have not confirmed"):
        enroll_by_hand(person, into, BY_PHONE, world.transactions, by=BY)


def test_a_full_date_is_refused_and_nothing_is_written(world: World, person: UUID) -> None:
    full = world.add_session(TUESDAY_NOON + 9 * DAY, seats=0)
    into = HandEnrollment(sequence_id=world.sequence_id, session_id=full)
    with pytest.raises(SessionUnavailableError):
        enroll_by_hand(person, into, BY_PHONE, world.transactions, by=BY)
    assert consents(world) is None


def test_another_date_and_no_date_by_hand_say_yes_for_nobody(world: World, person: UUID) -> None:
    first, second = (world.add_session(TUESDAY_NOON + days * DAY) for days in (9, 16))
    run = world.enroll(person, first)
    choose_session(run, second, Visitor(), world.transactions, by=BY)
    assert world.ask("select session_id from enrollments") == second
    assert world.ask("select wants_seat_emails from subscribers") is False
    freed = give_up_seat(run, world.transactions, by=BY)
    assert freed is not None and freed.id == second
    assert give_up_seat(run, world.transactions, by=BY) is None
    assert acts(world) == ["seat changed", "seat given up"]
    assert consents(world) is None


def test_an_address_is_put_on_the_list_and_taken_off_by_hand(world: World) -> None:
    transactions = world.transactions
    assert stop_address(
        " Ana@Example.org ", "asked on the phone", transactions, hash_key=RULES.hash_key, by=BY
    )
    assert not stop_address(
        "ana@example.org", "again", transactions, hash_key=RULES.hash_key, by=BY
    )
    (line,) = read_do_not_email("an", transactions).lines
    assert (line.address, line.source) == ("ana@example.org", f"{BY}: asked on the phone")
    allow_address("ana@example.org", transactions, by=BY)
    assert read_do_not_email("", transactions).lines == ()
    with pytest.raises(NotFoundError):
        allow_address("ana@example.org", transactions, by=BY)
    for address, why in (("ana", "x"), ("ana@example.org", " ")):
        with pytest.raises(InvalidInputError):
            stop_address(address, why, transactions, hash_key=RULES.hash_key, by=BY)
    assert acts(world) == ["do-not-email added", "do-not-email taken off"]
    assert "@" not in str(world.ask("select string_agg(target || detail::text, ' ') from audit"))


def test_what_somebody_else_decided_stays_on_the_list(world: World, person: UUID) -> None:
    unsubscribe(person, None, WORD, world.transactions)
    with pytest.raises(InvalidInputError, match="stays on the list") as caught:
        allow_address("ana@example.org", world.transactions, by=BY)
    assert "new signup of their own" in caught.value.remedy
    assert world.ask("select reason from suppressions") == "unsubscribed"


def test_the_list_has_an_end_and_everybody_once(world: World) -> None:
    world.execute(
        "insert into suppressions (email_key, reason, at) select 'x' || n || '@example.org', "
        "'bounced', plan_now() - n * interval '1 s' from generate_series(1, 120) n"
    )
    for asked in ("", "x"):
        seen: list[str] = []
        page = read_do_not_email(asked, world.transactions)
        while True:
            seen += [each.address for each in page.lines]
            if page.following is None:
                break
            page = read_do_not_email(asked, world.transactions, after=page.following)
        assert len(seen) == len(set(seen)) == 120
