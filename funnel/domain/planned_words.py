"""The planner's short reasons, said to people; rows and recorded rehearsals have English."""

import re
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.plan import SkipReason
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.speech import mark, say, say_many
from funnel.domain.step_words import timing_in_words
from funnel.domain.timing_text import read_timing

_FIXED: Final = frozenset(
    {
        *SkipReason,
        mark("its weekdays leave that day out"),
        mark("its hours of that day are over"),
        mark("no letters leave on that date"),
        mark("a letter of another run has that day"),
        mark("not on the session's day or the day after it"),
        mark("the letters are paused until then"),
        mark("waits until it is known what happened in time"),
        mark("counts from a session, and no seat is held"),
    }
)
_APART: Final = re.compile(r"keeps (\d+) days apart from (\S+)")


def planned_words(reason: str, version: SequenceDefinition) -> str:
    """Return a reason of the planner in the spoken language; what it does not know, as it is."""
    if reason in _FIXED:
        return say(reason)
    apart = _APART.fullmatch(reason)
    if apart is not None:
        name = version.name_of(apart[2])
        return say_many(
            "keeps {count} day apart from {email}",
            "keeps {count} days apart from {email}",
            int(apart[1]),
            email=name,
        )
    try:
        timing = read_timing(reason)
    except InvalidInputError:
        return reason
    return timing_in_words(timing, version)
