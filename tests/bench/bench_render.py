"""What a letter costs from its data to its bytes: ``python -m tests.bench.bench_render [rounds]``.

A script, not a test. No database, no network, one process: people of four zones and with all kinds
of names, each a letter ``tables-turned`` as it leaves, with the picture of openings. Prints the
processor's microseconds a message, the best of five sittings; for reference the slow ways:
render and then encode, and the standard library's ``EmailMessage``.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from importlib import resources
from pathlib import Path
from uuid import UUID, uuid4

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.links import Links
from funnel.domain.message import MessageKind
from funnel.domain.session import Session
from funnel.domain.signing import LinkTokens
from funnel.rendering.compiler import compile_template
from funnel.rendering.merge import Wanted
from funnel.rendering.renderer import Renderer
from funnel.sending import mime
from funnel.sending.mailer import OutgoingEmail
from funnel.services.build_email import (
    Counting,
    EmailBuilder,
    build_email,
    email_context,
    finish_email,
)
from funnel.services.email_values import OwnValues
from funnel.storage.merge_data import MergeData

SITTINGS = 5
EMAILS = Path(str(resources.files("funnel") / "templates" / "email"))
NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
LINKS = Links("https://masterclass.example.com", LinkTokens([b"x" * 32]))
NAMES = ("Ana", "Zoë", "Jean-Luc", "", "Maximiliane")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
COUNTING = Counting(picture_id=7)
BRAND = Brand(
    slug="default",
    name="Muster Coaching",
    host_name="Mira Muster",
    host_first_name="Mira",
    from_address="mira@example.org",
    reply_to="mira@example.org",
    postal_address="Musterstraße 1, 12345 Musterstadt",
    accent="#1F5C57",
)
STARTS_AT = datetime(2026, 11, 12, 17, tzinfo=UTC)
SESSION = Session(
    id=UUID(int=5),
    title="Leading through disruption: the three shifts",
    starts_at=STARTS_AT,
    ends_at=STARTS_AT + timedelta(minutes=90),
    zone="Europe/Berlin",
)


def people(number: int, template_key: str) -> list[MergeData]:
    """Return so many messages, each somebody else's."""
    return [_person(index, template_key) for index in range(number)]


def _person(index: int, template_key: str) -> MergeData:
    return MergeData(
        message_id=uuid4(),
        kind=MessageKind.SEQUENCE,
        sequence_slug="disruption-masterclass",
        template_key=template_key,
        topic=Topic.LETTERS,
        lane="other",
        due_at=NOW,
        real_now=NOW,
        plan_now=NOW,
        subscriber_id=uuid4(),
        enrollment_id=uuid4(),
        signup_id=uuid4(),
        email=f"person{index}@example.org",
        email_key=f"person{index}@example.org",
        first_name=NAMES[index % len(NAMES)],
        last_name="Müller" if index % 3 else "Brandt",
        zone=ZONES[index % len(ZONES)],
        wants_letters=True,
        brand=BRAND,
        session=SESSION,
        former=None,
        holds_seat=True,
        calendar_revision=0,
        live_version_id=UUID(int=6),
        pinned_version_id=None,
        kept=None,
    )


def microseconds(do: Callable[[MergeData], object], messages: Sequence[MergeData]) -> float:
    """Return the processor's time a message, the best of some sittings."""
    sittings = []
    for _ in range(SITTINGS):
        began = time.process_time_ns()
        for each in messages:
            do(each)
        sittings.append((time.process_time_ns() - began) / 1000 / len(messages))
    return min(sittings)


def by_the_book(email: OutgoingEmail, text: str, html: str) -> bytes:
    """Return the same email as the standard library makes it."""
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(email.sent_at)
    message["From"] = f"{email.from_name} <{email.from_address}>"
    message["To"] = email.to_address
    message["Reply-To"] = email.reply_to or ""
    message["Subject"] = email.subject
    message["Message-ID"] = f"<{email.message_id}@{email.message_id_domain}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def main() -> None:
    """Measure and print."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    key = "disruption-masterclass/tables-turned"
    compiled = compile_template((EMAILS / f"{key}.md").read_text("utf-8"), name=key)
    builder = EmailBuilder(links=LINKS, renderer=Renderer())
    wanted = Wanted(compiled.variables)
    messages = people(number, key)
    emails = {
        each.message_id: build_email(each, compiled, (), builder, COUNTING) for each in messages
    }
    sample = emails[messages[0].message_id]
    text, html = sample.text_str, sample.html_str

    def then_encode(data: MergeData) -> bytes:
        context = email_context(data, (), LINKS)
        rendered = builder.renderer.render(compiled, context)
        return mime.build(finish_email(data, compiled, context, rendered, builder))

    def build(data: MergeData) -> OutgoingEmail:
        return build_email(data, compiled, (), builder, COUNTING)

    context = microseconds(lambda data: wanted.values(OwnValues(data, (), LINKS)), messages)
    rendering = microseconds(build, messages) - context
    making = microseconds(lambda data: mime.build(emails[data.message_id]), messages)
    total = microseconds(lambda data: mime.build(build(data)), messages)
    few = messages[: max(number // 10, 1)]
    rows = {
        "context": context,
        "render": rendering,
        "mime": making,
        "total": total,
        "render, then encode": microseconds(then_encode, few),
        "EmailMessage alone": microseconds(
            lambda data: by_the_book(replace(sample, message_id=data.message_id), text, html),
            few[:100],
        ),
    }
    print(f"tables-turned, {len(mime.build(sample))} bytes, {number} messages, µs of CPU each")  # noqa: T201  (a script)
    for name, value in rows.items():
        print(f"  {name:<22}{value:8.1f}")  # noqa: T201  (a script)


if __name__ == "__main__":
    main()
