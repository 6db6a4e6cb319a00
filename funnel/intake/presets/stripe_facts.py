"""What Stripe's checkout events mean: docs.stripe.com/checkout/fulfillment.

``checkout.session.completed`` is a purchase once it is paid (or costs nothing). With a slow way of
paying it is not yet; then ``checkout.session.async_payment_succeeded`` follows. One checkout is one
purchase, whichever of the two tells it, or both.
"""

from typing import Final

from funnel.domain.facts import FactKind, FactReport
from funnel.intake.presets.preset import Delivery, Reading, Verified
from funnel.intake.presets.reading import (
    address_of,
    fact_name,
    find,
    ignored,
    missing,
    moment_of,
    needed,
    pick,
    reported,
    text_at,
)
from funnel.intake.strict_json import JsonValue, parse_json

_COMPLETED: Final = "checkout.session.completed"
_PAID_LATER: Final = "checkout.session.async_payment_succeeded"
_PAID: Final = frozenset({"paid", "no_payment_required"})
_SETUP: Final = "setup"  # saves a card, sells nothing

_ADDRESSES: Final = ("data.object.customer_details.email", "data.object.customer_email")
# What was bought, best first: what the seller wrote on the link or session. Items are not part of
# the event, except where an integration expands them.
_NAMES: Final = (
    "data.object.metadata.product",
    "data.object.metadata.price",
    "data.object.line_items.data.0.price.nickname",
    "data.object.client_reference_id",
)


def read(delivery: Delivery, _verified: Verified) -> Reading:
    """Return the purchase, if the event is one.

    Raises:
        InvalidInputError: No JSON, or a field that such an event always has is missing.
    """
    body = parse_json(delivery.body)
    own_id, event = fact_name(text_at(body, "id")), text_at(body, "type")
    if not own_id or not event:
        raise missing("id" if not own_id else "type", "what tells one event from another")
    because = _no_purchase(event, body)
    mapping = delivery.source.field_mapping
    email = None if because else address_of(body, _ADDRESSES, mapping)
    if email is None:
        return ignored(own_id, delivery.body, because or "the checkout has no email address")
    checkout = needed(body, "data.object.id", "the id of the checkout")
    report = FactReport(
        kind=FactKind.BOUGHT,
        source=delivery.source.slug,
        email=email,
        at=moment_of(find(body, "created"), delivery.now, field="created"),
        name=fact_name(pick(body, "name", _NAMES, mapping)),
        dedupe=f"checkout:{checkout}",
    )
    return reported(own_id, delivery.body, report)


def _no_purchase(event: str, body: JsonValue) -> str:
    """Return why an event is no purchase, "" where it is one."""
    if event not in {_COMPLETED, _PAID_LATER}:
        return f"“{event[:50]}” says nothing that is counted"
    if text_at(body, "data.object.mode") == _SETUP:
        return "a card was saved, nothing was bought"
    if event == _COMPLETED and text_at(body, "data.object.payment_status") not in _PAID:
        return "not paid yet: the event of the payment counts"
    return ""
