"""From a message and its person's facts to one finished email: context, headers, attachments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from funnel.domain.consent import Topic
from funnel.domain.links import Links
from funnel.domain.message import MessageKind, Notice
from funnel.domain.session import Session
from funnel.domain.template import (
    BrandContext,
    EmailContext,
    LinksContext,
    PersonContext,
    RenderedEmail,
    ReplayContext,
    SessionContext,
)
from funnel.rendering.calendar import CalendarEvent, Organiser, calendar_file
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.renderer import Renderer
from funnel.rendering.words import greeting_in_words, replay_context, session_context
from funnel.sending.mailer import Attachment, OutgoingEmail
from funnel.storage.merge_data import MergeData, OpenDate

_CONFIRMATIONS = frozenset({f"notices/{Notice.CONFIRM}", f"notices/{Notice.CONFIRM_AGAIN}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What of an email is counted.

    Attributes:
        link_ids: The number of each link of the template version, in its order.
        picture_id: Number of the picture that tells of an opening; ``None``: it carries none.
    """

    link_ids: tuple[int, ...] = ()
    picture_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailBuilder:
    """What building an email takes beside the message itself.

    Attributes:
        message_id_domain: Right-hand side of Message-ID; empty: the sender's own domain.
    """

    links: Links
    renderer: Renderer
    message_id_domain: str = ""


def build_email(
    data: MergeData,
    compiled: CompiledTemplate,
    open_dates: Sequence[OpenDate],
    builder: EmailBuilder,
    counting: Counting | None = None,
) -> OutgoingEmail:
    """Return the finished email of one message.

    Args:
        data: The message, its person, brand and date.
        compiled: The template version that the open will pin.
        open_dates: The next sessions with seats, where the text names them.
        builder: Links, renderer and the domain of Message-ID.
        counting: What is counted; ``None``: nothing is. Only the emails of a run can be.

    Raises:
        RenderError: The text asks for something this person has not; ``variable`` names it.
    """
    links = builder.links.at(data.brand.link_domain)
    context = email_context(data, open_dates, links)
    counted = _Counted.of(data, counting, links)
    rendered = builder.renderer.render(compiled, context, counted=counted.addresses)
    rendered = replace(rendered, html=counted.with_picture(rendered.html))
    return finish_email(data, compiled, context, rendered, builder)


