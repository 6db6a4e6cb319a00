"""Write an email: what is typed is kept as a draft, whatever it says; nothing live changes."""

from dataclasses import dataclass
from typing import NoReturn

from funnel.domain.errors import DraftConflictError, NotFoundError
from funnel.domain.sequence import StepKind
from funnel.domain.speech import mark, say
from funnel.domain.template_draft import TemplateDraft, starting_text, typed_text
from funnel.storage import audit, template_drafts, template_places, template_versions
from funnel.storage.template_versions import TemplateVersion
from funnel.storage.transaction import Transaction, Transactions

_REMEDY = mark("Keep theirs, or save yours over it; both texts are below.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePage:
    """One email as its editor shows it.

    Attributes:
        title: What people read of it: "Bias".
        sequence_slug: Whose step it is; ``None`` for one of the notices.
        live: The version that is sent; ``None``: there is none yet.
        base_number: The version that the draft was begun from; another than the live one means
            that somebody published meanwhile. ``None`` without a draft, or for a new email.
        source: What the editor begins with: the draft, else what is live, else a starting text.
    """

    key: str
    title: str
    kind: StepKind
    sequence_slug: str | None
    live: TemplateVersion | None
    draft: TemplateDraft | None
    base_number: int | None
    source: str

    @property
    def is_outdated(self) -> bool:
        """Whether the draft was begun from another version than the one that is live."""
        live = None if self.live is None else self.live.number
        return self.draft is not None and self.base_number != live


def read_template(key: str, transactions: Transactions) -> TemplatePage:
    """Return an email for its editor; one that has no text yet begins with a starting text.

    Raises:
        NotFoundError: No step (of a live sequence or of a draft) and no notice has that key.
    """
    with transactions.begin_reading() as tx:
        place = _place(tx, key)
        live = template_versions.find_live(tx, key)
        draft = template_drafts.find_draft(tx, key)
        base = None if draft is None else draft.base_version_id
        base_number = None if base is None else template_versions.number_of(tx, base)
    if draft is not None:
        source = draft.source
    else:
        source = live.source if live else starting_text(key, place.kind, place.name)
    return TemplatePage(
        key=key,
        title=place.name,
        kind=place.kind,
        sequence_slug=place.sequence_slug,
        live=live,
        draft=draft,
        base_number=base_number,
        source=source,
    )


def save_template_draft(
    key: str, source: str, *, seen: int, by: str, transactions: Transactions
) -> TemplateDraft:
    """Keep what somebody typed; may be called every second, and the same text changes nothing.

    Args:
        key: The template.
        source: The text, right or wrong.
        seen: The revision that it was typed over; 0: there was no draft.
        by: Who typed it.
        transactions: One is opened.

    Raises:
        NotFoundError: There is no such email.
        InvalidInputError: The text is far too long, or holds what cannot be kept.
        DraftConflictError: Another revision is kept by now; it carries both texts.
    """
    text = typed_text(source)
    with transactions.begin() as tx:
        _place(tx, key)
        live = template_versions.find_live(tx, key)
        former = template_drafts.find_draft(tx, key)
        if former is not None and (former.source, former.revision) == (text, seen):
            return former
        if seen:
            saved = template_drafts.change_draft(tx, key, text, seen=seen, by=by)
        else:
            base = None if live is None else live.id
            saved = template_drafts.begin_draft(tx, key, text, base_version_id=base, by=by)
        if saved is None:
            _refuse(tx, key, yours=text)
        if former is None or former.updated_by != by:
            # One line for a person's work on it, not one a second.
            audit.write_audit(tx, by=by, action="template.edited", target=key)
        return saved


def discard_template_draft(
    key: str, *, seen: int, by: str, transactions: Transactions
) -> TemplateDraft | None:
    """Forget a draft and return what it was: ``save_template_draft(…, seen=0)`` puts it back.

    Returns:
        The draft as it was; ``None``: there was none.

    Raises:
        DraftConflictError: It is another revision than the one that was seen, and stays.
    """
    with transactions.begin() as tx:
        was = template_drafts.delete_draft(tx, key, seen=seen)
        if was is not None:
            audit.write_audit(tx, by=by, action="template.draft_discarded", target=key)
        elif template_drafts.find_draft(tx, key) is not None:
            _refuse(tx, key, yours="")
        return was


def _place(tx: Transaction, key: str) -> template_places.Place:
    place = template_places.find_place(tx, key)
    if place is None:
        raise NotFoundError(say('There is no email "{key}".', key=key))
    return place


def _refuse(tx: Transaction, key: str, *, yours: str) -> NoReturn:
    """Say what is kept instead; a draft that is gone has become a version, or was discarded."""
    draft = template_drafts.find_draft(tx, key)
    if draft is not None:
        raise DraftConflictError(
            say("{name} saved another text meanwhile.", name=draft.updated_by),
            field="source",
            remedy=say(_REMEDY),
            theirs=draft.source,
            yours=yours,
            revision=str(draft.revision),
            by=draft.updated_by,
            at=draft.updated_at,
        )
    live = template_versions.find_live(tx, key)
    raise DraftConflictError(
        say("This draft was published or discarded meanwhile."),
        field="source",
        remedy=say(_REMEDY),
        theirs="" if live is None else live.source,
        yours=yours,
        by="" if live is None else live.published_by,
        at=None if live is None else live.published_at,
    )
