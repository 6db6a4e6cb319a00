"""What leaves ahead of its time (RFC 2920), and several connections at once, against a script."""

import itertools

import pytest

from funnel.domain.errors import NotSentError
from funnel.domain.failure import FailureKind
from funnel.sending import mime
from funnel.sending.mailer import OutcomeStatus
from tests.sending.kit import always, an_email, send
from tests.sending.scripted_server import (
    PIPELINING,
    forget_the_rest,
    half_an_answer,
    hang_up,
    in_pieces,
    let_it_come,
    reset,
    say,
    silence,
    well_behaved,
)

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = OutcomeStatus
OFFERED = {"EHLO": list(itertools.repeat(say(PIPELINING), 20))}
REFUSALS = {"450 4.2.0 later": DEFERRED, "550 5.1.1 nobody": REFUSED}


class Noted:
    """A journal that keeps what it was told, in its order."""

    def __init__(self, server) -> None:
        self.server = server
        self.told = []

    def begin(self, message_id):
        self.told.append(("begin", message_id, len(self.server.accepted)))

    def accept(self, message_id, provider_id):
        self.told.append(("accept", message_id, provider_id))


def by_id(outcomes):
    return {each.message_id: each.status for each in outcomes}


def test_a_batch_travels_whole_and_in_order(start):
    server, mailer = start(OFFERED | {})
    emails = [an_email() for _ in range(20)]
    outcomes = send(mailer, *emails)
    assert {each.status for each in outcomes} == {ACCEPTED}
    assert server.accepted == [mime.build(each) for each in emails]
    assert server.connections == 1
    assert "RSET" not in server.steps


@pytest.mark.parametrize("answer", REFUSALS)
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_refusal_is_of_its_own_message(start, step, answer, position):
    acts = [well_behaved] * position + [say(answer)]
    script = OFFERED | {step: acts}
    if step in {"MAIL", "RCPT"}:
        script["DATA"] = [well_behaved] * position + [say("503 5.5.1 no valid recipients")]
    server, mailer = start(script)
    emails = [an_email() for _ in range(4)]
    outcomes = by_id(send(mailer, *emails))
    expected = [ACCEPTED] * 4
    expected[position] = REFUSALS[answer]
    assert [outcomes[each.message_id] for each in emails] == expected
    assert server.connections == 1


@pytest.mark.parametrize("position", [0, 1])
def test_data_answered_by_354_after_a_refusal_ends_in_a_lone_dot(start, position):
    script = OFFERED | {"RCPT": [well_behaved] * position + [say("550 5.1.1 nobody")]}
    script["dot"] = [well_behaved] * position + [say("554 5.5.1 no valid recipients")]
    server, mailer = start(script)
    emails = [an_email() for _ in range(3)]
    outcomes = by_id(send(mailer, *emails))
    wanted = [each for index, each in enumerate(emails) if index != position]
    assert outcomes[emails[position].message_id] is REFUSED
    assert {outcomes[each.message_id] for each in wanted} == {ACCEPTED}
    assert server.accepted == [mime.build(each) for each in wanted]
    assert server.connections == 1


