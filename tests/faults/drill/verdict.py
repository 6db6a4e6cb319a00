"""What became of a load: lost, doubled, unknown; and whether the ledger holds."""

from dataclasses import dataclass, field
from uuid import UUID

from funnel.storage import ledger
from tests.faults.drill.stage import Load, Stage


@dataclass(slots=True, kw_only=True)
class Verdict:
    """One run of a fault.

    Attributes:
        sent: Different emails of it that the sink took.
        lost: Due, not at the sink, and no reason in a row.
        doubled: At the sink more than once.
        unknown: Settled as unknown, whether they arrived or not.
        explained: Not sent, with the reason in the row.
        recovery: Seconds from the fault's end until all was settled.
        broken: What else must not be, in words.
    """

    sent: int = 0
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    explained: int = 0
    recovery: float = 0.0
    broken: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.doubled and not self.broken


def judge(stage: Stage, load: Load, recovery: float) -> Verdict:
    """Compare the rows with what the sink wrote down before it answered."""
    verdict = Verdict(recovery=recovery)
    rows = stage.rows(load)
    verdict.lost = load.number - len({each for each, _, _ in rows if each is not None})
    for message_id, status, reason in rows:
        if message_id is not None:
            _judge_one(verdict, stage.sink.came[message_id], str(status), reason, load, message_id)
    if verdict.unknown > load.most_unknown:
        verdict.broken.append(f"{verdict.unknown} unknown, {load.most_unknown} at most expected")
    doubled = sum(times > 1 for times in stage.sink.came.values())
    if doubled > verdict.doubled:
        verdict.broken.append(f"{doubled} emails came twice over all loads")
    with stage.house.transactions.begin() as tx:
        verdict.broken += [
            f"the ledger: not “{each.name}”: {each.offenders[:3]}"
            for each in ledger.check_ledger(tx)
            if not each.holds
        ]
    return verdict


def _judge_one(
    verdict: Verdict, came: int, status: str, reason: str | None, load: Load, message_id: UUID
) -> None:
    verdict.sent += came > 0
    verdict.doubled += came > 1
    if status == "unknown":
        verdict.unknown += 1
    elif status == "accepted":
        verdict.lost += came == 0
        return
    elif status in load.may_end:
        verdict.explained += 1
        if came:
            verdict.broken.append(f"{message_id} is {status}, and came")
    elif status in ("queued", "sending"):
        verdict.lost += came == 0
    else:
        verdict.broken.append(f"{message_id} ended {status}: {reason}")
    if not reason and status not in ("queued", "sending"):
        verdict.lost += 1
