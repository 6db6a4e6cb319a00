"""Edit a sequence card by card: the draft's text is changed, read whole, and saved.

The first edit begins a draft from what is live. Nothing that is live changes. Each edit gives back
the text that was there before, so that it can be put back: that is the undo of every card.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_file import SequenceFileError, parse_sequence
from funnel.domain.sequence_places import placed
from funnel.domain.sequence_settings import SequenceForm
from funnel.domain.sequence_settings import edit_settings as with_settings
from funnel.domain.sequence_text import source_checksum
from funnel.domain.speech import say
from funnel.domain.step_edits import DraftText
from funnel.domain.step_edits import add_step as with_step
from funnel.domain.step_edits import duplicate_step as with_copy
from funnel.domain.step_edits import edit_step as with_card
from funnel.domain.step_edits import place_step as with_place
from funnel.domain.step_edits import remove_step as without_step
from funnel.domain.step_form import StepForm, StepFormError
from funnel.services.edit_draft import check_brand, check_seen
from funnel.storage import audit, definition_errors, drafts, sequences
from funnel.storage.drafts import Draft, NewDraft
from funnel.storage.sequences import SequenceRecord
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedDraft:
    """A draft after an edit.

    Attributes:
        step_key: The email that the edit was about; "" for the whole.
        seen: What the next edit gives as ``seen``; "" where there is no draft (any more).
        former_source: The draft's text before, to be given to ``restore_draft``; "": this edit
            began the draft.
        is_changed: Whether the text is another one now.
    """

    slug: str
    step_key: str
    seen: str
    former_source: str
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is edited: the draft, or what is live where there is none."""

    slug: str
    live: SequenceRecord | None
    draft: Draft | None
    text: DraftText

    @property
    def seen(self) -> str:
        """The checksum of the draft; "" without one."""
        return "" if self.draft is None else self.draft.checksum


_Edit = Callable[[DraftText], tuple[str, str]]


def edit_step(
    slug: str, key: str, form: StepForm, *, seen: str, by: str, transactions: Transactions
) -> EditedDraft:
    """Save one email's card into the draft.

    Args:
        slug: The sequence.
        key: The email.
        form: All fields of the card.
        seen: ``EditedDraft.seen`` (or ``SequencePage.seen``) of the draft that the page showed; "":
            there was none.
        by: Who edits.
        transactions: One is opened.

    Raises:
        StepFormError: The card, or another email because of it, cannot be so; every mistake at its
            field.
        DraftConflictError: Another draft is there than the page showed.
        NotFoundError: No such sequence.
        InvalidInputError: No such email.
    """
    return _edit(slug, lambda text: (with_card(text, key, form), key), seen, by, transactions)


def add_step(
    slug: str,
    form: StepForm,
    after: str | None,
    *,
    seen: str,
    by: str,
    transactions: Transactions,
) -> EditedDraft:
    """Add an email to the draft below the one of the key ``after`` (``None``: as the first).

    It needs no text yet; a publish asks for one. Raises what ``edit_step`` raises.
    """
    return _edit(slug, lambda text: with_step(text, form, after), seen, by, transactions)


def duplicate_step(
    slug: str, key: str, *, seen: str, by: str, transactions: Transactions
) -> EditedDraft:
    """Add a copy of an email below it, with a key and a name of its own.

    Raises what ``edit_step`` raises.
    """
    return _edit(slug, lambda text: with_copy(text, key), seen, by, transactions)


def place_step(
    slug: str, key: str, position: int, *, seen: str, by: str, transactions: Transactions
) -> EditedDraft:
    """Put an email at another place of the list, counted from 0.

    Raises what ``edit_step`` raises; ``InvalidInputError`` also where something would count from an
    email below it, which it names.
    """
    return _edit(slug, lambda text: (with_place(text, key, position), key), seen, by, transactions)


