"""Why somebody got an email or did not: the decisions in order, their evidence, and the verdict."""

from datetime import timedelta

import pytest

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.explanation import Explanation
from funnel.services.choose_session import choose_session
from funnel.services.continue_replans import continue_replans
from funnel.services.control_sending import pause_sending
from funnel.services.explain_step import explain_step
from funnel.services.move_session import move_session
from funnel.services.read_confirmation import read_confirmation
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.storage import signups
from tests.fixtures.posting import Post
from tests.fixtures.signups import VISITOR, Door
from tests.fixtures.world import TUESDAY_NOON, World
from tests.sending.scripted_server import say

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WORD = Word(source="preferences", visitor=VISITOR)


def _explain(world: World, key: str, person: str = "ana@example.org") -> list[Explanation]:
    return list(explain_step(person, key, world.transactions, most_published=500))


def _says(explanation: Explanation, about: str) -> str:
    return " ".join(each.says for each in explanation.lines if each.about == about)


def _shows(explanation: Explanation, about: str) -> str:
    return " ".join(each.evidence for each in explanation.lines if each.about == about)


@pytest.fixture
def seated(post: Post, door: Door) -> Post:
    """Ana took a seat in a session of Thursday of next week, at noon in Berlin."""
    post.world.publish_notice("confirm")
    door.seat(session=post.world.add_session(TUESDAY_NOON + 9 * DAY))
    post.deliver()
    return post


def test_the_decisions_come_in_their_order(seated: Post) -> None:
    (explanation,) = _explain(seated.world, "first")

    assert [each.about for each in explanation.lines] == [
        "consent",
        "do-not-email list",
        "moment",
        "letter a day",
        "condition",
        "date",
        "its turn",
        "answer",
    ]
    assert explanation.title == "First, in “A short one”, to ana@example.org"


def test_what_comes_says_when_in_their_zone_and_why(seated: Post) -> None:
    (explanation,) = _explain(seated.world, "first")

    assert explanation.verdict == (
        "It leaves Wed 5 March 2031 09:00 in Berlin: 1 day after they took their seat."
    )
    consent = seated.world.ask("select id from consents where topic = 'letters'")
    assert _says(explanation, "consent") == "They want the letters."
    assert f"consent {consent}: yes on Tue 4 March 2031 12:00 in Berlin" in _shows(
        explanation, "consent"
    )
    assert "on weekdays from 09:00 to 17:00 in Berlin" in _says(explanation, "moment")
    assert _says(explanation, "letter a day") == (
        "One letter a day at most, 2 days apart in this sequence; it has Wed 5 March."
    )
    assert _shows(explanation, "letter a day") == "the nearest others: Second Fri 7 March"


def test_what_left_shows_the_providers_answer(seated: Post) -> None:
    seated.world.travel_to(TUESDAY_NOON + 21 * HOUR)
    seated.deliver()
    (explanation,) = _explain(seated.world, "first")
    message = seated.world.ask("select id from messages where step_key = 'first'")

    assert explanation.verdict.startswith("It left Wed 5 March 2031 09:00 in Berlin")
    assert _says(explanation, "answer").startswith("smtp took it on Wed 5 March 2031 09:00")
    assert str(message) in _shows(explanation, "answer")


def test_what_was_late_says_so_and_by_how_much(seated: Post) -> None:
    seated.world.travel_to(TUESDAY_NOON + 10 * DAY)
    seated.deliver()
    (explanation,) = _explain(seated.world, "one-hour")

    assert explanation.verdict.startswith("It was not sent: would be late, by")


def test_both_copies_are_explained_after_another_date(seated: Post) -> None:
    world = seated.world
    world.travel_to(TUESDAY_NOON + 9 * DAY - HOUR)
    seated.deliver()
    later = world.add_session(TUESDAY_NOON + 16 * DAY)
    run = world.ask("select id from enrollments")
    choose_session(run, later, VISITOR, world.transactions)  # type: ignore[arg-type]  # an id
    first, second = _explain(world, "one-hour")

    assert first.verdict.startswith("It left Thu 13 March 2031 11:00 in Berlin")
    assert second.verdict.startswith("It leaves Thu 20 March 2031 11:00 in Berlin")
    assert "for another date (1)" in second.title


