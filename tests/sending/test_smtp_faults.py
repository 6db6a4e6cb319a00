"""SMTP servers that refuse, defer, reset and fall silent at every step (RELIABILITY, "Faults")."""

import itertools
import socket

import pytest

from funnel.sending import mime
from funnel.sending.mailer import OutcomeStatus
from tests.sending.conftest import PATIENCE
from tests.sending.kit import an_email, send
from tests.sending.scripted_server import (
    STEPS_BEFORE_THE_DOT,
    drip,
    half_an_answer,
    hang_up,
    in_pieces,
    reset,
    say,
    silence,
    well_behaved,
)

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = OutcomeStatus
# Silence is waited out; all other tests have time enough for a busy machine.
SHORT, LONG = 0.4, PATIENCE


def big_email():
    """Return an email that is still under way when a server acts in its middle."""
    return an_email(text="a line of the many that no socket's buffer holds\n" * 200_000)


# -- up to the final dot: provably not sent ----------------------------------------------------


@pytest.mark.parametrize("step", STEPS_BEFORE_THE_DOT)
@pytest.mark.parametrize(
    ("act", "patience"),
    [
        pytest.param(hang_up, LONG, id="hangs-up"),
        pytest.param(reset, LONG, id="resets"),
        pytest.param(silence, SHORT, id="silence"),
        pytest.param(drip, SHORT, id="drips"),
        pytest.param(say("421 4.3.2 closing"), LONG, id="421"),
        pytest.param(say("HTTP/1.1 400 Bad Request"), LONG, id="http"),
        pytest.param(say("999 no such code"), LONG, id="no-code"),
        pytest.param(half_an_answer("250"), LONG, id="half"),
        pytest.param(half_an_answer("250-more follows\r\n"), LONG, id="half-of-many"),
        pytest.param(say("250-first\r\nnothing of SMTP"), LONG, id="garbled"),
        pytest.param(say("x" * 100_000), LONG, id="endless"),
    ],
)
def test_what_breaks_before_the_dot_is_deferred(start, step, act, patience):
    server, mailer = start({step: [act]}, patience=patience)
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    assert outcome.reason
    assert server.handed_over == []
    assert not outcome.is_address_dead


@pytest.mark.parametrize(
    ("act", "patience"),
    [(hang_up, LONG), (reset, LONG), (silence, 2.0)],
    ids=["hangs-up", "resets", "silence"],
)
def test_what_breaks_in_the_middle_of_the_content_is_deferred(start, act, patience):
    server, mailer = start({"content": [act]}, patience=patience)
    (outcome,) = send(mailer, big_email())
    assert outcome.status is DEFERRED
    assert server.handed_over == []


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_4xx_defers_and_the_batch_goes_on(start, step):
    server, mailer = start({step: [say("450 4.2.1 try later")]})
    outcomes = send(mailer, an_email(), an_email())
    assert [each.status for each in outcomes] == [DEFERRED, ACCEPTED]
    assert outcomes[0].code == "450 4.2.1"
    assert "try later" in outcomes[0].reason
    assert server.steps.count("RSET") == 1
    assert server.connections == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_5xx_refuses_and_the_batch_goes_on(start, step):
    server, mailer = start({step: [say("550 5.7.1 not from you")]})
    outcomes = send(mailer, an_email(), an_email())
    assert [each.status for each in outcomes] == [REFUSED, ACCEPTED]
    assert outcomes[0].code == "550 5.7.1"
    assert not outcomes[0].is_address_dead
    assert server.connections == 1


@pytest.mark.parametrize("code", [503, 530, 534, 535, 538])
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_what_only_our_connection_is_blamed_for_fails_no_email(start, step, code):
    _, mailer = start({step: [say(f"{code} log in first")]})
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED


@pytest.mark.parametrize("step", ["connect", "EHLO"])
def test_a_server_that_does_not_want_to_talk_fails_no_email(start, step):
    _, mailer = start({step: [say("554 5.3.2 no service")], "HELO": [say("554 no")]})
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    assert outcome.code.startswith("554")


@pytest.mark.parametrize(
    ("step", "answer"), [("MAIL", "354 go on"), ("RCPT", "354 go on"), ("DATA", "250 fine")]
)
def test_a_yes_where_none_was_due_is_not_taken_for_one(start, step, answer):
    server, mailer = start({step: [say(answer)]})
    outcomes = send(mailer, an_email(), an_email())
    assert [each.status for each in outcomes] == [DEFERRED, ACCEPTED]
    assert server.connections == 2


