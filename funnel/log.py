"""Structured logs: an event in past tense, ids and counts; never an address or a body."""

import logging
import sys
from typing import TextIO, cast

import structlog

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class _StandardError:
    """Whatever standard error is at the moment of a line.

    Loggers are kept for the life of the process, and who replaces ``sys.stderr`` for a while
    (a test, a captured command) closes what it put there.
    """

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(*, level: str, is_json: bool, role: str) -> None:
    """Send every log line of this process to standard error, named by its role.

    A command says itself what it did: of what services note, only warnings stand among its words,
    and without colour. Who asks for ``debug`` gets all.
    """
    is_command = role == "cli"
    if is_command and level == "info":
        level = "warning"
    plain = structlog.dev.ConsoleRenderer(colors=not is_command)
    renderer = structlog.processors.JSONRenderer() if is_json else plain
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), stream=sys.stderr, force=True)
