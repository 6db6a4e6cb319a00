"""One letter as it leaves, to know how long letters are and what the usual way has to send."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from funnel.domain.links import Links
from funnel.domain.signing import LinkTokens
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.renderer import Renderer
from funnel.sending import mime
from funnel.services.build_email import EmailBuilder, build_email
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import outbox, templates
from funnel.storage.merge_data import load_merge_data
from funnel.storage.transaction import Transactions
from tests.bench.house import LETTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Its parts as texts, and the length of the whole in bytes."""

    text: str
    html: str
    size: int


def sample_letter(transactions: Transactions) -> Letter:
    """Build the letter of somebody who is due, and leave no trace of it."""
    with transactions.begin() as tx:
        found = tx.connection.execute(
            text("select id from enrollments where next_due_at <= plan_now() limit 1")
        )
        run_id: UUID = found.scalar_one()
        plan_enrollments(tx, [run_id])
        message = tx.connection.execute(
            text("select id, epoch from messages where enrollment_id = :id and step_key = :key"),
            {"id": run_id, "key": LETTER},
        ).one()
        data = load_merge_data(tx, outbox.Claimed(message.id, message.epoch))
        assert data is not None
        assert data.live_version_id is not None
        compiled = CompiledTemplate.from_json(templates.read_compiled(tx, data.live_version_id))
        tx.undo()
    builder = EmailBuilder(
        links=Links(base_url="https://masterclass.example.com", tokens=LinkTokens([b"x" * 32])),
        renderer=Renderer(),
    )
    email = build_email(data, compiled, (), builder)
    return Letter(text=str(email.text), html=str(email.html), size=len(mime.build(email)))
