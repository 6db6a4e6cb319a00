"""Who is let in by each provider's signature, and by nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from funnel.domain.errors import SignatureError
from funnel.domain.fact_source import FactSource, PresetName
from funnel.intake.presets.catalogue import PRESETS
from funnel.intake.presets.preset import Delivery, Verified
from tests.fixtures.fact_providers import PROVIDERS, Provider, Stripe

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
SOURCE = FactSource(id=uuid4(), slug="any", preset=PresetName.GENERIC)


def _verify(
    provider: Provider, headers: Mapping[str, str], secrets: tuple[str, ...] = ()
) -> Verified:
    source = replace(SOURCE, preset=provider.preset, secrets=secrets or (provider.secret,))
    delivery = Delivery(source=source, headers=headers, body=b"{}", now=NOW)
    return PRESETS[provider.preset].verify(delivery)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "t=1,t=2,v1={hex}",
        "v1={hex}",
        "t={t},v0={hex}",
        "t={t},v1={hex}00",
        "t={t}.5,v1={hex}",
        "t={t},v1=é",
    ],
)
def test_a_header_of_another_form_opens_nothing(header: str) -> None:
    stripe = Stripe()
    signed = stripe.sign(b"{}", stripe.secret, NOW)["Stripe-Signature"]
    right = signed.partition("v1=")[2].partition(",")[0]
    written = header.format(hex=right, t=int(NOW.timestamp()))
    with pytest.raises(SignatureError):
        _verify(stripe, {"stripe-signature": written})


def test_of_several_signatures_one_must_fit() -> None:
    stripe = Stripe()
    signed = stripe.sign(b"{}", stripe.secret, NOW)["Stripe-Signature"]
    rolled = signed.replace(",v1=", f",v1={'0' * 64},v1=")
    assert _verify(stripe, {"stripe-signature": rolled}).secret == stripe.secret


# Standard Webhooks cannot even sign with an empty secret.
@pytest.mark.parametrize("provider", PROVIDERS[:-1], ids=lambda each: each.preset)
def test_an_empty_secret_opens_nothing(provider: Provider) -> None:
    with pytest.raises(SignatureError):
        _verify(provider, provider.sign(b"{}", "", NOW), secrets=("",))


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda each: each.preset)
def test_five_minutes_are_allowed_both_ways(provider: Provider) -> None:
    for seconds in (-300, 0, 300):
        at = NOW + timedelta(seconds=seconds)
        _verify(provider, provider.sign(b"{}", provider.secret, at))
    if provider.signs_time:
        for seconds in (-301, 301):
            at = NOW + timedelta(seconds=seconds)
            with pytest.raises(SignatureError):
                _verify(provider, provider.sign(b"{}", provider.secret, at))
