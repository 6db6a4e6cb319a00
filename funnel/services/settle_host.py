"""A machine that never comes back: what its workers had is settled when a person says so."""

from dataclasses import dataclass
from typing import Final

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.lease_owner import is_host_id
from funnel.services.settle_from_journal import call_unknown, wake_runs
from funnel.storage import leases
from funnel.storage.audit import write_audit
from funnel.storage.leases import OpenHost
from funnel.storage.transaction import Transactions

_AT_ONCE: Final = 500
_GONE: Final = "the machine that sent it never came back"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettled:
    """How many messages a host had in hand, and whether they were settled as unknown."""

    messages: int
    is_dry_run: bool


def list_open_hosts(transactions: Transactions) -> list[OpenHost]:
    """Return the hosts whose workers have messages in hand, those with old leases first."""
    with transactions.begin_reading() as tx:
        return leases.list_open_hosts(tx)


def settle_host(
    host_id: str, transactions: Transactions, *, by: str, is_dry_run: bool, own_host_id: str = ""
) -> HostSettled:
    """Call unknown all that a host's workers had in hand, because it never comes back.

    Nobody else may say so: its journals may lie on a disk that only waits to be switched on, and
    what a running worker of it hands over meanwhile would be asked for too early.

    Args:
        host_id: As ``list_open_hosts`` names it.
        transactions: One for each 500 messages.
        by: Who says so, for the audit log.
        is_dry_run: Only count.
        own_host_id: Of the machine at which it is said: its own journals tell better.

    Raises:
        NotFoundError: That host has nothing in hand.
        InvalidInputError: That is no host's id, or it is this machine's own.
    """
    _check(host_id, own_host_id)
    found = next(
        (each for each in list_open_hosts(transactions) if each.host_id == host_id),
        None,
    )
    if found is None:
        raise NotFoundError("no worker of that host has an email in hand")
    if is_dry_run:
        return HostSettled(messages=found.messages, is_dry_run=True)
    settled = 0
    while True:
        with transactions.begin() as tx:
            claimed = leases.lock_of_host(tx, host_id, _AT_ONCE)
            woken = call_unknown(tx, claimed, reason=_GONE)
            settled += len(claimed)
            if len(claimed) < _AT_ONCE:
                write_audit(
                    tx,
                    by=by,
                    action="host given up",
                    target=host_id,
                    detail={"emails": settled},
                )
        wake_runs(transactions, woken)
        if len(claimed) < _AT_ONCE:
            return HostSettled(messages=settled, is_dry_run=False)


def _check(host_id: str, own_host_id: str) -> None:
    if not is_host_id(host_id):
        raise InvalidInputError(
            "that is no host's id",
            field="host",
            remedy="`funnel ops hosts` lists the hosts whose workers have emails in hand.",
        )
    if host_id == own_host_id:
        raise InvalidInputError(
            "that is this machine: its own journals tell what became of its emails",
            field="host",
            remedy="Start the workers here; the next sweep settles what others left.",
        )
