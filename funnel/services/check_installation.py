"""Before going live: look at everything that has to be right, and say how to fix what is not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from funnel.domain.budget import ALL
from funnel.domain.budget_words import budget_text
from funnel.domain.domain_records import domain_of
from funnel.domain.errors import FunnelError, InvalidInputError
from funnel.domain.readiness import (
    Check,
    check_base_url,
    check_brand,
    check_demo,
    check_link_keys,
    check_proxies,
    look,
    right,
    wrong,
)
from funnel.domain.signup import LANDING_SOURCE
from funnel.domain.speech import say
from funnel.monitoring.broker import shown_url, why_unreachable
from funnel.sending.dkim import DkimKey
from funnel.sending.mailer import Mailer, MailerCheckError
from funnel.services.claim_messages import ClaimRules, in_force
from funnel.services.read_definitions import read_definitions
from funnel.storage import brands, migrate, pauses, sequences, sessions, sources, users
from funnel.storage.errors import DATABASE_IS_AWAY
from funnel.storage.transaction import Transaction, Transactions

_MAILBOX: Final = "mailbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What is looked at; nothing of it is opened before its turn comes.

    Attributes:
        mailer_name: Setting of the provider that emails leave by.
        fallback_name: Of the second one; empty: there is none.
        mailer_of: Makes one of them, by its name.
        claim_rules: By whom emails leave, and by which budgets while no row says it.
        link_keys: Looked at, never shown.
        dkim_keys: Reads the keys that sign what leaves by SMTP.
    """

    database_url: str
    broker_url: str
    base_url: str
    is_demo: bool
    link_keys: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    mailer_name: str
    mailer_of: Callable[[str], Mailer]
    claim_rules: ClaimRules
    definitions_folder: Path
    transactions: Callable[[], Transactions]
    fallback_name: str = ""
    dkim_keys: Callable[[], Sequence[DkimKey]] = tuple


def check_installation(installation: Installation) -> Iterator[Check]:
    """Yield one check after the other, as they are made; none stops the others."""
    yield from _check_files(installation.definitions_folder)
    yield from _check_database(installation)
    yield _check_broker(installation.broker_url)
    yield _check_mailer(say("Mail server"), installation.mailer_name, installation)
    if installation.fallback_name:
        yield _check_fallback(installation)
    if "smtp" in (installation.mailer_name, installation.fallback_name):
        yield from _check_dkim(installation)
    yield check_base_url(installation.base_url)
    yield from check_proxies(installation.base_url, installation.trusted_proxies)
    yield check_demo(is_demo=installation.is_demo)
    yield check_link_keys(installation.link_keys)


def _check_database(installation: Installation) -> Iterator[Check]:
    if not installation.database_url:
        yield wrong("Database", say("none is configured"), say("Set FUNNEL_DATABASE_URL."))
        return
    try:
        is_current = migrate.is_current(installation.database_url)
    except DATABASE_IS_AWAY as error:
        yield wrong(
            "Database",
            str(getattr(error, "orig", error)).strip().split("\n", 1)[0],
            say("Look at FUNNEL_DATABASE_URL, and whether the server runs and lets us in."),
        )
        return
    yield right("Database", say("it answers"))
    if not is_current:
        yield wrong("Schema", say("it is older than the code"), say("Run `funnel db upgrade`."))
        return
    yield right("Schema", say("it is current"))
    with installation.transactions().begin() as tx:
        yield from _check_rows(tx, is_demo=installation.is_demo)
        if installation.mailer_name != _MAILBOX:
            yield from _check_budgets(tx, installation.claim_rules)
        if installation.fallback_name:
            yield from _check_stand_in(tx, installation.claim_rules)


def _check_rows(tx: Transaction, *, is_demo: bool) -> Iterator[Check]:
    yield from _check_definitions(tx)
    for brand in brands.list_brands(tx):
        yield from check_brand(brand)
    active = [each for each in sources.list_all(tx) if each.is_active]
    if not active:
        yield look(
            "Sources",
            say("nobody can sign up"),
            say("Run `funnel source add`."),
            page="/studio/forms",
        )
    if not any(each.slug == LANDING_SOURCE and each.is_open_to_all for each in active):
        yield look(
            say("Landing page"),
            say("no unsigned source named landing, so / is no page"),
            say(
                "`funnel source add landing --unsigned` opens it; leave it out if you "
                "have your own."
            ),
            page="/studio/forms",
        )
    if not sessions.list_lines(tx, upcoming_only=True):
        yield look(
            "Dates",
            say("no session lies ahead"),
            say("Run `funnel session add`."),
            page="/studio/dates/new",
        )
    # The demo has an admin of its own, who counts nowhere else.
    if not is_demo and not users.count_in_charge(tx):
        yield look(
            "Studio",
            say("no admin can log in"),
            say("Run `funnel user add EMAIL --role admin` and open the link that it prints."),
            page="/studio/users",
        )
    for pause in pauses.standing(tx):
        yield look(
            "Sending",
            say("it is paused: {reason}", reason=pause.reason),
            say("Run `funnel resume all`."),
        )


