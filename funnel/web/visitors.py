"""Who is at the other end of a request, as far as it says."""

import ipaddress

from starlette.requests import HTTPConnection

from funnel.domain.signup import USER_AGENT_LIMIT, Visitor
from funnel.domain.text import clean_text
from funnel.web.guards import ASKED_BY


def visitor_of(request: HTTPConnection) -> Visitor:
    """Return the address and the program of whoever asks, and how.

    The server has already put the address in that a trusted proxy forwarded (web/app.py).
    """
    agent = clean_text(request.headers.get("user-agent", ""), limit=USER_AGENT_LIMIT)
    method = request.scope.get(ASKED_BY) or request.scope.get("method")
    return Visitor(ip=_address(request), user_agent=agent or None, method=method)


def _address(request: HTTPConnection) -> str | None:
    if request.client is None:
        return None
    try:
        return str(ipaddress.ip_address(request.client.host))
    except ValueError:
        return None  # a unix socket, or a test client's name
