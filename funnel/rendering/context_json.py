"""A reader's values as JSON, on their way to the process that renders what people typed."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from funnel.domain.template import (
    BrandContext,
    EmailContext,
    LinksContext,
    PersonContext,
    ReplayContext,
    SessionContext,
)

_MOMENTS = ("starts_at", "ends_at")


def context_to_json(context: EmailContext) -> dict[str, Any]:
    """Return a context as plain JSON values."""
    values = asdict(context)
    for session in (values["session"], values["former"], *values["next_dates"]):
        if session is not None:
            session |= {name: session[name].isoformat() for name in _MOMENTS}
    return values


def context_from_json(values: Mapping[str, Any]) -> EmailContext:
    """Return the context that ``context_to_json`` wrote."""
    return EmailContext(
        person=PersonContext(**values["person"]),
        brand=BrandContext(**values["brand"]),
        session=_session(values["session"]),
        former=_session(values["former"]),
        replay=None if values["replay"] is None else ReplayContext(**values["replay"]),
        links=LinksContext(**values["links"]),
        next_dates=tuple(_given_session(each) for each in values["next_dates"]),
        why=values["why"],
        letters_wanted=values["letters_wanted"],
    )


def _session(values: Mapping[str, Any] | None) -> SessionContext | None:
    return None if values is None else _given_session(values)


def _given_session(values: Mapping[str, Any]) -> SessionContext:
    moments = {name: datetime.fromisoformat(values[name]) for name in _MOMENTS}
    return SessionContext(**{**values, **moments})
