"""A day's traffic, pressed into minutes: people who sign up, read, click and leave; a colleague.

What readers do they do by the links of the emails that came, over HTTP, as their browsers would.
"""

import json
import queue
import quopri
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import cycle

import requests

from funnel.domain.signing import sign_webhook

ZONES = (
    *("Pacific/Auckland", "Australia/Sydney", "Asia/Tokyo", "Asia/Singapore", "Asia/Bangkok"),
    *("Asia/Dhaka", "Asia/Karachi", "Asia/Dubai", "Europe/Istanbul", "Europe/Athens"),
    *("Europe/Berlin", "Europe/London", "Atlantic/Azores", "Atlantic/South_Georgia"),
    *("America/Sao_Paulo", "America/Santiago", "America/New_York", "America/Chicago"),
    *("America/Denver", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu"),
)
_BROWSER = {"User-Agent": "Mozilla/5.0 (day)", "Accept": "text/html"}
_PATIENCE_SECONDS = 60
_LINK = re.compile(r"https?://[^/\s]+/(c|l|u|p|j|r)/([\w.-]+)")
_ID = re.compile(r"[\w.-]{30,}")
# What a reader of a hundred does with a link of an email: how often, and the method.
_HABITS = {
    "c": ((100, "GET"), (95, "POST")),
    "l": ((30, "GET"),),
    "u": ((1, "GET"), (1, "POST")),
    "p": ((2, "GET"),),
    "j": ((60, "GET"),),
    "r": ((10, "GET"), (5, "POST")),
}
_PAGES = (
    *("/studio", "/studio/people", "/studio/results", "/studio/dates", "/studio/templates"),
    *("/studio/settings", "/studio/audit", "/studio/people?q=zo", "/studio/forms"),
    *("/studio/sequences/disruption-masterclass", "/studio/brands", "/healthz"),
)


class Day:
    """Does to a running installation what a day's people do; ``done`` counts it."""

    def __init__(self, *, url: str, secret: str, source: str, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._url = url
        self._secret = secret
        self._source = source
        self._chance = random.Random(seed)  # noqa: S311  (who does what)
        self._waiting: queue.SimpleQueue[Callable[[requests.Session], None] | None]
        self._waiting = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(3)]
        for each in self._threads:
            each.start()

    def sign_up(self, number: int) -> None:
        """Let the landing page's form tool send so many people."""
        for _ in range(number):
            self.done["signups"] += 1
            person = self.done["signups"]
            self._waiting.put(lambda session, person=person: self._sign_up(session, person))

    def read(self, message: bytes) -> None:
        """Let the reader of an email do with its links what readers do."""
        body = quopri.decodestring(message).decode("utf-8", "replace")
        for kind, token in set(_LINK.findall(body)):
            for share, method in _HABITS[kind]:
                if self._chance.random() * 100 < share:
                    path = f"/{kind}/{token}"
                    self._waiting.put(
                        lambda session, method=method, path=path: self._ask(session, method, path)
                    )

    def look_around(self, email: str, password: str, *, seconds_between: float) -> None:
        """Let a colleague with an account go from page to page until the day is over."""

        def look() -> None:
            with requests.Session() as session:
                login = {"email": email, "password": password}
                self._ask(session, "POST", "/studio/login", data=login)
                for page in cycle(_PAGES):
                    if self._is_over.wait(seconds_between):
                        return
                    self._ask(session, "GET", page)

        self._is_over = threading.Event()
        self._threads.append(threading.Thread(target=look, daemon=True))
        self._threads[-1].start()

    @property
    def left(self) -> int:
        """What is still to be done."""
        return self._waiting.qsize()

    def end(self) -> None:
        """Let nobody begin anything more."""
        self._is_over.set()
        with suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        for _ in self._threads:
            self._waiting.put(None)
        for each in self._threads:
            each.join(_PATIENCE_SECONDS)

    def _work(self) -> None:
        with requests.Session() as session:
            while (act := self._waiting.get()) is not None:
                act(session)

    def _sign_up(self, session: requests.Session, person: int) -> None:
        wish = {
            "email": f"day{person}@example.net",
            "first_name": self._chance.choice(("Ana", "José", "Zoë", "Bo", "Łukasz")),
            "time_zone": self._chance.choice(ZONES),
            "session": "next",
        }
        body = json.dumps(wish).encode()
        signed = sign_webhook(
            body,
            webhook_id=f"day_{person}",
            sent_at=datetime.fromtimestamp(time.time(), UTC),
            secrets=[self._secret],
        )
        headers = {"Content-Type": "application/json", **signed}
        path = f"/webhooks/signup/{self._source}"
        self._ask(session, "POST", path, data=body, headers=headers)

    def _ask(self, session: requests.Session, method: str, path: str, **more: object) -> None:
        more = {"headers": _BROWSER, "timeout": _PATIENCE_SECONDS, **more}
        answer = session.request(method, self._url + path, allow_redirects=False, **more)  # type: ignore[arg-type]  # as it takes them
        self.done["pages"] += 1
        if answer.status_code >= 400:
            self.refused[f"{answer.status_code} {method} {_ID.sub('…', path)}"] += 1
