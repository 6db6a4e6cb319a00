"""From a message and its person's facts to one finished email: context, headers, attachments."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from html import escape

from funnel.domain.consent import Topic
from funnel.domain.links import Links
from funnel.domain.message import MessageKind
from funnel.domain.template import (
    EmailContext,
    LinksContext,
    QuotedEmail,
    RenderedEmail,
)
from funnel.rendering.calendar import CalendarEvent, Organiser, calendar_file
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.renderer import Renderer
from funnel.sending.mailer import Attachment, OutgoingEmail
from funnel.services.email_values import OwnValues, is_unconfirmed
from funnel.storage.merge_data import MergeData, OpenDate


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
    context = OwnValues(data, open_dates, links)
    counted = _Counted.of(data, counting, links)
    rendered = builder.renderer.render_quoted(
        compiled, context, counted=counted.addresses, last=counted.picture_html
    )
    return finish_email(data, compiled, context, rendered, builder)


def finish_email(
    data: MergeData,
    compiled: CompiledTemplate,
    context: EmailContext | OwnValues,
    rendered: RenderedEmail | QuotedEmail,
    builder: EmailBuilder,
) -> OutgoingEmail:
    """Return the email that rendered texts come to: addresses, headers, attachments.

    Args:
        data: The message, its person, brand and date.
        compiled: What was rendered.
        context: For whom.
        rendered: The texts, wherever they were rendered.
        builder: The domain of Message-ID.
    """
    domain = data.brand.from_address.rpartition("@")[2]
    topic = data.topic
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
        left_at=data.plan_now,
        reply_to=data.brand.reply_to,
        attachments=_attachments(data, compiled, context),
        list_unsubscribe_url=context.links.unsubscribe or None,
        list_id=f"{topic}.{data.sequence_slug}.{domain}" if topic else None,
        feedback_id=f"{data.template_key.rpartition('/')[2]}:{data.sequence_slug}:{data.kind}:funnel",
        tag=data.template_key,
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

    @property
    def picture_html(self) -> str:
        """The picture as it stands in a page, where there is one."""
        return _PICTURE.format(address=escape(self.picture)) if self.picture else ""


_PICTURE = '<img src="{address}" width="1" height="1" alt="" style="display:block;border:0">'


def email_context(data: MergeData, open_dates: Sequence[OpenDate], links: Links) -> EmailContext:
    """Return all that a template may name for this message, in the reader's zone."""
    own = OwnValues(data, open_dates, links)
    return EmailContext(
        **{
            each.name: getattr(own, each.name)
            for each in fields(EmailContext)
            if each.name != "links"
        },
        links=LinksContext(
            **{each.name: getattr(own.links, each.name) for each in fields(LinksContext)}
        ),
    )


def _full_name(data: MergeData) -> str:
    if is_unconfirmed(data):
        return ""  # anybody can type a name into a form
    return f"{data.first_name} {data.last_name}".strip()


def _attachments(
    data: MergeData, compiled: CompiledTemplate, context: EmailContext | OwnValues
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
