"""What the DNS of a sender's domain must hold, so that its emails are believed: asked and judged.

Pure: the look-up is ``funnel.sending.domain_lookup``'s. SPF is RFC 7208, DKIM RFC 6376, DMARC
RFC 7489; the large mailbox providers ask all senders for SPF or DKIM, and many of them for DMARC.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from funnel.domain.brand import Brand
from funnel.domain.readiness import Check, look, right, wrong
from funnel.domain.speech import say

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")
_POLICY = re.compile(r"\bp\s*=\s*(none|quarantine|reject)\b")
# By the ending of the mail server's name: what its provider asks to be included in SPF. Each as the
# provider's own help page says it; another server is named by itself.
_INCLUDES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amazonaws.com": "amazonses.com",
        "mtasv.net": "spf.mtasv.net",
        "postmarkapp.com": "spf.mtasv.net",
        "mailgun.org": "mailgun.org",
        "sendgrid.net": "sendgrid.net",
        "brevo.com": "spf.brevo.com",
        "messagingengine.com": "spf.messagingengine.com",
        "fastmail.com": "spf.messagingengine.com",
        "google.com": "_spf.google.com",
        "gmail.com": "_spf.google.com",
        "office365.com": "spf.protection.outlook.com",
        "mailbox.org": "mailbox.org",
        "zoho.com": "zohomail.com",
        "zoho.eu": "zohomail.eu",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordToCopy:
    """One record for whoever keeps the domain's DNS: its type, its name, its value, what for."""

    kind: str
    name: str
    value: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecords:
    """What DNS said; ``None``: it did not answer, so nothing is known.

    Attributes:
        texts: TXT records of the domain.
        dmarc: TXT records of ``_dmarc`` below it, or below its organisation's domain.
        dkim: TXT records of the selector; empty as well where no selector was named.
        mail_hosts: Who takes mail for it.
        link_hosts: Addresses of the host name of its links.
    """

    texts: tuple[str, ...] | None
    dmarc: tuple[str, ...] | None
    dkim: tuple[str, ...] | None
    mail_hosts: tuple[str, ...] | None
    link_hosts: tuple[str, ...] | None


def domain_of(brand: Brand) -> str:
    """Return the domain that a brand's emails come from."""
    return brand.from_address.rpartition("@")[2].lower()


def is_selector(text: str) -> bool:
    """Say whether a text can be the name of a DKIM key (RFC 6376, 3.1)."""
    return bool(_SELECTOR.fullmatch(text))


def records_to_copy(
    brand: Brand, *, smtp_host: str, own_host: str, keys: Mapping[str, str] = MappingProxyType({})
) -> tuple[RecordToCopy, ...]:
    """Return the records that a brand's domain needs.

    Args:
        brand: The sender.
        keys: Records of the DKIM keys that sign here, by their names; those of its domain count.
        smtp_host: The mail server that hands its emails on; empty where none is configured.
        own_host: Where this service is reached.
    """
    domain = domain_of(brand)
    records = [
        RecordToCopy(
            kind="TXT",
            name=domain,
            value=f"v=spf1 {_spf_part(smtp_host)} ~all",
            about=say(
                "SPF: who may send for the domain. If there is one already, add the middle part to "
                "it: two of them are none."
            ),
        ),
        RecordToCopy(
            kind="TXT",
            name=f"_dmarc.{domain}",
            value=f"v=DMARC1; p=none; rua=mailto:{brand.reply_to}",
            about=say(
                "DMARC: what becomes of emails that only pretend. “none” watches; reports come to "
                "the address."
            ),
        ),
    ]
    records += [
        RecordToCopy(
            kind="TXT",
            name=name,
            value=value,
            about=say("DKIM: the public half of the key that signs your emails."),
        )
        for name, value in keys.items()
        if name.endswith(f"._domainkey.{domain}")
    ]
    if brand.link_domain:
        records.append(
            RecordToCopy(
                kind="CNAME",
                name=brand.link_domain,
                value=own_host,
                about=say("The links of the emails lead here."),
            )
        )
    return tuple(records)


