"""Ids that a form or a query names."""

from uuid import UUID


def read_id(text: str) -> UUID | None:
    """Return the id that ``text`` spells, ``None`` for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None
