"""Links of one person that one visitor opens at about the same time, our own pages among them."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from funnel.domain.judgement import SETTLES_AFTER, EvidenceKind
from funnel.domain.signup import Visitor
from funnel.services.judge_evidence import forget_evidence, judge_evidence
from funnel.services.open_join_link import open_join_link
from funnel.services.open_link import open_link
from funnel.services.read_calendar import read_calendar
from funnel.services.read_preferences import read_preferences
from funnel.services.watch_replay import read_replay
from funnel.storage import evidence
from tests.fixtures.posting import THURSDAY_EVENING, Post, enrolled
from tests.fixtures.world import TUESDAY_NOON, World

BROWSER = Visitor(ip="192.0.2.7", user_agent="Mozilla/5.0 Chrome/142.0", method="GET")
SOMEBODY_ELSE = Visitor(ip="198.51.100.9", user_agent="Mozilla/5.0 Firefox/140.0", method="GET")
MOMENT = TUESDAY_NOON + timedelta(hours=3)
WINDOW = THURSDAY_EVENING + timedelta(minutes=5)

Page = Callable[["Mail", Visitor], object]


class Mail:
    """An email of Ana's that has left at noon on Tuesday, with one counted link in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.person, self.run = enrolled(world)
        self.second_run: UUID | None = None

    def link(self, visitor: Visitor) -> object:
        number = self.world.ask("select id from links")
        assert isinstance(number, int)
        return open_link(number, self.run, visitor, self.world.transactions)

    def join(self, visitor: Visitor) -> object:
        return open_join_link(self.run, visitor, self.world.transactions)

    def other_join(self, visitor: Visitor) -> object:
        """The join link of another run of hers."""
        if self.second_run is None:
            self.second_run = self.world.enroll(self.person, run=2)
        return open_join_link(self.second_run, visitor, self.world.transactions)

    def calendar(self, visitor: Visitor) -> object:
        return read_calendar(self.run, self.world.transactions, visitor)

    def replay(self, visitor: Visitor) -> object:
        return read_replay(self.run, visitor, self.world.transactions)

    def preferences(self, visitor: Visitor) -> object:
        return read_preferences(self.person, self.world.transactions, visitor)

    def stop_letters(self, visitor: Visitor) -> object:
        return read_preferences(
            self.person, self.world.transactions, visitor, page=EvidenceKind.LETTERS_STOP_FETCHED
        )

    def stop_seat(self, visitor: Visitor) -> object:
        return read_preferences(
            self.person, self.world.transactions, visitor, page=EvidenceKind.SEAT_STOP_FETCHED
        )

    def settle(self) -> None:
        self.world.execute(
            "update clock set ahead_by = ahead_by + :while", **{"while": SETTLES_AFTER}
        )
        judge_evidence(self.world.transactions)

    def seen(self) -> int:
        found = self.world.ask("select count(*) from evidence")
        assert isinstance(found, int)
        return found


@pytest.fixture
def mail(post: Post) -> Mail:
    post.world.publish_email("your-seat", "[Notes](https://example.org/notes)", layout="service")
    found = Mail(post.world)
    assert post.deliver() == {"accepted": 1}
    post.world.execute("update messages set accepted_at = :noon", noon=TUESDAY_NOON)
    return found


ALL_PAGES: tuple[Page, ...] = (
    Mail.join,
    Mail.other_join,
    Mail.calendar,
    Mail.replay,
    Mail.preferences,
    Mail.stop_letters,
    Mail.stop_seat,
)


@pytest.mark.parametrize("page", ALL_PAGES)
@pytest.mark.parametrize(
    ("seconds", "visitor", "is_click"),
    [(1, BROWSER, False), (-1, BROWSER, False), (20, BROWSER, True), (1, SOMEBODY_ELSE, True)],
)
def test_any_other_link_opened_with_it_at_once_speaks_against_a_click(
    mail: Mail, page: Page, seconds: int, visitor: Visitor, *, is_click: bool
) -> None:
    opened: dict[int, tuple[Page, Visitor]] = {0: (Mail.link, BROWSER), seconds: (page, visitor)}
    for after in sorted(opened):
        mail.world.travel_to(MOMENT + timedelta(seconds=after))
        act, by = opened[after]
        act(mail, by)
    mail.settle()
    clicks = mail.world.ask("select count(*) from facts where kind = 'clicked'")
    assert clicks == (1 if is_click else 0)


def test_a_slower_scan_is_known_by_three_links_within_five_seconds(mail: Mail) -> None:
    scan: tuple[Page, ...] = (Mail.link, Mail.stop_letters, Mail.preferences)
    for number, act in enumerate(scan):
        mail.world.travel_to(MOMENT + timedelta(seconds=2.2 * number))
        act(mail, BROWSER)
    mail.settle()
    reasons = mail.world.ask("select reasons[1] from evidence where link_id is not null")
    assert reasons == "3 different links within 5 s"


@pytest.mark.parametrize(("seconds", "attendance"), [(1, "unknown"), (20, "attended")])
def test_a_join_link_among_others_is_no_attendance_and_a_calm_one_is(
    mail: Mail, seconds: int, attendance: str
) -> None:
    mail.world.execute("update sessions set clicks_count = true")
    mail.world.travel_to(WINDOW)
    mail.join(BROWSER)
    mail.world.travel_to(WINDOW + timedelta(seconds=seconds))
    mail.calendar(BROWSER)
    mail.settle()
    assert mail.world.ask("select attendance from registrations") == attendance


def test_our_own_pages_lead_to_no_verdict_and_no_plan(mail: Mail) -> None:
    mail.world.travel_to(MOMENT)
    revision = "select plan_revision from enrollments"
    before = mail.world.ask(revision)
    for act in (Mail.calendar, Mail.preferences, Mail.stop_letters, Mail.stop_seat):
        act(mail, BROWSER)
    mail.settle()
    assert mail.seen() == 4
    assert mail.world.ask("select count(*) from evidence where judged_at is not null") == 0
    assert mail.world.ask("select count(*) from facts") == 0
    assert mail.world.ask(revision) == before


@pytest.mark.parametrize("page", [Mail.calendar, Mail.preferences])
def test_a_flood_of_one_page_is_cut_off(mail: Mail, page: Page) -> None:
    mail.world.travel_to(MOMENT)
    for _ in range(evidence.MOST_AN_HOUR + 3):
        page(mail, BROWSER)
    assert mail.seen() == evidence.MOST_AN_HOUR
    mail.world.travel_to(MOMENT + timedelta(minutes=61))
    page(mail, BROWSER)
    assert mail.seen() == evidence.MOST_AN_HOUR + 1


def test_what_was_seen_of_our_pages_goes_with_its_age_and_with_its_person(mail: Mail) -> None:
    mail.world.travel_to(MOMENT)
    for act in ALL_PAGES:
        act(mail, BROWSER)
    mail.world.travel_to(MOMENT + timedelta(days=89))
    assert forget_evidence(mail.world.transactions) == 0
    mail.preferences(BROWSER)
    mail.world.travel_to(MOMENT + timedelta(days=91))
    assert forget_evidence(mail.world.transactions) == len(ALL_PAGES)
    assert mail.seen() == 1
    mail.world.execute("delete from messages")
    mail.world.execute("delete from subscribers")
    assert mail.seen() == 0