def judge_records(
    brand: Brand, found: FoundRecords, *, selector: str, smtp_host: str
) -> tuple[Check, ...]:
    """Return what is right with a domain, and what to do about the rest.

    Args:
        brand: The sender.
        found: What DNS said.
        selector: The name of its DKIM key; empty: none was named.
        smtp_host: As for ``records_to_copy``.
    """
    checks = [
        _spf(found.texts, smtp_host),
        _dkim(found.dkim, selector, domain_of(brand)),
        _dmarc(found.dmarc),
        _replies(found.mail_hosts),
    ]
    if brand.link_domain:
        checks.append(_links(found.link_hosts, brand.link_domain))
    return tuple(checks)


def _spf_part(smtp_host: str) -> str:
    host = smtp_host.lower().rstrip(".")
    if not host or host in {"localhost", "127.0.0.1", "::1"}:
        return "mx"
    for ending, include in _INCLUDES.items():
        if host == ending or host.endswith(f".{ending}"):
            return f"include:{include}"
    return f"a:{host}"


def _unknown(name: str) -> Check:
    return look(
        name, say("DNS did not answer, so nothing is known"), say("Try again in a few minutes.")
    )


def _spf(texts: tuple[str, ...] | None, smtp_host: str) -> Check:
    if texts is None:
        return _unknown("SPF")
    policies = [each for each in texts if each.lower().split(" ")[0] == "v=spf1"]
    wanted = _spf_part(smtp_host)
    if not policies:
        return wrong("SPF", say("there is no record"), say("Add the record “v=spf1 …” from above."))
    if len(policies) > 1:
        return wrong(
            "SPF",
            say("there are {number} records, and two count as none", number=len(policies)),
            say("Put what they say into one."),
        )
    if wanted.startswith("include:") and wanted not in policies[0].lower().split():
        return look(
            "SPF",
            say("it does not name {part}: {record}", part=wanted, record=policies[0]),
            say("Add it before “all”, unless your mail server is named in another way."),
        )
    return right("SPF", policies[0])


def _dkim(texts: tuple[str, ...] | None, selector: str, domain: str) -> Check:
    if not selector:
        return look(
            "DKIM",
            say("no name of a key was given, so nothing was looked up"),
            say("Your mail provider shows it, often next to “DKIM”: type it in and look again."),
        )
    if texts is None:
        return _unknown("DKIM")
    if not any("p=" in each.replace(" ", "") for each in texts):
        return wrong(
            "DKIM",
            say("there is no key at {name}", name=f"{selector}._domainkey.{domain}"),
            say("Copy the record that your mail provider shows for this domain."),
        )
    if any(re.search(r"\bp\s*=\s*(;|$)", each) for each in texts):
        return wrong(
            "DKIM",
            say("the key at {name} was withdrawn", name=f"{selector}._domainkey.{domain}"),
            say("Copy the newest record that your mail provider shows."),
        )
    return right("DKIM", say("a key is there"))


def _dmarc(texts: tuple[str, ...] | None) -> Check:
    if texts is None:
        return _unknown("DMARC")
    policies = [each for each in texts if each.replace(" ", "").lower().startswith("v=dmarc1")]
    if not policies:
        return wrong("DMARC", say("there is no record"), say("Add the record from above."))
    if len(policies) > 1:
        return wrong(
            "DMARC",
            say("there are {number} records, and two count as none", number=len(policies)),
            say("Keep one."),
        )
    if _POLICY.search(policies[0].lower()) is None:
        return wrong(
            "DMARC",
            say("it names no policy: {record}", record=policies[0]),
            say("Write p=none, p=quarantine or p=reject into it."),
        )
    return right("DMARC", policies[0])


def _replies(hosts: tuple[str, ...] | None) -> Check:
    name = say("Replies")
    if hosts is None:
        return _unknown(name)
    if not hosts:
        return wrong(
            name,
            say("nobody takes mail for this domain (no MX record)"),
            say("Let the domain receive mail: the letters promise that somebody reads answers."),
        )
    return right(name, ", ".join(hosts))


def _links(hosts: tuple[str, ...] | None, link_domain: str) -> Check:
    name = say("Links")
    if hosts is None:
        return _unknown(name)
    if not hosts:
        return wrong(
            name,
            say("{host} leads nowhere", host=link_domain),
            say("Add the CNAME record from above, and a certificate for this name."),
        )
    return right(name, f"{link_domain}: {', '.join(hosts)}")
