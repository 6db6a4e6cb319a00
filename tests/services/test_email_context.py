"""What an email says around its text: the reason, the ways out, and nothing a stranger typed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from uuid import UUID

import pytest

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.links import Links
from funnel.domain.message import MessageKind
from funnel.domain.session import Session
from funnel.domain.signing import LinkTokens
from funnel.rendering.compiler import compile_template
from funnel.rendering.renderer import Renderer
from funnel.services.build_email import email_context
from funnel.storage.merge_data import MergeData, OpenDate

EMAILS = Path(str(resources.files("funnel") / "templates" / "email"))
BEFORE = datetime(2026, 11, 10, 9, tzinfo=UTC)
AFTER = datetime(2026, 11, 20, 9, tzinfo=UTC)
STARTS_AT = datetime(2026, 11, 12, 17, tzinfo=UTC)
TITLE = "Leading through disruption: the three shifts"
LINKS = Links("https://go.example.org", LinkTokens([b"a secret of at least thirty-two bytes"]))


def session(number, starts_at):
    return Session(
        id=UUID(int=number),
        title=TITLE,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        zone="Europe/Berlin",
    )


def data(template_key, *, now=BEFORE, topic=None, **changes):
    given = MergeData(
        message_id=UUID(int=1),
        kind=MessageKind.SEQUENCE if topic else MessageKind.NOTICE,
        sequence_slug="disruption-masterclass",
        template_key=template_key,
        topic=topic,
        lane="other",
        due_at=now,
        real_now=now,
        plan_now=now,
        subscriber_id=UUID(int=2),
        enrollment_id=UUID(int=3),
        signup_id=UUID(int=4),
        email="ana@example.org",
        email_key="ana@example.org",
        first_name="Casino",
        last_name="Bonus",
        zone="Pacific/Auckland",
        wants_letters=True,
        brand=Brand(
            slug="default",
            name="Muster Coaching",
            host_name="Mira Muster",
            host_first_name="Mira",
            from_address="mira@example.org",
            reply_to="mira@example.org",
            postal_address="Musterstraße 1, 12345 Musterstadt",
            accent="#1F5C57",
        ),
        session=session(5, STARTS_AT),
        former=None,
        holds_seat=True,
        calendar_revision=0,
        live_version_id=UUID(int=6),
        pinned_version_id=None,
        kept=None,
    )
    return given._replace(**changes)


def rendered(given, *, dates=()):
    source = EMAILS.joinpath(f"{given.template_key}.md").read_text("utf-8")
    compiled = compile_template(source, name=given.template_key)
    open_dates = [OpenDate(session=each, seats_left=9) for each in dates]
    email = Renderer().render(compiled, email_context(given, open_dates, LINKS))
    return replace(email, text=" ".join(email.text.split()))


@pytest.mark.parametrize("key", ["notices/confirm", "notices/confirm-again"])
@pytest.mark.parametrize("wished", [session(5, STARTS_AT), None])
def test_a_confirmation_holds_nothing_that_a_stranger_typed(key, wished):
    email = rendered(data(key, session=wished, holds_seat=False))
    for part in (email.subject, email.preheader, email.text, email.html):
        assert "Casino" not in part and "Bonus" not in part


def test_only_the_first_confirmation_announces_a_reminder():
    assert "nothing more will come but one reminder." in rendered(data("notices/confirm")).text
    assert "nothing more will come." in rendered(data("notices/confirm-again")).text


@pytest.mark.parametrize(
    ("key", "topic", "now", "offered"),
    [
        ("tables-turned", Topic.LETTERS, BEFORE, {"Keep my seat"}),
        ("shift-two", Topic.LETTERS, AFTER, set()),
        ("tomorrow", Topic.SEAT, BEFORE, {"Give up my seat"}),
        ("thank-you", Topic.SEAT, AFTER, set()),
    ],
)
def test_a_seat_can_be_kept_or_given_up_until_its_session_is_over(key, topic, now, offered):
    email = rendered(data(f"disruption-masterclass/{key}", now=now, topic=topic))
    for words in ("Keep my seat", "Give up my seat"):
        assert (words in email.text) == (words in email.html) == (words in offered)
    assert "Unsubscribe" in email.text


@pytest.mark.parametrize("holds_seat", [True, False])
def test_the_last_letter_can_always_be_answered_with_no(holds_seat):
    key = "disruption-masterclass/invitation-last"
    email = rendered(data(key, now=AFTER, topic=Topic.LETTERS, holds_seat=holds_seat))
    assert f"Stop the letters: {LINKS.unsubscribe(Topic.LETTERS, UUID(int=2))}" in email.text


def test_who_lost_a_date_is_told_so_and_shown_the_next_ones():
    dates = [session(7, STARTS_AT + timedelta(days=7)), session(8, STARTS_AT + timedelta(days=14))]
    email = rendered(data("notices/session-cancelled", holds_seat=False), dates=dates)
    assert email.subject == "Friday 06:00 in Auckland: called off"
    assert f"you had a seat in “{TITLE}”" in email.text
    for day in ("Friday 20 November, 06:00 in Auckland", "Friday 27 November, 06:00 in Auckland"):
        assert day in email.text
