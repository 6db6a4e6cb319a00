"""What a letter costs between its claim and its record, by phase, with nobody at the other end.

A script, not a test: ``python -m tests.bench.bench_deliver_path [messages] [messages a task]``. A
durable PostgreSQL of its own, the shipped sequence, one process that delivers the letter
``tables-turned`` to people who are due, and a mailer that accepts each at once: so rendering is
measured and SMTP is not. It prints the processor's microseconds a message of this process and of
its connection's server: the mean over the batches, and what the best tenth of them took ("quiet":
a machine that does other things as well makes the mean too large).
"""

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

from sqlalchemy import text

from funnel.domain.links import Links
from funnel.domain.signing import LinkTokens
from funnel.log import configure_logging
from funnel.rendering.renderer import Renderer
from funnel.sending.mailer import LookUp, MayBegin, Outcome, OutcomeStatus, OutgoingEmail
from funnel.services import deliver_batch as story
from funnel.services import prepare_slice, record_outcomes
from funnel.services.build_email import EmailBuilder
from funnel.services.delivery import Delivery
from funnel.services.dispatch_due import DispatchLimits, dispatch_due
from funnel.storage.transaction import Transactions, open_database
from tests.bench.house import a_house

WARM_UP = 200


class NobodyThere:
    """Takes every email at once, and keeps none."""

    connections = 8
    repeats_safely = timedelta(0)

    def send_all(
        self, emails: Sequence[OutgoingEmail], *, may_begin: MayBegin, **_: object
    ) -> Iterator[Outcome]:
        for email in emails:
            if may_begin(email.message_id):
                yield Outcome(
                    message_id=email.message_id,
                    status=OutcomeStatus.ACCEPTED,
                    elapsed=timedelta(0),
                    code="250",
                )

    def look_up(
        self, message_id: UUID, *, provider_id: str | None, since: datetime
    ) -> LookUp | None:
        return None

    def check(self) -> None:
        """Nobody is always there."""

    def close(self) -> None:
        """Nothing was opened."""


@dataclass(slots=True)
class Phases:
    """Processor time by phase; a phase within another is taken from it.

    Attributes:
        servers: Processes of PostgreSQL that serve our connections.
    """

    servers: Sequence[int]
    ours: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    theirs: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _stack: list[str] = field(default_factory=lambda: ["rest"])
    _ours_at: int = 0
    _theirs_at: int = 0

    def start(self) -> None:
        for each in (self.ours, self.theirs, self.calls):
            each.clear()
        self._theirs_at, self._ours_at = self._server_ns(), time.process_time_ns()

    def switch(self, name: str | None) -> None:
        """Enter a phase, or (``None``) go back to the one before."""
        ours, theirs = time.process_time_ns(), self._server_ns()
        self.ours[self._stack[-1]] += ours - self._ours_at
        self.theirs[self._stack[-1]] += theirs - self._theirs_at
        if name is None:
            self._stack.pop()
        else:
            self._stack.append(name)
            self.calls[name] += 1
        self._theirs_at, self._ours_at = theirs, time.process_time_ns()

    def wrap(self, module: ModuleType, function: str, phase: str) -> None:
        """Count what a function of a module uses as that phase, where there is such a one."""
        original: Callable[..., Any] | None = getattr(module, function, None)
        if original is None:
            return

        def wrapped(*given: Any, **named: Any) -> Any:
            self.switch(phase)
            try:
                return original(*given, **named)
            finally:
                self.switch(None)

        setattr(module, function, wrapped)

    def _server_ns(self) -> int:
        return sum(
            int(Path(f"/proc/{each}/schedstat").read_text().split()[0]) for each in self.servers
        )


# Module and function -> phase: what it calls that is named here is not its own.
WRAPPED = (
    (story, "deliver_batch", "the batch"),
    (prepare_slice, "load_slice", "load"),
    (story, "prepare_slice", "build"),
    (story, "open_slice", "open"),
    (story, "_hand_over", "hand over"),
    (record_outcomes, "_write_down", "record"),
    (story, "_wake", "wake"),
)


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    per_task = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    configure_logging(level="warning", is_json=True, role="bench")
    with a_house() as house:
        house.fill(messages + WARM_UP)
        transactions = open_database(house.url, pool_size=1)
        limits = DispatchLimits(published_per_lane=10**7, messages_per_batch=per_task)
        batches = [each.messages for each in dispatch_due(transactions, limits)]
        house.vacuum()
        phases = Phases(servers=_servers(transactions))
        for module, function, phase in WRAPPED:
            phases.wrap(module, function, phase)
        delivery = _delivery(transactions)
        while sum(map(len, batches)) > messages:
            story.deliver_batch(batches.pop(), delivery)
        _measure(batches, delivery, phases)
        transactions.close()


def _servers(transactions: Transactions) -> list[int]:
    with transactions.begin() as tx:
        return [tx.connection.execute(text("select pg_backend_pid()")).scalar_one()]


def _delivery(transactions: Transactions) -> Delivery:
    return Delivery(
        transactions=transactions,
        mailer=NobodyThere(),
        builder=EmailBuilder(
            links=Links("https://masterclass.example.com", LinkTokens([b"0" * 32])),
            renderer=Renderer(),
        ),
        owner="bench",
        provider="smtp",
        lease=timedelta(seconds=120),
        monotonic=time.monotonic,
    )


def _measure(batches: Sequence[Any], delivery: Delivery, phases: Phases) -> None:
    messages = sum(map(len, batches))
    accepted, ours, theirs = 0, _Costs(), _Costs()
    began = time.monotonic()
    for batch in batches:
        phases.start()
        accepted += story.deliver_batch(batch, delivery)["accepted"]
        phases.switch("end")
        phases.switch(None)
        ours.add(phases.ours, len(batch))
        theirs.add(phases.theirs, len(batch))
    seconds = time.monotonic() - began
    lines = [f"{accepted:,} of {messages:,} accepted in {seconds:.2f} s"]
    lines.append(f"{'µs a message':<14}{'ours':>10}{'quiet':>8}{'PostgreSQL':>14}{'quiet':>8}")
    for name in sorted(ours.all, key=ours.mean, reverse=True):
        lines.append(_line(name, ours.of(name), theirs.of(name)))
    sums = [
        [sum(each.of(name)[at] for name in each.all) for at in (0, 1)] for each in (ours, theirs)
    ]
    lines.append(_line("all", (sums[0][0], sums[0][1]), (sums[1][0], sums[1][1])))
    sys.stdout.write("\n".join(lines) + "\n")


def _line(name: str, ours: tuple[float, float], theirs: tuple[float, float]) -> str:
    return f"{name:<14}{ours[0]:>10.1f}{ours[1]:>8.1f}{theirs[0]:>14.1f}{theirs[1]:>8.1f}"


@dataclass(slots=True)
class _Costs:
    """Microseconds a message, phase by phase and batch by batch."""

    all: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, nanoseconds: Mapping[str, int], messages: int) -> None:
        for name, each in nanoseconds.items():
            self.all[name].append(each / 1000 / messages)

    def mean(self, name: str) -> float:
        return statistics.fmean(self.all[name])

    def of(self, name: str) -> tuple[float, float]:
        """Return the mean, and what a tenth of the batches did not exceed: a machine at rest."""
        each = sorted(self.all[name])
        return (statistics.fmean(each), each[len(each) // 10]) if each else (0.0, 0.0)


if __name__ == "__main__":
    main()
