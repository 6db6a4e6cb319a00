"""Mail servers and providers that refuse, put off, break off and fall silent, at every step."""

import threading
import time
from collections.abc import Sequence
from uuid import UUID

from funnel.sending.postmark import METADATA_KEY
from tests.faults.drill.fault import PEOPLE, Fault
from tests.faults.drill.sink import HALF_AN_ANSWER, RESET, SILENCE, Reaction, Sink, Step
from tests.faults.drill.stage import CHILDREN, CONNECTIONS, Load, Stage
from tests.sending import provider_server as acts
from tests.sending.postmark_server import TOKEN, PostmarkServer
from tests.sending.provider_server import Act

_TIMES = 2
_BEFORE = (Step.CONNECT, Step.EHLO, Step.MAIL, Step.RCPT, Step.DATA)
_LATER = Reaction(say=b"451 4.3.0 not now\r\n")
_NOT_HERE = Reaction(say=b"550 5.1.1 no such user\r\n")
_NOT_THIS = Reaction(say=b"554 5.6.0 not this text\r\n")
_NOT_YOU = Reaction(say=b"554 5.7.1 not from you\r\n")
_BLACK_SECONDS = 12.0


class _Script:
    """Does each act once, at the next time that its step is reached."""

    def __init__(self, planned: Sequence[tuple[Step, Reaction]]) -> None:
        self._planned = list(planned)
        self._lock = threading.Lock()

    def __call__(self, step: Step, _address: str) -> Reaction | None:
        with self._lock:
            for each in self._planned:
                if each[0] is step:
                    self._planned.remove(each)
                    return each[1]
        return None

    @property
    def is_over(self) -> bool:
        return not self._planned


def _play(stage: Stage, planned: Sequence[tuple[Step, Reaction]], late: Load | None = None) -> None:
    """Play a script to its end; meanwhile, what was put off comes back at once.

    Args:
        stage: Whose mail server plays.
        planned: In any order.
        late: Added once the script is in force: who comes for it finds nobody connected yet.
    """
    script = _Script(stage.chance.sample(planned, len(planned)))
    stage.sink.react = script
    if late is not None:
        stage.house.add(late.number, due=late.number, prefix=late.prefix)

    def is_over() -> bool:
        stage.hurry()
        return script.is_over

    stage.until(is_over, "every step was hurt")
    stage.sink.heal()


def fail_before(stage: Stage, load: Load) -> None:
    """Put off, break off and fall silent before a message's end: nothing can have been taken."""
    planned = [
        (step, reaction)
        for step in _BEFORE
        for reaction in (_LATER, RESET, SILENCE)
        for _ in range(_TIMES)
    ]
    _play(stage, planned)


def refuse(stage: Stage, load: Load) -> None:
    """Refuse for good at every step: recipients, texts after their end, and us altogether."""
    load.may_end = {"failed"}
    us = [(step, _NOT_YOU) for step in (*_BEFORE, Step.DOT) for _ in range(_TIMES)]
    stage.restart("deliver")  # who is connected does not come to the first two steps any more
    _play(stage, [(Step.RCPT, _NOT_HERE)] * 8 + [(Step.DOT, _NOT_THIS)] * 8 + us, load)


def fail_after(stage: Stage, load: Load) -> None:
    """Break off and fall silent when a message may be there, taken or not."""
    doubtful = [
        (step, reaction)
        for step, reactions in (
            (Step.CONTENT, (RESET, SILENCE)),
            (Step.DOT, (RESET, SILENCE)),
            (Step.TAKEN, (RESET, SILENCE, HALF_AN_ANSWER)),
        )
        for reaction in reactions
        for _ in range(_TIMES)
    ]
    if load.number < PEOPLE:
        doubtful = doubtful[::_TIMES]  # a short drill: each once
    load.most_unknown = len(doubtful)
    _play(stage, [*doubtful, *[(Step.DOT, _LATER)] * _TIMES])


