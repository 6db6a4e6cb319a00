"""What somebody asked for and a worker has not finished: asked in one statement, twice a second."""

from dataclasses import dataclass
from typing import Final

from funnel.storage import arrays
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Of which kinds there is something to go on with; who works at it finds out which."""

    replans: bool
    imports: bool
    checks: bool
    announcements: bool
    tests: bool


def find_open_work(tx: Transaction) -> OpenWork:
    """Say where something is open. Another worker may be at all of it."""
    return OpenWork(*arrays.fetch(tx, OPEN_WORK, {})[0])


# Each goes by the small index of what is open, in the words of that index.
OPEN_WORK: Final = """
    select exists (select from replans where finished_at is null),
           exists (select from imports where status in ('trying', 'running')),
           exists (select from checks where status = 'running'),
           exists (select from announcements where finished_at is null),
           exists (select from test_emails where status = 'queued' and available_at <= now())
"""
