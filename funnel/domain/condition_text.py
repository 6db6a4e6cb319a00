"""Conditions in words, as the sequence file writes them and the calendar explains them.

The words are "clicked link book in invitation-first within 2 days": what happened, which one, in
which email, within which time. A name that could be read as more than a name stands in quotes.
"""

import json
import re
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import Condition, ConditionKind
from funnel.domain.speech import mark, say
from funnel.domain.timing import Delay
from funnel.domain.timing_text import STEP_KEY, delay_text, duration_text, read_delay, read_duration

LONGEST_NAME = 200

# Nothing but the kind itself.
_PLAIN = frozenset(
    {
        ConditionKind.REGISTERED,
        ConditionKind.ATTENDED,
        ConditionKind.MISSED,
        ConditionKind.ATTENDANCE_UNKNOWN,
        ConditionKind.REPLAY_WATCHED,
        ConditionKind.REPLAY_AVAILABLE,
        ConditionKind.GOAL_REACHED,
    }
)
_ROOM = frozenset({ConditionKind.LEFT_BEFORE, ConditionKind.STAYED_UNTIL})
# What happens at a moment, so that it may happen within a time.
HAPPENING = frozenset(
    {
        ConditionKind.CLICKED,
        ConditionKind.TAG,
        ConditionKind.BOOKED,
        ConditionKind.BOUGHT,
        ConditionKind.REPLIED,
        ConditionKind.REPLAY_WATCHED,
        ConditionKind.GOAL_REACHED,
    }
)
_MUST_BE_NAMED = {
    ConditionKind.TAG: mark('Say which one: "tag customer".'),
    ConditionKind.FIELD: mark('Say which one: "field company" or "field country is France".'),
}
_TAKES_NAME = frozenset({*_MUST_BE_NAMED, ConditionKind.BOOKED, ConditionKind.BOUGHT})

# The longest first: "attended" begins no other word, but "attendance unknown" has two.
_KINDS = sorted(ConditionKind, key=lambda kind: -len(kind.value))
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')
_BARE_NAME = re.compile(r"[^\s\"\\']+(?: [^\s\"\\']+)*")
_KEYWORDS = frozenset({"in", "is", "link", "within"})
_REMEDY = mark(
    "Write one of: registered, attended, missed, attendance unknown, left "
    "before 45 min, stayed until 45 min, replay watched, replay available, "
    "clicked, clicked link NAME in STEP, tag NAME, field NAME is VALUE, "
    "booked, bought, replied, goal reached; what happens may end in: "
    "within 2 days."
)


class _Parts(NamedTuple):
    """What stands after the kind, by its keyword; ``None`` where the keyword is not there."""

    name: str | None
    link: str | None
    step: str | None
    value: str | None
    limit: str | None


@lru_cache(maxsize=1024)  # a plan says the same few conditions again for everybody
def condition_text(condition: Condition) -> str:
    """Return a condition in words, without "only if" or "skip if".

    The opposite of ``read_condition``, but for ``is_negated``, which the field of the file says.
    """
    kind = condition.kind
    words = [kind.value]
    if kind in _ROOM:
        words.append(duration_text(condition.elapsed))
    if condition.name:
        words += ["link"] if kind is ConditionKind.CLICKED else []
        words.append(_quoted(condition.name))
    if condition.value:
        words += ["is", _quoted(condition.value)]
    if condition.step_key:
        words += ["in", condition.step_key]
    if condition.limit is not None:
        words += ["within", delay_text(condition.limit)]
    return " ".join(words)


def read_condition(text: str) -> Condition:
    """Return the condition that these words mean.

    Raises:
        InvalidInputError: Not a condition; the message says which part is not understood.
    """
    words = " ".join(_PARTS.findall(text))
    kind = next((each for each in _KINDS if f"{words} ".startswith(f"{each.value} ")), None)
    if kind is None:
        raise InvalidInputError(say('"{text}" is no condition', text=text), remedy=say(_REMEDY))
    rest = words[len(kind.value) :].strip()
    if kind in _ROOM:
        return Condition(kind=kind, elapsed=_read_elapsed(rest, kind))
    return _condition(kind, _parts(rest, text), text)


