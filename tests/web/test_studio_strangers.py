"""Whoever is nobody here sends us nothing: they are told so before a byte of it is read."""

import asyncio
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import Message, Scope

from funnel.domain.access import Role
from funnel.web.app import create_app
from funnel.web.auth import NeedsForm
from funnel.web.forms import posted_form
from tests.web.colleagues import hire
from tests.web.served import Served

MEGABYTE = 1024 * 1024


class Sender:
    """Somebody who sends 20 MB, in pieces, for as long as anybody reads."""

    def __init__(self, served: Served) -> None:
        self._app = create_app(served.deps)
        self._host = served.url.removeprefix("http://").encode()
        self.read = 0
        self.status = 0

    def post(self, path: str, cookie: str = "") -> int:
        """Post it; return the status of the answer."""
        headers = [
            (b"host", self._host),
            (b"accept", b"text/html"),
            (b"content-length", str(20 * MEGABYTE).encode()),
            (b"content-type", b"multipart/form-data; boundary=x"),
            *([(b"cookie", cookie.encode())] if cookie else []),
        ]
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 80),
        }
        asyncio.run(self._app(scope, self._receive, self._send))
        return self.status

    async def _receive(self) -> Message:
        self.read += 1
        return {"type": "http.request", "body": b"x" * MEGABYTE, "more_body": self.read < 20}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


@pytest.mark.parametrize("path", ["/studio/images", "/studio/brand-logo", "/studio/people/import"])
def test_a_stranger_is_answered_before_anything_is_read(served: Served, path: str) -> None:
    sender = Sender(served)
    assert sender.post(path) == 303
    assert sender.read == 0


def test_who_may_not_is_answered_before_anything_is_read(served: Served) -> None:
    cookie = f"funnel={hire(served, Role.VIEWER).cookie}"
    sender = Sender(served)
    assert sender.post("/studio/people/import", cookie) == 403
    assert sender.read == 0


def _posts(served: Served) -> Iterator[tuple[str, list[object]]]:
    for context in iter_route_contexts(create_app(served.deps).routes):
        route = context.original_route
        if (context.path or "").startswith("/studio") and isinstance(route, APIRoute):
            yield context.path or "", [each.call for each in route.dependant.dependencies]


def test_each_route_asks_who_it_is_before_it_reads_a_form(served: Served) -> None:
    asked = 0
    for path, calls in _posts(served):
        gate = [place for place, each in enumerate(calls) if isinstance(each, NeedsForm)]
        if gate and posted_form in calls:
            asked += 1
            assert gate[0] < calls.index(posted_form), f"{path}: name who may first, then Posted"
    assert asked > 20
