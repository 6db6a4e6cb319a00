"""``python -m funnel`` is the command ``funnel``."""

from funnel.cli.main import app

app(prog_name="funnel")
