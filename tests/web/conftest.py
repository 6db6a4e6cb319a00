"""The service that the pages' tests ask."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.fixtures.kept_databases import KeptDatabases
from tests.fixtures.servers import Databases
from tests.web.served import Served, loaded, serving


@pytest.fixture(scope="session")
def loaded_database(postgres_server: Databases) -> Iterator[str]:
    """A database with the default sequence in it, to make others from."""
    with loaded(postgres_server) as name:
        yield name


@pytest.fixture(scope="session")
def served(
    postgres_server: Databases, loaded_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The demo, shared by all tests of this process: nobody moves its clock."""
    folder = tmp_path_factory.mktemp("served")
    with (
        postgres_server.temporary(template=loaded_database) as url,
        serving(url, folder) as site,
    ):
        yield site


@pytest.fixture
def own_served(
    kept_databases: KeptDatabases, loaded_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The demo for one test alone, which may move its clock or change what others need."""
    folder = tmp_path_factory.mktemp("served")
    with (
        kept_databases.lent(loaded_database) as url,
        serving(url, folder) as site,
    ):
        yield site


@pytest.fixture
def address() -> str:
    """An address that no other test uses."""
    return f"{uuid4().hex[:12]}@example.org"
