"""For whom a preview or a test of an email is made: somebody real, or somebody made up."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say


class MadeUp(StrEnum):
    """Readers who do not exist, each of them hard on an email in a way of their own."""

    USUAL = "usual"
    NO_NAME = "no-name"
    LONG_NAME = "long-name"
    RIGHT_TO_LEFT = "right-to-left"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReader:
    """Somebody who is here: with this run, or with the newest one where it is ``None``."""

    subscriber_id: UUID
    enrollment_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpReader:
    """Somebody made up, who has a seat in the next date and everything else a text may ask for."""

    kind: MadeUp


Reader: TypeAlias = PersonReader | MadeUpReader


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpPerson:
    """The name, address and zone of a made-up reader."""

    first_name: str
    last_name: str
    email: str
    zone: str


PEOPLE: dict[MadeUp, MadeUpPerson] = {
    MadeUp.USUAL: MadeUpPerson(
        first_name="Ana", last_name="Beispiel", email="ana@example.org", zone="Europe/Berlin"
    ),
    MadeUp.NO_NAME: MadeUpPerson(
        first_name="", last_name="", email="somebody@example.org", zone="Europe/Berlin"
    ),
    MadeUp.LONG_NAME: MadeUpPerson(
        first_name="Maximiliane-Wilhelmina-Theodora",
        last_name="von Hohenstaufen-Schwarzenberg-Wittgenstein zu Leiningen",
        email="maximiliane-wilhelmina.von-hohenstaufen-schwarzenberg@example.org",
        zone="America/Argentina/Buenos_Aires",
    ),
    MadeUp.RIGHT_TO_LEFT: MadeUpPerson(
        first_name="מרים", last_name="بن یوسف", email="miriam@example.org", zone="Asia/Jerusalem"
    ),
}


def reader_text(reader: Reader) -> str:
    """Return a reader as it stands in an address or a form: "usual", or ids with a colon."""
    if isinstance(reader, MadeUpReader):
        return reader.kind.value
    run = reader.enrollment_id
    return f"{reader.subscriber_id}:{run}" if run else str(reader.subscriber_id)


def read_reader(text: str) -> Reader:
    """Read what ``reader_text`` wrote; an empty text is the usual made-up reader.

    Raises:
        InvalidInputError: It names nobody.
    """
    if not text or text in set(MadeUp):
        return MadeUpReader(kind=MadeUp(text or MadeUp.USUAL))
    person, _, run = text.partition(":")
    try:
        return PersonReader(subscriber_id=UUID(person), enrollment_id=UUID(run) if run else None)
    except ValueError as error:
        raise InvalidInputError(
            say("This reader is not known."), field="reader", remedy=say("Choose one of the list.")
        ) from error
