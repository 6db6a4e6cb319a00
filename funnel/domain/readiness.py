"""What has to be right before real people are written to: checks as values, one sentence each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from funnel.domain.brand import Brand
from funnel.domain.speech import say

LEAST_KEY_LENGTH: Final = 32
# The sender that ships is made up; nobody may receive emails in its name.
_SHIPPED_POSTAL_ADDRESS: Final = "Musterstraße 1, 12345 Musterstadt"
_RESERVED_DOMAINS: Final = ("example.org", "example.com", "example.net", "example", "invalid")


class CheckState(StrEnum):
    RIGHT = "right"
    LOOK = "look"  # works, but somebody should know
    WRONG = "wrong"  # do not go live with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: what was found, and how to fix it where it is not right.

    ``page`` is the studio's that puts it right, where there is one; ``remedy`` speaks of files and
    commands, for whoever runs the service.
    """

    name: str
    state: CheckState
    found: str
    remedy: str = ""
    page: str = ""


def right(name: str, found: str) -> Check:
    """Return a check that passed."""
    return Check(name=name, state=CheckState.RIGHT, found=found)


def wrong(name: str, found: str, remedy: str, *, page: str = "") -> Check:
    """Return a check that forbids going live."""
    return Check(name=name, state=CheckState.WRONG, found=found, remedy=remedy, page=page)


def look(name: str, found: str, remedy: str, *, page: str = "") -> Check:
    """Return a check that somebody should know about."""
    return Check(name=name, state=CheckState.LOOK, found=found, remedy=remedy, page=page)


def check_demo(*, is_demo: bool) -> Check:
    """Say whether the demo is switched off: its clock can skip, its inbox shows every mail."""
    if is_demo:
        return wrong("Demo", say("demo mode is on"), say("Unset FUNNEL_IS_DEMO."))
    return right("Demo", say("demo mode is off"))


def check_base_url(base_url: str) -> Check:
    """Say whether the links in emails lead somewhere, encrypted."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    example = say(
        "Set FUNNEL_BASE_URL to where people reach the pages, like https://seats.your-name.org."
    )
    if not host or host in ("localhost", "127.0.0.1", "::1"):
        return wrong(
            say("Base URL"),
            say("{base_url} leads nowhere but to this machine", base_url=base_url),
            example,
        )
    if parts.scheme != "https":
        return wrong(
            say("Base URL"), say("{base_url} is not encrypted", base_url=base_url), example
        )
    if parts.path.strip("/") or parts.query:
        return wrong(
            say("Base URL"), say("{base_url} has more than a host", base_url=base_url), example
        )
    return right(say("Base URL"), base_url)


def check_proxies(base_url: str, trusted: tuple[str, ...]) -> list[Check]:
    """Say whether people behind a proxy are told apart; nothing to say without https.

    The pages do not speak https themselves, so an https address has a proxy in front of them.
    """
    if urlsplit(base_url).scheme != "https":
        return []
    if trusted:
        return [right("Proxies", f"trusted: {', '.join(trusted)}")]
    return [
        look(
            "Proxies",
            say(
                "The pages stand behind a proxy, and no proxy is trusted: every "
                "visitor has the proxy's address, in the limit of signups and in every "
                "consent"
            ),
            say(
                "Set FUNNEL_TRUSTED_PROXIES to a JSON list with the proxy's address as "
                'the pages see it, like ["127.0.0.1"]; in a container it is the '
                "gateway of the container's network."
            ),
        )
    ]


def check_link_keys(keys: tuple[str, ...]) -> Check:
    """Say whether links can be signed; the keys themselves are never shown."""
    remedy = say(
        'Set FUNNEL_LINK_KEYS to a JSON list like ["…"] with 32 or more random '
        "characters: python3 -c 'import secrets; "
        "print(secrets.token_urlsafe(32))'."
    )
    if not keys:
        return wrong(say("Link keys"), say("there is none, so no link can be signed"), remedy)
    short = sum(len(key) < LEAST_KEY_LENGTH for key in keys)
    if short:
        return wrong(
            say("Link keys"),
            say("{short} of {count} is shorter than 32 characters", short=short, count=len(keys)),
            remedy,
        )
    if any(len(set(key)) < 8 for key in keys):
        return wrong(say("Link keys"), say("a key repeats a few characters"), remedy)
    return right(say("Link keys"), say("{count}, the first signs", count=len(keys)))


def check_brand(brand: Brand) -> list[Check]:
    """Say whether a sender may write to people: a real postal address, a real From."""
    name = say("Brand {slug}", slug=brand.slug)
    file_name = f"brands/{brand.slug}.yaml"
    checks = []
    if brand.postal_address.strip() == _SHIPPED_POSTAL_ADDRESS:
        checks.append(
            wrong(
                say("{name}: postal address", name=name),
                say("it is the made-up one that ships"),
                say(
                    "Write yours into {file_name}; many countries require it in every email.",
                    file_name=file_name,
                ),
                page=f"/studio/brands/{brand.slug}",
            )
        )
    else:
        checks.append(right(say("{name}: postal address", name=name), brand.postal_address))
    checks.append(_check_sender(name, file_name, brand))
    return checks


def _check_sender(name: str, file_name: str, brand: Brand) -> Check:
    for address in (brand.from_address, brand.reply_to):
        domain = address.rpartition("@")[2].lower()
        if domain in _RESERVED_DOMAINS or domain.rpartition(".")[2] in _RESERVED_DOMAINS:
            return wrong(
                f"{name}: sender",
                say("{address} is an example", address=address),
                say(
                    "Write an address of your own domain into {file_name}; replies must reach you.",
                    file_name=file_name,
                ),
                page=f"/studio/brands/{brand.slug}",
            )
    return right(f"{name}: sender", f"{brand.host_name} <{brand.from_address}>")
