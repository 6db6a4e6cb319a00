"""Each row of the table of replies once, by what servers really say."""

import pytest

from funnel.domain.failure import FailureKind as Kind
from funnel.sending.mailer import OutcomeStatus
from funnel.sending.replies import CONTENT, RULES, judge
from funnel.sending.smtp_wire import Reply

REFUSED, DEFERRED = OutcomeStatus.REFUSED, OutcomeStatus.DEFERRED

SAID = [
    ("MAIL", "530 5.7.0 Authentication required", DEFERRED, Kind.PROVIDER_DOWN),
    ("RCPT", "503 5.5.1 Error: need MAIL command", DEFERRED, Kind.PROVIDER_DOWN),
    ("MAIL", "550 5.4.5 Daily user sending limit exceeded", DEFERRED, Kind.RATE),
    (
        "MAIL",
        "550 5.1.90 You've reached your daily limit for message recipients",
        DEFERRED,
        Kind.RATE,
    ),
    (CONTENT, "550 5.7.0 Too many emails per second", DEFERRED, Kind.RATE),
    ("RCPT", "550 5.1.1 The email account does not exist", REFUSED, Kind.ADDRESS_DEAD),
    ("RCPT", "550 5.1.2 Host or domain name not found", REFUSED, Kind.ADDRESS_DEAD),
    ("RCPT", "556 5.1.10 Recipient address has null MX", REFUSED, Kind.ADDRESS_DEAD),
    (CONTENT, "550 5.1.1 no such user", REFUSED, Kind.ADDRESS_DEAD),
    ("MAIL", "550 5.1.1 who are you", REFUSED, Kind.OTHER),
    ("RCPT", "550 5.2.1 The email account is inactive", REFUSED, Kind.ADDRESS_DEAD),
    (
        CONTENT,
        "554 delivery error: dd This user doesn't have a yahoo.com account (-5)",
        REFUSED,
        Kind.ADDRESS_DEAD,
    ),
    ("RCPT", "552 5.2.2 mailbox full", REFUSED, Kind.MAILBOX_FULL),
    ("RCPT", "452 4.2.2 The email account is over quota", DEFERRED, Kind.MAILBOX_FULL),
    ("RCPT", "450 4.2.1 The user is receiving mail too quickly", DEFERRED, Kind.MAILBOX_FULL),
    (
        "RCPT",
        "450 4.2.1 The user you are trying to contact is receiving email at a rate that prevents "
        "additional messages from being delivered.",
        DEFERRED,
        Kind.MAILBOX_FULL,
    ),
    ("RCPT", "450 4.2.1 Peak SMTP relay limit exceeded for customer", DEFERRED, Kind.RATE),
    (CONTENT, "552 5.3.4 Message size exceeds fixed limit", REFUSED, Kind.TOO_LARGE),
    ("MAIL", "552 too big", REFUSED, Kind.TOO_LARGE),
    (CONTENT, "554 5.6.0 Malformed", REFUSED, Kind.CONTENT),
    (CONTENT, "554 5.7.1 This looks like spam", REFUSED, Kind.CONTENT),
    ("RCPT", "450 4.2.0 Greylisted, see you in 300 seconds", DEFERRED, Kind.GREYLISTED),
    ("RCPT", "451 4.7.1 Grey-listing in force", DEFERRED, Kind.GREYLISTED),
    (
        CONTENT,
        "421 4.7.27 This mail was blocked: SPF did not pass",
        DEFERRED,
        Kind.BLOCKED,
    ),
    (
        CONTENT,
        "421 4.7.32 Your email has been rate limited because the From: header is not aligned",
        DEFERRED,
        Kind.BLOCKED,
    ),
    (CONTENT, "421 4.7.30 Your email was rate limited: no DKIM", DEFERRED, Kind.BLOCKED),
    ("RCPT", "450 4.7.1 Client host blocked using zen.example", DEFERRED, Kind.BLOCKED),
    (CONTENT, "421 4.7.28 An unusual rate of mail from your IP", DEFERRED, Kind.RATE),
    ("MAIL", "421 4.7.0 [TSS04] Messages temporarily deferred", DEFERRED, Kind.RATE),
    ("MAIL", "451 4.7.500 Server busy", DEFERRED, Kind.RATE),
    ("RCPT", "432 4.3.2 STOREDRV; concurrent connections exceeded", DEFERRED, Kind.RATE),
    (CONTENT, "454 Throttling failure: Maximum sending rate", DEFERRED, Kind.RATE),
    (CONTENT, "451 4.3.0 queue file write error", DEFERRED, Kind.PROVIDER_DOWN),
    (CONTENT, "421 closing", DEFERRED, Kind.PROVIDER_DOWN),
    ("RCPT", "550 5.7.26 This mail is unauthenticated", REFUSED, Kind.BLOCKED),
    ("MAIL", "550 SC-001 Mail rejected for policy reasons", REFUSED, Kind.BLOCKED),
    ("RCPT", "451 try again", DEFERRED, Kind.OTHER),
    ("RCPT", "550 no such user", REFUSED, Kind.OTHER),
    ("DATA", "250 fine", DEFERRED, Kind.PROVIDER_DOWN),
]


def judged(verb: str, said: str):
    code, _, text = said.partition(" ")
    reply = Reply(int(code), (text.encode(),))
    return judge(verb, code=reply.code, enhanced=reply.enhanced_code, text=reply.text)


@pytest.mark.parametrize(("verb", "said", "status", "kind"), SAID)
def test_what_servers_say(verb, said, status, kind):
    verdict = judged(verb, said)
    assert (verdict.status, verdict.failure) == (status, kind)
    assert verdict.is_address_dead is (kind is Kind.ADDRESS_DEAD)
    assert verdict.reason


def test_each_row_is_tested():
    decided = set()
    for verb, said, *_ in SAID:
        code, _, text = said.partition(" ")
        reply = Reply(int(code), (text.encode(),))
        fits = (
            index
            for index, rule in enumerate(RULES)
            if rule.fits(verb, code, reply.enhanced_code, reply.text)
        )
        decided.add(next(fits))
    assert decided == set(range(len(RULES)))


def test_each_row_says_where_it_is_written():
    assert all(rule.source for rule in RULES)
