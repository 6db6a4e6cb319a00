"""``funnel demo --headless``: four people, all weeks, real processes, and a verdict.

Nothing is put into rows by hand: people sign up by signed webhooks over HTTP, press the button of
the mail they got, and the clock skips from timer to timer while scheduler and workers do the rest.
"""

import json
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import requests

from funnel.cli.console import complain, say
from funnel.cli.demo_house import Demo, DemoPlan, free_port, running_demo
from funnel.cli.headless_checks import Sent, Story
from funnel.cli.headless_report import print_report
from funnel.domain.demo import Hold
from funnel.domain.errors import FunnelError
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.session import Session
from funnel.domain.signing import sign_webhook
from funnel.sending.mailbox import KeptMail, Mailbox
from funnel.services.add_source import list_sources
from funnel.services.list_sessions import list_sessions
from funnel.services.read_books import Books, read_books
from funnel.services.record_facts import record_facts
from funnel.services.seed_demo import WEBHOOK_SOURCE
from funnel.services.skip_time import skip_time
from funnel.storage.transaction import Transactions, open_database

_MOST_REAL_TIME: Final = timedelta(minutes=3)
_ONE_EMAIL_WITHIN: Final = 20.0  # seconds of real time; a tick and a delivery take half a second
_LOOK_EVERY: Final = 0.03
_CONFIRM_LINK: Final = re.compile(r"https?://[^\s<>\"]+/c/[A-Za-z0-9_-]{36}")
_MOST_MAILS: Final = 10_000


class HeadlessError(FunnelError):
    """The run could not be carried to its end; the message says where it stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the four. ``word`` is what is said of them after the session, "" for nothing."""

    name: str
    email: str
    zone: str
    word: str
    has_seat: bool = True


PEOPLE: Final = (
    Person(
        name="Aroha, Auckland",
        email="aroha@auckland.example.com",
        zone="Pacific/Auckland",
        word=FactKind.ATTENDED,
    ),
    Person(
        name="Bruno, Berlin",
        email="bruno@berlin.example.com",
        zone="Europe/Berlin",
        word=FactKind.MISSED,
    ),
    Person(
        name="Luz, Los Angeles",
        email="luz@la.example.com",
        zone="America/Los_Angeles",
        word="",
    ),
    Person(
        name="Nia, Nairobi",
        email="nia@nairobi.example.com",
        zone="Africa/Nairobi",
        word="",
        has_seat=False,
    ),
)


def run_headless(definitions_folder: Path) -> int:
    """Run it and return the exit code: 0 only if everything came out as promised."""
    started_at = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="funnel-headless-"))
    folder.chmod(0o711)  # root's PostgreSQL runs under an account that has to get in
    plan = DemoPlan(
        data_folder=folder / "data",
        port=free_port(0, is_asked_for=True),
        definitions_folder=definitions_folder,
        is_durable=False,
    )
    is_right = False
    try:
        with running_demo(plan, _Quiet()) as demo, _opened(demo) as run:
            run.play(until=started_at + _MOST_REAL_TIME.total_seconds())
            is_right = print_report(
                run.stories(), run.books(), run.doubles(), _seconds_since(started_at)
            )
    except KeyboardInterrupt:
        say("Broken off.")
    finally:
        if is_right:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            complain(f"Logs, mails and data are kept in {folder}")
    return 0 if is_right else 1


def _seconds_since(started_at: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - started_at)


class _Quiet:
    def step(self, line: str) -> None:
        say(line, style="dim")

    def aside(self, line: str) -> None:
        say(line, style="dim")


@contextmanager
def _opened(demo: Demo) -> Iterator["_Run"]:
    with (
        closing(open_database(demo.database_url, pool_size=1)) as transactions,
        requests.Session() as http,
    ):
        http.trust_env = False  # a proxy knows nothing of this machine's own addresses
        yield _Run(
            demo=demo,
            transactions=transactions,
            http=http,
            mailbox=Mailbox(demo.mailbox_folder),
            session=_session(transactions),
        )


def _session(transactions: Transactions) -> Session:
    lines = list_sessions(transactions, upcoming_only=True)
    if not lines:
        raise HeadlessError("no session lies ahead")
    return lines[0].session


