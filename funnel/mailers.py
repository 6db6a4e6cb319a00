"""From the settings to the way in which a provider takes emails; a part of the wiring.

Apart from ``bootstrap``, which would be too long with it, and used by it alone.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from funnel.domain.errors import InvalidInputError
from funnel.settings import Settings

if TYPE_CHECKING:
    from funnel.sending.dkim import DkimKey
    from funnel.sending.mailer import Mailer

# To the final dot: servers scan content before they answer. See smtp_timeout_seconds for the sum.
_ANSWER_SECONDS = 30.0

Clock = Callable[[], datetime]
DkimKeys = Callable[[], "Sequence[DkimKey]"]


def open_mailer(
    name: str, settings: Settings, *, mailbox_folder: Path, dkim_keys: DkimKeys, clock: Clock
) -> "Mailer":
    """Return a mailer; what it needs is imported now, and nothing is connected yet.

    Args:
        name: As the settings ``mailer`` and ``fallback_mailer`` call it.
        settings: Where it is and how to log in there.
        mailbox_folder: Where the development mailer keeps its mails.
        dkim_keys: Asked for the keys that sign what leaves by SMTP.
        clock: The process's own, for signatures that name a moment.

    Raises:
        InvalidInputError: There is no such provider.
    """
    if name == "mailbox":
        from funnel.sending.mailbox import MailboxMailer

        return MailboxMailer(mailbox_folder)
    if name == "smtp":
        return _smtp(settings, dkim_keys())
    if name == "postmark":
        return _postmark(settings)
    if name == "ses":
        return _ses(settings, clock)
    raise InvalidInputError(
        f"there is no provider “{name}”",
        field="FUNNEL_MAILER",
        remedy="Use mailbox, smtp, postmark or ses.",
    )


def _smtp(settings: Settings, keys: "Sequence[DkimKey]") -> "Mailer":
    from funnel.sending.dkim import DkimSigner
    from funnel.sending.smtp import SmtpMailer, SmtpSecurity, SmtpSettings

    return SmtpMailer(
        SmtpSettings(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=SmtpSecurity(settings.smtp_security),
            user=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
            timeout_seconds=settings.smtp_timeout_seconds,
            answer_seconds=_ANSWER_SECONDS,
            connections=settings.smtp_connections,
        ),
        signer=DkimSigner(keys) if keys else None,
    )


def _postmark(settings: Settings) -> "Mailer":
    from funnel.sending.http_api import ApiSettings
    from funnel.sending.postmark import BASE_URL, PostmarkMailer, PostmarkSettings

    return PostmarkMailer(
        PostmarkSettings(
            token=settings.postmark_token.get_secret_value(),
            stream=settings.postmark_stream,
            letters_stream=settings.postmark_letters_stream,
            api=ApiSettings(base_url=BASE_URL, connections=settings.http_connections),
        )
    )


def _ses(settings: Settings, clock: Clock) -> "Mailer":
    from funnel.sending.ses import SesMailer, SesSettings

    return SesMailer(
        SesSettings(
            region=settings.ses_region,
            access_key=settings.ses_access_key,
            secret_key=settings.ses_secret_key.get_secret_value(),
            configuration_set=settings.ses_configuration_set,
            connections=settings.http_connections,
        ),
        # A signature names a moment: AWS's own clock decides, and corrects this one.
        clock=clock,
    )