def finish_email(
    data: MergeData,
    compiled: CompiledTemplate,
    context: EmailContext,
    rendered: RenderedEmail,
    builder: EmailBuilder,
) -> OutgoingEmail:
    """Return the email that rendered texts come to: addresses, headers, attachments.

    Args:
        data: The message, its person, brand and date.
        compiled: What was rendered.
        context: For whom.
        rendered: The texts, wherever they were rendered.
        builder: Links, and the domain of Message-ID.
    """
    domain = data.brand.from_address.rpartition("@")[2]
    topic, links = data.topic, builder.links.at(data.brand.link_domain)
    return OutgoingEmail(
        message_id=data.message_id,
        message_id_domain=builder.message_id_domain or domain,
        from_name=data.brand.host_name,
        from_address=data.brand.from_address,
        to_name=_full_name(data),
        to_address=data.email,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        sent_at=data.real_now,
        planned_at=data.due_at,
        reply_to=data.brand.reply_to,
        attachments=_attachments(data, compiled, context),
        list_unsubscribe_url=links.unsubscribe(topic, data.subscriber_id) if topic else None,
        list_id=f"{topic}.{data.sequence_slug}.{domain}" if topic else None,
        feedback_id=f"{data.template_key.rpartition('/')[2]}:{data.sequence_slug}:{data.kind}:funnel",
        topic=topic,
        lane=data.lane,
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    """The short addresses of one email."""

    addresses: tuple[str, ...] = ()
    picture: str = ""

    @classmethod
    def of(cls, data: MergeData, counting: Counting | None, links: Links) -> "_Counted":
        run_id = data.enrollment_id
        if counting is None or run_id is None or data.kind is not MessageKind.SEQUENCE:
            return cls()
        picture_id = counting.picture_id if data.topic is Topic.LETTERS else None
        return cls(
            addresses=tuple(links.click(each, run_id) for each in counting.link_ids),
            picture="" if picture_id is None else links.open_picture(picture_id, run_id),
        )

    def with_picture(self, html: str) -> str:
        """Return the page with the picture as the last thing in it, where there is one."""
        if not self.picture:
            return html
        before, end, after = html.rpartition("</body>")
        picture = _PICTURE.format(address=escape(self.picture))
        return f"{before}{picture}{end}{after}" if end else html + picture


_PICTURE = '<img src="{address}" width="1" height="1" alt="" style="display:block;border:0">'


def email_context(data: MergeData, open_dates: Sequence[OpenDate], links: Links) -> EmailContext:
    """Return all that a template may name for this message, in the reader's zone."""
    zone = ZoneInfo(data.zone)
    return EmailContext(
        person=_person(data),
        brand=_brand(data),
        session=_session(data.session, zone),
        former=_former(data, zone),
        replay=_replay(data, zone, links),
        links=_links(data, links),
        next_dates=tuple(_open_date(each, data, links) for each in _others(data, open_dates)),
        why=_why(data, zone),
        letters_wanted=data.wants_letters,
    )


def _full_name(data: MergeData) -> str:
    if _is_unconfirmed(data):
        return ""  # anybody can type a name into a form
    return f"{data.first_name} {data.last_name}".strip()


def _is_unconfirmed(data: MergeData) -> bool:
    return data.template_key in _CONFIRMATIONS


def _person(data: MergeData) -> PersonContext:
    first_name = "" if _is_unconfirmed(data) else data.first_name
    return PersonContext(
        first_name=first_name,
        last_name="" if _is_unconfirmed(data) else data.last_name,
        email=data.email,
        greeting=greeting_in_words(first_name),
    )


def _brand(data: MergeData) -> BrandContext:
    brand = data.brand
    return BrandContext(
        name=brand.name,
        host_name=brand.host_name,
        host_first_name=brand.host_first_name,
        from_address=brand.from_address,
        reply_to=brand.reply_to,
        postal_address=brand.postal_address,
        accent=brand.accent,
        logo_url=brand.logo_url,
        booking_url=brand.booking_url,
        notes_url=brand.notes_url,
    )


def _session(session: Session | None, zone: ZoneInfo) -> SessionContext | None:
    return None if session is None else session_context(session, zone=zone)


def _former(data: MergeData, zone: ZoneInfo) -> SessionContext | None:
    """The date before a move, kept with the notice: the session's row says the new one."""
    if data.former is None or data.session is None:
        return None
    session = Session(
        id=data.session.id,
        title=data.former["title"],
        starts_at=datetime.fromisoformat(data.former["starts_at"]),
        ends_at=datetime.fromisoformat(data.former["ends_at"]),
        zone=data.former["zone"],
    )
    return session_context(session, zone=zone)


def _replay(data: MergeData, zone: ZoneInfo, links: Links) -> ReplayContext | None:
    session, run_id = data.session, data.enrollment_id
    if session is None or run_id is None or not session.replay_url:
        return None
    if session.ends_at > data.plan_now or session.replay_closes_at <= data.plan_now:
        return None
    return replay_context(session.replay_closes_at, zone=zone, url=links.replay(run_id))


def _links(data: MergeData, links: Links) -> LinksContext:
    run_id = data.enrollment_id if data.holds_seat else None
    preferences = "" if _is_unconfirmed(data) else links.preferences(data.subscriber_id)
    return LinksContext(
        confirm=links.confirm(data.signup_id) if data.signup_id else "",
        join=links.join(run_id) if run_id else "",
        calendar=links.calendar(run_id) if run_id else "",
        change_date="" if _is_unconfirmed(data) else links.dates(data.subscriber_id),
        give_up_seat=links.seat(data.subscriber_id) if _has_seat_to_keep(data) else "",
        preferences=preferences,
        unsubscribe=links.unsubscribe(data.topic, data.subscriber_id) if data.topic else "",
        stop_letters=(
            links.unsubscribe(Topic.LETTERS, data.subscriber_id)
            if _has_seat_to_keep(data) and data.topic is Topic.LETTERS
            else ""
        ),
        replay=links.replay(run_id) if run_id else "",
    )


def _has_seat_to_keep(data: MergeData) -> bool:
    """Whether a seat can still be given up: once its session is over, there is none to keep."""
    return data.holds_seat and data.session is not None and data.session.ends_at > data.plan_now


def _others(data: MergeData, open_dates: Sequence[OpenDate]) -> list[OpenDate]:
    own = data.session.id if data.session and data.holds_seat else None
    return [each for each in open_dates if each.session.id != own]


def _open_date(date: OpenDate, data: MergeData, links: Links) -> SessionContext:
    return session_context(
        date.session,
        zone=ZoneInfo(data.zone),
        seats_left=date.seats_left,
        url=links.date(data.subscriber_id, date.session.id),
    )


def _why(data: MergeData, zone: ZoneInfo) -> str:
    title = f"“{data.session.title}”" if data.session else ""
    if _is_unconfirmed(data):
        is_last = data.template_key == f"notices/{Notice.CONFIRM_AGAIN}"
        return (
            "You get this because somebody, most likely you, entered this address on our page. "
            "If it was not you, leave it: nothing more will come"
            f"{'' if is_last else ' but one reminder'}."
        )
    if data.topic is Topic.LETTERS:
        if data.session and data.holds_seat:
            day = session_context(data.session, zone=zone).day
            return (
                f"You get this letter because you asked for the letters with your seat for {day}."
            )
        return "You get this letter because you asked for the letters."
    if title and (data.holds_seat or data.kind is MessageKind.NOTICE):
        return f"You get this because you {'have' if data.holds_seat else 'had'} a seat in {title}."
    return "You get this because you signed up for the masterclass."


def _attachments(
    data: MergeData, compiled: CompiledTemplate, context: EmailContext
) -> tuple[Attachment, ...]:
    """An email that links to the calendar file carries it as well."""
    session, run_id = data.session, data.enrollment_id
    if "links.calendar" not in compiled.variables or session is None or run_id is None:
        return ()
    if not data.holds_seat:
        return ()
    event = CalendarEvent(
        uid=f"{run_id}@{data.brand.from_address.rpartition('@')[2]}",
        sequence=data.calendar_revision,
        title=session.title,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        join_url=context.links.join,
        organiser=Organiser(name=data.brand.host_name, address=data.brand.from_address),
        description=f"Your link: {context.links.join}",
        is_cancelled=session.cancelled_at is not None,
        stamp=data.real_now,
    )
    return (
        Attachment(
            filename="masterclass.ics",
            content_type="text/calendar",
            content=calendar_file(event),
            params=(("method", event.method),),
        ),
    )
