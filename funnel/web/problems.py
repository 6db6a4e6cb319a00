"""Answers to programs about what went wrong: problem details, RFC 9457."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One kind of thing that can go wrong.

    Attributes:
        name: Last part of its type, stable: programs may compare it.
        title: The same for each occurrence.
    """

    status: int
    name: str
    title: str


MALFORMED = Problem(status=400, name="malformed-body", title="The body cannot be read")
NO_TOKEN = Problem(status=401, name="no-token", title="The program is not known")
MISSING_SCOPE = Problem(status=403, name="missing-scope", title="The token is not good for this")
NOT_LOGGED_IN = Problem(status=401, name="not-logged-in", title="Nobody is logged in")
MISSING_PERMISSION = Problem(
    status=403, name="missing-permission", title="Your role may not do this"
)
FOREIGN_FORM = Problem(status=403, name="foreign-form", title="The form is not one of this log-in")
NO_SUCH_PERSON = Problem(status=404, name="no-such-person", title="There is no such person")
TOO_MANY_REQUESTS = Problem(status=429, name="too-many-requests", title="Too many requests at once")
UNSIGNED = Problem(status=401, name="wrong-signature", title="The sender is not known")
NO_SUCH_SOURCE = Problem(status=404, name="no-such-source", title="There is no such source")
TOO_LARGE = Problem(status=413, name="body-too-large", title="The body is too large")
WRONG_FIELD = Problem(status=422, name="wrong-field", title="A field is wrong")
TOO_MANY = Problem(status=429, name="too-many-signups", title="Too many signups at once")
UNREADABLE = Problem(status=422, name="unreadable-event", title="The event cannot be read")
NO_SUCH_PROVIDER = Problem(status=404, name="no-such-provider", title="There is no such provider")
OUT_OF_REACH = Problem(
    status=503, name="out-of-reach", title="The sender cannot be verified at the moment"
)
TOO_MANY_EVENTS = Problem(status=429, name="too-many-events", title="Too many events at once")


def answer_problem(
    problem: Problem,
    detail: str,
    *,
    field: str | None = None,
    remedy: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem: what happened this time, in which field, and what to do about it."""
    content: dict[str, object] = {
        "type": f"/problems/{problem.name}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
    }
    if field:
        content["field"] = field
    if remedy:
        content["remedy"] = remedy
    return JSONResponse(
        content, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )
