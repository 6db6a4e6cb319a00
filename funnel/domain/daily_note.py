"""The note that a host gets each morning: what happened since the last one, in a few lines.

It tells of what moved since the note before it, so no event is told twice and none falls between
two notes; where one was not written (a night's outage), the next tells of two days.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta

from funnel.domain.speech import number, say, say_many

AT = time(7)  # local, in the zone of the brand's next or last session
TEMPLATE_KEY = "daily-note"
WRITTEN_BY = "daily note"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSums:
    """How often each thing has happened for a brand, since the first day.

    Attributes:
        unknown: Emails of which nobody knows whether they arrived; settled ones are taken off.
    """

    signups: int = 0
    confirmed: int = 0
    booked: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0

    def since(self, before: "NoteSums") -> "NoteSums":
        """Return what came since; less than nothing is nothing."""
        names = [each.name for each in fields(NoteSums)]
        return NoteSums(
            **{each: max(0, getattr(self, each) - getattr(before, each)) for each in names}
        )

    @property
    def is_quiet(self) -> bool:
        """Whether nothing happened at all."""
        return self == NoteSums()


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDate:
    """The brand's next session; ``seats`` is ``None`` where they are not limited."""

    starts_at: datetime
    taken: int
    seats: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What waits for a hand.

    Attributes:
        held: Emails held because nobody knows whether they arrived.
        without_link: Dates of the coming week that have no join link.
        unsaid: Dates of the last week of which it is not known who came.
    """

    held: int = 0
    without_link: int = 0
    unsaid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyNote:
    """One note; moments are in words of the brand's zone.

    Attributes:
        since: "Tuesday 07:00 in Berlin".
        news: What happened since then.
        next_moment: "Thursday 12 March, 18:00 in Berlin"; "": no date lies ahead.
    """

    since: str
    news: NoteSums
    needs: Needs
    next_date: NextDate | None
    next_moment: str


def day_of_note(local_now: datetime) -> date:
    """Return the day whose note is due by now: today's from 07:00 on, yesterday's before."""
    today = local_now.date()
    return today if local_now.time() >= AT else today - timedelta(days=1)


def is_sent(news: NoteSums, next_date: NextDate | None, local_now: datetime) -> bool:
    """Say whether there is anything to tell: something happened, or a session is held today."""
    if not news.is_quiet:
        return True
    return (
        next_date is not None
        and next_date.starts_at.astimezone(local_now.tzinfo).date() == local_now.date()
    )


def note_source(note: DailyNote, *, results_url: str, settings_url: str) -> str:
    """Return the note as a template of the service layout; addresses are absolute."""
    return _SOURCE.format(
        subject=_quoted(_subject(note.news)),
        preheader=_quoted(say("What happened since {moment}.", moment=note.since)),
        label=_quoted(say("Look at the results")),
        results_url=results_url,
        since=say("This has happened since {moment}:", moment=note.since),
        news="\n".join(f"- {each}" for each in _news(note.news)),
        needs=_needs_part(note.needs),
        coming=_coming(note),
        stop=say(
            "This note comes at 07:00, on days when something happened. To get no more of it, "
            "empty its field in the [settings of the brand]({url}).",
            url=settings_url,
        ),
    )


_SOURCE = """---
subject: {subject}
preheader: {preheader}
layout: service
button:
  label: {label}
  url: "{results_url}"
---
{{{{ person.greeting }}}}

{since}

{news}

{needs}{coming}

{stop}
{{.small}}
"""


def _quoted(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _subject(news: NoteSums) -> str:
    if news.booked:
        return say_many(
            "Good morning: {count} person booked",
            "Good morning: {count} people booked",
            news.booked,
        )
    if news.signups:
        return say_many(
            "Good morning: {count} person signed up",
            "Good morning: {count} people signed up",
            news.signups,
        )
    return say("Good morning from your masterclass")


def _news(news: NoteSums) -> Iterator[str]:
    if news.is_quiet:
        yield say("Nothing; but today is the day of the masterclass.")
        return
    yield say_many("{count} person signed up.", "{count} people signed up.", news.signups)
    yield say_many("{count} person confirmed.", "{count} people confirmed.", news.confirmed)
    yield say_many("{count} person booked a call.", "{count} people booked a call.", news.booked)
    yield say_many("{count} email left.", "{count} emails left.", news.sent)
    if news.failed:
        yield say_many("{count} email failed.", "{count} emails failed.", news.failed)
    if news.unknown:
        yield say_many(
            "Of {count} email nobody knows whether it arrived.",
            "Of {count} emails nobody knows whether they arrived.",
            news.unknown,
        )


def _needs_part(needs: Needs) -> str:
    found = list(_needs(needs))
    if not found:
        return ""
    items = "\n".join(f"- {each}" for each in found)
    return f"{say('This needs a hand:')}\n\n{items}\n\n"


def _needs(needs: Needs) -> Iterator[str]:
    if needs.held:
        yield say_many(
            "{count} email is held, because nobody knows whether it arrived.",
            "{count} emails are held, because nobody knows whether they arrived.",
            needs.held,
        )
    if needs.without_link:
        yield say_many(
            "{count} date of the coming week has no join link yet.",
            "{count} dates of the coming week have no join link yet.",
            needs.without_link,
        )
    if needs.unsaid:
        yield say_many(
            "Of {count} date of the last week it is not known who came.",
            "Of {count} dates of the last week it is not known who came.",
            needs.unsaid,
        )


def _coming(note: DailyNote) -> str:
    date_ = note.next_date
    if date_ is None:
        return say("No date lies ahead.")
    if date_.seats is None:
        return say_many(
            "Next: {moment}. {count} seat is taken.",
            "Next: {moment}. {count} seats are taken.",
            date_.taken,
            moment=note.next_moment,
        )
    return say(
        "Next: {moment}. {taken} of {seats} seats are taken.",
        moment=note.next_moment,
        taken=number(date_.taken),
        seats=number(date_.seats),
    )