def cut_bytes(stage: Stage, load: Load) -> None:
    """Break connections after random numbers of bytes, of emails and of answers."""
    trouble = stage.mail.trouble
    trouble.cut_to_server = lambda: stage.chance.choice([None, stage.chance.randint(1, 60_000)])
    trouble.cut_to_client = lambda: stage.chance.choice([None, stage.chance.randint(1, 700)])
    before = stage.mail.resets
    stage.mail.reset_all()

    def is_enough() -> bool:
        stage.hurry()
        return stage.mail.resets - before > 60 or stage.is_settled(load)

    stage.until(is_enough, "connections were cut")
    stage.mail.heal()
    load.most_unknown = stage.mail.resets - before


def swallow(stage: Stage, load: Load) -> None:
    """Swallow all that goes to the server and comes from it for longer than anybody waits."""
    stage.until_arrived(load, 0.2)
    stage.mail.trouble.is_black_hole = True
    time.sleep(_BLACK_SECONDS)
    stage.mail.heal()
    load.most_unknown = CHILDREN * CONNECTIONS


# -- by HTTP ---------------------------------------------------------------------------------


class _WritingPostmark(PostmarkServer):
    """Postmark's side; what it takes is written down by the sink before it answers."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        super().__init__()

    def take(self, handler, body):
        # One at a time: whoever calls this holds a lock.
        answer, message = super().take(handler, body)
        self._sink.take(UUID(self.mails[-1]["Metadata"][METADATA_KEY]))
        return answer, message


_HTTP: Sequence[Act] = (
    acts.says(429, {}, Retry_After="1"),
    acts.says(429, {}),
    acts.says(503, {}),
    acts.fails_after_taking(500),
    acts.fails_after_taking(502, b"<h1>Bad Gateway</h1>"),
    acts.hangs_up,
    acts.hangs_up_after_taking,
    acts.silent_after_taking,
    acts.cuts_its_answer,
    acts.says_half_json,
    acts.says_no_status,
)


def fail_by_http(stage: Stage, load: Load) -> None:
    """Answer a provider's clients with all that goes wrong, before and after taking."""
    server = _WritingPostmark(stage.sink)
    stage.extra_heal.append(lambda: server.__exit__(None, None, None))
    changes = {
        "FUNNEL_MAILER": "postmark",
        "FUNNEL_POSTMARK_TOKEN": TOKEN,
        # Without it, the cautious ten a second of a new account.
        "FUNNEL_PROVIDER_PER_HOUR": "1000000",
        "DRILL_POSTMARK_URL": server.base_url,
    }
    for name in ("rest", "deliver"):
        stage.restart(name, **changes)
    stage.until_ready()
    stage.house.add(load.number, due=load.number, prefix=load.prefix)
    stage.until_arrived(load, 0.1)
    server.script[:] = stage.chance.sample(_HTTP, len(_HTTP))

    def is_over() -> bool:
        stage.hurry()
        return not server.script

    stage.until(is_over, "every answer was given")


FAULTS = (
    Fault(
        name="smtp-before",
        strike=fail_before,
        sentence="451, reset and silence at connect, EHLO, MAIL, RCPT and DATA, each twice",
        source="SMTP deferring, resetting and falling silent at every verb, before accepting",
    ),
    Fault(
        name="smtp-refusing",
        strike=refuse,
        sentence="recipients and texts refused for good, and whoever sends, at each step",
        source="SMTP refusing",
        brings=True,
    ),
    Fault(
        name="smtp-after",
        strike=fail_after,
        sentence="reset and silence in a message, after its dot, after it was taken; half answers",
        source="SMTP resetting and falling silent at every byte phase, before and after accepting",
        is_short=True,
    ),
    Fault(
        name="smtp-cut",
        strike=cut_bytes,
        sentence="connections reset after random numbers of bytes in either direction, 60 times",
        source="SMTP resetting at every byte phase",
        rounds=2,
    ),
    Fault(
        name="smtp-blackholed",
        strike=swallow,
        sentence="what goes to the mail server and comes from it is swallowed for 12 seconds",
        source="SMTP falling silent",
    ),
    Fault(
        name="http-failing",
        strike=fail_by_http,
        sentence="429, 500, time-outs, cut and senseless answers of Postmark, also after taking",
        source="HTTP 429, 500 after accepting, time-out after accepting, truncated answers",
        brings=True,
        people=120,
        asks=True,
    ),
)
