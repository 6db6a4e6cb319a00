"""Whether a process makes progress, as its rows say; asked by container health checks."""

import socket

from funnel.bootstrap import build
from funnel.storage import heartbeats

_SILENT_SECONDS = 60


def makes_progress(role: str, *, on_this_host: bool) -> bool:
    """Say whether somebody of this role was seen within a minute."""
    deps = build(role="check")
    with deps.transactions.begin() as tx:
        alive = heartbeats.alive(tx)
    host = f"{socket.gethostname()}:"
    return any(
        each.role == role
        and each.age.total_seconds() < _SILENT_SECONDS
        and (not on_this_host or each.name.startswith(host))
        for each in alive
    )
