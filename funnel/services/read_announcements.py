"""What became of the announcements of a session."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from funnel.domain.announcement import Announcement, NotSent, reason_words
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import MessageStatus
from funnel.domain.speech import say
from funnel.storage import announcements
from funnel.storage.announcements import Standing
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementSums:
    """One announcement and how it stands; the numbers add up to ``total``.

    Attributes:
        waiting: Not yet queued, queued, or in a worker's hands.
        unknown: Handed over, and no answer came back.
        not_sent: Skipped, or cancelled when it was stopped, by reason.
        total: People.
    """

    announcement: Announcement
    sent: int
    waiting: int
    failed: int
    unknown: int
    not_sent: tuple[NotSent, ...]
    total: int

    @property
    def may_be_stopped(self) -> bool:
        """Whether something of it has not left yet."""
        return self.announcement.stopped_at is None and self.waiting > 0


def read_announcements(
    session_id: UUID, transactions: Transactions
) -> tuple[AnnouncementSums, ...]:
    """Return the announcements of a session, the newest first, counted as their rows stand."""
    with transactions.begin_reading() as tx:
        found = announcements.of_session(tx, session_id)
        standings = announcements.standings(tx, [each.id for each in found])
        return tuple(_sums(each, standings.get(each.id, ())) for each in found)


def find_announcement(beginning: str, transactions: Transactions) -> Announcement:
    """Return the announcement whose id begins so.

    Raises:
        InvalidInputError: There is none, or more than one.
    """
    wanted = beginning.strip().lower()
    with transactions.begin_reading() as tx:
        found = announcements.beginning_with(tx, wanted) if wanted else []
    if len(found) != 1:
        raise InvalidInputError(
            say('No single announcement has an id that begins with "{word}".', word=wanted),
            field="announcement",
            remedy=say("`funnel announcement list SESSION` shows them."),
        )
    return found[0]


def _sums(announcement: Announcement, standings: tuple[Standing, ...]) -> AnnouncementSums:
    def messages(statuses: Iterable[MessageStatus]) -> int:
        return sum(each.messages for each in standings if each.status in set(statuses))

    made = sum(each.messages for each in standings)
    # Somebody may have given up their seat since it was sent: then they are no longer of the total.
    unqueued = max(announcement.total - made, 0) if announcement.finished_at is None else 0
    return AnnouncementSums(
        announcement=announcement,
        sent=messages([MessageStatus.ACCEPTED]),
        waiting=unqueued + messages([MessageStatus.QUEUED, MessageStatus.SENDING]),
        failed=messages([MessageStatus.FAILED]),
        unknown=messages([MessageStatus.UNKNOWN]),
        not_sent=tuple(
            NotSent(why=reason_words(each.reason), people=each.messages)
            for each in standings
            if each.status in (MessageStatus.SKIPPED, MessageStatus.CANCELLED)
        ),
        total=made + unqueued,
    )
