"""Somebody is erased while something else is under way with them: no deadlock, and nothing left."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from funnel.domain.errors import FunnelError
from funnel.domain.people_import import Outcome
from funnel.services.confirm_signup import confirm_signup
from funnel.services.continue_announcements import continue_announcements
from funnel.services.continue_imports import continue_imports
from funnel.services.deliver_batch import deliver_batch
from funnel.services.enroll_by_hand import HandConsent, HandEnrollment, enroll_by_hand
from funnel.services.erase_person import erase_person
from funnel.services.import_people import start_import
from funnel.services.note_person import add_note
from funnel.services.resend_email import resend_email
from funnel.storage import subscribers
from funnel.storage.transaction import Transactions, open_database
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.signups import RULES, VISITOR, Door
from tests.fixtures.world import TUESDAY_NOON
from tests.services.announced import Hall
from tests.services.importing import kit, told, upload
from tests.services.test_erase_person import ADDRESS, BY, KEY, found_anywhere

Act = Callable[[Transactions], object]
LINE = f"1,Zdenka,{ADDRESS},active,2025-03-01,vip,Xylander"
OTHER_LINE = "2,Ben,ben@example.org,active,2025-03-01,,"


def erase(transactions: Transactions, person: UUID, address: str = ADDRESS) -> None:
    erase_person(person, address, transactions, hash_key=RULES.hash_key, by=BY)


@dataclass(slots=True)
class Scene:
    """Zdenka Xylander holds a seat, and much can be done with her at once."""

    post: Post
    door: Door
    hall: Hall
    person: UUID
    run: UUID

    def act(self, name: str) -> Act:
        """Prepare one, so that nothing but the act itself is left to do."""
        return {
            "import": self._import,
            "announcement": self._announcement,
            "confirm": self._confirm,
            "resend": lambda: lambda t: resend_email(self.run, "your-seat", t, seen=1, by=BY),
            "enroll": lambda: self._enroll,
            "note": lambda: lambda t: add_note(self.person, "Zdenka called.", t, by=BY),
        }[name]()

    def _import(self) -> Act:
        import_id = upload(self.post.world, kit(LINE, OTHER_LINE))
        start_import(import_id, by=BY, transactions=self.post.world.transactions)
        return lambda t: continue_imports(t, hash_key=RULES.hash_key)

    def _announcement(self) -> Act:
        self.hall.announce()
        return continue_announcements

    def _confirm(self) -> Act:
        signup = self.door.accept(self.door.request(ADDRESS, first_name="Zdenka")).id
        return lambda t: confirm_signup(signup, None, VISITOR, t)

    def _enroll(self, transactions: Transactions) -> object:
        into = HandEnrollment(sequence_id=self.post.world.sequence_id)
        given = HandConsent(wants_letters=True, wording="Xylander: yes", source="Zdenka's call")
        return enroll_by_hand(self.person, into, given, transactions, by=BY)

    def one_after_the_other(self, acts: list[Act]) -> list[object]:
        """Let each wait for the person's row in this order, then let go of it.

        So the later acts have read all that they read before a lock, and know nothing of the first.
        """
        transactions = open_database(self.post.world.url, pool_size=8)
        waiting: list[Future[object]] = []
        with ThreadPoolExecutor(len(acts)) as pool:
            with self.post.world.transactions.begin() as tx:
                subscribers.lock(tx, [self.person])
                for each in acts:
                    waiting.append(pool.submit(_done, each, transactions))
                    self._until_blocked(len(waiting))
            answers = [each.result(timeout=30) for each in waiting]
        transactions.close()
        return answers

    def _until_blocked(self, many: int) -> None:
        ends_at = time.monotonic() + 20
        blocked = (
            "select count(*) from pg_stat_activity where datname = current_database() "
            "and wait_event_type = 'Lock'"
        )
        while self.post.world.ask(blocked) != many:
            assert time.monotonic() < ends_at, "somebody does not wait for the person's lock"
            time.sleep(0.01)


def _done(act: Act, transactions: Transactions) -> object:
    try:
        return act(transactions)
    except FunnelError as error:
        return error


@pytest.fixture
def scene(post: Post, door: Door) -> Scene:
    post.world.publish_notice("confirm")
    hall = Hall(post, 1)
    person, run = hall.people[0], hall.runs[0]
    post.world.execute(
        "update subscribers set email = :address, email_key = :key, first_name = 'Zdenka', "
        "last_name = 'Xylander', confirmed_at = plan_now() where id = :id",
        address=ADDRESS,
        key=KEY,
        id=person,
    )
    post.world.execute("update enrollments set next_due_at = plan_now(), waiting_for = null")
    post.deliver()
    return Scene(post, door, hall, person, run)


def assert_gone(scene: Scene, mails: int) -> None:
    """Nothing names them, nothing is on its way, and whatever is done next sends nothing."""
    world = scene.post.world
    assert found_anywhere(world) == []
    waiting = "select count(*) from messages where subscriber_id = :id and status = 'queued'"
    assert world.ask(waiting, id=scene.person) == 0
    active = "select count(*) from enrollments where subscriber_id = :id and state = 'active'"
    assert world.ask(active, id=scene.person) == 0
    continue_announcements(world.transactions)
    for days in (0, 1, 8):
        world.travel_to(TUESDAY_NOON + timedelta(days=days))
        scene.post.deliver()
    assert [
        each for each in scene.post.server.accepted[mails:] if KEY.encode() in each.lower()
    ] == []
    assert_balanced(world)


@pytest.mark.parametrize("name", ["import", "announcement", "confirm", "resend", "enroll", "note"])
@pytest.mark.parametrize("place", [0, 1])
def test_whatever_waits_for_them_finds_nobody_or_is_erased_too(
    scene: Scene, name: str, place: int
) -> None:
    act = scene.act(name)
    mails = len(scene.post.server.accepted)

    def forget(transactions: Transactions) -> None:
        erase(transactions, scene.person)

    acts = [act]
    acts.insert(place, forget)
    answers = scene.one_after_the_other(acts)
    assert answers[place] is None, answers
    assert_gone(scene, mails)


def test_a_file_that_waited_says_so_and_takes_in_everybody_else(scene: Scene) -> None:
    act = scene.act("import")
    scene.one_after_the_other([lambda t: erase(t, scene.person), act])
    import_id = scene.post.world.ask("select id from imports")
    assert isinstance(import_id, UUID)
    outcomes = [each[1] for each in told(scene.post.world, import_id)]
    assert outcomes[1] == str(Outcome.NEW)
    assert scene.post.world.ask("select count(*) from subscribers where email_key = :k", k=KEY) == 0


def test_while_emails_leave_they_left_before_or_never(post: Post) -> None:
    world = post.world
    hall = Hall(post, 8)
    world.execute("update enrollments set next_due_at = plan_now(), waiting_for = null")
    claimed = post.claim()
    assert len(claimed) == 8
    transactions = open_database(world.url, pool_size=9)

    def forget(number: int) -> object:
        act = partial(erase, person=hall.people[number], address=f"p{number}@example.org")
        return _done(act, transactions)

    with ThreadPoolExecutor(9) as pool:
        sending = pool.submit(deliver_batch, claimed, post.delivery)
        answers = list(pool.map(forget, reversed(range(8))))
        tally = sending.result(timeout=60)
    # Whoever's email was leaving was refused, and is erased now.
    for number, answer in zip(reversed(range(8)), answers, strict=True):
        if answer is not None:
            assert "at this very moment" in str(answer)
            assert forget(number) is None
    transactions.close()
    assert len(post.server.accepted) == tally["accepted"]
    assert world.ask("select count(*) from messages where status in ('queued', 'sending')") == 0
    assert world.ask("select count(*) from subscribers where email <> ''") == 0
    _let_days_pass(post)
    assert len(post.server.accepted) == tally["accepted"]
    assert_balanced(world)


def _let_days_pass(post: Post) -> None:
    for days in (0, 1, 8):
        post.world.travel_to(TUESDAY_NOON + timedelta(days=days))
        post.deliver()
