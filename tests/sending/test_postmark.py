"""Postmark: the kits, its own table of errors, the search by our id, the probe."""

from dataclasses import replace
from uuid import uuid4

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.failure import FailureKind
from funnel.sending import postmark
from funnel.sending.http_api import ApiSettings
from funnel.sending.mailer import Found, MailerCheckError, OutcomeStatus
from funnel.sending.postmark import PostmarkMailer, PostmarkSettings
from tests.sending import provider_server as acts
from tests.sending.http_kit import HttpMailerKit
from tests.sending.kit import SENT_AT, a_calendar, an_email, send
from tests.sending.postmark_server import TOKEN, PostmarkServer

OTHER_TOKEN = TOKEN[::-1]


def open_postmark(base_url: str, *, token: str = TOKEN, **api) -> PostmarkMailer:
    where = ApiSettings(base_url=base_url, **api)
    return PostmarkMailer(PostmarkSettings(token=token, api=where))


@pytest.fixture
def server():
    with PostmarkServer() as server:
        yield server


@pytest.fixture
def mailer(server):
    mailer = open_postmark(server.base_url)
    yield mailer
    mailer.close()


class TestPostmarkMailer(HttpMailerKit):
    keeps_bytes = False

    @pytest.fixture
    def server(self):
        with PostmarkServer() as server:
            yield server

    @pytest.fixture
    def open_mailer(self):
        return open_postmark


def test_an_email_carries_our_id_its_sort_and_its_stream(server, mailer):
    letter = an_email(tag="disruption/tables-turned")
    notice = an_email(topic=None, list_unsubscribe_url=None, list_id=None)
    outcomes = {each.message_id: each for each in send(mailer, letter, notice)}
    mails = {each["Metadata"]["message"]: each for each in server.mails}
    first, second = mails[str(letter.message_id)], mails[str(notice.message_id)]
    assert first["Tag"] == "disruption/tables-turned"
    assert first["MessageStream"] == "broadcast"
    assert second["MessageStream"] == "outbound"
    assert "Tag" not in second
    assert (first["TrackOpens"], first["TrackLinks"]) == (False, "None")
    assert {each.provider_id for each in outcomes.values()} == set(server.ids)


def test_names_with_commas_and_quotes_stay_one_mailbox(server, mailer):
    send(mailer, an_email(from_name='Brandt, "Ana" \\ Co', to_name="Müller, Zoë"))
    assert server.mails[0]["From"] == '"Brandt, \\"Ana\\" \\\\ Co" <ana@example.com>'
    assert server.mails[0]["To"] == '"Müller, Zoë" <zoe@example.org>'


def test_a_file_keeps_its_parameters(server, mailer):
    send(mailer, an_email(attachments=(a_calendar(),)))
    (file,) = server.mails[0]["Attachments"]
    assert file["ContentType"] == "text/calendar; method=PUBLISH"


@pytest.mark.parametrize("code", sorted(postmark.ERRORS))
def test_each_error_of_the_table_means_what_it_says(server, mailer, code):
    rule = postmark.ERRORS[code]
    server.script[:] = [acts.says(422, {"ErrorCode": code, "Message": "Because.\n"})]
    (outcome,) = send(mailer, an_email())
    assert outcome.status is rule.status
    assert outcome.failure is rule.failure
    assert outcome.is_address_dead is (code == 406)
    assert outcome.code == f"422 {code}"
    assert outcome.reason == "Because."


@pytest.mark.parametrize(
    ("status", "body", "wanted", "failure"),
    [
        (401, {"ErrorCode": 10, "Message": "x"}, OutcomeStatus.DEFERRED, "provider_down"),
        (422, {"ErrorCode": 4711, "Message": "x"}, OutcomeStatus.REFUSED, "content"),
        (422, {"ErrorCode": "300"}, OutcomeStatus.DEFERRED, "other"),
        (503, {"ErrorCode": 100, "Message": "x"}, OutcomeStatus.DEFERRED, "provider_down"),
        (500, {"ErrorCode": 300, "Message": "x"}, OutcomeStatus.UNKNOWN, None),
        (503, {"ErrorCode": 406, "Message": "x"}, OutcomeStatus.UNKNOWN, None),
        (200, {"ErrorCode": 0, "Message": "OK"}, OutcomeStatus.UNKNOWN, None),
        (200, {"ErrorCode": 0, "MessageID": 7}, OutcomeStatus.UNKNOWN, None),
        (200, {"ErrorCode": 4711}, OutcomeStatus.UNKNOWN, None),
        (200, {"ErrorCode": 406, "Message": "x"}, OutcomeStatus.REFUSED, "address_dead"),
        (415, b"<h1>Unsupported</h1>", OutcomeStatus.DEFERRED, "provider_down"),
        (404, b"", OutcomeStatus.DEFERRED, "provider_down"),
        (408, b"", OutcomeStatus.DEFERRED, "other"),
    ],
)
def test_statuses(server, mailer, status, body, wanted, failure):
    server.script[:] = [acts.says(status, body)]
    (outcome,) = send(mailer, an_email())
    assert outcome.status is wanted
    assert outcome.failure == failure
    assert not outcome.is_address_dead or failure == "address_dead"


