"""Our own form: what it posts, and whether a person filled it."""

import base64
import binascii
import hmac
import secrets
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import LooksAutomatedError, SignupRequest, Source, Visitor
from funnel.domain.subscriber import ZoneSource
from funnel.intake.signup import Arrival, read_signup

STAMP_FIELD: Final = "stamp"
HONEYPOT_FIELD: Final = "website"  # no person sees it; a machine fills what it finds

_OUR_OWN: Final = frozenset({STAMP_FIELD, HONEYPOT_FIELD, "only", "zone_not_chosen"})
_STAMPED: Final = struct.Struct(">d8s")  # seconds since 1970, and what makes it one of a kind
_MAC_BYTES: Final = 12


class FormGate:
    """Marks each form with its moment, and later tells whether it was filled too fast.

    A stamp does not grow too old: a page may stay open overnight. It proves a time and no more;
    how often somebody may post is for the limits.
    """

    def __init__(self, keys: Sequence[bytes], least_time: timedelta) -> None:
        """Take the keys, the current one first, and how long a person needs at least.

        Raises:
            InvalidInputError: There is no key.
        """
        if not keys:
            raise InvalidInputError("forms need a key", field="keys")
        self._keys = tuple(hmac.digest(key, b"funnel form stamp", "sha256") for key in keys)
        self._least_time = least_time

    def stamp(self, now: datetime) -> str:
        """Return the stamp of a form that is shown now (aware, real time); never the same twice."""
        content = _STAMPED.pack(now.timestamp(), secrets.token_bytes(8))
        return base64.urlsafe_b64encode(content + _mac(self._keys[0], content)).decode()

    def check(self, stamp: str, now: datetime) -> None:
        """Raise unless the form was shown by us, long enough ago (aware, real time).

        Raises:
            LooksAutomatedError: The stamp is missing or not ours, or the form was filled in less
                time than a person needs.
        """
        try:
            raw = base64.b64decode(stamp.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error) as error:
            raise LooksAutomatedError("the stamp is not ours") from error
        content, mac = raw[: _STAMPED.size], raw[_STAMPED.size :]
        if not any(hmac.compare_digest(_mac(key, content), mac) for key in self._keys):
            raise LooksAutomatedError("the stamp is not ours")
        shown_at = datetime.fromtimestamp(_STAMPED.unpack(content)[0], UTC)
        if now - shown_at < self._least_time:
            raise LooksAutomatedError("the form was filled too fast")


def read_form(
    fields: Sequence[tuple[str, str]],
    source: Source,
    *,
    gate: FormGate,
    visitor: Visitor,
    now: datetime,
) -> SignupRequest:
    """Return the signup that our own form makes; pressed twice, it is the same one.

    Args:
        fields: Names and values as the browser posted them.
        source: The form's.
        gate: Made the form's stamp.
        visitor: Who posted.
        now: Aware real moment.

    Raises:
        LooksAutomatedError: A machine filled it: answer as if it had been accepted.
        InvalidInputError: Names the field and what to do about it.
    """
    given = dict(reversed(fields))
    if given.get(HONEYPOT_FIELD):
        raise LooksAutomatedError("a field was filled that nobody sees")
    stamp = given.get(STAMP_FIELD, "")
    gate.check(stamp, now)
    pairs = [(name, value) for name, value in fields if name not in _OUR_OWN]
    arrival = Arrival(
        zone_source=ZoneSource.FORM,
        payload=urlencode(pairs, errors="backslashreplace").encode(),
        received_at=now,
        visitor=visitor,
        salt=stamp,
    )
    return read_signup(pairs, source, arrival)


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]
