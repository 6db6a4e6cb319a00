"""Opened the confirmation and did not press: counted of people, not of scanners."""

from datetime import timedelta

from funnel.domain.signup import Visitor
from funnel.domain.status import SILENT_AFTER, Confirmations
from funnel.services.judge_evidence import judge_evidence
from funnel.services.read_confirmation import read_confirmation
from funnel.services.read_status import read_status
from funnel.services.remind_signups import remind_signups
from tests.fixtures.signups import RULES, Door
from tests.fixtures.world import TUESDAY_NOON

BROWSER = Visitor(ip="192.0.2.7", user_agent="Mozilla/5.0 Chrome/142.0", method="GET")


def counted(door: Door) -> tuple[Confirmations, ...]:
    return read_status(
        door.world.transactions,
        broker_url="redis://127.0.0.1:1/0",
        queues=("deliver",),
        silent_after=SILENT_AFTER,
    ).confirmations


def test_each_signup_is_counted_once_by_what_its_person_did(door: Door) -> None:
    world = door.world
    assert counted(door) == ()
    pressed, opened, scanned, silent = (
        door.sign_up(f"{name}@example.org") for name in ("pressed", "opened", "scanned", "silent")
    )
    world.travel_to(TUESDAY_NOON + timedelta(minutes=10))
    for _ in range(3):
        read_confirmation(opened, world.transactions, BROWSER)
    read_confirmation(pressed, world.transactions, BROWSER)
    for method in ("HEAD", "GET"):
        scanner = Visitor(ip="198.51.100.9", user_agent="Mimecast", method=method)
        read_confirmation(scanned, world.transactions, scanner)
    door.confirm(pressed)
    world.travel_to(TUESDAY_NOON + timedelta(minutes=20))
    assert judge_evidence(world.transactions) == 6
    expected = Confirmations(sequence="short", asked=4, pressed=1, only_opened=1)
    assert counted(door) == (expected,)
    assert expected.unopened == 2
    # What was seen of expired signups is forgotten with them; the count stays for its 30 days.
    for days in (3, 8):
        world.travel_to(TUESDAY_NOON + timedelta(days=days))
        remind_signups(world.transactions, RULES)
    assert world.ask("select count(*) from evidence where signup_id = :id", id=opened) == 0
    assert world.ask("select status from signups where id = :id", id=silent) == "expired"
    assert counted(door) == (expected,)
    world.travel_to(TUESDAY_NOON + timedelta(days=31))
    assert counted(door) == ()
