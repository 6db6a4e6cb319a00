"""A person says yes to a topic that asked to send its events here."""

from collections.abc import Callable

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.storage import delivery_payloads
from funnel.storage.audit import write_audit
from funnel.storage.delivery_payloads import ProviderSubscription
from funnel.storage.transaction import Transactions

Follow = Callable[[str, str], None]
"""Follows a provider's link for a topic; raises where it leads elsewhere or was not taken."""


def list_subscriptions(transactions: Transactions) -> list[ProviderSubscription]:
    """Return every topic that has asked, what waits for a person first."""
    with transactions.begin_reading() as tx:
        return delivery_payloads.list_subscriptions(tx)


def confirm_subscription(
    topic: str, follow: Follow, transactions: Transactions, *, by: str
) -> ProviderSubscription:
    """Follow the link by which a topic begins to send, and write down who said so.

    Args:
        topic: As it was listed; "" where one alone waits.
        follow: Asks the provider; outside of any transaction.
        transactions: Two short ones are opened.
        by: Who says yes.

    Raises:
        NotFoundError: No such topic has asked.
        InvalidInputError: Several wait and none was named; or the provider did not take it.
        SignatureError: The link does not lead to the provider.
    """
    chosen = _chosen(list_subscriptions(transactions), topic)
    follow(chosen.subscribe_url, chosen.topic)
    with transactions.begin() as tx:
        delivery_payloads.confirm_subscription(tx, chosen.provider, chosen.topic, by=by)
        write_audit(tx, by=by, action="subscription confirmed", target=chosen.topic)
    return chosen


def _chosen(known: list[ProviderSubscription], topic: str) -> ProviderSubscription:
    waiting = [each for each in known if each.subscribe_url and topic in {"", each.topic}]
    if not waiting:
        raise NotFoundError(
            "no topic waits to be confirmed; “funnel provider subscriptions” shows them"
        )
    if len(waiting) > 1:
        raise InvalidInputError(
            "several topics wait",
            field="topic",
            remedy="Name one: " + ", ".join(each.topic for each in waiting),
        )
    return waiting[0]
