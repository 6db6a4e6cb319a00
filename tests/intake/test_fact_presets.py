"""What each provider's events mean, read from payloads in the shape of its documentation."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.fact_source import FactEvent, FactSource, PresetName
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.signing import MissingSignatureError
from funnel.intake.presets.catalogue import PRESETS
from funnel.intake.presets.preset import Challenge, Delivery, Reading, Verified
from tests.fixtures.fact_providers import (
    MEETING,
    PROVIDERS,
    CalCom,
    Calendly,
    Generic,
    Provider,
    Stripe,
    Zoom,
)

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=10)
ANA = "ana@example.org"


def _source(preset: PresetName, **mapping: tuple[str, ...]) -> FactSource:
    return FactSource(id=uuid4(), slug=preset, preset=preset, field_mapping=mapping)


def _read(provider: Provider, payload: Mapping[str, object], **mapping: tuple[str, ...]) -> Reading:
    delivery = Delivery(
        source=_source(provider.preset, **mapping),
        headers={},
        body=json.dumps(payload).encode(),
        now=NOW,
    )
    return PRESETS[provider.preset].read(
        delivery, Verified(secret=provider.secret, webhook_id="msg_1")
    )


def _event(
    provider: Provider, payload: Mapping[str, object], **mapping: tuple[str, ...]
) -> FactEvent:
    read = _read(provider, payload, **mapping)
    assert not isinstance(read, Challenge)
    assert len(read) == 1
    return read[0]


def _report(
    provider: Provider, payload: Mapping[str, object], **mapping: tuple[str, ...]
) -> FactReport:
    report = _event(provider, payload, **mapping).report
    assert report is not None
    return report


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda each: each.preset)
class TestEach:
    def test_a_field_that_the_source_maps_is_read_there_only(self, provider: Provider) -> None:
        payload = {**provider.begun(ANA, EARLIER), "who": {"mail": "bea@example.org"}}
        assert _report(provider, payload, email=("who.mail",)).email == "bea@example.org"

    def test_an_event_keeps_its_id_and_others_have_others(self, provider: Provider) -> None:
        payloads = [
            provider.begun(ANA, EARLIER),
            provider.begun(ANA, EARLIER),
            provider.begun(ANA, EARLIER, number=2),
            provider.ended(ANA, EARLIER),
        ]
        first, again, other, end = (_event(provider, each).event_id for each in payloads)
        assert first == again
        assert len({first, other, end}) == 3

    def test_who_gives_no_address_is_nobody(self, provider: Provider) -> None:
        if provider.preset is PresetName.GENERIC:  # there the sender can mend it
            with pytest.raises(InvalidInputError):
                _read(provider, provider.begun("", EARLIER))
            return
        for email in ("", "ana at home", "ana@localhost"):
            event = _event(provider, provider.begun(email, EARLIER))
            assert event.report is None
            assert event.ignored_because

    def test_a_preset_of_every_name(self, provider: Provider) -> None:
        assert set(PRESETS) == set(PresetName) == {each.preset for each in PROVIDERS}
        assert PRESETS[provider.preset].to_check


class TestZoom:
    zoom = Zoom()

    def test_coming_and_going_name_the_meeting_and_the_second(self) -> None:
        joined = _report(self.zoom, self.zoom.begun(ANA, EARLIER))
        left = _report(self.zoom, self.zoom.ended(ANA, NOW))
        assert (joined.kind, joined.platform_id, joined.at) == (FactKind.JOINED, MEETING, EARLIER)
        assert (left.kind, left.platform_id, left.at) == (FactKind.LEFT_ROOM, MEETING, NOW)

    def test_a_number_that_comes_as_a_number(self) -> None:
        payload = json.loads(json.dumps(self.zoom.begun(ANA, EARLIER)))
        payload["payload"]["object"]["id"] = int(MEETING)
        payload["event"] = "webinar.participant_joined"
        assert _report(self.zoom, payload).platform_id == MEETING

    def test_a_registrant_s_own_way_into_the_room(self) -> None:
        url = "https://example.zoom.us/w/85746065121?tk=t0K3n"
        report = _report(self.zoom, self.zoom.registered(ANA, EARLIER, url))
        assert (report.kind, report.url) == (FactKind.REGISTERED_THERE, url)
        assert (report.email, report.platform_id) == (ANA, MEETING)

    @pytest.mark.parametrize(
        "url", ["", "javascript:alert(1)", "http://example.org/", "https://", "https://a b", "x"]
    )
    def test_what_is_no_link_is_no_way_into_the_room(self, url: str) -> None:
        event = _event(self.zoom, self.zoom.registered(ANA, EARLIER, url))
        assert event.report is None

    def test_its_question_is_answered_with_the_hash_of_its_token(self) -> None:
        read = _read(self.zoom, self.zoom.challenge())
        assert isinstance(read, Challenge)
        assert read.answer == {
            "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
            # openssl dgst -sha256 -hmac "$secret" over the token
            "encryptedToken": "381ca56b4de00ec6b8dc1fe3c3beaa55ae0980d1a7c28d868643c55098559b4b",
        }


class TestCalendly:
    calendly = Calendly()

    def test_a_moved_booking_is_the_new_one(self) -> None:
        old = self.calendly.event("invitee.canceled", ANA, EARLIER, 1, rescheduled=True)
        new = self.calendly.event("invitee.created", ANA, EARLIER, 2, rescheduled=False)
        assert _event(self.calendly, old).report is None
        assert "moved" in _event(self.calendly, old).ignored_because
        assert _report(self.calendly, new).kind is FactKind.BOOKED

    def test_a_booking_has_its_own_address_and_names_the_one_that_it_was(self) -> None:
        first = _report(self.calendly, self.calendly.begun(ANA, EARLIER, 1))
        more = {"old_invitee": first.reference}
        moved = self.calendly.event("invitee.created", ANA, EARLIER, 2, **more)
        second = _report(self.calendly, moved)
        assert first.reference.endswith("/EVENT1/invitees/INVITEE1")
        assert (first.replaces, second.replaces) == ("", first.reference)
        ended = _report(self.calendly, self.calendly.ended(ANA, NOW, 2))
        assert ended.reference == second.reference

    def test_an_end_counts_from_when_it_was_cancelled(self) -> None:
        payload = self.calendly.event(
            "invitee.canceled", ANA, NOW, 1, cancellation={"created_at": EARLIER.isoformat()}
        )
        report = _report(self.calendly, payload)
        assert (report.kind, report.at) == (FactKind.BOOKING_CANCELLED, EARLIER)

    def test_a_name_may_be_fixed_for_all_of_a_source(self) -> None:
        report = _report(self.calendly, self.calendly.begun(ANA, EARLIER), name=("=call",))
        assert report.name == "call"


class TestCalCom:
    cal = CalCom()

    def test_a_moved_booking_is_booked(self) -> None:
        moved = self.cal.event(
            "BOOKING_RESCHEDULED", ANA, EARLIER, 2, rescheduleUid="bFJeNb2uX8ANpT3JL5EfX1"
        )
        first, second = _report(self.cal, self.cal.begun(ANA, EARLIER)), _report(self.cal, moved)
        assert second.kind is FactKind.BOOKED
        assert second.replaces == first.reference == "bFJeNb2uX8ANpT3JL5EfX1"
        assert _report(self.cal, self.cal.ended(ANA, NOW, 2)).reference == second.reference

    def test_who_booked_counts_not_their_guests(self) -> None:
        report = _report(self.cal, self.cal.begun(ANA, EARLIER))
        assert (report.email, report.name) == (ANA, "intro-call")

    def test_a_webhook_without_a_secret_is_told_so(self) -> None:
        delivery = Delivery(
            source=replace(_source(PresetName.CAL_COM), secrets=(self.cal.secret,)),
            headers={"X-Cal-Signature-256": "no-secret-provided"},
            body=b"{}",
            now=NOW,
        )
        with pytest.raises(MissingSignatureError, match="no secret in Cal"):
            PRESETS[PresetName.CAL_COM].verify(delivery)


class TestStripe:
    stripe = Stripe()

    @pytest.mark.parametrize(
        ("kind", "more", "is_bought"),
        [
            ("checkout.session.completed", {"payment_status": "paid"}, True),
            ("checkout.session.completed", {"payment_status": "no_payment_required"}, True),
            ("checkout.session.completed", {"payment_status": "unpaid"}, False),
            ("checkout.session.completed", {"mode": "setup"}, False),
            ("checkout.session.async_payment_succeeded", {"payment_status": "paid"}, True),
            ("checkout.session.async_payment_failed", {"payment_status": "unpaid"}, False),
            ("checkout.session.expired", {"payment_status": "unpaid"}, False),
        ],
    )
    def test_only_what_is_paid_is_bought(
        self, kind: str, more: dict[str, object], *, is_bought: bool
    ) -> None:
        event = _event(self.stripe, self.stripe.event(kind, ANA, EARLIER, 1, **more))
        assert (event.report is not None) is is_bought
        assert bool(event.ignored_because) is not is_bought

    def test_one_checkout_is_one_purchase(self) -> None:
        first = _report(self.stripe, self.stripe.begun(ANA, EARLIER))
        second = _report(self.stripe, self.stripe.ended(ANA, NOW))
        assert first.dedupe == second.dedupe

    @pytest.mark.parametrize(
        ("more", "name"),
        [
            ({}, "group-programme"),
            ({"metadata": {"price": "early"}}, "early"),
            ({"metadata": {}}, "visitor-77"),
            ({"metadata": {}, "client_reference_id": None}, ""),
            (
                {"metadata": {}, "line_items": {"data": [{"price": {"nickname": "Yearly"}}]}},
                "Yearly",
            ),
        ],
    )
    def test_what_was_bought(self, more: dict[str, object], name: str) -> None:
        payload = self.stripe.event("checkout.session.completed", ANA, EARLIER, 1, **more)
        assert _report(self.stripe, payload).name == name

    def test_the_address_of_the_checkout_before_the_one_that_was_prefilled(self) -> None:
        payload = self.stripe.event(
            "checkout.session.completed",
            ANA,
            EARLIER,
            1,
            customer_details=None,
            customer_email="bea@example.org",
        )
        assert _report(self.stripe, payload).email == "bea@example.org"


class TestGeneric:
    generic = Generic()

    def test_every_field(self) -> None:
        session = uuid4()
        fact = {
            "id": "crm-1",
            "kind": "Left_The_Room",
            "email": "Ana Muster <ana@example.org>",
            "at": "2026-11-24T20:50:00+01:00",
            "session": str(session),
            "platform_id": 857,
            "name": "  a\tname ",
        }
        event = _event(self.generic, fact)
        assert event.event_id == "crm-1"
        assert event.report == FactReport(
            kind=FactKind.LEFT_ROOM,
            source="generic",
            email=ANA,
            at=datetime(2026, 11, 24, 19, 50, tzinfo=UTC),
            session_id=session,
            platform_id="857",
            name="a name",
            dedupe="crm-1",
        )

    def test_the_end_of_a_booking_may_say_which(self) -> None:
        fact = {"kind": "booking_cancelled", "email": ANA, "reference": 4711}
        assert _report(self.generic, fact).reference == "4711"
        mapped = {"kind": "booked", "email": ANA, "deal": {"no": "D-1"}}
        assert _report(self.generic, mapped, reference=("deal.no",)).reference == "D-1"
        assert _report(self.generic, {**fact, "kind": "bought"}).reference == ""

    def test_without_an_id_it_has_the_delivery_s_and_without_a_moment_the_present(self) -> None:
        event = _event(self.generic, {"kind": "replied", "email": ANA})
        assert event.event_id == "msg_1"
        assert event.report is not None
        assert event.report.at == NOW

    def test_a_list_has_an_event_for_each(self) -> None:
        facts = [{"kind": "goal", "email": f"p{n}@example.org"} for n in range(100)]
        read = _read(self.generic, {"facts": facts})
        assert not isinstance(read, Challenge)
        assert [each.event_id for each in read] == [f"msg_1/{n}" for n in range(100)]
        assert json.loads(read[7].payload) == facts[7]

    def test_fields_by_other_names(self) -> None:
        payload = {"event": {"type": "attended", "on": 1795550000}, "lead": {"mail": ANA}}
        report = _report(
            self.generic,
            payload,
            kind=("event.type",),
            email=("contact.mail", "lead.mail"),
            at=("event.on",),
            session=("=6a7f4c22-8a53-4d0d-8f3a-3a1d5f0f9a11",),
        )
        assert (report.kind, report.email) == (FactKind.ATTENDED, ANA)
        assert report.at == datetime.fromtimestamp(1795550000, UTC)
        assert report.session_id == UUID("6a7f4c22-8a53-4d0d-8f3a-3a1d5f0f9a11")

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"email": None}, "email"),
            ({"email": "ana"}, "email"),
            ({"email": ["ana@example.org"]}, "email"),
            ({"kind": None}, "kind"),
            ({"kind": True}, "kind"),
            ({"kind": "tagged", "name": ""}, "name"),
            ({"session": "next"}, "session"),
            ({"at": "yesterday"}, "at"),
            ({"at": "2026-11-24T20:00:00"}, "at"),
            ({"at": "2026-11-24T20:06:00Z"}, "at"),
            ({"at": 10**18}, "at"),
            ({"at": True}, "at"),
            ({"at": "0001-01-01T00:00:00+23:59"}, "at"),
            ({"id": "a\nb"}, "id"),
            ({"id": "x" * 256}, "id"),
            ({"reference": "x" * 256}, "reference"),
            ({"name": {"a": 1}}, "name"),
        ],
    )
    def test_a_wrong_field_is_named(self, change: dict[str, object], field: str) -> None:
        fact = {"id": "1", "kind": "booked", "email": ANA} | change
        with pytest.raises(InvalidInputError) as caught:
            _read(self.generic, fact)
        assert caught.value.field == field
        assert caught.value.remedy
        with pytest.raises(InvalidInputError) as caught:
            _read(self.generic, {"facts": [{"kind": "goal", "email": ANA}, fact]})
        assert caught.value.field == f"facts.1.{field}"

    @pytest.mark.parametrize("facts", [[], {}, "x", [{"kind": "goal", "email": ANA}] * 101])
    def test_a_list_of_another_size_or_none(self, facts: object) -> None:
        with pytest.raises(InvalidInputError) as caught:
            _read(self.generic, {"facts": facts})
        assert caught.value.field == "facts"

    @pytest.mark.parametrize("item", [None, "goal", [], 5])
    def test_an_item_that_is_no_object(self, item: object) -> None:
        with pytest.raises(InvalidInputError) as caught:
            _read(self.generic, {"facts": [item]})
        assert caught.value.field == "facts.0.kind"

    @pytest.mark.parametrize("kind", ["clicked", "signed up", "confirmed", "registered there", "x"])
    def test_what_is_not_reported_is_ignored(self, kind: str) -> None:
        event = _event(self.generic, {"kind": kind, "email": ANA})
        assert event.report is None
        assert "tagged" in event.ignored_because
