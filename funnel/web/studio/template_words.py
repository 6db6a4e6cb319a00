"""What the editor offers while somebody writes: merge fields and filters, each with what it is."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from funnel.domain.speech import mark, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One thing that can be inserted, as the editor's script takes it.

    ``label`` is what is typed ("person.first_name"), ``detail`` what it gives ("Ana").
    """

    label: str
    detail: str
    info: str


# The name, an example, what it is. Every name of EmailContext stands here: a test compares them.
_FIELDS: Final = (
    ("person.greeting", mark("Hello Ana,"), mark("The greeting, whole even without a name.")),
    ("person.first_name", "Ana", mark("The reader's first name; may be empty.")),
    ("person.last_name", "Muster", mark("The reader's last name; may be empty.")),
    ("person.email", "ana@example.org", mark("The address that this email goes to.")),
    ("brand.name", "Muster Coaching", mark("The brand that sends.")),
    ("brand.host_name", "Mira Muster", mark("Who holds the masterclass.")),
    ("brand.host_first_name", "Mira", mark("The host's first name, for the signature.")),
    ("brand.from_address", "mira@example.org", mark("The address that this email comes from.")),
    ("brand.reply_to", "mira@example.org", mark("Where answers go.")),
    ("brand.postal_address", "Musterstraße 1", mark("The postal address; the footer has it too.")),
    ("brand.accent", "#1F5C57", mark("The brand's colour.")),
    ("brand.logo_url", "https://…", mark("The logo's address; may be empty.")),
    ("brand.booking_url", "https://…", mark("Where a talk is booked; may be empty.")),
    ("brand.notes_url", "https://…", mark("The page of notes; may be empty.")),
    ("session.title", "The three shifts", mark("The title of the reader's masterclass.")),
    ("session.day", mark("Thursday 12 November"), mark("Its day, in the reader's time zone.")),
    ("session.weekday", mark("Thursday"), mark("Its day of the week.")),
    ("session.hour", "18:00", mark("When it begins, in the reader's time zone.")),
    ("session.ends_hour", "19:30", mark("When it ends.")),
    ("session.opens_hour", "17:50", mark("When its room opens.")),
    ("session.place", "Berlin", mark("The city that names the reader's time zone.")),
    ("session.moment", mark("Thursday 18:00 in Berlin"), mark("Day, hour and place in one.")),
    ("session.minutes", "90", mark("How long it is.")),
    ("session.starts_at", "", mark("When it begins; only to ask whether there is one.")),
    ("session.ends_at", "", mark("When it ends; only to ask whether there is one.")),
    ("session.seats_left", "12", mark("Seats that are free; empty where they are not counted.")),
    ("session.url", "https://…", mark("Where the reader chooses this date.")),
    ("former", "", mark("The date before a move, with the parts of session.")),
    ("replay.url", "https://…", mark("The reader's own link to the recording.")),
    ("replay.ends_day", mark("Thursday 19 November"), mark("The recording's last day.")),
    ("replay.ends_hour", "18:30", mark("The hour at which the recording closes.")),
    ("links.confirm", "https://…", mark("The page with the button that confirms.")),
    ("links.join", "https://…", mark("The way into the masterclass.")),
    ("links.calendar", "https://…", mark("The calendar file; it is attached then as well.")),
    ("links.change_date", "https://…", mark("Where the reader takes another date.")),
    ("links.give_up_seat", "https://…", mark("Where the reader gives up the seat.")),
    ("links.preferences", "https://…", mark("The reader's preferences.")),
    ("links.unsubscribe", "https://…", mark("Unsubscribe; the footer has it too.")),
    ("links.stop_letters", "https://…", mark("Keep the seat, stop the letters.")),
    ("links.replay", "https://…", mark("The recording; empty where there is none.")),
    ("next_dates", "", mark("The next dates with free seats, for a loop; may hold none.")),
    (
        "why",
        mark("You get this because …"),
        mark("Why the reader gets this; the footer has it too."),
    ),
    ("letters_wanted", "", mark("Whether the reader gets the letters: yes or no.")),
)
_GROUPS: Final = MappingProxyType(
    {
        "person": mark("The reader"),
        "brand": mark("Who sends"),
        "session": mark("The reader's masterclass; may be missing"),
        "former": mark("The date before a move; may be missing"),
        "replay": mark("The recording; may be missing"),
        "links": mark("The reader's own links; empty where one does not apply"),
    }
)
_FILTERS: Final = (
    ("first", "next_dates|first", mark("The first of several.")),
    ("last", "next_dates|last", mark("The last of several.")),
    ("length", "next_dates|length", mark("How many there are.")),
    ("default", 'default("you")', mark("Something else where it is empty.")),
    ("plural", 'plural("seat", "seats")', mark("The word that goes with a number.")),
    ("upper", "ANA", mark("In capitals.")),
    ("lower", "ana", mark("In small letters.")),
    ("capitalize", "Ana", mark("With a capital in front.")),
    ("trim", "", mark("Without blanks around it.")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Something to insert by a button.

    Attributes:
        text: What is inserted; what stands in « » is replaced by what is selected.
        is_block: Whether it is a paragraph of its own.
    """

    name: str
    text: str
    is_block: bool


_SNIPPETS: Final = (
    (mark("Button"), mark("[«Words of the button»](https://){.button}"), True),
    (mark("Callout"), mark("> «What stands apart from the rest.»"), True),
    (mark("Divider"), "---", True),
    (
        mark("Session time"),
        mark(
            "{% if session %}{{ session.day }}, {{ session.hour }} "
            "in {{ session.place }}{% endif %}"
        ),
        False,
    ),
    (mark("Calendar link"), mark("[«Add it to your calendar»]({{ links.calendar }})"), False),
)


def fields() -> dict[str, list[Word]]:
    """Return the merge fields by what stands before their last dot; "" has the first parts."""
    found: dict[str, list[Word]] = {"": []}
    # By their whole names as well: who looks for "first" need not know that it is the person's.
    found[""].extend(each for each in listed_fields() if "." in each.label)
    for group, info in _GROUPS.items():
        found[""].append(Word(label=group, detail="", info=say(info)))
    for name, detail, info in _FIELDS:
        group, _, last = name.rpartition(".")
        if not group and last in _GROUPS:
            continue
        found.setdefault(group, []).append(Word(label=last, detail=say(detail), info=say(info)))
    found["former"] = found["date"] = found["session"]
    return found


def listed_fields() -> list[Word]:
    """Return the merge fields by their whole names, for a list to choose from."""
    return [
        Word(label=name, detail=say(detail), info=say(info))
        for name, detail, info in _FIELDS
        if name not in {"former", "next_dates", "session.starts_at", "session.ends_at"}
    ]


def known_names() -> frozenset[str]:
    """Return the name of every merge field that is told of."""
    return frozenset(name for name, _, _ in _FIELDS)


def filters() -> list[Word]:
    """Return what may stand behind a "|"."""
    return [Word(label=name, detail=detail, info=say(info)) for name, detail, info in _FILTERS]


def known_filters() -> frozenset[str]:
    """Return the name of every filter that is told of."""
    return frozenset(name for name, _, _ in _FILTERS)


def snippets() -> list[Snippet]:
    """Return what the toolbar inserts."""
    return [
        Snippet(name=say(name), text=say(text), is_block=is_block)
        for name, text, is_block in _SNIPPETS
    ]
