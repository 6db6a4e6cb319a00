"""A scripted SMTP server and a mailer for it."""

import pytest

from funnel.sending.smtp import SmtpMailer, SmtpSecurity, SmtpSettings
from tests.sending.scripted_server import ScriptedServer

# Enough for a busy machine; tests of silence name less.
PATIENCE = 30.0


@pytest.fixture
def start():
    """Return a function that starts a server and a mailer for it; both end with the test."""
    opened = []

    def start(
        script=None,
        *,
        patience=PATIENCE,
        answer_patience=PATIENCE,
        host="127.0.0.1",
        named="",
        **changes,
    ):
        server = ScriptedServer(script, host=host)
        values = {
            "host": named or server.host,
            "port": server.port,
            "security": SmtpSecurity.NONE,
            "timeout_seconds": patience,
            "answer_seconds": answer_patience,
            "connections": 1,
        }
        mailer = SmtpMailer(SmtpSettings(**(values | changes)))
        opened.append((server, mailer))
        return server, mailer

    yield start
    for server, mailer in opened:
        for each in mailer._connections:
            each.close()  # without QUIT, which a silent server would make us wait for
        with server:
            pass
