"""What a server's reply means, as a table: codes and words in, an outcome and its kind out.

Codes are RFC 5321 4.2 and RFC 3463, kept up in IANA's "SMTP Enhanced Status Codes" (registry of RFC
5248, as of December 2024). Words are those that the big mailbox providers publish: Google, "Gmail
SMTP errors and codes" (support.google.com/a/answer/3726730) and the FAQ of its sender guidelines
(answer 14229414); Yahoo, senders.yahooinc.com/smtp-error-codes; Microsoft, "Email non-delivery
reports in Exchange Online". Google's were compared again in November 2026. The first row that fits
decides; ``RULES`` is meant to be read from above, and each row is a test in
``tests/sending/test_replies.py``.
"""

import re
from dataclasses import dataclass
from typing import Final

from funnel.domain.failure import FailureKind
from funnel.sending.mailer import OutcomeStatus

CONTENT: Final = "content"  # what a final dot ends; the other verbs are MAIL, RCPT and DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An outcome before its message and its time are added."""

    status: OutcomeStatus
    reason: str
    code: str = ""
    provider_id: str | None = None
    is_address_dead: bool = False
    failure: FailureKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: what a reply must have, and what it means then.

    Attributes:
        codes: The three digits, as a pattern.
        enhanced: The code of RFC 3463, as a pattern; ``None``: whatever it is, also none.
        words: Found in the text, whatever the case; ``None``: whatever it says.
        verbs: Which commands it may answer; empty: any.
        status: Whether the message may be tried again.
        kind: Whom it speaks about.
        source: Where this is written.
    """

    codes: str
    status: OutcomeStatus
    kind: FailureKind
    source: str
    enhanced: str | None = None
    words: str | None = None
    verbs: tuple[str, ...] = ()

    def fits(self, verb: str, code: str, enhanced: str, text: str) -> bool:
        """Say whether a reply is of this row."""
        return (
            (not self.verbs or verb in self.verbs)
            and re.fullmatch(self.codes, code) is not None
            and (self.enhanced is None or re.fullmatch(self.enhanced, enhanced) is not None)
            and (self.words is None or re.search(self.words, text, re.IGNORECASE) is not None)
        )


_REFUSED, _DEFERRED = OutcomeStatus.REFUSED, OutcomeStatus.DEFERRED
_ABOUT_THE_PERSON = ("RCPT", CONTENT)

RULES: Final[tuple[Rule, ...]] = (
    # -- about our connection: log in first, encrypt first, wrong order ------------------------
    Rule(
        codes="503|530|534|535|538",
        status=_DEFERRED,
        kind=FailureKind.PROVIDER_DOWN,
        source="RFC 5321 4.1.4 and 4.2.2 (503), RFC 4954 6",
    ),
    # -- about our speed: also where it is said with a 5, the message itself is as good as before
    Rule(
        codes="5..",
        enhanced=r"5\.4\.5",
        words=r"quota|limit",
        status=_DEFERRED,
        kind=FailureKind.RATE,
        source="Google, SMTP error reference: 550 5.4.5 Daily user sending limit exceeded",
    ),
    Rule(
        codes="5..",
        words=r"(daily|hourly|sending|message|rate) (\S+ )?(limit|quota) (is )?(exceeded|reached)"
        r"|limit for message recipients|too many (emails|messages) per"
        r"|exceeded (the|your|its) (\S+ )?(rate|limit|quota)",
        status=_DEFERRED,
        kind=FailureKind.RATE,
        source="Microsoft, NDR 550 5.1.90 and 5.7.232; shared hosts' hourly limits",
    ),
    # -- about the address ----------------------------------------------------------------------
    Rule(
        codes="550|551|553|556",
        # Not 5.1.0 (anything), 5.1.5 (fine), 5.1.7 and 5.1.8 (the sender's), 5.1.9 (a relay's).
        enhanced=r"5\.1\.(1|2|3|6|10)",
        verbs=_ABOUT_THE_PERSON,
        status=_REFUSED,
        kind=FailureKind.ADDRESS_DEAD,
        source="RFC 3463 3.2; RFC 7505 (5.1.10, a domain that takes no mail); RFC 7504 (556)",
    ),
    Rule(
        codes="550",
        enhanced=r"5\.2\.1",
        words=r"inactive|disabled",
        verbs=_ABOUT_THE_PERSON,
        status=_REFUSED,
        kind=FailureKind.ADDRESS_DEAD,
        source="Google, SMTP error reference: 550 5.2.1 account is inactive, disabled",
    ),
    Rule(
        codes="55[0-4]",
        words=r"user doesn'?t have an? \S+ account",
        verbs=_ABOUT_THE_PERSON,
        status=_REFUSED,
        kind=FailureKind.ADDRESS_DEAD,
        source="Yahoo: 554 delivery error: dd This user doesn't have a yahoo.com account",
    ),
    Rule(
        codes="5..",
        enhanced=r"5\.2\.2",
        status=_REFUSED,
        kind=FailureKind.MAILBOX_FULL,
        source="RFC 3463 3.3",
    ),
    Rule(
        codes="4..",
        enhanced=r"4\.2\.2",
        status=_DEFERRED,
        kind=FailureKind.MAILBOX_FULL,
        source="RFC 3463 3.3; Google: 452 4.2.2 over quota",
    ),
    Rule(
        codes="450",
        enhanced=r"4\.2\.1",
        words=r"receiving e?mail (too quickly|at a rate)",
        status=_DEFERRED,
        kind=FailureKind.MAILBOX_FULL,
        source="Google: 450 4.2.1 The user … is receiving email too quickly; at a rate that",
    ),
    # -- about size and content -------------------------------------------------------------------
    Rule(
        codes="5..",
        enhanced=r"5\.(3\.4|2\.3)",
        status=_REFUSED,
        kind=FailureKind.TOO_LARGE,
        source="RFC 3463 3.3 (5.2.3) and 3.4 (5.3.4); RFC 1870 6.1",
    ),
    Rule(
        codes="552",
        enhanced="",
        verbs=("MAIL", "DATA", CONTENT),
        status=_REFUSED,
        kind=FailureKind.TOO_LARGE,
        source="RFC 1870 6.1",
    ),
    Rule(
        codes="5..",
        enhanced=r"5\.6\.\d+",
        status=_REFUSED,
        kind=FailureKind.CONTENT,
        source="RFC 3463 3.7",
    ),
    Rule(
        codes="5..",
        words=r"\bspam\b|unsolicited|virus|malware|phish",
        verbs=(CONTENT,),
        status=_REFUSED,
        kind=FailureKind.CONTENT,
        source="Postfix, Rspamd and SpamAssassin say so after the final dot",
    ),
    # -- later, please ----------------------------------------------------------------------------
    Rule(
        codes="4..",
        words=r"gr[ea]y-?\s?list|postgrey",
        status=_DEFERRED,
        kind=FailureKind.GREYLISTED,
        source="RFC 6647 2: strangers are put off by 4yz; in the words of such servers",
    ),
    Rule(
        codes="4..",
        # Not 4.7.28: that one is about the rate.
        enhanced=r"4\.7\.(2[0-7]|29|3[0-2])",
        status=_DEFERRED,
        kind=FailureKind.BLOCKED,
        source="RFC 7372 3 (X.7.20 to X.7.26), RFC 7505 (X.7.27); Google: 4.7.23 (PTR), 4.7.27 "
        "(SPF), 4.7.29 (TLS), 4.7.30 (DKIM), 4.7.32 (alignment)",
    ),
    Rule(
        codes="4..",
        enhanced=r"4\.7\.1",
        words=r"blocked|block ?list|black ?list|\bdnsbl\b|\bptr\b|reverse|\bspf\b|\bdkim\b",
        status=_DEFERRED,
        kind=FailureKind.BLOCKED,
        source="RFC 3463 3.8; Postfix, reject_rbl_client and reject_unknown_client_hostname",
    ),
    Rule(
        codes="4..",
        enhanced=r"4\.7\.\d+",
        status=_DEFERRED,
        kind=FailureKind.RATE,
        source="Google: 421 4.7.28; Yahoo: 421 4.7.0 [TSS04]; Microsoft 4.7.500",
    ),
    Rule(
        codes="4..",
        words=r"\brate\b|too many|too much|throttl|unusual|quota|limit exceeded"
        r"|concurrent connections|slow down",
        status=_DEFERRED,
        kind=FailureKind.RATE,
        source="Microsoft: 432 4.3.2 concurrent connections; SES: 454 Throttling",
    ),
    Rule(
        codes="421|4..",
        enhanced=r"4\.3\.\d+",
        status=_DEFERRED,
        kind=FailureKind.PROVIDER_DOWN,
        source="RFC 3463 3.4: the system is full, closing or not taking mail",
    ),
    Rule(
        codes="421",
        status=_DEFERRED,
        kind=FailureKind.PROVIDER_DOWN,
        source="RFC 5321 3.8",
    ),
    # -- about the sender ------------------------------------------------------------------------
    Rule(
        codes="5..",
        enhanced=r"5\.7\.\d+",
        status=_REFUSED,
        kind=FailureKind.BLOCKED,
        source="RFC 3463 3.8, RFC 7372; Google: 550 5.7.26; Microsoft: 550 5.7.606",
    ),
    Rule(
        codes="5..",
        words=r"blocked|block ?list|black ?list|spamhaus|reputation|\bpolicy\b",
        status=_REFUSED,
        kind=FailureKind.BLOCKED,
        source="Microsoft: 550 SC-001; Yahoo: 553 5.7.1 [BL21]",
    ),
    # -- all others --------------------------------------------------------------------------------
    Rule(codes="4..", status=_DEFERRED, kind=FailureKind.OTHER, source="RFC 5321 4.2.1"),
    Rule(codes="5..", status=_REFUSED, kind=FailureKind.OTHER, source="RFC 5321 4.2.1"),
    # A "yes" where none was due, as to DATA, means that we no longer understand each other.
    Rule(codes="...", status=_DEFERRED, kind=FailureKind.PROVIDER_DOWN, source="RFC 5321 4.2"),
)


def judge(verb: str, *, code: int, enhanced: str, text: str) -> Verdict:
    """Return what a reply that is no "yes" means for the message.

    Args:
        verb: What it answers: MAIL, RCPT, DATA or ``CONTENT``; empty: nothing in particular.
        code: Its three digits.
        enhanced: Its code of RFC 3463; empty where it has none.
        text: Its words, as one line.
    """
    rule = next(each for each in RULES if each.fits(verb, str(code), enhanced, text))
    return Verdict(
        status=rule.status,
        reason=f"{verb}: {text}" if verb and verb != CONTENT else text,
        code=f"{code} {enhanced}".rstrip(),
        is_address_dead=rule.kind is FailureKind.ADDRESS_DEAD,
        failure=rule.kind,
    )
