"""The dependencies of one command, opened late and given back at its end."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from getpass import getuser
from typing import TYPE_CHECKING, Any

from funnel.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from funnel.bootstrap import Deps


@contextmanager
def opened(*, may_be_demo: bool = True) -> Iterator["Deps"]:
    """Yield what the settings of this machine describe.

    Args:
        may_be_demo: Where no database is configured and a demo runs here, take the demo's.

    Raises:
        InvalidInputError: A setting has a value that it cannot have.
    """
    deps = _built()
    if may_be_demo and not deps.settings.database_url:
        from funnel.cli.demo_environment import running_environment

        os.environ.update(running_environment(deps.settings.data_folder))
        deps = _built()
    try:
        yield deps
    finally:
        deps.close()


def _built() -> "Deps":
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from funnel.bootstrap import build

    try:
        return build(role="cli")
    except ValidationError as error:
        raise _as_input_error(error.errors()[0]) from error
    except SettingsError as error:  # a list that is not JSON
        raise InvalidInputError(
            f"{_named_setting(str(error))} is not what it should be",
            remedy='A list is written as JSON, like ["one", "two"]; .env.example shows them.',
        ) from error


def who() -> str:
    """Return the name under which an act at this terminal is written down."""
    try:
        return getuser()
    except (OSError, KeyError):  # a container's account without a name
        return "cli"


def _as_input_error(problem: Mapping[str, Any]) -> InvalidInputError:
    place = problem["loc"][0] if problem["loc"] else ""
    name = f"FUNNEL_{place}".upper()
    return InvalidInputError(
        f"{name} cannot be used: {problem['msg'][:1].lower()}{problem['msg'][1:]}",
        field=name,
        remedy=".env.example says what each setting means.",
    )


def _named_setting(message: str) -> str:
    """Return the setting that pydantic names between quotation marks."""
    found = re.search(r'field "(\w+)"', message)
    return f"FUNNEL_{found.group(1).upper()}" if found else "a setting"
