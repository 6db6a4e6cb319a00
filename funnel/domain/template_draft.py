"""What a template may become: its text as it is typed, and the texts that new ones begin with."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import StepKind
from funnel.domain.speech import say

LONGEST_DRAFT = 250_000  # characters; an email may have a quarter of them, and is told so
NOTICES = "notices"  # the folder of the emails that belong to no sequence
BY_FILE = "its file"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDraft:
    """A draft as it stands. It is kept as it was typed, so it may be wrong; it is never sent.

    Attributes:
        revision: Another one with every save; who saves gives the one that they saw.
        base_version_id: What was live when it was begun; ``None``: nothing was.
        updated_by: Who saved it; ``BY_FILE``: the template's own file changed.
        updated_at: Real time.
    """

    key: str
    source: str
    revision: int
    base_version_id: UUID | None
    updated_by: str
    updated_at: datetime

    @property
    def is_from_file(self) -> bool:
        """Whether nobody wrote it here: the template's file changed."""
        return self.updated_by == BY_FILE


def typed_text(text: str) -> str:
    """Return what somebody typed as it is kept: with line feeds, as browsers post CR LF.

    Raises:
        InvalidInputError: It is far too long, or holds what no database keeps.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LONGEST_DRAFT:
        raise InvalidInputError(
            say(
                "The text has {length} characters; {limit} are the most that can be kept.",
                length=f"{len(text):,}",
                limit=f"{LONGEST_DRAFT:,}",
            ),
            field="source",
            remedy=say("Put pictures in by their address, not as text, and shorten the rest."),
        )
    for number, line in enumerate(text.split("\n"), start=1):
        if "\x00" in line or any("\ud800" <= each <= "\udfff" for each in line):
            raise InvalidInputError(
                say("Line {number} holds a character that cannot be kept.", number=number),
                field="source",
                remedy=say("Type that line anew."),
            )
    return text


def starting_text(key: str, kind: StepKind, name: str) -> str:
    """Return what a new email begins with: right as it stands, but for its words.

    Args:
        key: The template's key, "disruption-masterclass/bias".
        kind: Which of the two layouts it takes.
        name: What people read of it; it becomes the subject.
    """
    subject = _quoted(name or key.rpartition("/")[2].replace("-", " ").capitalize())
    is_letter = kind is StepKind.LETTER
    text = _LETTER.replace("BODY", "\n\n".join(_LETTER_WORDS)) if is_letter else _SERVICE
    preheader = _LETTER_PREHEADER if is_letter else _SERVICE_PREHEADER
    return text.replace("PREHEADER", preheader, 1).replace("SUBJECT", subject, 1)


def _quoted(subject: str) -> str:
    """Return the subject as a YAML text that Jinja takes for words."""
    plain = " ".join(subject.translate(_NO_TAGS).split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


# What a new email says in place of its words; nobody is to get it.
_LETTER_PREHEADER = "One sentence that goes on from the subject."
_SERVICE_PREHEADER = "One sentence that says what this email is for."
_LETTER_WORDS = (
    "Begin with what you have seen: one moment, one person, one sentence that was said.",
    "Then the one idea of this letter. Say it in plain words, as you would to a colleague.",
    "End with one thing that the reader can try this week.",
)
STAND_INS: Final = (_LETTER_PREHEADER, _SERVICE_PREHEADER, *_LETTER_WORDS)

_NO_TAGS = str.maketrans("", "", "{}%#")

_LETTER = """---
subject: SUBJECT
preheader: PREHEADER
layout: letter
---
{{ person.greeting }}

BODY

{{ brand.host_first_name }}
"""

_SERVICE = """---
subject: SUBJECT
preheader: PREHEADER
layout: service
moment:
  kicker: "{{ session.title }}"
  large: "{{ session.day }}, {{ session.hour }}"
  small: "{{ session.place }} time"
  when: session
button:
  label: Open the room
  url: "{{ links.join }}"
  when: session
---
{{ person.greeting }}

{% if session %}We meet on {{ session.day }} at {{ session.hour }}. Your link is above.{% else %}\
You hold no seat at the moment.{% endif %}
"""
