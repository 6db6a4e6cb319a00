"""Every error of ours becomes a sentence, its remedy and an exit code; nobody reads a traceback."""

from typing import Any

from typer import Exit
from typer.core import TyperGroup

from funnel.cli.console import complain
from funnel.domain.errors import FunnelError, InvalidInputError, NotFoundError

WRONG_INPUT = 2
FAILED = 1


class SpokenErrors(TyperGroup):
    """A group of commands that says what went wrong."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  (its class is private to typer)
        """Run the command; end with 2 for wrong input, 1 for what failed."""
        try:
            return super().invoke(ctx)
        except (InvalidInputError, NotFoundError) as error:
            complain(str(error), remedy=getattr(error, "remedy", ""))
            raise Exit(WRONG_INPUT) from error
        except FunnelError as error:
            complain(getattr(error, "problem", str(error)), remedy=getattr(error, "remedy", ""))
            raise Exit(FAILED) from error
        except _database_errors() as error:
            complain(
                f"the database did not answer: {_first_line(error)}",
                remedy="Look at FUNNEL_DATABASE_URL, and whether the server runs.",
            )
            raise Exit(FAILED) from error


def _database_errors() -> tuple[type[Exception], ...]:
    # Asked only when something went wrong: SQLAlchemy is not loaded for `--help`.
    from funnel.storage.errors import DATABASE_IS_AWAY

    return DATABASE_IS_AWAY


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().split("\n", 1)[0]
