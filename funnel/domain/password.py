"""Passwords: which may be chosen, and how they are kept. After NIST SP 800-63B-4, 3.1.1.

Long ones, no rules about their characters, no expiry; refused are those that everybody tries first.
"""

import threading
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say

SHORTEST: Final = 15  # characters; SP 800-63B-4 asks for 15 where a password is all there is
LONGEST: Final = 200  # characters; it asks for 64 or more, and hashing has to end

# argon2id with 19 MiB, two passes, one lane: the minimum of OWASP's Password Storage Cheat Sheet,
# so that a small machine bears several at once. 128 bits of salt and 256 of tag: RFC 9106, 4.
_HASHER: Final = PasswordHasher(
    time_cost=2,
    memory_cost=19_456,  # KiB
    parallelism=1,
    hash_len=32,
    salt_len=16,
    type=Type.ID,
)
# A flood of tries takes at most this much memory and no core for long: 4 times 19 MiB.
_AT_ONCE: Final = threading.BoundedSemaphore(4)

_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
_COMMON: Final = frozenset(
    {"password", "passwort", "letmein", "welcome", "admin", "administrator", "qwerty", "iloveyou"}
    | {"changeme", "masterclass", "funnel", "masterclassfunnel", "thequickbrownfox"}
    | {"correcthorsebatterystaple", "passwordpassword", "trustno1", "secret", "login"}
)
_DIGITS: Final = "0123456789"
_FEWEST_DIFFERENT: Final = 5
_PIECE_OF_A_NAME: Final = 4  # characters; a shorter part of a name is in too many words


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a password was right, and whether it is kept by parameters of yesterday."""

    is_right: bool
    is_outdated: bool = False


def check_password(password: str, *, email: str, name: str = "") -> None:
    """Let a password pass that somebody wants to have.

    Args:
        password: As it was typed; no character is stripped.
        email: Their address; a password made of it is refused.
        name: Their name, likewise.

    Raises:
        InvalidInputError: Too short, too long, or what everybody tries first; field ``password``.
    """
    chosen = unicodedata.normalize("NFC", password)
    if len(chosen) < SHORTEST:
        raise _refused(say("the password is shorter than {number} characters", number=SHORTEST))
    if len(chosen) > LONGEST:
        raise _refused(say("the password is longer than {number} characters", number=LONGEST))
    bare = _bare(chosen)
    core = bare.strip(_DIGITS)
    if len(set(chosen.casefold())) < _FEWEST_DIFFERENT or _is_row(bare):
        raise _refused(say("the password is a row or a repetition that is tried first"))
    if core in _COMMON or any(map(_is_repeated, (bare, core))):
        raise _refused(say("the password is one of those that are tried first"))
    if _is_made_of(bare, _names(email, name)):
        raise _refused(say("the password is made of the address or the name"))


def hash_password(password: str) -> str:
    """Return what is kept of a password: parameters, salt and tag, as argon2 writes them."""
    with _AT_ONCE:
        return _HASHER.hash(unicodedata.normalize("NFC", password))


def verify_password(password: str, kept: str | None) -> Verdict:
    """Say whether ``password`` is the one that ``kept`` came from.

    Takes as long where nothing is kept (an unknown address, somebody who chose none yet), so that
    time does not tell who has an account.
    """
    if len(password) > LONGEST:
        password = ""  # nobody has it; hashed all the same
    try:
        with _AT_ONCE:
            _HASHER.verify(kept or _nobodys(), unicodedata.normalize("NFC", password))
    except (VerificationError, InvalidHashError):
        return Verdict(is_right=False)
    if not kept:
        return Verdict(is_right=False)
    return Verdict(is_right=True, is_outdated=_HASHER.check_needs_rehash(kept))


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's")


def _bare(text: str) -> str:
    return "".join(each for each in text.casefold() if each.isalnum())


def _is_repeated(bare: str) -> bool:
    """Whether it is one piece again and again: "hannoverhannover"."""
    return any(
        bare == (bare[:size] * len(bare))[: len(bare)] for size in range(1, len(bare) // 2 + 1)
    )


def _is_row(bare: str) -> bool:
    """Whether it is a row of the keyboard, the alphabet or the digits, or two such pieces."""
    rows = [*_ROWS, *(each[::-1] for each in _ROWS)]
    return any(
        all(not piece or any(piece in row for row in rows) for piece in (bare[:cut], bare[cut:]))
        for cut in range(len(bare))
    )


def _names(email: str, name: str) -> set[str]:
    local, _, domain = email.partition("@")
    pieces = {_bare(email), _bare(local), _bare(domain), _bare(name)}
    pieces |= {_bare(each) for each in [*name.split(), *local.split("."), *domain.split(".")]}
    return {each for each in pieces if len(each) >= _PIECE_OF_A_NAME}


def _is_made_of(bare: str, names: set[str]) -> bool:
    rest = bare
    for each in sorted(names, key=len, reverse=True):
        rest = rest.replace(each, "")
    return rest != bare and len(rest.strip(_DIGITS)) < _PIECE_OF_A_NAME


def _refused(problem: str) -> InvalidInputError:
    return InvalidInputError(
        problem,
        field="password",
        remedy=say(
            "Take {number} or more characters; four or five words that nobody would put together "
            "make a good one.",
            number=SHORTEST,
        ),
    )
