"""What can be done to one person: ``funnel people show | skip | resend | tag | note | …``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from funnel.cli.console import say
from funnel.cli.opening import opened, who
from funnel.domain.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from funnel.services.read_person import PersonPage
    from funnel.storage.transaction import Transactions

Person = Annotated[str, typer.Argument(help="An address, or a person's id.")]
Email = Annotated[str, typer.Argument(help='The email\'s key, such as "one-hour".')]


def show(person: Person) -> None:
    """Show what is known of a person, and what happened to them besides emails."""
    with opened() as deps:
        found = _found(person, deps.transactions)
    known = found.person
    say(f"{known.first_name} {known.last_name} <{known.email}>".strip(), style="bold")
    say(f"id {known.id}; time zone {known.zone} ({known.zone_source})")
    if found.suppressed:
        say(f"On the do-not-email list: {found.suppressed.reason}.")
    say(f"Letters: {_yes(found.letters.is_wanted)}. Seat: {_yes(found.seat.is_wanted)}.")
    for run in found.runs:
        say(f"In “{run.sequence_title}”: {run.state} ({run.id})")
    if found.tags:
        say(f"Tags: {', '.join(found.tags)}")
    for note in found.notes:
        say(f"Note by {note.by}: {note.text}")
    for row in found.story:
        name = f" {row.name}" if row.name else ""
        say(f"  {row.at:%Y-%m-%d %H:%M} {row.kind} {row.what}{name} ({row.by})")


def skip(
    person: Person,
    email: Email,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Put it back instead.")] = False,
) -> None:
    """Take an email out of a person's newest run; it is not sent."""
    from funnel.services.skip_step import skip_step, undo_skip

    with opened() as deps:
        run = _run_of(_found(person, deps.transactions))
        act = undo_skip if undo else skip_step
        done = act(run, email, deps.transactions, by=who())
    say(f"“{done.name}” is {'back where it was' if undo else 'not sent to them'}.")


def resend(
    person: Person,
    email: Email,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Send an email of a person's newest run again, after showing what they had of it."""
    from funnel.services.resend_email import read_resend, resend_email

    with opened() as deps:
        run = _run_of(_found(person, deps.transactions))
        offer = read_resend(run, email, deps.transactions)
        for each in offer.copies:
            say(f"copy {each.copy}: {each.status} {each.settled_at or each.due_at:%Y-%m-%d %H:%M}")
        if offer.refusal:
            raise InvalidInputError(offer.refusal, field="email", remedy=offer.remedy)
        if not yes and not typer.confirm(f"Send “{offer.name}” again?"):
            say("Nothing was sent.")
            return
        at = resend_email(run, email, deps.transactions, seen=offer.seen, by=who())
    say(f"It leaves {at:%Y-%m-%d %H:%M} UTC.")


def tag(
    person: Person,
    name: Annotated[str, typer.Argument(help="The tag.")],
    *,
    off: Annotated[bool, typer.Option("--off", help="Take it off instead.")] = False,
) -> None:
    """Give a person a tag, or take it off."""
    from funnel.services.tag_person import tag_person

    with opened() as deps:
        found = _found(person, deps.transactions).person
        has_changed = tag_person(found.id, name, deps.transactions, by=who(), is_on=not off)
    done = "Taken off." if off else "Tagged."
    say(done if has_changed else "It was so already.")


def note(
    person: Person, text: Annotated[str, typer.Argument(help="What is to be known of them.")]
) -> None:
    """Write a note about a person."""
    from funnel.services.note_person import add_note

    with opened() as deps:
        add_note(_found(person, deps.transactions).person.id, text, deps.transactions, by=who())
    say("The note is kept.")


def export(
    person: Person,
    *,
    to: Annotated[Path | None, typer.Option(help="A file; without: to the screen.")] = None,
) -> None:
    """Give out all that is kept of a person, as JSON."""
    from funnel.services.export_person import export_person

    with opened() as deps:
        found = _found(person, deps.transactions).person
        kept = export_person(found.id, deps.transactions, by=who())
    text = json.dumps(kept, ensure_ascii=False, indent=2)
    if to is None:
        typer.echo(text)
        return
    to.write_text(text, encoding="utf-8")
    say(f"Written to {to}.")


def erase(
    person: Person,
    *,
    address: Annotated[
        str | None, typer.Option(help="Their address once more; without: it is asked for.")
    ] = None,
) -> None:
    """Forget a person for good; there is no way back."""
    from funnel.services.erase_person import erase_person

    with opened() as deps:
        found = _found(person, deps.transactions).person
        typed = address or typer.prompt("There is no way back. Type their address to do it")
        hash_key = deps.signup_rules.hash_key
        erase_person(found.id, typed, deps.transactions, hash_key=hash_key, by=who())
    say("They are erased: nothing here names them any more.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to ``funnel people``."""
    for command in (show, skip, resend, tag, note, export, erase):
        app.command(command.__name__)(command)


def _found(named: str, transactions: "Transactions") -> "PersonPage":
    from funnel.services.read_person import find_person, read_person

    return read_person(find_person(named, transactions), transactions)


def _run_of(found: "PersonPage") -> UUID:
    if found.run is None:
        raise NotFoundError("they are in no sequence")
    return found.run.id


def _yes(is_wanted: bool) -> str:  # noqa: FBT001  (one question, one word)
    return "wanted" if is_wanted else "not wanted"
