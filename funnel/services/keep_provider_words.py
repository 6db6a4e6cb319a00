"""What a provider said that is no event: what could not be read, and topics that ask to send."""

import structlog

from funnel.domain.errors import InvalidInputError
from funnel.domain.text import clean_text
from funnel.sending.delivery_events import SubscriptionAsk
from funnel.storage import delivery_payloads
from funnel.storage.transaction import Transactions

log = structlog.get_logger()

_REASON_LIMIT = 500  # characters


def keep_unread(
    error: InvalidInputError, provider: str, body: bytes, transactions: Transactions
) -> None:
    """Keep a verified request that could not be read, with the reason; log it without its body.

    The 1,000 newest of each provider stay, for 30 days.
    """
    reason = clean_text(str(error), limit=_REASON_LIMIT)
    log.warning("events.unread", provider=provider, reason=reason)
    with transactions.begin() as tx:
        delivery_payloads.keep(tx, provider, reason=reason, body=body)


def note_subscription(provider: str, ask: SubscriptionAsk, transactions: Transactions) -> None:
    """Write that a topic asks to send here, or will no more; a person decides what follows."""
    event = "subscription.ended" if ask.has_ended else "subscription.asked"
    log.warning(event, provider=provider, topic=ask.topic)
    with transactions.begin() as tx:
        if ask.has_ended:
            delivery_payloads.end_subscription(
                tx, provider, ask.topic, subscribe_url=ask.subscribe_url
            )
        else:
            delivery_payloads.ask_to_subscribe(
                tx, provider, ask.topic, subscribe_url=ask.subscribe_url
            )
