"""Hold a launch again: sequence, emails, page and dates copied; no people, and nothing is live.

The copy is a draft of a sequence that has no version. Its emails have their texts at once, its
dates stand in the calendar, its page is closed. The first publish opens it.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.launch_dates import (
    FirstStart,
    Shift,
    dates_of_launch,
    days_between,
    shifted_dates,
    shifted_moment,
)
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_settings import edit_settings, settings_of
from funnel.domain.sequence_text import source_checksum
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.step_edits import DraftText, edit_step
from funnel.domain.step_file import read_key
from funnel.domain.step_form import TimingForm, form_of
from funnel.domain.version_switch import VersionOrigin
from funnel.services.edit_draft import check_brand
from funnel.services.edit_steps import Standing, read_edited, read_standing
from funnel.storage import (
    audit,
    definition_errors,
    drafts,
    launches,
    sessions,
    template_drafts,
    template_versions,
    templates,
)
from funnel.storage.drafts import NewDraft
from funnel.storage.templates import PublishAct
from funnel.storage.transaction import Transaction, Transactions

_EXPORTED: Final = re.compile(r"\A# \S+, version \d{1,9}\. [^\n]*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLaunch:
    """What the copy is called, and when it is held.

    Attributes:
        slug: Name in files and addresses; new.
        title: What people see; "": as the original's.
        dates: Where its dates go.
        uses_draft: Copy the original's draft instead of what is live.
    """

    slug: str
    title: str
    dates: Shift | FirstStart
    uses_draft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedLaunch:
    """What was copied.

    Attributes:
        emails: Texts that have a version of their own now.
        unwritten: Emails whose text the original does not have either, by key.
        dates: The dates of the new launch; without room and replay.
        has_page_texts: The texts of its landing page were copied.
        days: By how many days the dates moved.
    """

    slug: str
    title: str
    emails: int
    unwritten: tuple[str, ...]
    dates: tuple[Session, ...]
    has_page_texts: bool
    days: int


def copy_launch(slug: str, new: NewLaunch, *, by: str, transactions: Transactions) -> CopiedLaunch:
    """Copy a launch under another name, for other dates.

    The dates that are ahead are copied; where none is, those of the latest launch. Moments that are
    fixed in the sequence move along. People, facts and sums stay where they are.

    Args:
        slug: The sequence to copy.
        new: What it becomes.
        by: Who does it.
        transactions: One is opened.

    Raises:
        NotFoundError: No such sequence, or no draft of it where that is asked for.
        InvalidInputError: The new name is taken or none, the title cannot be, or a date would be in
            the past.
    """
    read_key_as(new.slug, "slug")
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        _check_free(tx, new.slug)
        standing = _standing(tx, slug, uses_draft=new.uses_draft)
        original_id = None if standing.live is None else standing.live.id
        original_id = original_id or launches.find_id(tx, slug)
        dates = () if original_id is None else _dates(tx, original_id)
        shifted = shifted_dates(dates, new.dates, tx.now)
        days = days_between(dates[0], new.dates) if dates else 0
        zone = dates[0].zone if dates else "UTC"
        definition, source = _text(standing, new, days, zone)
        sequence_id = launches.begin(
            tx, slug=new.slug, title=definition.title, brand_id=check_brand(tx, definition)
        )
        _save_draft(tx, definition, source, by)
        unwritten = _copy_emails(tx, slug, definition, by)
        for each in shifted:
            sessions.add(tx, sequence_id, each, clicks_count=False)
        has_page = False
        if original_id is not None:
            has_page = launches.copy_landing_texts(tx, original_id, sequence_id, by=by)
        found = launches.sources_of(tx, original_id) if original_id is not None else []
        launches.add_waiting_source(tx, next(iter(found), None), sequence_id, new.slug)
        audit.write_audit(
            tx, by=by, action="launch.copied", target=new.slug, detail={"from": slug, "days": days}
        )
    return CopiedLaunch(
        slug=new.slug,
        title=definition.title,
        emails=len(definition.steps) - len(unwritten),
        unwritten=unwritten,
        dates=shifted,
        has_page_texts=has_page,
        days=days,
    )


def read_key_as(slug: str, field: str) -> str:
    """Return a new sequence's name.

    Raises:
        InvalidInputError: None that can stand in files and addresses.
    """
    try:
        return read_key(slug)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field=field, remedy=error.remedy) from error


def _check_free(tx: Transaction, slug: str) -> None:
    if launches.find_id(tx, slug) is None and drafts.find_draft(tx, slug) is None:
        return
    raise InvalidInputError(
        say("There is a sequence “{slug}” already", slug=slug),
        field="slug",
        remedy=say("Take another name."),
    )


def _standing(tx: Transaction, slug: str, *, uses_draft: bool) -> Standing:
    standing = read_standing(tx, slug)
    if uses_draft or standing.live is None:
        if standing.draft is None:
            raise NotFoundError(say("There is no draft of “{slug}”", slug=slug))
        return standing
    return standing if standing.draft is None else read_standing(tx, slug, of_live=True)


def _dates(tx: Transaction, sequence_id: UUID) -> tuple[Session, ...]:
    return dates_of_launch(sessions.of_sequence(tx, sequence_id), tx.now)


def _text(
    standing: Standing, new: NewLaunch, days: int, zone: str
) -> tuple[SequenceDefinition, str]:
    """Return what the copy says: another title, and its fixed moments so many days later."""
    slug = new.slug
    source = _EXPORTED.sub("", standing.text.source, count=1)
    text = DraftText(source=source, definition=read_edited(source, slug))
    if new.title.strip():
        form = replace(settings_of(text.definition), title=new.title)
        text = _read(edit_settings(text, form), slug)
    for step in text.definition.steps:
        card = form_of(step)
        moved = replace(
            card,
            timing=_moved(card.timing, days, zone),
            without_session=card.without_session and _moved(card.without_session, days, zone),
        )
        if moved != card:
            text = _read(edit_step(text, step.key, moved), slug)
    return text.definition, text.source


def _read(source: str, slug: str) -> DraftText:
    return DraftText(source=source, definition=read_edited(source, slug))


def _moved(timing: TimingForm, days: int, zone: str) -> TimingForm:
    if not timing.moment:
        return timing
    moment = shifted_moment(datetime.fromisoformat(timing.moment), days, zone)
    return replace(timing, moment=moment.isoformat().replace("+00:00", "Z"))


def _save_draft(tx: Transaction, definition: SequenceDefinition, source: str, by: str) -> None:
    new = NewDraft(
        source=source,
        definition=definition,
        checksum=source_checksum(source),
        base_version_id=None,
        by=by,
    )
    drafts.save_draft(tx, new)


def _copy_emails(
    tx: Transaction, slug: str, definition: SequenceDefinition, by: str
) -> tuple[str, ...]:
    """Copy the texts as versions of their own, drafts as drafts; return who has neither."""
    act = PublishAct(origin=VersionOrigin.DRAFT, by=by, note=say("copied from {slug}", slug=slug))
    missing = []
    for step in definition.steps:
        key = f"{definition.slug}/{step.key}"
        live = template_versions.find_live(tx, f"{slug}/{step.key}")
        draft = template_drafts.find_draft(tx, f"{slug}/{step.key}")
        # A text of that key may be here from a sequence of that name that is gone.
        if live is not None and template_versions.find_live(tx, key) is None:
            templates.publish_template(
                tx,
                key=key,
                source=live.source,
                compiled=templates.read_compiled(tx, live.id),
                checksum=live.checksum,
                act=act,
            )
        if draft is not None:
            base = templates.live_template_id(tx, key)
            template_drafts.begin_draft(tx, key, draft.source, base_version_id=base, by=by)
        if live is None:
            missing.append(step.key)
    return tuple(missing)
