"""What is special to one provider, over real HTTP: Zoom's question and own links, lists, moves."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from funnel.services.add_fact_source import rotate_fact_secret
from tests.fixtures.fact_providers import CalCom, Calendly, Generic, Stripe, Zoom
from tests.fixtures.facts import FactsHook, MakeFactsHook

ANA = "ana@example.org"


def _ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


class TestZoom:
    zoom = Zoom()

    @pytest.fixture
    def at(self, make_facts_hook: MakeFactsHook) -> FactsHook:
        return make_facts_hook(self.zoom)

    def test_its_question_is_answered_with_the_secret_that_signed_it(self, at: FactsHook) -> None:
        first = at.send(self.zoom.challenge())
        assert first.status_code == 200
        assert first.json()["plainToken"] == "qgg8vlvZRS6UYooatFL8Aw"
        rotate_fact_secret("zoom", self.zoom.other_secret, at.world.transactions)
        new = at.wait_for_secret(self.zoom.challenge(), self.zoom.other_secret).json()
        assert new["encryptedToken"] != first.json()["encryptedToken"]
        assert at.send(self.zoom.challenge()).json() == first.json()
        assert at.statuses() == {}  # a question is no event

    def test_nobody_else_gets_an_answer(self, at: FactsHook) -> None:
        answer = at.send(self.zoom.challenge(), secret=self.zoom.other_secret)
        assert answer.status_code == 401
        assert "encryptedToken" not in answer.text

    def test_coming_is_having_attended_and_going_says_until_when(self, at: FactsHook) -> None:
        at.seated()
        at.send(self.zoom.ended(ANA, _ago(1)))
        at.send(self.zoom.begun(ANA, _ago(5)))
        # Each becomes plan time when it comes, by clocks that were asked one after the other.
        seat = at.world.ask(
            "select json_build_array(attendance, "
            "round(extract(epoch from left_at - joined_at) / 60)) from registrations"
        )
        assert seat == ["attended", 4]

    def test_a_registrant_s_own_link_is_kept_with_the_seat(self, at: FactsHook) -> None:
        url = "https://example.zoom.us/w/85746065121?tk=t0K3n"
        assert at.send(self.zoom.registered(ANA, _ago(3), url)).status_code == 202
        at.door.seat(ANA, at.sitting(timedelta(minutes=10)))
        assert at.world.ask("select join_url from registrations") == url

    def test_of_several_sittings_of_one_number_the_registrant_s_own_is_meant(
        self, at: FactsHook
    ) -> None:
        url = "https://example.zoom.us/w/85746065121?tk=t0K3n"
        at.sitting(timedelta(minutes=10))
        at.door.seat(ANA, at.sitting(timedelta(days=14)))
        assert at.send(self.zoom.registered(ANA, _ago(3), url)).status_code == 200
        assert at.world.ask("select join_url from registrations") == url

    def test_a_participant_without_an_address_is_no_failure(self, at: FactsHook) -> None:
        answer = at.send(self.zoom.begun("", _ago(1)))
        assert answer.status_code == 200
        assert answer.json()["status"] == "ignored"
        assert "no email address" in answer.json()["reason"]


def _latest(at: FactsHook) -> str:
    """Return what is known last of Ana's bookings; of one moment, booked counts."""
    timed = at.timed_facts()
    last = max(moment for _, _, moment in timed)
    kinds = {kind for kind, _, moment in timed if moment == last}
    return "booked" if "booked" in kinds else kinds.pop()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_who_moves_a_booking_at_calendly_ends_as_booked(
    make_facts_hook: MakeFactsHook, order: tuple[int, int, int]
) -> None:
    calendly = Calendly()
    at = make_facts_hook(calendly)
    at.seated()
    moved_at = _ago(2)
    story = [
        calendly.begun(ANA, _ago(5)),
        calendly.event("invitee.canceled", ANA, moved_at, 1, rescheduled=True, status="canceled"),
        calendly.event("invitee.created", ANA, moved_at, 2, old_invitee="…/INVITEE1"),
    ]
    for number in order:
        assert at.send(story[number]).status_code == 200
    assert _latest(at) == "booked"
    at.send(calendly.ended(ANA, _ago(1), number=2))
    assert _latest(at) == "booking cancelled"


def test_who_moves_a_booking_at_cal_com_ends_as_booked(make_facts_hook: MakeFactsHook) -> None:
    cal = CalCom()
    at = make_facts_hook(cal)
    at.seated()
    at.send(cal.event("BOOKING_RESCHEDULED", ANA, _ago(2), 2, rescheduleUid="1"))
    at.send(cal.begun(ANA, _ago(5)))
    assert _latest(at) == "booked"


def test_a_slow_payment_counts_once_it_has_come(make_facts_hook: MakeFactsHook) -> None:
    stripe = Stripe()
    at = make_facts_hook(stripe)
    at.seated()
    kind = "checkout.session.completed"
    at.send(stripe.event(kind, ANA, _ago(5), 1, payment_status="unpaid"))
    assert at.facts() == []
    at.send(stripe.ended(ANA, _ago(1)))
    assert at.facts() == [("bought", "group-programme")]


class TestGeneric:
    @pytest.fixture
    def at(self, make_facts_hook: MakeFactsHook) -> FactsHook:
        return make_facts_hook(Generic())

    def _send(self, at: FactsHook, facts: list[dict[str, object]]) -> requests.Response:
        return at.send({"facts": facts})

    def test_a_list_says_what_became_of_each(self, at: FactsHook) -> None:
        at.seated()
        facts: list[dict[str, object]] = [
            {"id": "1", "kind": "tagged", "email": ANA, "name": "vip"},
            {"id": "2", "kind": "tagged", "email": "nobody@example.org", "name": "vip"},
            {"id": "3", "kind": "clapped", "email": ANA},
        ]
        answer = self._send(at, facts)
        assert answer.status_code == 202
        found = [(each["id"], each["status"]) for each in answer.json()["facts"]]
        assert found == [("1", "applied"), ("2", "waiting"), ("3", "ignored")]
        # Sent again alone, under its own id, it is the same fact.
        assert at.send(facts[0]).json() == {"id": "1", "status": "applied"}
        assert at.facts() == [("tagged", "vip")]

    def test_one_that_is_wrong_keeps_the_whole_list_out(self, at: FactsHook) -> None:
        at.seated()
        answer = self._send(at, [{"kind": "goal", "email": ANA}, {"kind": "goal", "email": "x"}])
        assert answer.status_code == 422
        assert answer.json()["field"] == "facts.1.email"
        assert at.facts() == []
        assert at.statuses() == {"refused": 1}

    def test_a_session_by_its_id(self, at: FactsHook) -> None:
        at.seated()
        session = str(at.world.ask("select id from sessions"))
        fact = {"kind": "attended", "email": ANA, "session": session, "at": _ago(1).isoformat()}
        assert at.send(fact).json()["status"] == "applied"
        assert at.world.ask("select attendance from registrations") == "attended"
