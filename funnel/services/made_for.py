"""What an email would be made of for a chosen reader, were it to leave now."""

from dataclasses import replace
from uuid import uuid4

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.errors import NotFoundError
from funnel.domain.message import MessageKind, lane_of
from funnel.domain.readers import PEOPLE, MadeUpReader, PersonReader, Reader
from funnel.domain.sequence import StepKind
from funnel.storage import brands, merge_data, runs, sequences
from funnel.storage.merge_data import MergeData
from funnel.storage.template_places import Place
from funnel.storage.transaction import Transaction


def made_for(tx: Transaction, place: Place, reader: Reader) -> MergeData:
    """Return the values of a real person, or of somebody made up with a seat in the next date.

    Raises:
        NotFoundError: No such person, or they are in no sequence.
    """
    brand = _brand(tx, place)
    if isinstance(reader, PersonReader):
        data = _of_person(tx, reader, brand)
    else:
        data = _of_nobody(tx, place, reader, brand)
    is_notice = place.sequence_slug is None
    topic = Topic.LETTERS if place.kind is StepKind.LETTER else Topic.SEAT
    return replace(
        data,
        kind=MessageKind.NOTICE if is_notice else MessageKind.SEQUENCE,
        template_key=place.key,
        topic=None if is_notice else topic,
    )


def _brand(tx: Transaction, place: Place) -> Brand:
    named = brands.find_brand(tx, place.brand) if place.brand else None
    found = named or next(iter(brands.list_brands(tx)), None)
    if found is None:
        raise NotFoundError("there is no brand")
    return found


def _of_person(tx: Transaction, reader: PersonReader, brand: Brand) -> MergeData:
    run_id = reader.enrollment_id
    if run_id is None:
        run_id = next((each.id for each in runs.of_person(tx, reader.subscriber_id)), None)
    data = merge_data.load_run_data(tx, [run_id], brand).get(run_id) if run_id else None
    if data is None or data.subscriber_id != reader.subscriber_id or not data.email:
        raise NotFoundError("this person is in no sequence")
    return data


def _of_nobody(tx: Transaction, place: Place, reader: MadeUpReader, brand: Brand) -> MergeData:
    person = PEOPLE[reader.kind]
    slug = place.sequence_slug or next(
        (each.slug for each in sequences.list_sequences(tx)), "nowhere"
    )
    dates = merge_data.load_open_dates(tx, slug, 1)
    session = dates[0].session if dates else None
    return MergeData(
        message_id=uuid4(),
        kind=MessageKind.SEQUENCE,
        sequence_slug=slug,
        template_key=place.key,
        topic=None,
        lane=lane_of(person.email),
        due_at=tx.now,
        real_now=tx.real_now,
        plan_now=tx.now,
        subscriber_id=uuid4(),
        enrollment_id=uuid4(),
        signup_id=uuid4(),
        email=person.email,
        email_key=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        zone=person.zone,
        wants_letters=True,
        brand=brand,
        session=session,
        former=None,
        holds_seat=session is not None,
        calendar_revision=0,
        live_version_id=None,
        pinned_version_id=None,
        kept=None,
    )
