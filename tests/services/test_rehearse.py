"""Rehearsing from the database and from files: what is read, what is found, and nothing written."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import InternalError

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import Notice
from funnel.domain.rehearsal import Severity
from funnel.domain.rehearsal_file import parse_facts, parse_people
from funnel.domain.rehearsal_findings import finding_text
from funnel.domain.sequence_file import parse_sequence
from funnel.services.rehearse import RehearsalRequest, rehearse, rehearse_folder
from funnel.storage import drafts
from funnel.storage.drafts import NewDraft
from tests.fixtures.world import TUESDAY_NOON

DAY = timedelta(days=1)
SHIPPED = Path(__file__).parents[2] / "funnel" / "templates"
SHORT = """\
title: A short one
brand: default

steps:
  - key: your-seat
    kind: service
    timing: on registration
    late: within 20 h
  - key: first
    kind: letter
    timing: 1 day after enrollment, 09:00
"""


@pytest.fixture
def short(world):
    """The short sequence with its emails and notices, live, and one date with two seats taken."""
    world.publish_emails()
    for notice in Notice:
        world.publish_notice(notice)
    session = world.add_session(TUESDAY_NOON + 10 * DAY)
    for name in ("ana", "bo"):
        world.enroll(world.add_person(f"{name}@example.org", zone="Asia/Tokyo"), session)
    return world


def rows(world):
    tables = world.ask(
        "select array_agg(tablename::text order by 1) from pg_tables where schemaname = 'public'"
    )
    return {
        name: world.ask(
            f"select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {name} t"  # noqa: S608  (a table of our own)
        )
        for name in tables
    }


def play(world, *, slug="short", uses_draft=False, take_mail=None, **request):
    return rehearse(
        slug,
        RehearsalRequest(**request),
        world.transactions,
        uses_draft=uses_draft,
        take_mail=take_mail,
    )


def errors(rehearsal):
    return [finding_text(each) for each in rehearsal.findings if each.severity is Severity.ERROR]


def sent(life):
    return {each.key: each.moment for each in life.emails if each.has_left}


def test_no_row_of_any_table_is_written(short):
    before = rows(short)
    assert len(before) > 20
    rehearsal = play(short, sample_size=5, per_hour=1)
    assert len(rehearsal.lives) == 5
    assert rows(short) == before


def test_the_transaction_that_reads_cannot_write(short):
    with (
        pytest.raises(InternalError, match="read-only"),
        short.transactions.begin_reading() as tx,
    ):
        tx.connection.exec_driver_sql("update clock set ahead_by = '1 day'")


def test_the_live_version_is_played_around_the_real_dates(short):
    rehearsal = play(short)
    assert rehearsal.origin == "version 1"
    first = rehearsal.world.sessions[0]
    assert first.starts_at == TUESDAY_NOON + 10 * DAY
    lena = next(life for life in rehearsal.lives if life.person.name.startswith("Lena"))
    assert sent(lena)["one-hour"] == first.starts_at - timedelta(hours=1)
    assert errors(rehearsal) == []


def test_a_day_to_begin_with_is_a_morning_where_the_date_is_announced(short):
    rehearsal = play(short, starts_on=date(2031, 3, 6))
    assert rehearsal.world.starts_at == datetime(2031, 3, 6, 9, tzinfo=UTC)


def test_the_draft_is_played_where_it_is_asked_for(short):
    with pytest.raises(NotFoundError, match="has no draft"):
        play(short, uses_draft=True)
    definition = parse_sequence(SHORT, file_name="short.yaml")
    draft = NewDraft(
        source=SHORT, definition=definition, checksum="x", base_version_id=None, by="test"
    )
    with short.transactions.begin() as tx:
        drafts.save_draft(tx, draft)
    rehearsal = play(short, uses_draft=True)
    assert rehearsal.origin == "the draft"
    assert [step.key for step in rehearsal.world.version.steps] == ["your-seat", "first"]


def test_an_unknown_sequence_is_named(short):
    with pytest.raises(NotFoundError, match="nothing-such"):
        play(short, slug="nothing-such")
    assert play(short, slug=None).world.version.slug == "short"


def test_a_real_person_comes_with_their_own_zone_consent_and_letters(short):
    person = short.ask("select id from subscribers where email = 'ana@example.org'")
    short.execute("update subscribers set wants_letters = false where id = :id", id=person)
    people = parse_people("- email: Ana@Example.org\n", file_name="p.yaml")
    (life,) = play(short, people=people).lives
    assert (life.person.id, life.person.zone.key) == (person, "Asia/Tokyo")
    assert "first" not in sent(life)
    (asked,) = play(
        short, people=parse_people("- {email: ana@example.org, letters: yes}", file_name="p")
    ).lives
    assert "first" in sent(asked)


def test_without_patience_one_person_is_played_as_far_as_it_goes(short):
    rehearsal = play(short, patience=timedelta(0))
    (life,) = rehearsal.lives
    assert life.is_cut and [email.key for email in life.emails] == ["confirm"]
    assert rehearsal.left_out == 11
    words = " ".join(finding_text(each) for each in rehearsal.findings)
    assert "nobody in this rehearsal" not in words and "not through" not in words


def test_with_patience_everybody_is_played(short):
    rehearsal = play(short, patience=timedelta(hours=1))
    assert rehearsal == play(short)
    assert len(rehearsal.lives) == 12 and rehearsal.left_out == 0


def test_a_letter_that_a_real_person_had_lately_is_not_rehearsed_again(short):
    short.execute(
        """
        insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id,
            step_key, template_key, lane, priority, status, due_at, accepted_at, settled_at)
        select gen_random_uuid(), 'sequence', 'x', e.subscriber_id, e.id, e.sequence_id, 'first',
            'short/first', e.lane, 2, 'accepted', plan_now(), plan_now(), plan_now()
        from enrollments e join subscribers p on p.id = e.subscriber_id
        where p.email = 'ana@example.org'
        """
    )
    people = parse_people("- email: ana@example.org\n- email: bo@example.org", file_name="p")
    ana, bo = play(short, people=people).lives
    assert {each.key: each.reason for each in ana.emails}["first"] == "had it before"
    assert "first" in sent(bo)


def test_who_is_on_the_do_not_email_list_is_said(short):
    short.execute(
        "insert into suppressions (email_key, reason) values ('bo@example.org', 'complained')"
    )
    people = parse_people("- email: bo@example.org", file_name="p.yaml")
    found = [finding_text(each) for each in play(short, people=people).findings]
    assert any("bo@example.org is on the do-not-email list (complained)" in each for each in found)


def test_nobody_with_that_address_is_a_mistake_with_its_line(short):
    people = parse_people(
        "- email: ana@example.org\n- email: nobody@example.org", file_name="p.yaml"
    )
    with pytest.raises(InvalidInputError, match=r"p\.yaml, line 2.*nobody@example\.org"):
        play(short, people=people, people_file="p.yaml")


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("session: 99", 1),
        ("does: [{kind: changes date, at: 1 h after signup, session: 4}]", 1),
        ("signs_up: 1 h after start\n  session: 4", 1),
    ],
)
def test_a_date_that_there_is_not_is_a_mistake_with_its_line(short, entry, line):
    people = parse_people(f"- name: A\n  zone: UTC\n  {entry}", file_name="p")
    words = rf"p\.yaml, line {line}.*there is no date \d+"
    with pytest.raises(InvalidInputError, match=words) as raised:
        play(short, people=people, people_file="p.yaml")
    assert raised.value.remedy == "There are 3 dates."


def test_what_the_host_cannot_do_is_weighed_by_its_line_and_told_nobody(short):
    text = "- {kind: moved, at: 1 h after session start, starts: '2031-04-24T18:00+02:00'}"
    facts = parse_facts(text, file_name="f")
    people = parse_people("[{name: A, zone: UTC}]", file_name="p")
    rehearsal = play(short, people=people, facts=facts, facts_file="f.yaml")
    found = [finding_text(each) for each in rehearsal.findings]
    assert "f.yaml, line 1: “moved” does not happen: the session has begun" in found
    assert all("session-moved" not in sent(life) for life in rehearsal.lives)


def test_facts_happen_to_whom_they_name(short):
    people = parse_people("[{name: A, zone: UTC}, {name: B, zone: UTC}]", file_name="p")
    facts = parse_facts("- {person: B, kind: stops letters, at: 1 h after signup}", file_name="f")
    a, b = play(short, people=people, facts=facts).lives
    assert "first" in sent(a)
    assert "first" not in sent(b)
    for text, words in (
        ("- {person: C, kind: goal, at: 1 h after signup}", "“C” is not in this rehearsal"),
        ("- {kind: closed, session: 9, at: on session end}", "there is no date 9"),
        (
            "- {person: A, kind: changes date, session: 9, at: 1 h after signup}",
            "line 1.*there is no date 9",
        ),
        ("- {kind: closed, at: on enrollment}", "not known of a date"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            play(short, people=people, facts=parse_facts(text, file_name="f"))


def test_every_email_is_rendered_and_what_fails_names_email_person_and_value(short):
    mails = []
    people = parse_people(
        "[{name: A, zone: UTC}, {name: B, zone: UTC, session: none}]", file_name="p"
    )
    rehearsal = play(short, people=people, take_mail=mails.append)
    assert errors(rehearsal) == []
    assert {each.built.subject for each in mails} >= {"Subject of first", "Subject of one-hour"}
    assert all(each.built.to_address.endswith("@example.org") for each in mails)
    short.publish_email("first", "Come on {{ session.day }}.")
    broken = errors(play(short, people=people))
    assert len(broken) == 1
    assert broken[0].startswith("first for B: cannot be rendered")


def test_a_step_without_an_email_is_an_error_once(short):
    short.execute("delete from templates where key = 'short/first'")
    assert errors(play(short, sample_size=5)) == ["first: there is no such email"]


def test_the_providers_hour_is_reckoned_with_the_seats_taken_or_expected(short):
    def warnings(**request):
        found = play(short, **request).findings
        return [finding_text(each) for each in found if each.severity is Severity.WARNING]

    assert not any("an hour" in each for each in warnings(per_hour=300))
    assert not any("an hour" in each for each in warnings(expected=1200))
    late = [each for each in warnings(per_hour=300, expected=1200) if "One hour" in each]
    assert "your provider's 300 an hour cannot carry" in late[0]


@pytest.fixture
def folder(tmp_path):
    """A small folder of definitions."""
    shutil.copytree(SHIPPED / "brands", tmp_path / "brands")
    (tmp_path / "sequences").mkdir()
    (tmp_path / "sequences" / "short.yaml").write_text(SHORT)
    shutil.copytree(SHIPPED / "email" / "notices", tmp_path / "email" / "notices")
    (tmp_path / "email" / "short").mkdir()
    for key in ("your-seat", "first"):
        source = SHIPPED / "email" / "disruption-masterclass" / "listening.md"
        shutil.copy(source, tmp_path / "email" / "short" / f"{key}.md")
    return tmp_path


class TestFolder:
    def play(self, folder, slug=None, **request):
        return rehearse_folder(folder, slug, RehearsalRequest(**request), now=TUESDAY_NOON)

    def test_files_are_played_without_any_database(self, folder):
        rehearsal = self.play(folder)
        assert rehearsal.origin == "sequences/short.yaml"
        assert len(rehearsal.lives) == 12
        assert errors(rehearsal) == []

    def test_what_is_wrong_in_a_file_is_said(self, folder):
        (folder / "email" / "short" / "first.md").write_text("---\nsubject: x\n")
        assert any("email/short/first.md" in each for each in errors(self.play(folder)))
        (folder / "sequences" / "short.yaml").write_text("title: x\nstep: []\n")
        with pytest.raises(InvalidInputError, match=r"sequences/short\.yaml, line 2"):
            self.play(folder)

    def test_of_several_sequences_one_must_be_named(self, folder):
        shutil.copy(folder / "sequences" / "short.yaml", folder / "sequences" / "other.yaml")
        with pytest.raises(InvalidInputError, match="several"):
            self.play(folder)
        assert self.play(folder, "short").world.version.slug == "short"

    def test_a_real_person_is_not_known_there(self, folder):
        people = parse_people("- email: ana@example.org", file_name="p")
        with pytest.raises(InvalidInputError, match=r"nobody here has the address"):
            self.play(folder, people=people)