def remove_step(
    slug: str,
    key: str,
    *,
    seen: str,
    by: str,
    transactions: Transactions,
    recount: bool = False,
) -> EditedDraft:
    """Take an email out of the draft.

    With ``recount`` whoever counts from it counts from its own anchor instead, as much later;
    without, ``StillCountedError`` says who counts from it, and what that would be. It raises beside
    it what ``edit_step`` raises.
    """
    return _edit(
        slug,
        lambda text: (without_step(text, key, recount=recount), ""),
        seen,
        by,
        transactions,
    )


def edit_settings(
    slug: str, form: SequenceForm, *, seen: str, by: str, transactions: Transactions
) -> EditedDraft:
    """Save what holds for the whole sequence into the draft. Raises what ``edit_step`` raises."""
    return _edit(slug, lambda text: (with_settings(text, form), ""), seen, by, transactions)


def restore_draft(
    slug: str, source: str, *, seen: str, by: str, transactions: Transactions
) -> EditedDraft:
    """Put a former text of the draft back, byte for byte; "": there was none, so it goes.

    It is the undo of an edit, and of a discarded draft. Raises what ``edit_step`` raises.
    """
    if source:
        return _edit(slug, lambda _: (source, ""), seen, by, transactions)
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        standing = read_standing(tx, slug)
        check_seen(standing.draft, seen)
        is_gone = drafts.delete_draft(tx, slug)
        if is_gone:
            audit.write_audit(tx, by=by, action="draft.discarded", target=slug)
    former = "" if standing.draft is None else standing.draft.source
    return EditedDraft(slug=slug, step_key="", seen="", former_source=former, is_changed=is_gone)


def read_standing(tx: Transaction, slug: str, *, of_live: bool = False) -> Standing:
    """Return the draft of a sequence, or what is live as a text that a draft may begin from.

    With ``of_live`` a draft is left out of account.

    Raises:
        NotFoundError: There is neither.
    """
    live = sequences.find_sequence(tx, slug)
    draft = None if of_live else drafts.find_draft(tx, slug)
    if draft is not None:
        text = DraftText(source=draft.source, definition=draft.definition)
    elif live is not None:
        text = DraftText(
            source=sequences.read_source(tx, live.live_version_id),
            definition=sequences.read_definition(tx, live.live_version_id),
        )
    else:
        raise NotFoundError(say("There is no sequence “{slug}”", slug=slug))
    return Standing(slug=slug, live=live, draft=draft, text=text)


def read_edited(source: str, slug: str) -> SequenceDefinition:
    """Return what an edited text says.

    Raises:
        StepFormError: It cannot be so; every mistake at its field.
    """
    try:
        return parse_sequence(source, file_name=f"{slug}.yaml")
    except SequenceFileError as error:
        raise StepFormError(placed(source, error.problems)) from error


def _edit(slug: str, edit: _Edit, seen: str, by: str, transactions: Transactions) -> EditedDraft:
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        standing = read_standing(tx, slug)
        source, key = edit(standing.text)
        check_seen(standing.draft, seen, yours=source)
        if source == standing.text.source:
            return _edited(standing, source, key, is_changed=False)
        definition = read_edited(source, slug)
        check_brand(tx, definition)
        new = NewDraft(
            source=source,
            definition=definition,
            checksum=source_checksum(source),
            base_version_id=_base_id(standing),
            by=by,
        )
        drafts.save_draft(tx, new)
        audit.write_audit(tx, by=by, action="draft.saved", target=slug, detail={"email": key})
        return _edited(standing, source, key, is_changed=True)


def _base_id(standing: Standing) -> UUID | None:
    if standing.draft is not None:
        return standing.draft.base_version_id
    return None if standing.live is None else standing.live.live_version_id


def _edited(standing: Standing, source: str, key: str, *, is_changed: bool) -> EditedDraft:
    has_draft = is_changed or standing.draft is not None
    return EditedDraft(
        slug=standing.slug,
        step_key=key,
        seen=source_checksum(source) if has_draft else "",
        former_source="" if standing.draft is None else standing.draft.source,
        is_changed=is_changed,
    )