def test_who_stopped_the_letters_is_shown_with_their_word(seated: Post) -> None:
    person = seated.world.ask("select id from subscribers")
    unsubscribe(person, Topic.LETTERS, WORD, seated.world.transactions)  # type: ignore[arg-type]
    (explanation,) = _explain(seated.world, "second", str(person))

    assert _says(explanation, "consent") == "They do not want the letters, so none leaves."
    assert ": no on " in _shows(explanation, "consent")
    assert "by preferences" in _shows(explanation, "consent")
    assert explanation.verdict == "It will not be sent: they do not get the letters."


def test_who_left_is_told_with_the_list_and_the_end_of_the_run(seated: Post) -> None:
    person = seated.world.ask("select id from subscribers")
    unsubscribe(person, None, WORD, seated.world.transactions)  # type: ignore[arg-type]
    (explanation,) = _explain(seated.world, "second")

    assert _says(explanation, "do-not-email list") == (
        "The address must not be written to: unsubscribed."
    )
    assert explanation.verdict == "It was not sent: they had left before its turn."


def test_the_brake_and_a_retry_are_named(seated: Post) -> None:
    world = seated.world
    seated.server.script["RCPT"] = [say("450 4.2.1 greylisted")]
    world.travel_to(TUESDAY_NOON + 21 * HOUR)
    seated.deliver()
    (explanation,) = _explain(world, "first")
    assert "It is tried again" in _says(explanation, "its turn")
    assert "1 try so far" in _shows(explanation, "its turn")
    assert explanation.verdict.startswith("It is on its way since Wed 5 March 2031 09:00")

    pause_sending(world.transactions, by="ops", reason="the provider is down")
    (explanation,) = _explain(world, "first")
    assert _says(explanation, "its turn") == "Everything is paused: the provider is down."


def test_who_opened_the_confirmation_and_did_not_press(world: World, door: Door) -> None:
    signup = door.sign_up(session=world.add_session(TUESDAY_NOON + 9 * DAY))
    world.execute("update signups set mailed_at = plan_now()")
    read_confirmation(signup, world.transactions, VISITOR)
    (explanation,) = _explain(world, "your-seat")
    assert "perhaps by a machine, and nobody pressed" in _says(explanation, "signup")

    with world.transactions.begin() as tx:
        signups.note_opened(tx, {signup: tx.now})
    (explanation,) = _explain(world, "your-seat")
    said = _says(explanation, "signup")
    assert "they opened the confirmation on Tue 4 March 2031" in said
    assert "did not press" in said
    assert f"signup {signup}: pending, fetched 1 time" in _shows(explanation, "signup")
    assert explanation.verdict == "It was not sent: they have not confirmed their signup."


def test_somebody_in_no_sequence_gets_an_answer_too(world: World) -> None:
    world.add_person()
    (explanation,) = _explain(world, "first")

    assert explanation.verdict == "It was not sent: they are in no sequence that has it."


def test_an_unknown_email_is_refused_with_those_there_are(seated: Post) -> None:
    with pytest.raises(InvalidInputError) as error:
        _explain(seated.world, "frist")
    assert error.value.remedy == "The emails are: your-seat, first, one-hour, second"


def test_an_unknown_person_is_refused(world: World) -> None:
    with pytest.raises(NotFoundError):
        _explain(world, "first", "nobody@example.org")
    with pytest.raises(InvalidInputError):
        _explain(world, "first", "not an address")


def test_a_skip_for_a_date_before_is_explained_by_that_date(seated: Post) -> None:
    world = seated.world
    session = world.ask("select id from sessions")
    held, soon = TUESDAY_NOON + 9 * DAY, TUESDAY_NOON + HOUR / 2
    for starts in (soon, held):
        move_session(session, starts, by="test", transactions=world.transactions)  # type: ignore[arg-type]  # an id
        while continue_replans(world.transactions) is not None:
            pass
    skipped, coming = _explain(world, "one-hour")

    assert skipped.verdict.startswith("It was not sent for Tue 4 March: would be late")
    assert _says(skipped, "date").endswith(", Tue 4 March 2031 12:30 in Berlin.")
    assert _says(skipped, "date").startswith("It was for the date before: ")
    assert f"session {session}, message " in _shows(skipped, "date")
    assert coming.verdict.startswith("It leaves Thu 13 March 2031 11:00 in Berlin")
    assert "Thu 13 March 2031 12:00" in _says(coming, "date")
