"""What both doors for other systems do alike: let in few at once, read, and turn away."""

import asyncio
from datetime import timedelta
from typing import Final, cast

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from funnel.bootstrap import Deps
from funnel.domain.errors import SignatureError
from funnel.domain.signing import StaleSignatureError
from funnel.web.hooks.bodies import read_body
from funnel.web.limits import SlidingWindow
from funnel.web.problems import TOO_LARGE, UNSIGNED, Problem, answer_problem

_MINUTE: Final = timedelta(minutes=1)


class Desk:
    """What a door needs from one request to the next."""

    def __init__(self, deps: Deps, *, at_once: int) -> None:
        """Take the dependencies; counts begin at nothing.

        ``at_once`` requests are in threads, each with a database connection. Few do the most, for
        they share one interpreter; and the pages keep theirs.
        """
        self.deps = deps
        self.window = SlidingWindow(_MINUTE)
        self.places = asyncio.Semaphore(at_once)

    def too_many(
        self, slug: str, per_minute: int | None, problem: Problem, what: str
    ) -> Response | None:
        """Count a request of a source; return the answer where it is one too many this minute."""
        if per_minute is None:
            return None
        seconds = self.window.take(slug, most=per_minute)
        if seconds is None:
            return None
        return answer_problem(
            problem,
            f"this source may send {per_minute} {what} a minute",
            remedy=f"Send it again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )


def desk_of(request: Request, name: str, *, at_once: int) -> Desk:
    """Return this process's desk of that name, made by the first request."""
    state = request.app.state
    if not hasattr(state, name):
        setattr(state, name, Desk(cast(Deps, state.deps), at_once=at_once))
    return cast(Desk, getattr(state, name))


async def take_body(request: Request, *, most: int, what: str, remedy: str) -> bytes | Response:
    """Return the body, or the answer to who sent more than ``most`` bytes or went away."""
    try:
        body = await read_body(request, most)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    if body is None:
        return answer_problem(TOO_LARGE, f"{what} has {most // 1024} KB at most", remedy=remedy)
    return body


def answer_unsigned(error: SignatureError, *, to_check: str) -> Response:
    """Return 401; ``to_check`` says what to look at where it is not only the time that is wrong."""
    remedy = (
        "Sign each attempt anew, with a clock that is right."
        if isinstance(error, StaleSignatureError)
        else to_check
    )
    return answer_problem(
        UNSIGNED, str(error), remedy=remedy, headers={"WWW-Authenticate": "Signature"}
    )
