"""What a provider's answer means: the table of each is data, its reading is here, once."""

from dataclasses import dataclass
from datetime import timedelta

from funnel.domain.failure import FailureKind
from funnel.domain.text import clean_text
from funnel.sending.http_api import Answer
from funnel.sending.mailer import OutcomeStatus

_LONGEST_REASON = 500
_LONGEST_CODE = 100
_REDIRECTS = range(300, 400)
_SEE_OTHER = 303  # the one redirect that follows something done


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer means, before its message and its time are added.

    Attributes:
        ends_batch: It speaks of the account or the provider, not of this message: the rest of the
            batch is deferred without asking again and again.
        is_worth_again: Refused for something that the provider's class has just put right, before
            anybody looked at the email: prepared once more, it may pass.
    """

    status: OutcomeStatus
    reason: str = ""
    code: str = ""
    failure: FailureKind | None = None
    provider_id: str | None = None
    is_address_dead: bool = False
    retry_after: timedelta | None = None
    ends_batch: bool = False
    is_worth_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A line of a provider's table: what one error of its means; see ``Verdict``."""

    status: OutcomeStatus
    failure: FailureKind
    is_address_dead: bool = False
    ends_batch: bool = False


# An account, a token or a bill that is not in order is nobody's email's fault: were it refused, a
# typing error in the settings would fail a whole sequence.
NOT_LET_IN = Rule(status=OutcomeStatus.DEFERRED, failure=FailureKind.PROVIDER_DOWN, ends_batch=True)
SLOWER = Rule(status=OutcomeStatus.DEFERRED, failure=FailureKind.RATE, ends_batch=True)
SENDER_NOT_READY = Rule(status=OutcomeStatus.DEFERRED, failure=FailureKind.BLOCKED)
CAME_TOO_LATE = Rule(status=OutcomeStatus.DEFERRED, failure=FailureKind.OTHER)
BAD_REQUEST = Rule(status=OutcomeStatus.REFUSED, failure=FailureKind.CONTENT)
TOO_LARGE = Rule(status=OutcomeStatus.REFUSED, failure=FailureKind.TOO_LARGE)
DEAD_ADDRESS = Rule(
    status=OutcomeStatus.REFUSED, failure=FailureKind.ADDRESS_DEAD, is_address_dead=True
)


def ruled(rule: Rule, answer: Answer, *, error: str, said: str) -> Verdict:
    """Return what a line of the table says of an answer.

    Args:
        rule: The line.
        answer: Whose status and whose ``Retry-After`` go with it.
        error: The provider's own code, "" for none.
        said: Its words for people.
    """
    is_deferred = rule.status is OutcomeStatus.DEFERRED
    return Verdict(
        status=rule.status,
        reason=clean_text(said or error or f"HTTP {answer.status}", limit=_LONGEST_REASON),
        code=clean_text(f"{answer.status} {error}", limit=_LONGEST_CODE),
        failure=rule.failure,
        is_address_dead=rule.is_address_dead,
        retry_after=answer.retry_after if is_deferred else None,
        ends_batch=rule.ends_batch,
    )


def accepted(answer: Answer, their_id: object) -> Verdict:
    """Return "accepted", with the provider's id; an answer without one cannot be trusted."""
    if not isinstance(their_id, str) or not their_id:
        return unreadable(answer)
    return Verdict(
        status=OutcomeStatus.ACCEPTED,
        reason="accepted",
        code=str(answer.status),
        provider_id=clean_text(their_id, limit=_LONGEST_CODE),
    )


def unreadable(answer: Answer) -> Verdict:
    """Return what an answer means whose body says nothing, by its status alone.

    A client error is the provider's word that it took nothing; whose fault it is, it did not say,
    so it is tried again. Anything else may have followed an email that was taken.
    """
    is_refusal = 400 <= answer.status < 500
    return Verdict(
        status=OutcomeStatus.DEFERRED if is_refusal else OutcomeStatus.UNKNOWN,
        reason=f"HTTP {answer.status}, and nothing in it that says what became of the email",
        code=str(answer.status),
        failure=FailureKind.OTHER if is_refusal else None,
    )


def elsewhere(answer: Answer) -> Verdict | None:
    """Return what a redirect means, ``None`` for every other answer.

    It is never followed: whoever stands there would get the key and the email. Whoever sends us on
    has not done what was asked, except with 303.
    """
    if answer.status not in _REDIRECTS or answer.status == _SEE_OTHER:
        return None
    return ruled(NOT_LET_IN, answer, error="", said=f"HTTP {answer.status}: it sends us elsewhere")
