"""How long a page waits, and how long a worker takes, where many people are in a sequence.

A script, not a test: ``python -m tests.bench.bench_publish_checks [people]`` (200,000). The people
and the draft of ``bench_impact``. It prints the server's part of the page of who is affected when
it is first asked for, of the check by a worker, of the page with its answer, of a page of names,
and of the press that publishes.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from funnel.domain.impact import Change
from funnel.domain.links import Links
from funnel.domain.signing import LinkTokens
from funnel.embedded.postgres import PostgresServer
from funnel.rendering.confinement import Confinement
from funnel.rendering.renderer import Renderer
from funnel.services.build_email import EmailBuilder
from funnel.services.continue_checks import continue_checks
from funnel.services.preview_template import Previewing
from funnel.services.publish_draft import PublishOrder, publish_draft
from funnel.services.read_affected import Proposal, find_wait, list_affected, read_affected
from funnel.storage.migrate import upgrade
from funnel.storage.transaction import Transactions, open_database
from tests.bench.bench_impact import POLICY, SLUG, fill, timed
from tests.fixtures.world import World


def main() -> None:
    """Measure on as many people as the command line says."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    folder = Path(tempfile.mkdtemp(prefix="funnel-bench-"))
    folder.chmod(0o711)  # root's PostgreSQL runs under an account of its own
    try:
        with PostgresServer(folder / "postgres", durable=True) as server:
            url = server.start()
            upgrade(url)
            transactions = open_database(url, pool_size=2)
            fill(World(url=url, transactions=transactions), people)
            _measure(transactions)
            transactions.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(transactions: Transactions) -> None:
    links = Links("https://funnel.example.org", LinkTokens([b"0" * 32]))
    builder = EmailBuilder(links=links, renderer=Renderer())
    confinement = Confinement()
    previewing = Previewing(transactions=transactions, builder=builder, confinement=confinement)
    proposal = Proposal(slug=SLUG, policy=POLICY)

    def page() -> object:
        return read_affected(proposal, builder, transactions, by="bench")

    timed("the page, asked for first", page)
    timed("the check by a worker", lambda: continue_checks(previewing))
    timed("the page with its answer", page)
    for change in (Change.WILL_GET, Change.REMOVED):
        timed(
            f"a page of names ({change})",
            lambda change=change: list_affected(proposal, "check-in", change, transactions),
        )
    timed("whether to wait", lambda: find_wait(proposal, transactions, by="bench"))
    order = PublishOrder(policy=POLICY, by="bench")
    timed("the press", lambda: publish_draft(SLUG, order, builder, transactions))
    confinement.close()


if __name__ == "__main__":
    main()