@pytest.mark.parametrize("act", [hang_up, reset, half_an_answer("25")], ids=["fin", "rst", "half"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_an_envelope_sent_ahead_that_breaks_begins_anew(start, step, act):
    server, mailer = start(OFFERED | {step: [well_behaved, act]})
    emails = [an_email() for _ in range(3)]
    assert set(by_id(send(mailer, *emails)).values()) == {ACCEPTED}
    assert server.accepted == [mime.build(each) for each in emails]
    assert server.connections == 2


@pytest.mark.parametrize(
    "act", [hang_up, reset, say("what?"), say("354 go on")], ids=["fin", "rst", "garbled", "354"]
)
def test_silence_after_the_dot_is_unknown_and_the_next_begins_anew(start, act):
    server, mailer = start(OFFERED | {"dot": [act]})
    first, second = an_email(), an_email()
    outcomes = by_id(send(mailer, first, second))
    assert outcomes == {first.message_id: UNKNOWN, second.message_id: ACCEPTED}
    assert server.handed_over == [mime.build(first), mime.build(second)]


def test_a_server_that_loses_what_was_sent_ahead_is_spoken_to_step_by_step(start):
    server, mailer = start(OFFERED | {"MAIL": [well_behaved, forget_the_rest]}, patience=3.0)
    emails = [an_email() for _ in range(3)]
    assert set(by_id(send(mailer, *emails)).values()) == {ACCEPTED}
    assert server.accepted == [mime.build(each) for each in emails]
    assert not mailer._trusts_pipelining()


def test_answers_in_pieces_and_many_at_once(start):
    script = OFFERED | {
        "dot": [in_pieces("250-2.0.0 yes\r\n250 2.0.0 queued as A1")] * 2,
        "MAIL": [in_pieces("250 ok")] * 3,
        "DATA": [in_pieces("354 go on")] * 3,
    }
    server, mailer = start(script)
    outcomes = send(mailer, *[an_email() for _ in range(3)])
    assert [each.provider_id for each in outcomes] == ["A1", "A1", "4XyZ"]
    assert len(server.accepted) == 3


def test_a_permission_that_ended_behind_another_message_sends_nothing(start):
    server, mailer = start(OFFERED | {})
    first, second = an_email(), an_email()
    asked = []

    def may_begin(message_id):
        asked.append(message_id)
        return asked.count(second.message_id) < 2

    outcomes = list(mailer.send_all([first, second], may_begin=may_begin))
    assert by_id(outcomes) == {first.message_id: ACCEPTED}
    assert asked == [first.message_id, second.message_id, second.message_id]
    assert server.handed_over == [mime.build(first)]


@pytest.mark.parametrize("script", [OFFERED, {}], ids=["pipelined", "step-by-step"])
def test_the_journal_is_told_before_the_dot_and_after_the_yes(start, script):
    server, mailer = start(dict(script))
    journal = Noted(server)
    emails = [an_email() for _ in range(3)]
    list(mailer.send_all(emails, may_begin=always, journal=journal))
    expected = []
    for count, each in enumerate(emails):
        expected += [("begin", each.message_id, count), ("accept", each.message_id, "4XyZ")]
    assert journal.told == expected


def test_a_journal_that_cannot_be_written_stops_the_batch(start):
    class FullDisk(Noted):
        def begin(self, message_id):
            raise NotSentError("the disk is full")

    server, mailer = start(OFFERED | {})
    emails = [an_email() for _ in range(3)]
    outcomes = list(mailer.send_all(emails, may_begin=always, journal=FullDisk(server)))
    assert {each.message_id for each in outcomes} == {each.message_id for each in emails}
    assert {(each.status, each.failure) for each in outcomes} == {(DEFERRED, FailureKind.OURS)}
    assert server.handed_over == []
    assert server.connections == 1


# -- several connections ------------------------------------------------------------------------


@pytest.mark.parametrize("greeting", [{}, OFFERED], ids=["step-by-step", "pipelined"])
def test_no_more_connections_than_emails(start, greeting):
    server, mailer = start(dict(greeting), connections=8)
    emails = [an_email() for _ in range(3)]
    assert set(by_id(send(mailer, *emails)).values()) == {ACCEPTED}
    assert sorted(server.accepted) == sorted(mime.build(each) for each in emails)
    assert server.connections <= 3


def test_a_slow_connection_holds_up_no_other(start):
    server, mailer = start({"dot": [silence]}, connections=3, answer_patience=1.0)
    emails = [an_email() for _ in range(12)]
    outcomes = send(mailer, *emails)
    assert [each.status for each in outcomes] == [ACCEPTED] * 11 + [UNKNOWN]
    assert len(server.handed_over) == 12


@pytest.mark.parametrize(
    "act",
    [hang_up, reset, silence, half_an_answer("421 4.3.2 closing\r\n")],
    ids=["fin", "rst", "silence", "421"],
)
@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "content", "dot"])
@pytest.mark.parametrize("greeting", [{}, OFFERED], ids=["step-by-step", "pipelined"])
def test_every_email_has_one_honest_outcome_whatever_one_connection_does(
    start, greeting, step, act
):
    script = greeting | {step: [well_behaved if step != "content" else let_it_come, act]}
    # Only silence has to be waited out: in all else a slow machine must not look like a dead one.
    waits = {"patience": 2.0, "answer_patience": 1.0} if act is silence else {}
    server, mailer = start(script, connections=3, **waits)
    emails = [an_email() for _ in range(8)]
    outcomes = send(mailer, *emails)
    status = by_id(outcomes)
    assert len(outcomes) == len(status) == 8
    for email in emails:
        raw = mime.build(email)
        assert server.accepted.count(raw) <= 1
        if status[email.message_id] is ACCEPTED:
            assert raw in server.accepted
        elif status[email.message_id] is DEFERRED:
            assert raw not in server.accepted
    assert list(status.values()).count(ACCEPTED) >= 6


def test_a_server_that_lets_in_few_is_not_asked_for_more(start):
    acts = [well_behaved, well_behaved, *itertools.repeat(say("421 4.7.0 too many"), 20)]
    server, mailer = start({"connect": acts}, connections=6)
    assert {each.status for each in send(mailer, *[an_email() for _ in range(30)])} == {ACCEPTED}
    known = server.connections
    assert {each.status for each in send(mailer, *[an_email() for _ in range(30)])} == {ACCEPTED}
    assert server.connections == known
    assert len(server.accepted) == 60
