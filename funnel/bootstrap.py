"""The composition root: settings in, everything that a door needs out.

The only place that reads settings and the process's clock. Each part is made, and imported, when it
is first asked for, after the fork: a process opens only what it uses, and one that only needs its
settings, as the scheduler does, starts in a third of the time.
"""

import os
import socket
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from funnel.domain.errors import InvalidInputError
from funnel.log import configure_logging
from funnel.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from mmap import mmap

    from funnel.domain.fact_source import FactSource
    from funnel.domain.links import Links
    from funnel.domain.signing import LinkTokens
    from funnel.domain.signup import SignupRules, Source
    from funnel.intake.form import FormGate
    from funnel.rendering.renderer import Renderer
    from funnel.sending.delivery_events import EventReader
    from funnel.sending.dkim import DkimKey
    from funnel.sending.journal_folder import JournalFolder
    from funnel.sending.mailbox import Mailbox
    from funnel.sending.mailer import Mailer
    from funnel.services.build_email import EmailBuilder
    from funnel.services.check_installation import Installation
    from funnel.services.delivery import Delivery
    from funnel.services.dispatch_due import DispatchLimits
    from funnel.services.load_definitions import DefinitionWatch
    from funnel.services.preview_template import Previewing
    from funnel.storage.real_clock import RealClock
    from funnel.storage.source_book import SourceBook
    from funnel.storage.transaction import Transactions

log = structlog.get_logger()

SHIPPED_DEFINITIONS = Path(__file__).parent / "templates"


