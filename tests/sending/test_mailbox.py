"""The development mailer and its reader: every mail once, whole, in order, and doubles visible."""

import json
import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from funnel.domain.errors import NotFoundError, NotSentError
from funnel.domain.failure import FailureKind
from funnel.sending import mime
from funnel.sending.mailbox import Mailbox, MailboxMailer
from funnel.sending.mailer import Found, LookUp, MailerCheckError, OutcomeStatus
from tests.sending.kit import SENT_AT, MailerKit, a_calendar, an_email, send


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "kept" / "mails"


@pytest.fixture
def mailbox(folder) -> Mailbox:
    return Mailbox(folder)


@pytest.fixture
def mailer(folder) -> MailboxMailer:
    return MailboxMailer(folder)


class TestMailboxMailer(MailerKit):
    @pytest.fixture
    def mailer(self, folder):
        return MailboxMailer(folder)

    @pytest.fixture
    def received(self, folder):
        def read() -> list[bytes]:
            mailbox = Mailbox(folder)
            return [mailbox.parts(each.id).raw for each in reversed(mailbox.list(1000))]

        return read


def later(minutes: int) -> datetime:
    return SENT_AT + timedelta(minutes=minutes)


def test_an_empty_mailbox_needs_no_folder(mailbox):
    assert mailbox.list(10) == []
    assert mailbox.newest_marker() == "0"


def test_a_kept_mail_says_all_that_a_list_shows(mailer, mailbox):
    email = an_email(planned_at=later(5), subject="Größe 😀")
    (outcome,) = send(mailer, email)
    (kept,) = mailbox.list(10)
    assert outcome.provider_id == kept.id
    assert kept == mailbox.get(kept.id)
    assert kept.message_id == email.message_id
    assert kept.copy == 1
    assert kept.planned_at == later(5)
    assert kept.sent_at == SENT_AT
    assert (kept.from_name, kept.from_address) == ("Ana Brandt", "ana@example.com")
    assert (kept.to_name, kept.to_address) == ("Zoë Müller", "zoe@example.org")
    assert kept.subject == "Größe 😀"
    assert (kept.topic, kept.lane) == ("letters", "other")
    assert kept.size == len(mime.build(email))


def test_a_list_shows_texts_as_a_reader_gets_them(mailer, mailbox):
    send(mailer, an_email(subject="a\r\nBcc: b\u2028c\ud800", to_name="Zoë\x00\x1b[31m"))
    (kept,) = mailbox.list(10)
    assert kept.subject == "a Bcc: b c" == dict(mailbox.parts(kept.id).headers)["Subject"]
    assert kept.to_name == "Zoë[31m"


def test_the_envelope_is_in_the_record(mailer, folder):
    send(mailer, an_email(to_address="Zoe@münchen.de"))
    (record,) = folder.glob("*.json")
    values = json.loads(record.read_text())
    assert values["envelope_to"] == "Zoe@xn--mnchen-3ya.de"
    assert values["envelope_from"] == "ana@example.com"


def test_the_latest_in_plan_time_comes_first_whatever_the_order_of_arrival(mailer, mailbox):
    for minutes in (3, 1, 2):
        send(mailer, an_email(planned_at=later(minutes)))
    assert [each.planned_at for each in mailbox.list(10)] == [later(3), later(2), later(1)]


def test_moments_sort_by_time_and_not_by_zone(mailer, mailbox):
    east = datetime.fromisoformat("2026-11-10T10:00+13:00")  # 21:00 UTC, the day before
    west = datetime.fromisoformat("2026-11-10T09:00-08:00")  # 17:00 UTC
    send(mailer, an_email(planned_at=west), an_email(planned_at=east))
    assert [each.planned_at for each in mailbox.list(10)] == [west, east]


