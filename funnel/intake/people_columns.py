"""What other tools call the columns of their exports: data, so that a new tool is a few lines here.

From the tools' public help pages about exporting contacts (Kit, Mailchimp, ActiveCampaign,
MailerLite, Brevo) and the names that tables by hand have. A guess, shown for correction.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from funnel.domain.people_import import Column, PersonState

_PLAIN: Final[Mapping[Column, tuple[str, ...]]] = {
    Column.EMAIL: ("email", "email address", "e mail", "e mail address", "mail", "e mail adresse"),
    Column.FIRST_NAME: ("first name", "firstname", "given name", "vorname", "fname", "prenom"),
    Column.LAST_NAME: ("last name", "lastname", "surname", "family name", "nachname", "lname"),
    Column.NAME: ("name", "full name", "contact name", "subscriber name"),
    Column.ZONE: ("time zone", "timezone", "zeitzone", "tz"),
    Column.AGREED_AT: (
        *("confirmed at", "confirm time", "opted in", "opted in at", "opt in time", "optin time"),
        *("subscribed at", "subscribed", "date subscribed", "subscription date", "subscribe date"),
        *("signed up", "signed up at", "signup date", "created at", "date created", "added time"),
        *("date added", "added at", "created", "date", "datum"),
    ),
    Column.STATE: ("state", "status", "subscription status", "email marketing status"),
    Column.UNSUBSCRIBED_AT: (
        *("unsub time", "unsubscribed at", "unsubscribed", "unsubscribe date"),
        *("date unsubscribed", "cancelled at", "opt out date"),
    ),
    Column.BOUNCED_AT: ("clean time", "bounced at", "bounce date", "date bounced"),
    Column.TAGS: ("tags", "tag", "groups", "lists"),
    Column.LOCALE: ("locale", "language", "lang", "sprache"),
    Column.IP: ("ip", "ip address", "confirm ip", "opt in ip", "optin ip", "signup ip"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool's export.

    Attributes:
        marks: Columns that only its exports have; all of a group must be there.
        columns: Its own names, which come before the plain ones.
        leaves_out: What nobody needs here.
    """

    name: str
    marks: tuple[frozenset[str], ...]
    columns: Mapping[Column, tuple[str, ...]]
    leaves_out: frozenset[str] = frozenset()


TOOLS: Final = (
    Tool(
        name="Mailchimp",
        marks=(frozenset({"leid", "euid"}), frozenset({"email address", "optin time"})),
        columns={
            Column.AGREED_AT: ("confirm time", "optin time"),
            Column.IP: ("confirm ip", "optin ip"),
            Column.UNSUBSCRIBED_AT: ("unsub time",),
            Column.BOUNCED_AT: ("clean time",),
        },
        leaves_out=frozenset(
            {
                *("member rating", "leid", "euid", "latitude", "longitude", "gmtoff", "dstoff"),
                *("cc", "region", "last changed", "notes", "optin time", "optin ip"),
                *("unsub campaign title", "unsub campaign id", "unsub reason"),
                *("unsub reason other", "clean campaign title", "clean campaign id"),
            }
        ),
    ),
    Tool(
        name="Brevo",
        marks=(frozenset({"email", "firstname"}), frozenset({"email", "added time"})),
        columns={
            Column.AGREED_AT: ("double opt in time", "opt in time", "added time"),
            Column.REFUSES: ("email blacklisted", "blacklist", "blacklisted"),
        },
        leaves_out=frozenset(
            {"id", "modified time", "sms blacklisted", "contact id", "email id", "double opt in"}
        ),
    ),
    Tool(
        name="MailerLite",
        marks=(frozenset({"subscriber", "subscribed"}), frozenset({"email", "opted in"})),
        columns={
            Column.EMAIL: ("subscriber", "email"),
            Column.FIRST_NAME: ("name",),
            Column.AGREED_AT: ("opted in", "confirmed", "subscribed"),
            Column.IP: ("ip", "optin ip", "signup ip"),
        },
        leaves_out=frozenset({"sent", "opens", "clicks", "opened", "clicked", "updated"}),
    ),
    Tool(
        name="ActiveCampaign",
        marks=(frozenset({"email", "date subscribed"}), frozenset({"email", "date created"})),
        columns={Column.AGREED_AT: ("date subscribed", "date created")},
        leaves_out=frozenset({"id", "contact id", "organization id", "score", "date updated"}),
    ),
    Tool(
        name="Kit",
        marks=(frozenset({"email", "state", "created at"}), frozenset({"email", "created at"})),
        columns={Column.AGREED_AT: ("confirmed at", "created at")},
        leaves_out=frozenset({"id", "subscriber id", "referrer", "unsubscribe url"}),
    ),
)
PLAIN_TABLE: Final = "a plain table"
_PLAIN_TOOL: Final = Tool(name=PLAIN_TABLE, marks=(), columns={})

