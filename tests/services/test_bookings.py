"""Several bookings of one person, as each system tells of them: which stand, in any order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from funnel.domain.fact_source import FactSource
from funnel.domain.happenings import happened_at
from funnel.domain.sequence import Condition, ConditionKind
from funnel.intake.presets.catalogue import PRESETS
from funnel.intake.presets.preset import Challenge, Delivery, Verified
from funnel.services.receive_facts import receive_facts
from funnel.storage import enrollments
from tests.fixtures.fact_providers import CalCom, Calendly, Generic, Provider
from tests.fixtures.facts import add_fact_source
from tests.fixtures.signups import Door
from tests.fixtures.world import World

ANA = "ana@example.org"
NOW = datetime.now(UTC)
CALENDLY, CAL, GENERIC = Calendly(), CalCom(), Generic()
INVITEE = "https://api.calendly.com/scheduled_events/EVENT1/invitees/INVITEE1"
Payload = Mapping[str, object]


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def named(payload: Mapping[str, object], reference: str) -> Payload:
    return {**payload, "reference": reference}


def two(provider: Provider) -> list[Payload]:
    """Two of one kind, and the end of the first."""
    return [
        provider.begun(ANA, ago(30), 1),
        provider.begun(ANA, ago(20), 2),
        provider.ended(ANA, ago(10), 1),
    ]


MOVED_IN_CALENDLY = [
    CALENDLY.begun(ANA, ago(30), 1),
    CALENDLY.event("invitee.canceled", ANA, ago(20), 1, rescheduled=True),
    CALENDLY.event("invitee.created", ANA, ago(20), 2, old_invitee=INVITEE),
]
MOVED_IN_CAL = [
    CAL.begun(ANA, ago(30), 1),
    CAL.event("BOOKING_RESCHEDULED", ANA, ago(20), 2, rescheduleUid="bFJeNb2uX8ANpT3JL5EfX1"),
]
CRM = [named(each, str(1 + number % 2)) for number, each in enumerate(two(GENERIC))]
NAMELESS_END = {"kind": "booking cancelled", "email": ANA, "id": "end", "at": ago(5).isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """Ana's run, and the source that tells of her bookings."""

    world: World
    run: UUID

    def tell(self, provider: Provider, source: FactSource, payload: Payload) -> None:
        delivery = Delivery(source=source, headers={}, body=json.dumps(payload).encode(), now=NOW)
        verified = Verified(secret=provider.secret, webhook_id="msg_1")
        read = PRESETS[provider.preset].read(delivery, verified)
        assert not isinstance(read, Challenge)
        receive_facts(read, source, self.world.transactions)

    def is_booked(self) -> bool:
        condition = Condition(kind=ConditionKind.BOOKED)
        with self.world.transactions.begin() as tx:
            (run,) = enrollments.load_runs(tx, [self.run])
        enrolled_at = run.enrollment.enrolled_at
        return happened_at(condition, run.facts.happened, enrolled_at=enrolled_at) is not None


@pytest.fixture
def diary(world: World, door: Door) -> Diary:
    return Diary(world=world, run=door.seat(ANA).enrollment_id)


STORIES = [
    ("two of a kind, one cancelled", CALENDLY, two(CALENDLY), True),
    ("two of a kind, one cancelled", CAL, two(CAL), True),
    ("two of a kind, one cancelled", GENERIC, CRM, True),
    ("moved to another time", CALENDLY, MOVED_IN_CALENDLY, True),
    ("moved to another time", CAL, MOVED_IN_CAL, True),
    (
        "moved, then cancelled",
        CALENDLY,
        [*MOVED_IN_CALENDLY, CALENDLY.ended(ANA, ago(5), 2)],
        False,
    ),
    ("moved, then cancelled", CAL, [*MOVED_IN_CAL, CAL.ended(ANA, ago(5), 2)], False),
    ("an end that names none", GENERIC, [*CRM[:2], NAMELESS_END], False),
]


@pytest.mark.parametrize(("story", "provider", "payloads", "is_booked"), STORIES)
def test_a_live_booking_counts_whatever_else_was_cancelled(
    diary: Diary, story: str, provider: Provider, payloads: list[Payload], *, is_booked: bool
) -> None:
    source = add_fact_source(diary.world, provider)
    for order in permutations(payloads):
        for payload in order:
            diary.tell(provider, source, payload)
        assert diary.is_booked() is is_booked, order
        diary.world.execute("delete from facts")
        diary.world.execute("delete from received_facts")


def test_ids_of_two_systems_do_not_meet(diary: Diary, world: World) -> None:
    crm, shop = (add_fact_source(world, GENERIC, slug=slug) for slug in ("crm", "shop"))
    diary.tell(GENERIC, crm, named(GENERIC.begun(ANA, ago(30)), "1"))
    diary.tell(GENERIC, shop, named(GENERIC.ended(ANA, ago(10)), "1"))
    assert diary.is_booked()


def test_what_waits_for_its_person_keeps_which_booking_it_is_about(
    world: World, door: Door
) -> None:
    source = add_fact_source(world, CAL)
    diary = Diary(world=world, run=door.seat("bea@example.org").enrollment_id)
    for payload in two(CAL):
        diary.tell(CAL, source, payload)
    assert Diary(world=world, run=door.seat(ANA).enrollment_id).is_booked()