@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
def test_an_answer_that_comes_before_the_question_is_no_answer(start, step):
    well = {"connect": "220 hello", "DATA": "354 go on"}.get(step, "250 fine")
    server, mailer = start({step: [say(f"{well}\r\n250 2.0.0 Ok: queued as FORGED")]})
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    assert server.handed_over == []


@pytest.mark.parametrize(
    ("answer", "is_dead"),
    [
        ("550 5.1.1 no such user", True),
        ("550 5.1.10 null MX", True),
        ("551 5.1.6 moved", True),
        ("553 5.1.3 bad syntax", True),
        ("550-5.1.1 no such user\r\n550 5.1.1 look it up", True),
        ("550 5.1.8 your domain does not resolve", False),
        ("550 5.1.0 rejected", False),
        ("550 5.7.1 policy", False),
        ("552 5.2.2 mailbox full", False),
        ("550 no such user", False),
        ("450 4.1.1 unverified", False),
    ],
)
def test_only_a_word_about_the_address_itself_suppresses_it(start, answer, is_dead):
    _, mailer = start({"RCPT": [say(answer)], "MAIL": [well_behaved]})
    (outcome,) = send(mailer, an_email())
    assert outcome.is_address_dead is is_dead
    assert outcome.status is (DEFERRED if answer.startswith("4") else REFUSED)


def test_a_bad_word_about_the_sender_does_not_suppress_the_recipient(start):
    _, mailer = start({"MAIL": [say("550 5.1.1 who are you")]})
    (outcome,) = send(mailer, an_email())
    assert outcome.status is REFUSED
    assert not outcome.is_address_dead


# -- the final dot ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(hang_up, id="hangs-up"),
        pytest.param(reset, id="resets"),
        pytest.param(half_an_answer("250 2.0.0 O"), id="half"),
        pytest.param(half_an_answer("250-2.0.0 more follows\r\n"), id="half-of-many"),
        pytest.param(say("what?"), id="garbled"),
        pytest.param(say("354 go on"), id="354"),
    ],
)
def test_no_answer_to_the_dot_is_unknown_and_never_sent_again(start, act):
    server, mailer = start({"dot": [act]})
    first, second = an_email(), an_email()
    outcomes = send(mailer, first, second)
    assert [each.status for each in outcomes] == [UNKNOWN, ACCEPTED]
    assert "after the final dot" in outcomes[0].reason
    assert server.handed_over == [mime.build(first), mime.build(second)]
    assert server.connections == 2


@pytest.mark.parametrize("act", [silence, drip])
def test_silence_after_the_dot_is_unknown_when_patience_ends(start, act):
    server, mailer = start({"dot": [act]}, answer_patience=SHORT)
    email = an_email()
    (outcome,) = send(mailer, email)
    assert outcome.status is UNKNOWN
    assert server.handed_over == [mime.build(email)]
    assert mailer._connections == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("250 2.0.0 Ok", ACCEPTED),
        ("250 fine", ACCEPTED),
        ("250-2.0.0 yes\r\n250-2.0.0 and\r\n250 2.0.0 again", ACCEPTED),
        ("250", ACCEPTED),
        ("451 4.3.0 queue full", DEFERRED),
        ("421 4.3.2 closing", DEFERRED),
        ("554 5.7.1 spam", REFUSED),
        ("552 5.3.4 too big", REFUSED),
    ],
)
def test_the_answer_to_the_dot_decides(start, answer, status):
    server, mailer = start({"dot": [say(answer)]})
    outcomes = send(mailer, an_email(), an_email())
    assert [each.status for each in outcomes] == [status, ACCEPTED]
    assert len(server.handed_over) == 2
    assert server.connections == (2 if answer.startswith("421") else 1)


def test_answers_may_come_in_pieces_and_in_many_lines(start):
    pieces = {
        "connect": [in_pieces("220-scripted\r\n220 ESMTP")],
        "EHLO": [in_pieces("250-scripted\r\n250-SIZE\r\n250 8BITMIME")],
        "MAIL": [in_pieces("250 ok")],
        "RCPT": [in_pieces("250-ok\r\n250 forwarded")],
        "DATA": [in_pieces("354 go on")],
        "dot": [in_pieces("250-2.0.0 ok\r\n250 2.0.0 queued as X1")],
    }
    server, mailer = start(pieces)
    (outcome,) = send(mailer, an_email())
    assert outcome.status is ACCEPTED
    assert outcome.provider_id == "X1"
    assert len(server.accepted) == 1


