"""Made-up readers for the preview and the lint: one who has everything, one who has the least."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.session import Session
from funnel.domain.template import (
    BrandContext,
    EmailContext,
    LinksContext,
    PersonContext,
    SessionContext,
)
from funnel.rendering.words import greeting_in_words, replay_context, session_context

_ZONE = ZoneInfo("Europe/Berlin")
_SITE = "https://go.example.org"
_TOKEN = "AbCdEfGhIjKlMnOpQrStUvWxYz0"  # noqa: S105 # as long as a real one, and worth nothing

_BRAND = BrandContext(
    name="Muster Coaching",
    host_name="Mira Muster",
    host_first_name="Mira",
    from_address="mira@example.org",
    reply_to="mira@example.org",
    postal_address="Musterstraße 1, 12345 Musterstadt",
    accent="#1F5C57",
    logo_url="",
    booking_url="https://example.org/talk",
    notes_url="https://example.org/notes",
)


def full_sample() -> EmailContext:
    """Return a reader with a name, a seat, a former date, a replay and every link."""
    return EmailContext(
        person=PersonContext(
            first_name="Ana",
            last_name="Beispiel",
            email="ana@example.org",
            greeting=greeting_in_words("Ana"),
        ),
        brand=_BRAND,
        session=_session(12),
        former=_session(10),
        replay=replay_context(
            datetime(2026, 11, 19, 18, 30, tzinfo=UTC), zone=_ZONE, url=f"{_SITE}/r/{_TOKEN}"
        ),
        links=LinksContext(
            confirm=f"{_SITE}/c/{_TOKEN}",
            join=f"{_SITE}/j/{_TOKEN}",
            calendar=f"{_SITE}/i/{_TOKEN}",
            change_date=f"{_SITE}/p/{_TOKEN}#date",
            give_up_seat=f"{_SITE}/p/{_TOKEN}#seat",
            preferences=f"{_SITE}/p/{_TOKEN}",
            unsubscribe=f"{_SITE}/u/{_TOKEN}",
            stop_letters=f"{_SITE}/u/{_TOKEN}",
            replay=f"{_SITE}/r/{_TOKEN}",
        ),
        next_dates=(_session(17, seats_left=12), _session(25), _session(26, seats_left=1)),
        why=(
            "You get this because you took your seat for Thursday 12 November "
            "and asked for the letters."
        ),
    )


def bare_sample(*, with_session: bool = False) -> EmailContext:
    """Return a reader who gave only an address, of a brand without logo, booking and notes.

    Args:
        with_session: Whether they hold a seat: emails about a session are for nobody else.
    """
    full = full_sample()
    return replace(
        full,
        person=PersonContext(
            first_name="", last_name="", email="ana@example.org", greeting=greeting_in_words("")
        ),
        brand=replace(_BRAND, booking_url="", notes_url=""),
        session=full.session if with_session else None,
        former=None,
        replay=None,
        links=replace(
            full.links,
            calendar="" if not with_session else full.links.calendar,
            join="" if not with_session else full.links.join,
            change_date="" if not with_session else full.links.change_date,
            give_up_seat="" if not with_session else full.links.give_up_seat,
            stop_letters="",
            replay="",
        ),
        next_dates=(),
        why="You get this because you asked for the letters on example.org.",
        letters_wanted=not with_session,
    )


def _session(day: int, *, seats_left: int | None = None) -> SessionContext:
    starts_at = datetime(2026, 11, day, 17, 0, tzinfo=UTC)
    session = Session(
        id=UUID(int=day),
        title="Leading through disruption: the three shifts",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        zone=_ZONE.key,
    )
    return session_context(
        session, zone=_ZONE, seats_left=seats_left, url=f"{_SITE}/d/{_TOKEN}/{day}"
    )
