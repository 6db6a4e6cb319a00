"""An announcement: to everybody who holds a seat, once each, and asked again before it leaves."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from funnel.domain.announcement import AnnouncementState
from funnel.domain.calendar_line import LineState
from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import EndReason
from funnel.services.cancel_session import cancel_session
from funnel.services.continue_announcements import continue_announcements
from funnel.services.give_up_seat import give_up_seat
from funnel.services.move_session import move_session
from funnel.services.read_announcements import find_announcement
from funnel.services.read_person_calendar import read_person_calendar
from funnel.services.stop_announcement import stop_announcement
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.storage.ledger import check_ledger
from tests.fixtures.posting import THURSDAY_EVENING, Post, assert_balanced
from tests.fixtures.signups import VISITOR
from tests.sending.scripted_server import say
from tests.services.announced import BY, SUBJECT, Hall

WORD = Word(source="test", visitor=VISITOR)


def test_everybody_with_a_seat_gets_it_once_and_may_stop_the_emails_of_the_seat(
    post: Post,
) -> None:
    hall = Hall(post, 3)
    sent = hall.announce()
    assert sent.state is AnnouncementState.QUEUEING
    hall.queue()
    assert post.deliver() == {"accepted": 3}
    hall.queue()
    assert post.deliver() == {}
    sums = hall.sums()
    assert (sums.sent, sums.waiting, sums.total, sums.not_sent) == (3, 0, 3, ())
    assert sums.announcement.state is AnnouncementState.QUEUED
    assert not sums.may_be_stopped
    mail = message_from_bytes(post.server.accepted[0], policy=default)
    assert mail["Subject"] == SUBJECT
    assert mail["List-Id"] == "<seat.short.example.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "Hello Ana,\n\nThe room opens at 17:50." in text
    assert "You get this because you have a seat in “Leading through disruption”." in text
    assert_balanced(post.world)


def test_a_button_pressed_twice_sends_once_and_other_words_are_another_email(post: Post) -> None:
    hall = Hall(post, 2)
    first = hall.announce()
    assert hall.announce().id == first.id
    hall.queue()
    assert hall.announce().id == first.id
    other = hall.announce(text="The room has changed.")
    assert other.id != first.id
    hall.queue()
    assert post.deliver() == {"accepted": 4}
    post.world.travel_to(THURSDAY_EVENING - timedelta(hours=1))
    again = hall.announce()
    assert again.id != first.id, "on purpose, and much later"
    assert_balanced(post.world)


def test_who_takes_a_seat_later_does_not_get_it_and_two_runs_get_one(post: Post) -> None:
    hall = Hall(post, 2)
    post.world.enroll(hall.people[0], hall.session, run=2)
    assert hall.announce().total == 2
    post.world.execute("update clock set ahead_by = ahead_by + interval '1 second'")
    late = post.world.enroll(post.world.add_person("late@example.org"), hall.session)
    hall.rest()
    hall.queue()
    assert post.deliver() == {"accepted": 2}
    assert post.world.messages(late) == []
    assert hall.sums().total == 2


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "update subscribers set wants_seat_emails = false where email = 'p0@example.org'",
            "stopped the emails about their seat",
        ),
        (
            "insert into suppressions (email_key, reason) values ('p0@example.org', 'bounced')",
            "on the do-not-email list (bounced)",
        ),
    ],
    ids=["seat stopped", "suppressed"],
)
def test_who_is_not_to_be_written_to_is_counted_before_and_skipped_at_once(
    post: Post, statement: str, why: str
) -> None:
    hall = Hall(post, 2)
    post.world.execute(statement)
    preview = hall.preview()
    assert preview.people == 1
    assert [(each.why, each.people) for each in preview.not_sent] == [(why, 1)]
    assert preview.read_by == "p1@example.org"
    hall.announce()
    hall.queue()
    assert hall.of_run(0)[0] == "skipped"
    assert post.deliver() == {"accepted": 1}
    assert hall.why_not() == {why: 1}
    assert (hall.sums().sent, hall.sums().total) == (1, 2)
    assert_balanced(post.world)


def stops_seat(hall: Hall) -> None:
    unsubscribe(hall.people[0], Topic.SEAT, WORD, hall.world.transactions)


def leaves(hall: Hall) -> None:
    unsubscribe(hall.people[0], None, WORD, hall.world.transactions)


def gives_up(hall: Hall) -> None:
    give_up_seat(hall.runs[0], hall.world.transactions)


def takes_another_date(hall: Hall) -> None:
    hall.world.hold(hall.runs[0], hall.world.add_session(THURSDAY_EVENING + timedelta(days=7)))


def is_moved(hall: Hall) -> None:
    later = THURSDAY_EVENING + timedelta(days=1)
    move_session(hall.session, later, by=BY, transactions=hall.world.transactions)


def is_called_off(hall: Hall) -> None:
    cancel_session(hall.session, hall.world.transactions)


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        (stops_seat, "skipped", EndReason.UNWANTED),
        (leaves, "cancelled", EndReason.LEFT),
        (gives_up, "skipped", EndReason.SEAT_GIVEN_UP),
        (takes_another_date, "skipped", EndReason.SEAT_GIVEN_UP),
        (is_moved, "skipped", EndReason.DATE_MOVED),
        (is_called_off, "skipped", EndReason.DATE_CANCELLED),
    ],
    ids=["stops seat", "leaves", "gives up", "other date", "moved", "called off"],
)
def test_what_changes_between_queue_and_open_is_asked_under_the_lock(
    post: Post, change, status: str, reason: EndReason
) -> None:
    hall = Hall(post, 1)
    hall.announce()
    hall.queue()
    batch = post.claim()
    assert len(batch) == 1
    change(hall)
    post.deliver(batch)
    announced = "select {} from messages where kind = 'announcement'"
    assert post.world.ask(announced.format("status")) == status
    assert post.world.ask(announced.format("reason")) == reason
    assert post.server.accepted == []
    assert sum(hall.why_not().values()) == 1
    assert_balanced(post.world)


def test_who_goes_before_it_is_queued_has_no_message_and_is_not_counted(post: Post) -> None:
    hall = Hall(post, 3)
    assert hall.announce().total == 3
    gives_up(hall)
    assert hall.sums().waiting == 3
    hall.queue()
    assert post.deliver() == {"accepted": 2}
    assert (hall.sums().total, hall.sums().waiting) == (2, 0)
    assert_balanced(post.world)


def test_the_brake_holds_it_and_releases_it(post: Post) -> None:
    hall = Hall(post, 1)
    hall.announce()
    hall.queue()
    batch = post.claim()
    post.world.execute("insert into pauses (scope, reason, by) values ('all', 'stop', 'ops')")
    assert post.deliver(batch) == {"given back": 1}
    assert post.claim() == []
    post.world.execute("delete from pauses")
    post.retry_now()
    assert post.deliver() == {"accepted": 1}


@pytest.mark.parametrize("post", [{"RCPT": [say("450 4.2.1 later")]}], indirect=True)
def test_stopping_cancels_what_has_not_left_also_what_comes_back_later(post: Post) -> None:
    hall = Hall(post, 3)
    sent = hall.announce()
    hall.queue()
    deferred, *others = post.claim()
    assert post.deliver([deferred]) == {"queued": 1}
    post.world.execute("update messages set status = 'sending' where id = :id", id=deferred.id)
    stopped = hall.stop(sent)
    assert stopped.state is AnnouncementState.STOPPED
    post.world.execute(
        "update messages set status = 'queued', available_at = now() where id = :id",
        id=deferred.id,
    )
    assert post.deliver(others) == {"stale": 2}
    assert post.deliver() == {"cancelled": 1}
    assert hall.stop(sent) == stopped
    assert hall.why_not() == {"stopped before it left": 3}
    assert post.world.ask("select count(*) from audit where action = 'announcement.stop'") == 1
    assert hall.announce().id != sent.id, "the same words may be sent again"
    assert post.world.ask("select count(*) from announcements") == 2


def test_stopped_while_it_is_queued_it_goes_no_further(post: Post) -> None:
    hall = Hall(post, 3)
    sent = hall.announce()
    hall.stop(sent)
    hall.queue()
    assert post.world.ask("select count(*) from messages") == 0
    sums = hall.sums()
    assert (sums.total, sums.waiting, sums.may_be_stopped) == (0, 0, False)
    with pytest.raises(NotFoundError):
        stop_announcement(hall.session, by=BY, transactions=post.world.transactions)
    assert find_announcement(str(sent.id)[:8], post.world.transactions).id == sent.id


def test_it_does_not_leave_after_the_session_but_one_written_then_does(post: Post) -> None:
    hall = Hall(post, 1)
    hall.announce()
    hall.queue()
    post.world.travel_to(THURSDAY_EVENING + timedelta(minutes=91))
    assert post.deliver() == {"skipped": 1}
    assert hall.why_not() == {"it could not leave in time": 1}
    hall.announce(subject="The notes", text="Here are the notes.")
    hall.queue()
    post.world.travel_to(THURSDAY_EVENING + timedelta(hours=21))
    assert post.deliver() == {"accepted": 1}
    hall.announce(subject="The notes, again", text="Here are the notes.")
    hall.queue()
    post.world.travel_to(THURSDAY_EVENING + timedelta(hours=42))
    assert post.deliver() == {"skipped": 1}
    assert_balanced(post.world)


def test_it_goes_beside_reminders_in_its_readers_lane_and_no_letter_is_before_it(
    post: Post,
) -> None:
    hall = Hall(post, 1)
    letter = post.world.enroll(post.world.add_person("p9@example.org"))
    post.world.travel_to(THURSDAY_EVENING - timedelta(hours=9))
    post.claim()
    post.world.execute("update messages set published_at = null, epoch = 0, available_at = now()")
    hall.announce()
    hall.queue()
    assert post.world.statuses(letter)["first"] == "queued"
    first = post.claim()[0]
    assert post.world.ask("select kind from messages where id = :id", id=first.id) == "announcement"
    found = "select lane || priority || topic from messages where kind = 'announcement'"
    assert post.world.ask(found) == "other1seat"


def test_its_reader_sees_it_in_their_calendar_and_a_run_that_ended_stays_whole(post: Post) -> None:
    hall = Hall(post, 1)
    hall.announce(subject="At {{ session.hour }}: the room")
    hall.queue()
    post.world.execute(
        "insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id, "
        "step_key, template_key, lane, priority, due_at, status, reason, settled_at) "
        "select gen_random_uuid(), 'sequence', key, subscriber_id, e.id, sequence_id, key, key, "
        "'other', 1, plan_now(), 'skipped', 'test', plan_now() "
        "from enrollments e, unnest(array['your-seat', 'first', 'one-hour', 'second']) key"
    )
    post.world.execute("update enrollments set state = 'completed', waiting_for = null")
    with post.world.transactions.begin() as tx:
        holds = {each.name: each.holds for each in check_ledger(tx)}
    assert holds["a completed run has every step settled"]
    post.deliver()
    lines = read_person_calendar(hall.runs[0], post.world.transactions).lines
    (line,) = [each for each in lines if each.kind is None]
    assert (line.name, line.state) == ("At …: the room", LineState.SENT)
    assert line.why == "written to everybody with a seat"
    assert line.about == THURSDAY_EVENING


def test_five_thousand_seats_are_queued_in_batches_each_once(post: Post) -> None:
    hall = Hall(post, 0)
    post.world.execute(
        """
        with people as (
            insert into subscribers (id, email, email_key, zone, wants_letters, wants_seat_emails)
            select gen_random_uuid(), n || '@example.org', n || '@example.org', 'Europe/Berlin',
                   true, n % 10 > 0 from generate_series(1, 5000) n returning id
        ), runs as (
            insert into enrollments (id, subscriber_id, sequence_id, version_id, run, session_id,
                                     lane, waiting_for)
            select gen_random_uuid(), id, :sequence, :version, 1, :session, 'other', 'test'
            from people returning id, subscriber_id
        )
        insert into registrations (id, enrollment_id, subscriber_id, session_id)
        select gen_random_uuid(), id, subscriber_id, :session from runs
        """,
        sequence=post.world.sequence_id,
        version=post.world.version_id,
        session=hall.session,
    )
    hall.announce()
    continue_announcements(post.world.transactions, most_batches=3)
    assert hall.sums().announcement.queued == 600
    assert (hall.sums().waiting + sum(hall.why_not().values()), hall.sums().total) == (5000, 5000)
    hall.queue()
    assert post.world.ask("select count(*) from messages") == 5000
    assert post.world.ask("select count(distinct subscriber_id) from messages") == 5000
    assert hall.why_not() == {"stopped the emails about their seat": 500}
    assert hall.sums().announcement.state is AnnouncementState.QUEUED
    assert_balanced(post.world)


def test_a_seat_whose_giving_was_committed_late_is_found_at_the_end(post: Post) -> None:
    hall = Hall(post, 2)
    hall.announce()
    continue_announcements(post.world.transactions, most_batches=1)
    person = post.world.add_person("slow@example.org")
    post.world.execute(
        "update subscribers set id = cast(:low as uuid) where id = :id",
        low="00000000-0000-4000-8000-000000000000",
        id=person,
    )
    run = post.world.enroll(
        post.world.ask("select id from subscribers order by id limit 1"), hall.session
    )
    post.world.execute(
        "update registrations set registered_at = "
        "(select created_at from announcements) - interval '1 second' where enrollment_id = :run",
        run=run,
    )
    hall.rest()
    hall.queue()
    assert post.deliver() == {"accepted": 3}
    assert hall.sums().total == 3


class TestRefused:
    @pytest.mark.parametrize(
        ("subject", "text", "field", "words"),
        [
            ("", "A text.", "subject", "has no subject"),
            ("  \u200b ", "A text.", "subject", "has no subject"),
            ("S" * 79, "A text.", "subject", "78 are the most"),
            ("{{ nonsense }}", "A text.", "subject", "nonsense"),
            ("A subject", " \n ", "text", "has no text"),
            ("A subject", "One.\n\n{{ persn.first_name }}", "text", "Line 3"),
            ("A subject", "{{ person.first_name", "text", "Line 1"),
            ("A subject", "A [link](javascript:alert(1)).", "text", "Line 1"),
            ("A subject", "{% for a in person.email * 9 %}{{ a }}{% endfor %}", "text", ""),
            ("A subject", "{{ former.day }}", "text", "p0@example.org"),
        ],
        ids=[
            *("no subject", "nothing seen", "long", "unknown in subject", "no text", "unknown"),
            *("left open", "script", "multiplied", "missing value"),
        ],
    )
    def test_what_cannot_be_sent_is_said_with_its_field_and_line(
        self, post: Post, subject: str, text: str, field: str, words: str
    ) -> None:
        hall = Hall(post, 1)
        for attempt in (hall.preview, hall.announce):
            with pytest.raises(InvalidInputError) as refused:
                attempt(subject, text)
            assert refused.value.field == field
            assert words in str(refused.value)
        assert post.world.ask("select count(*) from announcements") == 0

    def test_nobody_to_write_to_and_a_date_that_is_called_off(self, post: Post) -> None:
        hall = Hall(post, 1)
        post.world.execute("update subscribers set wants_seat_emails = false")
        with pytest.raises(InvalidInputError, match="Nobody would get this"):
            hall.announce()
        is_called_off(hall)
        with pytest.raises(InvalidInputError, match="called off"):
            hall.announce()

    def test_a_preview_shows_a_real_readers_email_and_writes_nothing(self, post: Post) -> None:
        hall = Hall(post, 2)
        preview = hall.preview(subject='"Late", \\ and {{ session.hour }}')
        assert preview.subject == '"Late", \\ and 18:00'
        assert "The room opens at 17:50." in preview.text
        assert (preview.people, preview.not_sent) == (2, ())
        assert preview.read_by == "p0@example.org"
        assert str(hall.people[0]) not in preview.html
        assert post.world.ask("select count(*) from templates where key like 'announ%'") == 0
