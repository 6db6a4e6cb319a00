"""Words of the sequence's pages: what a choice does to whom, what a publish changes for whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from funnel.domain.impact import Change
from funnel.domain.impact_sums import StepSums, say_move
from funnel.domain.plan import SkipReason
from funnel.domain.publish_check import PublishCheck
from funnel.domain.speech import mark, number, say, say_many
from funnel.domain.version_switch import PublishPolicy, VersionOrigin
from funnel.web.moments import hour_of, short_day_of

_NAMES: Final = {
    PublishPolicy.KEEP: mark("Keep"),
    PublishPolicy.MOVE: mark("Move"),
    PublishPolicy.CATCH_UP: mark("Catch up"),
    PublishPolicy.SKIP: mark("Skip"),
}
_MOVES: Final = {
    PublishPolicy.MOVE: mark(
        "Everybody in it goes on with v{number}. A new email whose moment has passed for somebody "
        "is not sent to them."
    ),
    PublishPolicy.CATCH_UP: mark(
        "Everybody in it goes on with v{number}. A new email whose moment has passed for somebody "
        "is sent to them as soon as it may be."
    ),
    PublishPolicy.SKIP: mark(
        "Everybody in it goes on with v{number}. Nobody gets a new email that stands before the "
        "point of the list that they have reached."
    ),
}
_ORIGINS: Final = {
    VersionOrigin.FILE: mark("from its file"),
    VersionOrigin.DRAFT: mark("from a draft"),
    VersionOrigin.ROLLBACK: mark("a former version once more"),
}
_DAYS: Final = {
    "today": mark("{count} today"),
    "tomorrow": mark("{count} tomorrow"),
    "later": mark("{count} later"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChoice:
    """One of the four choices: its word, and what it does to whom."""

    value: str
    name: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One number of the impact: "392 people get it at another moment", "392 from Wed to Thu"."""

    change: Change
    says: str
    detail: str


def sequence_path(slug: str, rest: str = "", **query: str) -> str:
    """Return the address of a sequence's page, or of one below it."""
    asked = urlencode({name: value for name, value in query.items() if value})
    return f"/studio/sequences/{quote(slug, safe='')}{rest}{'?' if asked else ''}{asked}"


def policy_choices(people: int, version: int) -> tuple[PolicyChoice, ...]:
    """Return the four choices of a publish, for so many people and this version's number."""
    return tuple(
        PolicyChoice(value=each.value, name=say(_NAMES[each]), says=_does(each, people, version))
        for each in PublishPolicy
    )


def _does(policy: PublishPolicy, people: int, version: int) -> str:
    if policy is not PublishPolicy.KEEP:
        return say(_MOVES[policy], number=version)
    return say_many(
        "{count} person in it finishes on the version they have; whoever enters from now on "
        "gets v{number}.",
        "{count} people in it finish on the version they have; whoever enters from now on gets "
        "v{number}.",
        people,
        number=version,
    )


def change_lines(sums: StepSums) -> Iterator[ChangeLine]:
    """Yield what changes for people about one email, a line for each kind of change."""
    gets = [say(_DAYS[day], count=number(count)) for day, count in sums.gets.items()]
    if sums.may_get:
        gets.append(say("{count} if its condition turns out so", count=number(sums.may_get)))
    misses = [f"{number(count)}: {say(reason)}" for reason, count in sums.misses.most_common()]
    moves = [f"{number(count)} {say_move(how)}" for how, count in sums.moves.most_common()]
    counted: tuple[tuple[Change, int, list[str]], ...] = (
        (Change.WILL_GET, sum(sums.gets.values()) + sums.may_get, gets),
        (Change.WILL_NOT_GET, sum(sums.misses.values()), misses),
        (Change.MOVES, sum(sums.moves.values()), moves),
        (Change.HAD_IT, sums.had, []),
        (Change.REMOVED, sums.removed, []),
        (Change.REASON_CHANGES, sums.other_reasons, []),
    )
    for change, people, details in counted:
        if people:
            detail = "; ".join(details)
            yield ChangeLine(change=change, says=change_title(change, people), detail=detail)


def progress_words(check: PublishCheck) -> str:
    """Return how far a count is: "41,200 of 200,000 people are looked at"."""
    return say_many(
        "{done} of {count} person is looked at.",
        "{done} of {count} people are looked at.",
        check.total,
        done=number(min(check.done, check.total)),
    )


def reason_words(reason: str) -> str:
    """Return why somebody does not get an email, as a colleague would say it of them."""
    known = _REASONS.get(reason)
    return say(known) if known else reason


_REASONS: Final[dict[str, str]] = {
    SkipReason.LATE: mark("its moment has passed"),
    SkipReason.CONDITION: mark("its condition does not apply to them"),
    SkipReason.NO_WORD: mark("no word came in time"),
    SkipReason.NOT_IN_TIME: mark("what it waits for did not happen in time"),
    SkipReason.NO_REPLAY: mark("there is no replay"),
    SkipReason.TOO_CLOSE: mark("it would follow another email too closely"),
    SkipReason.NO_LEAD: mark("the masterclass begins too soon after it"),
    SkipReason.ONE_OF: mark("they get another email in its place"),
    SkipReason.NO_LETTERS: mark("they do not get the letters"),
    SkipReason.NO_SEAT_EMAILS: mark("they stopped the emails about their seat"),
    SkipReason.GOAL: mark("the goal is reached"),
    SkipReason.SUPERSEDED: mark("they began anew, and the letters go on there"),
    SkipReason.EXIT: mark("their letters have ended"),
    SkipReason.ADDED_LATER: mark("it is added after its moment for them"),
    SkipReason.HAD_IT: mark("they have had it"),
    SkipReason.NO_SESSION: mark("they hold no seat"),
    SkipReason.SUPPRESSED: mark("the address is on the do-not-email list"),
    SkipReason.NOT_RENDERED: mark("it could not be written"),
    SkipReason.BEFORE_IMPORT: mark("its moment was before they were imported"),
    SkipReason.BY_HAND: mark("a colleague took it out"),
    "sending it failed": mark("sending it failed"),
    "it was cancelled": mark("it was cancelled"),
}


def change_title(change: Change, people: int) -> str:
    """Return "3 people will not get it"."""
    if change in {Change.WILL_GET, Change.WILL_NOT_GET}:
        return _gets(people) if change is Change.WILL_GET else _misses(people)
    if change is Change.MOVES:
        return say_many(
            "{count} person gets it at another moment",
            "{count} people get it at another moment",
            people,
        )
    if change is Change.HAD_IT:
        return say_many(
            "{count} person has had it already", "{count} people have had it already", people
        )
    if change is Change.REMOVED:
        return say_many(
            "{count} person would have got it, and will not",
            "{count} people would have got it, and will not",
            people,
        )
    return say_many(
        "{count} person misses it as before, for another reason",
        "{count} people miss it as before, for another reason",
        people,
    )


def _gets(people: int) -> str:
    return say_many("{count} person will get it", "{count} people will get it", people)


def _misses(people: int) -> str:
    return say_many("{count} person will not get it", "{count} people will not get it", people)


def origin_words(origin: str) -> str:
    """Return where a version came from: "from a draft"."""
    return say(_ORIGINS[VersionOrigin(origin)])


def moment_words(moment: datetime | None, zone: str) -> str:
    """Return "Tue 22 Sep, 09:00" in somebody's own time; "" without a moment."""
    return f"{short_day_of(moment, zone)}, {hour_of(moment, zone)}" if moment else ""
