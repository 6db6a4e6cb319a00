"""Why an email was never planned for somebody: how far they came, and which row says so."""

from collections.abc import Sequence

from funnel.domain.explanation import ExplainedDecision
from funnel.domain.speech import say
from funnel.domain.subscriber import Subscriber
from funnel.storage import calendar_rows, explanations, imports, sequences
from funnel.storage.runs import RunRecord
from funnel.storage.transaction import Transaction


def runs_without(
    tx: Transaction, theirs: Sequence[RunRecord], step_key: str
) -> list[ExplainedDecision]:
    """Return which runs of somebody go by a version that lacks an email which is live by now."""
    live = {
        each.id
        for each in sequences.list_sequences(tx)
        if any(
            step.key == step_key
            for step in sequences.read_definition(tx, each.live_version_id).steps
        )
    }
    return [_without(tx, each) for each in theirs if each.sequence_id in live]


def why_never_planned(
    tx: Transaction, person: Subscriber, lacking: Sequence[ExplainedDecision]
) -> str:
    """Return the verdict on an email that was never planned for somebody who has confirmed.

    Args:
        tx: Read only.
        person: Who.
        lacking: As ``runs_without`` gives it.
    """
    if explanations.suppressed_since(tx, person.email_key) is not None:
        return say("It was not sent: the address is on the do-not-email list.")
    if lacking:
        return say("It was not sent: their sequence had no such email when they went through it.")
    lines = imports.lines_of_address(tx, person.email_key)
    if any(each.outcome.is_person for each in lines) and not any(each.sequence for each in lines):
        return say("It was not sent: they came by an import that put nobody into a sequence.")
    return say("It was not sent: they are in no sequence that has it.")


def _without(tx: Transaction, run: RunRecord) -> ExplainedDecision:
    frame = calendar_rows.find_run(tx, run.id)
    return ExplainedDecision(
        about=say("sequence"),
        says=say(
            "They went through “{title}” by a version that does not have this email.",
            title=run.sequence_title,
        ),
        evidence=say("run {id}, version {version}", id=run.id, version=frame.version_id)
        if frame
        else say("run {id}", id=run.id),
    )
