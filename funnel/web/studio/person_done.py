"""What a person's page says after something was done, and the button that takes it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import RedirectResponse, Response

from funnel.domain.speech import mark, say
from funnel.domain.subscriber import known_zone
from funnel.domain.text import clean_text
from funnel.services.read_person import PersonPage
from funnel.web.ids import read_id
from funnel.web.moments import place_of

_SAYS: Final = {
    "paused": mark("The letters are paused. You can let them go on at any time."),
    "resumed": mark("The letters go on, each on its usual day."),
    "letters-stopped": mark("No letter leaves to them any more."),
    "seat-stopped": mark("They keep their seat, and get no more emails about it."),
    "everything-stopped": mark("Nothing is sent to them any more."),
    "named": mark("The name was changed; emails from now on have it."),
    "noted": mark("The note is kept. Only those who work here see it."),
    "unnoted": mark("The note is gone."),
    "enrolled": mark("They are in the sequence now; what comes to them stands below."),
    "given-up": mark("Their seat is free again, and nothing that counts from it is sent."),
    "unskipped": mark("The email is back where it was."),
    "resent": mark("It is sent to them again; the line of time says when."),
    "same": mark("It was so already, and nothing was changed."),
    # With a word of what was done in them.
    "zone": mark("Everything that comes follows the clocks in {name} now."),
    "skipped": mark("“{name}” is not sent to them."),
    "tagged": mark("They are tagged “{name}” now."),
    "untagged": mark("The tag “{name}” was taken off."),
    "seat": mark("They have another date now, and are told so if they want emails about it."),
}
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A button that takes something back: where it posts, and what."""

    act: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One sentence about what was done; ``undo`` where it can be taken back."""

    text: str = ""
    undo: Undo | None = None


def done_to(person_id: UUID, word: str, **of: str) -> Response:
    """Return to a person's page; ``of`` says what was done, for the sentence and its undo."""
    query = urlencode({"done": word, **of})
    return RedirectResponse(f"/studio/people/{person_id}?{query}", status_code=303)


def said_of(query: Mapping[str, str], found: PersonPage) -> Said:
    """Return what the page says; an address that was made up says nothing of its own."""
    word = query.get("done", "")
    if word not in _SAYS:
        return Said()
    tell = _TELLING.get(word)
    return Said(text=say(_SAYS[word])) if tell is None else tell(query, found)


def _zone(query: Mapping[str, str], found: PersonPage) -> Said:
    text = say(_SAYS["zone"], name=place_of(found.person.zone))
    before = known_zone(query.get("was", ""))
    if before is None:
        return Said(text=text)
    return Said(text=text, undo=Undo(act="zone", fields=(("zone", before),)))


def _skipped(query: Mapping[str, str], found: PersonPage) -> Said:
    key, run = query.get("of", ""), query.get("in", "")
    lines = found.calendar.lines if found.calendar else ()
    name = next((each.name for each in lines if each.key == key), "")
    if not name or read_id(run) is None:
        return Said()
    undo = Undo(act="skip/undo", fields=(("run", run), ("email", key)))
    return Said(text=say(_SAYS["skipped"], name=name), undo=undo)


def _tag(query: Mapping[str, str], _: PersonPage) -> Said:
    word, name = query.get("done", ""), clean_text(query.get("of", ""), limit=_LONGEST)
    if not name:
        return Said()
    act = "untag" if word == "tagged" else "tag"
    return Said(text=say(_SAYS[word], name=name), undo=Undo(act=act, fields=(("tag", name),)))


def _seat(query: Mapping[str, str], _: PersonPage) -> Said:
    was, run = query.get("was", ""), query.get("in", "")
    text = say(_SAYS["seat"])
    if read_id(was) is None or read_id(run) is None:
        return Said(text=text)
    return Said(text=text, undo=Undo(act="seat", fields=(("run", run), ("date", was))))


_TELLING: Final = {
    "zone": _zone,
    "skipped": _skipped,
    "tagged": _tag,
    "untagged": _tag,
    "seat": _seat,
}
