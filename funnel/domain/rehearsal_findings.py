"""What a rehearsal brings to light beside the emails themselves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.pace import Load, find_jams, is_timely, jam_text
from funnel.domain.rehearsal import (
    RehearsalFinding,
    RehearsedLife,
    RehearsedWorld,
    Severity,
)
from funnel.domain.rehearsal_text import moment_text
from funnel.domain.rehearsal_world import REPLAY_AFTER, is_made_up
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.timing_text import duration_text


def finding_text(finding: RehearsalFinding) -> str:
    """Return a finding in one line: "bias for Mia (Auckland): cannot be rendered: …"."""
    about = " for ".join(each for each in (finding.step_key, finding.person) if each)
    variable = f" ({finding.variable})" if finding.variable else ""
    return f"{about}{': ' if about else ''}{finding.message}{variable}"


def about_dates(world: RehearsedWorld) -> Iterator[RehearsalFinding]:
    """Yield what was assumed of the dates: some are made up, some have no recording yet."""
    made_up = [each for each in world.sessions if is_made_up(each)]
    real = [each for each in world.sessions if not is_made_up(each)]
    if made_up:
        moments = ", ".join(
            moment_text(each.starts_at, ZoneInfo(each.zone), has_year=True) for each in made_up
        )
        yield RehearsalFinding(
            severity=Severity.NOTE,
            message=say("made-up dates ({zone}): {moments}", zone=made_up[0].zone, moments=moments),
            remedy=say("Add real ones.") if not real else "",
        )
    if any(not each.replay_url for each in real):
        yield RehearsalFinding(
            severity=Severity.NOTE,
            message=say(
                "a date without a replay link gets one {replay_after} after its end in "
                "this rehearsal",
                replay_after=duration_text(REPLAY_AFTER),
            ),
        )


def about_people(lives: Iterable[RehearsedLife]) -> Iterator[RehearsalFinding]:
    """Yield what their scripts could not do, and who is not through at the end."""
    late = [life.person.name for life in lives if not life.has_ended and not life.is_cut]
    for life in lives:
        yield from life.findings
    if late:
        some = ", ".join(late[:3]) + (
            say(" and {count} more", count=len(late) - 3) if len(late) > 3 else ""
        )
        yield RehearsalFinding(
            severity=Severity.NOTE,
            message=say("not through when the rehearsal ends: {some}", some=some),
            remedy=say("Look further ahead."),
        )


def about_nobody(
    world: RehearsedWorld, lives: Sequence[RehearsedLife]
) -> Iterator[RehearsalFinding]:
    """Yield the emails that none of these people gets: nobody has seen them rehearsed."""
    sent = {email.key for life in lives for email in life.emails if email.has_left}
    for step in world.version.steps:
        if step.key not in sent:
            yield RehearsalFinding(
                severity=Severity.NOTE,
                message=say("nobody in this rehearsal gets it"),
                remedy=say("Add somebody whom it is for, or what happens."),
                step_key=step.key,
            )


def about_pace(
    world: RehearsedWorld,
    lives: Sequence[RehearsedLife],
    *,
    per_hour: int | None,
    expected: Mapping[UUID, int],
) -> Iterator[RehearsalFinding]:
    """Yield where the provider's hour cannot carry what people of a date are to get in time.

    Args:
        world: With the dates.
        lives: Whose emails show how a date's emails are spread over time.
        per_hour: The provider's limit; ``None``: none is known.
        expected: People to reckon with in each date.
    """
    if per_hour is None:
        return
    loads: list[Load] = []
    for session in world.sessions:
        loads += _loads_of(session, lives, expected.get(session.id, 0), world.version)
    zones = {session.id: session.zone for session in world.sessions}
    zone = ZoneInfo(next(iter(zones.values()), "UTC"))
    for jam in find_jams(loads, per_hour):
        yield RehearsalFinding(
            severity=Severity.WARNING,
            message=jam_text(jam, zone, name=world.version.name_of(jam.key)),
            remedy=say("Ask the provider for more, or spread the people over several dates."),
        )


def _loads_of(
    session: Session,
    lives: Sequence[RehearsedLife],
    people: int,
    version: SequenceDefinition,
) -> list[Load]:
    """Spread the people of a date over the moments at which the rehearsed ones get each email."""
    timely = {step.key for step in version.steps if is_timely(step)}
    emails = [
        email
        for life in lives
        for email in life.emails
        if email.has_left and email.session_id == session.id
    ]
    holders = len({(life.person.id) for life in lives if _holds(life, session)})
    if not holders:
        return []
    return [
        Load(
            key=email.key,
            moment=email.moment,
            number=number,
            is_timely=email.key in timely,
        )
        for email, number in zip(emails, _shares(len(emails), people, holders), strict=True)
    ]


def _holds(life: RehearsedLife, session: Session) -> bool:
    return any(email.session_id == session.id for email in life.emails)


def _shares(emails: int, people: int, holders: int) -> Iterator[int]:
    """Divide people over emails, whole ones: the sums stay right, however few are rehearsed."""
    given = 0
    for number in range(1, emails + 1):
        until = number * people // holders
        yield until - given
        given = until
