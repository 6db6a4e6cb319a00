"""A hall: a session, those who hold a seat in it, and a worker that could write to them."""

from funnel.domain.announcement import Announcement
from funnel.services.announce import AnnouncementPreview, announce, preview_announcement
from funnel.services.continue_announcements import continue_announcements
from funnel.services.read_announcements import AnnouncementSums, read_announcements
from funnel.services.stop_announcement import stop_announcement
from tests.fixtures.posting import THURSDAY_EVENING, Post

SUBJECT = "We start 15 minutes late"
TEXT = "The room opens at {{ session.opens_hour }}. See you there."
BY = "mira@example.org"


class Hall:
    """Of the sequence nothing is due: what leaves here is the announcement."""

    def __init__(self, post: Post, people: int) -> None:
        self.post = post
        self.world = post.world
        self.session = self.world.add_session(THURSDAY_EVENING)
        self.people = [self.world.add_person(f"p{each}@example.org") for each in range(people)]
        self.runs = [self.world.enroll(each, self.session) for each in self.people]
        self.rest()

    def rest(self) -> None:
        self.world.execute("update enrollments set next_due_at = null, waiting_for = 'test'")

    def announce(self, subject: str = SUBJECT, text: str = TEXT) -> Announcement:
        return announce(
            self.session,
            subject,
            text,
            by=BY,
            transactions=self.world.transactions,
            previewing=self.post.previewing,
        )

    def preview(self, subject: str = SUBJECT, text: str = TEXT) -> AnnouncementPreview:
        return preview_announcement(
            self.session, subject, text, self.world.transactions, self.post.previewing
        )

    def queue(self) -> None:
        continue_announcements(self.world.transactions)

    def stop(self, announcement: Announcement) -> Announcement:
        return stop_announcement(announcement.id, by=BY, transactions=self.world.transactions)

    def sums(self) -> AnnouncementSums:
        return read_announcements(self.session, self.world.transactions)[0]

    def why_not(self) -> dict[str, int]:
        return {each.why: each.people for each in self.sums().not_sent}

    def of_run(self, number: int) -> tuple[str, str | None]:
        (row,) = self.world.messages(self.runs[number])
        return row.status, row.reason
