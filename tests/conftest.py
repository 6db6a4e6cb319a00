"""What every test may ask for, and which of them begin."""

import pytest

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.world",
    "tests.fixtures.processes",
    "tests.fixtures.signups",
    "tests.fixtures.webhook",
    "tests.fixtures.posting",
    "tests.fixtures.facts",
    "tests.fixtures.staff",
    "tests.fixtures.budgeted",
]


@pytest.hookimpl(trylast=True)  # after those that shuffle
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first: begun last, it would leave the other processes idle at the end."""
    items.sort(key=lambda item: not _takes_long(item))


def _takes_long(item: pytest.Item) -> bool:
    is_slow = any(item.get_closest_marker(name) for name in ("browser", "faults"))
    return is_slow or "flows" in item.path.parts
