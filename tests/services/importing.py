"""Files of people for tests, and the short way through an import."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from funnel.domain.people_import import Outcome
from funnel.services.continue_imports import continue_imports
from funnel.services.import_people import (
    list_lines,
    read_import,
    start_import,
    try_import,
    upload_people,
)
from funnel.storage.imports import LineRecord
from tests.fixtures.signups import RULES
from tests.fixtures.world import World

HEADER = "id,first_name,email,state,created_at,tags,company"
WORDS = "Send me the letters about leading through disruption."


def kit(*rows: str, header: str = HEADER) -> bytes:
    """Return a file as Kit exports it."""
    return "\n".join([header, *rows, ""]).encode()


def upload(world: World, content: bytes, **changes: object) -> UUID:
    """Upload a file and try it with what its header says."""
    page = upload_people(content, "kit.csv", by="mira", transactions=world.transactions)
    named: dict[str, Any] = {"wording": WORDS, **changes}
    options = replace(page.options, **named)
    try_import(page.record.id, options, by="mira", transactions=world.transactions)
    continue_imports(world.transactions, hash_key=RULES.hash_key)
    return page.record.id


def take(world: World, content: bytes, **changes: object) -> UUID:
    """Upload a file, try it, and take its people in."""
    import_id = upload(world, content, **changes)
    start_import(import_id, by="mira", transactions=world.transactions)
    continue_imports(world.transactions, hash_key=RULES.hash_key)
    return import_id


def lines(world: World, import_id: UUID) -> list[LineRecord]:
    """Return every line with what became of it."""
    return list_lines(import_id, tuple(Outcome), world.transactions, limit=1_000)


def told(world: World, import_id: UUID) -> list[tuple[int, str, str]]:
    """Return line, outcome and reason of every line."""
    return [(each.line, str(each.outcome), each.reason) for each in lines(world, import_id)]


def sums(world: World, import_id: UUID) -> dict[str, int]:
    """Return how many lines have each outcome."""
    found = read_import(import_id, world.transactions).sums
    return {str(outcome): count for outcome, count in found.items()}


def rows(world: World, statement: str, **values: object) -> list[Any]:
    """Return what a statement finds."""
    with world.transactions.begin() as tx:
        return [tuple(row) for row in tx.connection.execute(text(statement), values)]
