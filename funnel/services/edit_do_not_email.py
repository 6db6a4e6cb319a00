"""The do-not-email list, as those who work here see and change it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from funnel.domain.consent import SuppressionReason
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.mistakes import Mistakes
from funnel.domain.speech import mark, say
from funnel.domain.subscriber import address_hash, normalise_address
from funnel.domain.text import clean_text
from funnel.storage import subscribers, suppressions
from funnel.storage.audit import write_audit
from funnel.storage.suppressions import SuppressionLine
from funnel.storage.transaction import Transaction, Transactions

_LONGEST: Final = 200  # characters
_A_PAGE: Final = 50
_TARGET: Final = "do-not-email list"
_STAYS = {
    SuppressionReason.UNSUBSCRIBED: mark(
        "They left by themselves, and only a new signup of their own takes that back."
    ),
    SuppressionReason.BOUNCED: mark(
        "Emails to it came back. If the mailbox exists again, its person signs up with another"
        " address."
    ),
    SuppressionReason.COMPLAINED: mark(
        "An email to it was reported as spam. To write there again would harm what you send to"
        " everybody else."
    ),
    SuppressionReason.ERASED: mark("They asked to be forgotten, and not even the address is kept."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotEmailList:
    """One page of the list; ``following`` is where the next one begins, ``None``: there is none."""

    asked: str
    lines: tuple[SuppressionLine, ...]
    following: tuple[datetime, str] | None
    now: datetime


def read_do_not_email(
    asked: str, transactions: Transactions, *, after: tuple[datetime, str] | None = None
) -> DoNotEmailList:
    """Return one page: the newest first, or the addresses that begin with ``asked``.

    Args:
        asked: In any case; empty: all.
        transactions: Read only.
        after: As the page before said.
    """
    words = clean_text(asked, limit=_LONGEST).lower()
    with transactions.begin_reading() as tx:
        limit = _A_PAGE + 1
        if words:
            key = after[1] if after else ""
            lines = suppressions.list_beginning(tx, words, limit=limit, after=key)
        else:
            lines = suppressions.list_newest(tx, limit=limit, after=after)
        shown = tuple(lines[:_A_PAGE])
        return DoNotEmailList(
            asked=words,
            lines=shown,
            following=(shown[-1].at, shown[-1].key) if len(lines) > _A_PAGE else None,
            now=tx.now,
        )


def stop_address(
    address: str, why: str, transactions: Transactions, *, hash_key: bytes, by: str
) -> bool:
    """Put an address on the list by hand; say whether it was not there before.

    What is queued for it does not leave: the list is asked at the moment of sending. The address
    of somebody who was erased is not written down again: it stands there by its hash.

    Args:
        address: In any form that a person types.
        why: A few words, kept with it.
        transactions: One is opened.
        hash_key: The secret under which those who were erased are remembered.
        by: Who decided.

    Raises:
        InvalidInputError: Not an address, or no reason was given.
    """
    mistakes = Mistakes()
    known = mistakes.hear(normalise_address, address)
    reason = mistakes.hear(_reason, why) or ""
    mistakes.end()
    key = (known or normalise_address(address)).key
    source = f"{by}: {reason}"
    with transactions.begin() as tx:
        hashed = address_hash(key, hash_key)
        # Who has come back since stands there with their address, as everybody does.
        if suppressions.is_erased(tx, hashed) and subscribers.find_by_key(tx, key) is None:
            is_new = suppressions.stop_erased(tx, hashed, source=source)
        else:
            is_new = suppressions.add(tx, key, SuppressionReason.BY_HAND, source=source)
        if is_new:
            _note(tx, key, "do-not-email added", by=by)
        return is_new


def _reason(why: str) -> str:
    reason = clean_text(why, limit=_LONGEST)
    if not reason:
        raise InvalidInputError(
            say("It is not said why."),
            field="why",
            remedy=say("Write a few words, such as “asked on the phone”."),
        )
    return reason


def allow_address(address: str, transactions: Transactions, *, by: str) -> None:
    """Take an address off the list again that was put there by hand.

    Raises:
        NotFoundError: It is not on the list.
        InvalidInputError: It is there for another reason, which nobody here may lift.
    """
    with transactions.begin() as tx:
        if suppressions.lift_by_hand(tx, address):
            _note(tx, address, "do-not-email taken off", by=by)
            return
        reason = suppressions.find(tx, address)
        if reason is None:
            raise NotFoundError("not on the list")
        raise InvalidInputError(
            say("This address stays on the list."), field="address", remedy=say(_STAYS[reason])
        )


def why_it_stays(reason: SuppressionReason) -> str:
    """Return why an address may not be taken off the list by hand; "" where it may."""
    return say(_STAYS[reason]) if reason in _STAYS else ""


def _note(tx: Transaction, key: str, action: str, *, by: str) -> None:
    # The log names no address: the person's id, where somebody has it.
    person = subscribers.find_by_key(tx, key)
    write_audit(tx, by=by, action=action, target=str(person.id) if person else _TARGET)