def test_an_inactive_recipient_is_dead_and_the_others_go_on(server, mailer):
    server.inactive.add("gone@example.org")
    gone, other = an_email(to_address="gone@example.org"), an_email()
    outcomes = {each.message_id: each for each in send(mailer, gone, other)}
    assert outcomes[gone.message_id].is_address_dead
    assert outcomes[gone.message_id].failure is FailureKind.ADDRESS_DEAD
    assert outcomes[other.message_id].status is OutcomeStatus.ACCEPTED


def test_a_wrong_token_fails_nobody_and_ends_the_batch(server):
    mailer = open_postmark(server.base_url, token=OTHER_TOKEN, connections=1)
    outcomes = send(mailer, *[an_email() for _ in range(5)])
    mailer.close()
    assert {each.status for each in outcomes} == {OutcomeStatus.DEFERRED}
    assert {each.code for each in outcomes} == {"401 10"}
    assert len(server.requests) == 1


def test_what_postmark_would_refuse_is_refused_before_it_leaves(server, mailer):
    too_long = an_email(text="x" * 5_100_000)
    file = replace(a_calendar(), content=b"x" * 8_000_000)
    for email in (
        too_long,
        an_email(attachments=(file,)),
        an_email(to_address='"zoe m"@example.org'),
        an_email(to_address="zoë@example.org"),
    ):
        (outcome,) = send(mailer, email)
        assert outcome.status is OutcomeStatus.REFUSED
        assert not outcome.is_address_dead
    assert server.requests == []


def look_up(mailer, message_id):
    return mailer.look_up(message_id, provider_id=None, since=SENT_AT)


def test_what_ended_unknown_is_found_by_our_id_in_either_stream(server, mailer):
    server.script[:] = [acts.hangs_up_after_taking] * 2
    for changes in ({}, {"topic": None, "list_unsubscribe_url": None}):
        email = an_email(**changes)
        (outcome,) = send(mailer, email)
        assert outcome.status is OutcomeStatus.UNKNOWN
        found = look_up(mailer, email.message_id)
        assert found.found is Found.ACCEPTED
        assert found.provider_id == server.ids[-1]


def test_what_never_came_is_not_found_and_what_is_not_listed_yet_neither(server, mailer):
    email = an_email()
    send(mailer, an_email(), email)
    assert look_up(mailer, uuid4()).found is Found.NOT_FOUND
    server.hidden = 2
    assert look_up(mailer, email.message_id).found is Found.NOT_FOUND


def test_a_search_that_cannot_say_says_so(server, mailer, monkeypatch):
    send(mailer, an_email())
    server.is_search_down = True
    assert look_up(mailer, uuid4()).found is Found.CANNOT_SAY
    server.is_search_down = False
    strange = {"TotalCount": 1, "Messages": [{"MessageID": "a", "Metadata": {"message": "b"}}]}
    for answer in (strange, {"TotalCount": 3, "Messages": []}, {"Messages": None}, {}):
        monkeypatch.setattr(server, "_search", lambda _, answer=answer: answer)
        assert look_up(mailer, uuid4()).found is Found.CANNOT_SAY
    nobody = open_postmark(server.base_url, token=OTHER_TOKEN)
    assert look_up(nobody, uuid4()).found is Found.CANNOT_SAY


def test_nobody_there_cannot_say():
    mailer = open_postmark("http://127.0.0.1:9", connect_seconds=1)
    assert look_up(mailer, uuid4()).found is Found.CANNOT_SAY


@pytest.mark.parametrize(
    ("spoil", "says", "remedy"),
    [
        (lambda each: setattr(each, "delivery_type", "Sandbox"), "sandbox", "TOKEN"),
        (lambda each: each.streams.pop("outbound"), "outbound", "FUNNEL_POSTMARK_STREAM"),
        (lambda each: each.streams.pop("broadcast"), "broadcast", "LETTERS_STREAM"),
        (
            lambda each: each.streams["broadcast"].update(handling="Postmark"),
            "its own unsubscribe link",
            "on your own",
        ),
    ],
    ids=["sandbox", "no-stream", "no-letters-stream", "their-unsubscribe"],
)
def test_the_probe_finds_what_would_go_wrong(server, mailer, spoil, says, remedy):
    mailer.check()
    spoil(server)
    with pytest.raises(MailerCheckError, match=says) as caught:
        mailer.check()
    assert remedy in caught.value.remedy


def test_a_missing_or_wrong_token_is_said_with_its_setting(server):
    with pytest.raises(MailerCheckError, match="401") as caught:
        open_postmark(server.base_url, token=OTHER_TOKEN).check()
    assert "FUNNEL_POSTMARK_TOKEN" in caught.value.remedy
    with pytest.raises(InvalidInputError) as missing:
        open_postmark(server.base_url, token="")
    assert missing.value.field == "FUNNEL_POSTMARK_TOKEN"
    assert missing.value.remedy


def test_a_token_is_not_in_what_is_printed():
    settings = PostmarkSettings(token=TOKEN)
    assert TOKEN not in repr(settings)
