"""What is said of an import: what columns hold, what becomes of lines, and why."""

from collections.abc import Mapping
from typing import Final

from funnel.domain.people_import import Column, ImportStatus, Outcome, PersonState, Problem, Reason
from funnel.domain.speech import mark, say

COLUMNS: Final[Mapping[Column, str]] = {
    Column.NOTHING: mark("leave it out"),
    Column.EMAIL: mark("Email address"),
    Column.FIRST_NAME: mark("First name"),
    Column.LAST_NAME: mark("Last name"),
    Column.NAME: mark("Whole name"),
    Column.ZONE: mark("Time zone"),
    Column.AGREED_AT: mark("When they confirmed or signed up"),
    Column.STATE: mark("How they stand: active, unsubscribed, bounced …"),
    Column.UNSUBSCRIBED_AT: mark("When they unsubscribed"),
    Column.BOUNCED_AT: mark("When their address bounced"),
    Column.REFUSES: mark("Yes: they must not be written to"),
    Column.TAGS: mark("Tags"),
    Column.LOCALE: mark("Language"),
    Column.IP: mark("IP address they signed up from"),
    Column.FIELD: mark("A field of theirs, under this name"),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.NEW: mark("New here"),
    Outcome.UPDATED: mark("Known already, something is added"),
    Outcome.UNCHANGED: mark("Known already, nothing changes"),
    Outcome.TO_LIST: mark("Onto the do-not-email list"),
    Outcome.ON_LIST: mark("On the do-not-email list already"),
    Outcome.TWICE: mark("The same address again"),
    Outcome.REFUSED: mark("Not taken"),
    Outcome.BROKEN: mark("Cannot be read"),
}
STATUSES: Final[Mapping[ImportStatus, str]] = {
    ImportStatus.UPLOADED: mark("uploaded, not tried yet"),
    ImportStatus.TRYING: mark("being tried"),
    ImportStatus.TRIED: mark("tried, nobody taken in yet"),
    ImportStatus.RUNNING: mark("being taken in"),
    ImportStatus.STOPPED: mark("stopped"),
    ImportStatus.FINISHED: mark("taken in"),
}
_STATES: Final[Mapping[str, str]] = {
    PersonState.UNSUBSCRIBED: mark("they had unsubscribed there"),
    PersonState.BOUNCED: mark("emails to them came back there"),
    PersonState.COMPLAINED: mark("they had reported an email as spam there"),
}
_LISTED: Final[Mapping[str, str]] = {
    "unsubscribed": mark("they left everything here"),
    "bounced": mark("emails to them came back"),
    "complained": mark("they reported an email as spam"),
    "erased": mark("they asked to be forgotten"),
    "by hand": mark("somebody put them on the list"),
}
# What is so, and what can be done about it; {names} is what the line says there.
_WORDS: Final[Mapping[Problem, tuple[str, str]]] = {
    Problem.NO_ADDRESS: (
        mark("There is no address."),
        mark("Add it, or leave the line out."),
    ),
    Problem.WRONG_ADDRESS: (
        mark("“{names}” is no email address."),
        mark("Write it as name@example.com, or leave the line out."),
    ),
    Problem.NO_DATE: (
        mark("It is not said when they agreed."),
        mark("Give a day that holds for all of these, or add the date."),
    ),
    Problem.WRONG_DATE: (
        mark("“{names}” is no date."),
        mark("Write it as 2025-03-31 18:05."),
    ),
    Problem.DATE_AHEAD: (
        mark("“{names}” is still to come."),
        mark("Look at the order of day and month, and at the year."),
    ),
    Problem.UNKNOWN_STATE: (
        mark("“{names}” says nothing about how they stand."),
        mark("Write active, unsubscribed, bounced or complained."),
    ),
    Problem.UNCONFIRMED: (
        mark("They never confirmed in the other tool."),
        mark("They can sign up here themselves: an import cannot ask them."),
    ),
    Problem.TOO_MANY_CELLS: (
        mark("The line has more cells than there are columns ({names})."),
        mark("Put quotation marks round a cell that has a comma in it."),
    ),
    Problem.OPEN_QUOTE: (
        mark("A quotation mark is opened in it and never closed."),
        mark("Close it, or take it out."),
    ),
    Problem.STRAY_QUOTE: (
        mark("A quotation mark stands in the middle of a cell."),
        mark("Double it, or take it out."),
    ),
    Problem.NUL: (
        mark("It holds a character that no text has (NUL)."),
        mark("Write the line anew."),
    ),
    Problem.NOT_ENCODED: (
        mark("Its letters are saved in another way than the rest of the file."),
        mark("Write the line anew, and save the file as “CSV UTF-8”."),
    ),
    Problem.TOO_LONG: (
        mark("It is longer than a line of people can be."),
        mark("Look for a line break that is missing."),
    ),
    Problem.SAME_LINE: (mark("Line {names} has the same address, and counts."), ""),
    Problem.LEFT_LINE: (
        mark("Line {names} says that they must not be written to, and that counts."),
        "",
    ),
    Problem.AGREED_LATER: (mark("They left there, and agreed here after that."), ""),
    Problem.KNOWN: (mark("What the line says was known, or they said otherwise here."), ""),
    Problem.IN_SEQUENCE: (mark("They are, or were, in that sequence already."), ""),
    Problem.SUPPRESSED: (mark("Nothing is overwritten there: {names}."), ""),
    Problem.STATE: (mark("Nothing is sent to them: {names}."), ""),
}


def why(reason: Reason | None) -> str:
    """Return why a line became what it became, as a sentence; "" where that says all."""
    if reason is None:
        return ""
    words, _ = _WORDS[reason.problem]
    return say(words, names=_named(reason)) if "{names}" in words else say(words)


def remedy(reason: Reason | None) -> str:
    """Return what somebody can do about a line; "" where there is nothing."""
    words = _WORDS[reason.problem][1] if reason else ""
    return say(words) if words else ""


def _named(reason: Reason) -> str:
    named = {Problem.STATE: _STATES, Problem.SUPPRESSED: _LISTED}.get(reason.problem, {})
    return say(named[reason.names]) if reason.names in named else reason.names