class Deps:
    """What the doors are given. One per process; ``close`` at its end."""

    def __init__(self, settings: Settings, *, role: str) -> None:
        self.settings = settings
        self.role = role
        # Whether this process was asked to end; a worker says so, nothing else is ever asked.
        self.is_draining: Callable[[], bool] = lambda: False
        # What processes that were forked from one remember together of the files they load.
        self.definition_memory: mmap | None = None
        self._mailers: dict[str, Mailer] = {}
        self._deliveries: dict[str, Delivery] = {}

    @cached_property
    def process_name(self) -> str:
        """Name of this process in heartbeats: host, process id and role."""
        return f"{socket.gethostname()}:{os.getpid()}:{self.role}"

    @cached_property
    def transactions(self) -> "Transactions":
        """Transactions on the configured database.

        Raises:
            InvalidInputError: No database is configured.
        """
        from funnel.storage.transaction import open_database

        if not self.settings.database_url:
            raise InvalidInputError(
                "no database is configured",
                field="FUNNEL_DATABASE_URL",
                remedy="Set FUNNEL_DATABASE_URL, or start the demo, which brings its own.",
            )
        return open_database(self.settings.database_url, pool_size=self._pool_size)

    @property
    def _pool_size(self) -> int:
        # The web's thread pool holds one connection a request; a worker process does one thing.
        return 16 if self.role == "web" else 2

    @cached_property
    def tokens(self) -> "LinkTokens":
        """Codec of link tokens.

        Raises:
            InvalidInputError: No key is configured, or one is too short.
        """
        from funnel.domain.signing import LinkTokens

        keys = [each.get_secret_value().encode() for each in self.settings.link_keys]
        if not keys:
            raise InvalidInputError(
                "no key for links is configured",
                field="FUNNEL_LINK_KEYS",
                remedy='Set FUNNEL_LINK_KEYS to a JSON list, for example ["32 random characters"].',
            )
        return LinkTokens(keys)

    @cached_property
    def links(self) -> "Links":
        """Addresses that emails hold."""
        from funnel.domain.links import Links

        return Links(base_url=self.settings.base_url.rstrip("/"), tokens=self.tokens)

    @cached_property
    def address_key(self) -> bytes:
        """Key of the hash under which limits remember an address; tied to the last link key."""
        return self.settings.link_keys[-1].get_secret_value().encode()

    @cached_property
    def allowed_hosts(self) -> tuple[str, ...]:
        """Host names that the pages answer to."""
        own = urlsplit(self.settings.base_url).hostname or "localhost"
        if self.settings.is_demo:
            return ("127.0.0.1", "localhost", "[::1]")
        return self.settings.allowed_hosts or (own,)

    @cached_property
    def mailbox_folder(self) -> Path:
        """Where the development mailer keeps its mails."""
        return self.settings.mailbox_folder or self.settings.data_folder / "mailbox"

    @cached_property
    def mailbox(self) -> "Mailbox":
        """Reader of the built-in inbox."""
        from funnel.sending.mailbox import Mailbox

        return Mailbox(self.mailbox_folder)

    def mailer_of(self, name: str) -> "Mailer":
        """Return the way by which a provider takes emails; opened once per process.

        Args:
            name: As the settings ``mailer`` and ``fallback_mailer`` call it.

        Raises:
            InvalidInputError: There is no such provider.
        """
        if name not in self._mailers:
            self._mailers[name] = self._open_mailer(name)
        return self._mailers[name]

    def _open_mailer(self, name: str) -> "Mailer":
        from funnel.mailers import open_mailer

        return open_mailer(
            name,
            self.settings,
            mailbox_folder=self.mailbox_folder,
            dkim_keys=lambda: self.dkim_keys,
            clock=self.process_now,
        )

    @cached_property
    def dkim_keys(self) -> "tuple[DkimKey, ...]":
        """The keys that sign what leaves by SMTP.

        Raises:
            InvalidInputError: One cannot be read, is too short, or has no name.
        """
        from funnel.sending.dkim import load_keys

        named = self.settings
        return load_keys(named.dkim_selector, named.dkim_domain, named.dkim_key_file)

    @cached_property
    def renderer(self) -> "Renderer":
        """Renders compiled templates; keeps them by checksum."""
        from funnel.rendering.renderer import Renderer

        return Renderer()

    @cached_property
    def builder(self) -> "EmailBuilder":
        """Builds finished emails."""
        from funnel.services.build_email import EmailBuilder

        return EmailBuilder(
            links=self.links,
            renderer=self.renderer,
            message_id_domain=self.settings.message_id_domain,
        )

    @cached_property
    def previewing(self) -> "Previewing":
        """Previews and checks what people type, in processes that are started when first asked."""
        from funnel.domain.links import Links
        from funnel.domain.signing import LinkTokens
        from funnel.rendering.confinement import Confinement
        from funnel.services.build_email import EmailBuilder
        from funnel.services.preview_template import Previewing

        # A key that nobody has: the links of a preview look like real ones and open nothing.
        tokens = LinkTokens([os.urandom(32)])
        return Previewing(
            transactions=self.transactions,
            builder=EmailBuilder(
                links=Links(base_url=self.settings.base_url.rstrip("/"), tokens=tokens),
                renderer=self.renderer,
                message_id_domain=self.settings.message_id_domain,
            ),
            confinement=Confinement(layouts=self.definitions_folder / "email" / "layouts"),
        )

    @cached_property
    def journals(self) -> "JournalFolder":
        """What the worker processes of this host write down of what they hand over."""
        from funnel.sending.journal_folder import JournalFolder

        return JournalFolder(self.settings.data_folder / "journal")

    @property
    def delivery(self) -> "Delivery":
        """All that a batch of messages needs, by the first provider."""
        return self.delivery_of(self.settings.mailer)

    def delivery_of(self, provider: str) -> "Delivery":
        """Return all that a batch of messages needs that leaves by this provider.

        Raises:
            InvalidInputError: There is no such provider.
        """
        if provider not in self._deliveries:
            self._deliveries[provider] = self._make_delivery(provider)
        return self._deliveries[provider]

    def finish_left_over(self) -> None:
        """Write what this process's batches could not, because the database was away."""
        if self._deliveries:
            from funnel.services.deliver_batch import finish_left_over

            for delivery in self._deliveries.values():
                finish_left_over(delivery)

    def _make_delivery(self, provider: str) -> "Delivery":
        from funnel.services.delivery import Delivery

        started = self.process_now().isoformat(timespec="seconds")
        journal = self.journals.new_journal(role=self.role, provider=provider, started=started)
        return Delivery(
            transactions=self.transactions,
            mailer=self.mailer_of(provider),
            builder=self.builder,
            owner=journal.owner,
            journal=journal,
            provider=provider,
            lease=timedelta(seconds=self.settings.lease_seconds),
            monotonic=monotonic,
            is_draining=lambda: self.is_draining(),
        )

    @property
    def providers(self) -> tuple[str, ...]:
        """Names of the providers that emails may leave by, the preferred one first."""
        named = (self.settings.mailer, self.settings.fallback_mailer)
        return tuple(dict.fromkeys(name for name in named if name))

    @cached_property
    def dispatch_limits(self) -> "DispatchLimits":
        """How much goes on the queue."""
        from funnel.domain.budget_presets import default_budgets
        from funnel.services.dispatch_due import DispatchLimits

        return DispatchLimits(
            published_per_lane=self.settings.published_per_lane,
            messages_per_batch=self.settings.messages_per_task,
            providers=self.providers,
            fallback_domains=frozenset(each.lower() for each in self.settings.fallback_domains),
            default_budgets=default_budgets(self.providers, self.settings.provider_per_hour),
        )

    @cached_property
    def signup_rules(self) -> "SignupRules":
        """How long a signup can be confirmed, and when its reminder leaves."""
        from funnel.domain.signup import SignupRules

        return SignupRules(
            hash_key=self.address_key,
            confirmation_lasts=self.settings.confirmation_lasts,
            reminder_after=self.settings.reminder_after,
        )

    @cached_property
    def sources(self) -> "SourceBook[Source]":
        """Places that signups come from, kept for a few seconds."""
        from funnel.storage import sources
        from funnel.storage.source_book import SourceBook

        return SourceBook(self.transactions, sources.find)

    @cached_property
    def fact_sources(self) -> "SourceBook[FactSource]":
        """Systems that report facts, kept for a few seconds."""
        from funnel.storage import fact_sources
        from funnel.storage.source_book import SourceBook

        return SourceBook(self.transactions, fact_sources.find)

    @cached_property
    def event_readers(self) -> "Mapping[str, EventReader]":
        """What reads each provider's webhook, by the provider's name; closed where not set up."""
        from funnel.sending.postmark_events import PostmarkEvents
        from funnel.sending.ses_events import SesEvents
        from funnel.sending.sns_fetch import fetch

        secrets = [each.get_secret_value() for each in self.settings.postmark_webhook_secrets]
        readers = (PostmarkEvents(secrets), SesEvents(self.settings.ses_topic_arns, fetch))
        return {each.provider: each for each in readers}

    @cached_property
    def form_gate(self) -> "FormGate":
        """Tells forms that a person filled from those that a machine did."""
        from funnel.intake.form import FormGate

        keys = [each.get_secret_value().encode() for each in self.settings.link_keys]
        return FormGate(keys, timedelta(seconds=self.settings.form_min_seconds))

    @cached_property
    def real_clock(self) -> "RealClock":
        """The database's clock, for what is judged before a transaction begins."""
        from funnel.storage.real_clock import RealClock

        return RealClock(self.transactions)

    @cached_property
    def definition_watch(self) -> "DefinitionWatch":
        """Loads what changed among the files of sequences and emails."""
        from funnel.services.load_definitions import DefinitionWatch

        return DefinitionWatch(self.definitions_folder, self.definition_memory)

    @cached_property
    def definitions_folder(self) -> Path:
        """Where sequences, emails and brands are written."""
        return self.settings.definitions_folder or SHIPPED_DEFINITIONS

    @property
    def installation(self) -> "Installation":
        """What is looked at before going live; nothing of it is opened before its turn."""
        from funnel.services.check_installation import Installation

        return Installation(
            database_url=self.settings.database_url,
            broker_url=self.settings.broker_url,
            base_url=self.settings.base_url,
            is_demo=self.settings.is_demo,
            link_keys=tuple(each.get_secret_value() for each in self.settings.link_keys),
            trusted_proxies=self.settings.trusted_proxies,
            mailer_name=self.settings.mailer,
            fallback_name=self.settings.fallback_mailer,
            mailer_of=self.mailer_of,
            dkim_keys=lambda: self.dkim_keys,
            claim_rules=self.dispatch_limits.claim_rules,
            definitions_folder=self.definitions_folder,
            transactions=lambda: self.transactions,
        )

    def process_now(self) -> datetime:
        """Return this process's own clock, for what asks no database; aware UTC."""
        return datetime.now(UTC)  # noqa: TID251  (here is the one place)

    def close(self) -> None:
        """Give connections back, and end the processes that were started."""
        if "previewing" in self.__dict__:
            self.previewing.confinement.close()
        for mailer in self._mailers.values():
            mailer.close()
        for delivery in self._deliveries.values():
            delivery.journal.close()
        if "transactions" in self.__dict__:
            self.transactions.close()


def build(settings: Settings | None = None, *, role: str) -> Deps:
    """Read the settings, start logging, and return the process's dependencies.

    Args:
        settings: Given by tests and the demo; read from the environment otherwise.
        role: "web", "deliver", "dispatch", "scheduler" or "cli": named in logs and leases.
    """
    settings = settings or Settings()
    configure_logging(level=settings.log_level, is_json=settings.log_json, role=role)
    return Deps(settings, role=role)
