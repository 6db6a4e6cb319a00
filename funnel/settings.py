"""Every setting, once: its meaning, its unit, its default. Read by bootstrap only.

Each is an environment variable ``FUNNEL_<NAME>`` (or a line of ``.env``).
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _none_if_empty(value: object) -> object:
    """An empty line in ``.env`` leaves the setting out."""
    return None if value == "" else value


class Settings(BaseSettings):
    """How this installation runs; read once at the start of a process, then it cannot change."""

    model_config = SettingsConfigDict(
        env_prefix="FUNNEL_", env_file=".env", extra="ignore", frozen=True
    )

    database_url: str = Field(
        default="",
        description="PostgreSQL, as postgresql+psycopg://user:password@host/name. "
        "Empty in the demo: an embedded server is started.",
    )
    broker_url: str = Field(
        default="",
        description="Redis or Valkey, as redis://host:6379/0. "
        "Empty in the demo: an embedded server is started.",
    )
    data_folder: Path = Field(
        default=Path(".data"),
        description="Where workers keep their journals, on a local disk that stays; in the demo "
        "also its database, broker, logs and kept mails.",
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Where people reach the pages; every link in an email begins with it.",
    )
    link_keys: tuple[SecretStr, ...] = Field(
        default=(),
        description="Keys that sign links, 32 or more random characters each, as a JSON list; "
        "the first signs, all verify. Required outside the demo.",
    )
    is_demo: bool = Field(
        default=False,
        description="Demo mode: a clock that can skip, the built-in inbox, pages of the demo. "
        "Answers only this machine.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Host names that the pages answer to, as a JSON list; empty: base_url's own.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses of proxies whose X-Forwarded-For is believed, as a JSON list.",
    )

    mailer: str = Field(
        default="mailbox",
        pattern="^(mailbox|smtp|postmark|ses)$",
        description="mailbox keeps every mail in a folder for the built-in inbox; smtp, postmark "
        "and ses send.",
    )
    fallback_mailer: str = Field(
        default="",
        pattern="^(|smtp|postmark|ses)$",
        description="A second provider, used while the first cannot be reached; empty: there is "
        "none, and what is due waits.",
    )
    fallback_domains: tuple[str, ...] = Field(
        default=(),
        description="Domains of senders that the second provider may send for, as a JSON list; "
        "empty: all.",
    )
    mailbox_folder: Path | None = Field(
        default=None, description="Where the mailbox keeps mails; empty: mailbox in data_folder."
    )
    smtp_host: str = Field(default="localhost", description="Host name of the SMTP server.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="587 STARTTLS, 465 TLS.")
    smtp_security: str = Field(
        default="starttls",
        pattern="^(starttls|tls|none)$",
        description="starttls requires it, tls speaks it from the first byte, none does without.",
    )
    smtp_user: str = Field(default="", description="Name for SMTP AUTH; empty: no log-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Password for SMTP AUTH.")
    smtp_connections: int = Field(
        default=8,
        ge=1,
        le=50,
        description="Connections that one worker keeps to the SMTP server at most, opened as "
        "needed; fewer where the provider allows fewer.",
    )
    dkim_domain: str = Field(
        default="", description="Domain that emails by SMTP are signed for, that of From."
    )
    dkim_selector: tuple[str, ...] = Field(
        default=(), description="Names of the DKIM keys in DNS, as a JSON list; empty: no signing."
    )
    dkim_key_file: tuple[Path, ...] = Field(
        default=(), description="The private keys (PEM), as a JSON list in the same order."
    )
    smtp_timeout_seconds: float = Field(
        default=30.0,
        gt=0,
        le=30,  # a batch 10, connecting 10, this 30, the answer 30: under the 90 of a task
        description="Seconds that one email may take up to its final dot.",
    )
    postmark_token: SecretStr = Field(
        default=SecretStr(""), description="API token of the Postmark server."
    )
    postmark_stream: str = Field(
        default="outbound",
        pattern="^[a-z0-9_-]+$",
        description="Postmark message stream of notices and reminders (a transactional one).",
    )
    postmark_letters_stream: str = Field(
        default="broadcast",
        pattern="^[a-z0-9_-]+$",
        description="Postmark message stream of letters (a broadcast one, on which you manage "
        "unsubscribes on your own).",
    )
    postmark_webhook_secrets: tuple[SecretStr, ...] = Field(
        default=(),
        description="Passwords, 16 or more random characters each, by which Postmark's webhooks "
        "are known, as a JSON list; any of them opens. Empty: none comes in.",
    )
    ses_region: str = Field(
        default="", description="Region of Amazon SES, like eu-central-1; limits belong to it."
    )
    ses_access_key: str = Field(
        default="",
        description="Access key of an IAM user that may ses:SendEmail, ses:SendRawEmail and "
        "ses:GetAccount.",
    )
    ses_secret_key: SecretStr = Field(
        default=SecretStr(""), description="Secret key of that IAM user."
    )
    ses_configuration_set: str = Field(
        default="",
        pattern="^[A-Za-z0-9_-]*$",
        description="SES configuration set whose event destination reports bounces; empty: the "
        "identity's default.",
    )
    ses_topic_arns: tuple[str, ...] = Field(
        default=(),
        description="ARNs of the Amazon SNS topics by which SES says what became of emails, as a "
        "JSON list. Empty: none comes in.",
    )
    http_connections: int = Field(
        default=8,
        ge=1,
        le=32,
        description="Requests at once that a worker process makes to Postmark or SES.",
    )
    message_id_domain: str = Field(
        default="", description="Domain of Message-ID; empty: the one of the brand's address."
    )
    one_click_ends_everything: bool = Field(
        default=False,
        description="One-click in the mail program ends every topic, not only the email's own.",
    )

    provider_per_hour: Annotated[int | None, BeforeValidator(_none_if_empty)] = Field(
        default=None,
        ge=1,
        description="Emails that the provider takes in any 60 minutes; empty: no limit is known. "
        "Sending keeps to it while no budget says anything of the provider (`funnel budget`).",
    )

    watch_definitions: bool = Field(
        default=True,
        description="Load changed sequences and emails from their files while running.",
    )
    definitions_folder: Path | None = Field(
        default=None,
        description="Folder with sequences/, email/ and brands/; empty: those that ship.",
    )
    confirmation_lasts: timedelta = Field(
        default=timedelta(days=7), description="How long a signup can be confirmed, e.g. P7D."
    )
    reminder_after: timedelta = Field(
        default=timedelta(hours=4),
        description="When the one confirmation reminder leaves, e.g. PT4H.",
    )
    published_per_lane: int = Field(
        default=2000,  # what two processes send in the quarter second between two ticks
        ge=1,
        description="Messages of one lane on the queue and not yet opened, at most.",
    )
    messages_per_task: int = Field(
        # A task costs a millisecond of Celery's whatever it carries; at 20 emails a second and
        # process it still ends within the ten seconds after which it gives the rest back.
        default=200,
        ge=1,
        le=500,
        description="Messages that one task carries.",
    )
    lease_seconds: int = Field(
        default=120,
        ge=100,
        description="Seconds after which a message in a worker's hands counts as lost; "
        "longer than a task may run (90 s).",
    )
    republish_after_seconds: int = Field(
        default=30, ge=5, description="Seconds after which what the broker lost is put on it again."
    )
    form_per_hour: int = Field(
        default=30, ge=1, description="Signups by forms that one IP address may send in an hour."
    )
    form_min_seconds: float = Field(
        default=2.0, ge=0, description="Seconds below which a filled form was filled by a machine."
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    log_json: bool = Field(default=True, description="One JSON object a line; false: for people.")