def test_a_list_goes_on_where_the_page_before_ended(mailer, mailbox):
    send(mailer, *(an_email(planned_at=later(minutes // 2)) for minutes in range(10)))
    seen = []
    before = None
    while page := mailbox.list(3, before=before):
        seen += page
        before = page[-1].id
    assert len({each.id for each in seen}) == 10
    assert [each.id for each in seen] == sorted((each.id for each in seen), reverse=True)


def test_a_message_handed_over_twice_shows_as_two(mailer, mailbox):
    email = an_email()
    send(mailer, email)
    send(mailer, email, an_email())
    copies = [each for each in mailbox.list(10) if each.message_id == email.message_id]
    assert sorted(each.copy for each in copies) == [1, 2]
    assert len(mailbox.list(10)) == 3


def test_the_marker_changes_with_each_mail_and_only_then(mailer, mailbox):
    markers = [mailbox.newest_marker()]
    email = an_email()
    for each in (email, email, an_email()):
        send(mailer, each)
        markers.append(mailbox.newest_marker())
        mailbox.list(10)
        send(mailer, an_email(to_address="broken"))
        assert mailbox.newest_marker() == markers[-1]
    assert len(set(markers)) == 4


def test_parts_are_decoded(mailer, mailbox):
    email = an_email(subject="Größe", attachments=(a_calendar(),))
    (outcome,) = send(mailer, email)
    parts = mailbox.parts(outcome.provider_id)
    assert parts.raw == mime.build(email)
    assert parts.text.replace("\r\n", "\n") == email.text
    assert parts.html.strip() == email.html
    assert dict(parts.headers)["Subject"] == "Größe"
    assert dict(parts.headers)["List-Unsubscribe"] == "<https://example.com/u/abc>"
    (file,) = parts.attachments
    assert (file.filename, file.content_type) == ("session.ics", "text/calendar")
    assert file.content == a_calendar().content
    assert dict(file.params)["method"] == "PUBLISH"


@pytest.mark.parametrize(
    "mail_id",
    [
        *("", ".", "..", "../secret", "/etc/passwd", "..%2fsecret", "secret", "secret\0"),
        "20261110T080000.000000Z-0192f3c4-1111-7222-8333-444455556666",
        "20261110T080000.000000Z-0192f3c4-1111-7222-8333-444455556666/../../secret",
        "../20261110T080000.000000Z-0192f3c4-1111-7222-8333-444455556666",
        "20261110T080000.000000Z-0192f3c4-1111-7222-8333-444455556666\n",
        "20261110T080000.000000Z-0192f3c4-1111-7222-8333-444455556666.json",
    ],
)
def test_an_id_is_never_a_path(mailer, mailbox, folder, mail_id):
    send(mailer, an_email())
    for name in ("secret.json", "secret.eml"):
        (folder.parent / name).write_text("{}")
        (folder / name).write_text("{}")
    with pytest.raises(NotFoundError):
        mailbox.get(mail_id)
    with pytest.raises(NotFoundError):
        mailbox.parts(mail_id)


def test_other_files_and_half_written_mails_are_not_listed(mailer, mailbox, folder):
    send(mailer, an_email())
    stem = "20261110T080000.000000Z-0192f3c4-1111-7222-8333-444455556666"
    (folder / f"{stem}.eml").write_bytes(b"killed between the two files")
    (folder / "notes.json").write_text("{}")
    assert len(mailbox.list(10)) == 1


def test_a_mail_killed_half_way_keeps_its_name_to_itself(mailer, mailbox, folder):
    email = an_email(planned_at=SENT_AT)
    folder.mkdir(parents=True)
    (folder / f"{email.message_id}.eml").write_bytes(b"killed before")
    send(mailer, email)
    (kept,) = mailbox.list(10)
    assert mailbox.parts(kept.id).raw == mime.build(email)


def keep_some(folder: Path, message_ids: list[UUID]) -> None:
    emails = [an_email(message_id=each, planned_at=SENT_AT) for each in message_ids]
    assert all(
        each.status is OutcomeStatus.ACCEPTED for each in send(MailboxMailer(folder), *emails)
    )


def test_several_processes_keep_every_mail(folder, mailbox):
    same = [an_email().message_id for _ in range(10)]
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=keep_some, args=(folder, same)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
        process.close()
    kept = mailbox.list(100)
    assert len(kept) == 30
    assert {each.message_id for each in kept} == set(same)
    assert sorted(each.copy for each in kept) == [1] * 10 + [2] * 10 + [3] * 10
    assert mailbox.newest_marker() == "30"
    assert list(folder.joinpath(".drafts").iterdir()) == []


def test_a_folder_that_cannot_be_made_defers_and_fails_the_probe(tmp_path):
    (tmp_path / "file").write_text("in the way")
    mailer = MailboxMailer(tmp_path / "file" / "mails")
    (outcome,) = send(mailer, an_email())
    assert outcome.status is OutcomeStatus.DEFERRED
    with pytest.raises(MailerCheckError) as caught:
        mailer.check()
    assert str(tmp_path) in caught.value.remedy


def test_a_full_disk_defers_and_shows_nothing(mailer, mailbox, folder):
    # A directory in the place of the record: the second file cannot be put there.
    email = an_email(planned_at=SENT_AT)
    stamp = SENT_AT.strftime("%Y%m%dT%H%M%S.%fZ")
    record = folder / f"{stamp}-n0000000001-{email.message_id}.json"
    record.mkdir(parents=True)
    (outcome,) = send(mailer, email)
    assert outcome.status is OutcomeStatus.DEFERRED
    assert list(folder.glob("*.eml")) == []
    record.rmdir()
    (outcome,) = send(mailer, email)
    assert outcome.status is OutcomeStatus.ACCEPTED
    assert len(mailbox.list(10)) == 1


def test_only_the_mails_of_the_page_are_read(mailer, mailbox, folder):
    # Thousands of mails must list fast: what is not on the page is not even opened.
    send(mailer, *(an_email(planned_at=later(minutes)) for minutes in range(5)))
    for older in sorted(folder.glob("*.json"))[:3]:
        older.write_text("not read")
    assert [each.planned_at for each in mailbox.list(2)] == [later(4), later(3)]


def test_names_sort_as_their_moments_do(mailer, mailbox):
    moments = [datetime(2026, 11, 10, 8, 0, 0, micro, UTC) for micro in (999999, 5, 50000)]
    send(mailer, *(an_email(planned_at=each) for each in moments))
    names = sorted(each.id for each in mailbox.list(10))
    assert [mailbox.get(name).planned_at for name in names] == sorted(moments)


def test_nobody_else_on_the_machine_reads_kept_mails(mailer, mailbox, folder):
    assert mailbox.count() == 0
    send(mailer, an_email())
    assert mailbox.count() == 1
    assert folder.stat().st_mode & 0o077 == 0


def test_a_mail_is_listed_by_when_it_left_and_not_by_when_it_was_planned(mailer, mailbox):
    late = an_email(planned_at=later(1), left_at=later(9))
    send(mailer, late, an_email(planned_at=later(5), left_at=later(5)))
    first, second = mailbox.list(10)
    assert (first.message_id, first.left_at, first.planned_at) == (
        late.message_id,
        later(9),
        later(1),
    )
    assert second.left_at == later(5)


def test_mails_of_one_plan_time_stand_in_the_order_of_their_arrival(mailer, mailbox):
    emails = [an_email(left_at=SENT_AT) for _ in range(12)]
    for each in emails:
        send(mailer, each)
    assert [each.message_id for each in mailbox.list(20)] == [
        each.message_id for each in reversed(emails)
    ]


def test_a_second_hand_over_of_a_later_time_is_the_second_of_two(mailer, mailbox):
    email = an_email()
    send(mailer, replace(email, left_at=later(1)), replace(email, left_at=later(2)))
    assert [(each.copy, each.left_at) for each in mailbox.list(10)] == [
        (2, later(2)),
        (1, later(1)),
    ]


def test_what_an_older_version_kept_is_listed_and_read(mailer, mailbox, folder):
    email = an_email(planned_at=SENT_AT)
    send(mailer, email, an_email(left_at=SENT_AT), an_email(left_at=later(1)))
    (record,) = folder.glob(f"*{email.message_id}.json")
    values = json.loads(record.read_text())
    del values["left_at"]
    former = f"{SENT_AT.strftime('%Y%m%dT%H%M%S.%fZ')}-{email.message_id}"
    record.unlink()
    (folder / f"{former}.json").write_text(json.dumps(values))
    (folder / f"{email.message_id}.eml").rename(folder / f"{former}.eml")
    assert len(mailbox.list(10)) == mailbox.count() == 3
    oldest = mailbox.list(10)[-1]
    assert (oldest.id, oldest.left_at, oldest.copy) == (former, SENT_AT, 1)
    assert mailbox.parts(former).raw == mime.build(email)


def test_a_mail_is_found_by_its_message(mailer, folder):
    email = an_email()
    question = {"provider_id": None, "since": email.sent_at}
    assert mailer.look_up(email.message_id, **question) == LookUp(found=Found.NOT_FOUND)
    (outcome,) = send(mailer, email)
    found = mailer.look_up(email.message_id, **question)
    assert found == LookUp(found=Found.ACCEPTED, provider_id=outcome.provider_id)


def test_what_cannot_be_written_down_is_not_kept(mailer, folder):
    class FullDisk:
        def begin(self, message_id):
            raise NotSentError("the journal cannot be written")

    (outcome,) = mailer.send_all([an_email()], may_begin=lambda _: True, journal=FullDisk())
    assert outcome.status is OutcomeStatus.DEFERRED
    assert outcome.failure is FailureKind.OURS
    assert Mailbox(folder).count() == 0
