"""What a calendar says of emails that were skipped for a date which the reader holds no more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from funnel.domain.calendar_line import CalendarLine, EmailRow, FormerDate, LineState
from funnel.domain.calendar_words import short_day
from funnel.domain.enrollment import Enrollment
from funnel.domain.message import MessageStatus
from funnel.domain.sequence import Step, StepKind
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.timing import local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTelling:
    """Whose lines they are, and the date that they hold now."""

    enrollment: Enrollment
    held: Session | None

    def told(
        self, step: Step, lines: Sequence[CalendarLine], rows: Sequence[EmailRow]
    ) -> Iterator[CalendarLine]:
        """Yield the lines of one email, saying of a skip for which date it was, if not this one.

        Args:
            step: The email.
            lines: All its copies.
            rows: Those that were written.
        """
        formers = {row.copy: self._former(step, row) for row in rows}
        standing = [
            each.copy for each in lines if each.at is not None and not formers.get(each.copy)
        ]
        for line in lines:
            if line.state is not LineState.SKIPPED or line.at is None:
                yield line
                continue
            former = formers.get(line.copy)
            why = line.why
            if line.at < self.enrollment.enrolled_at:
                why = say("{why}; that was before you signed up", why=why)
            if former is None:
                yield replace(line, why=why)
                continue
            why = say("for {date}: {why}", date=self._day(former), why=why.replace(": ", ", ", 1))
            is_replaced = any(copy > line.copy for copy in standing)
            yield replace(line, why=why, former=former, is_replaced=is_replaced)

    def _former(self, step: Step, row: EmailRow) -> FormerDate | None:
        """Return the date of a skip that is no longer held; a letter counts from none."""
        if row.status is not MessageStatus.SKIPPED or step.kind is not StepKind.SERVICE:
            return None
        if self.held is None or row.session_id is None or row.session_starts_at is None:
            return None
        if (row.session_id, row.session_starts_at) == (self.held.id, self.held.starts_at):
            return None
        return FormerDate(session_id=row.session_id, starts_at=row.session_starts_at)

    def _day(self, former: FormerDate) -> str:
        zone = self.enrollment.zone
        day = short_day(local_day(former.starts_at, zone))
        is_same = self.held and local_day(self.held.starts_at, zone) == local_day(
            former.starts_at, zone
        )
        return f"{day} {_clock(former.starts_at.astimezone(zone))}" if is_same else day


def _clock(local: datetime) -> str:
    return f"{local:%H:%M}"
