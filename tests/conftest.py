"""What every test may ask for."""

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.world",
    "tests.fixtures.processes",
    "tests.fixtures.signups",
    "tests.fixtures.webhook",
    "tests.fixtures.posting",
    "tests.fixtures.facts",
    "tests.fixtures.staff",
]
