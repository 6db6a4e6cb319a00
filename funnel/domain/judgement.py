"""Was it a person? Each fetch of a link judged afterwards, from what was seen around it.

Mail gateways open every link before their reader does, and some click like a browser. So nothing
that is fetched is believed at once: it is judged when what came shortly after it is known too (the
first link of a scan looks like a person until the others follow).

Judged machine is never called back, and never needs to be: a person who was taken for a machine
and comes again later, calmly and by a browser, is believed then. Where nothing speaks against a
fetch it counts as a person's: a scanner that waits a minute, follows one link and calls itself
Chrome is not told apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class EvidenceKind(StrEnum):
    """What can be seen of a visitor; a machine may have caused each of them."""

    LINK_OPENED = "link opened"
    JOIN_LINK_OPENED = "join link opened"
    CONFIRMATION_FETCHED = "confirmation page fetched"
    REPLAY_FETCHED = "replay page fetched"
    CALENDAR_FETCHED = "calendar file fetched"
    PREFERENCES_FETCHED = "preferences page fetched"
    LETTERS_STOP_FETCHED = "page to stop the letters fetched"
    SEAT_STOP_FETCHED = "page to stop the seat's emails fetched"
    EMAIL_OPENED = "email opened"


# Delivery, a notification, opening, reading, moving the hand: nobody does it faster. Gateways scan
# in the seconds after the hand-over; senders' guides draw the line at 5 s or "several seconds".
TOO_SOON: Final = timedelta(seconds=10)
# So many different links of one person's emails by one visitor within that time, our own pages
# among them: a letter holds one counted link as a rule, but its footer's two always. Two tabs can
# be opened quickly; two within 2 s, or three within 5 s, are not read between. Not longer: a mail
# program may fetch all when an email is opened, and the click of who then reads it is theirs.
BURSTS: Final = ((2, timedelta(seconds=2)), (3, timedelta(seconds=5)))
# How long to wait before judging: the longest burst, and time for its last row to be committed.
SETTLES_AFTER: Final = timedelta(seconds=10)
LONGEST_BURST: Final = max(within for _, within in BURSTS)

# Names by which scanners, previews, image proxies and programming libraries call themselves.
# Gateways: as they sign the fetches that senders see in their logs (Barracuda, Mimecast,
# Proofpoint, Cisco, Trend Micro, Sophos, Symantec, FireEye, Forcepoint, Microsoft's safe links and
# Office's discovery requests). Previews: the crawler names that Slack, Facebook, WhatsApp,
# Telegram, Skype, Bing and others document. Proxies: Gmail's and Yahoo's fetch pictures for their
# readers, and never follow a link. Any "…bot", crawler, spider, scanner; "CUBOT" is a telephone.
# Not here: Dalvik, okhttp, CFNetwork, "Microsoft Outlook": people's own programs use them too.
_MACHINES: Final = re.compile(
    r"(?<!cu)bot\b|crawl|spider|scanner|headless|phantomjs"
    r"|barracuda|mimecast|proofpoint|ironport|ciscosecure|trend ?micro|\btmes\b|sophos|symantec"
    r"|fireeye|forcepoint|fortimail|safelinks|(?:existence|protocol) discovery"
    r"|facebookexternal|whatsapp|urlpreview|url preview|bingpreview|slack-imgproxy"
    r"|googleimageproxy|yahoomailproxy"
    r"|python-|aiohttp|httpx|curl/|wget|go-http-client|java/|apache-httpclient|libwww|axios"
    r"|node-fetch|guzzle|jetty|lua-resty",
    re.IGNORECASE,
)
_READING_METHODS: Final = frozenset({"", "GET"})  # "": seen before methods were kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One thing that was fetched.

    Attributes:
        at: Aware, plan time.
        place: Which link or page it was, the same for the same one.
        method: Of HTTP, in capitals; empty: not known.
    """

    at: datetime
    place: str
    ip: str | None = None
    user_agent: str | None = None
    method: str = ""

    def is_of(self, other: "Fetch") -> bool:
        """Whether one visitor may have fetched both, as far as address and program tell."""
        if self.ip is not None and self.ip == other.ip:
            return True
        # Gateways fetch from many addresses, by one program.
        return self.user_agent is not None and self.user_agent == other.user_agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Person or machine, and why; the reasons stand beside the evidence."""

    is_human: bool
    reasons: tuple[str, ...]


def judge(fetch: Fetch, beside: Sequence[Fetch], *, mailed_at: datetime | None) -> Judgement:
    """Say whether a person fetched it.

    Args:
        fetch: What is judged; at least ``SETTLES_AFTER`` ago.
        beside: Everything that was fetched of the same person's emails at about that time, of
            all their runs and our own pages too; its order does not matter, and the fetch itself
            may be among it.
        mailed_at: When the email that holds the link was handed over, plan time; ``None``: not
            known.
    """
    against = tuple(_against(fetch, beside, mailed_at))
    if against:
        return Judgement(is_human=False, reasons=against)
    return Judgement(is_human=True, reasons=(_for(fetch, mailed_at),))


def _against(fetch: Fetch, beside: Sequence[Fetch], mailed_at: datetime | None) -> Iterator[str]:
    if fetch.method not in _READING_METHODS:
        yield f"asked by {fetch.method}, which no browser does for a click"
    if not fetch.user_agent:
        yield "without the name of a program, which every browser sends"
    else:
        named = _MACHINES.search(fetch.user_agent)
        if named is not None:
            yield f"by a program that is no browser (“{named.group().strip()}”)"
    if mailed_at is not None and fetch.at - mailed_at < TOO_SOON:
        seconds = max((fetch.at - mailed_at).total_seconds(), 0.0)
        yield f"{seconds:.0f} s after the email left, before it could be read"
    burst = _burst(fetch, beside)
    if burst:
        yield burst


def _burst(fetch: Fetch, beside: Sequence[Fetch]) -> str:
    near = (each for each in (*beside, fetch) if abs(each.at - fetch.at) <= LONGEST_BURST)
    own = sorted((each for each in near if each.is_of(fetch)), key=lambda each: each.at)
    for number, within in BURSTS:
        # A window of that length that the fetch stands in, wherever in it.
        for begin in own:
            if not begin.at <= fetch.at <= begin.at + within:
                continue
            places = {each.place for each in own if begin.at <= each.at <= begin.at + within}
            if len(places) >= number:
                return f"{len(places)} different links within {within.total_seconds():.0f} s"
    return ""


def _for(fetch: Fetch, mailed_at: datetime | None) -> str:
    if mailed_at is None:
        return "one link, by a browser"
    return f"one link, by a browser, {_words(fetch.at - mailed_at)} after the email left"


def _words(duration: timedelta) -> str:
    seconds = duration.total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"
