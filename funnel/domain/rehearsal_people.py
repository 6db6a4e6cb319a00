"""From the entries of files to the people and the host's acts of a rehearsal."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

from funnel.domain.marked_yaml import MOST_PROBLEMS, EnoughError, Problem, Problems
from funnel.domain.rehearsal import Act, RehearsedPerson, SessionAct, SessionActKind
from funnel.domain.rehearsal_cast import made_up
from funnel.domain.rehearsal_file import EVERYBODY, FactEntry, PersonEntry, RehearsalFileError
from funnel.domain.rehearsal_walk import date_moment
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.session import Session
from funnel.domain.speech import say


def person_of(entry: PersonEntry) -> RehearsedPerson:
    """Return the made-up person of an entry that says a zone."""
    person = made_up(entry.name, entry.zone, *entry.script)
    return replace(
        person,
        email=entry.email or person.email,
        first_name=entry.first_name or ("" if entry.email else person.first_name),
        last_name=entry.last_name,
        signs_up=entry.signs_up,
        presses_after=entry.presses_after,
        session=entry.session,
        wants_letters=entry.wants_letters is not False,
        fields=entry.fields,
    )


def with_facts(
    people: Sequence[RehearsedPerson], facts: Sequence[FactEntry], *, file_name: str
) -> tuple[RehearsedPerson, ...]:
    """Return the people with what happens to them added to their scripts.

    Raises:
        RehearsalFileError: A fact is about nobody among them; with its line.
    """
    names = {name for each in people for name in (each.name, each.email)} | {EVERYBODY}
    problems = [
        Problem(
            line=fact.line,
            column=1,
            reason=say("“{person}” is not in this rehearsal", person=fact.person),
            remedy=say(
                "Write a name as the rehearsal shows it, or {everybody}.", everybody=EVERYBODY
            ),
        )
        for fact in facts
        if fact.act is not None and fact.person not in names
    ]
    if problems:
        raise RehearsalFileError(file_name, problems[:MOST_PROBLEMS])
    return tuple(replace(each, script=(*each.script, *_acts_of(each, facts))) for each in people)


def _acts_of(person: RehearsedPerson, facts: Sequence[FactEntry]) -> list[Act]:
    own = (person.name, person.email, EVERYBODY)
    return [fact.act for fact in facts if fact.act is not None and fact.person in own]


def host_acts(
    facts: Sequence[FactEntry], sessions: Sequence[Session], *, file_name: str
) -> tuple[SessionAct, ...]:
    """Return what the host does with the dates, as the facts say; hours are the date's own zone.

    Raises:
        RehearsalFileError: There is no such date, or no such moment; with its line.
    """
    problems = Problems()
    acts: list[SessionAct] = []
    with suppress(EnoughError):
        for fact in facts:
            act = None if fact.host is None else _host_act(fact, sessions)
            if isinstance(act, Problem):
                problems.append(act)
            elif act is not None:
                acts.append(act)
    if problems:
        raise RehearsalFileError(file_name, problems)
    return tuple(acts)


def _host_act(fact: FactEntry, sessions: Sequence[Session]) -> SessionAct | Problem:
    if fact.session > len(sessions):
        return no_such_date(fact.line, fact.session, len(sessions))
    session = sessions[fact.session - 1]
    zone = ZoneInfo(session.zone)
    at = date_moment(fact.when, session, zone)
    starts_at = None if fact.starts is None else date_moment(fact.starts, session, zone)
    if at is None or (fact.host is SessionActKind.MOVES and starts_at is None):
        return _wrong(
            fact,
            say("that moment is not known of a date"),
            say("Count from session start or session end."),
        )
    kind = fact.host or SessionActKind.CLOSES
    return SessionAct(kind=kind, session_id=session.id, at=at, starts_at=starts_at, line=fact.line)


def no_such_date(line: int, number: int, of: int) -> Problem:
    """Return the mistake of a line that counts further than the dates of a rehearsal go."""
    return Problem(
        line=line,
        column=1,
        reason=say("there is no date {number}", number=number),
        remedy=say("There is 1 date.") if of == 1 else say("There are {of} dates.", of=of),
    )


def missing_dates(
    people: Sequence[PersonEntry], facts: Sequence[FactEntry], of: int
) -> tuple[list[Problem], list[Problem]]:
    """Return the lines of both files in which somebody chooses a date that there is not.

    Args:
        people: Of the file of people.
        facts: Of the file of facts.
        of: How many dates there are.
    """
    in_people = [
        no_such_date(person.line, number, of)
        for person in people
        for number in (person.session, *(act.session for act in person.script))
        if number is not None and number > of
    ]
    in_facts = [
        no_such_date(fact.line, fact.act.session, of)
        for fact in facts
        if fact.act is not None and fact.act.session is not None and fact.act.session > of
    ]
    return in_people, in_facts


def _wrong(fact: FactEntry, reason: str, remedy: str) -> Problem:
    return Problem(line=fact.line, column=1, reason=reason, remedy=remedy)


def unknown_steps(people: Sequence[RehearsedPerson], version: SequenceDefinition) -> list[str]:
    """Return, in words, the emails that scripts name and that the sequence does not have."""
    keys = {step.key for step in version.steps}
    return [
        say("{name}: “{key}” is no email of this sequence", name=person.name, key=key)
        for person in people
        for act in person.script
        for key in (act.step_key, act.when.anchor.step_key)
        if key and key not in keys
    ]
