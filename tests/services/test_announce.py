"""An announcement: to everybody who holds a seat, once each, and asked again before it leaves."""

from funnel.domain.announcement import Announcement, AnnouncementState
from funnel.services.announce import announce
from funnel.services.continue_announcements import continue_announcements
from funnel.services.read_announcements import AnnouncementSums, read_announcements
from tests.fixtures.posting import THURSDAY_EVENING, Post, assert_balanced

LATE = "We start 15 minutes late"
TEXT = "The room opens at {{ session.opens_hour }}. See you there."


class Hall:
    """A session and those who hold a seat in it."""

    def __init__(self, post: Post, people: int) -> None:
        self.post = post
        self.world = post.world
        self.session = self.world.add_session(THURSDAY_EVENING)
        self.people = [self.world.add_person(f"p{each}@example.org") for each in range(people)]
        self.runs = [self.world.enroll(each, self.session) for each in self.people]
        # Of the sequence nothing is due: what leaves here is the announcement.
        self.world.execute("update enrollments set next_due_at = null, waiting_for = 'test'")

    def announce(self, subject: str = LATE, text: str = TEXT) -> Announcement:
        return announce(
            self.session,
            subject,
            text,
            by="mira@example.org",
            transactions=self.world.transactions,
            previewing=self.post.previewing,
        )

    def queue(self) -> None:
        continue_announcements(self.world.transactions)

    def sums(self) -> AnnouncementSums:
        return read_announcements(self.session, self.world.transactions)[0]

    def status(self, number: int) -> tuple[str, str | None]:
        rows = self.world.messages(self.runs[number])
        assert len(rows) == 1
        return rows[0].status, rows[0].reason


def test_everybody_with_a_seat_gets_it_once(post: Post) -> None:
    hall = Hall(post, 3)
    sent = hall.announce()
    assert sent.state is AnnouncementState.QUEUEING
    hall.queue()
    assert post.deliver() == {"accepted": 3}
    hall.queue()
    assert post.deliver() == {}
    sums = hall.sums()
    assert (sums.sent, sums.waiting, sums.total, sums.not_sent) == (3, 0, 3, ())
    assert sums.announcement.state is AnnouncementState.QUEUED
    assert_balanced(post.world)
