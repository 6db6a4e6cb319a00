"""Whether a text drops a link for which a sequence waits: nobody could click it any more."""

from funnel.domain.condition_text import condition_text
from funnel.domain.link_names import unknown_links
from funnel.domain.sequence import Condition, SequenceDefinition
from funnel.domain.speech import say
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.finding import Finding, Severity
from funnel.storage import drafts, sequences, templates
from funnel.storage.transaction import Transaction, Transactions

DROPPED = "link-dropped"


def dropped_links(
    key: str, compiled: CompiledTemplate, transactions: Transactions
) -> tuple[Finding, ...]:
    """Return a warning for each condition that asks for a link which only the live text has.

    Asked of the sequence of the email, as it is live and as its draft says it.

    Args:
        key: The email.
        compiled: Its text as it would be.
        transactions: Only read.
    """
    slug, _, step_key = key.partition("/")
    new = {link.name for link in compiled.links}
    found: dict[Condition, None] = {}
    with transactions.begin_reading() as tx:
        for definition in _definitions(tx, slug):
            keys = [f"{slug}/{step.key}" for step in definition.steps]
            live = {
                each.partition("/")[2]: names
                for each, names in templates.link_names(tx, keys).items()
            }
            before = unknown_links(definition, live)
            after = unknown_links(definition, {**live, step_key: new})
            found |= dict.fromkeys(each for each in after if each not in before)
    return tuple(_finding(each) for each in found)


def _definitions(tx: Transaction, slug: str) -> tuple[SequenceDefinition, ...]:
    live, draft = sequences.find_sequence(tx, slug), drafts.find_draft(tx, slug)
    found = [sequences.read_definition(tx, live.live_version_id)] if live else []
    return (*found, draft.definition) if draft else tuple(found)


def _finding(condition: Condition) -> Finding:
    return Finding(
        code=DROPPED,
        severity=Severity.WARNING,
        message=say(
            "The sequence asks “{condition}”, and without this link nobody can click it.",
            condition=condition_text(condition),
        ),
        remedy=say("Keep the link under its name, or change the condition in the sequence."),
    )