def _check_definitions(tx: Transaction) -> Iterator[Check]:
    live = sequences.list_sequences(tx)
    if not live:
        yield wrong("Sequences", say("none is live"), say("Run `funnel sequence load`."))
    else:
        named = ", ".join(
            say("{slug} (version {number})", slug=each.slug, number=each.number) for each in live
        )
        yield right("Sequences", f"live: {named}")


def _check_files(folder: Path) -> Iterator[Check]:
    definitions = read_definitions(folder)
    for problem in definitions.problems:
        yield wrong(
            str(problem), say("its live version stays as it was"), problem.remedy or say("Mend it.")
        )
    for file in definitions.sequences:
        for key in definitions.missing_emails(file.definition):
            yield wrong(file.file_name, say("email/{key}.md is missing", key=key), say("Write it."))
    if not definitions.problems:
        found = say(
            "{count} with {other_count} emails",
            count=len(definitions.sequences),
            other_count=len(definitions.templates),
        )
        yield right(
            say("Sequence files"), say("{found} below {folder}", found=found, folder=folder)
        )


def _check_broker(url: str) -> Check:
    if not url:
        return wrong("Broker", say("none is configured"), say("Set FUNNEL_BROKER_URL."))
    why = why_unreachable(url)
    if why:
        return wrong(
            "Broker",
            f"{shown_url(url)}: {why}",
            say("Look at FUNNEL_BROKER_URL, and whether the server runs."),
        )
    return right("Broker", f"{shown_url(url)} answers")


def _check_mailer(name: str, mailer_name: str, installation: Installation) -> Check:
    if mailer_name == _MAILBOX:
        return wrong(
            name,
            say("mails are kept in a folder, nobody receives them"),
            say("Set FUNNEL_MAILER to smtp, postmark or ses, and the settings of that one."),
        )
    try:
        installation.mailer_of(mailer_name).check()
    except MailerCheckError as error:
        return wrong(name, str(error), error.remedy)
    except InvalidInputError as error:  # a key or an address is missing: it knows which
        return wrong(name, str(error), error.remedy)
    except FunnelError as error:
        return wrong(name, str(error), say("Look at the settings of the mail server."))
    return right(name, say("it takes us in"))


def _check_fallback(installation: Installation) -> Check:
    name = say("Second mail server")
    if installation.fallback_name == installation.mailer_name:
        return look(
            name,
            say("it is the first one again, so it stands in for nothing"),
            say("Set FUNNEL_FALLBACK_MAILER to another one, or leave it empty."),
        )
    return _check_mailer(name, installation.fallback_name, installation)


def _check_stand_in(tx: Transaction, rules: ClaimRules) -> Iterator[Check]:
    """Say whose emails wait while the first provider is away, though there is a second one."""
    covered = rules.providers.fallback_domains
    left_out = sorted({domain_of(each) for each in brands.list_brands(tx)} - covered)
    if covered and left_out:
        yield look(
            say("Senders of the second mail server"),
            say(
                "emails from {domains} wait while the first one is away",
                domains=", ".join(left_out),
            ),
            say("Add them to FUNNEL_FALLBACK_DOMAINS; empty, it stands for all."),
        )


def _check_budgets(tx: Transaction, rules: ClaimRules) -> Iterator[Check]:
    """Say to which limits each provider is held."""
    placed = in_force(tx, rules)
    for provider in rules.providers.names:
        name = say("Limits of {provider}", provider=provider)
        fitting = [each.budget for each in placed if each.fits(provider, ALL)]
        if fitting:
            limits = [budget_text(each, tx.real_now) for each in fitting]
            yield right(name, "; ".join(limits))
        else:
            yield look(
                name,
                say("none is set: emails leave as fast as it takes them"),
                say(
                    "`funnel budget preset` lists what providers and hosts allow; a mail server of "
                    "your own may need none."
                ),
                page="/studio/sending",
            )


def _check_dkim(installation: Installation) -> Iterator[Check]:
    """Say who is signed for; without keys nothing: most mail servers sign by themselves."""
    try:
        keys = installation.dkim_keys()
    except InvalidInputError as error:
        yield wrong("DKIM", str(error), error.remedy)
        return
    if not keys:
        return
    try:
        with installation.transactions().begin() as tx:
            domains = {domain_of(each) for each in brands.list_brands(tx)}
    except DATABASE_IS_AWAY:
        return  # said by its own check
    unsigned = sorted(each for each in domains if not any(key.is_for(each) for key in keys))
    if unsigned:
        yield look(
            "DKIM",
            say("emails from {domains} leave unsigned", domains=", ".join(unsigned)),
            say("FUNNEL_DKIM_DOMAIN must be the domain of From; other domains go unsigned."),
        )
    if len(unsigned) < len(domains):
        names = ", ".join(key.record_name for key in keys)
        yield right("DKIM", say("emails are signed; the records belong at {names}", names=names))
