"""Limits that providers and shared hosts are known for, each with the page that says so.

Figures of November 2026. Where an account has another one, it is set by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from funnel.domain.budget import Budget
from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import mark, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Limits under a name.

    Attributes:
        key: As commands call it.
        name: As people call it.
        about: What the figures are, and how sure.
        source: The page that they were read on.
    """

    key: str
    name: str
    budget: Budget
    about: str
    source: str


# AWS and Google, like most, count a day as any 24 hours (both pages say so); so does every
# window here. AWS names no first figures for accounts out of the sandbox: they are usually given 14
# a second and 50,000 a day.
PRESETS: Final = (
    Preset(
        key="ses-sandbox",
        name=mark("Amazon SES, sandbox"),
        budget=Budget(per_second=1, per_day=200),
        about=mark("What a new account may send until it is let out of the sandbox."),
        source="https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html",
    ),
    Preset(
        key="ses",
        name=mark("Amazon SES"),
        budget=Budget(per_second=14, per_day=50_000),
        about=mark("A usual account out of the sandbox; its console shows your own figures."),
        source="https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html",
    ),
    Preset(
        key="postmark",
        name=mark("Postmark"),
        budget=Budget(per_second=10),
        about=mark("Postmark publishes no figure and asks to slow down by 429: this is cautious."),
        source="https://postmarkapp.com/developer/api/overview",
    ),
    Preset(
        key="google-workspace",
        name=mark("Gmail with Google Workspace"),
        budget=Budget(per_second=1, per_day=2_000),
        about=mark("2,000 emails in 24 hours for each account; a trial account may send 500."),
        source="https://support.google.com/a/answer/166852",
    ),
    Preset(
        key="microsoft-365",
        name=mark("Microsoft 365"),
        budget=Budget(per_minute=30, per_day=10_000),
        about=mark("30 emails a minute and 10,000 recipients a day for each mailbox."),
        source="https://learn.microsoft.com/office365/servicedescriptions/"
        "exchange-online-service-description/exchange-online-limits",
    ),
    Preset(
        key="shared-host",
        name=mark("A shared host"),
        budget=Budget(per_minute=30, per_hour=300),
        about=mark("Hosts allow from 100 to 500 an hour: ask yours."),
        source="https://portal.hostbreak.com/knowledgebase/137/What-is-my-hourly-mail-limit.html",
    ),
    Preset(
        key="shared-host-larger",
        name=mark("A larger shared host"),
        budget=Budget(per_minute=50, per_hour=500),
        about=mark("What larger hosts allow, by the minute and by the hour: ask yours."),
        source="http://kb.mediatemple.net/questions/066/Outgoing+Email+Limitations",
    ),
)
_BY_KEY: Final = {each.key: each for each in PRESETS}
# Of providers by HTTP whose accounts all have a limit; a mail server of one's own may have none.
_DEFAULTS: Final = {"ses": _BY_KEY["ses"].budget, "postmark": _BY_KEY["postmark"].budget}


def preset_of(key: str) -> Preset:
    """Return a preset.

    Raises:
        InvalidInputError: There is none of that name.
    """
    if key not in _BY_KEY:
        raise InvalidInputError(
            say("there is no preset “{key}”", key=key),
            field="preset",
            remedy=say("These are known: {keys}.", keys=", ".join(_BY_KEY)),
        )
    return _BY_KEY[key]


def default_budgets(providers: Sequence[str], per_hour: int | None) -> dict[str, Budget]:
    """Return what providers are held to while nothing was set for them; some to nothing.

    Args:
        providers: Their names in the settings, the preferred one first.
        per_hour: The setting ``provider_per_hour``, which speaks of the first.
    """
    found = {name: _DEFAULTS[name] for name in providers if name in _DEFAULTS}
    return found if per_hour is None else found | {providers[0]: Budget(per_hour=per_hour)}
