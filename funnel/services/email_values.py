"""What a template may name for one message: each value made when it is asked for."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.links import Links
from funnel.domain.message import MessageKind, Notice
from funnel.domain.session import Session
from funnel.domain.template import BrandContext, PersonContext, ReplayContext, SessionContext
from funnel.rendering.words import greeting_in_words, replay_context, session_context
from funnel.storage.merge_data import MergeData, OpenDate

_CONFIRMATIONS = frozenset({f"notices/{Notice.CONFIRM}", f"notices/{Notice.CONFIRM_AGAIN}"})


class OwnValues:
    """All that a template may name for one message, in the reader's zone (``EmailValues``).

    A value is made when it is asked for: a template names few of them.
    """

    __slots__ = ("_data", "_open_dates", "_words", "_zone", "links")

    def __init__(self, data: MergeData, open_dates: Sequence[OpenDate], links: Links) -> None:
        """Take the message with all that its text needs, and where its links lead."""
        self._data = data
        self._open_dates = open_dates
        self._zone = ZoneInfo(data.zone)
        self.links = OwnLinks(data, links)
        self._words = links

    @property
    def person(self) -> PersonContext:
        return _person(self._data)

    @property
    def brand(self) -> BrandContext:
        return _brand(self._data.brand)

    @property
    def session(self) -> SessionContext | None:
        session = self._data.session
        return None if session is None else _session_words(session, self._zone)

    @property
    def former(self) -> SessionContext | None:
        return _former(self._data, self._zone)

    @property
    def replay(self) -> ReplayContext | None:
        return _replay(self._data, self._zone, self._words)

    @property
    def next_dates(self) -> tuple[SessionContext, ...]:
        others = _others(self._data, self._open_dates)
        return tuple(_open_date(each, self._data, self._words) for each in others)

    @property
    def why(self) -> str:
        return _why(self._data, self._zone)

    @property
    def letters_wanted(self) -> bool:
        return self._data.wants_letters


def is_unconfirmed(data: MergeData) -> bool:
    """Whether nobody has said yet that the address is theirs: it is a confirmation."""
    return data.template_key in _CONFIRMATIONS


def _person(data: MergeData) -> PersonContext:
    first_name = "" if is_unconfirmed(data) else data.first_name
    return PersonContext(
        first_name=first_name,
        last_name="" if is_unconfirmed(data) else data.last_name,
        email=data.email,
        greeting=greeting_in_words(first_name),
    )


@lru_cache(maxsize=64)
def _brand(brand: Brand) -> BrandContext:
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


@lru_cache(maxsize=1024)
def _session_words(session: Session, zone: ZoneInfo) -> SessionContext:
    return session_context(session, zone=zone)


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


class OwnLinks:
    """The fields of ``LinksContext`` for one message, each made when it is asked for."""

    __slots__ = ("_data", "_links", "_run_id", "_unsubscribe")

    def __init__(self, data: MergeData, links: Links) -> None:
        """Take the message, and where its links lead."""
        self._data = data
        self._links = links
        self._run_id = data.enrollment_id if data.holds_seat else None
        self._unsubscribe: str | None = None

    @property
    def confirm(self) -> str:
        return self._links.confirm(self._data.signup_id) if self._data.signup_id else ""

    @property
    def join(self) -> str:
        return self._links.join(self._run_id) if self._run_id else ""

    @property
    def calendar(self) -> str:
        return self._links.calendar(self._run_id) if self._run_id else ""

    @property
    def change_date(self) -> str:
        data = self._data
        return "" if is_unconfirmed(data) else self._links.dates(data.subscriber_id)

    @property
    def give_up_seat(self) -> str:
        data = self._data
        return self._links.seat(data.subscriber_id) if _has_seat_to_keep(data) else ""

    @property
    def preferences(self) -> str:
        data = self._data
        return "" if is_unconfirmed(data) else self._links.preferences(data.subscriber_id)

    @property
    def unsubscribe(self) -> str:
        # Asked for by the page, by the one-click header, and where both end the same letters.
        if self._unsubscribe is None:
            data = self._data
            self._unsubscribe = (
                self._links.unsubscribe(data.topic, data.subscriber_id) if data.topic else ""
            )
        return self._unsubscribe

    @property
    def stop_letters(self) -> str:
        data = self._data
        is_a_way = data.topic is Topic.LETTERS and _has_seat_to_keep(data)
        return self.unsubscribe if is_a_way else ""

    @property
    def replay(self) -> str:
        return self._links.replay(self._run_id) if self._run_id else ""


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
    if is_unconfirmed(data):
        is_last = data.template_key == f"notices/{Notice.CONFIRM_AGAIN}"
        return (
            "You get this because somebody, most likely you, entered this address on our page. "
            "If it was not you, leave it: nothing more will come"
            f"{'' if is_last else ' but one reminder'}."
        )
    if data.topic is Topic.LETTERS:
        if data.session and data.holds_seat:
            day = _session_words(data.session, zone).day
            return (
                f"You get this letter because you asked for the letters with your seat for {day}."
            )
        return "You get this letter because you asked for the letters."
    if title and (data.holds_seat or data.kind is MessageKind.NOTICE):
        return f"You get this because you {'have' if data.holds_seat else 'had'} a seat in {title}."
    return "You get this because you signed up for the masterclass."
