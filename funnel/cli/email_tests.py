"""Tests of emails: ``funnel test-email``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who
from funnel.cli.text_files import read_text_file

if TYPE_CHECKING:
    from funnel.bootstrap import Deps
    from funnel.domain.readers import Reader
    from funnel.storage.test_emails import EmailTest

_AS = (
    "As whom: an address or a person's id, or somebody made up: usual, no-name, long-name, "
    "right-to-left."
)
_SECONDS_APART = 3


def email_test(
    email: Annotated[
        str, typer.Argument(help='Its key, like "notices/welcome"; a sequence\'s: all of it.')
    ] = "",
    *,
    to: Annotated[str, typer.Option(help="Where it goes.")] = "",
    reader: Annotated[str, typer.Option("--as", help=_AS)] = "usual",
    file: Annotated[
        Path | None, typer.Option(help="A text that is not loaded yet, for this email.")
    ] = None,
) -> None:
    """Send a test of an email, or of a whole sequence; without one, list the latest.

    A draft goes before what is live. It is marked as a test, its links lead nowhere, and it is
    counted nowhere.
    """
    with opened() as deps:
        if not email:
            _list(deps)
            return
        chosen = _reader(reader, deps)
        if "/" in email:
            _send_one(email, chosen, to, file, deps)
        else:
            _send_all(email, chosen, to, deps)


def _send_one(key: str, reader: "Reader", to: str, file: Path | None, deps: "Deps") -> None:
    from funnel.services.send_test import send_test

    send_test(
        key,
        reader,
        to=to,
        by=who(),
        transactions=deps.transactions,
        previewing=deps.previewing,
        source=None if file is None else read_text_file(file),
    )
    say(f"A test of {key} leaves now. `funnel test-email` says what becomes of it.")


def _send_all(slug: str, reader: "Reader", to: str, deps: "Deps") -> None:
    from funnel.services.send_test import send_tests_of_sequence

    number = send_tests_of_sequence(
        slug,
        reader,
        to=to,
        by=who(),
        transactions=deps.transactions,
        previewing=deps.previewing,
    )
    say(f"{number} tests leave now, {_SECONDS_APART} seconds apart, in the order of the sequence.")


def _reader(named: str, deps: "Deps") -> "Reader":
    from funnel.domain.readers import MadeUp, MadeUpReader, PersonReader
    from funnel.services.read_person_calendar import read_calendars_of

    if named in set(MadeUp):
        return MadeUpReader(kind=MadeUp(named))
    return PersonReader(subscriber_id=read_calendars_of(named, deps.transactions).subscriber_id)


def _list(deps: "Deps") -> None:
    from funnel.services.send_test import list_tests

    tests = list_tests(deps.transactions)
    if not tests:
        say("No test was sent lately. `funnel test-email KEY --to ADDRESS` sends one.")
        return
    table = new_table("asked for", "to", "email", "state", "why")
    for each in tests:
        table.add_row(*_row(each))
    show(table)


def _row(test: "EmailTest") -> tuple[str, ...]:
    at = f"{test.created_at:%Y-%m-%d %H:%M} UTC"
    return at, test.to_address, test.template_key, test.status.value, test.reason
