"""Read what the messages of a slice need, all in one go, and build each on its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from funnel.domain.errors import FunnelError
from funnel.domain.plan import SkipReason
from funnel.rendering.compiled import CompiledTemplate
from funnel.sending.mailer import OutgoingEmail
from funnel.services.build_email import Counting, build_email
from funnel.services.delivery import Delivery, KnownText
from funnel.services.kept_email import restored_email
from funnel.storage import links, sequences, templates
from funnel.storage.merge_data import (
    Loaded,
    MergeData,
    OpenDate,
    load_open_dates,
    load_slice,
)
from funnel.storage.outbox import Claimed
from funnel.storage.transaction import Transaction

# What odd data can make of building an email: that message fails visibly, and the rest goes on.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError)
# Versions are small and few; a process that met more of them forgets the oldest.
_MOST_TEXTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A message that is ready to leave, or why it never will be.

    Attributes:
        version_id: Of the template that it was built from; ``None``: there is no such template.
        email: ``None`` where ``failure`` says why.
    """

    loaded: Loaded
    version_id: UUID | None
    email: OutgoingEmail | None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Material:
    """What one message is built from, beside itself."""

    text: KnownText | None
    counting: Counting | None
    dates: Sequence[OpenDate]


def prepare_slice(claimed: Sequence[Claimed], delivery: Delivery) -> list[Prepared]:
    """Return the messages of these that are still queued under their epoch, each built.

    Reads in one transaction and builds after it: no lock or snapshot is held meanwhile. What cannot
    be built says why, and stops none of the others.
    """
    with delivery.transactions.begin() as tx:
        loaded = load_slice(tx, claimed)
        gathering = _Gathering(tx, delivery)
        materials = [gathering.material(each.data) for each in loaded]
    return [
        _prepare(each, material, delivery) for each, material in zip(loaded, materials, strict=True)
    ]


class _Gathering:
    """Reads what messages are built from, each thing once a slice."""

    def __init__(self, tx: Transaction, delivery: Delivery) -> None:
        self._tx = tx
        self._delivery = delivery
        self._dates: dict[str, Sequence[OpenDate]] = {}
        self._unpictured: dict[Counting, Counting] = {}

    def material(self, data: MergeData) -> _Material:
        text = self._text(data)
        if text is None:
            return _Material(None, None, ())
        names_dates = "next_dates" in text.compiled.variables
        return _Material(
            text,
            self._counting(data, text),
            self._open_dates(data.sequence_slug) if names_dates else (),
        )

    def _text(self, data: MergeData) -> KnownText | None:
        """Return a template version; it never changes, so it is kept by its id."""
        version_id = data.pinned_version_id or data.live_version_id
        if version_id is None:
            return None
        texts = self._delivery.texts
        known = texts.get(version_id)
        if known is None:
            compiled = CompiledTemplate.from_json(templates.read_compiled(self._tx, version_id))
            wanted = [*compiled.links, links.PICTURE]
            *link_ids, picture_id = links.ids_of(self._tx, data.template_key, wanted)
            counting = Counting(link_ids=tuple(link_ids), picture_id=picture_id)
            known = KnownText(compiled=compiled, counting=counting)
            if len(texts) >= _MOST_TEXTS:
                texts.pop(next(iter(texts)))
            texts[version_id] = known
        return known

    def _counting(self, data: MergeData, text: KnownText) -> Counting | None:
        """Links are counted in the emails of a run, openings only where its sequence says so."""
        if data.sequence_version_id is None:
            return None
        if sequences.read_definition(self._tx, data.sequence_version_id).tracks_opens:
            return text.counting
        known = self._unpictured.get(text.counting)
        if known is None:
            known = self._unpictured[text.counting] = replace(text.counting, picture_id=None)
        return known

    def _open_dates(self, slug: str) -> Sequence[OpenDate]:
        if slug not in self._dates:
            self._dates[slug] = load_open_dates(self._tx, slug)
        return self._dates[slug]


def _prepare(loaded: Loaded, material: _Material, delivery: Delivery) -> Prepared:
    data = loaded.data
    # Should building it end the process, it was this one: such a message is not tried for ever.
    delivery.journal.take(data.message_id)
    version_id = data.pinned_version_id or data.live_version_id
    if material.text is None:
        failure = f"there is no email {data.template_key}"
        return Prepared(loaded=loaded, version_id=None, email=None, failure=failure)
    try:
        # A confirmation speaks of its signup as it is now, also when it is tried again.
        email = (
            replace(restored_email(data.kept), left_at=data.plan_now)
            if data.kept and data.signup_id is None
            else build_email(
                data,
                material.text.compiled,
                material.dates,
                delivery.builder,
                material.counting,
            )
        )
    except _UNFIT as error:
        failure = f"{SkipReason.NOT_RENDERED.value}: {error}"
        return Prepared(loaded=loaded, version_id=version_id, email=None, failure=failure)
    return Prepared(loaded=loaded, version_id=version_id, email=email)
