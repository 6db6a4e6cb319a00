"""Write the hosts' daily notes: once a day each, at 07:00 in their zone (plan time)."""

from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog

from funnel.domain import daily_note
from funnel.domain.brand import Brand
from funnel.domain.daily_note import DailyNote, NextDate, NoteSums
from funnel.domain.speech import say
from funnel.domain.subscriber import email_key
from funnel.domain.template import BrandContext, EmailContext, LinksContext, PersonContext
from funnel.rendering.compiler import compile_template
from funnel.rendering.words import (
    day_in_words,
    greeting_in_words,
    hour_in_words,
    place_in_words,
)
from funnel.sending.mailer import OutgoingEmail
from funnel.services.build_email import EmailBuilder
from funnel.services.kept_email import kept_email
from funnel.storage import brands, daily_notes, suppressions, test_emails
from funnel.storage.daily_notes import NoteState
from funnel.storage.test_emails import NewTest
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

_NO_LINKS = LinksContext(**dict.fromkeys(LinksContext.__slots__, ""))


def write_daily_notes(transactions: Transactions, builder: EmailBuilder) -> int:
    """Queue the notes that are due; return how many.

    Each is queued by the transaction that writes down up to where it told: whoever is killed has
    done both or neither, and two workers cannot write the same one. The first time that a brand
    wants notes, what has happened so far is only noted, for the first note to begin from. A day
    on which nothing happened and no session is held has none.

    The email is finished here and leaves as a test does: counted nowhere, no message, and a dead
    address suppresses nobody.
    """
    with transactions.begin() as tx:
        wanted = daily_notes.list_wanted(tx)
    written = 0
    for slug in wanted:
        with transactions.begin() as tx:
            written += _write(tx, slug, builder)
    if written:
        log.info("daily_notes.queued", number=written)
    return written


def _write(tx: Transaction, slug: str, builder: EmailBuilder) -> bool:
    """Write one brand's note if it is due; say whether it was queued."""
    state = daily_notes.claim(tx, slug)
    if state is None:
        return False
    local_now = tx.now.astimezone(ZoneInfo(state.zone))
    day = daily_note.day_of_note(local_now)
    if state.since is not None and state.day is not None and state.day >= day:
        return False
    sums = daily_notes.read_sums(tx, state.id)
    daily_notes.save(tx, state, day=day, sums=sums)
    return state.since is not None and _tell(tx, state, state.since, sums, builder)


def _tell(
    tx: Transaction, state: NoteState, since: datetime, sums: NoteSums, builder: EmailBuilder
) -> bool:
    local_now = tx.now.astimezone(ZoneInfo(state.zone))
    news, coming = sums.since(state.sums), daily_notes.next_date(tx, state.id)
    brand = brands.find_brand(tx, state.slug)
    if brand is None or not daily_note.is_sent(news, coming, local_now):
        return False
    if suppressions.find(tx, email_key(state.to)) is not None:
        return False
    note = DailyNote(
        since=_moment(since, state.zone),
        news=news,
        needs=daily_notes.read_needs(tx, state.id),
        next_date=coming,
        next_moment=_moment_of(coming, state.zone),
    )
    _queue(tx, _email(tx, state, brand, note, builder))
    return True


def _moment_of(date: NextDate | None, zone: str) -> str:
    return _moment(date.starts_at, zone) if date else ""


def _moment(moment: datetime, zone: str) -> str:
    known = ZoneInfo(zone)
    return say(
        "{day}, {hour} in {place}",
        day=day_in_words(moment, zone=known),
        hour=hour_in_words(moment, zone=known),
        place=place_in_words(known),
    )


def _email(
    tx: Transaction, state: NoteState, brand: Brand, note: DailyNote, builder: EmailBuilder
) -> OutgoingEmail:
    base = builder.links.base_url
    source = daily_note.note_source(
        note,
        results_url=f"{base}/studio/results",
        settings_url=f"{base}/studio/brands/{state.slug}",
    )
    compiled = compile_template(source, name=daily_note.TEMPLATE_KEY)
    rendered = builder.renderer.render(compiled, _context(state, brand))
    domain = brand.from_address.rpartition("@")[2]
    return OutgoingEmail(
        message_id=uuid4(),
        message_id_domain=builder.message_id_domain or domain,
        from_name=brand.host_name,
        from_address=brand.from_address,
        to_name="",
        to_address=state.to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        sent_at=tx.real_now,
        planned_at=tx.now,
        reply_to=brand.reply_to,
        headers=(("Auto-Submitted", "auto-generated"),),
    )


def _context(state: NoteState, brand: Brand) -> EmailContext:
    names = BrandContext.__slots__
    return EmailContext(
        person=PersonContext(
            first_name=brand.host_first_name,
            last_name="",
            email=state.to,
            greeting=greeting_in_words(brand.host_first_name),
        ),
        brand=BrandContext(**{each: getattr(brand, each) for each in names}),
        session=None,
        former=None,
        replay=None,
        links=_NO_LINKS,
        next_dates=(),
        why=say("You get this because a daily note is asked for in the settings."),
    )


def _queue(tx: Transaction, email: OutgoingEmail) -> None:
    test_emails.add(
        tx,
        [
            NewTest(
                id=email.message_id,
                to_address=email.to_address,
                subscriber_id=None,
                template_key=daily_note.TEMPLATE_KEY,
                email=kept_email(email),
                by=daily_note.WRITTEN_BY,
            )
        ],
    )
