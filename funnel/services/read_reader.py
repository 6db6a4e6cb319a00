"""What an email is made of for one reader: somebody real as they are, or somebody made up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.errors import NotFoundError
from funnel.domain.message import Lane, MessageKind, Notice
from funnel.domain.plan import Decision
from funnel.domain.planner import plan
from funnel.domain.readers import PEOPLE, MadeUpPerson, MadeUpReader, PersonReader, Reader
from funnel.domain.sequence import StepKind
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.template import EmailContext
from funnel.domain.template_draft import NOTICES
from funnel.services.build_email import EmailBuilder, email_context
from funnel.storage import (
    brands,
    enrollments,
    merge_data,
    runs,
    sequences,
    template_places,
    template_readers,
)
from funnel.storage.enrollments import Run
from funnel.storage.merge_data import MergeData, OpenDate
from funnel.storage.sequences import SequenceRecord
from funnel.storage.template_places import Place
from funnel.storage.transaction import Transaction

_NOBODY = UUID("00000000-0000-4000-8000-000000000001")
_RUN = UUID("00000000-0000-4000-8000-000000000002")
_SIGNUP = UUID("00000000-0000-4000-8000-000000000003")
_SESSION = UUID("00000000-0000-4000-8000-000000000004")
_REPLAY = "https://example.org/replay"
_TELLS_OF_FORMER = frozenset(
    {f"{NOTICES}/{Notice.SESSION_MOVED}", f"{NOTICES}/{Notice.SESSION_CANCELLED}"}
)
_ASKS = frozenset({f"{NOTICES}/{Notice.CONFIRM}", f"{NOTICES}/{Notice.CONFIRM_AGAIN}"})

# An installation that has no brand yet can still write its first email.
_SAMPLE_BRAND = Brand(
    slug="sample",
    name="Muster Coaching",
    host_name="Mira Muster",
    host_first_name="Mira",
    from_address="mira@example.org",
    reply_to="mira@example.org",
    postal_address="Musterstraße 1, 12345 Musterstadt",
    accent="#1F5C57",
    booking_url="https://example.org/talk",
    notes_url="https://example.org/notes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderData:
    """One reader, as ``build_email`` takes them."""

    data: MergeData
    dates: Sequence[OpenDate]

    def context(self, builder: EmailBuilder) -> EmailContext:
        """Return all that a text may name for this reader."""
        return email_context(self.data, self.dates, builder.links.at(self.data.brand.link_domain))


def read_reader_data(
    tx: Transaction, key: str, reader: Reader, *, names_replay: bool = False
) -> ReaderData:
    """Return what an email would be made of for a reader, as of the moment when they get it.

    Args:
        tx: Only reads.
        key: The template.
        reader: For whom.
        names_replay: Whether the text asks for the replay: somebody made up has one then.

    Raises:
        NotFoundError: There is no such email, or nobody of that id.
    """
    return EmailDesk.open(tx, key).reader(reader, names_replay=names_replay)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailDesk:
    """One email, and what all its readers share."""

    tx: Transaction
    place: Place
    brand: Brand
    sequence: SequenceRecord | None
    dates: Sequence[OpenDate]

    @classmethod
    def open(cls, tx: Transaction, key: str) -> "EmailDesk":
        """Read what all readers share.

        Raises:
            NotFoundError: There is no such email.
        """
        place = template_places.find_place(tx, key)
        if place is None:
            raise NotFoundError(say('There is no email "{key}".', key=key))
        if place.sequence_slug is None:
            # A notice speaks for whichever sequence asked for it; the first one stands for all.
            sequence = next(iter(sequences.list_sequences(tx)), None)
        else:
            sequence = sequences.find_sequence(tx, place.sequence_slug)
        return cls(
            tx=tx,
            place=place,
            sequence=sequence,
            brand=_brand(tx, place, sequence),
            dates=merge_data.load_open_dates(tx, sequence.slug) if sequence else (),
        )

    @property
    def step_key(self) -> str:
        """The email's name within its folder."""
        return self.place.key.rpartition("/")[2]

    def reader(self, reader: Reader, *, names_replay: bool) -> ReaderData:
        """Return a reader; see ``read_reader_data``."""
        if isinstance(reader, MadeUpReader):
            return self.made_up(PEOPLE[reader.kind], names_replay=names_replay)
        return self.person(reader)

    def person(self, reader: PersonReader) -> ReaderData:
        """Return somebody real: with their run where they have one, else as they are."""
        run_id = reader.enrollment_id or self._newest_run(reader.subscriber_id)
        if run_id is not None:
            found = list(self.of_runs([run_id]))
            if found and found[0].data.subscriber_id == reader.subscriber_id:
                return found[0]
        someone = template_readers.find_subscriber(self.tx, reader.subscriber_id)
        if someone is None:
            raise NotFoundError(say("This person is not here any more."))
        person = MadeUpPerson(
            first_name=someone.first_name,
            last_name=someone.last_name,
            email=someone.email,
            zone=someone.zone,
        )
        given = self._data(person, session=None, plan_now=self.tx.now)
        return self._of(
            given._replace(subscriber_id=someone.id, wants_letters=someone.wants_letters)
        )

    def of_runs(self, run_ids: Sequence[UUID], *, only_due: bool = False) -> Iterator[ReaderData]:
        """Yield the readers of these runs, each as of the moment when they get the email.

        Args:
            run_ids: Runs of the email's sequence.
            only_due: Whether those are left out whose plan does not send it to them.
        """
        planned = {each.id: each for each in enrollments.load_runs(self.tx, list(run_ids))}
        for run_id, data in merge_data.load_run_data(self.tx, run_ids, self.brand).items():
            run = planned.get(run_id)
            moment = None if run is None else self._moment(run)
            if moment is None and only_due:
                continue
            yield self._of(self._addressed(data, max(moment or data.plan_now, data.plan_now)))

    def made_up(self, person: MadeUpPerson, *, names_replay: bool) -> ReaderData:
        """Return somebody made up, who has a seat and all else that the text may ask for."""
        session = replace(self._sample_session(), replay_url=_REPLAY)
        # The recording is there only after the session; else the text speaks of a seat to come.
        now = session.ends_at + timedelta(hours=1) if names_replay else self.tx.now
        return self._of(self._data(person, session=session, plan_now=now))

    def seatless(self, person: MadeUpPerson) -> ReaderData:
        """Return somebody made up who holds no seat."""
        return self._of(self._data(person, session=None, plan_now=self.tx.now))

    def _of(self, data: MergeData) -> ReaderData:
        return ReaderData(data=data, dates=self.dates)

    def _newest_run(self, subscriber_id: UUID) -> UUID | None:
        if self.sequence is None:
            return None
        latest = runs.find_latest(self.tx, subscriber_id, self.sequence.id)
        return None if latest is None else latest.id

    def _moment(self, run: Run) -> datetime | None:
        """Return when the plan sends the email; ``None``: it does not, or not any more."""
        if self.place.sequence_slug is None:
            return self.tx.now
        definition = sequences.read_definition(self.tx, run.version_id)
        planned = plan(run.enrollment, definition, run.facts, run.taken_days, self.tx.now)
        for step in planned.steps:
            if step.key == self.step_key and step.decision in {Decision.SEND, Decision.WAIT}:
                return step.moment
        return None

    def _addressed(self, data: MergeData, at: datetime) -> MergeData:
        """Fill in what a message would: the email, its topic, its moment."""
        key = self.place.key
        return data._replace(
            kind=self._kind,
            template_key=key,
            topic=self._topic,
            due_at=at,
            plan_now=at,
            signup_id=_SIGNUP if key in _ASKS else None,
            former=_former(data.session) if key in _TELLS_OF_FORMER else None,
        )

    @property
    def _kind(self) -> MessageKind:
        return MessageKind.NOTICE if self.place.sequence_slug is None else MessageKind.SEQUENCE

    @property
    def _topic(self) -> Topic | None:
        if self.place.sequence_slug is None:
            return None
        return Topic.LETTERS if self.place.kind is StepKind.LETTER else Topic.SEAT

    def _data(
        self, person: MadeUpPerson, *, session: Session | None, plan_now: datetime
    ) -> MergeData:
        blank = MergeData(
            message_id=_NOBODY,
            kind=self._kind,
            sequence_slug=self.sequence.slug if self.sequence else self.place.key.split("/")[0],
            template_key=self.place.key,
            topic=self._topic,
            lane=Lane.OTHER,
            due_at=plan_now,
            real_now=self.tx.real_now,
            plan_now=plan_now,
            subscriber_id=_NOBODY,
            enrollment_id=_RUN,
            signup_id=None,
            email=person.email,
            email_key=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            zone=person.zone,
            wants_letters=True,
            brand=self.brand,
            session=session,
            former=None,
            holds_seat=session is not None,
            calendar_revision=0,
            live_version_id=None,
            pinned_version_id=None,
            kept=None,
        )
        return self._addressed(blank, plan_now)

    def _sample_session(self) -> Session:
        if self.dates:
            return self.dates[0].session
        starts_at = (self.tx.now + timedelta(days=5)).replace(hour=17, minute=0, second=0)
        return Session(
            id=_SESSION,
            title=self.sequence.title
            if self.sequence
            else self.place.sequence_title or "Masterclass",
            starts_at=starts_at.replace(microsecond=0),
            ends_at=starts_at.replace(microsecond=0) + timedelta(minutes=90),
            zone="Europe/Berlin",
        )


def _former(session: Session | None) -> Mapping[str, Any] | None:
    """Return a date a week before: somebody's date moves, so there was another one."""
    if session is None:
        return None
    week = timedelta(days=7)
    return {
        "title": session.title,
        "starts_at": (session.starts_at - week).isoformat(),
        "ends_at": (session.ends_at - week).isoformat(),
        "zone": session.zone,
    }


def _brand(tx: Transaction, place: Place, sequence: SequenceRecord | None) -> Brand:
    if sequence is not None:
        return brands.brand_of_sequence(tx, sequence.id)
    named = brands.find_brand(tx, place.brand) if place.brand else None
    return named or next(iter(brands.list_brands(tx)), _SAMPLE_BRAND)
