"""Addresses of the pages that a person's emails lead to: a path and a signed token, no more."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address
from typing import Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import idna

from funnel.domain.consent import Topic
from funnel.domain.signing import LinkPurpose, LinkTokens

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,251}[a-z0-9])?")
_UNSUBSCRIBE = {
    Topic.LETTERS: LinkPurpose.UNSUBSCRIBE_LETTERS,
    Topic.SEAT: LinkPurpose.UNSUBSCRIBE_SEAT,
}
_CLICK, _OPEN = LinkPurpose.CLICK, LinkPurpose.OPEN


def is_web_address(text: str) -> bool:
    """Whether ``text`` is an address that a visitor may be led to: http or https, with a host."""
    return web_origin(text) is not None


def web_origin(text: str) -> str | None:
    """Return scheme and host of a web address as headers may hold them; ``None`` if it is none.

    A host in another script is named as DNS knows it ("xn--…", RFC 5890); one with a name and
    password before it, or with signs that no host has, is no address of ours.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        if parts.scheme not in {"http", "https"} or parts.username is not None or not host:
            return None
        if ":" in host:
            named = f"[{ip_address(host)}]"
        else:
            named = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (ValueError, idna.IDNAError):
        return None
    if ":" not in host and not _HOST.fullmatch(named):
        return None
    return f"{parts.scheme}://{named}" + (f":{port}" if port is not None else "")


@dataclass(frozen=True, slots=True)
class Links:
    """Makes every link of an email; ``base_url`` has no slash at its end.

    Tokens name a signup (confirm), a person (preferences, unsubscribe) or a run (join, replay,
    calendar; with a link that is counted), never a message: what an old email holds must work when
    its row is long purged.
    """

    base_url: str
    tokens: LinkTokens

    def at(self, host: str) -> Self:
        """Return the same links at a brand's own host name; empty: as they are.

        The scheme stays: whoever points a name at this service gives it a certificate as well.
        """
        if not host:
            return self
        made: Self = _at(self, host)
        return made

    def confirm(self, signup_id: UUID) -> str:
        """Return the page with the button "Take my seat"."""
        return f"{self.base_url}/c/{self.tokens.make(LinkPurpose.CONFIRM, signup_id)}"

    def preferences(self, subscriber_id: UUID) -> str:
        """Return the page where a person sees and ends what they get."""
        return f"{self.base_url}/p/{self.tokens.make(LinkPurpose.PREFERENCES, subscriber_id)}"

    def unsubscribe(self, topic: Topic, subscriber_id: UUID) -> str:
        """Return the page for people, and by POST the one-click address (RFC 8058), of a topic."""
        return f"{self.base_url}/u/{self.tokens.make(_UNSUBSCRIBE[topic], subscriber_id)}"

    def join(self, enrollment_id: UUID) -> str:
        """Return the person's own way into the room; the same when the date changes."""
        return f"{self.base_url}/j/{self.tokens.make(LinkPurpose.JOIN, enrollment_id)}"

    def replay(self, enrollment_id: UUID) -> str:
        """Return the page with the recording and its button "Watch"."""
        return f"{self.base_url}/r/{self.tokens.make(LinkPurpose.REPLAY, enrollment_id)}"

    def calendar(self, enrollment_id: UUID) -> str:
        """Return the calendar file; programs that subscribed to it see a moved date."""
        return f"{self.base_url}/cal/{self.tokens.make(LinkPurpose.CALENDAR, enrollment_id)}.ics"

    def seat(self, subscriber_id: UUID) -> str:
        """Return the part of the preferences where a seat is given up."""
        return f"{self.preferences(subscriber_id)}#seat"

    def dates(self, subscriber_id: UUID) -> str:
        """Return the part of the preferences where a date is chosen or changed."""
        return f"{self.preferences(subscriber_id)}#date"

    def date(self, subscriber_id: UUID, session_id: UUID) -> str:
        """Return that part with one date chosen already; a press on its button takes it."""
        return f"{self.preferences(subscriber_id)}?date={session_id}#date"

    def click(self, link_id: int, enrollment_id: UUID) -> str:
        """Return the short address that counts a click and leads on, as the link's row says."""
        return f"{self.base_url}/l/{self.tokens.make_counted(_CLICK, link_id, enrollment_id)}"

    def open_picture(self, link_id: int, enrollment_id: UUID) -> str:
        """Return the picture that tells that an email was opened; only where a sequence asks."""
        return f"{self.base_url}/o/{self.tokens.make_counted(_OPEN, link_id, enrollment_id)}.gif"


_AnyLinks = TypeVar("_AnyLinks", bound=Links)


@lru_cache(maxsize=64)
def _at(links: _AnyLinks, host: str) -> _AnyLinks:
    return replace(links, base_url=f"{urlsplit(links.base_url).scheme}://{host}")


@dataclass(frozen=True, slots=True)
class HarmlessLinks(Links):
    """Links for a test and for a preview: all lead to one page, which says what they are.

    Whoever reads the test of an email is not the person as whom it was made: with that person's own
    links they could give up a seat, or stop the emails, of somebody else.
    """

    @classmethod
    def like(cls, links: Links) -> Self:
        """Return harmless ones at the same address."""
        return cls(links.base_url, links.tokens)

    def _harmless(self, word: str) -> str:
        return f"{self.base_url}/test-link#{word}"

    def confirm(self, signup_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("confirm")

    def preferences(self, subscriber_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("preferences")

    def unsubscribe(self, topic: Topic, subscriber_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("unsubscribe")

    def join(self, enrollment_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("join")

    def replay(self, enrollment_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("replay")

    def calendar(self, enrollment_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("calendar")

    def seat(self, subscriber_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("seat")

    def dates(self, subscriber_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("date")

    def date(self, subscriber_id: UUID, session_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("date")

    def click(self, link_id: int, enrollment_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page."""
        return self._harmless("link")

    def open_picture(self, link_id: int, enrollment_id: UUID) -> str:  # noqa: ARG002  (nobody's)
        """Return that page: nothing is counted."""
        return self._harmless("picture")