def test_words_of_the_server_come_out_as_one_clean_line(start):
    _, mailer = start({"dot": [say("554-5.7.1 a\tb\x00\x1b[31m\r\n554 5.7.1 c" + "d" * 900)]})
    (outcome,) = send(mailer, an_email())
    assert outcome.reason.isprintable()
    assert len(outcome.reason) <= 300


# -- the kept connection ------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("act", [hang_up, reset, say("421 4.4.2 idle")], ids=["fin", "rst", "421"])
def test_a_kept_connection_that_was_closed_is_opened_anew_at_once(start, step, act):
    server, mailer = start({step: [well_behaved, act]})
    first, second = an_email(), an_email()
    assert [each.status for each in send(mailer, first)] == [ACCEPTED]
    assert [each.status for each in send(mailer, second)] == [ACCEPTED]
    assert server.accepted == [mime.build(first), mime.build(second)]
    assert server.connections == 2


def test_a_connection_that_was_quiet_for_long_is_not_trusted(start):
    server, mailer = start()
    send(mailer, an_email())
    mailer._connections[0].used_at -= 60  # as if a minute had passed
    (outcome,) = send(mailer, an_email())
    assert outcome.status is ACCEPTED
    assert server.connections == 2


def test_small_packets_leave_at_once(start):
    # With Nagle's algorithm a kept connection carries 23 emails a second.
    _, mailer = start()
    send(mailer, an_email())
    assert mailer._connections[0].wire._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("act", [hang_up, reset, say("502 no"), say("421 bye")])
def test_a_connection_that_cannot_be_cleared_is_replaced(start, act):
    server, mailer = start({"RCPT": [say("550 5.1.1 no")], "RSET": [act]})
    outcomes = send(mailer, an_email(), an_email())
    assert [each.status for each in outcomes] == [REFUSED, ACCEPTED]
    assert server.connections == 2


def test_a_server_that_always_hangs_up_is_tried_twice_and_no_more(start):
    server, mailer = start({"MAIL": [well_behaved, *itertools.repeat(hang_up, 10)]})
    outcomes = send(mailer, an_email(), an_email())
    assert [each.status for each in outcomes] == [ACCEPTED, DEFERRED]
    assert server.connections == 2


def test_permission_is_asked_again_before_an_email_begins_anew(start):
    server, mailer = start({"MAIL": [well_behaved, hang_up]})
    first, second = an_email(), an_email()
    answers = {first.message_id: [True], second.message_id: [True, False]}
    outcomes = list(mailer.send_all([first, second], may_begin=lambda each: answers[each].pop(0)))
    assert [each.message_id for each in outcomes] == [first.message_id]
    assert answers == {first.message_id: [], second.message_id: []}
    assert server.handed_over == [mime.build(first)]


def test_permission_is_asked_after_the_connection_stands(start):
    server, mailer = start()
    steps = []
    list(mailer.send_all([an_email()], may_begin=lambda _: steps.extend(server.steps) or True))
    assert steps == ["connect", "EHLO"]


def test_a_connection_opened_in_vain_serves_the_next_email(start):
    server, mailer = start()
    held = an_email()
    outcomes = mailer.send_all([held, an_email()], may_begin=lambda each: each != held.message_id)
    assert [each.status for each in outcomes] == [ACCEPTED]
    assert server.connections == 1


def test_a_caller_that_stops_listening_leaves_nothing_half_done(start):
    server, mailer = start()
    emails = [an_email() for _ in range(3)]
    outcomes = mailer.send_all(emails, may_begin=lambda _: True)
    next(outcomes)
    outcomes.close()
    assert [each.status for each in send(mailer, emails[1])] == [ACCEPTED]
    assert server.handed_over == [mime.build(each) for each in emails[:2]]
    assert server.connections == 2  # the envelope of the second was under way on the first


def test_goodbye_is_said_and_not_waited_for_long(start):
    server, mailer = start({"QUIT": [hang_up]})
    send(mailer, an_email())
    mailer.close()
    assert server.steps[-1] == "QUIT"
