"""What can go wrong with a server or a process that we start ourselves, each with its remedy."""

from funnel.domain.errors import FunnelError


class EmbeddedServerError(FunnelError):
    """A server of ours could not be found, started or kept; the message ends in the remedy."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class MissingBinaryError(EmbeddedServerError):
    """No fitting server program is on this machine, nor in the virtual environment."""


class FolderInUseError(EmbeddedServerError):
    """Another living process holds the folder; stop that one first."""


class StartError(EmbeddedServerError):
    """A program was found and started, but ended or did not become ready in time."""
