"""Every email that there is, or that a step asks for, as a list shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from funnel.domain.sequence import StepKind
from funnel.domain.speech import say
from funnel.domain.template_draft import TemplateDraft
from funnel.storage import template_drafts, template_places, template_versions
from funnel.storage.template_places import Place
from funnel.storage.template_versions import LiveTemplate
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateLine:
    """One email; moments are real time.

    Attributes:
        name: What people read of it.
        live_number: ``None``: it has no text that is sent yet.
        published_by: Empty where its file was loaded.
        draft_by: Empty: there is no draft.
        is_planned: Only the draft of its sequence has the step.
    """

    key: str
    name: str
    kind: StepKind
    live_number: int | None
    published_at: datetime | None
    published_by: str
    draft_by: str
    draft_at: datetime | None
    is_planned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateGroup:
    """The emails of one sequence in its order; ``slug`` is ``None`` for the notices."""

    slug: str | None
    title: str
    lines: tuple[TemplateLine, ...]


def list_templates(transactions: Transactions) -> tuple[TemplateGroup, ...]:
    """Return every email by sequence, the notices last; changes nothing."""
    with transactions.begin_reading() as tx:
        places = template_places.list_places(tx)
        live = {each.key: each for each in template_versions.list_live(tx)}
        drafts = {each.key: each for each in template_drafts.list_drafts(tx)}
    groups: dict[str | None, list[Place]] = {}
    for place in places:
        groups.setdefault(place.sequence_slug, []).append(place)
    return tuple(
        TemplateGroup(
            slug=slug,
            title=say("Notices") if slug is None else found[0].sequence_title,
            lines=tuple(_line(each, live, drafts) for each in found),
        )
        for slug, found in groups.items()
    )


def _line(
    place: Place, live: Mapping[str, LiveTemplate], drafts: Mapping[str, TemplateDraft]
) -> TemplateLine:
    version, draft = live.get(place.key), drafts.get(place.key)
    return TemplateLine(
        key=place.key,
        name=place.name,
        kind=place.kind,
        live_number=version.number if version else None,
        published_at=version.published_at if version else None,
        published_by=version.published_by if version else "",
        draft_by=draft.updated_by if draft else "",
        draft_at=draft.updated_at if draft else None,
        is_planned=not place.is_live,
    )
