"""Many rows as one parameter, for statements that read them with ``json_to_recordset``."""

import json
from collections.abc import Iterable, Mapping
from typing import Any


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as a JSON list; ids and moments as PostgreSQL reads them."""
    return json.dumps(list(rows), default=str, ensure_ascii=False, separators=(",", ":"))
