"""The schema: ``funnel db upgrade``, ``funnel db check``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from funnel.cli.console import complain, say
from funnel.cli.errors import FAILED
from funnel.cli.opening import opened

app = typer.Typer(no_args_is_help=True, help="The database's schema.")


@app.callback()
def _database() -> None:
    """The database's schema."""


@app.command()
def upgrade() -> None:
    """Bring the configured database to the newest schema; safe to run twice and at once."""
    from funnel.storage import migrate

    with opened(may_be_demo=False) as deps:
        url = _configured(deps.settings.database_url)
        if migrate.is_current(url):
            say("The schema is current.")
            return
        migrate.upgrade(url)
    say("The schema is current now.")


@app.command()
def check() -> None:
    """Say whether migrations and code agree; without a configured database, on a new one."""
    from funnel.storage import migrate

    with opened(may_be_demo=False) as deps:
        configured = deps.settings.database_url
    with _database_to_check(configured) as url:
        if not migrate.is_current(url):
            complain("the schema is older than the code", remedy="Run `funnel db upgrade`.")
            raise typer.Exit(FAILED)
        found = migrate.differences(url)
    if found:
        complain("the migrations do not lead to the tables in the code", remedy="\n".join(found))
        raise typer.Exit(FAILED)
    say("The schema is current, and the migrations lead to the tables in the code.")


def _configured(url: str) -> str:
    from funnel.domain.errors import InvalidInputError

    if not url:
        raise InvalidInputError(
            "no database is configured",
            field="FUNNEL_DATABASE_URL",
            remedy="Set FUNNEL_DATABASE_URL; the demo migrates its own by itself.",
        )
    return url


@contextmanager
def _database_to_check(configured: str) -> Iterator[str]:
    if configured:
        yield configured
        return
    from funnel.embedded.postgres import PostgresServer
    from funnel.storage import migrate

    with TemporaryDirectory(prefix="funnel-check-") as folder:
        Path(folder).chmod(0o711)  # root's PostgreSQL runs under an account that has to get in
        with PostgresServer(Path(folder, "postgres"), durable=False) as server:
            url = server.start()
            migrate.upgrade(url)
            yield url
