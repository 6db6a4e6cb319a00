"""Looks up what DNS says of a sender's domain; only when somebody asks, never while sending."""

from collections.abc import Sequence
from typing import Final

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from funnel.domain.domain_records import FoundRecords

_SECONDS: Final = 4.0  # for one question, all servers and repeats together


def look_up_domain(
    domain: str, *, selector: str = "", link_domain: str = "", resolver: Resolver | None = None
) -> FoundRecords:
    """Return what DNS says of a domain; what it does not answer within 4 s is ``None``.

    Args:
        domain: Of the From address.
        selector: The name of the DKIM key; empty: none is looked up.
        link_domain: Host name of the links; empty: none is looked up.
        resolver: Asks; the machine's own by default.
    """
    asking = _Asking(resolver)
    return FoundRecords(
        texts=asking.texts(domain),
        dmarc=_dmarc(asking, domain),
        dkim=asking.texts(f"{selector}._domainkey.{domain}") if selector else (),
        mail_hosts=asking.names(domain, "MX"),
        link_hosts=_addresses(asking, link_domain) if link_domain else (),
    )


class _Asking:
    def __init__(self, resolver: Resolver | None) -> None:
        self._resolver: Resolver | None = resolver
        if resolver is None:
            try:
                self._resolver = Resolver()
            except DNSException:
                self._resolver = None  # this machine names no server at all

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return the TXT records of a name, each put together from its pieces (RFC 7208, 3.3)."""
        answers = self._ask(name, "TXT")
        if answers is None:
            return None
        return tuple(b"".join(each.strings).decode("utf-8", "replace") for each in answers)  # type: ignore[attr-defined]  # of TXT

    def names(self, name: str, kind: str) -> tuple[str, ...] | None:
        """Return the hosts or addresses that a name leads to."""
        answers = self._ask(name, kind)
        if answers is None:
            return None
        found = (str(getattr(each, "exchange", each)).rstrip(".") for each in answers)
        # A lone dot is a null MX: it takes no mail (RFC 7505).
        return tuple(sorted(each for each in found if each))

    def _ask(self, name: str, kind: str) -> Sequence[object] | None:
        if self._resolver is None:
            return None
        try:
            return list(self._resolver.resolve(name, kind, lifetime=_SECONDS, search=False))
        except (NXDOMAIN, NoAnswer):
            return ()
        except DNSException:
            return None


def _dmarc(asking: _Asking, domain: str) -> tuple[str, ...] | None:
    """Return the records of the domain, else those of its organisation (RFC 7489, 6.6.3)."""
    found = asking.texts(f"_dmarc.{domain}")
    parents = domain.split(".")[1:]
    while found == () and len(parents) > 1:
        found = asking.texts(f"_dmarc.{'.'.join(parents)}")
        parents = parents[1:]
    return found


def _addresses(asking: _Asking, host: str) -> tuple[str, ...] | None:
    four, six = asking.names(host, "A"), asking.names(host, "AAAA")
    if four is None and six is None:
        return None
    return (*(four or ()), *(six or ()))
