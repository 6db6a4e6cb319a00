"""Make a draft live: checked, rendered for everybody it concerns, and only over what it began from.

The publish itself is one short transaction. Whoever is in the sequence follows, if the policy says
so, in batches afterwards: see ``continue_replans``.
"""

from dataclasses import dataclass
from uuid import uuid4

from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.replan import ReplanKind
from funnel.domain.sequence_text import definition_checksum
from funnel.domain.speech import say
from funnel.domain.version_switch import PublishPolicy, VersionOrigin
from funnel.services.build_email import EmailBuilder
from funnel.services.check_renders import RenderCheck, RenderCheckError, check_renders
from funnel.services.count_affected import renders_counted
from funnel.services.edit_draft import check_fit
from funnel.services.read_impact import Candidate, Progress, candidate_of
from funnel.storage import audit, definition_errors, drafts, launches, replans, sequences
from funnel.storage.drafts import Draft
from funnel.storage.replans import Replan
from funnel.storage.sequences import NewVersion, PublishedVersion
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOrder:
    """A person's decision: who publishes, for whom, and why.

    Attributes:
        seen: Checksum of the draft that they looked at; empty: whatever it says now.
    """

    policy: PublishPolicy
    by: str
    note: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """What a publish did.

    Attributes:
        renders: What was rendered beforehand.
        replan: The work that moves people, still to be done; ``None``: nobody moves.
    """

    number: int
    renders: RenderCheck
    replan: Replan | None


def publish_draft(
    slug: str,
    order: PublishOrder,
    builder: EmailBuilder,
    transactions: Transactions,
    *,
    progress: Progress | None = None,
) -> PublishReport:
    """Publish the draft of a sequence as its next version; new runs follow it at once.

    Args:
        slug: The sequence.
        order: What it means for whoever is in the sequence, who decided so, and why.
        builder: Renders what it would send, before anything changes.
        transactions: The checks read in batches; the publish is one transaction.
        progress: Told how many people were rendered for.

    Raises:
        NotFoundError: There is no draft.
        InvalidInputError: It says what is live already, or an email or the brand is missing.
        DraftConflictError: Another version is live than the one it was begun from, or it was saved
            anew meanwhile.
        RenderCheckError: An email cannot be rendered for somebody; the error names them.
    """
    with transactions.begin_reading() as tx:
        draft = _draft(tx, slug)
        _check_seen(draft, order)
        candidate = candidate_of(tx, slug, draft.definition, draft.source)
        check_base(tx, draft, candidate)
    renders = gate(candidate, order, builder, transactions, progress=progress)
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        _check_unchanged(tx, draft)
        check_base(tx, draft, candidate_of(tx, slug, draft.definition))
        published = make_live(tx, candidate, order, VersionOrigin.DRAFT)
        drafts.delete_draft(tx, slug)
        replan = move_people(tx, published, order)
    return PublishReport(number=published.number, renders=renders, replan=replan)


def gate(
    candidate: Candidate,
    order: PublishOrder,
    builder: EmailBuilder,
    transactions: Transactions,
    *,
    progress: Progress | None = None,
) -> RenderCheck:
    """Return what was rendered for whom, if all of it could be.

    Where a worker has just looked at everybody for the same publish, that counts, and only who came
    since is looked at.

    Raises:
        InvalidInputError: An email or the brand is missing, or it says what is live already.
        RenderCheckError: An email cannot be rendered for somebody.
    """
    with transactions.begin_reading() as tx:
        check_fit(tx, candidate.definition)
    if candidate.definition == candidate.live_definition:
        raise InvalidInputError(
            say("this says what is live already"), remedy=say("There is nothing to publish.")
        )
    renders = renders_counted(candidate, order.policy, builder, transactions)
    if renders is None:
        renders = check_renders(candidate, order.policy, builder, transactions, progress=progress)
    if renders.failed:
        raise RenderCheckError(renders, candidate.definition.slug)
    return renders


def make_live(
    tx: Transaction, candidate: Candidate, order: PublishOrder, origin: VersionOrigin
) -> PublishedVersion:
    """Write the next version and let new runs follow it; the caller holds ``lock_definitions``."""
    definition = candidate.definition
    published = sequences.publish_sequence(
        tx,
        NewVersion(
            definition=definition,
            brand_id=check_fit(tx, definition),
            checksum=definition_checksum(definition),
            origin=origin,
            by=order.by,
            note=order.note,
            source=candidate.source,
        ),
    )
    if published.number == 1:
        launches.open_sources(tx, published.sequence_id, definition.slug)
    audit.write_audit(
        tx,
        by=order.by,
        action="sequence.rolled_back" if origin is VersionOrigin.ROLLBACK else "sequence.published",
        target=definition.slug,
        detail={"version": published.number, "policy": order.policy.value, "note": order.note},
    )
    return published


def move_people(tx: Transaction, published: PublishedVersion, order: PublishOrder) -> Replan | None:
    """Order that whoever is in the sequence follows to the version, unless they keep theirs.

    A former publish whose people have not all followed yet gives them to this one.
    """
    if order.policy is PublishPolicy.KEEP:
        return None
    former = replans.take_over_publish(tx, published.sequence_id)
    if former is not None:
        replans.finish(tx, former.id)
    return replans.add(
        tx,
        Replan(
            id=uuid4(),
            kind=ReplanKind.VERSION_PUBLISHED,
            sequence_id=published.sequence_id,
            version_id=published.version_id,
            policy=order.policy,
            by=order.by,
        ),
    )


def _draft(tx: Transaction, slug: str) -> Draft:
    draft = drafts.find_draft(tx, slug)
    if draft is None:
        raise NotFoundError(f'there is no draft of "{slug}"')
    return draft


def check_base(tx: Transaction, draft: Draft, candidate: Candidate) -> None:
    """Make sure that a draft was begun from what is live.

    Raises:
        DraftConflictError: Somebody published meanwhile; the draft stays.
    """
    live = candidate.live
    if (None if live is None else live.live_version_id) == draft.base_version_id:
        return
    base = draft.base_version_id
    number = 0 if live is None else live.number
    raise DraftConflictError(
        say(
            "this draft was begun before there was a version, and version {number} is live by "
            "now; the draft stays",
            number=number,
        )
        if base is None
        else say(
            "this draft was begun from version {base}, and version {number} is live by now; "
            "the draft stays",
            base=sequences.version_number(tx, base),
            number=number,
        ),
        field="draft",
        remedy=say(
            "Look at what would be undone; if that is meant, save the draft once more over "
            "version {number}.",
            number=number,
        ),
    )


def _check_seen(draft: Draft, order: PublishOrder) -> None:
    """What somebody looked at must be what goes live."""
    if order.seen and order.seen != draft.checksum:
        raise DraftConflictError(
            say(
                "{updated_by} changed the draft after you looked at it; nothing was published",
                updated_by=draft.updated_by,
            ),
            field="draft",
            remedy=say("Look at what it says now, and publish again if it is meant."),
        )


def _check_unchanged(tx: Transaction, checked: Draft) -> None:
    """What was rendered must be what goes live."""
    draft = drafts.find_draft(tx, checked.slug)
    if draft is None or draft.checksum != checked.checksum:
        raise DraftConflictError(
            say(
                "the draft was changed or discarded while it was being checked; "
                "nothing was published"
            ),
            field="draft",
            remedy=say("Look at what it says now, and publish again if it is meant."),
        )