@dataclass(slots=True)
class _Run:
    demo: Demo
    transactions: Transactions
    http: requests.Session
    mailbox: Mailbox
    session: Session
    registered_at: dict[str, datetime] = field(default_factory=dict)

    def play(self, *, until: float) -> None:
        """Sign everybody up, confirm, and skip through the weeks until nobody is under way."""
        for person in PEOPLE:
            self._sign_up(person)
        for person in PEOPLE:
            self._confirm(person)
        self._skip_through(until, stop_at=self.session.ends_at)
        say("The session is over: one came, one missed it, one says nothing", style="dim")
        self._say_words()
        self._skip_through(until, stop_at=None)

    def books(self) -> Books:
        """Return all rows as they stand."""
        return read_books(self.transactions)

    def stories(self) -> list[tuple[Story, list[Sent]]]:
        """Return each person with the sequence's emails that they got."""
        messages = self.books().messages
        return [
            (
                self._story(person),
                [
                    Sent(
                        id=each.id,
                        key=each.key,
                        due_at=each.due_at,
                        accepted_at=each.accepted_at,
                    )
                    for each in messages
                    if each.email == person.email
                    and each.kind == "sequence"
                    and each.accepted_at is not None
                ],
            )
            for person in PEOPLE
        ]

    def doubles(self) -> list[str]:
        """Compare what reached the mailbox with what the rows say; return what does not fit."""
        kept = self._mails()
        accepted = {each.id for each in self.books().messages if each.accepted_at is not None}
        counted: dict[UUID, int] = {}
        for mail in kept:
            counted[mail.message_id] = counted.get(mail.message_id, 0) + 1
        faults = [
            f"message {each} reached the mailbox {times} times"
            for each, times in counted.items()
            if times > 1
        ]
        faults.extend(
            f"message {each} counts as handed over, but is not in the mailbox"
            for each in accepted - set(counted)
        )
        faults.extend(
            f"message {each} is in the mailbox, but does not count as handed over"
            for each in set(counted) - accepted
        )
        return faults

    def _story(self, person: Person) -> Story:
        session = self.session if person.has_seat else None
        return Story(
            email=person.email,
            name=person.name,
            zone=ZoneInfo(person.zone),
            word=person.word,
            starts_at=session.starts_at if session else None,
            ends_at=session.ends_at if session else None,
            registered_at=self.registered_at[person.email],
        )

    def _sign_up(self, person: Person) -> None:
        first, _, _ = person.name.partition(",")
        body = {
            "email": person.email,
            "first_name": first,
            "time_zone": person.zone,
            "session": str(self.session.id) if person.has_seat else None,
            "letters": True,
        }
        raw = json.dumps({key: value for key, value in body.items() if value is not None}).encode()
        headers = sign_webhook(
            raw,
            webhook_id=f"msg_{uuid4().hex}",
            sent_at=datetime.now(UTC),  # noqa: TID251  (a sender's own clock, as on any other site)
            secrets=self._secrets(),
        )
        answer = self.http.post(
            f"{self.demo.base_url}/webhooks/signup/{WEBHOOK_SOURCE}",
            data=raw,
            headers={**headers, "content-type": "application/json"},
            timeout=10,
        )
        if answer.status_code != 202:
            raise HeadlessError(
                f"the webhook answered {answer.status_code} to {person.name}: {answer.text[:300]}"
            )
        say(f"{person.name} has signed up", style="dim")

    def _secrets(self) -> Sequence[str]:
        for source in list_sources(self.transactions):
            if source.slug == WEBHOOK_SOURCE:
                return source.secrets
        raise HeadlessError(f'there is no source "{WEBHOOK_SOURCE}"')

    def _confirm(self, person: Person) -> None:
        link = self._confirmation_link(person)
        before = self.books()
        shown = self.http.get(link, timeout=10)
        if not shown.ok:
            raise HeadlessError(f"the confirmation page answered {shown.status_code}")
        if self.books().runs_ahead != before.runs_ahead:
            raise HeadlessError("a GET of the confirmation page has confirmed")
        pressed = self.http.post(link, timeout=10)
        if not pressed.ok:
            raise HeadlessError(f"the button answered {pressed.status_code} to {person.name}")
        self.registered_at[person.email] = self.books().now
        say(f"{person.name} has pressed the button", style="dim")

    def _confirmation_link(self, person: Person) -> str:
        deadline = time.monotonic() + _ONE_EMAIL_WITHIN
        while time.monotonic() < deadline:
            for mail in self._mails():
                if mail.to_address == person.email:
                    found = _CONFIRM_LINK.search(self.mailbox.parts(mail.id).text)
                    if found is not None:
                        return found.group()
            _wait()
        raise HeadlessError(f"no confirmation reached {person.name}")

    def _mails(self) -> Sequence[KeptMail]:
        return self.mailbox.list(_MOST_MAILS)

    def _say_words(self) -> None:
        record_facts(
            [
                FactReport(
                    kind=FactKind(person.word),
                    email=person.email,
                    session_id=self.session.id,
                    source="headless demo",
                )
                for person in PEOPLE
                if person.word
            ],
            self.transactions,
        )

    def _skip_through(self, until: float, *, stop_at: datetime | None) -> None:
        while time.monotonic() < until:
            self.demo.supervisor.check()
            skipped = skip_time(self.transactions, not_beyond=stop_at)
            if stop_at is not None and skipped.moved_to is not None and skipped.moved_to >= stop_at:
                return
            if skipped.hold is Hold.NOTHING_AHEAD:
                return
            _wait()
        raise HeadlessError(
            f"it took longer than {_MOST_REAL_TIME}: somebody still waits for an email"
        )


def _wait() -> None:
    threading.Event().wait(_LOOK_EVERY)