def _condition(kind: ConditionKind, parts: _Parts, text: str) -> Condition:
    _refuse_parts(kind, parts, text)
    if kind in _MUST_BE_NAMED and not parts.name:
        raise InvalidInputError(
            say('"{text}" says no name', text=text), remedy=say(_MUST_BE_NAMED[kind])
        )
    return Condition(
        kind=kind,
        name=_read_name(parts.link if kind is ConditionKind.CLICKED else parts.name, text),
        value=_read_name(parts.value, text),
        step_key=_read_step_key(parts.step),
        limit=None if parts.limit is None else _read_limit(parts.limit),
    )


def _refuse_parts(kind: ConditionKind, parts: _Parts, text: str) -> None:
    """Refuse what this kind has no use for, so that nothing is silently left out."""
    is_click = kind is ConditionKind.CLICKED
    misplaced = {
        parts.name: kind not in _TAKES_NAME,
        parts.link: not is_click,
        parts.step: not is_click,
        parts.value: kind is not ConditionKind.FIELD,
    }
    for part, is_wrong in misplaced.items():
        if part is not None and is_wrong:
            raise InvalidInputError(
                say('"{part}" is not understood in "{text}"', part=part, text=text),
                remedy=say(_REMEDY),
            )
    if parts.limit is not None and kind not in HAPPENING:
        raise InvalidInputError(
            say('"{kind}" does not happen within a time', kind=kind),
            remedy=say('Delete "within" and what follows.'),
        )


def _parts(rest: str, text: str) -> _Parts:
    """Divide what follows the kind at its keywords; a quoted text is never one."""
    found: dict[str, list[str]] = {"": []}
    keyword = ""
    for part in _PARTS.findall(rest):
        if part in _KEYWORDS:
            if part in found:
                raise InvalidInputError(
                    say('"{part}" is twice in "{text}"', part=part, text=text), remedy=say(_REMEDY)
                )
            keyword = part
            found[keyword] = []
        else:
            found[keyword].append(part)
    for keyword, words in found.items():
        if keyword and not words:
            raise InvalidInputError(
                say('nothing follows "{keyword}" in "{text}"', keyword=keyword, text=text),
                remedy=say(
                    'Say it, or delete "{keyword}". A name with that word goes in quotes.',
                    keyword=keyword,
                ),
            )
    joined = {keyword: " ".join(words) for keyword, words in found.items()}
    return _Parts(
        name=joined[""] or None,
        link=joined.get("link"),
        step=joined.get("in"),
        value=joined.get("is"),
        limit=joined.get("within"),
    )


def _quoted(name: str) -> str:
    """Return a name as it can be read again: bare where nothing in it has another meaning."""
    is_bare = _BARE_NAME.fullmatch(name) and not _KEYWORDS & set(name.split(" "))
    return name if is_bare else json.dumps(name, ensure_ascii=False)


def _read_name(words: str | None, text: str) -> str:
    if words is None:
        return ""
    name = words
    if words.startswith('"'):
        try:
            name = str(json.loads(words))
        except ValueError as error:
            raise InvalidInputError(
                say("{words} is no name", words=words),
                remedy=say('Put the whole name into quotes: "My name".'),
            ) from error
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InvalidInputError(
            say('the name in "{text}" is empty or too long', text=text[:LONGEST_NAME]),
            remedy=say("Use 1 to {longest_name} characters.", longest_name=LONGEST_NAME),
        )
    return name


def _read_step_key(words: str | None) -> str:
    if words is None:
        return ""
    if STEP_KEY.fullmatch(words) is None:
        raise InvalidInputError(
            say('"{words}" is no key of a step', words=words),
            remedy=say('Write the key of a step above after "in".'),
        )
    return words


def _read_limit(words: str) -> Delay:
    try:
        return read_delay(words)
    except InvalidInputError as error:
        raise InvalidInputError(
            say('"{words}" is no time within which something happens', words=words),
            remedy=say('Write it like "within 2 days" or "within 36 h".'),
        ) from error


def _read_elapsed(words: str, kind: ConditionKind) -> timedelta:
    try:
        return read_duration(words)
    except InvalidInputError as error:
        raise InvalidInputError(
            say('"{kind} {words}" says no time from the session\'s start', kind=kind, words=words),
            remedy=say('Write it like "{kind} 45 min".', kind=kind),
        ) from error