# Ours, in the file of what was not taken, which comes back mended.
LINE_COLUMN: Final = "Line here"
REASON_COLUMN: Final = "Why not"
REMEDY_COLUMN: Final = "What to do"
_OURS: Final = frozenset({"line here", "why not", "what to do"})

_STATES: Final[Mapping[str, PersonState]] = {
    **dict.fromkeys(
        ("active", "subscribed", "confirmed", "cold", "1", "enabled", "aktiv", "yes", "opted in"),
        PersonState.ACTIVE,
    ),
    **dict.fromkeys(
        (
            *("unsubscribed", "cancelled", "canceled", "removed", "opted out", "2", "inactive out"),
            *("abgemeldet", "deleted", "archived", "blocklisted", "blacklisted", "suppressed"),
        ),
        PersonState.UNSUBSCRIBED,
    ),
    **dict.fromkeys(
        ("bounced", "cleaned", "hard bounced", "hard bounce", "3", "undeliverable"),
        PersonState.BOUNCED,
    ),
    **dict.fromkeys(
        ("complained", "complaint", "spam", "junk", "marked as spam", "abuse"),
        PersonState.COMPLAINED,
    ),
    **dict.fromkeys(
        (
            *("unconfirmed", "pending", "inactive", "0", "not confirmed", "non subscribed"),
            *("nonsubscribed", "transactional", "unbestaetigt"),
        ),
        PersonState.UNCONFIRMED,
    ),
}

_SEPARATORS: Final = re.compile(r"[\W_]+", re.UNICODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Which tool a header looks like, and what its columns hold."""

    tool: str
    columns: tuple[Column, ...]


def guess_columns(header: Sequence[str]) -> Guess:
    """Return what the columns of a header probably hold.

    A column that no table knows becomes a field of the person's, under its own name; one without
    a name, and one whose name stands there twice, is left out.
    """
    names = [name_key(each) for each in header]
    present = set(names)
    tool = next((each for each in TOOLS if any(m <= present for m in each.marks)), _PLAIN_TOOL)
    chosen = _chosen(names, tool)
    columns = []
    for place, name in enumerate(names):
        is_field = name and name not in tool.leaves_out | _OURS and name not in names[:place]
        columns.append(chosen.get(place, Column.FIELD if is_field else Column.NOTHING))
    return Guess(tool=tool.name, columns=tuple(columns))


def _chosen(names: Sequence[str], tool: Tool) -> dict[int, Column]:
    """Return the first column of each meaning: the tool's own name for it before the plain ones."""
    chosen: dict[int, Column] = {}
    for column in (*tool.columns, *(each for each in _PLAIN if each not in tool.columns)):
        wanted = (*tool.columns.get(column, ()), *_PLAIN.get(column, ()))
        place = next((names.index(each) for each in wanted if each in names), None)
        if place is not None and place not in chosen:
            chosen[place] = column
    return chosen


def name_key(name: str) -> str:
    """Return a column's name as names are compared: "E-Mail_Address " is "e mail address"."""
    return _SEPARATORS.sub(" ", name.casefold()).strip()


def state_of(word: str) -> PersonState | None:
    """Return how somebody stands, by the word that their tool has for it; empty is active."""
    key = name_key(word)
    return _STATES.get(key) if key else PersonState.ACTIVE
