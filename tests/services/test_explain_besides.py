"""Why somebody got a notice or an announcement, or did not; and why nothing was ever planned."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError
from funnel.domain.explanation import Explanation
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_json import definition_to_json
from funnel.services.explain_step import explain_step
from funnel.services.give_up_seat import give_up_seat
from funnel.services.read_person import read_person
from funnel.services.unsubscribe import Word, unsubscribe
from tests.fixtures.posting import THURSDAY_EVENING, Post
from tests.fixtures.signups import VISITOR, Door
from tests.fixtures.versions import WITH_BETWEEN
from tests.fixtures.world import TUESDAY_NOON, World
from tests.services.announced import BY, Hall
from tests.services.importing import kit, take

WORD = Word(source="preferences", visitor=VISITOR)
ANA = "1,Ana,ana@example.org,active,2025-03-01,,"


def explained(world: World, key: object, person: object = "ana@example.org") -> list[Explanation]:
    return list(explain_step(str(person), str(key), world.transactions, most_published=500))


def says(explanation: Explanation, about: str) -> str:
    return " ".join(each.says for each in explanation.lines if each.about == about)


def shows(explanation: Explanation, about: str) -> str:
    return " ".join(each.evidence for each in explanation.lines if each.about == about)


@pytest.fixture
def asked(post: Post, door: Door) -> UUID:
    """A signup whose confirmation has left."""
    post.world.publish_notice("confirm")
    signup = door.accept(door.request()).id
    assert post.deliver() == {"accepted": 1}
    return signup


def test_a_notice_says_what_it_answers_and_what_came_of_it(post: Post, asked: UUID) -> None:
    (why,) = explained(post.world, "confirm")
    assert why.title == "Confirm your seat, to ana@example.org"
    assert "Somebody signed up with this address on Tue 4 March 2031" in says(why, "occasion")
    assert str(asked) in shows(why, "occasion")
    assert "nobody is asked for it" in says(why, "consent")
    assert "smtp took it" in says(why, "answer")
    assert why.verdict.startswith("It left Tue 4 March 2031")


def test_a_notice_that_was_never_sent_says_why(post: Post, asked: UUID, door: Door) -> None:
    (why,) = explained(post.world, "session-moved")
    assert why.verdict == "It was not sent: nothing has happened that it is sent for."
    post.world.execute(
        "insert into suppressions (email_key, reason) values ('bea@example.org', 'bounced')"
    )
    signup = door.accept(door.request("bea@example.org")).id
    (why,) = explained(post.world, "confirm", "bea@example.org")
    assert why.verdict == "It was not sent: the address is on the do-not-email list."
    assert str(signup) in shows(why, "occasion")


def test_an_announcement_says_who_wrote_it_and_what_came_of_it(post: Post) -> None:
    hall = Hall(post, 3)
    unsubscribe(hall.people[1], Topic.SEAT, WORD, hall.world.transactions)
    sent = hall.announce()
    (before,) = explained(hall.world, sent.id, hall.people[0])
    assert before.verdict == (
        "It has not left yet: it is being sent, and their turn is still to come."
    )
    hall.queue()
    post.deliver()
    (got,) = explained(hall.world, sent.id, hall.people[0])
    assert says(got, "occasion").startswith(f"{BY} wrote to everybody who held a seat")
    assert got.verdict.startswith("It left Tue 4 March 2031")
    (unwanted,) = explained(hall.world, sent.id, hall.people[1])
    assert unwanted.verdict == "It was not sent: they stopped these emails before it left."
    assert "do not want the emails about their seat" in says(unwanted, "consent")


def test_who_has_no_message_of_an_announcement_learns_why(post: Post) -> None:
    hall = Hall(post, 3)
    give_up_seat(hall.runs[1], hall.world.transactions)
    sent = hall.announce()
    hall.queue()
    hall.world.travel_to(TUESDAY_NOON + timedelta(hours=2))
    late = hall.world.add_person("late@example.org")
    hall.world.enroll(late, hall.session)
    elsewhere = hall.world.add_person("elsewhere@example.org")
    told = {
        hall.people[1]: "they gave up their seat, or took another date, before it could leave",
        late: "they took their seat after it was sent",
        elsewhere: "they held no seat in its date",
    }
    for person, why in told.items():
        (explanation,) = explained(hall.world, sent.id, person)
        assert explanation.verdict == f"It was not sent to them: {why}."
        assert str(hall.session) in shows(explanation, "date")
    for person, count in ((hall.people[0], 0), (hall.people[1], 1), (late, 1), (elsewhere, 0)):
        missed = read_person(person, hall.world.transactions).missed
        assert [each.why for each in missed] == [told.get(person, "")] * count
    with pytest.raises(InvalidInputError):
        explained(hall.world, uuid4(), late)


def test_an_announcement_stands_once_on_a_persons_page(post: Post) -> None:
    hall = Hall(post, 1)
    sent = hall.announce()
    hall.queue()
    page = read_person(hall.people[0], hall.world.transactions)
    assert page.calendar is not None
    in_calendar = [each.key for each in page.calendar.lines if each.key == str(sent.id)]
    assert len(in_calendar) == 1
    assert page.other_emails == ()


def test_a_confirmation_that_nobody_pressed_stands_beside_the_runs(
    post: Post, asked: UUID, door: Door
) -> None:
    door.confirm(asked)
    person = post.world.ask("select id from subscribers")
    assert isinstance(person, UUID)
    assert read_person(person, post.world.transactions).other_emails == ()
    post.world.travel_to(TUESDAY_NOON + timedelta(hours=3))
    door.accept(door.request(session=post.world.add_session(THURSDAY_EVENING)))
    (other,) = read_person(person, post.world.transactions).other_emails
    assert other.key == "confirm"


def test_who_came_by_an_import_that_begins_nowhere_learns_so(world: World) -> None:
    take(world, kit(ANA))
    (why,) = explained(world, "first")
    assert why.verdict == (
        "It was not sent: they came by an import that put nobody into a sequence."
    )
    assert shows(why, "import").startswith("import ")


def test_who_went_by_a_version_without_the_email_learns_so(world: World) -> None:
    person = world.add_person("ana@example.org")
    run = world.enroll(person, None)
    version = world.ask("select version_id from enrollments where id = :id", id=run)
    world.execute("update enrollments set state = 'completed', next_due_at = null")
    _publish_another(world, WITH_BETWEEN)
    (why,) = explained(world, "between")
    assert why.verdict == (
        "It was not sent: their sequence had no such email when they went through it."
    )
    assert str(version) in shows(why, "sequence")


def _publish_another(world: World, definition: SequenceDefinition) -> None:
    """Let another version be live, while nobody is moved to it."""
    number_two = uuid4()
    world.execute(
        "insert into sequence_versions (id, sequence_id, number, definition, checksum) "
        "values (:id, :sequence, 2, cast(:definition as jsonb), 'another')",
        id=number_two,
        sequence=world.sequence_id,
        definition=json.dumps(definition_to_json(definition)),
    )
    world.execute("update sequences set live_version_id = :id", id=number_two)
